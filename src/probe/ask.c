/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No FIN came in the time allowed: silence -> does the server hold the connection open, or was its
 * FIN lost?
 *
 * A question from before its window makes the server acknowledge (RFC 9293 section 3.10.7.4,
 * first), and the acknowledgment carries its SND.NXT. Where that is our RCV.NXT it has sent nothing
 * that we lack: it holds the connection open. Where it is ahead, a FIN or data were lost on their
 * way and will come again, so there is more to wait for. A RST says that it is gone.
 */
#include "probe/internal.h"
#include "probe/verdict.h"
#include "wire/seqno.h"

#define ASK_WAIT_MIN_NS INT64_C(200000000)
#define ASK_WAIT_MAX_NS INT64_C(2000000000)
#define ASK_AGAIN_NS    INT64_C(700000000) /* Linux answers such a question twice a second at most */

static void ask(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	struct segment question, ack;

	tcb_question(&probe->tcb, now_ns, &question);
	ack = question; /* it may be held up by a lost ACK, and the question's own does not count */
	ack.seq++;
	probe_emit(probe, out, &ack, false);
	probe_emit(probe, out, &question, false);
	probe->ask_answered = false;
	probe_start_timer(out, PROBE_TIMER_STEP, probe->ask_wait_ns);
}

void ask_begin(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	int64_t wait_ns = 3 * probe->tcb.rto.srtt_ns;

	probe->asked_in = probe->phase;
	probe->phase = PHASE_ASK;
	probe->ask_tries = 0;
	probe->ask_answers = 0;
	probe->ask_wait_ns = wait_ns < ASK_WAIT_MIN_NS ? ASK_WAIT_MIN_NS : wait_ns;
	ask(probe, now_ns, out);
}

/* There is something under way: wait on, but not for ever. */
static enum ask_answer wait_on(struct probe *probe, struct probe_output *out)
{
	if (++probe->asked_in_vain > probe->plan->tcb.retries)
		return ASK_HOLDS;
	probe->phase = probe->asked_in;
	probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->close_wait_ns);
	return ASK_NONE;
}

/* One answer is not enough: the ACK that came with the question may have set free what the server
 * has to send. */
enum ask_answer ask_arrived(struct probe *probe, const struct segment *seg,
			    struct probe_output *out)
{
	if (!(seg->flags & TCP_ACK) || (seg->flags & (TCP_RST | TCP_SYN)))
		return ASK_NONE;
	if (segment_len(seg) > 0)
		return verdict_saw_loss(probe) ? wait_on(probe, out) : ASK_NONE;
	if (seq_gt(seg->seq, probe->tcb.rcv_nxt))
		return wait_on(probe, out);
	if (probe->ask_answered)
		return ASK_NONE; /* the network's copy */
	probe->ask_answered = true;
	if (++probe->ask_answers < 2) {
		probe_start_timer(out, PROBE_TIMER_STEP, ASK_AGAIN_NS);
		return ASK_NONE;
	}
	probe->still_there = true;
	return ASK_HOLDS;
}

enum ask_answer ask_timer(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (++probe->ask_tries > probe->plan->tcb.retries)
		return ASK_HOLDS;
	probe->ask_wait_ns *= 2;
	if (probe->ask_wait_ns > ASK_WAIT_MAX_NS)
		probe->ask_wait_ns = ASK_WAIT_MAX_NS;
	ask(probe, now_ns, out);
	return ASK_NONE;
}
