/* SPDX-License-Identifier: BSD-2-Clause */
/* Samples as text, there and back: without it merged quantiles could leave their error bound, sums
 * could be lost, or a damaged file could be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "stats/samples_text.h"
#include "stats_random.h"

#define SHARDS 4
#define MANY   40000

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void check_text(const int64_t *values, size_t n, const char *wanted)
{
	struct samples samples, back;
	char *text, *again;

	samples_init(&samples, 0);
	samples_init(&back, 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(samples_add(&samples, values[i]), 0);
	text = samples_to_text(&samples);
	if (wanted)
		assert_string_equal(text, wanted);
	assert_int_equal(samples_from_text(&back, text), 0);
	again = samples_to_text(&back);
	assert_string_equal(again, text);
	assert_int_equal(samples_count(&back), n);
	assert_int_equal(samples_min(&back), samples_min(&samples));
	assert_int_equal(samples_max(&back), samples_max(&samples));
	assert_true(samples_mean(&back) == samples_mean(&samples));
	assert_true(samples_mdev(&back) == samples_mdev(&samples));
	free(text);
	free(again);
	samples_free(&samples);
	samples_free(&back);
}

static void test_round_trip(void **state)
{
	static const int64_t few[] = {30, 10, 30, 4096, 10, 30}, ends[] = {0, SAMPLES_MAX_NS};
	static int64_t many[MANY];
	struct random random = {1};

	(void)state;
	check_text(few, 0, "v 0 0 0 0 0");
	check_text(few, 6, "v 6 10 4096 106e 1000b54 10*2 20*3 4066");
	check_text(ends, 2,
		   "v 2 0 140737488355327 7fffffffffff 3fffffffffff000000000001 0 "
		   "140737488355327");
	for (size_t i = 0; i < MANY; i++)
		many[i] = (int64_t)(random_bits(&random) >> (17 + random_below(&random, 47)));
	check_text(many, SAMPLES_TEXT_EXACT, NULL);
	check_text(many, SAMPLES_TEXT_EXACT + 1, NULL);
	check_text(many, MANY, NULL);
}

/* Shards' texts merged: each quantile within 2^-12 of that of all values. */
static void test_merged(void **state)
{
	static const size_t sizes[SHARDS] = {0, 3000, MANY - 8000, 5000};
	static int64_t all[MANY];
	struct random random = {7};
	struct samples merged;
	size_t n = 0;

	(void)state;
	samples_init(&merged, 0);
	for (size_t shard = 0; shard < SHARDS; shard++) {
		struct samples samples, back;
		char *text;

		samples_init(&samples, 0);
		samples_init(&back, 0);
		for (size_t i = 0; i < sizes[shard]; i++) {
			all[n] =
			    (int64_t)(random_bits(&random) >> (20 + random_below(&random, 20)));
			assert_int_equal(samples_add(&samples, all[n++]), 0);
		}
		text = samples_to_text(&samples);
		assert_int_equal(samples_from_text(&back, text), 0);
		assert_int_equal(samples_merge(&merged, &back), 0);
		free(text);
		samples_free(&samples);
		samples_free(&back);
	}
	assert_int_equal(samples_count(&merged), n);
	qsort(all, n, sizeof(all[0]), by_value);
	for (size_t rank = 1; rank <= n; rank += 37) {
		double error = fabs((double)(samples_order(&merged, rank) - all[rank - 1]));

		assert_true(error <= (double)all[rank - 1] * 0x1p-12);
	}
	samples_free(&merged);
}

static void test_damaged(void **state)
{
	static const char *const texts[] = {
	    "",
	    "v",
	    "x 0 0 0 0 0",
	    "v 0 0 0 0",
	    "v 0 0 0 0 0 ",
	    "v 0 0 0 0 0 5",
	    "v 1 5 5 5 19",
	    "v 1 5 5 5 19 6",
	    "v 1 5 5 5 18 5",
	    "v 1 5 5 5 19 5*2",
	    "v 1 5 5 5 19 5*0",
	    "v 1 5 5 5 19 -5",
	    "v 1 5 5 5 19  5",
	    "v 1 5 5 5 19 5x",
	    "v 2 5 5 a 32 5*",
	    "v 2 6 5 a 32 5*2",
	    "v 1 5 140737488355328 5 19 5",
	    "v 8589934592 5 5 5 19 5",
	    "v 131073 0 0 0 0 0*131073",
	    "h 0 0 0 0 0",
	    "h 2 5 5 a 32 6*2",
	    "h 2 5 7 a 32 5*2",
	    "h 2 5 5 a 31 5*2",
	    "h 1 5 5 5 19 75776",
	    "h 1 5 5 5 19 18446744073709551616",
	    "h 2 5 5 ffffffffffffffffffffffffffffffffff 32 5*2",
	};
	struct samples samples;

	(void)state;
	samples_init(&samples, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (samples_from_text(&samples, texts[i]) == 0)
			fail_msg("believed: %s", texts[i]);
		assert_int_equal(samples_count(&samples), 0);
	}
	assert_int_equal(samples_from_text(&samples, "v 1 5 5 5 19 5"), 0);
	samples_free(&samples);
	assert_int_equal(samples_from_text(&samples, "h 2 5 5 a 32 5*2"), 0);
	assert_int_equal(samples_quantile(&samples, 0.5), 5);
	samples_free(&samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_merged),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
