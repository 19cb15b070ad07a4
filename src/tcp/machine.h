/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the machine share, and nobody else: one event in the middle of its step.
 */
#ifndef SHAKEDOWN_TCP_MACHINE_H
#define SHAKEDOWN_TCP_MACHINE_H

#include "tcp/tcb.h"

struct step {
	struct tcb *tcb;
	struct tcb_result *result;
	int64_t now_ns;
	bool ack_now;     /* the peer is owed an acknowledgment */
	uint32_t seg_wnd; /* of the arriving segment, in octets */
};

/* --- tcb.c --- */

void step_note(struct step *step, enum tcb_note note); /* a later note replaces an earlier one */
struct tcb_action *step_action(struct step *step, enum tcb_action_type type);
void step_timer_start(struct step *step, enum tcb_timer timer, int64_t after_ns);
void step_timer_stop(struct step *step, enum tcb_timer timer);
void step_enter(struct step *step, enum tcb_state state);
/* -> CLOSED: every timer stopped, nothing queued. */
void step_closed(struct step *step);
void step_time_wait(struct step *step);

/* --- output.c --- */

void output_syn(struct step *step, bool retransmit);
/* As much data as windows allow, then the FIN if it is due, else an ACK if one is owed. */
void output_pending(struct step *step);
void output_ack(struct step *step);
/* (Re)starts the retransmission timer: the RTO, or after the last try the caller's patience. */
void output_expect_ack(struct step *step);
/* How often what is unacknowledged now may be sent again. */
unsigned output_retries(const struct tcb *tcb);
/* <SEQ=seq><CTL=RST>: for what must not be answered with our own numbers. */
void output_reset(struct step *step, uint32_t seq);
/* Is anything unacknowledged that the machine itself has sent? */
bool output_may_retransmit(const struct tcb *tcb);
/* The oldest unacknowledged segment once more. */
void output_retransmit(struct step *step);
void output_window_probe(struct step *step);
/* A challenge ACK, unless one was sent within the last 500 ms (RFC 5961 section 7). */
void output_challenge(struct step *step, enum tcb_note why);

/* --- acknowledge.c --- */

/* SEG.ACK advances SND.UNA: RTT sample, timers, congestion window (RFC 6298, RFC 5681). */
void acknowledge(struct step *step, const struct segment *seg);
void acknowledge_window(struct step *step, const struct segment *seg);
void acknowledge_timeout(struct step *step);

/* --- syn_sent.c, synchronized.c, receive.c --- */

void arrives_syn_sent(struct step *step, const struct segment *seg);     /* 3.10.7.3 */
void arrives_synchronized(struct step *step, const struct segment *seg); /* 3.10.7.4 */
/* 3.10.7.4, seventh and eighth: segment text and FIN. */
void receive_text(struct step *step, const struct segment *seg);

#endif
