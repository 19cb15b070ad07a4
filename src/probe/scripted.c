/* SPDX-License-Identifier: BSD-2-Clause */
/* A probe that a script steers: calls of the script -> segments, numbers, a clean end. */
#include "probe/scripted.h"

#include "probe/internal.h"
#include "wire/seqno.h"

void scripted_begin_raw(struct probe *probe, uint32_t iss)
{
	struct tcb *tcb = &probe->tcb;

	peer_init(&probe->peer, iss);
	probe->phase = PHASE_SCRIPT;
	probe->raw = true;
	tcb->iss = iss;
	tcb->snd_una = iss;
	tcb->snd_nxt = iss;
	tcb->data_seq = iss + 1;
}

static void remember_crafted(struct probe *probe, const struct segment *seg, bool count)
{
	probe_remember_sent(probe, seg, false);
	probe->sent[(probe->sent_head + probe->sent_count - 1) % PROBE_SENT_MAX].odd = !count;
}

void scripted_crafted(struct probe *probe, const struct segment *seg, bool count)
{
	struct tcb *tcb = &probe->tcb;

	probe->crafted = true;
	if (count && probe->raw && seg->seq == tcb->snd_nxt && !(seg->flags & TCP_RST))
		tcb->snd_nxt += segment_len(seg);
	else if (count && !probe->raw)
		tcb_overtake(tcb, seg);
	remember_crafted(probe, seg, count);
}

static void synchronize(struct probe *probe, const struct segment *seg)
{
	struct tcb *tcb = &probe->tcb;

	probe->raw_synchronized = true;
	tcb->irs = seg->seq;
	tcb->rcv_nxt = seg->seq + 1;
	tcb->timestamps_on = seg->options.has_timestamps;
	tcb->snd_wscale = seg->options.has_wscale ? seg->options.wscale : 0;
	tcb->snd_mss = seg->options.has_mss ? seg->options.mss : tcb->path.default_mss;
}

void scripted_arrived(struct probe *probe, const struct segment *seg)
{
	const unsigned synack = TCP_SYN | TCP_ACK;
	struct tcb *tcb = &probe->tcb;
	bool syn = seg->flags & TCP_SYN;

	if (probe->phase != PHASE_SCRIPT || (seg->flags & TCP_RST))
		return;
	probe->heard = true;
	if ((seg->flags & synack) == synack && probe->crafted && seg->ack != tcb->iss + 1) {
		probe->reopened = true;
		probe->reopened_seq = seg->ack;
		probe->reopened_ack = seg->seq + 1;
	}
	if (!probe->raw)
		return;
	if (seg->options.has_timestamps)
		tcb->ts_recent = seg->options.tsval;
	if (seg->flags & TCP_ACK) {
		tcb->snd_wnd = (uint32_t)seg->wnd << (syn ? 0 : tcb->snd_wscale & 15);
		if (seq_gt(seg->ack, tcb->snd_una) && seq_le(seg->ack, tcb->snd_nxt))
			tcb->snd_una = seg->ack;
	}
	if (syn && !probe->raw_synchronized)
		synchronize(probe, seg);
	else if (!syn && probe->raw_synchronized && seg->seq == tcb->rcv_nxt)
		tcb->rcv_nxt += segment_len(seg);
}

/* Octets that the machine does not have are unacknowledged: data behind them cannot be its own yet,
 * for what it sends again begins at SND.UNA. */
static bool crafted_is_out(const struct probe *probe)
{
	const struct tcb *tcb = &probe->tcb;

	return probe->crafted && tcb->state >= TCB_ESTABLISHED && tcb->snd_una != tcb->snd_nxt;
}

/* A FIN that the script made is the machine's from now on: without a timer nothing would end. */
static void adopt_fin(struct probe *probe, struct probe_output *out)
{
	struct tcb *tcb = &probe->tcb;
	uint8_t bit = (uint8_t)(1U << TCB_TIMER_RETRANSMIT);

	tcb->fin_overtaken = false;
	if (!probe->crafted || !tcb->fin_sent || tcb_fin_acked(tcb) || (tcb->timers & bit))
		return;
	tcb->timers |= bit;
	probe_start_timer(out, TCB_TIMER_RETRANSMIT, tcb->rto.rto_ns);
}

bool scripted_write(struct probe *probe, const uint8_t *data, uint32_t len, int64_t now_ns,
		    struct probe_output *out)
{
	struct tcb_event event = {.type = EV_SEND, .now_ns = now_ns, .data = data, .data_len = len};

	return !probe->raw && probe->phase == PHASE_SCRIPT && !crafted_is_out(probe) &&
	       probe_run(probe, &event, out) != NOTE_NOT_NOW;
}

void scripted_fin(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (!probe->raw && probe->phase == PHASE_SCRIPT && probe->tcb.state != TCB_SYN_SENT)
		probe_call(probe, EV_CLOSE, now_ns, out);
}

void scripted_close(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (probe->phase != PHASE_SCRIPT)
		return;
	probe->muted = false;
	if (probe->raw || probe->tcb.state == TCB_SYN_SENT) {
		scripted_end(probe, now_ns, out);
		return;
	}
	phases_close(probe, now_ns, out);
	adopt_fin(probe, out);
	phases_advance(probe, now_ns, out);
}

/* What the machine does not know of: our RST at SND.NXT. The question that follows it tells the
 * right number if this is not it. Of two connections the server has the later one. */
static void reset_by_hand(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	struct segment reset = {.flags = TCP_RST};

	if (probe->reopened) {
		probe->tcb.snd_nxt = probe->reopened_seq;
		probe->tcb.rcv_nxt = probe->reopened_ack;
	}
	reset.seq = probe->tcb.snd_nxt;
	probe_emit(probe, out, &reset, false);
	reset_begin(probe, now_ns, out);
}

void scripted_end(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	enum tcb_state state = probe->tcb.state;

	if (probe->phase != PHASE_SCRIPT)
		return;
	probe->muted = false;
	if (!probe->gave_up) /* what it was then is known already */
		probe->final_state = state;
	if (state != TCB_CLOSED && state != TCB_TIME_WAIT && !probe->reopened) {
		phases_abort(probe, now_ns, out);
		return;
	}
	if (state != TCB_CLOSED)
		probe_call(probe, EV_ABORT, now_ns, out);
	if ((probe->crafted || probe->gave_up) && (probe->peer.known || probe->heard))
		reset_by_hand(probe, now_ns, out);
	else
		probe_drain(probe, out);
}
