/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine: segment text and FIN, in order or not. RFC 9293 section 3.10.7.4, seventh and eighth;
 * ranges out of order are kept as numbers alone (their octets are not ours to store), at most
 * TCB_RANGES_MAX of them.
 */
#include <string.h>

#include "tcp/machine.h"
#include "wire/seqno.h"

static bool may_receive(const struct tcb *tcb)
{
	return tcb->state == TCB_ESTABLISHED || tcb->state == TCB_FIN_WAIT_1 ||
	       tcb->state == TCB_FIN_WAIT_2;
}

static void range_remove(struct tcb *tcb, unsigned i)
{
	tcb->range_count--;
	memmove(&tcb->ranges[i], &tcb->ranges[i + 1],
		(tcb->range_count - i) * sizeof(tcb->ranges[0]));
}

/* Adds start..end, merging what it touches. False if there is no room for one more. */
static bool range_add(struct tcb *tcb, uint32_t start, uint32_t end)
{
	unsigned i = 0;

	while (i < tcb->range_count && seq_lt(tcb->ranges[i].end, start))
		i++;
	while (i < tcb->range_count && seq_le(tcb->ranges[i].start, end)) {
		if (seq_lt(tcb->ranges[i].start, start))
			start = tcb->ranges[i].start;
		end = seq_max(end, tcb->ranges[i].end);
		range_remove(tcb, i);
	}
	if (tcb->range_count == TCB_RANGES_MAX)
		return false;
	memmove(&tcb->ranges[i + 1], &tcb->ranges[i],
		(tcb->range_count - i) * sizeof(tcb->ranges[0]));
	tcb->ranges[i] = (struct seq_range){start, end};
	tcb->range_count++;
	tcb->last_range_start = start;
	return true;
}

/* RCV.NXT moves over start..end and every kept range that it then reaches. */
static void advance(struct step *step, uint32_t end)
{
	struct tcb *tcb = step->tcb;
	uint32_t before = tcb->rcv_nxt;

	tcb->rcv_nxt = end;
	while (tcb->range_count > 0 && seq_le(tcb->ranges[0].start, tcb->rcv_nxt)) {
		tcb->rcv_nxt = seq_max(tcb->rcv_nxt, tcb->ranges[0].end);
		range_remove(tcb, 0);
	}
	step_action(step, ACT_DELIVER)->data_len = tcb->rcv_nxt - before;
}

/* Seventh: process the segment text. */
static void seventh_text(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;
	uint32_t start = seg->seq + ((seg->flags & TCP_SYN) != 0);
	uint32_t end = start + seg->data_len;
	uint32_t edge = tcb->rcv_nxt + tcb->rcv_wnd;

	if (seg->data_len == 0)
		return;
	step->ack_now = true;
	if (seq_gt(end, edge))
		end = edge;
	if (tcb->peer_fin_seen && seq_gt(end, tcb->peer_fin_seq))
		end = tcb->peer_fin_seq; /* nothing comes behind a FIN */
	if (seq_ge(start, end)) {
		step_note(step, NOTE_UNACCEPTABLE);
	} else if (seq_le(end, tcb->rcv_nxt)) {
		step_note(step, NOTE_OLD_DATA);
	} else if (seq_le(start, tcb->rcv_nxt)) {
		advance(step, end);
		step_note(step, NOTE_IN_ORDER);
	} else {
		step_note(step,
			  range_add(tcb, start, end) ? NOTE_OUT_OF_ORDER : NOTE_OUT_OF_ORDER_LOST);
	}
}

/* A FIN counts once its number is within the window; it acts when all before it has come. */
static void remember_fin(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;
	uint32_t fin_seq = seg->seq + segment_len(seg) - 1;

	if (!(seg->flags & TCP_FIN))
		return;
	step->ack_now = true;
	if (tcb->peer_fin_seen || !seq_in_window(fin_seq, tcb->rcv_nxt, tcb->rcv_wnd))
		return;
	for (unsigned i = 0; i < tcb->range_count; i++)
		if (seq_gt(tcb->ranges[i].end, fin_seq))
			return; /* data behind a FIN: one of the two is false; wait for more */
	tcb->peer_fin_seen = true;
	tcb->peer_fin_seq = fin_seq;
	if (fin_seq != tcb->rcv_nxt)
		step_note(step, NOTE_OUT_OF_ORDER);
}

/* Eighth: check the FIN bit. */
static void eighth_fin(struct step *step)
{
	struct tcb *tcb = step->tcb;

	if (!tcb->peer_fin_seen || tcb->rcv_nxt != tcb->peer_fin_seq)
		return;
	tcb->rcv_nxt++;
	step->ack_now = true;
	step_note(step, NOTE_FIN);
	if (tcb->state == TCB_ESTABLISHED)
		step_enter(step, TCB_CLOSE_WAIT);
	else if (tcb->state == TCB_FIN_WAIT_1)
		step_enter(step, TCB_CLOSING);
	else
		step_time_wait(step);
}

void receive_text(struct step *step, const struct segment *seg)
{
	if (!may_receive(step->tcb))
		return;
	seventh_text(step, seg);
	remember_fin(step, seg);
	eighth_fin(step);
}
