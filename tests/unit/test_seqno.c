/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/seqno.h (RFC 9293 section 3.4), around 2^31 and 2^32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/seqno.h"

#define HALF UINT32_C(0x80000000)

/* Where comparisons go wrong if they are made of signed or of raw numbers. */
static const uint32_t origins[] = {
    0, 1, 1000, HALF - 2, HALF - 1, HALF, HALF + 1, UINT32_MAX - 1, UINT32_MAX,
};
#define ORIGINS (sizeof(origins) / sizeof(origins[0]))

/* Breaks when an octet that comes later, across a wrap or not, is not "greater". */
static void later_is_greater(void **state)
{
	static const uint32_t distances[] = {1, 2, 65535, HALF - 2, HALF - 1};

	(void)state;
	for (size_t i = 0; i < ORIGINS; i++) {
		for (size_t j = 0; j < sizeof(distances) / sizeof(distances[0]); j++) {
			const uint32_t a = origins[i];
			const uint32_t b = a + distances[j];

			assert_true(seq_lt(a, b) && seq_le(a, b) && seq_gt(b, a) && seq_ge(b, a));
			assert_false(seq_lt(b, a) || seq_le(b, a) || seq_gt(a, b) || seq_ge(a, b));
			assert_int_equal(seq_max(a, b), b);
			assert_int_equal(seq_max(b, a), b);
		}
	}
}

/* Breaks when a number is taken to be before or after itself. */
static void equal_is_neither(void **state)
{
	(void)state;
	for (size_t i = 0; i < ORIGINS; i++) {
		const uint32_t a = origins[i];

		assert_false(seq_lt(a, a) || seq_gt(a, a));
		assert_true(seq_le(a, a) && seq_ge(a, a));
		assert_int_equal(seq_max(a, a), a);
	}
}

/* Breaks when numbers half the space apart are ordered, which a subtraction's sign would do one
 * way only: both a < b and b < a, or neither, must hold. */
static void half_the_space_is_unordered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ORIGINS; i++) {
		const uint32_t a = origins[i];
		const uint32_t b = a + HALF;

		assert_false(seq_lt(a, b) || seq_lt(b, a) || seq_gt(a, b) || seq_gt(b, a));
		assert_false(seq_le(a, b) || seq_ge(a, b));
	}
}

/* Breaks when a window's edges are off by one, or a window across the wrap loses a part. */
static void window_edges(void **state)
{
	static const uint32_t sizes[] = {1, 2, 65535, HALF, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < ORIGINS; i++) {
		const uint32_t low = origins[i];

		assert_false(seq_in_window(low, low, 0));
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			assert_true(seq_in_window(low, low, sizes[j]));
			assert_true(seq_in_window(low + sizes[j] - 1, low, sizes[j]));
			assert_false(seq_in_window(low + sizes[j], low, sizes[j]));
			assert_false(seq_in_window(low - 1, low, sizes[j]));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(later_is_greater),
	    cmocka_unit_test(equal_is_neither),
	    cmocka_unit_test(half_the_space_is_unordered),
	    cmocka_unit_test(window_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
