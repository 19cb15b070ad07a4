/* SPDX-License-Identifier: BSD-2-Clause */
/* A probe that a script steers, its numbers: without it a script's own segments could confuse the
 * machine, or the machine speak where it must be silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scripted_play.h"

/* --- mute --- */

/* Not an ACK, not a retransmission, not an answer to a FIN; but what came counts. */
static void muted_hears_and_is_silent_at(uint32_t iss, uint32_t irs)
{
	struct play s;
	unsigned sent;

	begin(&s, iss, irs);
	assert_true(write_data(&s, "abc", 3));
	s.probe.muted = true;
	sent = s.sent;
	play_server(&s, 10, A, 1, 1, 100);
	numbers_are(&s, 1, 4, 101);
	assert_int_equal(s.probe.facts.data_in, 100);
	play_server(&s, 10, F, 101, 1, 0);
	assert_int_equal(s.probe.tcb.state, TCB_CLOSE_WAIT);
	numbers_are(&s, 1, 4, 102);
	play_wait(&s, 2500); /* the retransmission timer fires */
	play_server(&s, 10, A | R, 50000, 4, 0);
	assert_int_equal(s.sent, sent);
	s.probe.muted = false;
	play_server(&s, 10, F, 101, 1, 0);
	assert_int_equal(s.sent, sent + 1);
	assert_int_equal(s.last.ack - irs, 102);
}
AT_EACH(muted_hears_and_is_silent)

/* The SYN-ACK is heard, its ACK is not sent, and the end still resets the server's half. */
static void third_segment_withheld_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	play_init(&s, iss, irs);
	s.plan.close = PLAN_CLOSE_SCRIPT;
	play_open(&s);
	s.probe.withhold_third = true;
	play_wait(&s, 1500); /* the SYN may be lost: it is sent again */
	assert_int_equal(s.sent, 2);
	play_server(&s, 10, S, 0, 1, 0);
	play_server(&s, 1000, S, 0, 1, 0);
	assert_int_equal(s.sent, 2);
	numbers_are(&s, 1, 1, 1);
	assert_true(s.probe.muted);
	assert_int_equal(s.probe.peer.state, TCB_SYN_RECEIVED);
	call(&s, scripted_end);
	assert_int_equal(s.sent, 4); /* RST, question */
	assert_int_equal((int32_t)(s.last.seq - iss), -63);
	play_server(&s, 5, R, 1, 0, 0);
	play_wait(&s, 100);
	assert_true(probe_done(&s.probe));
	assert_false(probe_left_open(&s.probe));
}
AT_EACH(third_segment_withheld)

/* --- crafted segments --- */

static void in_order_segments_count_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin(&s, iss, irs);
	craft(&s, A, 1, 5, true);
	numbers_are(&s, 1, 6, 1);
	assert_int_equal(s.probe.tcb.state, TCB_ESTABLISHED);
	play_server(&s, 10, A, 1, 6, 0);
	numbers_are(&s, 6, 6, 1);
	craft(&s, F, 6, 2, true);
	numbers_are(&s, 6, 9, 1);
	assert_int_equal(s.probe.tcb.state, TCB_FIN_WAIT_1);
	assert_true(s.probe.peer.our_fin);
	play_server(&s, 10, A, 1, 9, 0);
	assert_int_equal(s.probe.tcb.state, TCB_FIN_WAIT_2);
	assert_true(tcb_fin_acked(&s.probe.tcb));
	play_server(&s, 10, F, 1, 9, 0);
	assert_int_equal(s.probe.tcb.state, TCB_TIME_WAIT);
	assert_int_equal(s.last.ack - irs, 2);
}
AT_EACH(in_order_segments_count)

/* The server closed first: our crafted FIN is the last one. */
static void crafted_fin_after_theirs_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin(&s, iss, irs);
	play_server(&s, 10, F, 1, 1, 0);
	craft(&s, F, 1, 0, true);
	assert_int_equal(s.probe.tcb.state, TCB_LAST_ACK);
	numbers_are(&s, 1, 2, 2);
	play_server(&s, 10, A, 2, 2, 0);
	assert_int_equal(s.probe.tcb.state, TCB_CLOSED);
}
AT_EACH(crafted_fin_after_theirs)

/* What is out of place, or meant not to count, moves neither machine nor inference. */
static void odd_segments_do_not_count_at(uint32_t iss, uint32_t irs)
{
	static const struct {
		uint16_t flags;
		uint32_t seq, len;
		bool count;
	} odd[] = {
	    {F, 2, 0, true},  {A, 0, 5, true},  {F, 100, 5, true},
	    {A, 1, 5, false}, {F, 1, 0, false}, {TCP_SYN, 1, 0, true},
	    {S, 1, 3, true},  {R, 1, 0, false}, {A, (uint32_t)-1, 1, true},
	};
	struct play s;

	begin(&s, iss, irs);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct peer peer = s.probe.peer;

		craft(&s, odd[i].flags, odd[i].seq, odd[i].len, odd[i].count);
		numbers_are(&s, 1, 1, 1);
		assert_int_equal(s.probe.tcb.state, TCB_ESTABLISHED);
		if (!odd[i].count)
			assert_memory_equal(&peer, &s.probe.peer, sizeof(peer));
		assert_true(s.probe.crafted);
	}
	assert_int_equal(s.probe.timeline.moments[s.probe.timeline.count - 1].ours, true);
}
AT_EACH(odd_segments_do_not_count)

/* Behind the FIN there is no more room, and there is one FIN only. */
static void nothing_counts_after_the_fin_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin(&s, iss, irs);
	call(&s, scripted_fin);
	assert_int_equal(s.last.flags, F);
	numbers_are(&s, 1, 2, 1);
	craft(&s, A, 2, 5, true);
	craft(&s, F, 2, 0, true);
	numbers_are(&s, 1, 2, 1);
	assert_int_equal(s.probe.tcb.state, TCB_FIN_WAIT_1);
	assert_false(write_data(&s, "x", 1));
}
AT_EACH(nothing_counts_after_the_fin)

/* The machine has no copy of crafted octets: it sends its own data again, and never reads in front
 * of them. */
static void crafted_octets_are_not_sent_again_at(uint32_t iss, uint32_t irs)
{
	struct play s;
	unsigned sent;

	begin(&s, iss, irs);
	craft(&s, A, 1, 5, true);
	sent = s.sent;
	assert_false(write_data(&s, "data", 4)); /* not before those are acknowledged */
	play_wait(&s, 5000);
	assert_int_equal(s.sent, sent);
	play_server(&s, 10, A, 1, 6, 0);
	assert_true(write_data(&s, "data", 4));
	assert_int_equal(s.last.seq - iss, 6);
	play_wait(&s, 1500);
	assert_int_equal(s.last.seq - iss, 6);
	assert_memory_equal(s.last.data, "data", 4);
	craft(&s, A, 10, 3, true);
	play_wait(&s, 2500);
	assert_int_equal(s.last.seq - iss, 6);
	assert_int_equal(s.last.data_len, 4);
}
AT_EACH(crafted_octets_are_not_sent_again)

/* --- without a machine --- */

/* Nothing is sent by itself; the numbers follow what is sent and what comes in order. */
static void raw_numbers_follow_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin_raw(&s, iss, irs);
	assert_int_equal(s.probe.tcb.snd_nxt, iss);
	craft(&s, TCP_SYN, 0, 0, true);
	assert_int_equal(s.probe.tcb.snd_nxt, iss + 1);
	craft(&s, TCP_SYN, 0, 0, true); /* once more: it does not count twice */
	assert_int_equal(s.probe.tcb.snd_nxt, iss + 1);
	play_server(&s, 10, S, 0, 1, 0);
	numbers_are(&s, 1, 1, 1);
	assert_true(s.probe.raw_synchronized);
	assert_true(s.probe.tcb.timestamps_on);
	assert_int_equal(s.probe.tcb.ts_recent, (uint32_t)s.now_ms);
	assert_int_equal(s.probe.tcb.snd_mss, 1460);
	assert_int_equal(s.probe.tcb.snd_wnd, 65000);
	play_server(&s, 10, S, 0, 1, 0); /* repeated */
	craft(&s, A, 1, 10, true);
	numbers_are(&s, 1, 11, 1);
	play_server(&s, 10, A, 1, 11, 100);
	numbers_are(&s, 11, 11, 101);
	play_server(&s, 10, A, 1, 11, 100);  /* old */
	play_server(&s, 10, A, 102, 11, 10); /* beyond a hole */
	play_server(&s, 10, A, 101, 12, 0);  /* acknowledges what was never sent */
	numbers_are(&s, 11, 11, 101);
	play_server(&s, 10, F, 101, 11, 5);
	numbers_are(&s, 11, 11, 107);
	craft(&s, F, 11, 0, true);
	craft(&s, R | A, 12, 0, true);
	craft(&s, A, 12, 5, false);
	numbers_are(&s, 11, 12, 107);
	play_server(&s, 10, R, 107, 0, 0);
	numbers_are(&s, 11, 12, 107);
	play_wait(&s, 100000);
	assert_int_equal(s.sent, 0);
	assert_int_equal(s.probe.tcb.state, TCB_CLOSED);
}
AT_EACH(raw_numbers_follow)

/* There is nothing that could write or close, and a close is the end. */
static void raw_has_no_machine_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin_raw(&s, iss, irs);
	assert_false(write_data(&s, "x", 1));
	call(&s, scripted_fin);
	assert_int_equal(s.sent, 0);
	call(&s, scripted_close);
	assert_true(probe_done(&s.probe));
	assert_int_equal(s.sent, 0); /* nothing was said, nobody need be told */
}
AT_EACH(raw_has_no_machine)

/* A server that answered is reset, and asked whether it is. */
static void raw_end_resets_at(uint32_t iss, uint32_t irs)
{
	struct play s;

	begin_raw(&s, iss, irs);
	craft(&s, TCP_SYN, 0, 0, true);
	play_server(&s, 10, S, 0, 1, 0);
	call(&s, scripted_end);
	assert_int_equal(s.sent, 2);
	assert_int_equal((int32_t)(s.last.seq - iss), -63);
	play_server(&s, 10, R, 1, 0, 0);
	play_wait(&s, 100);
	assert_true(probe_done(&s.probe));
	assert_true(s.probe.reset_confirmed);
	/* one that refused need not be */
	begin_raw(&s, iss, irs);
	craft(&s, TCP_SYN, 0, 0, true);
	play_server(&s, 10, R | A, 0, 1, 0);
	call(&s, scripted_end);
	assert_int_equal(s.sent, 0);
	assert_true(probe_done(&s.probe));
}
AT_EACH(raw_end_resets)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(muted_hears_and_is_silent),
	    cmocka_unit_test(third_segment_withheld),
	    cmocka_unit_test(in_order_segments_count),
	    cmocka_unit_test(crafted_fin_after_theirs),
	    cmocka_unit_test(odd_segments_do_not_count),
	    cmocka_unit_test(nothing_counts_after_the_fin),
	    cmocka_unit_test(crafted_octets_are_not_sent_again),
	    cmocka_unit_test(raw_numbers_follow),
	    cmocka_unit_test(raw_has_no_machine),
	    cmocka_unit_test(raw_end_resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
