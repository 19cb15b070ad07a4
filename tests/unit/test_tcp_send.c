/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine sends: segments, windows, silly windows, persist (RFC 9293 section 3.8.6), repeating
 * and giving up (RFC 6298), the congestion window (RFC 5681). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* To ESTABLISHED with this window in the SYN-ACK. */
static void established_with_window(struct script *s, const char *synack)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, synack);
	client(s, ". 1:1(0) ack 1");
}

/* Breaks when data are cut, numbered or marked wrongly (PSH on the last: SHLD-27), or not timed
 * out. */
static void data(struct script *s)
{
	script_established(s);
	send(s, 2500);
	client(s, ". 1:1001(1000) ack 1");
	client(s, ". 1001:2001(1000) ack 1");
	client(s, "P. 2001:2501(500) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 200 * MS);
	check(s, !tcb_all_acked(&s->tcb));
	pass(s, 50 * MS);
	server(s, ". 1:1(0) ack 1001");
	note(s, NOTE_ACKED);
	runs(s, TCB_TIMER_RETRANSMIT, 200 * MS); /* RFC 6298, 5.3 */
	server(s, ". 1:1(0) ack 2501");
	stopped(s, TCB_TIMER_RETRANSMIT); /* 5.2 */
	nothing(s);
	check(s, tcb_all_acked(&s->tcb));
	send(s, 3);
	client(s, "P. 2501:2504(3) ack 1");
}

/* Section 3.10.2. Breaks when a second SEND replaces octets that are not acknowledged yet. */
static void one_buffer_at_a_time(struct script *s)
{
	script_established(s);
	send(s, 10);
	client(s, "P. 1:11(10) ack 1");
	send(s, 10);
	note(s, NOTE_NOT_NOW);
	server(s, ". 1:1(0) ack 10");
	send(s, 10);
	note(s, NOTE_NOT_NOW);
	nothing(s);
	server(s, ". 1:1(0) ack 11");
	send(s, 10);
	client(s, "P. 11:21(10) ack 1");
}

/* Breaks when we send more than the server's window, or do not go on when it moves. */
static void window_limits(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 2000 <mss 1000>");
	send(s, 5000);
	client(s, ". 1:1001(1000) ack 1");
	client(s, ". 1001:2001(1000) ack 1");
	nothing(s);
	server(s, ". 1:1(0) ack 1001 win 2000");
	client(s, ". 2001:3001(1000) ack 1");
	server(s, ". 1:1(0) ack 3001 win 1500");
	client(s, ". 3001:4001(1000) ack 1");
	nothing(s); /* 500 octets would be silly */
	server(s, ". 1:1(0) ack 4001 win 1500");
	client(s, "P. 4001:5001(1000) ack 1");
}

/* The window shrinks (MUST-34). Breaks when what is then behind its edge brings forth nonsense, new
 * data (SHLD-15), or when the old are not repeated (SHLD-16). */
static void window_shrinks(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 4000 <mss 1000>");
	send(s, 5000);
	client(s, ". 1:1001(1000) ack 1");
	client(s, ". 1001:2001(1000) ack 1");
	client(s, ". 2001:3001(1000) ack 1");
	client(s, ". 3001:4001(1000) ack 1");
	server(s, ". 1:1(0) ack 1001 win 1000");
	nothing(s);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	server(s, ". 1:1(0) ack 1001 win 0");
	nothing(s);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1001:2001(1000) ack 1");
	server(s, ". 1:1(0) ack 4001 win 0");
	nothing(s);
	runs(s, TCB_TIMER_PERSIST, -1);
	stopped(s, TCB_TIMER_RETRANSMIT);
}

/* Section 3.8.6.1 (MUST-36, SHLD-29, SHLD-30). Breaks when a zero window is not asked about, asked
 * about at a steady rate, or when the answer does not set us going. */
static void zero_window(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 0 <mss 1000>");
	send(s, 500);
	nothing(s);
	runs(s, TCB_TIMER_PERSIST, 200 * MS);
	stopped(s, TCB_TIMER_RETRANSMIT);
	for (int i = 1; i <= 12; i++) {
		fire(s, TCB_TIMER_PERSIST);
		client(s, ". 0:0(0) ack 1");
		note(s, NOTE_WINDOW_PROBE);
		runs(s, TCB_TIMER_PERSIST, i < 9 ? 200 * MS << i : 60 * SEC);
		pass(s, 50 * MS);
		server(s, ". 1:1(0) ack 1 win 0");
		nothing(s);
		runs(s, TCB_TIMER_PERSIST, (i < 9 ? 200 * MS << i : 60 * SEC) - 50 * MS);
	}
	server(s, ". 1:1(0) ack 1 win 500");
	client(s, "P. 1:501(500) ack 1");
	stopped(s, TCB_TIMER_PERSIST);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
}

/* Breaks when CLOSE is forgotten while the window is zero, or ABORT leaves the persist timer. */
static void zero_window_close_abort(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 0 <mss 1000>");
	call(s, EV_CLOSE);
	runs(s, TCB_TIMER_PERSIST, -1);
	state(s, TCB_ESTABLISHED);
	fire(s, TCB_TIMER_PERSIST);
	client(s, ". 0:0(0) ack 1");
	call(s, EV_ABORT);
	client(s, "R 1:1(0)");
	check(s, s->running == 0);
}

/* Section 3.8.6.2.1 (MUST-38). Breaks when half of the largest window is not used at once, or less
 * than that is, or when a window that stays silly stops us for ever: (4), the override. */
static void silly_window(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 800 <mss 1000>");
	send(s, 2000);
	client(s, ". 1:801(800) ack 1");
	server(s, ". 1:1(0) ack 801 win 399");
	nothing(s);
	runs(s, TCB_TIMER_PERSIST, 200 * MS);
	server(s, ". 1:1(0) ack 801 win 400");
	client(s, ". 801:1201(400) ack 1");
	stopped(s, TCB_TIMER_PERSIST);
	server(s, ". 1:1(0) ack 1201 win 10");
	nothing(s);
	fire(s, TCB_TIMER_PERSIST);
	client(s, ". 1201:1211(10) ack 1");
	stopped(s, TCB_TIMER_PERSIST);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	server(s, ". 1:1(0) ack 1211 win 800");
	client(s, "P. 1211:2001(790) ack 1");
}

/* RFC 6298, 5.4 to 5.6. Breaks when the wrong segment is repeated, the timer is not doubled, or a
 * newer one's acknowledgment does not end it. */
static void repeated(struct script *s)
{
	script_established(s);
	send(s, 1500);
	client(s, ". 1:1001(1000) ack 1");
	client(s, "P. 1001:1501(500) ack 1");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	note(s, NOTE_RETRANSMITTED);
	runs(s, TCB_TIMER_RETRANSMIT, 400 * MS);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 800 * MS);
	server(s, ". 1:1(0) ack 1501");
	nothing(s);
	stopped(s, TCB_TIMER_RETRANSMIT);
}

/* Breaks when each of many lost segments needs a timeout of its own. */
static void recovery(struct script *s)
{
	script_established(s);
	send(s, 4000);
	for (int i = 0; i < 3; i++)
		client(s, i == 0   ? ". 1:1001(1000) ack 1"
			  : i == 1 ? ". 1001:2001(1000) ack 1"
				   : ". 2001:3001(1000) ack 1");
	client(s, "P. 3001:4001(1000) ack 1");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	server(s, ". 1:1(0) ack 1001");
	client_again(s, ". 1001:2001(1000) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	server(s, ". 1:1(0) ack 3001");
	client_again(s, "P. 3001:4001(1000) ack 1");
	server(s, ". 1:1(0) ack 4001");
	nothing(s);
	check(s, s->running == 0 && !s->tcb.recovering);
}

/* Breaks when part of a segment acknowledged makes us repeat octets from before SND.UNA. */
static void partly_acknowledged(struct script *s)
{
	script_established(s);
	send(s, 1500);
	client(s, ". 1:1001(1000) ack 1");
	client(s, "P. 1001:1501(500) ack 1");
	server(s, ". 1:1(0) ack 701");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "P. 701:1501(800) ack 1");
}

/* Karn, RFC 6298 sections 3 and 5: breaks when the acknowledgment of a repeated segment gives a
 * sample, when the backed-off timeout is forgotten before a new one, or kept after it. */
static void karn(struct script *s)
{
	script_established(s);
	send(s, 10);
	client(s, "P. 1:11(10) ack 1");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "P. 1:11(10) ack 1");
	pass(s, 1 * MS);
	server(s, ". 1:1(0) ack 11");
	check(s, s->tcb.rto.srtt_ns == 0 && s->tcb.rto.rto_ns == 400 * MS);
	send(s, 10);
	client(s, "P. 11:21(10) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 400 * MS);
	pass(s, 80 * MS);
	server(s, ". 1:1(0) ack 21");
	check(s, s->tcb.rto.srtt_ns == 10 * MS && s->tcb.rto.rttvar_ns == 20 * MS);
	check(s, s->tcb.rto.rto_ns == 200 * MS);
}

/* Breaks when retries are not counted per segment, or the last wait is not the caller's, or giving
 * up leaves the server's half standing. */
static void gives_up(struct script *s)
{
	script_established(s);
	send(s, 1500);
	client(s, ". 1:1001(1000) ack 1");
	client(s, "P. 1001:1501(500) ack 1");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	server(s, ". 1:1(0) ack 1001");
	client_again(s, "P. 1001:1501(500) ack 1");
	for (int i = 0; i < 3; i++) {
		fire(s, TCB_TIMER_RETRANSMIT);
		client_again(s, "P. 1001:1501(500) ack 1");
	}
	runs(s, TCB_TIMER_RETRANSMIT, 5 * SEC);
	fire(s, TCB_TIMER_RETRANSMIT);
	client(s, "R 1501:1501(0)");
	client(s, "R 1001:1001(0)");
	note(s, NOTE_GAVE_UP);
	state(s, TCB_CLOSED);
}

/* RFC 6928, RFC 5681. Breaks when more than ten segments leave at once, slow start does not double,
 * or a timeout does not bring it back to one. */
static void congestion_window(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 65535 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	send(s, 60000);
	check(s, s->tcb.snd_nxt == s->iss + 10001);
	s->cursor = s->result.action_count;
	server(s, ". 1:1(0) ack 1001 win 65535");
	client(s, ". 10001:11001(1000) ack 1");
	client(s, ". 11001:12001(1000) ack 1");
	nothing(s);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1001:2001(1000) ack 1");
	check(s, s->tcb.cwnd == 1000 && s->tcb.ssthresh == 5500);
	server(s, ". 1:1(0) ack 12001 win 65535");
	client(s, ". 12001:13001(1000) ack 1");
	client(s, ". 13001:14001(1000) ack 1");
	nothing(s);
}

/* Breaks when data carry an acknowledgment and yet another one goes out for the same text. */
static void acknowledgment_rides(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 0 <mss 1000>");
	send(s, 5);
	server(s, "P. 1:11(10) ack 1 win 100");
	delivered(s, 10);
	client(s, "P. 1:6(5) ack 11");
}

/* Breaks when data in CLOSE-WAIT are not repeated. */
static void repeated_in_close_wait(struct script *s)
{
	script_reach(s, TCB_CLOSE_WAIT);
	send_close(s, 10);
	client(s, "FP. 1:11(10) ack 2");
	state(s, TCB_LAST_ACK);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "FP. 1:11(10) ack 2");
	server(s, ". 2:2(0) ack 12");
	state(s, TCB_CLOSED);
}

/* RFC 6298 section 3, one sample at a time. Breaks when an ACK of more than the timed segment gives
 * no sample, one sample runs into the next, or the FIN is not timed. */
static void samples(struct script *s)
{
	established_with_window(s, "S. 0:0(0) ack 1 win 10000 <mss 300>");
	send(s, 900);
	client(s, ". 1:301(300) ack 1");
	client(s, ". 301:601(300) ack 1");
	client(s, "P. 601:901(300) ack 1");
	pass(s, 80 * MS);
	server(s, ". 1:1(0) ack 901");
	check(s, s->tcb.rto.srtt_ns == 10 * MS && !s->tcb.timing);
	pass(s, 10 * SEC);
	send(s, 10);
	client(s, "P. 901:911(10) ack 1");
	pass(s, 90 * MS);
	server(s, ". 1:1(0) ack 911");
	check(s, s->tcb.rto.srtt_ns == 20 * MS);
	call(s, EV_CLOSE);
	client(s, "F. 911:911(0) ack 1");
	pass(s, 100 * MS);
	server(s, ". 1:1(0) ack 912");
	check(s, s->tcb.rto.srtt_ns == 30 * MS);
}

/* Breaks when what was sent after the timeout is taken as lost with what was sent before. */
static void recovery_ends(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 2000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	send(s, 4000);
	client(s, ". 1:1001(1000) ack 1");
	client(s, ". 1001:2001(1000) ack 1");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	server(s, ". 1:1(0) ack 1001 win 2000");
	client_again(s, ". 1001:2001(1000) ack 1");
	client(s, ". 2001:3001(1000) ack 1");
	server(s, ". 1:1(0) ack 2001 win 2000");
	client(s, "P. 3001:4001(1000) ack 1");
	nothing(s);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
}

/* Breaks when more than ten segments leave in one step: the caller's list of actions is bounded. */
static void burst(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 65535 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	send(s, 60000);
	s->cursor = s->result.action_count;
	server(s, ". 1:1(0) ack 10001 win 65535");
	check(s, s->tcb.cwnd == 11000 && s->tcb.snd_nxt == s->iss + 20001);
	s->cursor = s->result.action_count;
	server(s, ". 1:1(0) ack 11001 win 65535");
	client(s, ". 20001:21001(1000) ack 1");
	client(s, ". 21001:22001(1000) ack 1");
	client(s, ". 22001:23001(1000) ack 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(data),
	    SCRIPT(one_buffer_at_a_time),
	    SCRIPT(window_limits),
	    SCRIPT(window_shrinks),
	    SCRIPT(zero_window),
	    SCRIPT(zero_window_close_abort),
	    SCRIPT(silly_window),
	    SCRIPT(repeated),
	    SCRIPT(recovery),
	    SCRIPT(recovery_ends),
	    SCRIPT(burst),
	    SCRIPT(partly_acknowledged),
	    SCRIPT(karn),
	    SCRIPT(samples),
	    SCRIPT(gives_up),
	    SCRIPT(congestion_window),
	    SCRIPT(acknowledgment_rides),
	    SCRIPT(repeated_in_close_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
