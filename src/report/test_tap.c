/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of scenarios, for CI: the Test Anything Protocol, version 14. One test point for each
 * scenario, numbered over all targets; the plan comes last. The stream calls itself version 13, by
 * whose rules it may be read as well: harnesses in wide use (Perl's before 3.45) refuse 14.
 *
 *   not ok         FAIL, ERROR, or changed against --expect, be it for the better
 *   not ok # TODO  FAIL or ERROR as the file of --expect lists it: breaks nothing
 *   ok # SKIP      SKIP, and INCONCLUSIVE: nothing is known of the server. That must not break a
 *                  CI, nor may it count as passed; harnesses count and show what is skipped
 *   ok             all else, WARN included: it is in the description, and in the YAML block that
 *                  follows whatever is not PASS
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/test.h"

void test_tap_run(const struct test_style *style, const struct test_run_info *info)
{
	FILE *out = style->style->out;

	fputs("TAP version 13\n", out);
	fprintf(out, "# shakedown %s, profile %s, %" PRIu64 " target%s\n", info->version,
		info->profile, info->targets, info->targets == 1 ? "" : "s");
}

static void put_quoted(FILE *out, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(out, "  %s: \"", key);
	escape_put(out, ESCAPE_QUOTED, text);
	fputs("\"\n", out);
}

/* A string for each line. */
static void put_ladders(FILE *out, char *text)
{
	char *rest = text;

	if (!text)
		return;
	fputs("  ladder:\n", out);
	for (char *line = strsep(&rest, "\n"); line && rest; line = strsep(&rest, "\n")) {
		fputs("    - \"", out);
		escape_put(out, ESCAPE_QUOTED, line);
		fputs("\"\n", out);
	}
}

static void put_yaml(const struct test_style *style, const struct test_record *record)
{
	const struct result *result = record->result;
	FILE *out = style->style->out;
	char *ladders = test_ladders_text(style, record);

	fputs("  ---\n", out);
	put_quoted(out, "judgement", judgement_info(result->judgement)->name);
	if (record->accepted != ACCEPTED_NOT_ASKED)
		put_quoted(out, "expected", record->listed ? record->listed : "PASS");
	put_quoted(out, "seen", result->seen);
	put_quoted(out, "doubt", result->doubt);
	put_quoted(out, "rfc", result->scenario->rfc);
	put_quoted(out, "level", result->scenario->level);
	put_quoted(out, "sends", result->scenario->sends);
	fprintf(out, "  attempts: %u\n  agreeing: %u\n", result->attempts, result->agreeing);
	put_ladders(out, ladders);
	fputs("  ...\n", out);
	free(ladders);
}

/* What comes after the description; what is no directive is for people alone. */
static void put_directive(FILE *out, const struct test_record *record, enum test_outcome outcome)
{
	enum judgement judgement = record->result->judgement;

	fputs(" # ", out);
	if (outcome == OUTCOME_SKIPPED)
		fputs("SKIP ", out);
	if (outcome == OUTCOME_ACCEPTED)
		fputs("TODO as listed: ", out);
	if (record->accepted == ACCEPTED_CHANGED)
		fprintf(out, "changed from %s: ", record->listed ? record->listed : "PASS");
	if (judgement != JUDGE_SKIP)
		fprintf(out, "%s ", judgement_info(judgement)->name);
}

void test_tap_result(const struct test_style *style, const struct test_record *record)
{
	const struct result *result = record->result;
	enum test_outcome outcome = test_outcome(record);
	FILE *out = style->style->out;

	fprintf(out, "%sok %" PRIu64 " - ",
		outcome == OUTCOME_OK || outcome == OUTCOME_SKIPPED ? "" : "not ", record->number);
	escape_put(out, ESCAPE_TAP, record->target->name);
	putc(' ', out);
	escape_put(out, ESCAPE_TAP, result->scenario->id);
	putc(' ', out);
	escape_put(out, ESCAPE_TAP, result->scenario->title);
	put_directive(out, record, outcome);
	escape_put(out, ESCAPE_TAP, result->seen);
	putc('\n', out);
	if (result->judgement != JUDGE_PASS || record->accepted == ACCEPTED_CHANGED)
		put_yaml(style, record);
}

void test_tap_end(const struct test_style *style, const struct test_end *end)
{
	FILE *out = style->style->out;

	if (end->error) {
		fprintf(out, "not ok %" PRIu64 " - ", end->reported + 1);
		escape_put(out, ESCAPE_TAP, end->target->name);
		fputs(" can be tested # ERROR ", out);
		escape_put(out, ESCAPE_TAP, end->error);
		putc('\n', out);
	} else if (end->close_report) {
		fputs("# ", out);
		escape_put(out, ESCAPE_LINE, end->target->name);
		fputs(": ", out);
		escape_put(out, ESCAPE_LINE, end->close_report);
		putc('\n', out);
	}
}

void test_tap_summary(const struct test_style *style, const struct test_summary *summary)
{
	FILE *out = style->style->out;
	uint64_t count = summary->results + summary->untestable;

	if (summary->interrupted)
		fputs("Bail out! interrupted\n", out);
	else
		fprintf(out, "1..%" PRIu64 "%s\n", count,
			count == 0 ? " # SKIP nothing to test" : "");
}
