/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare: two sets of round-trip times -> is the second one slower, by how much, how sure.
 *
 * Nothing here assumes a shape of the distributions, as round-trip times are skewed and have
 * outliers: no means, no t test. Both sets count as independent draws; a path whose state
 * lasts longer than a run (a busy hour, a different route) is beyond any test of two runs.
 *
 * `alpha` is the chance of a false alarm that one accepts, on one side. Intervals have the level
 * 1 - 2 * alpha, so that each of their ends, alone, is wrong with alpha.
 */
#ifndef SHAKEDOWN_STATS_COMPARE_H
#define SHAKEDOWN_STATS_COMPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "stats/samples.h"

#define COMPARE_ALPHA     0.025 /* gives intervals of 95 % */
#define COMPARE_QUANTILES 4     /* p50 p90 p95 p99 */

/* A difference current - baseline, positive if slower. */
struct compare_shift {
	int64_t ns;
	double percent;  /* of the baseline's quantile (its median, for `shift`); NaN if 0 */
	bool low_known;  /* false: too few values to bound it below */
	bool high_known; /* likewise */
	int64_t low_ns, high_ns; /* the interval */
};

struct compare_quantile {
	double q;         /* 0.5, 0.9, ... */
	const char *name; /* "p50", ... */
	int64_t baseline_ns, current_ns;
	/* The order-statistic interval of each (samples.h); -1: too few values for that end. */
	int64_t baseline_low_ns, baseline_high_ns, current_low_ns, current_high_ns;
	/*
	 * The interval joins the two order-statistic intervals of the quantile, which hold for any
	 * distribution (samples.h), by the square-and-add rule (Zou and Donner 2008): with b in
	 * [b1, b2] and c in [c1, c2], from c - b - hypot(c - c1, b2 - b) to c - b +
	 * hypot(c2 - c, b - b1). In place of a bootstrap since it needs no random numbers, takes
	 * no time, knows when there are too few values to say anything (a bootstrap of p99 of 50
	 * values says something, wrongly), and works on histograms.
	 */
	struct compare_shift shift;
};

struct comparison {
	double alpha;
	uint64_t baseline_count, current_count;
	int64_t baseline_median_ns, current_median_ns;

	/* Mann-Whitney: U is the number of pairs in which current is slower than baseline, a tie
	 * being half a pair. p values from the exact distribution if no two values are equal and
	 * there are at most 400 pairs, else from the normal approximation with
	 * corrections for ties and continuity. */
	double u;
	double slower_probability; /* U / pairs: chance that a value of current is the slower one */
	double p_slower;           /* of such a U or a greater one if both are alike */
	double p_faster;           /* of such a U or a smaller one */
	double p;                  /* two-sided */
	bool exact;

	/* Hodges-Lehmann: the median of all differences current - baseline, and the interval that
	 * goes with the Mann-Whitney test. The lower median, of all pairs, exact: found by
	 * bisection of the value over counts of pairs, O((n + m) log(max)), without sampling (of
	 * histograms, within twice the bound of samples.h). */
	struct compare_shift shift;

	struct compare_quantile quantiles[COMPARE_QUANTILES];
};

/* Fills `result`; 0 < alpha < 0.5. Returns -1 with `err` if one of the sets is empty, or if
 * memory runs out. Sorts both sets, which is all that it changes in them. */
int compare_samples(struct samples *baseline, struct samples *current, double alpha,
		    struct comparison *result, struct err *err);

/* --max-regression: how much slower the median may be. */
struct compare_limit {
	bool relative;
	double percent; /* of the baseline's median */
	int64_t ns;
};

/* "10%", "1ms", "0" -> limit. Returns -1 with `err`. */
int compare_parse_limit(const char *text, struct compare_limit *limit, struct err *err);
/* The limit in nanoseconds, for this baseline. */
int64_t compare_limit_ns(const struct compare_limit *limit, const struct comparison *comparison);

enum compare_decision {
	COMPARE_WITHIN,    /* no proof of more than the limit */
	COMPARE_REGRESSED, /* slower by more than the limit, see below */
	COMPARE_TOO_FEW,   /* no interval exists: no result can be significant. Not "within". */
	COMPARE_DECISIONS
};
const char *compare_decision_name(enum compare_decision decision);

/* Regressed means that two intervals both lie above the limit with all they have: that of the
 * Hodges-Lehmann shift, and that of the median of current less the median of baseline and the
 * limit. The first is the sharper one and belongs to the rank test; the second holds even if the
 * runs differ in spread rather than in place, where the rank test alone would cry wolf, and has
 * the baseline's uncertainty in a relative limit too. The chance of a false alarm is alpha at
 * most. */
enum compare_decision compare_regressed(const struct comparison *comparison,
					const struct compare_limit *limit);

#endif
