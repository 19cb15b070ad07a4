/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine: TCB + event -> actions + a note saying why. The one door, the user's calls
 * (RFC 9293 sections 3.10.1 to 3.10.5), the timers (section 3.10.8).
 */
#include "tcp/tcb.h"

#include <assert.h>
#include <string.h>

#include "tcp/machine.h"
#include "wire/seqno.h"

void tcb_init(struct tcb *tcb, const struct tcb_config *config, const struct tcb_path *path)
{
	memset(tcb, 0, sizeof(*tcb));
	tcb->config = config;
	tcb->path = *path;
	tcb->rcv_wnd = config->rcv_wnd;
	rto_init(&tcb->rto, config->rto_initial_ns, config->rto_min_ns, config->rto_max_ns);
}

void step_note(struct step *step, enum tcb_note note)
{
	step->result->note = note;
}

struct tcb_action *step_action(struct step *step, enum tcb_action_type type)
{
	struct tcb_action *action;

	assert(step->result->action_count < TCB_ACTIONS_MAX);
	action = &step->result->actions[step->result->action_count++];
	*action = (struct tcb_action){.type = type};
	return action;
}

void step_timer_start(struct step *step, enum tcb_timer timer, int64_t after_ns)
{
	struct tcb_action *action = step_action(step, ACT_TIMER_START);

	action->timer = timer;
	action->after_ns = after_ns;
	step->tcb->timers |= (uint8_t)(1U << timer);
}

void step_timer_stop(struct step *step, enum tcb_timer timer)
{
	uint8_t bit = (uint8_t)(1U << timer);

	if (!(step->tcb->timers & bit))
		return;
	step->tcb->timers &= (uint8_t)~bit;
	step_action(step, ACT_TIMER_STOP)->timer = timer;
}

void step_enter(struct step *step, enum tcb_state state)
{
	step->tcb->state = state;
}

void step_closed(struct step *step)
{
	for (unsigned timer = 0; timer < TCB_TIMER_COUNT; timer++)
		step_timer_stop(step, (enum tcb_timer)timer);
	step->tcb->range_count = 0;
	step->ack_now = false;
	step_enter(step, TCB_CLOSED);
}

void step_time_wait(struct step *step)
{
	const struct tcb *tcb = step->tcb;

	step_timer_stop(step, TCB_TIMER_RETRANSMIT);
	step_timer_stop(step, TCB_TIMER_PERSIST);
	step_enter(step, TCB_TIME_WAIT);
	step_timer_start(step, TCB_TIMER_TIME_WAIT, tcb->config->time_wait_ns);
}

/* Section 3.10.1, active OPEN. */
static void call_open(struct step *step, uint32_t iss)
{
	struct tcb *tcb = step->tcb;
	struct tcb_path path = tcb->path;

	if (tcb->state != TCB_CLOSED) {
		step_note(step, NOTE_NOT_NOW);
		return;
	}
	tcb_init(tcb, tcb->config, &path); /* nothing of an earlier connection counts */
	tcb->iss = iss;
	tcb->snd_una = iss;
	tcb->snd_nxt = iss + 1;
	tcb->data_seq = iss + 1;
	step_enter(step, TCB_SYN_SENT);
	output_syn(step, false);
	step_note(step, NOTE_SENT);
}

static bool may_send(const struct tcb *tcb)
{
	switch (tcb->state) {
	case TCB_SYN_SENT:
	case TCB_SYN_RECEIVED:
	case TCB_ESTABLISHED:
	case TCB_CLOSE_WAIT:
		return !tcb->close_queued;
	case TCB_CLOSED:
	case TCB_LISTEN:
	case TCB_FIN_WAIT_1:
	case TCB_FIN_WAIT_2:
	case TCB_CLOSING:
	case TCB_LAST_ACK:
	case TCB_TIME_WAIT:
	case TCB_STATE_COUNT:
		break;
	}
	return false;
}

/* Section 3.10.2. One buffer at a time: the next when the last was acknowledged. */
static void call_send(struct step *step, const struct tcb_event *event)
{
	struct tcb *tcb = step->tcb;
	uint32_t data_end = tcb->data_seq + tcb->data_len;

	if (!may_send(tcb) || (tcb->data_len > 0 && seq_lt(tcb->snd_una, data_end))) {
		step_note(step, NOTE_NOT_NOW);
		return;
	}
	tcb->data = event->data;
	tcb->data_len = event->data_len;
	tcb->data_seq = tcb->snd_nxt;
	tcb->close_queued = event->then_close;
	step_note(step, NOTE_SENT);
	output_pending(step);
}

/* Section 3.10.4. In SYN-SENT the TCB is deleted; the caller prefers ABORT there, which tells the
 * server. */
static void call_close(struct step *step)
{
	struct tcb *tcb = step->tcb;

	step_note(step, NOTE_SENT);
	if (tcb->state == TCB_SYN_SENT) {
		step_closed(step);
	} else if (may_send(tcb)) {
		tcb->close_queued = true;
		output_pending(step);
	} else {
		step_note(step, NOTE_NOT_NOW);
	}
}

/* Section 3.10.5. Beyond its letter a RST goes out in SYN-SENT, CLOSING and LAST-ACK too: the
 * server may hold state for us there, and a probe leaves none behind. A server that has not
 * received all that we sent takes only the RST at SND.UNA as exact (RFC 5961 section 3), so it gets
 * both. */
static void call_abort(struct step *step)
{
	struct tcb *tcb = step->tcb;

	step_note(step, NOTE_SENT);
	if (tcb->state == TCB_CLOSED) {
		step_note(step, NOTE_NOT_NOW);
		return;
	}
	if (tcb->state != TCB_TIME_WAIT) {
		output_reset(step, tcb->snd_nxt);
		if (tcb->state != TCB_SYN_SENT && tcb->snd_una != tcb->snd_nxt)
			output_reset(step, tcb->snd_una);
	}
	step_closed(step);
}

/* Section 3.10.8. */
static void timer_fired(struct step *step, enum tcb_timer timer)
{
	struct tcb *tcb = step->tcb;
	uint8_t bit = (uint8_t)(1U << timer);

	if (!(tcb->timers & bit)) {
		step_note(step, NOTE_IGNORED);
		return;
	}
	tcb->timers &= (uint8_t)~bit;
	if (timer == TCB_TIMER_TIME_WAIT) {
		step_closed(step);
		step_note(step, NOTE_TIME_WAIT_OVER);
	} else if (timer == TCB_TIMER_PERSIST) {
		output_window_probe(step);
	} else {
		acknowledge_timeout(step);
	}
}

/* RFC 9293 section 3.9.2.2 (MUST-56, SHLD-26); the quoted sequence number is checked as RFC 5927
 * section 4 advises. Only an attempt to connect is given up. */
static void icmp_arrived(struct step *step, const struct tcb_event *event)
{
	const struct tcb *tcb = step->tcb;

	if (tcb->state == TCB_CLOSED || seq_lt(event->icmp_seq, tcb->snd_una) ||
	    seq_gt(event->icmp_seq, tcb->snd_nxt)) {
		step_note(step, NOTE_IGNORED);
		return;
	}
	step_note(step, NOTE_ICMP_SOFT); /* SND.NXT too: that of a bare ACK */
	if (event->icmp_hard && tcb->state == TCB_SYN_SENT && event->icmp_seq == tcb->iss) {
		step_closed(step);
		step_note(step, NOTE_ICMP_HARD);
	}
}

void tcb_step(struct tcb *tcb, const struct tcb_event *event, struct tcb_result *result)
{
	struct step step = {.tcb = tcb, .result = result, .now_ns = event->now_ns};

	result->note = NOTE_NONE;
	result->action_count = 0;
	switch (event->type) {
	case EV_OPEN:
		call_open(&step, event->iss);
		break;
	case EV_SEND:
		call_send(&step, event);
		break;
	case EV_CLOSE:
		call_close(&step);
		break;
	case EV_ABORT:
		call_abort(&step);
		break;
	case EV_SEGMENT:
		if (tcb->state == TCB_CLOSED)
			step_note(&step, NOTE_IGNORED);
		else if (tcb->state == TCB_SYN_SENT)
			arrives_syn_sent(&step, event->seg);
		else
			arrives_synchronized(&step, event->seg);
		break;
	case EV_TIMER:
		timer_fired(&step, event->timer);
		break;
	case EV_ICMP:
		icmp_arrived(&step, event);
		break;
	case EV_COUNT:
		break;
	}
}

void tcb_overtake(struct tcb *tcb, const struct segment *seg)
{
	bool may_close = tcb->state == TCB_ESTABLISHED || tcb->state == TCB_CLOSE_WAIT;

	if (seg->seq != tcb->snd_nxt || (seg->flags & (TCP_SYN | TCP_RST)) || tcb->fin_sent)
		return;
	tcb->snd_nxt += seg->data_len;
	if (!(seg->flags & TCP_FIN) || !may_close)
		return;
	tcb->fin_sent = true;
	tcb->fin_overtaken = true;
	tcb->fin_seq = tcb->snd_nxt++;
	tcb->state = tcb->state == TCB_CLOSE_WAIT ? TCB_LAST_ACK : TCB_FIN_WAIT_1;
}

bool tcb_all_acked(const struct tcb *tcb)
{
	uint32_t data_end = tcb->data_seq + tcb->data_len;

	return tcb->snd_una == tcb->snd_nxt && seq_ge(tcb->snd_una, data_end);
}

bool tcb_fin_acked(const struct tcb *tcb)
{
	return tcb->fin_sent && seq_gt(tcb->snd_una, tcb->fin_seq);
}
