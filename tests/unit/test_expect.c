/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations, from text to outcome: without it a script's `--expect` could pass what it ought to
 * refuse, above all when nothing answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

/* A macro of cmocka, for mock functions, of which there are none here. */
#undef expect_check

#include "stats/expect.h"
#include "stats/quantity.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Round trips of 1, 2, ... 100 ms, five of 105 lost. */
struct run {
	struct samples rtt;
	struct expect_figures figures;
};

static int set_up(void **state)
{
	static struct run run;

	for (int i = 1; i <= 100; i++)
		if (samples_add(&run.rtt, i * INT64_C(1000000)) != 0)
			return -1;
	run.figures = (struct expect_figures){.rtt = &run.rtt,
					      .sent = 105,
					      .answered = 100,
					      .lost = 5,
					      .retransmitted = 2,
					      .duplicates = 1};
	*state = &run;
	return 0;
}

static int tear_down(void **state)
{
	struct run *run = *state;

	samples_free(&run->rtt);
	return 0;
}

static void test_outcomes(void **state)
{
	struct run *run = *state;
	static const struct {
		const char *text;
		bool holds;
		const char *outcome;
	} known[] = {
	    {"p95<=95ms", true, "p95<=95ms: 95 ms"},
	    {"p95<95ms", false, "p95<95ms: 95 ms"},
	    {"p95<95.000001ms", true, "p95<95.000001ms: 95 ms"},
	    {"p99.9==100ms", true, "p99.9==100ms: 100 ms"},
	    {"p100<=0.1s", true, "p100<=0.1s: 100 ms"},
	    {"p0.5==1ms", true, "p0.5==1ms: 1 ms"},
	    {"median<50ms", false, "median<50ms: 50 ms"},
	    {"avg<=50.5ms", true, "avg<=50.5ms: 50.5 ms"},
	    {"avg<50500us", false, "avg<50500us: 50.5 ms"},
	    {"min>999999ns", true, "min>999999ns: 1 ms"},
	    {"max>=100000us", true, "max>=100000us: 100 ms"},
	    {"max>100ms", false, "max>100ms: 100 ms"},
	    {"mdev<28.866ms", false, "mdev<28.866ms: 28.86607 ms"},
	    {"jitter<1ms", true, "jitter<1ms: 998.321 us"},
	    {"loss<4.8%", true, "loss<4.8%: 4.7619 %"},
	    {"loss<=4%", false, "loss<=4%: 4.7619 %"},
	    {"retransmitted<=2", true, "retransmitted<=2: 2"},
	    {"late==0", true, "late==0: 0"},
	    {"duplicates==0", false, "duplicates==0: 1"},
	    {"answered>=10", true, "answered>=10: 100"},
	    {"sent==105", true, "sent==105: 105"},
	    {"lost>5", false, "lost>5: 5"},
	    {" p 95 <= 1 s ", true, "p95<=1s: 95 ms"},
	};

	for (size_t i = 0; i < LEN(known); i++) {
		struct expect expect;
		struct expect_outcome outcome;
		struct err err = {0};

		assert_int_equal(expect_parse(known[i].text, &expect, &err), 0);
		assert_int_equal(expect.count, 1);
		expect_check(&expect.clauses[0], &run->figures, &outcome);
		assert_true(outcome.known);
		assert_string_equal(outcome.text, known[i].outcome);
		assert_int_equal(outcome.holds, known[i].holds);
		assert_int_equal(expect_failures(&expect, &run->figures), !known[i].holds);
	}
}

static void test_many(void **state)
{
	struct run *run = *state;
	struct expect expect;

	assert_int_equal(expect_parse("p95<=20ms,loss<1%,avg<5ms,max<=1s,mdev<2ms,jitter<1ms,\n"
				      "retransmitted<=2,late==0,answered>=10,p99.9<50ms",
				      &expect, NULL),
			 -1); /* the newline after a comma: an empty clause */
	assert_int_equal(expect_parse("p95<=20ms,loss<1%,avg<5ms,max<=1s,mdev<2ms,jitter<1ms\n"
				      "retransmitted<=2,late==0,answered>=10,p99.9<50ms",
				      &expect, NULL),
			 0);
	assert_int_equal(expect.count, 10);
	assert_string_equal(expect.clauses[9].text, "p99.9<50ms");
	assert_string_equal(expect_relation_name(expect.clauses[1].relation), "<");
	assert_int_equal(expect_failures(&expect, &run->figures), 5);
}

/* Without an answer nothing about round-trip times holds, whichever way it points. */
static void test_unknown(void **state)
{
	struct samples none = {0};
	struct expect_figures figures = {.rtt = &none};
	struct expect_outcome outcome;
	struct expect expect;

	(void)state;
	assert_int_equal(expect_parse("p95<1s,p95>0ns,avg<1s,min<1s,max<1s,mdev<1s,jitter<1s,"
				      "median<1s,loss<1%",
				      &expect, NULL),
			 0);
	assert_int_equal(expect_failures(&expect, &figures), 9);
	expect_check(&expect.clauses[0], &figures, &outcome);
	assert_false(outcome.known);
	assert_true(isnan(outcome.value));
	assert_string_equal(outcome.text, "p95<1s: no round-trip time");
	expect_check(&expect.clauses[6], &figures, &outcome);
	assert_string_equal(outcome.text, "jitter<1s: fewer than two round-trip times");
	expect_check(&expect.clauses[8], &figures, &outcome);
	assert_string_equal(outcome.text, "loss<1%: nothing was sent");
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *why;
	} known[] = {
	    {"p200<1ms", "'p200': no such measure: there are min avg max mdev jitter median pNN "
			 "loss sent answered lost retransmitted duplicates late (p50, p99.9)"},
	    {"p0<1ms", "'p0': no such measure"},
	    {"p<1ms", "'p': no such measure"},
	    {"pNN<1ms", "'pNN': no such measure"},
	    {"p95%<1ms", "'p95%': no such measure"},
	    {"P95<1ms", "'P95': no such measure"},
	    {"<1ms", "'': no such measure"},
	    {"", "an empty expectation"},
	    {"p95<1ms,", "an empty expectation"},
	    {",p95<1ms", "an empty expectation"},
	    {"p95", "'p95': no operator that is known: write <, <=, >, >= or =="},
	    {"p95=1ms", "'p95=1ms': no operator"},
	    {"p95=<1ms", "'p95=<1ms': no operator"},
	    {"p95!=1ms", "'p95!=1ms': no operator"},
	    {"p95<=20", "'p95<=20': '20' is not what p95 takes: a time, a number with ns, us, ms "
			"or s"},
	    {"p95<=1%", "'1%' is not what p95 takes"},
	    {"p95<=-1ms", "'-1ms' is not what"},
	    {"p95<=1m", "'1m' is not what"},
	    {"p95<=1.ms", "'1.ms' is not what"},
	    {"p95<=1.2.3ms", "'1.2.3ms' is not what"},
	    {"p95<=", "'' is not what"},
	    {"loss<1", "'1' is not what loss takes: a share, a number with %"},
	    {"late<1ms", "'1ms' is not what late takes: a count, a number without a unit"},
	    {"p95<=1ms loss<1%", "'1msloss<1%' is not what p95 takes"},
	    {"p95<=00000000000000000000000000000000000000000000001ms", "too long for"},
	};

	(void)state;
	for (size_t i = 0; i < LEN(known); i++) {
		struct expect expect;
		struct err err = {0};

		assert_int_equal(expect_parse(known[i].text, &expect, &err), -1);
		assert_int_equal(err.class, ERR_USAGE);
		if (!strstr(err.text, known[i].why))
			fail_msg("%s: %s", known[i].text, err.text);
	}
}

static void test_too_many(void **state)
{
	char text[(EXPECT_CLAUSES + 1) * sizeof("late==0")] = "late==0";
	struct expect expect;

	(void)state;
	for (int i = 1; i < EXPECT_CLAUSES; i++)
		strcat(text, ",late==0");
	assert_int_equal(expect_parse(text, &expect, NULL), 0);
	assert_int_equal(expect.count, EXPECT_CLAUSES);
	strcat(text, ",late==0");
	assert_int_equal(expect_parse(text, &expect, NULL), -1);
}

static void test_quantity(void **state)
{
	static const struct {
		double value;
		enum quantity_unit unit;
		const char *text;
	} known[] = {
	    {0, QUANTITY_TIME, "0 ns"},
	    {999, QUANTITY_TIME, "999 ns"},
	    {1000, QUANTITY_TIME, "1 us"},
	    {1500, QUANTITY_TIME, "1.5 us"},
	    {23412345, QUANTITY_TIME, "23.412345 ms"},
	    {1e9, QUANTITY_TIME, "1 s"},
	    {1234567891, QUANTITY_TIME, "1.234567891 s"},
	    {20e6, QUANTITY_TIME, "20 ms"},
	    {0, QUANTITY_PERCENT, "0 %"},
	    {12.5, QUANTITY_PERCENT, "12.5 %"},
	    {100, QUANTITY_COUNT, "100"},
	    {1e7, QUANTITY_COUNT, "10000000"},
	    {1e300, QUANTITY_COUNT, "1e+300"},
	};
	char text[QUANTITY_TEXT];
	enum quantity_unit unit;
	double value;

	(void)state;
	for (size_t i = 0; i < LEN(known); i++)
		assert_string_equal(quantity_text(known[i].value, known[i].unit, text),
				    known[i].text);
	assert_int_equal(quantity_parse("1.001ms", &value, &unit), 0);
	assert_true(value >= 1001000 && value <= 1001000);
	assert_int_equal(unit, QUANTITY_TIME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_outcomes), cmocka_unit_test(test_many),
	    cmocka_unit_test(test_unknown),  cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_too_many), cmocka_unit_test(test_quantity),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
