/* SPDX-License-Identifier: BSD-2-Clause */
/* Confidence intervals from order statistics against the binomial distribution and by simulation:
 * without it they could promise a confidence that they do not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stats/normal.h"
#include "stats/samples.h"
#include "stats_random.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* From tables of the binomial distribution (Conover, Practical Nonparametric Statistics). */
static void test_median_tables(void **state)
{
	static const struct {
		uint64_t count;
		double level;
		uint64_t low, high;
	} known[] = {
	    {4, 0.90, 0, 0},    {5, 0.90, 1, 5},     {5, 0.95, 0, 0},     {6, 0.95, 1, 6},
	    {8, 0.95, 1, 8},    {9, 0.95, 2, 8},     {10, 0.95, 2, 9},    {15, 0.95, 4, 12},
	    {20, 0.95, 6, 15},  {25, 0.95, 8, 18},   {30, 0.95, 10, 21},  {50, 0.95, 18, 33},
	    {7, 0.99, 0, 0},    {8, 0.99, 1, 8},     {10, 0.99, 1, 10},   {20, 0.99, 4, 17},
	    {50, 0.99, 16, 35}, {100, 0.95, 40, 61}, {100, 0.99, 37, 64},
	};
	uint64_t low, high;

	(void)state;
	for (size_t i = 0; i < LEN(known); i++) {
		samples_quantile_ranks(known[i].count, 0.5, known[i].level, &low, &high);
		assert_int_equal(low, known[i].low);
		assert_int_equal(high, known[i].high);
	}
}

/* P(binomial(n, q) <= k), from the logarithm of the gamma function. */
static long double binomial_up_to(uint64_t n, long double q, uint64_t k)
{
	long double sum = 0, size = (long double)n;

	for (uint64_t i = 0; i <= k; i++) {
		long double at = (long double)i;

		sum += expl(lgammal(size + 1) - lgammal(at + 1) - lgammal(size - at + 1) +
			    at * logl(q) + (size - at) * log1pl(-q));
	}
	return sum;
}

/* Rank `low` misses with `miss` at most, and the next one with more. */
static void check_low(uint64_t count, double q, double miss, uint64_t low, long double slack)
{
	if (low > 0)
		assert_true(binomial_up_to(count, (long double)q, low - 1) <=
			    (long double)miss * (1 + slack));
	assert_true(binomial_up_to(count, (long double)q, low) >= (long double)miss * (1 - slack));
}

static void test_against_binomial(void **state)
{
	static const double shares[] = {0.5, 0.1, 0.9, 0.95, 0.99, 0.999};
	static const double levels[] = {0.8, 0.95, 0.99};
	static const uint64_t counts[] = {1,   2,   6,    17,   59,   100, 299,
					  473, 999, 1000, 1001, 4000, 9000};

	(void)state;
	for (size_t i = 0; i < LEN(counts) * LEN(shares) * LEN(levels); i++) {
		uint64_t count = counts[i % LEN(counts)], low, high;
		double q = shares[i / LEN(counts) % LEN(shares)];
		double level = levels[i / LEN(counts) / LEN(shares)];
		/* The approximation may miss by a twentieth of the chance. */
		long double slack = count > 1000 ? 0.05L : 1e-9L;

		samples_quantile_ranks(count, q, level, &low, &high);
		assert_true(low <= count && high <= count);
		check_low(count, q, (1 - level) / 2, low, slack);
		check_low(count, 1 - q, (1 - level) / 2, high > 0 ? count + 1 - high : 0, slack);
	}
}

/* No jump where the approximation takes over, and none at counts of a long run. */
static void test_large(void **state)
{
	uint64_t low, high;

	(void)state;
	samples_quantile_ranks(1000000, 0.5, 0.95, &low, &high);
	assert_int_equal(low, 499020); /* half less 1.96 * sqrt(count) / 2 */
	assert_int_equal(high, 500981);
	samples_quantile_ranks(SAMPLES_COUNT_MAX, 0.999, 0.95, &low, &high);
	assert_true(low > 0 && high > low && high < SAMPLES_COUNT_MAX);
}

static void test_normal(void **state)
{
	static const double known[][2] = {{0.5, 0},
					  {0.025, 1.959963984540054},
					  {0.005, 2.575829303548901},
					  {0.05, 1.644853626951473}};

	(void)state;
	for (size_t i = 0; i < LEN(known); i++) {
		assert_true(fabs(normal_z(known[i][0]) - known[i][1]) < 1e-12);
		assert_true(fabs(normal_z(1 - known[i][0]) + known[i][1]) < 1e-12);
		assert_true(fabs(normal_above(known[i][1]) - known[i][0]) < 1e-15);
	}
	assert_true(fabs(normal_above(6) - 9.865876450376946e-10) < 1e-20);
}

static double coverage(struct random *random, size_t n, double level)
{
	int inside = 0, rounds = 3000;

	for (int round = 0; round < rounds; round++) {
		struct samples samples = {0};
		int64_t low, high;

		for (size_t i = 0; i < n; i++)
			samples_add(&samples, random_rtt(random, 1e6, 0.8));
		assert_int_equal(samples_median_ci(&samples, level, &low, &high), 0);
		inside += low <= 1000000 && high >= 1000000;
		samples_free(&samples);
	}
	return (double)inside / rounds;
}

static void test_coverage(void **state)
{
	struct random random = {6};

	(void)state;
	/* The spread of 3000 draws at 0.95 is 0.004; small sets are on the safe side by nature. */
	assert_true(coverage(&random, 6, 0.95) > 0.955);
	assert_true(coverage(&random, 25, 0.95) > 0.94);
	assert_true(coverage(&random, 200, 0.95) > 0.94);
	assert_true(coverage(&random, 200, 0.95) < 0.975);
	assert_true(coverage(&random, 1500, 0.8) > 0.775);
	assert_true(coverage(&random, 1500, 0.8) < 0.83);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_median_tables), cmocka_unit_test(test_against_binomial),
	    cmocka_unit_test(test_large),         cmocka_unit_test(test_normal),
	    cmocka_unit_test(test_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
