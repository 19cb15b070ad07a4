/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scenarios: the table of formats, what of a result counts, and the order of calls. */
#include "report/test.h"

#include <string.h>

static const struct test_format formats[] = {
    {.name = "text",
     .by_target = true,
     .target = test_text_target,
     .result = test_text_result,
     .end = test_text_end},
    {.name = "ndjson",
     .run = test_ndjson_run,
     .result = test_ndjson_result,
     .end = test_ndjson_end,
     .summary = test_ndjson_summary},
    {.name = "tap",
     .by_target = true,
     .run = test_tap_run,
     .result = test_tap_result,
     .end = test_tap_end,
     .summary = test_tap_summary},
    {.name = "junit",
     .by_target = true,
     .run = test_junit_run,
     .target = test_junit_target,
     .result = test_junit_result,
     .end = test_junit_end,
     .summary = test_junit_summary},
};

const struct test_format *test_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

bool test_as_asked(enum judgement judgement, enum accepted accepted)
{
	if (accepted != ACCEPTED_NOT_ASKED)
		return accepted == ACCEPTED_AS_LISTED;
	return judgement != JUDGE_FAIL && judgement != JUDGE_ERROR;
}

enum test_outcome test_outcome(const struct test_record *record)
{
	enum judgement judgement = record->result->judgement;

	if (!record->as_asked)
		return judgement == JUDGE_ERROR ? OUTCOME_ERROR : OUTCOME_FAILED;
	if (judgement == JUDGE_FAIL || judgement == JUDGE_ERROR)
		return OUTCOME_ACCEPTED;
	if (judgement == JUDGE_SKIP || judgement == JUDGE_INCONCLUSIVE)
		return OUTCOME_SKIPPED;
	return OUTCOME_OK;
}

void test_end_add(struct test_end *end, const struct test_record *record)
{
	end->counts[record->result->judgement]++;
	end->outcomes[test_outcome(record)]++;
	if (record->accepted == ACCEPTED_CHANGED)
		end->changed++;
}

void test_report_target(const struct test_format *format, const struct test_style *style,
			struct test_record *records, unsigned count, const struct test_end *end)
{
	struct test_target target = *end->target;

	target.end = end;
	target.scenarios = count;
	if (format->target)
		format->target(style, &target);
	for (unsigned i = 0; i < count; i++) {
		records[i].previous = i > 0 ? &records[i - 1] : NULL;
		records[i].number = end->reported + i + 1;
		if (format->result)
			format->result(style, &records[i]);
	}
	if (format->end)
		format->end(style, end);
}
