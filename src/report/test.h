/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of `shakedown test`: results of scenarios -> text, NDJSON, TAP, JUnit XML. Each format is
 * a row of a table of functions, and computes nothing: what it needs is in the records.
 *
 * Of each target: `target`, then a `result` for each scenario, each counted by test_end_add(), then
 * `end`. For formats that are `by_target` test_report_target() makes these calls.
 */
#ifndef SHAKEDOWN_REPORT_TEST_H
#define SHAKEDOWN_REPORT_TEST_H

#include "report/report.h"
#include "script/result.h"

/* Against the file of --expect. */
enum accepted {
	ACCEPTED_NOT_ASKED, /* there is no such file, or it has nothing to say to this */
	ACCEPTED_AS_LISTED, /* the file says that this judgement is known here */
	ACCEPTED_CHANGED,   /* it says otherwise */
};

/* What a CI is to make of a result: TAP and JUnit say the same, each in its own words. */
enum test_outcome {
	OUTCOME_OK,       /* as it should be, or a deviation that breaks nothing */
	OUTCOME_ACCEPTED, /* FAIL or ERROR, as listed: TAP's TODO; JUnit: skipped */
	OUTCOME_SKIPPED,  /* SKIP and INCONCLUSIVE: breaks nothing, but is not said to be ok */
	OUTCOME_FAILED,   /* FAIL, or changed, be it for the better */
	OUTCOME_ERROR,    /* ERROR */
	OUTCOME_COUNT
};

/* A target, while its results come. */
struct test_target {
	const char *name; /* as the user wrote it */
	struct endpoint remote;
	const char *service; /* "http"; NULL: not known yet */
	uint32_t number;     /* 0, 1, ... */
	unsigned scenarios;  /* that will be reported */
	/* What will come of it: test_report_target() sets it, since JUnit's counts come first. */
	const struct test_end *end;
};

struct test_record {
	const struct test_target *target;
	const struct result *result;
	enum accepted accepted;
	const char *listed; /* what the file says: "FAIL"; NULL: nothing */
	bool as_asked;      /* test_as_asked() */
	/* test_report_target() sets these: */
	const struct test_record *previous; /* reported before it, of the same target; or NULL */
	uint64_t number;                    /* 1, 2, ... over all targets */
};

/* A target whose scenarios are all done. */
struct test_end {
	const struct test_target *target;
	const char *error;        /* it could not be tested at all; or NULL */
	const char *close_report; /* one paragraph; NULL: none */
	const struct finding *findings;
	unsigned finding_count;
	/* test_end_add() counts: */
	unsigned counts[JUDGE_COUNT];
	unsigned outcomes[OUTCOME_COUNT];
	unsigned changed; /* against --expect */
	/* for by_target formats: results and untestable targets that were reported before; each
	 * result takes a number, and so does a target that could not be tested */
	uint64_t reported;
	unsigned connections, left_open;
	bool lossy; /* the path lost or doubled segments */
	int64_t elapsed_ns;
};

struct test_run_info {
	const char *version;
	uint64_t targets;
	unsigned scenarios; /* of each target */
	const char *profile;
	int64_t started_ns; /* CLOCK_REALTIME */
};

/* A format that numbers tests ends with number `results + untestable`. */
struct test_summary {
	uint64_t targets, untestable, results, not_as_asked, changed;
	uint64_t counts[JUDGE_COUNT];
	uint64_t connections, left_open, frames, refused, damaged, unmatched;
	uint64_t dropped_ring, dropped_interface;
	int64_t elapsed_ns;
	bool interrupted;
};

enum test_ladders { LADDERS_NOT_PASSED, LADDERS_ALL, LADDERS_NONE };

struct test_style {
	const struct report_style *style;
	enum test_ladders ladders;
	bool several; /* targets: each needs a heading */
};

/* Records of several targets come interleaved, except where `by_target`: then all of a target's
 * come together, sorted as the catalogue is, between `target` and `end`. Functions may be NULL. */
struct test_format {
	const char *name;
	bool by_target;
	void (*run)(const struct test_style *style, const struct test_run_info *info);
	void (*target)(const struct test_style *style, const struct test_target *target);
	void (*result)(const struct test_style *style, const struct test_record *record);
	void (*end)(const struct test_style *style, const struct test_end *end);
	void (*summary)(const struct test_style *style, const struct test_summary *summary);
};

/* "text", "ndjson", "tap", "junit"; or NULL. */
const struct test_format *test_format_find(const char *name);

/* Neither FAIL nor ERROR nor changed; or accepted as listed. */
bool test_as_asked(enum judgement judgement, enum accepted accepted);

enum test_outcome test_outcome(const struct test_record *record);

/* Counts a record of this target. */
void test_end_add(struct test_end *end, const struct test_record *record);

/* Reports a target whose results, `count` and sorted, are all there and counted. */
void test_report_target(const struct test_format *format, const struct test_style *style,
			struct test_record *records, unsigned count, const struct test_end *end);

/* The summary for people, on stderr. */
void test_text_summary(FILE *out, const struct test_summary *summary);

/* --- test_text.c --- */
void test_text_target(const struct test_style *style, const struct test_target *target);
void test_text_result(const struct test_style *style, const struct test_record *record);
void test_text_end(const struct test_style *style, const struct test_end *end);

/* --- test_ladders.c --- */
/* Does `style` want the connections of this record drawn? */
bool test_ladders_wanted(const struct test_style *style, const struct test_record *record);
/* The ladders of its connections, as people see them. */
void test_ladders_print(const struct report_style *style, const struct result *result);
/* The same without colours, in ASCII; NULL: none are wanted. To be freed. */
char *test_ladders_text(const struct test_style *style, const struct test_record *record);

/* --- test_ndjson.c --- */
void test_ndjson_run(const struct test_style *style, const struct test_run_info *info);
void test_ndjson_result(const struct test_style *style, const struct test_record *record);
void test_ndjson_end(const struct test_style *style, const struct test_end *end);
void test_ndjson_summary(const struct test_style *style, const struct test_summary *summary);

/* --- test_tap.c --- */
void test_tap_run(const struct test_style *style, const struct test_run_info *info);
void test_tap_result(const struct test_style *style, const struct test_record *record);
void test_tap_end(const struct test_style *style, const struct test_end *end);
void test_tap_summary(const struct test_style *style, const struct test_summary *summary);

/* --- test_junit.c --- */
void test_junit_run(const struct test_style *style, const struct test_run_info *info);
void test_junit_target(const struct test_style *style, const struct test_target *target);
void test_junit_result(const struct test_style *style, const struct test_record *record);
void test_junit_end(const struct test_style *style, const struct test_end *end);
void test_junit_summary(const struct test_style *style, const struct test_summary *summary);

#endif
