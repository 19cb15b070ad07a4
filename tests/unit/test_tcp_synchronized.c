/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine in the synchronized states: RFC 9293 section 3.10.7.4, checks first to fifth, row by
 * row. Our window is 5000 octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_script.h"

static const enum tcb_state synchronized[] = {
    TCB_ESTABLISHED, TCB_FIN_WAIT_1, TCB_FIN_WAIT_2, TCB_CLOSE_WAIT,
    TCB_CLOSING,     TCB_LAST_ACK,   TCB_TIME_WAIT,
};
#define SYNCHRONIZED_COUNT (sizeof(synchronized) / sizeof(synchronized[0]))

/* The same script in each synchronized state; RCV.NXT is IRS + 1 before the peer's FIN, + 2 after.
 */
static void in_each_state(struct script *s, void (*body)(struct script *s, bool after_fin))
{
	for (unsigned i = 0; i < SYNCHRONIZED_COUNT; i++) {
		s->running = 0;
		script_reach(s, synchronized[i]);
		body(s, s->tcb.rcv_nxt == s->irs + 2);
		nothing(s);
	}
}

static void exact_rst(struct script *s, bool after_fin)
{
	server(s, after_fin ? "R 2:2(0)" : "R 1:1(0)");
	nothing(s);
	note(s, NOTE_RESET);
	state(s, TCB_CLOSED);
	check(s, s->running == 0);
}

/* Second: RST exact. Breaks when some state does not end by it, answers it, or leaves a timer. */
static void rst_exact(struct script *s)
{
	in_each_state(s, exact_rst);
}

static void exact_rst_ack(struct script *s, bool after_fin)
{
	server(s, after_fin ? "R. 2:2(0) ack 70000" : "R. 1:1(0) ack -70000");
	note(s, NOTE_RESET);
	state(s, TCB_CLOSED);
}

/* Second comes before fifth. Breaks when the ACK of a RST is looked at. */
static void rst_exact_whatever_ack(struct script *s)
{
	in_each_state(s, exact_rst_ack);
}

static void in_window_rst(struct script *s, bool after_fin)
{
	enum tcb_state before = s->tcb.state;
	unsigned timers = s->running;

	server(s, after_fin ? "R 3:3(0)" : "R 2:2(0)");
	client(s, s->tcb.fin_sent ? after_fin ? ". 2:2(0) ack 2" : ". 2:2(0) ack 1"
		  : after_fin     ? ". 1:1(0) ack 2"
				  : ". 1:1(0) ack 1");
	note(s, NOTE_CHALLENGE_RST);
	state(s, before);
	check(s, s->running == timers);
}

/* Second: RST in the window, not exact. Breaks when a guessed RST ends a connection (RFC 5961
 * section 3), or gets no challenge. */
static void rst_in_window(struct script *s)
{
	in_each_state(s, in_window_rst);
}

/* First, RST: the window's edges. Breaks by one octet at either. */
static void rst_outside(struct script *s)
{
	script_established(s);
	server(s, "R 0:0(0)");
	note(s, NOTE_RST_OUT_OF_WINDOW);
	server(s, "R 5001:5001(0)");
	note(s, NOTE_RST_OUT_OF_WINDOW);
	server(s, "R -2147483647:-2147483647(0)");
	note(s, NOTE_RST_OUT_OF_WINDOW);
	nothing(s);
	server(s, "R 5000:5000(0)");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_CHALLENGE_RST);
	state(s, TCB_ESTABLISHED);
}

static void any_syn(struct script *s, bool after_fin)
{
	enum tcb_state before = s->tcb.state;
	const char *ack = s->tcb.fin_sent ? after_fin ? ". 2:2(0) ack 2" : ". 2:2(0) ack 1"
			  : after_fin     ? ". 1:1(0) ack 2"
					  : ". 1:1(0) ack 1";

	server(s, "S 100:100(0)");
	client(s, ack);
	note(s, NOTE_CHALLENGE_SYN);
	pass(s, SEC);
	server(s, "S. 100:100(0) ack 1");
	client(s, ack);
	note(s, NOTE_CHALLENGE_SYN);
	server(s, "S 100000:100000(0)"); /* first */
	client(s, ack);
	note(s, NOTE_UNACCEPTABLE);
	state(s, before);
}

/* Fourth: SYN. Breaks when a SYN in a synchronized state resets it (RFC 5961 section 4), or goes
 * without an answer. */
static void syn(struct script *s)
{
	in_each_state(s, any_syn);
}

/* Breaks when our lost third segment is not repeated on the server's repeated SYN-ACK. */
static void synack_again(struct script *s)
{
	script_established(s);
	for (int i = 0; i < 3; i++) {
		server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000>");
		client(s, ". 1:1(0) ack 1");
		note(s, NOTE_SYNACK_AGAIN);
	}
	state(s, TCB_ESTABLISHED);
}

/* RFC 5961 section 7. Breaks when challenge ACKs can be drawn from us at any rate, or never again.
 */
static void challenge_limit(struct script *s)
{
	script_established(s);
	server(s, "S 1:1(0)");
	client(s, ". 1:1(0) ack 1");
	pass(s, 499 * MS);
	server(s, "S 1:1(0)");
	note(s, NOTE_CHALLENGE_LIMITED);
	server(s, "R 2:2(0)");
	note(s, NOTE_CHALLENGE_LIMITED);
	server(s, ". 1:1(0) ack 2");
	note(s, NOTE_CHALLENGE_LIMITED);
	nothing(s);
	pass(s, 1 * MS);
	server(s, "S 1:1(0)");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_CHALLENGE_SYN);
}

static void outside_window(struct script *s, bool after_fin)
{
	enum tcb_state before = s->tcb.state;
	const char *ack = s->tcb.fin_sent ? after_fin ? ". 2:2(0) ack 2" : ". 2:2(0) ack 1"
			  : after_fin     ? ". 1:1(0) ack 2"
					  : ". 1:1(0) ack 1";

	server(s, ". 0:0(0) ack 1"); /* a keepalive */
	client(s, ack);
	note(s, NOTE_UNACCEPTABLE);
	server(s, ". 5002:5002(0) ack 1"); /* two ends that disagree must not go on for ever */
	nothing(s);
	note(s, NOTE_CHALLENGE_LIMITED);
	pass(s, 500 * MS);
	server(s, ". 5002:5002(0) ack 1");
	client(s, ack);
	server(s, ". 5002:5012(10) ack 1");
	client(s, ack);
	note(s, NOTE_UNACCEPTABLE);
	server(s, ". 0:1(1) ack 1");
	client(s, ack);
	note(s, NOTE_OLD_DATA);
	state(s, before);
}

/* First: SEG.LEN 0 and > 0 outside of the window. Breaks when such a segment is not answered by an
 * ACK, or is taken. */
static void unacceptable(struct script *s)
{
	in_each_state(s, outside_window);
}

/* First: the table's edges with text. Breaks by one octet. */
static void window_edges(struct script *s)
{
	script_established(s);
	server(s, ". 0:2(2) ack 1"); /* only its last octet is new */
	delivered(s, 1);
	client(s, ". 1:1(0) ack 2");
	note(s, NOTE_IN_ORDER);
	server(s, ". 5001:5011(10) ack 1"); /* only its first octet is in the window */
	client(s, ". 1:1(0) ack 2");
	note(s, NOTE_OUT_OF_ORDER);
	check(s, s->tcb.ranges[0].end - s->tcb.ranges[0].start == 1);
	server(s, ". 5002:5012(10) ack 1");
	client(s, ". 1:1(0) ack 2");
	note(s, NOTE_UNACCEPTABLE);
}

/* First, RCV.WND = 0: both rows. Breaks when nothing at all is taken, RST and ACK included. */
static void our_window_is_zero(struct script *s)
{
	s->config.rcv_wnd = 0;
	open(s);
	client(s, "S 0:0(0) win 0");
	server(s, "S. 0:0(0) ack 1 win 100");
	client(s, ". 1:1(0) ack 1 win 0");
	server(s, ". 1:2(1) ack 1");
	client(s, ". 1:1(0) ack 1 win 0");
	note(s, NOTE_UNACCEPTABLE);
	send(s, 10);
	client(s, "P. 1:11(10) ack 1");
	server(s, ". 1:1(0) ack 11");
	note(s, NOTE_ACKED);
	server(s, "R 5:5(0)");
	note(s, NOTE_RST_OUT_OF_WINDOW);
	server(s, ". 5:5(0) ack 11");
	client(s, ". 11:11(0) ack 1");
	note(s, NOTE_UNACCEPTABLE);
	server(s, "R 1:1(0)");
	state(s, TCB_CLOSED);
}

static void without_ack(struct script *s, bool after_fin)
{
	enum tcb_state before = s->tcb.state;

	server(s, after_fin ? "P 2:12(10)" : "P 1:11(10)");
	nothing(s);
	note(s, NOTE_NO_ACK_FLAG);
	server(s, after_fin ? "F 2:2(0)" : "F 1:1(0)");
	server(s, after_fin ? "- 2:2(0)" : "- 1:1(0)");
	nothing(s);
	state(s, before);
	check(s, s->tcb.rcv_nxt == s->irs + (after_fin ? 2 : 1));
}

/* Fifth: the ACK bit is off. Breaks when text or FIN count without it, or are answered. */
static void no_ack_flag(struct script *s)
{
	in_each_state(s, without_ack);
}

/* Fifth: SEG.ACK > SND.NXT. Breaks when an ACK of what was never sent is believed, its text taken,
 * or no challenge is sent. */
static void ack_too_new(struct script *s)
{
	script_established(s);
	server(s, "P. 1:11(10) ack 2");
	client(s, ". 1:1(0) ack 1");
	note(s, NOTE_CHALLENGE_ACK);
	check(s, s->tcb.snd_una == s->iss + 1);
	pass(s, SEC);
	server(s, "F. 1:1(0) ack 2000000000");
	client(s, ". 1:1(0) ack 1");
	state(s, TCB_ESTABLISHED);
}

/* Fifth: SEG.ACK < SND.UNA - MAX.SND.WND (RFC 5961 section 5). Breaks by one, or when older ACKs
 * within that are not let through. */
static void ack_too_old(struct script *s)
{
	script_established(s);
	server(s, "P. 1:11(10) ack -9999");
	delivered(s, 10);
	client(s, ". 1:1(0) ack 11");
	server(s, "P. 11:21(10) ack -10000");
	client(s, ". 1:1(0) ack 11");
	note(s, NOTE_CHALLENGE_ACK);
}

/* Fifth: SEG.ACK =< SND.UNA, a duplicate. Breaks when it is more than ignored. */
static void ack_duplicate(struct script *s)
{
	script_established(s);
	send(s, 10);
	client(s, "P. 1:11(10) ack 1");
	server(s, ". 1:1(0) ack 1");
	nothing(s);
	runs(s, TCB_TIMER_RETRANSMIT, -1);
	check(s, s->tcb.snd_una == s->iss + 1);
}

/* Fifth, SND.WL1 and SND.WL2. Breaks when an old segment's window replaces a newer one. */
static void window_update_order(struct script *s)
{
	script_established(s);
	send(s, 10);
	client(s, "P. 1:11(10) ack 1");
	server(s, "P. 1:11(10) ack 11 win 700");
	delivered(s, 10);
	client(s, ". 11:11(0) ack 11");
	server(s, ". 11:11(0) ack 11 win 800");
	check(s, s->tcb.snd_wnd == 800);
	server(s, ". 11:11(0) ack 1 win 500"); /* an older ACK */
	check(s, s->tcb.snd_wnd == 800);
	server(s, ". 12:12(0) ack 1 win 500"); /* newer, but SEG.ACK < SND.UNA */
	check(s, s->tcb.snd_wnd == 800);
	server(s, ". 12:12(0) ack 11 win 600");
	server(s, ". 11:11(0) ack 11 win 900"); /* an older sequence number */
	check(s, s->tcb.snd_wnd == 600 && s->tcb.max_snd_wnd == 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SCRIPT(rst_exact),
	    SCRIPT(rst_exact_whatever_ack),
	    SCRIPT(rst_in_window),
	    SCRIPT(rst_outside),
	    SCRIPT(syn),
	    SCRIPT(synack_again),
	    SCRIPT(challenge_limit),
	    SCRIPT(unacceptable),
	    SCRIPT(window_edges),
	    SCRIPT(our_window_is_zero),
	    SCRIPT(no_ack_flag),
	    SCRIPT(ack_too_new),
	    SCRIPT(ack_too_old),
	    SCRIPT(ack_duplicate),
	    SCRIPT(window_update_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
