/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts of closes, and phase times, from scripted exchanges: each test says in its name which
 * would be wrong if it were not there. All at initial numbers around 2^31 and 2^32. */
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

static const uint32_t numbers[][2] = {
    {1000, 5000},    {0xffffffff, 0xffffffff}, {0xfffffffe, 0x7fffffff}, {0x7ffffffe, 0xfffffff0},
    {0x80000000, 0}, {0, 0x80000000},
};
#define EACH(i) (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)

static void expect(const struct play *play, const char *handshake, const char *close)
{
	assert_string_equal(play_handshake_token(play), handshake);
	assert_string_equal(play_close_token(play), close);
	assert_true(probe_done(&play->probe));
	assert_false(probe_left_open(&play->probe));
	for (unsigned i = 0; i < PROBE_TIMER_COUNT; i++)
		assert_true(play->timers[i] < 0 || i == PROBE_TIMER_STEP);
}

static void test_three_segments(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 20, F, 1, 2, 0); /* F. 1:1(0) ack 2 */
			play_wait(&s, 2000);
			expect(&s, "established", "three-segment");
			assert_int_equal(s.probe.facts.peer_fin_ns - s.probe.facts.fin_ns, 20 * MS);
			assert_int_equal(s.probe.peer.state, TCB_CLOSED);
			assert_true(s.probe.peer.assumed);
		}
}

static void test_four_segments(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 5, A, 1, 2, 0); /* . 1:1(0) ack 2 */
			assert_int_equal(s.probe.peer.state, TCB_CLOSE_WAIT);
			assert_false(s.probe.peer.assumed);
			play_server(&s, 100, F, 1, 2, 0);
			play_wait(&s, 2000);
			expect(&s, "established", "four-segment");
			assert_int_equal(s.probe.facts.fin_acked_ns - s.probe.facts.fin_ns, 5 * MS);
		}
}

/* The separate ACK overtaken by the FIN on its way: its number tells that it was sent first. */
static void test_overtaken_ack(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 20, F, 1, 2, 0);
			play_server(&s, 1, A, 1, 2, 0);
			play_wait(&s, 2000);
			expect(&s, "established", "four-segment");
		}
}

static void test_data_then_fin(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 5, A | TCP_PSH, 1, 2, 100);
			play_server(&s, 5, F, 101, 2, 0);
			play_wait(&s, 2000);
			expect(&s, "established", "data-then-fin");
			assert_int_equal(s.probe.facts.data_in_after_fin, 100);
		}
}

static void test_simultaneous(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 1, F, 1, 1, 0); /* does not acknowledge ours */
			assert_int_equal(s.probe.tcb.state, TCB_CLOSING);
			play_server(&s, 10, A, 2, 2, 0);
			play_wait(&s, 2000);
			expect(&s, "established", "simultaneous");
			assert_int_equal(s.probe.peer.state, TCB_TIME_WAIT);
		}
}

/* A server that holds the connection is asked twice, then reset, and the reset is confirmed. */
static void test_held_open(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 5, A, 1, 2, 0);
			play_wait(&s, 10000);
			assert_int_equal(s.probe.phase, PHASE_ASK);
			assert_int_equal(s.last.seq, s.iss + 1);
			play_server(&s, 5, A, 1, 2, 0);
			assert_int_equal(s.probe.phase, PHASE_ASK);
			play_wait(&s, 800);
			play_server(&s, 5, A, 1, 2, 0);
			assert_int_equal(s.probe.phase, PHASE_RESET);
			assert_true(s.probe.reset_sent);
			play_server(&s, 5, TCP_RST, 1, 0, 0);
			play_wait(&s, 100);
			expect(&s, "established", "held-open");
			assert_true(s.probe.reset_confirmed);
			assert_true(s.probe.still_there);
			assert_int_equal(s.probe.final_state, TCB_FIN_WAIT_2);
		}
}

/* The server's FIN was lost: its answer's number tells, and the probe waits on. */
static void test_lost_fin_is_not_held_open(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 5, A, 1, 2, 0);
			play_wait(&s, 10000);
			play_server(&s, 5, A, 2, 2,
				    0); /* SND.NXT is behind a FIN that we never saw */
			assert_int_equal(s.probe.phase, PHASE_CLOSE);
			play_server(&s, 3000, F, 1, 2, 0);
			play_wait(&s, 2000);
			expect(&s, "established", "four-segment");
		}
}

static void test_reset_abort_and_gone(void **state)
{
	(void)state;
	for
		EACH(i)
		{
			struct play s;

			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 5, TCP_RST | A, 1, 2, 0); /* R. 1:1(0) ack 2 */
			play_wait(&s, 100);
			expect(&s, "established", "reset-abort");
			play_init(&s, numbers[i][0], numbers[i][1]);
			play_handshake(&s);
			play_server(&s, 5, TCP_RST, 1, 0, 0); /* R 1:1(0) */
			play_wait(&s, 100);
			expect(&s, "open", "reset-gone");
		}
}

static void test_server_first(void **state)
{
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	s.plan.await_ns = 1000 * MS;
	play_handshake(&s);
	play_server(&s, 50, F, 1, 1, 0);
	assert_int_equal(s.probe.tcb.state, TCB_LAST_ACK);
	play_server(&s, 5, A, 2, 2, 0);
	play_wait(&s, 100);
	expect(&s, "established", "server-first");
	assert_int_equal(s.probe.peer.state, TCB_TIME_WAIT);
	assert_false(s.probe.peer.assumed);
}

static void late_data(struct play *s, uint16_t answer)
{
	play_init(s, 0xfffffffe, 0x7ffffffe);
	s->plan.await_ns = 1000 * MS;
	play_open(s);
	s->probe.request = (const uint8_t *)"abc";
	s->probe.request_len = 3;
	play_server(s, 10, S, 0, 1, 0);
	play_server(s, 50, F, 1, 1, 0);
	assert_int_equal(s->last.data_len, 3);
	play_server(s, 5, answer, 2, answer & A ? 4 : 0, 0);
}

static void test_late_data(void **state)
{
	struct play s;

	(void)state;
	late_data(&s, TCP_RST);
	play_wait(&s, 100);
	expect(&s, "established", "late-data-reset");
	late_data(&s, A);
	play_server(&s, 5, A, 2, 5, 0);
	play_wait(&s, 100);
	expect(&s, "established", "late-data-acked");
}

/* Karn: no round trip from a repeated SYN, but where timestamps name the copy, and no server can
 * have repeated its SYN-ACK so soon. */
/* A RST that leaves our port and is not ours is the kernel's. */
/* Without the capture's view of our segments there are no times, and the probe still ends. */
/* Stopping resets what is open, and only that. */
static void test_stop(void **state)
{
	struct probe_output out = {.count = 0};
	struct play s;

	(void)state;
	play_init(&s, 1, 2);
	s.plan.await_ns = 9000 * MS;
	play_handshake(&s);
	probe_stop(&s.probe, s.now_ms * MS, &out);
	assert_int_equal(out.actions[0].seg.flags, TCP_RST);
	assert_true(s.probe.reset_sent);
	assert_int_equal(s.probe.phase, PHASE_RESET);
	play_init(&s, 1, 2);
	play_handshake(&s);
	play_server(&s, 5, F, 1, 2, 0);
	out.count = 0;
	probe_stop(&s.probe, s.now_ms * MS, &out);
	assert_false(s.probe.reset_sent); /* TIME-WAIT: both sides have closed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_three_segments),
	    cmocka_unit_test(test_four_segments),
	    cmocka_unit_test(test_overtaken_ack),
	    cmocka_unit_test(test_data_then_fin),
	    cmocka_unit_test(test_simultaneous),
	    cmocka_unit_test(test_held_open),
	    cmocka_unit_test(test_lost_fin_is_not_held_open),
	    cmocka_unit_test(test_reset_abort_and_gone),
	    cmocka_unit_test(test_server_first),
	    cmocka_unit_test(test_late_data),
	    cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
