/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of a trace, for people: a line per hop, a line more for each further router that
 * answered at it, and a last one that says how the way ends.
 */
#include <string.h>

#include "report/rtt.h"
#include "report/trace.h"

#define ADDR_COLUMN    5
#define ADDR_WIDTH_MIN 14
#define ADDR_WIDTH_MAX 25
#define CELL_WIDTH     10 /* "99.999 ms" and a blank */
#define NO_PROBE       UINT32_MAX

/* A line of cells that goes on under the first of them where the terminal ends. */
struct line {
	FILE *out;
	int width, indent; /* columns; where the cells begin */
	int at, next;      /* columns: of what is written; of the next cell */
};

static void put_cell(struct line *line, const char *text)
{
	int len = (int)strlen(text);

	if (len > 0 && line->next > line->indent && line->next + len > line->width) {
		putc('\n', line->out);
		line->at = 0;
		line->next = line->indent;
	}
	if (len > 0) {
		fprintf(line->out, "%*s%s", line->next - line->at, "", text);
		line->at = line->next + len;
	}
	line->next += CELL_WIDTH;
	if (line->next < line->at + 2)
		line->next = line->at + 2;
}

/* Begins a line: the TTL, or 0 for none, and the address. */
static void put_head(struct line *line, unsigned ttl, const char *addr)
{
	if (ttl > 0)
		line->at = fprintf(line->out, "%3u", ttl);
	line->at += fprintf(line->out, "%*s%s", ADDR_COLUMN - line->at, "", addr);
	line->next = line->indent;
	if (line->at + 2 <= line->indent)
		return;
	putc('\n', line->out);
	line->at = 0;
}

static bool has_answer(const struct trace_probe *probe)
{
	return probe->known && probe->measurement.answer != RTT_ANSWER_NONE;
}

static bool same_answer(const struct trace_probe *a, const struct trace_probe *b)
{
	const struct rtt_measurement *one = &a->measurement, *other = &b->measurement;

	return has_answer(a) && has_answer(b) && one->answer == other->answer &&
	       addr_equal(&one->from, &other->from) && one->icmp_type == other->icmp_type &&
	       one->icmp_code == other->icmp_code;
}

/* The first probe from `seq` on that was answered as none before it; NO_PROBE if there is none. */
static unsigned next_kind(const struct trace *trace, unsigned ttl, unsigned seq)
{
	for (; seq < trace->count; seq++) {
		const struct trace_probe *probe = trace_probe_at(trace, ttl, seq);
		unsigned before = 0;

		while (before < seq && !same_answer(probe, trace_probe_at(trace, ttl, before)))
			before++;
		if (before == seq && has_answer(probe))
			return seq;
	}
	return NO_PROBE;
}

/* What the answer is, where it is more than that the TTL was used up. */
static const char *remark(const struct rtt_measurement *measurement, char text[TOKEN_TEXT_MAX])
{
	const uint8_t exceeded = measurement->from.version == IP_V4 ? 11 : 3;

	if (measurement->answer == RTT_ANSWER_SYNACK)
		return "open";
	if (measurement->answer == RTT_ANSWER_RST)
		return "closed";
	if (measurement->icmp_type == exceeded && measurement->icmp_code == 0)
		return "";
	return rtt_answer_text(measurement, text);
}

static void put_time(struct line *line, int64_t rtt_ns)
{
	char text[32];

	if (rtt_ns >= 0)
		snprintf(text, sizeof(text), "%.3f ms", (double)rtt_ns / 1e6);
	put_cell(line, rtt_ns >= 0 ? text : "?");
}

/* The probes of that TTL that were answered like number `kind`, or not at all. */
static void put_times(struct line *line, const struct trace *trace, unsigned ttl, unsigned kind)
{
	bool first = kind == NO_PROBE || next_kind(trace, ttl, 0) == kind;

	for (unsigned seq = 0; seq < trace->count; seq++) {
		const struct trace_probe *probe = trace_probe_at(trace, ttl, seq);

		if (kind != NO_PROBE && same_answer(probe, trace_probe_at(trace, ttl, kind)))
			put_time(line, probe->measurement.rtt_ns);
		else if (first && probe->known && !has_answer(probe))
			put_cell(line, probe->capture_dropped ? "?" : "*");
		else
			put_cell(line, "");
	}
}

static void put_hop(struct line *line, const struct trace *trace, unsigned ttl)
{
	unsigned kind = next_kind(trace, ttl, 0);
	char text[ADDR_TEXT_MAX];

	if (kind == NO_PROBE) {
		line->at = 0;
		put_head(line, ttl, "*");
		put_times(line, trace, ttl, kind);
		putc('\n', line->out);
	}
	for (unsigned label = ttl; kind != NO_PROBE; label = 0) {
		const struct rtt_measurement *measurement =
		    &trace_probe_at(trace, ttl, kind)->measurement;

		line->at = 0;
		put_head(line, label, addr_text(&measurement->from, text));
		put_times(line, trace, ttl, kind);
		put_cell(line, remark(measurement, text));
		putc('\n', line->out);
		kind = next_kind(trace, ttl, kind + 1);
	}
}

/* The last TTL that anything answered; 0: none. */
static unsigned last_answered(const struct trace *trace, unsigned last)
{
	while (last > 0 && next_kind(trace, last, 0) == NO_PROBE)
		last--;
	return last;
}

static int addr_width(const struct trace *trace, unsigned last)
{
	char text[ADDR_TEXT_MAX];
	int width = ADDR_WIDTH_MIN;

	for (unsigned i = 0; i < last * trace->count; i++) {
		const struct trace_probe *probe = &trace->probes[i];
		int len = 0;

		if (has_answer(probe))
			len = (int)strlen(addr_text(&probe->measurement.from, text));
		if (len > width)
			width = len;
	}
	return width < ADDR_WIDTH_MAX ? width : ADDR_WIDTH_MAX;
}

/* Of silent hops at the end, one stands for all. */
void trace_text_hops(const struct report_style *style, const struct trace *trace)
{
	unsigned last = trace_last_ttl(trace), answered = last_answered(trace, last);
	struct line line = {.out = style->out, .width = style->width};

	line.indent = ADDR_COLUMN + addr_width(trace, last) + 2;
	for (unsigned ttl = 1; ttl <= last && ttl <= answered + 1; ttl++)
		put_hop(&line, trace, ttl);
}

void trace_text_begin(const struct report_style *style, const struct run_info *info,
		      const struct trace *trace)
{
	char remote[ENDPOINT_TEXT_MAX];

	(void)info;
	endpoint_text(&trace->remote, remote);
	fprintf(style->out, "trace to %s", trace->target);
	if (strcmp(trace->target, remote) != 0)
		fprintf(style->out, " (%s)", remote);
	fprintf(style->out, ", SYNs with TTL 1 to %u\n", trace->max_hops);
}

/* The probe whose answer is the end; one whose connection did not end well, if there is one. */
static const struct trace_probe *end_probe(const struct trace *trace)
{
	const struct trace_probe *end = trace_probe_at(trace, trace->end_ttl, trace->end_seq);

	for (unsigned seq = 0; seq < trace->count; seq++) {
		const struct trace_probe *probe = trace_probe_at(trace, trace->end_ttl, seq);

		if (same_answer(probe, end) &&
		    (!token_info(probe->close)->graceful || probe->left_open))
			return probe;
	}
	return end;
}

static void put_reached(const struct report_style *style, const struct trace *trace)
{
	const struct trace_probe *probe = end_probe(trace);
	const struct token_info *close = token_info(probe->close);

	fprintf(style->out, "%s: reached at hop %u: ", trace->target, trace->end_ttl);
	if (probe->measurement.answer == RTT_ANSWER_RST)
		fputs("closed (RST)\n", style->out);
	else if (close->graceful)
		fputs("open (SYN-ACK), closed gracefully\n", style->out);
	else
		fprintf(style->out, "open (SYN-ACK), close: %s%s\n",
			close->name[0] ? close->name : "unknown",
			probe->left_open ? ", left open" : "");
}

static void put_refused(const struct report_style *style, const struct trace *trace)
{
	const struct rtt_measurement *measurement = &end_probe(trace)->measurement;
	char token[TOKEN_TEXT_MAX], from[ADDR_TEXT_MAX];

	fprintf(style->out, "%s: not reached: the way ends at hop %u: %s from %s\n", trace->target,
		trace->end_ttl, rtt_answer_text(measurement, token),
		addr_text(&measurement->from, from));
}

static void put_unknown(const struct report_style *style, const struct trace *trace)
{
	unsigned last = trace_last_ttl(trace), answered = last_answered(trace, last);

	fprintf(style->out, "%s: not reached", trace->target);
	if (answered < last)
		fprintf(style->out, ": no answer from hop %u to %u", answered + 1, last);
	else if (last == trace->max_hops)
		fprintf(style->out, " within %u hops", last);
	putc('\n', style->out);
}

static void put_errors(const struct report_style *style, const struct trace *trace)
{
	unsigned probes = trace_last_ttl(trace) * trace->count;

	for (unsigned i = 0; i < probes; i++)
		if (trace->probes[i].error)
			fprintf(style->out, "hop %u, probe %u: %s\n", i / trace->count + 1,
				i % trace->count + 1, trace->probes[i].error);
}

void trace_text_end(const struct report_style *style, const struct trace *trace)
{
	static void (*const ends[])(const struct report_style *, const struct trace *) = {
	    [TRACE_UNKNOWN] = put_unknown,
	    [TRACE_REFUSED] = put_refused,
	    [TRACE_REACHED] = put_reached,
	};

	if (!style->quiet)
		trace_text_hops(style, trace);
	put_errors(style, trace);
	ends[trace->end](style, trace);
}
