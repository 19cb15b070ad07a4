/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a connection by our RST: RST -> certainty that nothing is left at the server.
 *
 * A RST is never acknowledged, and one that is lost leaves the server's half standing. So a segment
 * from before the server's window follows it: a server that has forgotten the connection answers
 * with a RST (RFC 9293 section 3.10.7.1), one that has not acknowledges (3.10.7.4, first), which
 * tells the exact number that the next RST must carry. A firewall that forgot the connection too
 * swallows the question: then the tries end, and the RST counts as sent but not confirmed.
 */
#include "probe/internal.h"

/* Right before the window it would be a third segment to a server that answers by SYN cookies, and
 * open the connection again: those are good for three octets around the right number. */
#define FURTHER_BACK      63
#define RESET_WAIT_MIN_NS INT64_C(200000000)
#define RESET_WAIT_MAX_NS INT64_C(2000000000)

static void ask(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	struct segment seg;

	tcb_question(&probe->tcb, now_ns, &seg);
	seg.seq -= FURTHER_BACK;
	probe_emit(probe, out, &seg, false);
	probe_start_timer(out, PROBE_TIMER_RESET, probe->reset_wait_ns);
}

static void reset_again(struct probe *probe, uint32_t seq, struct probe_output *out)
{
	struct segment seg = {.seq = seq, .flags = TCP_RST};

	probe_emit(probe, out, &seg, true);
}

void reset_begin(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	const struct tcb *tcb = &probe->tcb;
	int64_t wait_ns = tcb->rto.sampled ? 3 * tcb->rto.srtt_ns : 0;

	probe->phase = PHASE_RESET;
	probe->reset_sent = true;
	probe->reset_wait_ns = wait_ns < RESET_WAIT_MIN_NS ? RESET_WAIT_MIN_NS : wait_ns;
	probe_stop_timer(out, PROBE_TIMER_STEP);
	/* nobody there who could know of us, or one who was never told that we do */
	if ((!probe->peer.known && !probe->heard) || probe->plan->close == PLAN_CLOSE_HALF_OPEN) {
		probe_drain(probe, out);
		return;
	}
	ask(probe, now_ns, out);
}

/* A RST that answers the question begins at its acknowledgment number; another one, late, answers
 * something of before and proves nothing. */
bool reset_arrived(struct probe *probe, const struct segment *seg, struct probe_output *out)
{
	if (seg->flags & TCP_RST) {
		if (seg->seq != probe->tcb.rcv_nxt)
			return false;
		probe->reset_confirmed = true;
		probe->reset_refused = false;
		probe_stop_timer(out, PROBE_TIMER_RESET);
		probe_drain(probe, out);
		return true;
	}
	/* What crossed our RST on its way says nothing; an acknowledgment of the question does. */
	if (!(seg->flags & TCP_ACK) || seg->data_len > 0 || seg->flags & (TCP_FIN | TCP_SYN) ||
	    probe->reset_refused)
		return false;
	probe->reset_refused = true;
	probe->reset_was_refused = true;
	reset_again(probe, seg->ack, out);
	return false;
}

void reset_timer(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	unsigned tries = probe->reset_was_refused ? probe->plan->reset_retries
						  : probe->plan->reset_silent_retries;

	if (++probe->reset_tries > tries) {
		probe_drain(probe, out);
		return;
	}
	probe->reset_refused = false;
	probe->reset_wait_ns *= 2;
	if (probe->reset_wait_ns > RESET_WAIT_MAX_NS)
		probe->reset_wait_ns = RESET_WAIT_MAX_NS;
	reset_again(probe, probe->tcb.snd_nxt, out);
	ask(probe, now_ns, out);
}
