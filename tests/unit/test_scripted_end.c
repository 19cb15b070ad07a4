/* SPDX-License-Identifier: BSD-2-Clause */
/* A probe that a script steers, its end: without it a script could leave a connection behind at a
 * server, or reset one that both sides have closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scripted_play.h"

/* --- the end --- */

static void end_resets_what_is_open_at(uint32_t iss, uint32_t irs)
{
	struct play s;
	unsigned sent;

	begin(&s, iss, irs);
	s.probe.muted = true;
	sent = s.sent;
	call(&s, scripted_end);
	assert_int_equal(s.sent, sent + 2);
	/* the question comes behind the RST, from well before the window */
	assert_int_equal((int32_t)(s.last.seq - iss), -63);
	assert_int_equal(s.last.flags, A);
	assert_int_equal(s.probe.phase, PHASE_RESET);
	assert_int_equal(s.probe.final_state, TCB_ESTABLISHED);
	play_server(&s, 5, R, 1, 0, 0);
	play_wait(&s, 100);
	assert_true(probe_done(&s.probe));
	assert_true(s.probe.reset_confirmed);
	assert_false(probe_left_open(&s.probe));
}
AT_EACH(end_resets_what_is_open)

/* Both sides have closed: nothing is left to say. */
static void end_says_nothing_after_a_close_at(uint32_t iss, uint32_t irs)
{
	struct play s;
	unsigned sent;

	begin(&s, iss, irs);
	call(&s, scripted_fin);
	play_server(&s, 10, F, 1, 2, 0);
	assert_int_equal(s.probe.tcb.state, TCB_TIME_WAIT);
	sent = s.sent;
	call(&s, scripted_end);
	assert_int_equal(s.sent, sent);
	assert_true(probe_done(&s.probe));
	assert_false(s.probe.reset_sent);
	assert_false(probe_left_open(&s.probe));
	assert_int_equal(s.probe.final_state, TCB_TIME_WAIT);
	begin(&s, iss, irs);
	play_server(&s, 10, R, 1, 0, 0);
	sent = s.sent;
	call(&s, scripted_end);
	assert_int_equal(s.sent, sent);
	assert_true(probe_done(&s.probe));
}
AT_EACH(end_says_nothing_after_a_close)

/* Where a crafted segment had a part in it the machine's view is no proof: the server is asked. */
static void end_makes_sure_after_crafted_segments_at(uint32_t iss, uint32_t irs)
{
	struct play s;
	unsigned sent;

	begin(&s, iss, irs);
	craft(&s, A, 300, 5, false);
	call(&s, scripted_fin);
	play_server(&s, 10, F, 1, 2, 0);
	sent = s.sent;
	call(&s, scripted_end);
	assert_int_equal(s.sent, sent + 2);
	assert_true(s.probe.reset_sent);
	/* the server stands elsewhere: its answer tells where */
	play_server(&s, 5, A, 2, 306, 0);
	assert_int_equal(s.last.flags, R);
	assert_int_equal(s.last.seq - iss, 306);
	play_wait(&s, 300);
	play_server(&s, 5, R, 2, 0, 0);
	play_wait(&s, 100);
	assert_true(probe_done(&s.probe));
	assert_true(s.probe.reset_confirmed);
}
AT_EACH(end_makes_sure_after_crafted_segments)

/* A machine that gave up while it was muted has not told the server. */
static void end_resets_what_was_given_up_at(uint32_t iss, uint32_t irs)
{
	struct play s;
	unsigned sent;

	begin(&s, iss, irs);
	assert_true(write_data(&s, "abc", 3));
	s.probe.muted = true;
	sent = s.sent;
	play_wait(&s, 60000);
	assert_true(s.probe.gave_up);
	assert_int_equal(s.sent, sent);
	call(&s, scripted_end);
	assert_int_equal(s.sent, sent + 2);
	assert_int_equal(s.probe.final_state, TCB_ESTABLISHED);
	play_server(&s, 5, R, 1, 0, 0);
	play_wait(&s, 100);
	assert_true(probe_done(&s.probe));
}
AT_EACH(end_resets_what_was_given_up)

/* The second call, and a signal after it, change nothing. */
static void end_once(void **state)
{
	struct probe_output out = {.count = 0};
	struct play s;

	(void)state;
	begin(&s, 1, 2);
	call(&s, probe_stop);
	assert_true(s.probe.stopped);
	assert_int_equal(s.probe.phase, PHASE_RESET);
	scripted_end(&s.probe, s.now_ms * MS, &out);
	scripted_close(&s.probe, s.now_ms * MS, &out);
	scripted_fin(&s.probe, s.now_ms * MS, &out);
	assert_false(scripted_write(&s.probe, (const uint8_t *)"x", 1, s.now_ms * MS, &out));
	probe_stop(&s.probe, s.now_ms * MS, &out);
	assert_int_equal(out.count, 0);
}

/* --- close --- */

static void close_hands_over_to_the_plan_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin(&s, iss, irs);
	s.probe.muted = true;
	call(&s, scripted_close);
	assert_int_equal(s.last.flags, F);
	assert_int_equal(s.probe.phase, PHASE_CLOSE);
	play_server(&s, 20, F, 1, 2, 0);
	play_wait(&s, 2000);
	assert_true(probe_done(&s.probe));
	assert_string_equal(play_close_token(&s), "three-segment");
	assert_false(s.probe.reset_sent);
}
AT_EACH(close_hands_over_to_the_plan)

/* A FIN of the script's that was lost: a graceful close sends it again, and ends in any case. */
static void close_after_a_lost_crafted_fin_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin(&s, iss, irs);
	craft(&s, F, 1, 0, true);
	play_wait(&s, 10000);
	assert_int_equal(s.sent, 2); /* the machine's SYN and ACK alone */
	call(&s, scripted_close);
	play_wait(&s, 3000);
	assert_int_equal(s.last.flags, F);
	assert_int_equal(s.last.seq - iss, 1);
	play_server(&s, 20, F, 1, 2, 0);
	play_wait(&s, 2000);
	assert_true(probe_done(&s.probe));
	begin(&s, iss, irs);
	play_server(&s, 20, F, 1, 1, 0);
	craft(&s, F, 1, 0, true);
	call(&s, scripted_close);
	play_wait(&s, 600000);
	assert_true(probe_done(&s.probe));
	assert_true(s.probe.gave_up);
}
AT_EACH(close_after_a_lost_crafted_fin)

/* A server that holds the connection is reset in the end, as after `shakedown probe`. */
static void close_of_a_held_connection_ends(void **state)
{
	struct play s;

	(void)state;
	begin(&s, 1, 2);
	call(&s, scripted_close);
	play_server(&s, 5, A, 1, 2, 0);
	play_wait(&s, 600000);
	assert_true(probe_done(&s.probe));
	assert_true(s.probe.reset_sent);
	assert_string_equal(play_close_token(&s), "held-open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(end_resets_what_is_open),
	    cmocka_unit_test(end_says_nothing_after_a_close),
	    cmocka_unit_test(end_makes_sure_after_crafted_segments),
	    cmocka_unit_test(end_resets_what_was_given_up),
	    cmocka_unit_test(end_once),
	    cmocka_unit_test(close_hands_over_to_the_plan),
	    cmocka_unit_test(close_after_a_lost_crafted_fin),
	    cmocka_unit_test(close_of_a_held_connection_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
