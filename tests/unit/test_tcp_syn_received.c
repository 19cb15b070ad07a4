/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine in SYN-RECEIVED, which a client enters by a simultaneous open: RFC 9293 section 3.5,
 * figure 7; section 3.10.7.4, the rows of that state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* Fourth, bare SYN; RFC 9293 section 3.5 figure 7 (MUST-10): S -> <- S, S. -> <- S. Breaks when two
 * opens that cross do not meet. */
static void simultaneous_open(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "S 0:0(0) win 10000 <mss 1000>");
	client(s, "S. 0:0(0) ack 1 <mss 1000>");
	note(s, NOTE_SIMULTANEOUS_OPEN);
	state(s, TCB_SYN_RECEIVED);
	runs(s, TCB_TIMER_RETRANSMIT, SEC);
	server(s, "S. 0:0(0) ack 1 win 9000 <mss 1000>");
	nothing(s);
	note(s, NOTE_HANDSHAKE_DONE);
	state(s, TCB_ESTABLISHED);
	stopped(s, TCB_TIMER_RETRANSMIT);
	check(s, s->tcb.snd_wnd == 9000);
}

/* Breaks when the window of the SYN-ACK that ends a simultaneous open is scaled, which no SYN's is.
 */
static void simultaneous_open_window(struct script *s)
{
	s->config.wscale = 2;
	open(s);
	client(s, "S 0:0(0) win 5000 <mss 1000,wscale 2>");
	server(s, "S 0:0(0) win 10000 <mss 1000,wscale 4>");
	client(s, "S. 0:0(0) ack 1 win 5000 <mss 1000,wscale 2>");
	server(s, "S. 0:0(0) ack 1 win 9000 <mss 1000,wscale 4>");
	check(s, s->tcb.snd_wnd == 9000 && s->tcb.max_snd_wnd == 10000);
	server(s, ". 1:1(0) ack 1 win 9000");
	check(s, s->tcb.snd_wnd == 144000);
}

/* Breaks when our SYN-ACK offers what the peer's SYN did not, or omits a shift of 0 agreed on. */
static void simultaneous_open_options(struct script *s)
{
	s->config.wscale = 0;
	s->config.sack = true;
	s->config.timestamps = true;
	s->config.ecn = true;
	open(s);
	client(s, "SEW 0:0(0) <mss 1000,sackOK,TS val 11000 ecr 0,wscale 0>");
	server(s, "S 0:0(0) <mss 1000>");
	client(s, "S. 0:0(0) ack 1 <mss 1000>");
	tcb_init(&s->tcb, &s->config, &s->path);
	s->running = 0;
	open(s);
	client(s, "SEW 0:0(0)");
	server(s, "SEW 0:0(0) <mss 1000,sackOK,TS val 5 ecr 0,wscale 3>");
	client(s, "S.E 0:0(0) ack 1 <mss 1000,sackOK,TS val 11000 ecr 5,wscale 0>");
}

/* Breaks when a round-trip time is taken from a SYN that went out twice (Karn). */
static void simultaneous_open_is_not_timed(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	pass(s, 50 * MS);
	server(s, "S. 0:0(0) ack 1");
	check(s, !s->tcb.rto.sampled && s->tcb.rto.rto_ns == SEC);
}

/* Breaks when the text that came with the peer's SYN is acknowledged but never delivered. */
static void simultaneous_open_with_text(struct script *s)
{
	script_reach(s, TCB_SYN_SENT);
	server(s, "SF 0:10(10)");
	client(s, "S. 0:0(0) ack 1");
	server(s, "SF. 0:10(10) ack 1");
	delivered(s, 10);
	client(s, ". 1:1(0) ack 12");
	state(s, TCB_CLOSE_WAIT);
}

/* Fifth, SYN-RECEIVED: an ACK of the SYN. Breaks when a plain ACK does not end the handshake. */
static void syn_received_ack(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	server(s, ". 1:1(0) ack 1 win 300");
	nothing(s);
	note(s, NOTE_HANDSHAKE_DONE);
	state(s, TCB_ESTABLISHED);
	check(s, s->tcb.snd_wnd == 300 && s->running == 0);
}

/* Fifth, SYN-RECEIVED: any other ACK. Breaks when it is not answered with its own number's RST. */
static void syn_received_bad_ack(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	server(s, ". 1:1(0) ack 2");
	client(s, "R 2:2(0)");
	note(s, NOTE_BAD_SYNACK);
	server(s, ". 1:1(0) ack 0");
	client(s, "R 0:0(0)");
	server(s, "S. 0:0(0) ack 7");
	client(s, "R 7:7(0)");
	state(s, TCB_SYN_RECEIVED);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
}

/* Second, SYN-RECEIVED. Breaks when "connection refused" is called a reset, or a RST on the SYN's
 * number is taken for exact. */
static void syn_received_rst(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	server(s, "R 0:0(0)");
	note(s, NOTE_RST_OUT_OF_WINDOW);
	server(s, "SR. 0:0(0) ack 1");
	note(s, NOTE_RST_OUT_OF_WINDOW);
	server(s, "R 2:2(0)");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_CHALLENGE_RST);
	state(s, TCB_SYN_RECEIVED);
	server(s, "R 1:1(0)");
	note(s, NOTE_REFUSED);
	state(s, TCB_CLOSED);
}

/* First and fourth, SYN-RECEIVED. Breaks when the peer's SYN again, or another one, starts anew. */
static void syn_received_syn(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	server(s, "S 0:0(0)");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_SYNACK_AGAIN);
	server(s, "S 50:50(0)");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_CHALLENGE_SYN);
	state(s, TCB_SYN_RECEIVED);
}

/* SYN-RECEIVED, the timer. Breaks when it is the SYN and not the SYN-ACK that is repeated. */
static void syn_received_timeout(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	fire(s, TCB_TIMER_RETRANSMIT);
	client_again(s, "S. 0:0(0) ack 1 <mss 1000>");
	server(s, "F. 1:1(0) ack 1");
	client(s, ". 1:1(0) ack 2");
	state(s, TCB_CLOSE_WAIT);
}

/* SYN-RECEIVED and the user: RFC 9293 sections 3.10.2, 3.10.4. Breaks when data and FIN that wait
 * for the handshake are forgotten. */
static void syn_received_send_close(struct script *s)
{
	script_reach(s, TCB_SYN_RECEIVED);
	send(s, 5);
	call(s, EV_CLOSE);
	nothing(s);
	server(s, ". 1:1(0) ack 1");
	client(s, "FP. 1:6(5) ack 1");
	state(s, TCB_FIN_WAIT_1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(simultaneous_open),
	    SCRIPT(simultaneous_open_window),
	    SCRIPT(simultaneous_open_options),
	    SCRIPT(simultaneous_open_is_not_timed),
	    SCRIPT(simultaneous_open_with_text),
	    SCRIPT(syn_received_ack),
	    SCRIPT(syn_received_bad_ack),
	    SCRIPT(syn_received_rst),
	    SCRIPT(syn_received_syn),
	    SCRIPT(syn_received_timeout),
	    SCRIPT(syn_received_send_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
