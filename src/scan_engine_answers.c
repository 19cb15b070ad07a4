/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of scans, what comes in: frames -> answers, connections, resets. With controls, what
 * is found open is held back until its host is known.
 */
#include "net/clock.h"
#include "scan_engine_internal.h"

struct census_time scan_time(int64_t stamp_ns)
{
	int64_t clock_ns = clock_realtime_ns();

	return (struct census_time){.now_ns = clock_monotonic_ns(),
				    .stamp_ns = stamp_ns ? stamp_ns : clock_ns,
				    .clock_ns = clock_ns};
}

/* --- telling --- */

static void tell(struct scan_engine *engine, const struct scan_outcome *outcome)
{
	const struct scan_item *item = outcome->item;

	engine->config.sink.answer(engine->config.sink.arg, outcome);
	engine->results += item->reason != REASON_SILENCE && item->reason != REASON_NO_ROUTE;
}

void scan_told(struct scan_engine *engine, const struct scan_item *item, int64_t stamp_ns)
{
	const struct scan_outcome outcome = {.item = item,
					     .stamp_ns = stamp_ns ? stamp_ns : clock_realtime_ns()};

	tell(engine, &outcome);
}

static void tell_connection(struct scan_engine *engine, const struct census_slot *slot)
{
	const struct scan_outcome outcome = {
	    .item = &slot->item, .probe = &slot->probe, .stamp_ns = clock_realtime_ns()};

	tell(engine, &outcome);
}

static enum controls_host host_of(const struct scan_engine *engine, const struct scan_item *item)
{
	return engine->controls ? controls_host(engine->controls, item) : HOST_ORDINARY;
}

/* True if it will come out of scan_release() some day. */
static bool held_back(struct scan_engine *engine, const struct scan_item *item, uint32_t slot,
		      int64_t stamp_ns)
{
	const struct controls_held held = {.item = *item, .slot = slot, .stamp_ns = stamp_ns};
	enum controls_host host = host_of(engine, item);

	return (host == HOST_UNKNOWN || host == HOST_ASKED) && !engine->stopping &&
	       controls_hold(engine->controls, &held);
}

bool scan_connection_over(void *arg, uint32_t number)
{
	struct scan_engine *engine = arg;
	const struct census_slot *slot = census_slot(&engine->census, number);

	engine->stats.left_open += probe_left_open(&slot->probe);
	if (held_back(engine, &slot->item, number, 0))
		return false;
	if (host_of(engine, &slot->item) != HOST_WILDCARD)
		tell_connection(engine, slot);
	return true;
}

/* A port that was open, of a host that is known now. In a census each was held when it was found,
 * without a slot, and is held again when its connection is over: that one is told. */
static void release(struct scan_engine *engine, const struct controls_held *held)
{
	const struct census_slot *slot =
	    held->slot == CONTROLS_NO_SLOT ? NULL : census_slot(&engine->census, held->slot);
	const struct scan_outcome outcome = {
	    .item = &held->item, .stamp_ns = held->stamp_ns, .wildcard = held->wildcard};

	if (held->wildcard && !held->first)
		engine->stats.wildcard_ports += !slot;
	else if (slot && !held->wildcard)
		tell_connection(engine, slot);
	else if (held->wildcard || engine->config.mode == MODE_SYN)
		tell(engine, &outcome);
	if (slot)
		census_free(&engine->census, held->slot);
}

void scan_release(struct scan_engine *engine)
{
	struct controls_held held;

	while (engine->controls && controls_release(engine->controls, &held))
		release(engine, &held);
}

/* --- frames --- */

/* True if it has a connection now, or will have one when its SYN is sent again. */
static bool connect_to(struct scan_engine *engine, const struct scan_item *item,
		       const struct packet *packet, int64_t stamp_ns)
{
	const struct scan_family *family = scan_family(engine, item->addr.version);
	const struct census_begin begin = {
	    .item = item,
	    .src = &family->src,
	    .packet = packet,
	    .path = family->path,
	    .sent_stamp_ns = item->rtt_ns >= 0 ? stamp_ns - item->rtt_ns : stamp_ns};

	if (engine->config.mode == MODE_SYN || engine->stopping)
		return false;
	if (census_begin(&engine->census, &begin, scan_time(stamp_ns))) {
		held_back(engine, item, CONTROLS_NO_SLOT, stamp_ns);
		return true;
	}
	if (!scan_postpone(&engine->scan, item, stamp_ns - engine->wall_offset_ns))
		return false;
	scan_send_reset(engine, packet);
	return true;
}

/* The port is open: reset in the SYN scan, a connection otherwise. */
static void opened(struct scan_engine *engine, const struct scan_item *item,
		   const struct packet *packet, int64_t stamp_ns)
{
	if (host_of(engine, item) == HOST_WILDCARD) {
		engine->stats.wildcard_ports++;
		scan_send_reset(engine, packet);
		return;
	}
	if (connect_to(engine, item, packet, stamp_ns))
		return;
	scan_send_reset(engine, packet);
	if (!held_back(engine, item, CONTROLS_NO_SLOT, stamp_ns))
		scan_told(engine, item, stamp_ns);
}

static bool asks_for_reset(const struct packet *packet)
{
	return packet->kind == PACKET_TCP && (packet->seg.flags & TCP_ACK) &&
	       !(packet->seg.flags & TCP_RST);
}

/* False: it is none of ours, or damaged. */
static bool understand(struct scan_engine *engine, const struct frame *frame, struct packet *packet)
{
	engine->stats.frames++;
	if (decode_frame(frame->link, frame->octets, frame->captured, frame->wire_len, packet) !=
	    REFUSE_NOT) {
		engine->stats.refused_frames++;
		return false;
	}
	engine->stats.damaged += packet->tcp_checksum == CHECKSUM_BAD;
	return packet->tcp_checksum != CHECKSUM_BAD;
}

/* What an answer says of the path, and of how many more there will be. */
static void learn(struct scan_engine *engine, const struct scan_item *item, int64_t at_ns)
{
	if (engine->memory.count > 0)
		expect_answered(&engine->expect, item->first_ns, item->rtt_ns,
				item->state == SCAN_OPEN);
	if (item->reason != REASON_ICMP && item->first_ns >= 0)
		governor_answered(&engine->governor, item->first_ns, item->tries, at_ns);
}

void scan_frame_arrived(void *arg, const struct frame *frame)
{
	struct scan_engine *engine = arg;
	struct packet packet;
	int64_t at_ns = frame->stamp_ns - engine->wall_offset_ns;
	struct scan_item item;
	enum scan_answer answer;
	bool forged;

	if (!understand(engine, frame, &packet))
		return;
	if (engine->memory.count > 0 &&
	    census_arrived(&engine->census, &packet, scan_time(frame->stamp_ns)))
		return;
	if (engine->controls && controls_arrived(engine->controls, &packet, &forged)) {
		if (!forged && asks_for_reset(&packet))
			scan_send_reset(engine, &packet);
		return;
	}
	answer = scan_arrived(&engine->scan, &packet, at_ns, &item);
	if (answer == ANSWER_RESULT)
		learn(engine, &item, at_ns);
	if (answer == ANSWER_RESULT && item.state == SCAN_OPEN)
		opened(engine, &item, &packet, frame->stamp_ns);
	else if (answer == ANSWER_RESULT)
		scan_told(engine, &item, frame->stamp_ns);
	else if (answer != ANSWER_NOT_OURS && asks_for_reset(&packet))
		scan_send_reset(engine, &packet); /* what our RST, or a connection's end, did not
						     reach */
}
