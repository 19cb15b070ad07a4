/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a comparison errs, by simulation with skewed values: without it --max-regression could
 * fail builds for nothing, or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/compare.h"
#include "stats_random.h"

#define ALPHA  0.025
#define ROUNDS 2000
/* The share of 2000 rounds that chance alone adds to ALPHA: three spreads of 0.0035. */
#define SLACK 0.0105

/* One side of an experiment: lognormal. */
struct side {
	size_t n;
	double median_ns, sigma;
};

struct rates {
	double regressed, significant, shift_covered, median_covered, p90_covered;
};

static void draw(struct samples *samples, struct random *random, const struct side *side)
{
	samples_init(samples, 0);
	for (size_t i = 0; i < side->n; i++)
		assert_int_equal(
		    samples_add(samples, random_rtt(random, side->median_ns, side->sigma)), 0);
}

static bool covers(const struct compare_shift *shift, double true_ns)
{
	return (!shift->low_known || (double)shift->low_ns <= true_ns) &&
	       (!shift->high_known || (double)shift->high_ns >= true_ns);
}

static double p90_of(const struct side *side)
{
	return side->median_ns * exp(1.2815515655446004 * side->sigma);
}

static struct rates simulate(const struct side *x, const struct side *y,
			     const struct compare_limit *limit, uint64_t seed)
{
	struct rates rates = {0};
	struct random random = {seed};

	for (int i = 0; i < ROUNDS; i++) {
		struct samples a, b;
		struct comparison found;

		draw(&a, &random, x);
		draw(&b, &random, y);
		assert_int_equal(compare_samples(&a, &b, ALPHA, &found, NULL), 0);
		rates.regressed += compare_regressed(&found, limit) == COMPARE_REGRESSED;
		rates.significant += found.p_slower < ALPHA;
		rates.shift_covered += covers(&found.shift, 0);
		rates.median_covered +=
		    covers(&found.quantiles[0].shift, y->median_ns - x->median_ns);
		rates.p90_covered += covers(&found.quantiles[1].shift, p90_of(y) - p90_of(x));
		samples_free(&a);
		samples_free(&b);
	}
	rates.regressed /= ROUNDS;
	rates.significant /= ROUNDS;
	rates.shift_covered /= ROUNDS;
	rates.median_covered /= ROUNDS;
	rates.p90_covered /= ROUNDS;
	return rates;
}

static const struct compare_limit no_limit = {0};
static const struct compare_limit tenth = {.relative = true, .percent = 10};
static const struct compare_limit twice = {.relative = true, .percent = 100};

/* Both alike: alarms as rare as promised, and the test neither blunt nor too sharp. */
static void test_alike(void **state)
{
	static const size_t counts[][2] = {{8, 8}, {10, 40}, {30, 30}, {100, 50}, {200, 200}};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct side x = {counts[i][0], 1e6, 1}, y = {counts[i][1], 1e6, 1};
		struct rates rates = simulate(&x, &y, &no_limit, 21 + i);

		assert_true(rates.regressed <= ALPHA + SLACK);
		assert_true(rates.significant <= ALPHA + SLACK);
		assert_true(rates.significant >= 0.008);
		assert_true(rates.shift_covered >= 1 - 2 * ALPHA - 1.5 * SLACK);
		assert_true(rates.median_covered >= 1 - 2 * ALPHA - 1.5 * SLACK);
		assert_true(rates.p90_covered >= 1 - 2 * ALPHA - 1.5 * SLACK);
	}
}

/* The same median but another spread, and few against many: where a rank test alone errs. */
static void test_other_spread(void **state)
{
	static const struct side calm = {200, 1e6, 0.1}, wild = {25, 1e6, 1.5};
	static const struct side calm_few = {25, 1e6, 0.1}, wild_many = {200, 1e6, 1.5};

	(void)state;
	assert_true(simulate(&calm, &wild, &no_limit, 31).regressed <= ALPHA + SLACK);
	assert_true(simulate(&wild, &calm, &no_limit, 32).regressed <= ALPHA + SLACK);
	assert_true(simulate(&wild_many, &calm_few, &no_limit, 33).regressed <= ALPHA + SLACK);
	assert_true(simulate(&calm_few, &wild_many, &no_limit, 34).regressed <= ALPHA + SLACK);
}

/* Slower by just the limit: still no more alarms than promised. */
static void test_at_limit(void **state)
{
	static const struct side x = {60, 1e6, 0.6}, tenth_slower = {60, 1.1e6, 0.6};
	static const struct side few = {20, 1e6, 0.6}, twice_as_slow = {300, 2e6, 0.6};

	(void)state;
	assert_true(simulate(&x, &tenth_slower, &tenth, 41).regressed <= ALPHA + SLACK);
	assert_true(simulate(&few, &twice_as_slow, &twice, 42).regressed <= ALPHA + SLACK);
}

/* What it is there for: a fifth slower is found. */
static void test_power(void **state)
{
	static const struct side x = {200, 20e6, 0.3}, y = {200, 24e6, 0.3};
	static const struct side quiet = {20, 20e6, 0.05}, quiet_slow = {20, 24e6, 0.05};

	(void)state;
	assert_true(simulate(&x, &y, &no_limit, 51).regressed > 0.95);
	assert_true(simulate(&y, &x, &no_limit, 52).regressed < 0.001);
	assert_true(simulate(&quiet, &quiet_slow, &tenth, 53).regressed > 0.95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alike),
	    cmocka_unit_test(test_other_spread),
	    cmocka_unit_test(test_at_limit),
	    cmocka_unit_test(test_power),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
