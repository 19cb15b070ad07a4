/* SPDX-License-Identifier: BSD-2-Clause */
/* machine: a segment arrives in SYN-SENT. RFC 9293 section 3.10.7.3, one function per check. */
#include "tcp/machine.h"
#include "wire/seqno.h"

#define WSCALE_MAX 14 /* RFC 7323 section 2.3 */

/* RFC 6928 section 2; one segment where more than one SYN was lost. */
static uint32_t initial_window(const struct tcb *tcb)
{
	uint32_t bound = 2 * tcb->snd_mss > 14600 ? 2 * tcb->snd_mss : 14600;

	if (tcb->retransmits > 1)
		return tcb->snd_mss;
	return 10 * tcb->snd_mss < bound ? 10 * tcb->snd_mss : bound;
}

/* Options count only where both sides sent them: RFC 7323 sections 2.2 and 3.2, RFC 2018. */
static void negotiate(struct tcb *tcb, const struct segment *seg)
{
	const struct tcb_config *config = tcb->config;
	const struct tcp_options *peer = &seg->options;
	uint16_t ecn_setup = seg->flags & TCP_ACK ? TCP_ECE : TCP_ECE | TCP_CWR;
	uint32_t mss = peer->has_mss && peer->mss > 0 ? peer->mss : tcb->path.default_mss;

	tcb->wscale_on = config->wscale >= 0 && peer->has_wscale;
	if (tcb->wscale_on) {
		int shift = config->wscale > WSCALE_MAX ? WSCALE_MAX : config->wscale;

		tcb->rcv_wscale = (uint8_t)shift;
		tcb->snd_wscale = peer->wscale > WSCALE_MAX ? WSCALE_MAX : peer->wscale;
	}
	/* what the window field cannot say is not offered */
	if (tcb->rcv_wnd >> tcb->rcv_wscale > UINT16_MAX)
		tcb->rcv_wnd = (uint32_t)UINT16_MAX << tcb->rcv_wscale;
	tcb->timestamps_on = config->timestamps && peer->has_timestamps;
	if (tcb->timestamps_on)
		tcb->ts_recent = peer->tsval;
	tcb->sack_on = config->sack && peer->has_sack_permitted;
	tcb->ecn_on = config->ecn && (seg->flags & (TCP_ECE | TCP_CWR)) == ecn_setup;
	if (mss > tcb->path.path_mss)
		mss = tcb->path.path_mss;
	if (tcb->timestamps_on)
		mss = mss > 12 ? mss - 12 : 1; /* RFC 6691 */
	tcb->snd_mss = mss;
	tcb->cwnd = initial_window(tcb);
	tcb->ssthresh = UINT32_MAX;
}

static void take_numbers(struct tcb *tcb, const struct segment *seg)
{
	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	tcb->snd_wnd = seg->wnd; /* never scaled in a SYN: RFC 7323 section 2.2 */
	tcb->max_snd_wnd = seg->wnd;
	tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = seg->flags & TCP_ACK ? seg->ack : tcb->iss;
}

static bool ack_acceptable(const struct tcb *tcb, const struct segment *seg)
{
	return seq_lt(tcb->iss, seg->ack) && seq_le(seg->ack, tcb->snd_nxt);
}

/* First: check the ACK bit. True if the segment is done with. */
static bool first_ack(struct step *step, const struct segment *seg)
{
	if (!(seg->flags & TCP_ACK) || ack_acceptable(step->tcb, seg))
		return false;
	if (seg->flags & TCP_RST) {
		step_note(step, NOTE_RST_INVALID);
	} else {
		output_reset(step, seg->ack);
		step_note(step, NOTE_BAD_SYNACK);
	}
	return true;
}

/* Second: check the RST bit. Without an acceptable ACK it must not be believed. */
static bool second_rst(struct step *step, const struct segment *seg)
{
	if (!(seg->flags & TCP_RST))
		return false;
	if (seg->flags & TCP_ACK) {
		step_closed(step);
		step_note(step, NOTE_REFUSED);
	} else {
		step_note(step, NOTE_RST_INVALID);
	}
	return true;
}

/* Fourth: check the SYN bit (third, security, is not in use). */
static void fourth_syn(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;

	if (!(seg->flags & TCP_SYN)) { /* fifth: neither SYN nor RST */
		step_note(step, NOTE_IGNORED);
		return;
	}
	negotiate(tcb, seg);
	take_numbers(tcb, seg);
	if (seg->flags & TCP_ACK) {
		acknowledge(step, seg);
		step_enter(step, TCB_ESTABLISHED);
		step->ack_now = true;
		receive_text(step, seg);
		step_note(step, NOTE_HANDSHAKE_DONE);
	} else { /* MUST-10: simultaneous open */
		step_enter(step, TCB_SYN_RECEIVED);
		output_syn(step, false);
		step_note(step, NOTE_SIMULTANEOUS_OPEN);
	}
}

void arrives_syn_sent(struct step *step, const struct segment *seg)
{
	if (first_ack(step, seg) || second_rst(step, seg))
		return;
	fourth_syn(step, seg);
	/* The third segment leaves by itself, before any data: so the exchange shows three. */
	if (step->ack_now)
		output_ack(step);
	output_pending(step);
}
