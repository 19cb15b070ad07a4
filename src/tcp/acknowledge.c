/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine, its ears for acknowledgments: SEG.ACK -> SND.UNA, SND.WND, RTT samples, congestion
 * window. RFC 9293 section 3.10.7.4 fifth, RFC 6298, RFC 5681 (slow start, congestion avoidance,
 * timeout), RFC 6928 (initial window).
 */
#include "tcp/machine.h"
#include "wire/seqno.h"

/* RFC 6298 section 5.7: after a lost SYN, data start with a timeout of three seconds. */
#define RTO_AFTER_LOST_SYN_NS INT64_C(3000000000)

static void sample_rtt(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;

	if (tcb->timing && seq_ge(seg->ack, tcb->timed_end)) {
		rto_sample(&tcb->rto, step->now_ns - tcb->timed_at_ns);
		tcb->timing = false;
	}
}

static void open_congestion_window(struct tcb *tcb, uint32_t acked)
{
	uint32_t step = acked < tcb->snd_mss ? acked : tcb->snd_mss;

	if (tcb->snd_una == tcb->iss)
		return; /* that of our SYN opens nothing: section 3.1 */
	if (tcb->cwnd >= tcb->ssthresh)
		step = tcb->snd_mss * tcb->snd_mss / tcb->cwnd;
	if (tcb->cwnd < UINT32_C(1) << 30)
		tcb->cwnd += step > 0 ? step : 1;
}

void acknowledge(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;
	bool fin_was_acked = tcb_fin_acked(tcb);
	bool lost_syn = tcb->snd_una == tcb->iss && tcb->retransmits > 0;
	uint32_t acked = seg->ack - tcb->snd_una;

	sample_rtt(step, seg);
	if (lost_syn && !tcb->rto.sampled)
		rto_init(&tcb->rto, RTO_AFTER_LOST_SYN_NS, tcb->rto.min_ns, tcb->rto.max_ns);
	open_congestion_window(tcb, acked);
	tcb->snd_una = seg->ack;
	tcb->retransmits = 0;
	step_timer_stop(step, TCB_TIMER_RETRANSMIT);
	step_note(step, tcb_fin_acked(tcb) && !fin_was_acked ? NOTE_FIN_ACKED : NOTE_ACKED);
	if (!output_may_retransmit(tcb)) {
		tcb->recovering = false;
		return;
	}
	if (tcb->recovering && seq_lt(tcb->snd_una, tcb->recover)) {
		output_retransmit(step); /* what was sent before the timeout is taken as lost */
		return;
	}
	output_expect_ack(step);
}

void acknowledge_window(struct step *step, const struct segment *seg)
{
	struct tcb *tcb = step->tcb;
	uint32_t wnd = step->seg_wnd;

	if (!seq_lt(tcb->snd_wl1, seg->seq) &&
	    !(tcb->snd_wl1 == seg->seq && seq_le(tcb->snd_wl2, seg->ack)))
		return;
	tcb->snd_wnd = wnd;
	tcb->snd_wl1 = seg->seq;
	tcb->snd_wl2 = seg->ack;
	if (wnd > tcb->max_snd_wnd)
		tcb->max_snd_wnd = wnd;
	if (wnd > 0)
		step_timer_stop(step, TCB_TIMER_PERSIST);
}

static void give_up(struct step *step)
{
	struct tcb *tcb = step->tcb;

	/* even in SYN-SENT: the server may be half open behind a path that loses its answers */
	output_reset(step, tcb->snd_nxt);
	if (tcb->state != TCB_SYN_SENT)
		output_reset(step, tcb->snd_una);
	step_closed(step);
	step_note(step, NOTE_GAVE_UP);
}

void acknowledge_timeout(struct step *step)
{
	struct tcb *tcb = step->tcb;
	uint32_t flight = tcb->snd_nxt - tcb->snd_una;

	if (!output_may_retransmit(tcb)) {
		step_note(step, NOTE_IGNORED);
		return;
	}
	if (tcb->retransmits >= output_retries(tcb)) {
		give_up(step);
		return;
	}
	if (tcb->retransmits == 0 && tcb->snd_mss > 0)
		tcb->ssthresh = flight / 2 > 2 * tcb->snd_mss ? flight / 2 : 2 * tcb->snd_mss;
	tcb->retransmits++;
	tcb->cwnd = tcb->snd_mss;
	tcb->recovering = true;
	tcb->recover = tcb->snd_nxt;
	rto_back_off(&tcb->rto);
	output_retransmit(step);
	step_note(step, NOTE_RETRANSMITTED);
}
