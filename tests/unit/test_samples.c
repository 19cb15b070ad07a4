/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics of round-trip times against naive computations on sorted arrays: without it a
 * quantile could be off by a rank, or a long run drift from the truth, unseen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stats/samples.h"
#include "stats_random.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define MANY       20000

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The same values in a store and in an array. */
struct both {
	struct samples samples;
	int64_t values[MANY];
	size_t n;
};
static struct both both;

static void both_add(int64_t value)
{
	assert_int_equal(samples_add(&both.samples, value), 0);
	both.values[both.n++] = value;
}

static void both_init(size_t capacity)
{
	samples_init(&both.samples, capacity);
	both.n = 0;
}

/* Log-uniform over all that is allowed. */
static int64_t any_value(struct random *random)
{
	return (int64_t)(random_bits(random) >> (17 + random_below(random, 47)));
}

static void assert_near(double a, double b, double relative)
{
	if (fabs(a - b) > relative * fabs(b))
		fail_msg("%.17g is not near %.17g", a, b);
}

static void assert_within(int64_t found, int64_t wanted, double relative)
{
	assert_true(fabs((double)(found - wanted)) <= (double)wanted * relative);
}

/* Each rank and some quantiles; `bound`: of a histogram's error. */
static void check_order(double bound)
{
	static int64_t sorted[MANY];
	static const double shares[] = {0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};

	memcpy(sorted, both.values, both.n * sizeof(sorted[0]));
	qsort(sorted, both.n, sizeof(sorted[0]), by_value);
	for (size_t i = 0; i < LEN(shares); i++) {
		size_t rank = 1;
		int64_t found = samples_quantile(&both.samples, shares[i]);

		while ((double)rank < shares[i] * (double)both.n - 1e-9)
			rank++;
		assert_within(found, sorted[rank - 1], bound);
	}
	for (size_t rank = 1; rank <= both.n; rank += 1 + both.n / 100) {
		int64_t found = samples_order(&both.samples, rank);

		assert_within(found, sorted[rank - 1], bound);
		if (sorted[rank - 1] < 4096)
			assert_int_equal(found, sorted[rank - 1]);
	}
	assert_int_equal(samples_min(&both.samples), sorted[0]);
	assert_int_equal(samples_max(&both.samples), sorted[both.n - 1]);
}

static void check_figures(void)
{
	long double sum = 0, squares = 0, mean, d;
	double jitter = 0;

	for (size_t i = 0; i < both.n; i++)
		sum += (long double)both.values[i];
	mean = sum / (long double)both.n;
	for (size_t i = 0; i < both.n; i++) {
		d = (long double)both.values[i] - mean;
		squares += d * d;
		if (i > 0)
			jitter +=
			    (fabs((double)(both.values[i] - both.values[i - 1])) - jitter) / 16;
	}
	assert_int_equal(samples_count(&both.samples), both.n);
	assert_near(samples_mean(&both.samples), (double)mean,
		    1e-12); /* a long double may be a double */
	assert_near(samples_mdev(&both.samples), sqrt((double)(squares / (long double)both.n)),
		    1e-9);
	if (both.n > 1)
		assert_near(samples_jitter(&both.samples), jitter, 1e-12);
}

static void test_exact(void **state)
{
	struct random random = {1};

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + random_below(&random, 300);

		both_init(0);
		for (size_t i = 0; i < n; i++)
			both_add(round % 2 ? any_value(&random)
					   : (int64_t)random_below(&random, 20));
		assert_true(samples_exact(&both.samples));
		check_order(0);
		check_figures();
		samples_free(&both.samples);
	}
}

/* Figures in between, as a live line asks for: the few new values are put in their places. */
static void test_asked_often(void **state)
{
	struct random random = {2};

	(void)state;
	both_init(0);
	for (int i = 0; i < 3000; i++) {
		both_add(any_value(&random));
		if (random_below(&random, 8) == 0)
			check_order(0);
	}
	samples_free(&both.samples);
}

static void test_nearest_rank(void **state)
{
	static const int64_t values[] = {50, 15, 40, 20, 35};
	static const struct {
		double q;
		int64_t value;
	} known[] = {{0.05, 15}, {0.3, 20}, {0.4, 20}, {0.41, 35}, {0.5, 35}, {1, 50}, {0, 15}};

	(void)state;
	both_init(0);
	for (size_t i = 0; i < LEN(values); i++)
		both_add(values[i]);
	for (size_t i = 0; i < LEN(known); i++)
		assert_int_equal(samples_quantile(&both.samples, known[i].q), known[i].value);
	samples_free(&both.samples);

	/* No share of a hundred values may be rounded up to the next, nor of a thousand. */
	both_init(0);
	for (int i = 1; i <= 1000; i++) {
		both_add(i);
		for (int share = 1; i == 100 && share <= 100; share++)
			assert_int_equal(samples_quantile(&both.samples, share / 100.0), share);
	}
	for (int share = 1; share <= 1000; share++)
		assert_int_equal(samples_quantile(&both.samples, share / 10.0 / 100), share);
	samples_free(&both.samples);
}

static void test_nothing(void **state)
{
	struct samples samples = {0}; /* is an empty store */
	int64_t low, high;

	(void)state;
	assert_int_equal(samples_quantile(&samples, 0.5), -1);
	assert_int_equal(samples_min(&samples), -1);
	assert_int_equal(samples_max(&samples), -1);
	assert_true(samples_mean(&samples) < 0);
	assert_true(samples_mdev(&samples) < 0);
	assert_true(samples_jitter(&samples) < 0);
	assert_int_equal(samples_median_ci(&samples, 0.95, &low, &high), -1);
	assert_int_equal(samples_add(&samples, 5), 0);
	assert_true(samples_jitter(&samples) < 0);
	assert_true(samples_mdev(&samples) <= 0);
	samples_free(&samples);
	assert_int_equal(samples_count(&samples), 0);
}

static void test_refused(void **state)
{
	struct samples samples = {0};
	static const int64_t wrong[] = {-1, INT64_MIN, SAMPLES_MAX_NS + 1, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < LEN(wrong); i++) {
		errno = 0;
		assert_int_equal(samples_add(&samples, wrong[i]), -1);
		assert_int_equal(errno, ERANGE);
	}
	assert_int_equal(samples_count(&samples), 0);
	assert_int_equal(samples_add(&samples, 0), 0);
	assert_int_equal(samples_add(&samples, SAMPLES_MAX_NS), 0);
	assert_int_equal(samples_max(&samples), SAMPLES_MAX_NS);
	samples_free(&samples);
}

/* The difference of two sums that agree in twenty digits. */
static void test_no_cancellation(void **state)
{
	(void)state;
	both_init(0);
	for (int i = 0; i < 1000; i++)
		both_add(SAMPLES_MAX_NS - (i % 2) * 2);
	assert_near(samples_mdev(&both.samples), 1, 1e-12);
	samples_free(&both.samples);
	both_init(0);
	for (int i = 1; i <= 4; i++)
		both_add(i);
	assert_near(samples_mdev(&both.samples), sqrt(1.25), 1e-15);
	samples_free(&both.samples);
}

static void test_jitter(void **state)
{
	struct samples samples = {0};

	(void)state;
	samples_add(&samples, 10);
	samples_add(&samples, 26); /* 0 + (16 - 0) / 16 */
	assert_near(samples_jitter(&samples), 1, 1e-15);
	samples_add(&samples, 26); /* 1 + (0 - 1) / 16 */
	assert_near(samples_jitter(&samples), 0.9375, 1e-15);
	samples_add(&samples, 10); /* 0.9375 + (16 - 0.9375) / 16 */
	assert_near(samples_jitter(&samples), 1.87890625, 1e-15);
	samples_free(&samples);
}

struct visited {
	uint64_t count;
	int64_t last;
};

static void visit(void *context, const struct samples_bucket *bucket)
{
	struct visited *visited = context;

	assert_true(bucket->low_ns > visited->last);
	assert_true(bucket->low_ns <= bucket->value_ns && bucket->value_ns <= bucket->high_ns);
	assert_true(bucket->count > 0);
	assert_true((double)(bucket->high_ns - bucket->low_ns) <= (double)bucket->low_ns * 0x1p-11);
	visited->last = bucket->high_ns;
	visited->count += bucket->count;
}

static void check_each(void)
{
	struct visited visited = {0, -1};

	samples_each(&both.samples, visit, &visited);
	assert_int_equal(visited.count, both.n);
	assert_true(visited.last <= samples_max(&both.samples));
}

static void test_histogram(void **state)
{
	struct random random = {3};

	(void)state;
	for (int round = 0; round < 20; round++) {
		both_init(100);
		for (size_t i = 0; i < MANY; i++) {
			both_add(round % 2 ? any_value(&random) : random_rtt(&random, 3e3, 1));
			if (i == 99 || i == 100)
				assert_int_equal(samples_exact(&both.samples), i == 99);
		}
		check_order(0x1p-12);
		check_figures();
		check_each();
		samples_free(&both.samples);
	}
	both_init(0);
	for (size_t i = 0; i < MANY; i++)
		both_add((int64_t)random_below(&random, 5000));
	check_each();
	samples_free(&both.samples);
}

static void test_merge(void **state)
{
	struct random random = {4};

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct samples other;
		size_t n = random_below(&random, 400), m = random_below(&random, 400);

		both_init(200);
		samples_init(&other, 200);
		for (size_t i = 0; i < n; i++)
			both_add(any_value(&random));
		if (round % 3 == 0)
			samples_quantile(&both.samples, 0.5);
		for (size_t i = 0; i < m; i++) {
			both.values[both.n++] = any_value(&random);
			assert_int_equal(samples_add(&other, both.values[both.n - 1]), 0);
		}
		assert_int_equal(samples_merge(&both.samples, &other), 0);
		assert_int_equal(samples_count(&other), m);
		assert_int_equal(samples_exact(&both.samples),
				 n <= 200 && m <= 200 && n + m <= 200);
		if (n + m > 0) {
			check_order(samples_exact(&both.samples) ? 0 : 0x1p-12);
			check_each();
		}
		samples_free(&other);
		samples_free(&both.samples);
	}
}

static void test_merged_figures(void **state)
{
	struct samples a = {0}, b = {0}, all = {0};
	struct random random = {5};

	(void)state;
	for (int i = 0; i < 100; i++) {
		int64_t value = any_value(&random);

		samples_add(i < 30 ? &a : &b, value);
		samples_add(&all, value);
	}
	samples_merge(&a, &b);
	assert_near(samples_mean(&a), samples_mean(&all), 1e-15);
	assert_near(samples_mdev(&a), samples_mdev(&all), 1e-15);
	samples_free(&a);
	samples_free(&b);
	samples_init(&a, 0);
	samples_add(&a, 0);
	samples_add(&a, 16); /* one difference: 1 */
	samples_init(&b, 0);
	for (int i = 0; i < 3; i++)
		samples_add(&b, 7); /* two: 0 */
	samples_merge(&a, &b);
	assert_near(samples_jitter(&a), 1.0 / 3, 1e-15);
	samples_free(&a);
	samples_free(&b);
	samples_free(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exact),        cmocka_unit_test(test_asked_often),
	    cmocka_unit_test(test_nearest_rank), cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_refused),      cmocka_unit_test(test_no_cancellation),
	    cmocka_unit_test(test_jitter),       cmocka_unit_test(test_histogram),
	    cmocka_unit_test(test_merge),        cmocka_unit_test(test_merged_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
