/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparison of two sets against naive computations over all pairs and against textbook values:
 * without it a baseline's verdict could rest on a wrong count or rank. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "stats/compare.h"
#include "stats/pairs.h"
#include "stats_random.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define SET_MAX    60

struct set {
	struct samples samples;
	int64_t values[SET_MAX];
	size_t n;
};

static void set_add(struct set *set, int64_t value)
{
	assert_int_equal(samples_add(&set->samples, value), 0);
	set->values[set->n++] = value;
}

static void set_fill(struct set *set, struct random *random, size_t n, uint64_t limit)
{
	*set = (struct set){.n = 0};
	for (size_t i = 0; i < n; i++)
		set_add(set, (int64_t)random_below(random, limit));
}

static void assert_near(double a, double b)
{
	if (fabs(a - b) > 1e-9 * (fabs(b) + 1e-3))
		fail_msg("%.17g is not near %.17g", a, b);
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double naive_u(const struct set *x, const struct set *y)
{
	double u = 0;

	for (size_t i = 0; i < x->n * y->n; i++) {
		int64_t d = y->values[i / x->n] - x->values[i % x->n];

		u += d > 0 ? 1 : d == 0 ? 0.5 : 0;
	}
	return u;
}

/* The sum of t^3 - t, value by value: each of t equal ones brings t^2 - 1. */
static double naive_ties(const struct set *x, const struct set *y)
{
	int64_t all[2 * SET_MAX];
	double ties = 0;

	memcpy(all, x->values, x->n * sizeof(all[0]));
	memcpy(all + x->n, y->values, y->n * sizeof(all[0]));
	for (size_t i = 0; i < x->n + y->n; i++) {
		double t = 0;

		for (size_t j = 0; j < x->n + y->n; j++)
			t += all[i] == all[j];
		ties += t * t - 1;
	}
	return ties;
}

static double phi_above(double z)
{
	return 0.5 * erfc(z / sqrt(2));
}

/* Orders of m and n values in which u pairs are won: the last value is of one set or the other. */
static double naive_ways(int m, int n, int u)
{
	if (u < 0)
		return 0;
	if (m == 0 || n == 0)
		return u == 0;
	return naive_ways(m - 1, n, u - n) + naive_ways(m, n - 1, u);
}

static void check_test(const struct set *x, const struct set *y, const struct comparison *found)
{
	double u = naive_u(x, y), ties = naive_ties(x, y), above = 0, below = 0, all = 0;
	double m = (double)x->n, n = (double)y->n;
	double sigma = sqrt(m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1))));

	assert_near(found->u, u);
	assert_near(found->slower_probability, u / (m * n));
	assert_int_equal(found->exact, ties <= 0 && m * n <= 400);
	if (!found->exact) {
		if (!(sigma > 0))
			return;
		assert_near(found->p_slower, phi_above((u - m * n / 2 - 0.5) / sigma));
		assert_near(found->p_faster, phi_above((m * n / 2 - u - 0.5) / sigma));
		return;
	}
	if (m * n > 64)
		return; /* the naive way takes too long */
	for (int i = 0; i <= (int)(m * n); i++) {
		double ways = naive_ways((int)x->n, (int)y->n, i);

		all += ways;
		above += i >= u ? ways : 0;
		below += i <= u ? ways : 0;
	}
	assert_near(found->p_slower, above / all);
	assert_near(found->p_faster, below / all);
}

static void check_shift(const struct set *x, const struct set *y, const struct comparison *found)
{
	static int64_t all[SET_MAX * SET_MAX];
	size_t pairs = x->n * y->n, low = 0, high = 0;

	for (size_t i = 0; i < pairs; i++)
		all[i] = y->values[i / x->n] - x->values[i % x->n];
	qsort(all, pairs, sizeof(all[0]), by_value);
	assert_int_equal(found->shift.ns, all[(pairs + 1) / 2 - 1]);
	assert_int_equal(found->shift.low_known, found->shift.high_known);
	if (!found->shift.low_known)
		return;
	/* Both ends are differences, and as far from the ends of the list. */
	while (all[low] < found->shift.low_ns)
		low++;
	while (all[pairs - 1 - high] > found->shift.high_ns)
		high++;
	assert_int_equal(all[low], found->shift.low_ns);
	assert_int_equal(all[pairs - 1 - high], found->shift.high_ns);
	assert_true(found->shift.low_ns <= found->shift.ns);
	assert_true(found->shift.ns <= found->shift.high_ns);
}

static void test_all_pairs(void **state)
{
	static const uint64_t limits[] = {2, 10, 1000, UINT64_C(1) << 46};
	static struct set x, y;
	struct random random = {11};
	struct comparison found;

	(void)state;
	for (int round = 0; round < 400; round++) {
		uint64_t limit = limits[round % 4];

		set_fill(&x, &random, 1 + random_below(&random, round % 3 ? SET_MAX : 8), limit);
		set_fill(&y, &random, 1 + random_below(&random, round % 3 ? SET_MAX : 8), limit);
		assert_int_equal(compare_samples(&x.samples, &y.samples, 0.025, &found, NULL), 0);
		check_test(&x, &y, &found);
		check_shift(&x, &y, &found);
		samples_free(&x.samples);
		samples_free(&y.samples);
	}
}

static void compare_arrays(const int64_t *x, size_t m, const int64_t *y, size_t n,
			   struct comparison *found)
{
	struct samples a = {0}, b = {0};

	for (size_t i = 0; i < m; i++)
		samples_add(&a, x[i]);
	for (size_t i = 0; i < n; i++)
		samples_add(&b, y[i]);
	assert_int_equal(compare_samples(&a, &b, 0.025, found, NULL), 0);
	samples_free(&a);
	samples_free(&b);
}

/* Ages at a diagnosis of diabetes (women, men): the example in the manual of SciPy's
 * mannwhitneyu(), U = 17 and p = 0.1111 exactly, 0.11134688653314041 by the approximation. */
static void test_textbook(void **state)
{
	static const int64_t women[] = {20, 11, 17, 12}, men[] = {19, 22, 16, 29, 24};
	static const int64_t tied[] = {19, 22, 17, 29, 24};
	struct comparison found;

	(void)state;
	compare_arrays(women, 4, men, 5, &found);
	assert_true(found.exact);
	assert_near(found.u, 17);
	assert_near(found.p, 14.0 / 126);
	assert_near(found.p_slower, 7.0 / 126);
	/* -4 -1 -1 2 2 4 4 5 5 7 | 7 8 9 10 11 12 12 13 17 18 */
	assert_int_equal(found.shift.ns, 7);
	/* The critical value of 4 and 5 values is U = 1: the second from either end. */
	assert_true(found.shift.low_known);
	assert_int_equal(found.shift.low_ns, -1);
	assert_int_equal(found.shift.high_ns, 17);

	compare_arrays(women, 4, tied, 5, &found);
	assert_false(found.exact);
	assert_near(found.u, 17.5);
	/* sigma^2 = 20 / 12 * (10 - 6 / 72) */
	assert_near(found.p_slower,
		    phi_above((17.5 - 10 - 0.5) / sqrt(20.0 / 12 * (10 - 6.0 / 72))));
}

/* Critical values of U, two-sided 5 %, from the tables in any textbook: U there at most gives p <=
 * 0.05, one more does not. The interval's rank is one more. The approximation may be one short. */
static void test_critical_values(void **state)
{
	static const struct {
		size_t m, n;
		int critical;
	} known[] = {{4, 4, 0},     {5, 5, 2},     {5, 8, 6},    {6, 6, 5},    {7, 10, 14},
		     {8, 8, 13},    {10, 10, 23},  {12, 15, 49}, {15, 15, 64}, {20, 20, 127},
		     {25, 25, 211}, {30, 30, 317}, {5, 100, 120}};

	(void)state;
	for (size_t i = 0; i < LEN(known); i++) {
		struct pairs pairs;
		struct samples x = {0}, y = {0};
		int rank;

		for (size_t j = 0; j < known[i].m; j++)
			samples_add(&x, (int64_t)j);
		for (size_t j = 0; j < known[i].n; j++)
			samples_add(&y, 100 + (int64_t)j);
		assert_int_equal(pairs_init(&pairs, &x, &y), 0);
		rank = (int)pairs_interval_rank(&pairs, 0.025) - 1;
		assert_true(rank == known[i].critical ||
			    (known[i].m * known[i].n > 400 && rank == known[i].critical - 1));
		pairs_free(&pairs);
		samples_free(&x);
		samples_free(&y);
	}
}

static void test_equal_values(void **state)
{
	static const int64_t same[] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
	static const int64_t more[] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8};
	static const struct compare_limit none = {0}, one = {.ns = 1};
	struct comparison found;

	(void)state;
	compare_arrays(same, 10, same, 10, &found);
	assert_near(found.p, 1);
	assert_near(found.p_slower, 1);
	assert_int_equal(found.shift.ns, 0);
	assert_int_equal(compare_regressed(&found, &none), COMPARE_WITHIN);
	compare_arrays(same, 10, more, 10, &found);
	assert_true(found.p_slower < 0.001);
	assert_int_equal(found.shift.low_ns, 1);
	assert_int_equal(compare_regressed(&found, &none), COMPARE_REGRESSED);
	assert_int_equal(compare_regressed(&found, &one), COMPARE_WITHIN);
	assert_string_equal(compare_decision_name(COMPARE_REGRESSED), "regressed");
}

static void test_too_few(void **state)
{
	static const int64_t fast[] = {1, 2, 3, 4, 5, 6}, slow[] = {1001, 1002, 1003, 1004, 1005};
	static const struct compare_limit none = {0};
	struct samples empty = {0}, one = {0};
	struct comparison found;
	struct err err = {0};

	(void)state;
	/* Five values have no interval of the median at 95 %, three no p99 ever. */
	compare_arrays(fast, 6, slow, 5, &found);
	assert_true(found.shift.low_known);
	assert_false(found.quantiles[0].shift.low_known);
	assert_false(found.quantiles[3].shift.high_known);
	assert_int_equal(compare_regressed(&found, &none), COMPARE_TOO_FEW);
	compare_arrays(fast, 3, slow, 3, &found);
	assert_false(found.shift.low_known);

	samples_add(&one, 5);
	assert_int_equal(compare_samples(&empty, &one, 0.025, &found, &err), -1);
	assert_non_null(strstr(err.text, "baseline"));
	assert_int_equal(compare_samples(&one, &empty, 0.025, &found, NULL), -1);
	samples_free(&one);
	samples_add(&one, 0);
	samples_init(&empty, 0);
	samples_add(&empty, 5);
	assert_int_equal(compare_samples(&one, &empty, 0.025, &found, NULL), 0);
	assert_true(isnan(found.shift.percent));
	samples_free(&one);
	samples_free(&empty);
}

/* The quantiles' intervals, joined by hand. */
static void test_quantile_shift(void **state)
{
	struct samples x = {0}, y = {0};
	const struct compare_quantile *median, *p99;
	struct comparison found;

	(void)state;
	for (int i = 1; i <= 100; i++) {
		samples_add(&x, i * 100);
		samples_add(&y, i * 200);
	}
	assert_int_equal(compare_samples(&x, &y, 0.025, &found, NULL), 0);
	median = &found.quantiles[0];
	assert_string_equal(median->name, "p50");
	/* Ranks 40 and 61 enclose the median of 100. */
	assert_int_equal(median->baseline_low_ns, 4000);
	assert_int_equal(median->baseline_high_ns, 6100);
	assert_int_equal(median->current_low_ns, 8000);
	assert_int_equal(median->current_high_ns, 12200);
	assert_int_equal(median->shift.ns, 5000);
	assert_near(median->shift.percent, 100);
	assert_int_equal(median->shift.low_ns, 5000 - (int64_t)ceil(hypot(2000, 1100)));
	assert_int_equal(median->shift.high_ns, 5000 + (int64_t)ceil(hypot(2200, 1000)));
	p99 = &found.quantiles[3];
	assert_string_equal(p99->name, "p99");
	assert_int_equal(p99->baseline_ns, 9900);
	assert_int_equal(p99->baseline_low_ns, 9700);
	assert_int_equal(p99->baseline_high_ns, -1);
	assert_false(p99->shift.low_known || p99->shift.high_known);
	samples_free(&x);
	samples_free(&y);
}

/* Many values, and histograms: the same figures within the histograms' bound. */
static void test_large(void **state)
{
	struct samples x = {0}, y = {0}, xh, yh;
	struct random random = {12};
	struct comparison exact, rough;

	(void)state;
	samples_init(&xh, 1000);
	samples_init(&yh, 1000);
	for (int i = 0; i < 60000; i++) {
		int64_t a = random_rtt(&random, 10e6, 0.5), b = random_rtt(&random, 12e6, 0.5);

		samples_add(&x, a);
		samples_add(&xh, a);
		samples_add(&y, b);
		samples_add(&yh, b);
	}
	assert_int_equal(compare_samples(&x, &y, 0.025, &exact, NULL), 0);
	assert_int_equal(compare_samples(&xh, &yh, 0.025, &rough, NULL), 0);
	assert_true(fabs(exact.slower_probability - rough.slower_probability) < 1e-4);
	assert_true(fabs((double)(exact.shift.ns - rough.shift.ns)) < 22e6 * 0x1p-12);
	assert_true(fabs((double)(exact.shift.low_ns - rough.shift.low_ns)) < 22e6 * 0x1p-12);
	assert_true(exact.shift.low_ns < exact.shift.ns && exact.shift.ns < exact.shift.high_ns);
	assert_true(fabs((double)(exact.quantiles[0].shift.ns - 2000000)) < 150000);
	samples_free(&x);
	samples_free(&y);
	samples_free(&xh);
	samples_free(&yh);
}

static void test_limits(void **state)
{
	static const struct {
		const char *text;
		int64_t ns; /* of a baseline of 10 ms; -1: wrong */
	} known[] = {{"10%", 1000000}, {"1ms", 1000000},  {"0", 0},
		     {"0%", 0},        {"250us", 250000}, {"1.5s", 1500000000},
		     {"1e3ms", -1},    {"5", -1},         {"-1ms", -1},
		     {"", -1},         {"ms", -1},        {"1 ms", -1},
		     {"nan", -1},      {"9999999s", -1},  {"0x10ms", -1}};
	static const struct comparison comparison = {.baseline_median_ns = 10000000};

	(void)state;
	for (size_t i = 0; i < LEN(known); i++) {
		struct compare_limit limit;
		struct err err = {0};

		assert_int_equal(compare_parse_limit(known[i].text, &limit, &err),
				 known[i].ns < 0 ? -1 : 0);
		assert_int_equal(err.class, known[i].ns < 0 ? ERR_USAGE : ERR_NONE);
		if (known[i].ns >= 0)
			assert_int_equal(compare_limit_ns(&limit, &comparison), known[i].ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_pairs),       cmocka_unit_test(test_textbook),
	    cmocka_unit_test(test_critical_values), cmocka_unit_test(test_equal_values),
	    cmocka_unit_test(test_too_few),         cmocka_unit_test(test_quantile_shift),
	    cmocka_unit_test(test_large),           cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
