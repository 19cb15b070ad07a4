/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's ways to close: RFC 9293 section 3.6, figures 12 and 13, half-close, TIME-WAIT; the
 * FIN repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* Figure 12, our side first, four segments. Breaks when a phase or its timer is wrong. */
static void client_first(struct script *s)
{
	script_established(s);
	call(s, EV_CLOSE);
	client(s, "F. 1:1(0) ack 1");
	note(s, NOTE_SENT);
	state(s, TCB_FIN_WAIT_1);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	server(s, ". 1:1(0) ack 2");
	note(s, NOTE_FIN_ACKED);
	state(s, TCB_FIN_WAIT_2);
	check(s, s->running == 0 && tcb_fin_acked(&s->tcb));
	server(s, "F. 1:1(0) ack 2");
	client(s, ". 2:2(0) ack 2");
	note(s, NOTE_FIN);
	state(s, TCB_TIME_WAIT);
	runs(s, TCB_TIMER_TIME_WAIT, 60 * SEC);
	fire(s, TCB_TIMER_TIME_WAIT);
	note(s, NOTE_TIME_WAIT_OVER);
	state(s, TCB_CLOSED);
}

/* Breaks when the server's ACK and FIN in one segment do not lead straight to TIME-WAIT. */
static void client_first_three_segments(struct script *s)
{
	script_reach(s, TCB_FIN_WAIT_1);
	server(s, "F. 1:1(0) ack 2");
	client(s, ". 2:2(0) ack 2");
	state(s, TCB_TIME_WAIT);
	stopped(s, TCB_TIMER_RETRANSMIT);
	runs(s, TCB_TIMER_TIME_WAIT, 60 * SEC);
}

/* Figure 12 seen from the other side. Breaks when CLOSE-WAIT cannot send, or LAST-ACK does not end.
 */
static void server_first(struct script *s)
{
	script_established(s);
	server(s, "F. 1:1(0) ack 1");
	client(s, ". 1:1(0) ack 2");
	note(s, NOTE_FIN);
	state(s, TCB_CLOSE_WAIT);
	send(s, 10);
	client(s, "P. 1:11(10) ack 2");
	server(s, ". 2:2(0) ack 11");
	call(s, EV_CLOSE);
	client(s, "F. 11:11(0) ack 2");
	state(s, TCB_LAST_ACK);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	server(s, ". 2:2(0) ack 12");
	nothing(s);
	note(s, NOTE_FIN_ACKED);
	state(s, TCB_CLOSED);
	check(s, s->running == 0);
}

/* Figure 13. Breaks when two FINs that cross do not end in TIME-WAIT on both sides. */
static void simultaneous(struct script *s)
{
	script_reach(s, TCB_FIN_WAIT_1);
	server(s, "F. 1:1(0) ack 1");
	client(s, ". 2:2(0) ack 2");
	state(s, TCB_CLOSING);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	server(s, ". 2:2(0) ack 1"); /* an old ACK */
	state(s, TCB_CLOSING);
	server(s, ". 2:2(0) ack 2");
	nothing(s);
	note(s, NOTE_FIN_ACKED);
	state(s, TCB_TIME_WAIT);
	stopped(s, TCB_TIMER_RETRANSMIT);
	runs(s, TCB_TIMER_TIME_WAIT, 60 * SEC);
}

/* CLOSING, the server's FIN again because our ACK was lost. Breaks when it gets no ACK. */
static void closing_fin_again(struct script *s)
{
	script_reach(s, TCB_CLOSING);
	server(s, "F. 1:1(0) ack 1");
	client(s, ". 2:2(0) ack 2");
	note(s, NOTE_FIN_AGAIN);
	state(s, TCB_CLOSING);
}

/* Half-close: the server goes on sending. Breaks when data after our FIN are lost. */
static void half_close(struct script *s)
{
	script_reach(s, TCB_FIN_WAIT_1);
	server(s, "P. 1:101(100) ack 1");
	delivered(s, 100);
	client(s, ". 2:2(0) ack 101");
	state(s, TCB_FIN_WAIT_1);
	server(s, "P. 101:201(100) ack 2");
	delivered(s, 100);
	client(s, ". 2:2(0) ack 201");
	state(s, TCB_FIN_WAIT_2);
	server(s, "P. 201:301(100) ack 2");
	delivered(s, 100);
	client(s, ". 2:2(0) ack 301");
	server(s, "FP. 301:311(10) ack 2");
	delivered(s, 10);
	client(s, ". 2:2(0) ack 312");
	state(s, TCB_TIME_WAIT);
}

/* Eighth, FIN with text. Breaks when either is counted without the other. */
static void fin_with_data(struct script *s)
{
	script_established(s);
	server(s, "FP. 1:11(10) ack 1");
	delivered(s, 10);
	client(s, ". 1:1(0) ack 12");
	note(s, NOTE_FIN);
	state(s, TCB_CLOSE_WAIT);
}

/* Seventh and eighth after a FIN. Breaks when text behind the FIN is taken, or the FIN again goes
 * without an ACK. */
static void after_the_fin(struct script *s)
{
	script_reach(s, TCB_CLOSE_WAIT);
	server(s, "P. 2:12(10) ack 1");
	nothing(s);
	server(s, "F. 2:2(0) ack 1");
	nothing(s);
	state(s, TCB_CLOSE_WAIT);
	server(s, "F. 1:1(0) ack 1");
	client(s, ". 1:1(0) ack 2");
	note(s, NOTE_FIN_AGAIN);
	check(s, s->tcb.rcv_nxt == s->irs + 2);
}

/* LAST-ACK. Breaks when the FIN again goes without an ACK, or ends it. */
static void last_ack_fin_again(struct script *s)
{
	script_reach(s, TCB_LAST_ACK);
	server(s, "F. 1:1(0) ack 1");
	client(s, ". 2:2(0) ack 2");
	note(s, NOTE_FIN_AGAIN);
	server(s, ". 2:2(0) ack 1");
	state(s, TCB_LAST_ACK);
	server(s, ". 2:2(0) ack 2");
	state(s, TCB_CLOSED);
}

/* TIME-WAIT: the FIN again. Breaks when it gets no ACK, or 2MSL do not start anew. */
static void time_wait_restarts(struct script *s)
{
	script_reach(s, TCB_TIME_WAIT);
	pass(s, 30 * SEC);
	runs(s, TCB_TIMER_TIME_WAIT, 30 * SEC);
	server(s, "F. 1:1(0) ack 2");
	client(s, ". 2:2(0) ack 2");
	note(s, NOTE_FIN_AGAIN);
	runs(s, TCB_TIMER_TIME_WAIT, 60 * SEC);
}

/* TIME-WAIT: all else. Breaks when an ACK, old text or a keepalive prolongs it or wakes it. */
static void time_wait_stays(struct script *s)
{
	script_reach(s, TCB_TIME_WAIT);
	pass(s, 10 * SEC);
	server(s, ". 2:2(0) ack 2");
	nothing(s);
	server(s, ". 1:1(0) ack 2");
	client(s, ". 2:2(0) ack 2");
	server(s, "F. 9000:9000(0) ack 2"); /* not the FIN that we had */
	client(s, ". 2:2(0) ack 2");
	note(s, NOTE_UNACCEPTABLE);
	server(s, "P. 2:12(10) ack 2");
	nothing(s);
	runs(s, TCB_TIMER_TIME_WAIT, 50 * SEC);
	state(s, TCB_TIME_WAIT);
}

/* Breaks when a TIME-WAIT of no length swallows the last ACK, or does not end. */
static void time_wait_zero(struct script *s)
{
	s->config.time_wait_ns = 0;
	script_reach(s, TCB_FIN_WAIT_2);
	server(s, "F. 1:1(0) ack 2");
	client(s, ". 2:2(0) ack 2");
	runs(s, TCB_TIMER_TIME_WAIT, 0);
	fire(s, TCB_TIMER_TIME_WAIT);
	state(s, TCB_CLOSED);
}

/* Breaks when our FIN is not repeated, or repeated too early, or with another number. */
static void fin_is_repeated(struct script *s)
{
	script_reach(s, TCB_FIN_WAIT_1);
	runs(s, TCB_TIMER_RETRANSMIT, 200 * MS);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "F. 1:1(0) ack 1");
	runs(s, TCB_TIMER_RETRANSMIT, 400 * MS);
	server(s, "P. 1:11(10) ack 1");
	delivered(s, 10);
	client(s, ". 2:2(0) ack 11");
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "F. 1:1(0) ack 11");
	server(s, ". 11:11(0) ack 2");
	state(s, TCB_FIN_WAIT_2);
	check(s, s->running == 0);
}

/* Breaks when a server that no longer answers holds us for ever, or is left with half a connection.
 */
static void fin_gives_up(struct script *s)
{
	script_reach(s, TCB_LAST_ACK);
	for (int i = 0; i < 3; i++) {
		fire(s, TCB_TIMER_RETRANSMIT);
		client_again(s, "F. 1:1(0) ack 2");
	}
	runs(s, TCB_TIMER_RETRANSMIT, 5 * SEC);
	fire(s, TCB_TIMER_RETRANSMIT);
	client(s, "R 2:2(0)");
	client(s, "R 1:1(0)");
	note(s, NOTE_GAVE_UP);
	state(s, TCB_CLOSED);
}

/* Breaks when the FIN does not ride on the last data, or does so when they are repeated before it
 * was sent, or is left out when they are repeated after. */
static void fin_rides_on_data(struct script *s)
{
	script_established(s);
	send_close(s, 1500);
	client(s, ". 1:1001(1000) ack 1");
	client(s, "FP. 1001:1501(500) ack 1");
	state(s, TCB_FIN_WAIT_1);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	server(s, ". 1:1(0) ack 1001");
	client_again(s, "FP. 1001:1501(500) ack 1");
	server(s, ". 1:1(0) ack 1501"); /* the FIN alone is missing */
	client_again(s, "F. 1501:1501(0) ack 1");
	server(s, ". 1:1(0) ack 1502");
	state(s, TCB_FIN_WAIT_2);
}

/* Breaks when CLOSE after SEND overtakes the data, or data repeated before the FIN carry it. */
static void close_waits_for_data(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 1000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	send(s, 1500);
	client(s, ". 1:1001(1000) ack 1");
	call(s, EV_CLOSE);
	nothing(s);
	state(s, TCB_ESTABLISHED);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, ". 1:1001(1000) ack 1");
	server(s, ". 1:1(0) ack 1001 win 1000");
	client(s, "FP. 1001:1501(500) ack 1");
	state(s, TCB_FIN_WAIT_1);
}

/* Breaks when the FIN leaves though its number is behind the server's window, alone or on data. */
static void fin_needs_a_window(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 1000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	send_close(s, 1000);
	client(s, "P. 1:1001(1000) ack 1");
	state(s, TCB_ESTABLISHED);
	server(s, ". 1:1(0) ack 1001 win 0");
	nothing(s);
	runs(s, TCB_TIMER_PERSIST, -1);
	server(s, ". 1:1(0) ack 1001 win 1");
	client(s, "F. 1001:1001(0) ack 1");
	state(s, TCB_FIN_WAIT_1);
	stopped(s, TCB_TIMER_PERSIST);
}

/* Breaks when a SEND with CLOSE and no octets does not close. */
static void empty_send_close(struct script *s)
{
	script_established(s);
	send_close(s, 0);
	client(s, "F. 1:1(0) ack 1");
	state(s, TCB_FIN_WAIT_1);
}

/* Breaks when the server's FIN that comes with the leave to send ours is not answered by it. */
static void fin_answers_fin(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 0 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	call(s, EV_CLOSE);
	nothing(s);
	server(s, "F. 1:1(0) ack 1 win 100");
	client(s, "F. 1:1(0) ack 2");
	state(s, TCB_LAST_ACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(client_first),       SCRIPT(client_first_three_segments),
	    SCRIPT(server_first),       SCRIPT(simultaneous),
	    SCRIPT(closing_fin_again),  SCRIPT(half_close),
	    SCRIPT(fin_with_data),      SCRIPT(after_the_fin),
	    SCRIPT(last_ack_fin_again), SCRIPT(time_wait_restarts),
	    SCRIPT(time_wait_stays),    SCRIPT(time_wait_zero),
	    SCRIPT(fin_is_repeated),    SCRIPT(fin_gives_up),
	    SCRIPT(fin_rides_on_data),  SCRIPT(close_waits_for_data),
	    SCRIPT(fin_needs_a_window), SCRIPT(empty_send_close),
	    SCRIPT(fin_answers_fin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
