/* SPDX-License-Identifier: BSD-2-Clause */
/* The retransmission timeout against RFC 6298's formulas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/rto.h"

#define MS  INT64_C(1000000)
#define SEC INT64_C(1000000000)

/* (2.1) Breaks when the first timeout is not the one asked for, or is over the limit. */
static void initial(void **state)
{
	struct rto rto;

	(void)state;
	rto_init(&rto, SEC, 200 * MS, 60 * SEC);
	assert_int_equal(rto.rto_ns, SEC);
	assert_false(rto.sampled);
	rto_init(&rto, 90 * SEC, 200 * MS, 60 * SEC);
	assert_int_equal(rto.rto_ns, 60 * SEC);
}

/* (2.2) Breaks when the first sample is smoothed: RTO = R + 4 * R/2. */
static void first_sample(void **state)
{
	struct rto rto;

	(void)state;
	rto_init(&rto, SEC, 1 * MS, 60 * SEC);
	rto_sample(&rto, 100 * MS);
	assert_int_equal(rto.srtt_ns, 100 * MS);
	assert_int_equal(rto.rttvar_ns, 50 * MS);
	assert_int_equal(rto.rto_ns, 300 * MS);
	assert_true(rto.sampled);
}

/* (2.3) Breaks when RTTVAR is computed from the new SRTT, or a weight is wrong. */
static void later_samples(void **state)
{
	double srtt = 100e6, rttvar = 50e6;
	uint32_t random = 1;
	struct rto rto;

	(void)state;
	rto_init(&rto, SEC, 1 * MS, 60 * SEC);
	rto_sample(&rto, 100 * MS);
	for (int i = 0; i < 10000; i++) {
		int64_t rtt_ns = random = random * 1664525 + 1013904223;
		double error = srtt - (double)rtt_ns;

		rttvar = 0.75 * rttvar + 0.25 * (error < 0 ? -error : error);
		srtt = 0.875 * srtt + 0.125 * (double)rtt_ns;
		rto_sample(&rto, rtt_ns);
		assert_in_range(rto.srtt_ns, (uint64_t)srtt - 20, (uint64_t)srtt + 20);
		assert_in_range(rto.rttvar_ns, (uint64_t)rttvar - 20, (uint64_t)rttvar + 20);
		assert_in_range(rto.rto_ns, (uint64_t)(srtt + 4 * rttvar) - 100,
				(uint64_t)(srtt + 4 * rttvar) + 100);
	}
}

/* (2.4), (2.5) Breaks when a limit does not hold; a clock that steps back must do no harm. */
static void limits(void **state)
{
	struct rto rto;

	(void)state;
	rto_init(&rto, SEC, 200 * MS, 60 * SEC);
	rto_sample(&rto, -5);
	assert_int_equal(rto.srtt_ns, 0);
	assert_int_equal(rto.rto_ns, 200 * MS);
	rto_sample(&rto, INT64_C(1000000) * SEC);
	assert_int_equal(rto.rto_ns, 60 * SEC);
}

/* (5.5), (2.5) Breaks when the timeout does not double, or doubles past the limit. */
static void backs_off(void **state)
{
	struct rto rto;

	(void)state;
	rto_init(&rto, SEC, 200 * MS, 60 * SEC);
	for (int64_t seconds = 2; seconds <= 32; seconds *= 2) {
		rto_back_off(&rto);
		assert_int_equal(rto.rto_ns, seconds * SEC);
	}
	for (int i = 0; i < 100; i++)
		rto_back_off(&rto);
	assert_int_equal(rto.rto_ns, 60 * SEC);
	rto_sample(&rto, 100 * MS);
	assert_int_equal(rto.rto_ns, 300 * MS);
	rto_init(&rto, SEC, 1, INT64_MAX);
	for (int i = 0; i < 100; i++)
		rto_back_off(&rto);
	assert_int_equal(rto.rto_ns, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(initial),       cmocka_unit_test(first_sample),
	    cmocka_unit_test(later_samples), cmocka_unit_test(limits),
	    cmocka_unit_test(backs_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
