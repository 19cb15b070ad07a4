/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of evidence of round-trip times, from scripted answers: each test says in its comment
 * which wrong time would be believed if it were not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe/rtt.h"
#include "probe_play.h"

#define A  TCP_ACK
#define S  (TCP_SYN | TCP_ACK)
#define MS INT64_C(1000000)

static struct rtt_measurement measure(const struct play *play)
{
	struct rtt_measurement measurement;

	rtt_measure(&play->probe, &measurement);
	return measurement;
}

/* An answer with another ISS in it would count. */
static void test_wrong_iss(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play_open(&play);
	play_server(&play, 5, S, 0, 500, 0);
	play_server(&play, 10, S, 0, 1, 0);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_SYNACK);
	assert_int_equal(m.rtt_ns, 15 * MS);
}

/* A bare RST, which anybody could forge, would count. */
static void test_invalid_reset(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play.plan.tcb.syn_retries = 0;
	play_open(&play);
	play_server(&play, 5, TCP_RST, 3, 0, 0);
	play_wait(&play, 5000);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_NONE);
	assert_int_equal(m.rtt_ns, -1);
}

/* A closed port's answer would be no time, or no label. */
static void test_reset_is_an_answer(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play_open(&play);
	play_server(&play, 7, TCP_RST | A, 0, 1, 0);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_RST);
	assert_int_equal(m.rtt_ns, 7 * MS);
}

/* Of a repeated SYN the wrong copy would be timed; ICMP's quote cannot tell which. */
static void test_retransmitted(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play.plan.tcb.timestamps = false;
	play_open(&play);
	play_wait(&play, 1500);
	play_server(&play, 0, S, 0, 1, 0);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_SYNACK);
	assert_int_equal(m.retransmits, 1);
	/* the server's timestamps say nothing, since we offered none */
	play_init(&play, 1000, 2000);
	play_open(&play);
	play_wait(&play, 1500);
	play_icmp(&play, 0, 3, 3);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_ICMP);
	assert_int_equal(m.rtt_ns, -1);
}

static void test_icmp_is_labelled(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play_open(&play);
	play_icmp(&play, 4, 3, 13);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_ICMP);
	assert_int_equal(m.rtt_ns, 4 * MS);
	assert_int_equal(m.icmp_code, 13);
}

/* A copy that the network made would pass for a repetition, or move the time. */
static void test_duplicate(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play.plan.await_ns = 3000 * MS;
	play_handshake(&play);
	play_server(&play, 20, S, 0, 1, 0);
	m = measure(&play);
	assert_int_equal(m.rtt_ns, 10 * MS);
	assert_int_equal(m.duplicates, 1);
	play_server(&play, 1000, S, 0, 1, 0); /* this one a timer sent */
	m = measure(&play);
	assert_int_equal(m.duplicates, 1);
	assert_int_equal(m.rtt_ns, 10 * MS);
}

/* --half-open would complete the handshake, or leave the server half open. */
static void test_half_open(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 0xffffffff, 2000);
	play.plan.close = PLAN_CLOSE_HALF_OPEN;
	play_handshake(&play);
	assert_int_equal(play.sent, 2);
	assert_int_equal(play.last.flags, TCP_RST);
	assert_int_equal(play.last.seq, 0);
	assert_true(probe_done(&play.probe));
	assert_false(probe_left_open(&play.probe));
	m = measure(&play);
	assert_int_equal(m.rtt_ns, 10 * MS);
}

/* --data-rtt would time the wrong pair, or wait for ever for an answer that never comes. */
static void test_data_rtt(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play.plan.measure_path = true;
	play_handshake(&play);
	assert_int_equal(play.last.seq, play.iss); /* SND.NXT - 1 */
	play_server(&play, 3, A, 1, 1, 0);
	play_server(&play, 8, TCP_FIN | A, 1, 2, 0);
	m = measure(&play);
	assert_int_equal(m.path_ns, 3 * MS);
	assert_int_equal(m.close_ns, 8 * MS);

	play_init(&play, 1000, 2000);
	play.plan.measure_path = true;
	play_handshake(&play);
	play_wait(&play, 1100);
	assert_int_equal(play.last.flags, TCP_FIN | A);
	play_server(&play, 8, TCP_FIN | A, 1, 2, 0);
	m = measure(&play);
	assert_int_equal(m.path_ns, -1);
	assert_int_equal(m.rtt_ns, 10 * MS);
}

/* What the capture did not show would be timed by something else. */
static void test_blind_capture(void **state)
{
	struct rtt_measurement m;
	struct play play;

	(void)state;
	play_init(&play, 1000, 2000);
	play.capture_blind = true;
	play_handshake(&play);
	m = measure(&play);
	assert_int_equal(m.answer, RTT_ANSWER_SYNACK);
	assert_int_equal(m.rtt_ns, -1);
	assert_int_equal(m.sent_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wrong_iss),          cmocka_unit_test(test_invalid_reset),
	    cmocka_unit_test(test_reset_is_an_answer), cmocka_unit_test(test_retransmitted),
	    cmocka_unit_test(test_icmp_is_labelled),   cmocka_unit_test(test_duplicate),
	    cmocka_unit_test(test_half_open),          cmocka_unit_test(test_data_rtt),
	    cmocka_unit_test(test_blind_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
