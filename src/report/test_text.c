/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scenarios, for people: a line for each, ladders of what did not pass, a paragraph on
 * how the target closes; and the summary. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/test.h"

#define JUDGEMENT_COL 12 /* "INCONCLUSIVE" */
#define ID_COL        4
#define LABEL_MAX     384

#define GOOD  "32"
#define BAD   "1;31"
#define HEAD  "1"
#define FAINT "2"

static const char *const colours[] = {
    [JUDGE_PASS] = GOOD, [JUDGE_PASS_MAY] = GOOD,     [JUDGE_WARN] = "33",
    [JUDGE_FAIL] = BAD,  [JUDGE_HARDENED] = "36",     [JUDGE_APP] = "36",
    [JUDGE_PATH] = "35", [JUDGE_INCONCLUSIVE] = "33", [JUDGE_SKIP] = FAINT,
    [JUDGE_ERROR] = BAD,
};

/* Families of the catalogue, two of which are in two files each; a script of the user's own goes by
 * its name. */
static const struct {
	const char *family, *heading;
} headings[] = {
    {"handshake", "Handshake"},
    {"synack", "Handshake"},
    {"negotiation", "Negotiation"},
    {"syn", "Negotiation"},
    {"close", "Close, client first"},
    {"server_close", "Close, server first"},
    {"unacknowledged", "Close, FINs that nobody acknowledges"},
    {"validation", "RST, SYN and ACK validation"},
    {"flags", "Flags to an open and a closed port"},
    {"data", "Data path"},
    {"middlebox", "Middleboxes"},
};

/* Text that grows; what goes beyond is cut. */
struct line {
	char text[512];
	size_t len;
};

static void add(struct line *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *to, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(to->text + to->len, sizeof(to->text) - to->len, format, ap);
	va_end(ap);
	if (n > 0)
		to->len += (size_t)n;
	if (to->len >= sizeof(to->text))
		to->len = sizeof(to->text) - 1;
}

/* "84 results: 70 PASS, 12 PASS-MAY, 2 FAIL" */
static void add_counts(struct line *to, const char *what, const uint64_t counts[JUDGE_COUNT])
{
	uint64_t sum = 0;
	bool any = false;

	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		sum += counts[i];
	add(to, "%" PRIu64 " %s%s", sum, what, sum == 1 ? "" : "s");
	for (unsigned i = 0; i < JUDGE_COUNT; i++) {
		if (counts[i] == 0)
			continue;
		add(to, "%s %" PRIu64 " %s", any ? "," : ":", counts[i],
		    judgement_info((enum judgement)i)->name);
		any = true;
	}
}

static const char *heading_of(const char *family)
{
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++)
		if (strcmp(headings[i].family, family) == 0)
			return headings[i].heading;
	return family;
}

static void print_heading(const struct report_style *style, const char *text)
{
	char on[16];

	fprintf(style->out, "%s%s%s\n", style_on(style, HEAD, on), text, style_off(style));
}

/* Which target a line is about, where there are several. */
static const char *about(const struct test_style *style, const struct test_target *target)
{
	return style->several ? target->name : "";
}

static int about_col(const char *name)
{
	return name[0] ? (int)strlen(name) + 1 : 0;
}

/* Wraps `text`, of whatever octets, behind `what`. */
static void wrap_escaped(const struct report_style *style, int indent, const char *label,
			 const char *what, const char *text)
{
	char *escaped = NULL;
	size_t len;
	FILE *out = open_memstream(&escaped, &len);

	if (!out)
		return;
	fputs(what, out);
	escape_put(out, style->unicode ? ESCAPE_LINE : ESCAPE_ASCII, text);
	if (fclose(out) == 0)
		style_wrap(style, indent, label, escaped);
	free(escaped);
}

/* "example.org:80 is 192.0.2.1, http" */
void test_text_target(const struct test_style *test_style, const struct test_target *target)
{
	const struct report_style *style = test_style->style;
	char addr[ADDR_TEXT_MAX], on[16];

	if (style->quiet || (target->end && target->end->error))
		return;
	fprintf(style->out, "%s%s%s", style_on(style, HEAD, on), target->name, style_off(style));
	if (target->remote.addr.version != IP_NONE &&
	    !strstr(target->name, addr_text(&target->remote.addr, addr)))
		fprintf(style->out, " is %s", addr);
	fprintf(style->out, "%s%s\n", target->service ? ", " : "",
		target->service ? target->service : "");
}

/* What was seen, in how many of how many runs, by which rule. */
static char *seen_text(const struct report_style *style, const struct test_record *record)
{
	const struct result *result = record->result;
	const char *rfc = result->scenario->rfc;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	escape_put(out, style->unicode ? ESCAPE_LINE : ESCAPE_ASCII, result->seen);
	if (result->attempts > 1)
		fprintf(out, "; in %u of %u runs", result->agreeing, result->attempts);
	if (record->accepted == ACCEPTED_AS_LISTED)
		fputs("; as listed", out);
	if (rfc && rfc[0])
		fprintf(out, " (%s)", rfc);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int print_line(const struct test_style *test_style, const struct test_record *record)
{
	const struct report_style *style = test_style->style;
	const struct result *result = record->result;
	const char *name = about(test_style, record->target), *id = result->scenario->id;
	int id_col = strlen(id) > ID_COL ? (int)strlen(id) : ID_COL;
	int indent = about_col(name) + JUDGEMENT_COL + id_col + 2;
	char *text = seen_text(style, record), label[LABEL_MAX], on[16];

	snprintf(label, sizeof(label), "%s%s%s%-*s%s %-*s ", name, name[0] ? " " : "",
		 style_on(style, record->as_asked ? colours[result->judgement] : BAD, on),
		 JUDGEMENT_COL, judgement_info(result->judgement)->name, style_off(style), id_col,
		 id);
	style_wrap(style, indent, label, text && text[0] ? text : "-");
	free(text);
	return indent;
}

static void print_notes(const struct report_style *style, const struct test_record *record,
			int indent)
{
	const struct result *result = record->result;
	char on[16];

	if (result->doubt)
		wrap_escaped(style, indent, "", "doubt: ", result->doubt);
	if (record->accepted == ACCEPTED_CHANGED && record->listed)
		wrap_escaped(style, indent, "", "changed: expected was ", record->listed);
	else if (record->accepted == ACCEPTED_CHANGED)
		wrap_escaped(style, indent, "", "changed: ", "nothing but a pass was expected");
	if (!style->verbose)
		return;
	fputs(style_on(style, FAINT, on), style->out);
	wrap_escaped(style, indent, "", "what: ", result->scenario->title);
	wrap_escaped(style, indent, "", "sent: ", result->scenario->sends);
	fputs(style_off(style), style->out);
}

/* With --quiet only what did not pass; what could not be run did neither. */
static bool is_shown(const struct report_style *style, const struct test_record *record)
{
	enum judgement judgement = record->result->judgement;

	return !style->quiet || !record->as_asked ||
	       (!judgement_info(judgement)->good && judgement != JUDGE_SKIP);
}

/* A heading, where a family begins. Below a ladder there is an empty line already. */
static void print_family(const struct test_style *style, const struct test_record *record)
{
	const struct test_record *previous = record->previous;
	const char *heading = heading_of(record->result->scenario->family);

	if (previous && strcmp(heading_of(previous->result->scenario->family), heading) == 0)
		return;
	if (!previous || !test_ladders_wanted(style, previous))
		putc('\n', style->style->out);
	print_heading(style->style, heading);
}

void test_text_result(const struct test_style *test_style, const struct test_record *record)
{
	const struct report_style *style = test_style->style;
	int indent;

	if (!is_shown(style, record))
		return;
	if (!style->quiet)
		print_family(test_style, record);
	indent = print_line(test_style, record);
	print_notes(style, record, indent);
	if (!test_ladders_wanted(test_style, record))
		return;
	putc('\n', style->out);
	test_ladders_print(style, record->result);
	putc('\n', style->out);
}

static void print_counts(const struct test_style *style, const struct test_end *end)
{
	struct line line = {.len = 0};
	uint64_t counts[JUDGE_COUNT];
	const char *name;

	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		counts[i] = end->counts[i];
	add_counts(&line, "scenario", counts);
	if (end->changed > 0)
		add(&line, "; %u changed", end->changed);
	if (end->lossy)
		add(&line, "; the path loses or doubles segments");
	if (end->left_open > 0)
		add(&line, "; %u connection%s left open", end->left_open,
		    end->left_open == 1 ? "" : "s");
	add(&line, "; %u connection%s in %.3f s", end->connections,
	    end->connections == 1 ? "" : "s", (double)end->elapsed_ns / 1e9);
	name = about(style, end->target);
	style_wrap(style->style, about_col(name), name, line.text);
}

void test_text_end(const struct test_style *test_style, const struct test_end *end)
{
	const struct report_style *style = test_style->style;
	const char *name = about(test_style, end->target);
	char on[16];

	if (end->error) {
		fprintf(style->out, "%s %s%s%s\n", end->target->name, style_on(style, BAD, on),
			end->error, style_off(style));
		return;
	}
	if (style->quiet)
		return;
	if (end->close_report) {
		putc('\n', style->out);
		print_heading(style, "How it closes");
		wrap_escaped(style, about_col(name), name, "", end->close_report);
	}
	putc('\n', style->out);
	print_counts(test_style, end);
	if (test_style->several)
		putc('\n', style->out);
}

void test_text_summary(FILE *out, const struct test_summary *summary)
{
	struct line line = {.len = 0};

	add(&line, "%" PRIu64 " target%s, ", summary->targets, summary->targets == 1 ? "" : "s");
	add_counts(&line, "result", summary->counts);
	if (summary->untestable > 0)
		add(&line, "; %" PRIu64 " could not be tested", summary->untestable);
	if (summary->changed > 0)
		add(&line, "; %" PRIu64 " changed", summary->changed);
	add(&line, "; %" PRIu64 " not as asked, in %.3f s", summary->not_as_asked,
	    (double)summary->elapsed_ns / 1e9);
	fprintf(out, "%s\n", line.text);
	fprintf(out,
		"connections: %" PRIu64 ", left open: %" PRIu64
		", frames dropped by the capture: %" PRIu64 "\n",
		summary->connections, summary->left_open,
		summary->dropped_ring + summary->dropped_interface);
	if (summary->interrupted)
		fputs("interrupted: what was not finished by then is missing\n", out);
}
