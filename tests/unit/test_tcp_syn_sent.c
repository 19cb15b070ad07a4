/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine in SYN-SENT: RFC 9293 section 3.10.7.3 row by row, the SYN repeated and given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* First: an ACK that is not acceptable. Breaks when the answer to a stale or forged SYN-ACK is not
 * <SEQ=SEG.ACK><CTL=RST>, or when it ends our attempt (RFC 9293 section 3.5, figure 8). */
static void bad_synack(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "S. 500:500(0) ack 2");
	client(s, "R 2:2(0)");
	note(s, NOTE_BAD_SYNACK);
	state(s, TCB_SYN_SENT);
	server(s, "S. 500:500(0) ack 0");
	client(s, "R 0:0(0)");
	server(s, ". 500:500(0) ack -70000");
	client(s, "R -70000:-70000(0)");
	server(s, ". 500:500(0) ack 2147483647");
	client(s, "R 2147483647:2147483647(0)");
	state(s, TCB_SYN_SENT);
	runs(s, TCB_TIMER_RETRANSMIT, SEC);
	server(s, "S. 0:0(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	state(s, TCB_ESTABLISHED);
}

/* First: a RST with an unacceptable ACK. Breaks when it is answered, or believed. */
static void bad_ack_rst(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "R. 0:0(0) ack 2");
	nothing(s);
	note(s, NOTE_RST_INVALID);
	server(s, "R. 0:0(0) ack 0");
	server(s, "SR. 0:0(0) ack 0");
	state(s, TCB_SYN_SENT);
}

/* Second: the RST of a closed port. Breaks when it does not end the attempt, or leaves a timer. */
static void rst_refuses(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "R. 4711:4711(0) ack 1");
	nothing(s);
	note(s, NOTE_REFUSED);
	state(s, TCB_CLOSED);
	stopped(s, TCB_TIMER_RETRANSMIT);
}

/* Second: a RST without an ACK proves nothing. Breaks when it ends the attempt. */
static void rst_without_ack(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "R 0:0(0)");
	nothing(s);
	note(s, NOTE_RST_INVALID);
	state(s, TCB_SYN_SENT);
	server(s, "SR 0:0(0)");
	state(s, TCB_SYN_SENT);
	runs(s, TCB_TIMER_RETRANSMIT, SEC);
}

/* Fourth: SYN-ACK. Breaks when the handshake's third segment is not <1><ACK 1>, or a timer is left.
 */
static void synack(struct script *s)
{
	script_established(s);
	note(s, NOTE_HANDSHAKE_DONE);
	stopped(s, TCB_TIMER_RETRANSMIT);
	check(s, s->tcb.irs == s->irs && s->tcb.rcv_nxt == s->irs + 1);
	check(s, s->tcb.snd_una == s->iss + 1);
	check(s, tcb_all_acked(&s->tcb) && !tcb_fin_acked(&s->tcb));
}

/* Fourth: SYN-ACK with text. Breaks when the text is lost, or acknowledged without being delivered.
 */
static void synack_with_text(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "SP. 0:100(100) ack 1");
	delivered(s, 100);
	client(s, ". 1:1(0) ack 101");
	state(s, TCB_ESTABLISHED);
}

/* Fourth: SYN-ACK with FIN. Breaks when the FIN is overlooked, or what was queued never leaves. */
static void synack_with_fin(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	send_close(s, 10);
	server(s, "SF. 0:4(4) ack 1");
	delivered(s, 4);
	client(s, ". 1:1(0) ack 6");
	client(s, "FP. 1:11(10) ack 6");
	state(s, TCB_LAST_ACK);
	server(s, ". 6:6(0) ack 12");
	state(s, TCB_CLOSED);
}

/* Fifth: neither SYN nor RST. Breaks when such a segment does anything. */
static void neither_syn_nor_rst(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, ". 0:0(0) ack 1");
	note(s, NOTE_IGNORED);
	server(s, "P. 0:10(10) ack 1");
	server(s, "F. 0:0(0) ack 1");
	server(s, "- 0:0(0)");
	server(s, "FPU 0:5(5)");
	state(s, TCB_SYN_SENT);
	runs(s, TCB_TIMER_RETRANSMIT, SEC);
}

/* RFC 6298, 5.5: 1, 3, 7 seconds. Breaks when the SYN is repeated at other times, or its answer is
 * used as a round-trip time (Karn), or data start with less than three seconds (5.7). */
static void syn_is_repeated(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "S 0:0(0) <mss 1000>");
	note(s, NOTE_RETRANSMITTED);
	runs(s, TCB_TIMER_RETRANSMIT, 2 * SEC);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "S 0:0(0)");
	runs(s, TCB_TIMER_RETRANSMIT, 4 * SEC);
	pass(s, 3 * MS);
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	check(s, !s->tcb.rto.sampled);
	send(s, 3000);
	client(s, ". 1:1001(1000) ack 1"); /* RFC 5681: one segment after more than one lost SYN */
	runs(s, TCB_TIMER_RETRANSMIT, 3 * SEC);
}

/* Breaks when we go on for ever, do not wait for the last answer as long as told, or leave the
 * server half open in silence. */
static void syn_gives_up(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	for (int i = 0; i < 3; i++) {
		fire(s, TCB_TIMER_RETRANSMIT);
		client_again(s, "S 0:0(0)");
	}
	runs(s, TCB_TIMER_RETRANSMIT, 5 * SEC);
	fire(s, TCB_TIMER_RETRANSMIT);
	client(s, "R 1:1(0)");
	note(s, NOTE_GAVE_UP);
	state(s, TCB_CLOSED);
}

/* Breaks when the SYN is timed and the sample not used: RTO = 3 x 100 ms. */
static void syn_is_timed(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	pass(s, 100 * MS);
	server(s, "S. 0:0(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	check(s, s->tcb.rto.sampled && s->tcb.rto.srtt_ns == 100 * MS);
	check(s, s->tcb.rto.rto_ns == 300 * MS);
}

/* Breaks when data queued before the handshake's end leave too early, or ride on its third segment.
 */
static void data_wait_for_the_handshake(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	send(s, 20);
	nothing(s);
	note(s, NOTE_SENT);
	send(s, 20);
	note(s, NOTE_NOT_NOW);
	server(s, "S. 0:0(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	client(s, "P. 1:21(20) ack 1");
}

/* Breaks when the SYN's acknowledgment opens the congestion window (RFC 5681 section 3.1). */
static void initial_window(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 65535 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	check(s, s->tcb.cwnd == 10000);
}

/* Breaks when a single lost SYN already costs the initial window (RFC 6928 section 2), or when the
 * three seconds after it (RFC 6298, 5.7) come back each time that something is lost later. */
static void one_lost_syn(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	check(s, s->tcb.cwnd == 10000);
	send(s, 1500);
	client(s, ". 1:1001(1000) ack 1");
	client(s, "P. 1001:1501(500) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 3 * SEC);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 6 * SEC);
	server(s, ". 1:1(0) ack 1001");
	client_again(s, "P. 1001:1501(500) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 6 * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(bad_synack),
	    SCRIPT(bad_ack_rst),
	    SCRIPT(rst_refuses),
	    SCRIPT(rst_without_ack),
	    SCRIPT(synack),
	    SCRIPT(synack_with_text),
	    SCRIPT(synack_with_fin),
	    SCRIPT(neither_syn_nor_rst),
	    SCRIPT(syn_is_repeated),
	    SCRIPT(one_lost_syn),
	    SCRIPT(syn_gives_up),
	    SCRIPT(syn_is_timed),
	    SCRIPT(data_wait_for_the_handshake),
	    SCRIPT(initial_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
