/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of the machine after each event. */
#include "tcp_invariant.h"

#include <string.h>

#include "wire/seqno.h"

#define BIT(n) (1U << (n))

/* RFC 9293 section 3.3.2, figure 5; where one segment or call takes several arcs, their end. The
 * way to CLOSED is looked at apart. */
static const unsigned next_states[TCB_STATE_COUNT] = {
    [TCB_CLOSED] = BIT(TCB_SYN_SENT),
    [TCB_SYN_SENT] = BIT(TCB_SYN_RECEIVED) | BIT(TCB_ESTABLISHED) | BIT(TCB_CLOSE_WAIT) |
		     BIT(TCB_FIN_WAIT_1) | BIT(TCB_LAST_ACK),
    [TCB_SYN_RECEIVED] =
	BIT(TCB_ESTABLISHED) | BIT(TCB_CLOSE_WAIT) | BIT(TCB_FIN_WAIT_1) | BIT(TCB_LAST_ACK),
    [TCB_ESTABLISHED] = BIT(TCB_FIN_WAIT_1) | BIT(TCB_CLOSE_WAIT) | BIT(TCB_LAST_ACK),
    [TCB_FIN_WAIT_1] = BIT(TCB_FIN_WAIT_2) | BIT(TCB_CLOSING) | BIT(TCB_TIME_WAIT),
    [TCB_FIN_WAIT_2] = BIT(TCB_TIME_WAIT),
    [TCB_CLOSE_WAIT] = BIT(TCB_LAST_ACK),
    [TCB_CLOSING] = BIT(TCB_TIME_WAIT),
    [TCB_LAST_ACK] = 0,
    [TCB_TIME_WAIT] = 0,
};

void watch_init(struct watch *watch, int64_t now_ns)
{
	struct tcb_config config = watch->config;
	struct tcb_path path = watch->path;

	memset(watch, 0, sizeof(*watch));
	watch->config = config;
	watch->path = path;
	watch->now_ns = now_ns;
	tcb_init(&watch->tcb, &watch->config, &watch->path);
}

/* May this event close the connection? */
static bool may_close(const struct tcb *before, const struct tcb_event *event,
		      const struct tcb_result *result)
{
	switch (event->type) {
	case EV_ABORT:
		return true;
	case EV_CLOSE:
		return before->state == TCB_SYN_SENT;
	case EV_TIMER:
		return (event->timer == TCB_TIMER_TIME_WAIT && before->state == TCB_TIME_WAIT) ||
		       (event->timer == TCB_TIMER_RETRANSMIT && result->note == NOTE_GAVE_UP);
	case EV_ICMP:
		return event->icmp_hard && before->state == TCB_SYN_SENT;
	case EV_SEGMENT:
		if (event->seg->flags & TCP_RST)
			return before->state == TCB_SYN_SENT
				   ? (event->seg->flags & TCP_ACK) &&
					 event->seg->ack == before->snd_nxt
				   : event->seg->seq == before->rcv_nxt;
		return before->state == TCB_LAST_ACK && (event->seg->flags & TCP_ACK) &&
		       event->seg->ack == before->snd_nxt;
	case EV_OPEN:
	case EV_SEND:
	case EV_COUNT:
		break;
	}
	return false;
}

static const char *check_state(const struct tcb *before, const struct tcb *tcb,
			       const struct tcb_event *event, const struct tcb_result *result)
{
	bool acked = tcb_fin_acked(tcb);

	if (tcb->state == TCB_CLOSED)
		return before->state == TCB_CLOSED || may_close(before, event, result)
			   ? NULL
			   : "closed without a reason";
	if (tcb->state != before->state && !(next_states[before->state] & BIT(tcb->state)))
		return "a transition that is not in figure 5";
	if ((tcb->state == TCB_FIN_WAIT_2 || tcb->state == TCB_TIME_WAIT) != acked)
		return "our FIN's acknowledgment and the state differ";
	if ((tcb->state == TCB_FIN_WAIT_1 || tcb->state == TCB_CLOSING ||
	     tcb->state == TCB_LAST_ACK) != (tcb->fin_sent && !acked))
		return "our FIN and the state differ";
	if ((tcb->state == TCB_CLOSE_WAIT || tcb->state == TCB_CLOSING ||
	     tcb->state == TCB_LAST_ACK || tcb->state == TCB_TIME_WAIT) !=
	    (tcb->peer_fin_seen && tcb->rcv_nxt == tcb->peer_fin_seq + 1))
		return "the peer's FIN and the state differ";
	return NULL;
}

static const char *check_timers(const struct watch *watch)
{
	const struct tcb *tcb = &watch->tcb;
	bool open = tcb->state == TCB_ESTABLISHED || tcb->state == TCB_CLOSE_WAIT;
	bool unacked = tcb->snd_una != tcb->snd_nxt;
	bool waiting = open && (seq_lt(tcb->snd_nxt, tcb->data_seq + tcb->data_len) ||
				(tcb->close_queued && !tcb->fin_sent));
	unsigned want = 0;

	if (watch->running != tcb->timers)
		return "the timers and their actions differ";
	if (tcb->state == TCB_TIME_WAIT)
		want = BIT(TCB_TIMER_TIME_WAIT);
	else if (tcb->state != TCB_CLOSED && unacked)
		want = BIT(TCB_TIMER_RETRANSMIT);
	else if (waiting)
		want = BIT(TCB_TIMER_PERSIST);
	return watch->running == want ? NULL : "another timer than the state asks for";
}

static const char *check_numbers(const struct watch *watch, const struct tcb *before)
{
	const struct tcb *tcb = &watch->tcb;
	uint32_t edge = tcb->rcv_nxt + tcb->rcv_wnd, last = tcb->rcv_nxt;

	if (tcb->state == TCB_CLOSED)
		return tcb->range_count == 0 ? NULL : "ranges are left in CLOSED";
	if (!seq_le(tcb->snd_una, tcb->snd_nxt) || !seq_lt(tcb->iss, tcb->snd_nxt))
		return "SND.UNA =< SND.NXT does not hold";
	if (before->state != TCB_CLOSED && seq_lt(tcb->snd_una, before->snd_una))
		return "SND.UNA moved back";
	if (before->state > TCB_SYN_SENT &&
	    (seq_lt(tcb->rcv_nxt, before->rcv_nxt) || tcb->irs != before->irs))
		return "RCV.NXT moved back";
	if (seq_gt(tcb->snd_nxt, tcb->data_seq + tcb->data_len + tcb->fin_sent))
		return "SND.NXT is beyond what the user gave";
	if (tcb->snd_wnd > watch->largest_wnd || tcb->max_snd_wnd > watch->largest_wnd)
		return "SND.WND is larger than any window offered";
	for (unsigned i = 0; i < tcb->range_count; i++) {
		if (!seq_lt(last, tcb->ranges[i].start) ||
		    !seq_lt(tcb->ranges[i].start, tcb->ranges[i].end) ||
		    seq_gt(tcb->ranges[i].end, edge))
			return "ranges overlap, touch, stand on their heads or leave the window";
		last = tcb->ranges[i].end;
	}
	return NULL;
}

/* Notes what the peer's segment may have brought, whether it was acceptable or not. */
static void note_arrival(struct watch *watch, const struct tcb *before, const struct segment *seg)
{
	uint32_t start = seg->seq + ((seg->flags & TCP_SYN) != 0);
	uint32_t nxt = before->state == TCB_SYN_SENT ? start : before->rcv_nxt;
	uint32_t shift =
	    seg->flags & TCP_SYN || before->state <= TCB_SYN_SENT ? 0 : before->snd_wscale;

	if ((uint32_t)seg->wnd << shift > watch->largest_wnd)
		watch->largest_wnd = (uint32_t)seg->wnd << shift;
	for (uint32_t i = 0; i < seg->data_len; i++)
		if (seq_in_window(start + i, nxt, before->rcv_wnd))
			watch->got[(start + i) % WATCH_WINDOW_MAX] = true;
}

/* RCV.NXT went over what arrived and no more; text was delivered once. */
static const char *check_received(struct watch *watch, const struct tcb *before,
				  const struct segment *seg)
{
	const struct tcb *tcb = &watch->tcb;
	uint32_t from = before->state <= TCB_SYN_SENT ? tcb->irs + 1 : before->rcv_nxt;
	uint32_t text = 0, delivered = 0;

	if (tcb->peer_fin_seen && !before->peer_fin_seen &&
	    !(seg && (seg->flags & TCP_FIN) &&
	      seg->seq + segment_len(seg) - 1 == tcb->peer_fin_seq))
		return "a FIN that was not received";
	for (uint32_t at = from; tcb->state > TCB_SYN_SENT && at != tcb->rcv_nxt; at++) {
		bool *got = &watch->got[at % WATCH_WINDOW_MAX];
		bool fin = tcb->peer_fin_seen && at == tcb->peer_fin_seq;

		if (!fin && !*got)
			return "acknowledges what was not received";
		*got = false;
		text += !fin;
	}
	for (unsigned i = 0; i < watch->result.action_count; i++)
		if (watch->result.actions[i].type == ACT_DELIVER)
			delivered += watch->result.actions[i].data_len;
	watch->delivered += delivered;
	return text == delivered || tcb->state == TCB_CLOSED ? NULL : "text not delivered once";
}

static const char *check_data(const struct watch *watch, const struct tcb_action *action)
{
	const struct tcb *tcb = &watch->tcb;
	const struct segment *seg = &action->seg;
	uint32_t end = seg->seq + segment_len(seg);
	uint8_t octets[OPTIONS_OCTETS_MAX];
	uint32_t len = seg->data_len + (uint32_t)options_encode(&seg->options, octets);

	if (len > watch->path.path_mss || (watch->syn_mss >= 64 && len > watch->syn_mss))
		return "a segment is larger than the path or the peer takes";
	if (!seq_le(tcb->data_seq, seg->seq) ||
	    seq_gt(seg->seq + seg->data_len, tcb->data_seq + tcb->data_len) ||
	    seg->data != tcb->data + (seg->seq - tcb->data_seq))
		return "octets that the user did not give";
	if (!action->retransmit && end - tcb->snd_una > tcb->snd_wnd)
		return "sends beyond the peer's window";
	return NULL;
}

static const char *check_sent(const struct watch *watch, const struct tcb_action *action)
{
	const struct tcb *tcb = &watch->tcb;
	const struct segment *seg = &action->seg;

	if (seg->flags & TCP_RST)
		return seg->data_len == 0 && !(seg->flags & ~TCP_RST) ? NULL : "an odd RST";
	if (tcb->state == TCB_CLOSED)
		return "sends in CLOSED";
	if (!(seg->flags & (TCP_SYN | TCP_ACK)))
		return "neither SYN nor ACK";
	if ((seg->flags & TCP_ACK) &&
	    (seq_gt(seg->ack, tcb->rcv_nxt) || seq_le(seg->ack, tcb->irs)))
		return "acknowledges what is not RCV.NXT";
	if (!(seg->flags & TCP_SYN) && seg->options.has_timestamps != tcb->timestamps_on)
		return "timestamps on some segments only";
	if (seq_gt(seg->seq + segment_len(seg), tcb->snd_nxt))
		return "sends beyond SND.NXT";
	if (segment_len(seg) > 0 && !(seg->flags & TCP_SYN) && !action->retransmit &&
	    seg->seq + segment_len(seg) - tcb->snd_una > tcb->snd_wnd)
		return "sends beyond the peer's window";
	return seg->data_len > 0 ? check_data(watch, action) : NULL;
}

static const char *perform(struct watch *watch)
{
	for (unsigned i = 0; i < watch->result.action_count; i++) {
		const struct tcb_action *action = &watch->result.actions[i];
		const char *broken = NULL;

		if (action->type == ACT_SEND) {
			broken = check_sent(watch, action);
		} else if (action->type == ACT_TIMER_START) {
			watch->running |= BIT(action->timer);
			watch->due_ns[action->timer] = watch->now_ns + action->after_ns;
			if (action->after_ns < 0)
				broken = "a timer in the past";
		} else if (action->type == ACT_TIMER_STOP) {
			if (!(watch->running & BIT(action->timer)))
				broken = "stops a timer that does not run";
			watch->running &= ~BIT(action->timer);
		} else if (action->data_len == 0) {
			broken = "delivers nothing";
		}
		if (broken)
			return broken;
	}
	return watch->result.action_count <= TCB_ACTIONS_MAX ? NULL : "too many actions";
}

const char *watch_step(struct watch *watch, struct tcb_event *event)
{
	struct tcb before = watch->tcb;
	const char *broken;

	event->now_ns = watch->now_ns;
	if (event->type == EV_SEGMENT) {
		note_arrival(watch, &before, event->seg);
		if (before.state == TCB_SYN_SENT && (event->seg->flags & TCP_SYN))
			watch->syn_mss = event->seg->options.has_mss ? event->seg->options.mss : 0;
	}
	if (event->type == EV_OPEN && before.state == TCB_CLOSED)
		memset(watch->got, 0, sizeof(watch->got));
	if (event->type == EV_TIMER)
		watch->running &= ~BIT(event->timer);
	tcb_step(&watch->tcb, event, &watch->result);
	watch->states_seen |= BIT(watch->tcb.state);
	broken = perform(watch);
	if (!broken)
		broken = check_state(&before, &watch->tcb, event, &watch->result);
	if (!broken)
		broken = check_timers(watch);
	if (!broken)
		broken = check_numbers(watch, &before);
	if (!broken)
		broken = check_received(watch, &before, event->seg);
	return broken;
}

bool watch_fire_next(struct watch *watch, const char **broken)
{
	struct tcb_event event = {.type = EV_TIMER, .timer = TCB_TIMER_COUNT};

	for (unsigned i = 0; i < TCB_TIMER_COUNT; i++)
		if (watch->running & BIT(i) && (event.timer == TCB_TIMER_COUNT ||
						watch->due_ns[i] < watch->due_ns[event.timer]))
			event.timer = (enum tcb_timer)i;
	if (event.timer == TCB_TIMER_COUNT)
		return false;
	if (watch->due_ns[event.timer] > watch->now_ns)
		watch->now_ns = watch->due_ns[event.timer];
	*broken = watch_step(watch, &event);
	return true;
}
