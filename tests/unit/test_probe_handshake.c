/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts of handshakes, round trips, and what the capture shows, from scripted exchanges: each
 * test says in its name which would be wrong if it were not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probe_play.h"

#define F  (TCP_FIN | TCP_ACK)
#define A  TCP_ACK
#define S  (TCP_SYN | TCP_ACK)
#define MS INT64_C(1000000)

static void expect(const struct play *play, const char *handshake, const char *close)
{
	assert_string_equal(play_handshake_token(play), handshake);
	assert_string_equal(play_close_token(play), close);
	assert_true(probe_done(&play->probe));
	assert_false(probe_left_open(&play->probe));
	for (unsigned i = 0; i < PROBE_TIMER_COUNT; i++)
		assert_true(play->timers[i] < 0 || i == PROBE_TIMER_STEP);
}

static void test_established_reset(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	s.plan.await_ns = 1000 * MS;
	play_handshake(&s);
	play_server(&s, 5, TCP_RST | A, 1, 1, 0);
	play_wait(&s, 100);
	expect(&s, "established-reset", "server-reset");
}

static void test_silent_and_mute(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	play_handshake(&s);
	play_wait(&s, 60000);
	assert_string_equal(play_handshake_token(&s), "mute");
	assert_string_equal(play_close_token(&s), "silent");
	assert_int_equal(s.probe.facts.fin_count, 4);
	assert_true(s.probe.reset_sent);
	assert_false(s.probe.reset_confirmed);
	play_init(&s, 1, 2);
	play_handshake(&s);
	play_server(&s, 1000, S, 0, 1, 0);
	play_wait(&s, 60000);
	assert_string_equal(play_handshake_token(&s), "accept-dropped");
}

static void test_deferred_accept(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	s.plan.await_ns = 5000 * MS;
	play_handshake(&s);
	play_server(&s, 1000, S, 0, 1, 0);
	assert_int_equal(s.probe.peer.state, TCB_ESTABLISHED); /* if our ACK counts this time */
	play_server(&s, 2000, S, 0, 1, 0);
	play_wait(&s, 3000);
	play_server(&s, 5, F, 1, 2, 0);
	play_wait(&s, 2000);
	expect(&s, "deferred-accept", "three-segment");
}

static void test_refusals(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	play_open(&s);
	play_server(&s, 10, TCP_RST | A, 0, 1, 0);
	play_wait(&s, 100);
	expect(&s, "closed", "none");
	assert_int_equal(facts_handshake_rtt_ns(&s.probe.facts), 10 * MS);

	play_init(&s, 1, 2);
	play_open(&s);
	play_server(&s, 10, TCP_RST, 7, 0, 0); /* without ACK: must not be believed */
	play_wait(&s, 60000);
	expect(&s, "invalid-reset", "none");

	play_init(&s, 1, 2);
	play_open(&s);
	play_server(&s, 10, S, 0, 77, 0);
	assert_int_equal(s.last.flags, TCP_RST);
	assert_int_equal(s.last.seq, s.iss + 77);
	play_wait(&s, 60000);
	expect(&s, "bad-synack", "none");

	play_init(&s, 1, 2);
	play_open(&s);
	play_wait(&s, 60000);
	expect(&s, "filtered", "none");
	assert_int_equal(s.probe.facts.syn_count, 4);
}

static void test_icmp(void **state)
{
	char text[TOKEN_TEXT_MAX];
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	play_open(&s);
	play_icmp(&s, 10, 3, 13); /* hard: ends the attempt */
	play_wait(&s, 100);
	expect(&s, "icmp", "none");
	assert_string_equal(verdict_text(&s.probe, TOKEN_ICMP, text), "icmp-3-13");
	play_init(&s, 1, 2);
	play_open(&s);
	play_icmp(&s, 10, 3, 1); /* soft: a later answer counts */
	assert_false(probe_done(&s.probe));
	play_server(&s, 10, S, 0, 1, 0);
	play_server(&s, 5, F, 1, 2, 0);
	play_wait(&s, 2000);
	expect(&s, "established", "three-segment");
}

static void test_karn(void **state)
{
	struct play s;
	uint32_t first;

	(void)state;
	play_init(&s, 1, 2);
	play_open(&s);
	play_wait(&s, 1500); /* the second SYN left at 1000 */
	play_server(&s, 0, S, 0, 1, 0);
	assert_int_equal(facts_handshake_rtt_ns(&s.probe.facts), 500 * MS);

	play_init(&s, 1, 2);
	play_open(&s);
	play_wait(&s, 1950); /* 950 ms after the second: perhaps the server's own repetition */
	play_server(&s, 0, S, 0, 1, 0);
	assert_int_equal(facts_handshake_rtt_ns(&s.probe.facts), -1);

	play_init(&s, 1, 2);
	play_open(&s);
	first = s.last.options.tsval;
	play_wait(&s, 1500);
	s.last.options.tsval = first; /* the answer to the first copy */
	play_server(&s, 0, S, 0, 1, 0);
	assert_int_equal(facts_handshake_rtt_ns(&s.probe.facts), -1);
}

static void test_foreign_reset(void **state)
{
	struct probe_output out = {.count = 0};
	struct packet packet;
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	s.plan.await_ns = 1000 * MS;
	play_handshake(&s);
	packet = (struct packet){.kind = PACKET_TCP, .flow = s.probe.flow};
	packet.seg.flags = TCP_RST;
	packet.seg.seq = s.iss + 1;
	assert_int_equal(probe_left(&s.probe, &packet, 1, 1, &out), SIGHTING_FOREIGN_RST);
}

static void test_blind_capture(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	s.capture_blind = true;
	play_handshake(&s);
	play_server(&s, 5, F, 1, 2, 0);
	play_wait(&s, 3000);
	assert_true(probe_done(&s.probe));
	assert_int_equal(facts_handshake_rtt_ns(&s.probe.facts), -1);
}

/* A bare ACK of nothing but our SYN would pass for a proof that the server is ESTABLISHED. */
static void test_bare_ack_proves_nothing(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 0xffffffff, 0x7fffffff);
	s.plan.await_ns = 5000 * MS;
	play_handshake(&s);
	play_server(&s, 5, A, 1, 1, 0);
	assert_int_equal(s.probe.peer.state, TCB_ESTABLISHED);
	assert_false(s.probe.peer.established);
	play_server(&s, 5, A | TCP_PSH, 1, 1, 10);
	assert_true(s.probe.peer.established);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_established_reset),
	    cmocka_unit_test(test_silent_and_mute),
	    cmocka_unit_test(test_deferred_accept),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_icmp),
	    cmocka_unit_test(test_karn),
	    cmocka_unit_test(test_bare_ack_proves_nothing),
	    cmocka_unit_test(test_foreign_reset),
	    cmocka_unit_test(test_blind_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
