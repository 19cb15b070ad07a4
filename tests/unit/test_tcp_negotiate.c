/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the handshake: what is offered, what is agreed on, what follows from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* Breaks when the SYN carries other numbers or options than asked for, or when nobody would repeat
 * it. */
static void open_sends_syn(struct script *s)
{
	s->config.mss = -1;
	s->config.wscale = 7;
	s->config.sack = true;
	s->config.timestamps = true;
	open(s);
	client(s, "S 0:0(0) win 5000 <mss 1460,sackOK,TS val 11000 ecr 0,wscale 7>");
	note(s, NOTE_SENT);
	state(s, TCB_SYN_SENT);
	runs(s, TCB_TIMER_RETRANSMIT, SEC);
	check(s, s->tcb.snd_una == s->iss && s->tcb.snd_nxt == s->iss + 1);
}

/* Breaks when an option that is switched off is sent all the same, or ECN is not asked for. */
static void open_without_options(struct script *s)
{
	s->config.mss = 0;
	s->config.ecn = true;
	open(s);
	client(s, "SEW 0:0(0) <>");
}

/* Breaks when the window of the SYN is scaled, or cut instead of set to its limit. */
static void open_window_is_unscaled(struct script *s)
{
	s->config.wscale = 7;
	s->config.rcv_wnd = 1000000;
	open(s);
	client(s, "S 0:0(0) win 65535");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000,wscale 2>");
	client(s, ". 1:1(0) ack 1 win 7812");
}

/* Breaks when a scale is used though only we offered it. Then 65535 is all that we can offer. */
static void only_we_offer(struct script *s)
{
	s->config.wscale = 7;
	s->config.sack = true;
	s->config.timestamps = true;
	s->config.rcv_wnd = 1000000;
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000>");
	client(s, ". 1:1(0) ack 1 win 65535 <>");
	server(s, ". 1:1(0) ack 1 win 2000");
	check(s, s->tcb.snd_wnd == 2000);
	check(s, s->tcb.rcv_wnd == 65535);
}

/* Breaks when an option that we did not offer is taken as agreed on. */
static void only_the_peer_offers(struct script *s)
{
	open(s);
	client(s, "S 0:0(0) <mss 1000>");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000,sackOK,TS val 7 ecr 0,wscale 3>");
	client(s, ". 1:1(0) ack 1 win 5000 <>");
	server(s, ". 1:1(0) ack 1 win 2000");
	check(s, s->tcb.snd_wnd == 2000);
	server(s, "P. 11:21(10) ack 1");
	client(s, ". 1:1(0) ack 1 <>");
}

/* Breaks when the SYN-ACK's window is scaled, or a later one is not. */
static void later_windows_are_scaled(struct script *s)
{
	s->config.wscale = 0;
	open(s);
	client(s, "S 0:0(0) <mss 1000,wscale 0>");
	server(s, "S. 0:0(0) ack 1 win 2000 <mss 1000,wscale 5>");
	client(s, ". 1:1(0) ack 1 win 5000");
	check(s, s->tcb.snd_wnd == 2000 && s->tcb.max_snd_wnd == 2000);
	server(s, ". 1:1(0) ack 1 win 2000");
	check(s, s->tcb.snd_wnd == 64000 && s->tcb.max_snd_wnd == 64000);
}

/* Breaks when a shift over 14 is used as it stands (RFC 7323 section 2.3), theirs or ours. */
static void wscale_over_14(struct script *s)
{
	s->config.wscale = 200;
	s->config.rcv_wnd = 64240;
	open(s);
	client(s, "S 0:0(0) win 64240 <mss 1000,wscale 200>");
	server(s, "S. 0:0(0) ack 1 win 2000 <mss 1000,wscale 255>");
	client(s, ". 1:1(0) ack 1 win 3");
	server(s, ". 1:1(0) ack 1 win 1");
	check(s, s->tcb.snd_wnd == 16384);
}

/* Breaks when a peer without the MSS option gets more than the default (MUST-15). */
static void mss_absent(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000");
	client(s, ". 1:1(0) ack 1");
	send(s, 600);
	client(s, ". 1:537(536) ack 1");
	client(s, "P. 537:601(64) ack 1");
}

/* Breaks when an MSS of zero makes segments without octets. */
static void mss_zero(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 0>");
	client(s, ". 1:1(0) ack 1");
	send(s, 536);
	client(s, "P. 1:537(536) ack 1");
}

/* Breaks when a peer's great MSS makes packets that the path cannot carry. */
static void mss_over_the_path(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 9000>");
	client(s, ". 1:1(0) ack 1");
	send(s, 1461);
	client(s, ". 1:1461(1460) ack 1");
	client(s, "P. 1461:1462(1) ack 1");
}

/* Breaks when the option's twelve octets are not taken off the MSS (RFC 6691), or a segment goes
 * without them (RFC 7323 section 3.2), or the echo is not the peer's. */
static void timestamps_agreed(struct script *s)
{
	s->config.timestamps = true;
	open(s);
	client(s, "S 0:0(0) <mss 1000,TS val 11000 ecr 0>");
	pass(s, 20 * MS);
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000,TS val 77 ecr 11000>");
	client(s, ". 1:1(0) ack 1 <TS val 11020 ecr 77>");
	pass(s, 5 * MS);
	send(s, 1000);
	client(s, ". 1:989(988) ack 1 <TS val 11025 ecr 77>");
	client(s, "P. 989:1001(12) ack 1 <TS val 11025 ecr 77>");
}

/* Breaks when ECN is believed to be agreed on after ECE|CWR, which a mirror would send. */
static void ecn_needs_ece_alone(struct script *s)
{
	s->config.ecn = true;
	open(s);
	client(s, "SEW 0:0(0)");
	server(s, "S.E 0:0(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	check(s, s->tcb.ecn_on);
	tcb_init(&s->tcb, &s->config, &s->path);
	s->running = 0;
	open(s);
	client(s, "SEW 0:0(0)");
	server(s, "S.EW 0:0(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	check(s, !s->tcb.ecn_on);
}

/* Breaks when an MSS that the option eats up makes segments without octets. */
static void timestamps_eat_the_mss(struct script *s)
{
	s->config.timestamps = true;
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 12,TS val 77 ecr 11000>");
	client(s, ". 1:1(0) ack 1");
	send(s, 2);
	client(s, ". 1:2(1) ack 1");
	client(s, "P. 2:3(1) ack 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(open_sends_syn),
	    SCRIPT(open_without_options),
	    SCRIPT(open_window_is_unscaled),
	    SCRIPT(only_we_offer),
	    SCRIPT(only_the_peer_offers),
	    SCRIPT(later_windows_are_scaled),
	    SCRIPT(wscale_over_14),
	    SCRIPT(mss_absent),
	    SCRIPT(mss_zero),
	    SCRIPT(mss_over_the_path),
	    SCRIPT(timestamps_agreed),
	    SCRIPT(timestamps_eat_the_mss),
	    SCRIPT(ecn_needs_ece_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
