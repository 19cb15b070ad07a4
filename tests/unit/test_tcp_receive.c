/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine receives: RFC 9293 section 3.10.7.4, seventh and eighth, out of order too; SACK
 * (RFC 2018), PAWS (RFC 7323 section 5). Our window is 5000 octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

/* To ESTABLISHED with SACK, and timestamps if wanted (theirs starts at 100). */
static void with_options(struct script *s, bool timestamps)
{
	s->config.sack = true;
	s->config.timestamps = timestamps;
	open(s);
	client(s, "S 0:0(0)");
	server(s, timestamps ? "S. 0:0(0) ack 1 <mss 1000,sackOK,TS val 100 ecr 11000>"
			     : "S. 0:0(0) ack 1 <mss 1000,sackOK>");
	client(s, ". 1:1(0) ack 1");
}

/* Seventh. Breaks when text in order is not delivered and acknowledged at once. */
static void in_order(struct script *s)
{
	script_established(s);
	server(s, ". 1:1001(1000) ack 1");
	delivered(s, 1000);
	client(s, ". 1:1(0) ack 1001 win 5000");
	note(s, NOTE_IN_ORDER);
	server(s, "P. 1001:1002(1) ack 1");
	delivered(s, 1);
	client(s, ". 1:1(0) ack 1002");
}

/* Breaks when text is delivered twice, or its repetition goes without an ACK. */
static void old_data(struct script *s)
{
	script_established(s);
	server(s, ". 1:101(100) ack 1");
	delivered(s, 100);
	client(s, ". 1:1(0) ack 101");
	server(s, ". 1:101(100) ack 1");
	client(s, ". 1:1(0) ack 101");
	note(s, NOTE_OLD_DATA);
	server(s, ". 51:151(100) ack 1"); /* half of it is new */
	delivered(s, 50);
	client(s, ". 1:1(0) ack 151");
	note(s, NOTE_IN_ORDER);
}

/* Breaks when text out of order is delivered early, acknowledged as received, or lost. */
static void out_of_order(struct script *s)
{
	script_established(s);
	server(s, ". 101:201(100) ack 1");
	client(s, ". 1:1(0) ack 1 <>");
	note(s, NOTE_OUT_OF_ORDER);
	server(s, ". 1:101(100) ack 1");
	delivered(s, 200);
	client(s, ". 1:1(0) ack 201");
	check(s, s->tcb.range_count == 0);
}

/* Breaks when ranges that touch, overlap or contain one another are counted twice. */
static void ranges_merge(struct script *s)
{
	with_options(s, false);
	server(s, ". 101:201(100) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 101:201>");
	server(s, ". 301:401(100) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 301:401 101:201>");
	server(s, ". 501:601(100) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 501:601 101:201 301:401>");
	server(s, ". 201:211(10) ack 1"); /* touches the first */
	client(s, ". 1:1(0) ack 1 <sack 101:211 301:401 501:601>");
	server(s, ". 291:310(19) ack 1"); /* overlaps the second */
	client(s, ". 1:1(0) ack 1 <sack 291:401 101:211 501:601>");
	server(s, ". 520:530(10) ack 1"); /* within the third */
	client(s, ". 1:1(0) ack 1 <sack 501:601 101:211 291:401>");
	server(s, ". 205:700(495) ack 1"); /* all three */
	client(s, ". 1:1(0) ack 1 <sack 101:700>");
	server(s, ". 1:151(150) ack 1"); /* the gap, and into the range */
	delivered(s, 699);
	client(s, ". 1:1(0) ack 700 <>");
}

/* RFC 2018 section 4. Breaks when the newest block is not the first, or more are sent than fit. */
static void sack_order_and_room(struct script *s)
{
	with_options(s, false);
	server(s, ". 101:111(10) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 101:111>");
	server(s, ". 201:211(10) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 201:211 101:111>");
	server(s, ". 301:311(10) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 301:311 101:111 201:211>");
	server(s, ". 401:411(10) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 401:411 101:111 201:211 301:311>");
	server(s, ". 501:511(10) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 501:511 101:111 201:211 301:311>");
	server(s, ". 1:111(110) ack 1");
	delivered(s, 110);
	client(s, ". 1:1(0) ack 111 <sack 501:511 201:211 301:311 401:411>");
}

/* Breaks when blocks and timestamps together do not fit into forty octets. */
static void sack_with_timestamps(struct script *s)
{
	with_options(s, true);
	server(s, ". 101:111(10) ack 1 <TS val 101 ecr 0>");
	client(s, ". 1:1(0) ack 1 <TS val 11000 ecr 100,sack 101:111>");
	server(s, ". 201:211(10) ack 1 <TS val 101 ecr 0>");
	client(s, ". 1:1(0) ack 1");
	server(s, ". 301:311(10) ack 1 <TS val 101 ecr 0>");
	client(s, ". 1:1(0) ack 1");
	server(s, ". 401:411(10) ack 1 <TS val 101 ecr 0>");
	client(s, ". 1:1(0) ack 1 <TS val 11000 ecr 100,sack 401:411 101:111 201:211>");
}

/* Breaks when a full segment with SACK blocks becomes longer than the path carries, or the peer
 * learns nothing of what is missing. */
static void sack_and_data(struct script *s)
{
	with_options(s, false);
	server(s, ". 101:111(10) ack 1");
	client(s, ". 1:1(0) ack 1 <sack 101:111>");
	send(s, 1000);
	client(s, "P. 1:1001(1000) ack 1 <>");
	server(s, ". 201:211(10) ack 1001 win 0");
	client(s, ". 1001:1001(0) ack 1 <sack 201:211 101:111>");
	send(s, 1000);
	server(s, ". 301:311(10) ack 1001 win 1000");
	client(s, "P. 1001:2001(1000) ack 1 <>");
	client(s, ". 2001:2001(0) ack 1 <sack 301:311 101:111 201:211>");
}

/* Breaks when the ninth range overwrites another, or is acknowledged though it was not kept. */
static void ranges_are_bounded(struct script *s)
{
	static const char *const lines[] = {
	    ". 101:111(10) ack 1", ". 201:211(10) ack 1", ". 301:311(10) ack 1",
	    ". 401:411(10) ack 1", ". 501:511(10) ack 1", ". 601:611(10) ack 1",
	    ". 701:711(10) ack 1", ". 801:811(10) ack 1",
	};

	script_established(s);
	for (unsigned i = 0; i < 8; i++) {
		server(s, lines[i]);
		client(s, ". 1:1(0) ack 1");
		note(s, NOTE_OUT_OF_ORDER);
	}
	server(s, ". 901:911(10) ack 1");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_OUT_OF_ORDER_LOST);
	server(s, ". 51:61(10) ack 1");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_OUT_OF_ORDER_LOST);
	check(s, s->tcb.range_count == 8);
	server(s, ". 811:821(10) ack 1"); /* it makes one longer: that always fits */
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_OUT_OF_ORDER);
	server(s, ". 1:901(900) ack 1");
	delivered(s, 900);
	client(s, ". 1:1(0) ack 901");
}

/* Breaks when text behind the window's edge is taken. */
static void beyond_the_window(struct script *s)
{
	script_established(s);
	server(s, ". 4901:5101(200) ack 1");
	client(s, ". 1:1(0) ack 1");
	check(s, s->tcb.ranges[0].end == s->irs + 5001);
	server(s, ". 1:4901(4900) ack 1");
	delivered(s, 5000);
	client(s, ". 1:1(0) ack 5001");
}

/* Eighth. Breaks when a FIN acts before the text that it follows, or is forgotten meanwhile. */
static void fin_out_of_order(struct script *s)
{
	script_established(s);
	server(s, "F. 101:201(100) ack 1");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_OUT_OF_ORDER);
	state(s, TCB_ESTABLISHED);
	server(s, ". 1:101(100) ack 1");
	delivered(s, 200);
	client(s, ". 1:1(0) ack 202");
	note(s, NOTE_FIN);
	state(s, TCB_CLOSE_WAIT);
}

/* Breaks when text that claims to lie behind a FIN makes a range that is upside down. */
static void text_behind_an_early_fin(struct script *s)
{
	script_established(s);
	server(s, "F. 101:101(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_OUT_OF_ORDER);
	server(s, ". 151:161(10) ack 1");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_UNACCEPTABLE);
	check(s, s->tcb.range_count == 0);
	server(s, ". 51:161(110) ack 1");
	client(s, ". 1:1(0) ack 1");
	check(s, s->tcb.ranges[0].end == s->irs + 101);
	server(s, ". 1:51(50) ack 1");
	delivered(s, 100);
	client(s, ". 1:1(0) ack 102");
	state(s, TCB_CLOSE_WAIT);
}

/* Breaks when a FIN that lies before text that we have is believed. */
static void fin_before_kept_text(struct script *s)
{
	script_established(s);
	server(s, ". 101:201(100) ack 1");
	client(s, ". 1:1(0) ack 1");
	server(s, "F. 51:51(0) ack 1");
	client(s, ". 1:1(0) ack 1");
	check(s, !s->tcb.peer_fin_seen);
	server(s, ". 1:101(100) ack 1");
	delivered(s, 200);
	client(s, ". 1:1(0) ack 201");
	state(s, TCB_ESTABLISHED);
}

/* Breaks when the FIN right behind a full window is refused. */
static void fin_at_the_edge(struct script *s)
{
	script_established(s);
	server(s, "F. 1:5001(5000) ack 1");
	delivered(s, 5000);
	client(s, ". 1:1(0) ack 5002");
	state(s, TCB_CLOSE_WAIT);
}

/* RFC 7323 section 5.3, R1. Breaks when an old duplicate is taken, goes without an ACK, or when a
 * segment without the option is refused. */
static void paws(struct script *s)
{
	with_options(s, true);
	server(s, "P. 1:11(10) ack 1 <TS val 99 ecr 0>");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_PAWS);
	server(s, "F. 1:1(0) ack 1 <TS val -2147483547 ecr 0>");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_PAWS);
	server(s, "P. 1:11(10) ack 1 <TS val 100 ecr 0>");
	delivered(s, 10);
	client(s, ". 1:1(0) ack 11 <TS val 11000 ecr 100>");
	server(s, "P. 11:21(10) ack 1");
	delivered(s, 10);
	client(s, ". 1:1(0) ack 21 <TS val 11000 ecr 100>");
	state(s, TCB_ESTABLISHED);
}

/* R1 lets RSTs through. Breaks when a server's RST with an old timestamp is not believed, or a
 * challenged one sets TS.Recent back. */
static void paws_rst(struct script *s)
{
	with_options(s, true);
	server(s, "R. 0:2(2) ack 1 <TS val 5 ecr 0>");
	client(s, ". 1:1(0) ack 1 <TS val 11000 ecr 100>");
	note(s, NOTE_CHALLENGE_RST);
	server(s, "R. 1:1(0) ack 1 <TS val 5 ecr 0>");
	state(s, TCB_CLOSED);
}

/* R3, R4. Breaks when a timestamp from out of order is echoed, or that of the left edge is not. */
static void timestamp_echo(struct script *s)
{
	with_options(s, true);
	server(s, ". 11:21(10) ack 1 <TS val 200 ecr 0>");
	client(s, ". 1:1(0) ack 1 <TS val 11000 ecr 100,sack 11:21>");
	server(s, ". 1:11(10) ack 1 <TS val 150 ecr 0>");
	delivered(s, 20);
	client(s, ". 1:1(0) ack 21 <TS val 11000 ecr 150>");
	server(s, ". 21:22(1) ack 1 <TS val 300 ecr 0>");
	delivered(s, 1);
	client(s, ". 1:1(0) ack 22 <TS val 11000 ecr 300>");
}

/* Sixth. Breaks when urgent text is anything but text. */
static void urgent(struct script *s)
{
	script_established(s);
	server(s, "PU. 1:7(6) ack 1");
	delivered(s, 6);
	client(s, ". 1:1(0) ack 7");
}

/* Breaks when timestamps are compared as plain numbers: the peer's clock wraps too. */
static void timestamps_wrap(struct script *s)
{
	static const struct {
		const char *synack, *data, *ack, *old;
	} rows[] = {
	    {"S. 0:0(0) ack 1 <TS val 4294967290 ecr 11000>", ". 1:11(10) ack 1 <TS val 5 ecr 0>",
	     ". 1:1(0) ack 11 <TS val 11000 ecr 5>", ". 11:21(10) ack 1 <TS val 4294967295 ecr 0>"},
	    {"S. 0:0(0) ack 1 <TS val 2147483640 ecr 11000>",
	     ". 1:11(10) ack 1 <TS val 2147483650 ecr 0>",
	     ". 1:1(0) ack 11 <TS val 11000 ecr 2147483650>",
	     ". 11:21(10) ack 1 <TS val 2147483647 ecr 0>"},
	};

	s->config.timestamps = true;
	for (unsigned i = 0; i < 2; i++) {
		s->running = 0;
		open(s);
		client(s, "S 0:0(0)");
		server(s, rows[i].synack);
		client(s, ". 1:1(0) ack 1");
		server(s, rows[i].data);
		delivered(s, 10);
		client(s, rows[i].ack);
		server(s, rows[i].old);
		client(s, rows[i].ack);
		note(s, NOTE_PAWS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(in_order),
	    SCRIPT(old_data),
	    SCRIPT(out_of_order),
	    SCRIPT(ranges_merge),
	    SCRIPT(sack_order_and_room),
	    SCRIPT(sack_with_timestamps),
	    SCRIPT(sack_and_data),
	    SCRIPT(ranges_are_bounded),
	    SCRIPT(beyond_the_window),
	    SCRIPT(fin_out_of_order),
	    SCRIPT(text_behind_an_early_fin),
	    SCRIPT(fin_before_kept_text),
	    SCRIPT(fin_at_the_edge),
	    SCRIPT(paws),
	    SCRIPT(paws_rst),
	    SCRIPT(timestamp_echo),
	    SCRIPT(timestamps_wrap),
	    SCRIPT(urgent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
