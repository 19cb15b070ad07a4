/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect: "p95<=20ms,loss<1%,late==0" -> clauses; clauses and a run's figures -> which hold.
 *
 * clause: MEASURE OPERATOR NUMBER[UNIT], blanks anywhere between; commas (or newlines) between
 * clauses. Operators: < <= > >= ==. What the measures are, and what unit each takes, is the table
 * in expect.c, which expect_measures() lists.
 */
#ifndef SHAKEDOWN_STATS_EXPECT_H
#define SHAKEDOWN_STATS_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/samples.h"

#define EXPECT_CLAUSES 32
#define EXPECT_TEXT    160

enum expect_relation { EXPECT_LT, EXPECT_LE, EXPECT_GT, EXPECT_GE, EXPECT_EQ, EXPECT_RELATIONS };

struct expect_measure; /* a row of the table */

struct expect_clause {
	const struct expect_measure *measure;
	double q; /* of pNN: 0.95 */
	enum expect_relation relation;
	double limit;  /* nanoseconds, per cent, or a count */
	char text[48]; /* as written, without blanks */
};

struct expect {
	size_t count;
	struct expect_clause clauses[EXPECT_CLAUSES];
};

/* What clauses are held against. */
struct expect_figures {
	struct samples *rtt;
	uint64_t sent, answered, lost, retransmitted, duplicates, late;
};

struct expect_outcome {
	bool holds;
	bool known;             /* false: nothing to measure (no answer); then it does not hold */
	double value;           /* nanoseconds, per cent, or a count; NaN if unknown */
	char text[EXPECT_TEXT]; /* "p95<=20ms: 23.412 ms", "p95<=20ms: no round-trip time" */
};

/* Returns -1 with `err`: "'p200<1ms': no such measure: ...". */
int expect_parse(const char *text, struct expect *expect, struct err *err);

/* Holds one clause against the figures. */
void expect_check(const struct expect_clause *clause, const struct expect_figures *figures,
		  struct expect_outcome *outcome);

/* How many clauses do not hold. */
size_t expect_failures(const struct expect *expect, const struct expect_figures *figures);

/* "min avg max mdev jitter median pNN loss sent ...", for messages and help. */
const char *expect_measures(char text[EXPECT_TEXT]);
/* "<=" */
const char *expect_relation_name(enum expect_relation relation);

#endif
