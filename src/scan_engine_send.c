/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine of scans, its sending: SYNs and resets from templates, segments of connections. */
#include <time.h>

#include "net/clock.h"
#include "scan_engine_internal.h"

void scan_flush(struct scan_engine *engine)
{
	if (engine->broken || bulk_waiting(engine->bulk) == 0)
		return;
	if (bulk_flush(engine->bulk, engine->err) < 0)
		engine->broken = true;
	else if (bulk_waiting(engine->bulk) > 0)
		pacer_slow_down(&engine->pacer, clock_monotonic_ns());
}

/* Room for a frame; where the queue stays full, a short while is waited. NULL: it does not empty.
 */
static uint8_t *room(struct scan_engine *engine)
{
	const struct timespec pause = {.tv_nsec = 200000};

	for (int i = 0; i < 500 && !engine->broken; i++) {
		uint8_t *frame = bulk_next(engine->bulk);

		if (frame)
			return frame;
		scan_flush(engine);
		if (!engine->broken && bulk_waiting(engine->bulk) >= BULK_BATCH)
			nanosleep(&pause, NULL);
	}
	engine->stats.not_taken++;
	return NULL;
}

static void send_copy(struct scan_engine *engine, const struct template *template,
		      const struct template_fields *fields)
{
	uint8_t *frame = room(engine);

	if (!frame)
		return;
	template_copy(template, fields, frame);
	bulk_commit(engine->bulk, template->len);
}

void scan_send_syn(struct scan_engine *engine, const struct scan_item *item)
{
	const struct scan_family *family = scan_family(engine, item->addr.version);
	const struct template_fields fields = {.dst = &item->addr,
					       .src_port = item->source_port,
					       .dst_port = item->port,
					       .seq = item->iss};

	send_copy(engine, &family->syn, &fields);
}

/* To whoever sent `packet`: there is no connection. */
void scan_send_reset(struct scan_engine *engine, const struct packet *packet)
{
	const struct scan_family *family = scan_family(engine, packet->flow.src.addr.version);
	const struct template_fields fields = {.dst = &packet->flow.src.addr,
					       .src_port = packet->flow.dst.port,
					       .dst_port = packet->flow.src.port,
					       .seq = packet->seg.ack};

	if (!family->used)
		return; /* nothing was sent by this IP version: there is no template */
	send_copy(engine, &family->reset, &fields);
	engine->stats.resets++;
}

/* A segment of a connection. */
void scan_send_segment(void *arg, const struct flow *flow, const struct segment *seg)
{
	struct scan_engine *engine = arg;
	const struct craft_request request = {
	    .flow = flow, .ip = &engine->config.plan->ip, .seg = seg};
	uint8_t *frame = room(engine);
	size_t head = 0, len;

	if (!frame)
		return;
	if (bulk_ethernet(engine->bulk))
		head = craft_ethernet(engine->macs[0], engine->macs[1],
				      (enum ip_version)flow->dst.addr.version, frame);
	len = craft_packet(&request, frame + head, BULK_FRAME_MAX - head);
	if (len > 0)
		bulk_commit(engine->bulk, (uint32_t)(head + len));
}
