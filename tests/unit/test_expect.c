/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/expect.c: without it a census could ask for more connections than it has places
 * for, or crawl through a network that is mostly silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scan/expect.h"

#define MS INT64_C(1000000)

static struct expect expect;

static void test_first(void **state)
{
	(void)state;
	expect_init(&expect, 1000 * MS, 5000 * MS);
	assert_true(expect_open(&expect, 5000 * MS) == 0);
	for (int i = 0; i < 100; i++)
		expect_sent(&expect, (5000 + i) * MS);
	assert_true(expect_open(&expect, 5100 * MS) == 100); /* all may be open */
	assert_true(expect_open(&expect, 6001 * MS) == 99);  /* the first one's time is over */
	assert_true(expect_open(&expect, 6100 * MS) == 0);
	assert_true(expect_burst(&expect, 6100 * MS) == 0);
	for (int i = 0; i < 10; i++)
		expect_sent(&expect, 6100 * MS + i * MS / 2);
	assert_true(expect_burst(&expect, 6104 * MS) == 8);
	assert_true(expect_burst(&expect, 6110 * MS) == 0);
	assert_true(expect_open(&expect, 96100 * MS) == 0);
}

/* Each answered after a round trip of 50 ms: what is under way is the round trip's worth. */
static void test_dense(void **state)
{
	(void)state;
	expect_init(&expect, 1000 * MS, 0);
	for (int64_t i = 0; i < 20000; i++) {
		expect_sent(&expect, i * MS / 4);
		if (i >= 200)
			expect_answered(&expect, (i - 200) * MS / 4, 50 * MS, true);
	}
	assert_int_equal(expect.young, 200);
	assert_in_range((uint64_t)expect_open(&expect, 5000 * MS), 195, 200);
	assert_in_range(expect.window_ms, 60, 70);
}

/* One in ten answers, the rest never: what is old does not count, however much there is of it. */
static void test_silent(void **state)
{
	(void)state;
	expect_init(&expect, 1000 * MS, 0);
	for (int64_t i = 0; i < 50000; i++) {
		int64_t now = i * MS / 10;

		expect_sent(&expect, now);
		if (i >= 100 && i % 10 == 0)
			expect_answered(&expect, now - 10 * MS, 10 * MS, true);
		if (i >= 30000 && i % 10 != 0)
			expect_silent(&expect);
	}
	/* a window of some 20 ms, 10 a millisecond; a fifth of those known is open */
	assert_in_range((uint64_t)expect_open(&expect, 5000 * MS), 15, 60);
}

static void test_closed(void **state)
{
	(void)state;
	expect_init(&expect, 1000 * MS, 0);
	for (int64_t i = 0; i < 1000; i++) {
		expect_sent(&expect, i * MS);
		expect_answered(&expect, i * MS, MS / 10, false);
		expect_sent(&expect, i * MS);
	}
	assert_true(expect_open(&expect, 1000 * MS) < 1);
	/* an answer to what is not known any more, or of one that was postponed */
	expect_answered(&expect, 1, -1, true);
	expect_answered(&expect, -1, -1, true);
	expect_answered(&expect, 90000 * MS, -1, true);
	assert_true(expect_open(&expect, 1000 * MS) < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first), cmocka_unit_test(test_dense),
	    cmocka_unit_test(test_silent), cmocka_unit_test(test_closed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
