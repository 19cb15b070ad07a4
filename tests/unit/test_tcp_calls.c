/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's calls: ABORT in each state (RFC 9293 section 3.10.5), calls that a state does not
 * allow (3.10.1, .2, .4); ICMP errors (3.9.2.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* ABORT, section 3.10.5. Breaks when a state sends no RST that the server takes for exact, or
 * leaves a timer. */
static void abort_in_each_state(struct script *s)
{
	static const struct {
		enum tcb_state state;
		const char *resets[2];
	} rows[] = {
	    {TCB_SYN_SENT, {"R 1:1(0)", NULL}},      {TCB_SYN_RECEIVED, {"R 1:1(0)", "R 0:0(0)"}},
	    {TCB_ESTABLISHED, {"R 1:1(0)", NULL}},   {TCB_FIN_WAIT_1, {"R 2:2(0)", "R 1:1(0)"}},
	    {TCB_FIN_WAIT_2, {"R 2:2(0)", NULL}},    {TCB_CLOSE_WAIT, {"R 1:1(0)", NULL}},
	    {TCB_CLOSING, {"R 2:2(0)", "R 1:1(0)"}}, {TCB_LAST_ACK, {"R 2:2(0)", "R 1:1(0)"}},
	    {TCB_TIME_WAIT, {NULL, NULL}},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		script_reach(s, rows[i].state);
		call(s, EV_ABORT);
		note(s, NOTE_SENT);
		for (unsigned j = 0; j < 2 && rows[i].resets[j]; j++)
			client(s, rows[i].resets[j]);
		nothing(s);
		state(s, TCB_CLOSED);
		check(s, s->running == 0);
	}
	call(s, EV_ABORT);
	note(s, NOTE_NOT_NOW);
}

/* OPEN, SEND and CLOSE where RFC 9293 sections 3.10.1, .2 and .4 answer "error". Breaks when they
 * do anything. */
static void calls_out_of_place(struct script *s)
{
	static const enum tcb_state closing[] = {TCB_CLOSED,  TCB_FIN_WAIT_1, TCB_FIN_WAIT_2,
						 TCB_CLOSING, TCB_LAST_ACK,   TCB_TIME_WAIT};

	for (unsigned i = 0; i < sizeof(closing) / sizeof(closing[0]); i++) {
		s->running = 0;
		script_reach(s, closing[i]);
		send(s, 10);
		note(s, NOTE_NOT_NOW);
		call(s, EV_CLOSE);
		note(s, NOTE_NOT_NOW);
		if (closing[i] != TCB_CLOSED) {
			call(s, EV_OPEN);
			note(s, NOTE_NOT_NOW);
		}
		nothing(s);
		state(s, closing[i]);
	}
}

/* CLOSE in SYN-SENT deletes the TCB. Breaks when the SYN is repeated after it. */
static void close_in_syn_sent(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	call(s, EV_CLOSE);
	nothing(s);
	state(s, TCB_CLOSED);
	check(s, s->running == 0);
}

/* Breaks when anything of an earlier connection counts in the next one on the same TCB. */
static void open_again(struct script *s)
{
	script_reach(s, TCB_TIME_WAIT);
	fire(s, TCB_TIMER_TIME_WAIT);
	call(s, EV_OPEN);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	check(s, !tcb_fin_acked(&s->tcb) && !s->tcb.peer_fin_seen);
	send_close(s, 10);
	client(s, "FP. 1:11(10) ack 1");
	state(s, TCB_FIN_WAIT_1);
}

/* Breaks when a segment for a connection that is gone does anything. */
static void closed(struct script *s)
{
	script_reach(s, TCB_CLOSED);
	server(s, "S. 0:0(0) ack 1");
	note(s, NOTE_IGNORED);
	server(s, "R 0:0(0)");
	call(s, EV_TIMER);
	note(s, NOTE_IGNORED);
	icmp(s, true, 0);
	note(s, NOTE_IGNORED);
	nothing(s);
	state(s, TCB_CLOSED);
}

/* RFC 9293 section 3.9.2.2, RFC 5927. Breaks when an ICMP error ends a connection (MUST-56), a soft
 * one an attempt, or one that does not quote our SYN is believed. */
static void icmp_errors(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	icmp(s, true, -1);
	note(s, NOTE_IGNORED);
	icmp(s, true, 1); /* not sent so far */
	icmp(s, true, 2);
	note(s, NOTE_IGNORED);
	icmp(s, false, 0);
	note(s, NOTE_ICMP_SOFT);
	state(s, TCB_SYN_SENT);
	icmp(s, true, 0);
	nothing(s);
	note(s, NOTE_ICMP_HARD);
	state(s, TCB_CLOSED);
	check(s, s->running == 0);
	script_established(s);
	send(s, 10);
	client(s, "P. 1:11(10) ack 1");
	icmp(s, true, 1);
	note(s, NOTE_ICMP_SOFT);
	icmp(s, true, 0);
	note(s, NOTE_IGNORED);
	icmp(s, true, 11); /* a bare ACK's */
	note(s, NOTE_ICMP_SOFT);
	icmp(s, true, 12);
	note(s, NOTE_IGNORED);
	state(s, TCB_ESTABLISHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(abort_in_each_state),
	    SCRIPT(calls_out_of_place),
	    SCRIPT(close_in_syn_sent),
	    SCRIPT(open_again),
	    SCRIPT(closed),
	    SCRIPT(icmp_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
