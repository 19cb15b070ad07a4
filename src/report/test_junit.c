/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of scenarios, for CI: JUnit XML as Jenkins and GitLab read it. A <testsuite> for each
 * target, a <testcase> for each scenario.
 *
 *   <failure>  FAIL, or changed against --expect, be it for the better
 *   <error>    ERROR; a target that could not be tested; an interrupted run
 *   <skipped>  SKIP, INCONCLUSIVE, and FAIL or ERROR as the file of --expect lists it
 *
 * The class is the scenario's family. With several targets the target's name comes before it, since
 * GitLab takes two cases of the same class and name, in whatever suites, for one.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"
#include "report/test.h"

static void put_attribute(FILE *out, const char *name, const char *value)
{
	fprintf(out, " %s=\"", name);
	escape_put(out, ESCAPE_ATTRIBUTE, value);
	putc('"', out);
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

void test_junit_run(const struct test_style *style, const struct test_run_info *info)
{
	FILE *out = style->style->out;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
	fprintf(out, " name=\"shakedown %s, profile %s\">\n", info->version, info->profile);
}

static void put_property(FILE *out, const char *name, const char *value)
{
	fputs("      <property", out);
	put_attribute(out, "name", name);
	put_attribute(out, "value", value);
	fputs("/>\n", out);
}

void test_junit_target(const struct test_style *style, const struct test_target *target)
{
	const struct test_end *end = target->end;
	FILE *out = style->style->out;
	unsigned error = end->error != NULL;

	fputs("  <testsuite", out);
	put_attribute(out, "name", target->name);
	fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%.3f\">\n",
		target->scenarios + error, end->outcomes[OUTCOME_FAILED],
		end->outcomes[OUTCOME_ERROR] + error,
		end->outcomes[OUTCOME_SKIPPED] + end->outcomes[OUTCOME_ACCEPTED],
		seconds(end->elapsed_ns));
	if (!target->service && end->finding_count == 0)
		return;
	fputs("    <properties>\n", out);
	if (target->service)
		put_property(out, "service", target->service);
	for (unsigned i = 0; i < end->finding_count; i++)
		if (!target->service || strcmp(end->findings[i].key, "service") != 0)
			put_property(out, end->findings[i].key, end->findings[i].value);
	fputs("    </properties>\n", out);
}

static void begin_case(const struct test_style *style, const struct test_target *target,
		       const char *class)
{
	FILE *out = style->style->out;

	fputs("    <testcase classname=\"", out);
	if (style->several) {
		escape_put(out, ESCAPE_ATTRIBUTE, target->name);
		putc('.', out);
	}
	escape_put(out, ESCAPE_ATTRIBUTE, class);
	putc('"', out);
}

static void put_line(FILE *out, const char *what, const char *text)
{
	if (!text || !text[0])
		return;
	fputs(what, out);
	escape_put(out, ESCAPE_XML, text);
	putc('\n', out);
}

/* What a reader of the report needs to see why, the connections included. */
static void put_evidence(const struct test_style *style, const struct test_record *record)
{
	const struct result *result = record->result;
	FILE *out = style->style->out;
	char *ladders = test_ladders_text(style, record);

	put_line(out, "seen: ", result->seen);
	put_line(out, "doubt: ", result->doubt);
	put_line(out, "sent: ", result->scenario->sends);
	put_line(out, "rule: ", result->scenario->rfc);
	put_line(out, "level: ", result->scenario->level);
	if (result->attempts > 0)
		fprintf(out, "runs: %u of %u\n", result->agreeing, result->attempts);
	if (ladders) {
		putc('\n', out);
		escape_put(out, ESCAPE_XML, ladders);
	}
	free(ladders);
}

/* <failure>, <error> or <skipped>, with what it is and why in its message. */
static void put_outcome(const struct test_style *style, const struct test_record *record)
{
	static const char *const elements[] = {
	    [OUTCOME_ACCEPTED] = "skipped",
	    [OUTCOME_SKIPPED] = "skipped",
	    [OUTCOME_FAILED] = "failure",
	    [OUTCOME_ERROR] = "error",
	};
	enum test_outcome outcome = test_outcome(record);
	const char *name = judgement_info(record->result->judgement)->name;
	FILE *out = style->style->out;

	fprintf(out, "      <%s", elements[outcome]);
	if (outcome != OUTCOME_SKIPPED && outcome != OUTCOME_ACCEPTED)
		put_attribute(out, "type", name);
	fputs(" message=\"", out);
	if (outcome == OUTCOME_ACCEPTED)
		fputs("as listed: ", out);
	if (record->accepted == ACCEPTED_CHANGED)
		fprintf(out, "changed from %s: ", record->listed ? record->listed : "PASS");
	fprintf(out, "%s: ", name);
	escape_put(out, ESCAPE_ATTRIBUTE, record->result->seen);
	if (outcome == OUTCOME_SKIPPED || outcome == OUTCOME_ACCEPTED) {
		fputs("\"/>\n", out);
		return;
	}
	fputs("\">", out);
	put_evidence(style, record);
	fprintf(out, "</%s>\n", elements[outcome]);
}

void test_junit_result(const struct test_style *style, const struct test_record *record)
{
	const struct result *result = record->result;
	FILE *out = style->style->out;

	begin_case(style, record->target, result->scenario->family);
	fputs(" name=\"", out);
	escape_put(out, ESCAPE_ATTRIBUTE, result->scenario->id);
	putc(' ', out);
	escape_put(out, ESCAPE_ATTRIBUTE, result->scenario->title);
	fprintf(out, "\" time=\"%.3f\">\n", seconds(result->elapsed_ns));
	if (test_outcome(record) != OUTCOME_OK)
		put_outcome(style, record);
	fprintf(out, "      <system-out>%s\n", judgement_info(result->judgement)->name);
	if (test_outcome(record) == OUTCOME_FAILED || test_outcome(record) == OUTCOME_ERROR)
		put_line(out, "seen: ", result->seen);
	else
		put_evidence(style, record);
	fputs("</system-out>\n    </testcase>\n", out);
}

void test_junit_end(const struct test_style *style, const struct test_end *end)
{
	FILE *out = style->style->out;

	if (end->error) {
		begin_case(style, end->target, "target");
		fputs(" name=\"can be tested\">\n      <error type=\"ERROR\"", out);
		put_attribute(out, "message", end->error);
		fputs("/>\n    </testcase>\n", out);
	}
	if (end->close_report) {
		fputs("    <system-out>", out);
		escape_put(out, ESCAPE_XML, end->close_report);
		fputs("</system-out>\n", out);
	}
	fputs("  </testsuite>\n", out);
	fflush(out);
}

void test_junit_summary(const struct test_style *style, const struct test_summary *summary)
{
	FILE *out = style->style->out;

	if (summary->interrupted)
		fputs("  <testsuite name=\"shakedown\" tests=\"1\" failures=\"0\" errors=\"1\" "
		      "skipped=\"0\" time=\"0.000\">\n"
		      "    <testcase classname=\"run\" name=\"is carried out\" time=\"0.000\">\n"
		      "      <error type=\"ERROR\" message=\"interrupted\"/>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n",
		      out);
	fputs("</testsuites>\n", out);
}
