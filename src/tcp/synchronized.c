/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine: a segment arrives in any state but CLOSED, LISTEN and SYN-SENT. RFC 9293 section
 * 3.10.7.4, one function per check; each returns true if the segment is done with.
 */
#include "tcp/machine.h"
#include "wire/seqno.h"

/* The table of section 3.10.7.4, first. */
static bool acceptable(const struct tcb *tcb, const struct segment *seg)
{
	uint32_t len = segment_len(seg);

	if (tcb->rcv_wnd == 0)
		return len == 0 && seg->seq == tcb->rcv_nxt;
	if (len == 0)
		return seq_in_window(seg->seq, tcb->rcv_nxt, tcb->rcv_wnd);
	return seq_in_window(seg->seq, tcb->rcv_nxt, tcb->rcv_wnd) ||
	       seq_in_window(seg->seq + len - 1, tcb->rcv_nxt, tcb->rcv_wnd);
}

/* Why an unacceptable segment came: what the peer sent before and thinks lost, or nonsense. */
static enum tcb_note why_unacceptable(const struct tcb *tcb, const struct segment *seg)
{
	if ((seg->flags & TCP_SYN) && seg->seq == tcb->irs)
		return NOTE_SYNACK_AGAIN;
	if ((seg->flags & TCP_FIN) && tcb->peer_fin_seen &&
	    seg->seq + segment_len(seg) - 1 == tcb->peer_fin_seq)
		return NOTE_FIN_AGAIN;
	if (seg->data_len > 0 && seq_lt(seg->seq, tcb->rcv_nxt))
		return NOTE_OLD_DATA;
	return NOTE_UNACCEPTABLE;
}

/* RFC 7323 section 5.3, R1: before all else. Segments without the option are taken: a device that
 * strips it must not look like a dead server (section 3.2 lets us). */
static bool paws(struct step *step, const struct segment *seg)
{
	const struct tcb *tcb = step->tcb;

	if (!tcb->timestamps_on || !seg->options.has_timestamps || (seg->flags & TCP_RST) ||
	    seq_ge(seg->options.tsval, tcb->ts_recent))
		return false;
	output_ack(step);
	step_note(step, NOTE_PAWS);
	return true;
}

/* R3: remember the timestamp of what fills the left edge. */
static void remember_timestamp(struct tcb *tcb, const struct segment *seg)
{
	if (tcb->timestamps_on && seg->options.has_timestamps &&
	    seq_ge(seg->options.tsval, tcb->ts_recent) && seq_le(seg->seq, tcb->last_ack_sent))
		tcb->ts_recent = seg->options.tsval;
}

/* First: check the sequence number. */
static bool first_sequence(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;
	enum tcb_note why;

	if (acceptable(tcb, seg)) {
		remember_timestamp(tcb, seg);
		return false;
	}
	if (seg->flags & TCP_RST) {
		step_note(step, NOTE_RST_OUT_OF_WINDOW);
		return true;
	}
	why = why_unacceptable(tcb, seg);
	if (segment_len(seg) == 0) { /* two ends that disagree must not acknowledge for ever */
		output_challenge(step, why);
		return true;
	}
	output_ack(step);
	/* The FIN once more restarts 2MSL: fifth check, TIME-WAIT. */
	if (tcb->state == TCB_TIME_WAIT && why == NOTE_FIN_AGAIN)
		step_timer_start(step, TCB_TIMER_TIME_WAIT, tcb->config->time_wait_ns);
	step_note(step, why);
	return true;
}

/* Second: check the RST bit. Only the exact number ends the connection (RFC 5961 section 3). */
static bool second_rst(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;
	enum tcb_note note = tcb->state == TCB_SYN_RECEIVED ? NOTE_REFUSED : NOTE_RESET;

	if (!(seg->flags & TCP_RST))
		return false;
	if (seg->seq != tcb->rcv_nxt) {
		output_challenge(step, NOTE_CHALLENGE_RST);
		return true;
	}
	step_closed(step);
	step_note(step, note);
	return true;
}

/* Fourth: check the SYN bit (third, security, is not in use). RFC 5961 section 4. */
static bool fourth_syn(struct step *step, const struct segment *seg)
{
	if (!(seg->flags & TCP_SYN))
		return false;
	output_challenge(step, NOTE_CHALLENGE_SYN);
	return true;
}

/* Fifth, SYN-RECEIVED. */
static bool fifth_syn_received(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;

	if (!seq_lt(tcb->snd_una, seg->ack) || !seq_le(seg->ack, tcb->snd_nxt)) {
		output_reset(step, seg->ack);
		step_note(step, NOTE_BAD_SYNACK);
		return true;
	}
	step_enter(step, TCB_ESTABLISHED);
	acknowledge(step, seg);
	step_note(step, NOTE_HANDSHAKE_DONE);
	return false;
}

/* Fifth, what an acknowledgment of our FIN does to each state. True if nothing is left to do. */
static bool fin_acked(struct step *step)
{
	struct tcb *tcb = step->tcb;

	if (!tcb_fin_acked(tcb))
		return false;
	switch (tcb->state) {
	case TCB_FIN_WAIT_1:
		step_enter(step, TCB_FIN_WAIT_2);
		return false;
	case TCB_CLOSING:
		step_time_wait(step);
		return true;
	case TCB_LAST_ACK:
		step_closed(step);
		return true;
	case TCB_CLOSED:
	case TCB_LISTEN:
	case TCB_SYN_SENT:
	case TCB_SYN_RECEIVED:
	case TCB_ESTABLISHED:
	case TCB_FIN_WAIT_2:
	case TCB_CLOSE_WAIT:
	case TCB_TIME_WAIT:
	case TCB_STATE_COUNT:
		break;
	}
	return false;
}

/* Fifth: check the ACK field. The acceptable range is RFC 5961 section 5.2's. */
static bool fifth_ack(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;

	if (!(seg->flags & TCP_ACK)) {
		step_note(step, NOTE_NO_ACK_FLAG);
		return true;
	}
	if (tcb->state == TCB_SYN_RECEIVED && fifth_syn_received(step, seg))
		return true;
	if (seq_gt(seg->ack, tcb->snd_nxt) || seq_lt(seg->ack, tcb->snd_una - tcb->max_snd_wnd)) {
		output_challenge(step, NOTE_CHALLENGE_ACK);
		return true;
	}
	if (seq_gt(seg->ack, tcb->snd_una))
		acknowledge(step, seg);
	if (seq_ge(seg->ack, tcb->snd_una))
		acknowledge_window(step, seg);
	return fin_acked(step);
}

/* In a simultaneous open the peer's SYN,ACK repeats the SYN that we have: section 3.5 figure 7
 * goes on to ESTABLISHED, though the letter of the first check would not accept it. */
static void trim_repeated_syn(const struct tcb *tcb, struct segment *seg)
{
	if (tcb->state != TCB_SYN_RECEIVED || seg->seq != tcb->irs ||
	    (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != (TCP_SYN | TCP_ACK))
		return;
	seg->flags &= (uint16_t)~TCP_SYN;
	seg->seq++;
}

void arrives_synchronized(struct step *step, const struct segment *arrived)
{
	struct segment seg = *arrived;

	/* never scaled in a SYN: RFC 7323 section 2.2 */
	step->seg_wnd = (uint32_t)seg.wnd << (seg.flags & TCP_SYN ? 0 : step->tcb->snd_wscale);
	trim_repeated_syn(step->tcb, &seg);
	if (paws(step, &seg) || first_sequence(step, &seg) || second_rst(step, &seg) ||
	    fourth_syn(step, &seg) || fifth_ack(step, &seg))
		return;
	/* sixth, URG: urgent data are data like any other here */
	receive_text(step, &seg);
	if (step->tcb->state != TCB_CLOSED)
		output_pending(step);
}
