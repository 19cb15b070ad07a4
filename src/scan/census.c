/* SPDX-License-Identifier: BSD-2-Clause */
/* The census: SYN-ACKs -> probes in slots, their segments and timers, until each is over. */
#include "scan/census.h"

#include <assert.h>
#include <string.h>

#define NO_SLOT UINT32_MAX

void census_init(struct census *census, const struct plan *plan, const struct census_memory *memory,
		 const struct census_sink *sink, int64_t now_ns)
{
	const uint64_t key[2] = {0, 0}; /* ISNs are the scan's; this one spreads a table */

	memset(census, 0, sizeof(*census));
	census->plan = plan;
	census->sink = *sink;
	census->slots = memory->slots;
	census->count = memory->count;
	match_init(&census->match, memory->places, memory->place_count, key);
	wheel_init(&census->wheel, memory->nodes, memory->count * PROBE_TIMER_COUNT, now_ns);
	for (uint32_t i = 0; i < memory->count; i++)
		memory->slots[i].next_free = i + 1 < memory->count ? i + 1 : NO_SLOT;
	census->free_slot = memory->count > 0 ? 0 : NO_SLOT;
}

/* The capture does not show our own segments: they are seen as they are handed over. */
static void sent(struct census *census, uint32_t number, const struct segment *seg,
		 struct census_time time)
{
	struct probe *probe = &census->slots[number].probe;
	struct packet packet = {
	    .kind = PACKET_TCP, .flow = probe->flow, .ip = probe->plan->ip, .seg = *seg};
	struct probe_output nothing;

	nothing.count = 0;
	census->sink.send(census->sink.arg, &probe->flow, seg);
	probe_left(probe, &packet, time.clock_ns, time.now_ns, &nothing);
}

static void perform(struct census *census, uint32_t number, const struct probe_output *out,
		    struct census_time time)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct tcb_action *action = &out->actions[i];
		uint32_t timer = number * PROBE_TIMER_COUNT + action->timer;

		if (action->type == ACT_SEND)
			sent(census, number, &action->seg, time);
		else if (action->type == ACT_TIMER_START)
			wheel_start(&census->wheel, timer, time.now_ns + action->after_ns);
		else if (action->type == ACT_TIMER_STOP)
			wheel_stop(&census->wheel, timer);
	}
}

/* Nothing of it is under way any more. */
static void detach(struct census *census, uint32_t number)
{
	for (unsigned timer = 0; timer < PROBE_TIMER_COUNT; timer++)
		wheel_stop(&census->wheel, number * PROBE_TIMER_COUNT + timer);
	match_remove(&census->match, &census->slots[number].probe.flow);
	census->live--;
}

const struct census_slot *census_slot(const struct census *census, uint32_t number)
{
	return &census->slots[number];
}

void census_free(struct census *census, uint32_t number)
{
	census->slots[number].next_free = census->free_slot;
	census->free_slot = number;
	census->used--;
}

static void settle(struct census *census, uint32_t number, const struct probe_output *out,
		   struct census_time time)
{
	perform(census, number, out, time);
	if (!probe_done(&census->slots[number].probe))
		return;
	detach(census, number);
	if (census->sink.over(census->sink.arg, number))
		census_free(census, number);
}

/* The SYN has left already: what the machine does for it is believed, and not sent. */
static void open_machine(struct probe *probe, const struct census_begin *begin,
			 struct census_time time)
{
	struct probe_output out;

	out.count = 0;
	probe_open(probe, begin->item->iss, time.now_ns, &out);
	for (unsigned i = 0; i < out.count; i++) {
		struct packet packet = {.kind = PACKET_TCP,
					.flow = probe->flow,
					.ip = probe->plan->ip,
					.seg = out.actions[i].seg};
		struct probe_output nothing;

		nothing.count = 0;
		if (out.actions[i].type == ACT_SEND)
			probe_left(probe, &packet, begin->sent_stamp_ns, time.now_ns, &nothing);
	}
}

bool census_begin(struct census *census, const struct census_begin *begin, struct census_time time)
{
	uint32_t number = census->free_slot;
	struct flow flow = {.src = {.addr = *begin->src, .port = begin->item->source_port},
			    .dst = {.addr = begin->item->addr, .port = begin->item->port}};
	struct census_slot *slot;
	struct probe_output out;

	if (number == NO_SLOT || !match_add(&census->match, &flow, number))
		return false;
	slot = &census->slots[number];
	census->free_slot = slot->next_free;
	census->live++;
	census->used++;
	slot->item = *begin->item;
	slot->probe.timeline = (struct timeline){.moments = NULL};
	probe_init(&slot->probe, census->plan, &flow, &begin->path);
	open_machine(&slot->probe, begin, time);
	out.count = 0;
	probe_arrived(&slot->probe, begin->packet, time.stamp_ns, time.now_ns, &out);
	settle(census, number, &out, time);
	return true;
}

bool census_arrived(struct census *census, const struct packet *packet, struct census_time time)
{
	struct flow ours =
	    packet->kind == PACKET_TCP ? flow_reverse(&packet->flow) : packet->icmp.quoted;
	uint32_t number = match_find(&census->match, &ours);
	struct probe_output out;

	if (number == MATCH_NONE)
		return false;
	out.count = 0;
	probe_arrived(&census->slots[number].probe, packet, time.stamp_ns, time.now_ns, &out);
	settle(census, number, &out, time);
	return true;
}

void census_timers(struct census *census, struct census_time time)
{
	struct probe_output out;
	uint32_t timer;

	while (wheel_expire(&census->wheel, time.now_ns, &timer)) {
		uint32_t number = timer / PROBE_TIMER_COUNT;

		out.count = 0;
		probe_timer(&census->slots[number].probe, timer % PROBE_TIMER_COUNT, time.now_ns,
			    &out);
		settle(census, number, &out, time);
	}
}

void census_awaited(const struct census *census, void (*take)(void *arg, uint64_t index), void *arg)
{
	for (uint32_t i = 0; i < census->count && census->live > 0; i++)
		if (match_find(&census->match, &census->slots[i].probe.flow) == i)
			take(arg, census->slots[i].item.index);
}

int64_t census_due_ns(const struct census *census)
{
	return census->live > 0 ? wheel_next_ns(&census->wheel) : INT64_MAX;
}

void census_stop(struct census *census, struct census_time time)
{
	struct probe_output out;

	for (uint32_t i = 0; i < census->count && census->live > 0; i++) {
		if (match_find(&census->match, &census->slots[i].probe.flow) != i)
			continue;
		out.count = 0;
		probe_stop(&census->slots[i].probe, time.now_ns, &out);
		settle(census, i, &out, time);
	}
}
