/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One probe: what arrived, what left, which timer fired -> the machine's events, facts, inference
 * and timeline; and the machine's actions, handed on. What comes next in the plan is said by
 * phases.c.
 */
#include "probe/probe.h"

#include <assert.h>
#include <string.h>

#include "probe/internal.h"
#include "probe/scripted.h"

/* A last segment of ours that the capture has not shown by then was dropped by it. */
#define DRAIN_NS INT64_C(50000000)

void probe_init(struct probe *probe, const struct plan *plan, const struct flow *flow,
		const struct tcb_path *path)
{
	struct timeline timeline = probe->timeline;

	memset(probe, 0, sizeof(*probe));
	probe->timeline = timeline;
	probe->timeline.count = 0;
	probe->timeline.left_out = 0;
	probe->plan = plan;
	probe->flow = *flow;
	tcb_init(&probe->tcb, &plan->tcb, path);
}

static struct tcb_action *append(struct probe_output *out, enum tcb_action_type type)
{
	struct tcb_action *action;

	assert(out->count < PROBE_ACTIONS_MAX);
	action = &out->actions[out->count++];
	*action = (struct tcb_action){.type = type};
	return action;
}

void probe_start_timer(struct probe_output *out, unsigned timer, int64_t after_ns)
{
	struct tcb_action *action = append(out, ACT_TIMER_START);

	action->timer = timer;
	action->after_ns = after_ns;
}

void probe_stop_timer(struct probe_output *out, unsigned timer)
{
	append(out, ACT_TIMER_STOP)->timer = timer;
}

void probe_remember_sent(struct probe *probe, const struct segment *seg, bool retransmit)
{
	struct sent *sent;

	if (probe->sent_count == PROBE_SENT_MAX) { /* the capture lost them */
		probe->sent_head = (probe->sent_head + 1) % PROBE_SENT_MAX;
		probe->sent_count--;
	}
	sent = &probe->sent[(probe->sent_head + probe->sent_count++) % PROBE_SENT_MAX];
	*sent = (struct sent){.seq = seg->seq,
			      .data_len = seg->data_len,
			      .flags = seg->flags,
			      .retransmit = retransmit,
			      .state = probe->tcb.state};
}

void probe_emit(struct probe *probe, struct probe_output *out, const struct segment *seg,
		bool retransmit)
{
	struct tcb_action *action = append(out, ACT_SEND);

	action->seg = *seg;
	action->retransmit = retransmit;
	probe_remember_sent(probe, seg, retransmit);
}

static void deliver(struct probe *probe, uint32_t len)
{
	probe->facts.data_in += len;
	if (probe->tcb.fin_sent)
		probe->facts.data_in_after_fin += len;
}

enum tcb_note probe_run(struct probe *probe, const struct tcb_event *event,
			struct probe_output *out)
{
	struct tcb_result result;

	tcb_step(&probe->tcb, event, &result);
	for (unsigned i = 0; i < result.action_count; i++) {
		const struct tcb_action *action = &result.actions[i];

		if (action->type == ACT_DELIVER) {
			deliver(probe, action->data_len);
			continue;
		}
		if (action->type == ACT_SEND && probe->muted)
			continue;
		*append(out, action->type) = *action;
		if (action->type == ACT_SEND)
			probe_remember_sent(probe, &action->seg, action->retransmit);
	}
	if (result.note == NOTE_GAVE_UP)
		probe->gave_up = true;
	return result.note;
}

void probe_call(struct probe *probe, enum tcb_event_type type, int64_t now_ns,
		struct probe_output *out)
{
	struct tcb_event event = {.type = type, .now_ns = now_ns};

	probe_run(probe, &event, out);
}

void probe_drain(struct probe *probe, struct probe_output *out)
{
	probe_stop_timer(out, PROBE_TIMER_STEP);
	probe->phase = PHASE_DONE;
	if (probe->sent_count == 0)
		return;
	probe->phase = PHASE_DRAIN;
	probe_start_timer(out, PROBE_TIMER_STEP, DRAIN_NS);
}

void probe_open(struct probe *probe, uint32_t iss, int64_t now_ns, struct probe_output *out)
{
	struct tcb_event event = {.type = EV_OPEN, .now_ns = now_ns, .iss = iss};

	peer_init(&probe->peer, iss);
	probe->phase = probe->plan->close == PLAN_CLOSE_SCRIPT ? PHASE_SCRIPT : PHASE_HANDSHAKE;
	probe_run(probe, &event, out);
}

/* A new piece of the answer puts its end off. */
static void put_off_settling(struct probe *probe, uint64_t data_before, struct probe_output *out)
{
	if (probe->phase == PHASE_ANSWER && probe->facts.data_in > data_before)
		probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->settle_ns);
}

/* Errors that mean "nobody will ever answer": RFC 1122 section 4.2.3.9 (ports, protocols), and
 * a firewall's refusals; RFC 4443 section 3.1. */
static bool icmp_is_hard(const struct packet *packet)
{
	uint8_t type = packet->icmp.type, code = packet->icmp.code;

	if (packet->flow.src.addr.version == IP_V4)
		return type == 3 &&
		       (code == 2 || code == 3 || code == 9 || code == 10 || code == 13);
	return type == 1 && (code == 1 || code == 4 || code == 5 || code == 6);
}

static void icmp_arrived(struct probe *probe, const struct packet *packet, int64_t stamp_ns,
			 int64_t now_ns, struct probe_output *out)
{
	struct tcb_event event = {.type = EV_ICMP, .now_ns = now_ns};
	struct moment *moment;
	enum tcb_note note;

	event.icmp_seq = packet->icmp.quoted_seq;
	event.icmp_hard = icmp_is_hard(packet);
	note = probe_run(probe, &event, out);
	if (note != NOTE_IGNORED)
		facts_saw_icmp(&probe->facts, packet, stamp_ns);
	if (note != NOTE_IGNORED && probe->plan->stop_at_icmp && probe->tcb.state == TCB_SYN_SENT)
		probe_call(probe, EV_CLOSE, now_ns, out);
	moment = timeline_add(&probe->timeline, packet, stamp_ns);
	if (!moment)
		return;
	moment->note = note;
	moment->our_state = probe->tcb.state;
	moment->peer = probe->peer;
}

/* The SYN-ACK that a half-open probe waits for: it is not acknowledged, but reset. */
static bool answers_half_open(const struct probe *probe, const struct segment *seg)
{
	const unsigned synack = TCP_SYN | TCP_ACK;

	return probe->plan->close == PLAN_CLOSE_HALF_OPEN && probe->phase == PHASE_HANDSHAKE &&
	       (seg->flags & (synack | TCP_RST)) == synack && seg->ack == probe->tcb.snd_nxt;
}

static bool answers_question(const struct packet *packet)
{
	return (packet->seg.flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK;
}

static void segment_arrived(struct probe *probe, const struct packet *packet, int64_t stamp_ns,
			    int64_t now_ns, struct probe_output *out)
{
	struct tcb_event event = {.type = EV_SEGMENT, .now_ns = now_ns, .seg = &packet->seg};
	bool half_open = answers_half_open(probe, &packet->seg);
	enum tcb_note note;
	struct moment *moment;
	bool believed;

	if (probe->withhold_third && (packet->seg.flags & TCP_SYN)) {
		probe->withhold_third = false;
		probe->muted = true;
	}
	note = half_open ? NOTE_HANDSHAKE_DONE : probe_run(probe, &event, out);
	believed = note == NOTE_RESET || note == NOTE_REFUSED;
	facts_saw_theirs(&probe->facts, packet, stamp_ns, &probe->tcb, note);
	scripted_arrived(probe, &packet->seg);
	if (half_open)
		phases_abort(probe, now_ns, out);
	if (probe->phase == PHASE_MEASURE && probe->facts.question_ns != 0 &&
	    answers_question(packet))
		probe->facts.question_acked_ns = stamp_ns;
	if (probe->phase == PHASE_RESET)
		believed = reset_arrived(probe, &packet->seg, out);
	if (probe->phase == PHASE_ASK && ask_arrived(probe, &packet->seg, out) == ASK_HOLDS)
		phases_wait_over(probe, now_ns, out);
	peer_saw_theirs(&probe->peer, &packet->seg, believed);
	moment = timeline_add(&probe->timeline, packet, stamp_ns);
	if (!moment)
		return;
	moment->note = note;
	moment->our_state = probe->tcb.state;
	moment->peer = probe->peer;
	moment->retransmit =
	    note == NOTE_FIN_AGAIN || note == NOTE_SYNACK_AGAIN || note == NOTE_OLD_DATA;
}

void probe_arrived(struct probe *probe, const struct packet *packet, int64_t stamp_ns,
		   int64_t now_ns, struct probe_output *out)
{
	uint64_t data_before = probe->facts.data_in;

	if (packet->kind == PACKET_ICMP_ERROR)
		icmp_arrived(probe, packet, stamp_ns, now_ns, out);
	else
		segment_arrived(probe, packet, stamp_ns, now_ns, out);
	put_off_settling(probe, data_before, out);
	phases_advance(probe, now_ns, out);
}

void probe_timer(struct probe *probe, unsigned timer, int64_t now_ns, struct probe_output *out)
{
	struct tcb_event event = {.type = EV_TIMER, .now_ns = now_ns};

	if (timer == PROBE_TIMER_STEP) {
		phases_timer(probe, now_ns, out);
	} else if (timer == PROBE_TIMER_RESET) {
		reset_timer(probe, now_ns, out);
	} else {
		enum tcb_state before = probe->tcb.state;

		event.timer = (enum tcb_timer)timer;
		probe_run(probe, &event, out);
		if (probe->gave_up)
			probe->final_state = before;
	}
	phases_advance(probe, now_ns, out);
}

void probe_stop(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (probe->phase == PHASE_DONE || probe->phase == PHASE_RESET)
		return;
	if (probe->phase == PHASE_IDLE) {
		probe->stopped = true;
		probe->phase = PHASE_DONE;
		return;
	}
	if (probe->phase == PHASE_SCRIPT) {
		probe->stopped = true;
		scripted_end(probe, now_ns, out);
		return;
	}
	if (probe->tcb.state == TCB_CLOSED || probe->tcb.state == TCB_TIME_WAIT) {
		probe->final_state = probe->tcb.state;
		probe_call(probe, EV_ABORT, now_ns, out); /* TIME-WAIT: nothing is open; no RST */
		probe_drain(probe, out);
		return;
	}
	probe->stopped = true;
	phases_abort(probe, now_ns, out);
}

/* The oldest segment that the capture still owes us and that looks like this one; those before it
 * were lost by the capture. */
static bool take_sent(struct probe *probe, const struct segment *seg, struct sent *sent)
{
	for (uint32_t i = 0; i < probe->sent_count; i++) {
		const struct sent *at = &probe->sent[(probe->sent_head + i) % PROBE_SENT_MAX];

		if (at->seq != seg->seq || at->data_len != seg->data_len || at->flags != seg->flags)
			continue;
		*sent = *at;
		probe->sent_head = (probe->sent_head + i + 1) % PROBE_SENT_MAX;
		probe->sent_count -= i + 1;
		return true;
	}
	return false;
}

/* A segment from our port that we did not send: somebody else on this host did. */
static enum probe_sighting foreign_left(struct probe *probe, const struct packet *packet,
					int64_t stamp_ns)
{
	struct moment *moment;

	if (!(packet->seg.flags & TCP_RST))
		return SIGHTING_FOREIGN;
	probe->error = "a RST left our port that shakedown did not send";
	moment = timeline_add(&probe->timeline, packet, stamp_ns);
	if (moment) {
		moment->ours = true;
		moment->foreign = true;
		moment->our_state = probe->tcb.state;
		moment->peer = probe->peer;
	}
	return SIGHTING_FOREIGN_RST;
}

enum probe_sighting probe_left(struct probe *probe, const struct packet *packet, int64_t stamp_ns,
			       int64_t now_ns, struct probe_output *out)
{
	const struct segment *seg = &packet->seg;
	struct moment *moment;
	struct sent sent;

	if (packet->kind != PACKET_TCP)
		return SIGHTING_FOREIGN;
	if (!take_sent(probe, seg, &sent))
		return foreign_left(probe, packet, stamp_ns);
	if (!sent.odd) {
		facts_saw_ours(&probe->facts, seg, stamp_ns, sent.retransmit);
		peer_saw_ours(&probe->peer, seg);
	}
	if (probe->phase == PHASE_MEASURE && probe->facts.question_ns == 0 &&
	    seg->seq == probe->tcb.snd_nxt - 1)
		probe->facts.question_ns = stamp_ns;
	moment = timeline_add(&probe->timeline, packet, stamp_ns);
	if (moment) {
		moment->ours = true;
		moment->retransmit = sent.retransmit;
		moment->our_state = sent.state;
		moment->peer = probe->peer;
	}
	if (probe->phase == PHASE_DRAIN && probe->sent_count == 0)
		probe_drain(probe, out);
	(void)now_ns;
	return SIGHTING_OURS;
}

bool probe_done(const struct probe *probe)
{
	return probe->phase == PHASE_DONE;
}

bool probe_left_open(const struct probe *probe)
{
	if ((!probe->peer.known && !probe->heard) || probe->peer.reset_by_them)
		return false;
	if (probe->reset_sent)
		return probe->reset_refused && !probe->reset_confirmed;
	return probe->phase == PHASE_DONE && !probe->tcb.peer_fin_seen;
}
