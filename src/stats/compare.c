/* SPDX-License-Identifier: BSD-2-Clause */
/* compare: two sets of round-trip times -> test, shifts with intervals, decision. See compare.h. */
#include "stats/compare.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "stats/pairs.h"
#include "stats/quantity.h"

static const struct {
	double q;
	const char *name;
} quantiles[] = {{0.5, "p50"}, {0.9, "p90"}, {0.95, "p95"}, {0.99, "p99"}};
static_assert(sizeof(quantiles) / sizeof(quantiles[0]) == COMPARE_QUANTILES, "as in the struct");

static double percent_of(int64_t part_ns, int64_t whole_ns)
{
	return whole_ns > 0 ? (double)part_ns * 100 / (double)whole_ns : (double)NAN;
}

static void find_interval(struct samples *samples, const struct comparison *comparison, double q,
			  int64_t *low_ns, int64_t *high_ns)
{
	uint64_t low, high;

	samples_quantile_ranks(samples_count(samples), q, 1 - 2 * comparison->alpha, &low, &high);
	*low_ns = low > 0 ? samples_order(samples, low) : -1;
	*high_ns = high > 0 ? samples_order(samples, high) : -1;
}

/* Square-and-add; rounded away from the estimate. */
static int64_t join(int64_t a, int64_t b)
{
	return (int64_t)ceil(hypot((double)a, (double)b));
}

static void compare_quantile(struct samples *baseline, struct samples *current,
			     const struct comparison *comparison, struct compare_quantile *to)
{
	struct compare_shift *shift = &to->shift;

	to->baseline_ns = samples_quantile(baseline, to->q);
	to->current_ns = samples_quantile(current, to->q);
	find_interval(baseline, comparison, to->q, &to->baseline_low_ns, &to->baseline_high_ns);
	find_interval(current, comparison, to->q, &to->current_low_ns, &to->current_high_ns);

	shift->ns = to->current_ns - to->baseline_ns;
	shift->percent = percent_of(shift->ns, to->baseline_ns);
	shift->low_known = to->current_low_ns >= 0 && to->baseline_high_ns >= 0;
	if (shift->low_known)
		shift->low_ns = shift->ns - join(to->current_ns - to->current_low_ns,
						 to->baseline_high_ns - to->baseline_ns);
	shift->high_known = to->current_high_ns >= 0 && to->baseline_low_ns >= 0;
	if (shift->high_known)
		shift->high_ns = shift->ns + join(to->current_high_ns - to->current_ns,
						  to->baseline_ns - to->baseline_low_ns);
}

static void compare_pairs(const struct pairs *pairs, struct comparison *result)
{
	struct compare_shift *shift = &result->shift;
	double all = pairs_count(pairs);
	double rank = pairs_interval_rank(pairs, result->alpha);
	struct pairs_test test;

	pairs_test(pairs, &test);
	result->u = test.u;
	result->slower_probability = test.u / all;
	result->exact = test.exact;
	result->p_slower = test.p_slower;
	result->p_faster = test.p_faster;
	result->p = test.p;
	shift->ns = pairs_difference(pairs, ceil(all / 2));
	shift->percent = percent_of(shift->ns, result->baseline_median_ns);
	shift->low_known = shift->high_known = rank >= 1;
	if (rank >= 1) {
		shift->low_ns = pairs_difference(pairs, rank);
		shift->high_ns = pairs_difference(pairs, all + 1 - rank);
	}
}

int compare_samples(struct samples *baseline, struct samples *current, double alpha,
		    struct comparison *result, struct err *err)
{
	struct pairs pairs;
	int status = 0;

	assert(alpha > 0 && alpha < 0.5);
	*result = (struct comparison){.alpha = alpha,
				      .baseline_count = samples_count(baseline),
				      .current_count = samples_count(current),
				      .baseline_median_ns = samples_quantile(baseline, 0.5),
				      .current_median_ns = samples_quantile(current, 0.5)};
	if (result->baseline_count == 0)
		return err_set(err, ERR_CANNOT,
			       "nothing to compare: no round-trip time in the baseline");
	if (result->current_count == 0)
		return err_set(err, ERR_CANNOT,
			       "nothing to compare: no round-trip time in this run");
	if (pairs_init(&pairs, baseline, current) == 0)
		compare_pairs(&pairs, result);
	else
		status = err_set(err, ERR_INTERNAL, "no memory to compare with the baseline");
	pairs_free(&pairs);
	for (size_t i = 0; status == 0 && i < COMPARE_QUANTILES; i++) {
		result->quantiles[i].q = quantiles[i].q;
		result->quantiles[i].name = quantiles[i].name;
		compare_quantile(baseline, current, result, &result->quantiles[i]);
	}
	return status;
}

int compare_parse_limit(const char *text, struct compare_limit *limit, struct err *err)
{
	enum quantity_unit unit;
	double value;

	if (quantity_parse(text, &value, &unit) != 0 ||
	    (unit == QUANTITY_COUNT && value > 0)) /* 0 needs no unit */
		return err_set(err, ERR_USAGE,
			       "'%s' is no limit of a regression: write 10%% or 1ms", text);
	if (unit == QUANTITY_TIME && value > (double)SAMPLES_MAX_NS)
		return err_set(err, ERR_USAGE, "'%s' is longer than 39 hours", text);
	*limit = (struct compare_limit){.relative = unit == QUANTITY_PERCENT};
	if (limit->relative)
		limit->percent = value;
	else
		limit->ns = (int64_t)value;
	return 0;
}

int64_t compare_limit_ns(const struct compare_limit *limit, const struct comparison *comparison)
{
	double ns;

	if (!limit->relative)
		return limit->ns;
	ns = (double)comparison->baseline_median_ns * limit->percent / 100;
	return ns < (double)INT64_MAX ? (int64_t)ns : INT64_MAX;
}

static const char *const decisions[] = {
    [COMPARE_WITHIN] = "within",
    [COMPARE_REGRESSED] = "regressed",
    [COMPARE_TOO_FEW] = "too-few",
};
static_assert(sizeof(decisions) / sizeof(decisions[0]) == COMPARE_DECISIONS, "a name for each");

const char *compare_decision_name(enum compare_decision decision)
{
	assert(decision < COMPARE_DECISIONS);
	return decisions[decision];
}

/* Whether the median of current exceeds that of baseline by more than the limit, for sure. */
static bool median_exceeds(const struct compare_quantile *median, const struct compare_limit *limit)
{
	double factor = limit->relative ? 1 + limit->percent / 100 : 1;
	double allowed = (double)median->baseline_ns * factor + (double)limit->ns;
	double down = (double)(median->current_ns - median->current_low_ns);
	double up = (double)(median->baseline_high_ns - median->baseline_ns) * factor;

	return (double)median->current_ns - allowed > hypot(down, up);
}

enum compare_decision compare_regressed(const struct comparison *comparison,
					const struct compare_limit *limit)
{
	const struct compare_quantile *median = &comparison->quantiles[0];

	if (!comparison->shift.low_known || !median->shift.low_known)
		return COMPARE_TOO_FEW;
	if (comparison->shift.low_ns > compare_limit_ns(limit, comparison) &&
	    median_exceeds(median, limit))
		return COMPARE_REGRESSED;
	return COMPARE_WITHIN;
}
