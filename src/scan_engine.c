/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine of scans, its loop: time -> SYNs in batches; frames -> answers, connections, resets.
 */
#include "scan_engine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "net/clock.h"
#include "scan_engine_internal.h"

#define FRAMES_PER_TURN 4096
#define SENDS_PER_TURN  256
#define WAIT_MAX_NS     INT64_C(50000000)
#define BUSY_WAIT_NS    INT64_C(50000) /* rates at which sleeping is too coarse */

/* The clocks, and a frame's stamp (0: there is no frame). */
static struct census_time time_of(int64_t stamp_ns)
{
	int64_t clock_ns = clock_realtime_ns();

	return (struct census_time){.now_ns = clock_monotonic_ns(),
				    .stamp_ns = stamp_ns ? stamp_ns : clock_ns,
				    .clock_ns = clock_ns};
}

/* --- sending --- */

static void flush(struct scan_engine *engine)
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
		flush(engine);
		if (!engine->broken && bulk_waiting(engine->bulk) >= BULK_BATCH)
			nanosleep(&pause, NULL);
	}
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

static void send_syn(struct scan_engine *engine, const struct scan_item *item)
{
	const struct scan_family *family = scan_family(engine, item->addr.version);
	const struct template_fields fields = {.dst = &item->addr,
					       .src_port = item->source_port,
					       .dst_port = item->port,
					       .seq = item->iss};

	send_copy(engine, &family->syn, &fields);
}

/* To whoever sent `packet`: there is no connection. */
static void send_reset(struct scan_engine *engine, const struct packet *packet)
{
	const struct scan_family *family = scan_family(engine, packet->flow.src.addr.version);
	const struct template_fields fields = {.dst = &packet->flow.src.addr,
					       .src_port = packet->flow.dst.port,
					       .dst_port = packet->flow.src.port,
					       .seq = packet->seg.ack};

	send_copy(engine, &family->reset, &fields);
	engine->stats.resets++;
}

/* A segment of a connection. */
static void send_segment(void *arg, const struct flow *flow, const struct segment *seg)
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

/* --- answers --- */

static void report(struct scan_engine *engine, const struct scan_item *item,
		   const struct probe *probe)
{
	engine->config.sink.answer(engine->config.sink.arg, item, probe, clock_realtime_ns());
	if (item->reason != REASON_SILENCE)
		engine->results++;
}

static void connection_over(void *arg, const struct scan_item *item, const struct probe *probe)
{
	struct scan_engine *engine = arg;

	engine->stats.left_open += probe_left_open(probe);
	report(engine, item, probe);
}

/* The port is open: reset in the SYN scan, a connection otherwise. */
static void opened(struct scan_engine *engine, const struct scan_item *item,
		   const struct packet *packet, int64_t stamp_ns)
{
	const struct scan_family *family = scan_family(engine, item->addr.version);
	const struct census_begin begin = {
	    .item = item,
	    .src = &family->src,
	    .packet = packet,
	    .path = family->path,
	    .sent_stamp_ns = item->rtt_ns >= 0 ? stamp_ns - item->rtt_ns : stamp_ns};

	if (engine->config.mode != MODE_SYN && !engine->stopping &&
	    census_begin(&engine->census, &begin, time_of(stamp_ns)))
		return;
	send_reset(engine, packet);
	report(engine, item, NULL);
}

static bool asks_for_reset(const struct packet *packet)
{
	return packet->kind == PACKET_TCP && (packet->seg.flags & TCP_ACK) &&
	       !(packet->seg.flags & TCP_RST);
}

static void frame_arrived(void *arg, const struct frame *frame)
{
	struct scan_engine *engine = arg;
	struct packet packet;
	struct scan_item item;
	enum scan_answer answer;

	engine->stats.frames++;
	if (decode_frame(frame->link, frame->octets, frame->captured, frame->wire_len, &packet) !=
	    REFUSE_NOT) {
		engine->stats.refused_frames++;
		return;
	}
	if (packet.tcp_checksum == CHECKSUM_BAD) {
		engine->stats.damaged++;
		return;
	}
	if (engine->memory.count > 0 &&
	    census_arrived(&engine->census, &packet, time_of(frame->stamp_ns)))
		return;
	answer = scan_arrived(&engine->scan, &packet, frame->stamp_ns, &item);
	if (answer == ANSWER_RESULT && item.state == SCAN_OPEN)
		opened(engine, &item, &packet, frame->stamp_ns);
	else if (answer == ANSWER_RESULT)
		report(engine, &item, NULL);
	else if (answer != ANSWER_NOT_OURS && asks_for_reset(&packet))
		send_reset(engine,
			   &packet); /* what our RST, or a connection's end, did not reach */
}

static void read_frames(struct scan_engine *engine)
{
	struct capture_stats stats = {0};
	int n = capture_next(engine->capture, FRAMES_PER_TURN, frame_arrived, engine, engine->err);

	engine->broken = engine->broken || n < 0;
	if (n < FRAMES_PER_TURN)
		return;
	capture_statistics(engine->capture, &stats);
	if (stats.dropped_ring > engine->drops_seen)
		pacer_slow_down(&engine->pacer, clock_monotonic_ns());
	engine->drops_seen = stats.dropped_ring;
}

/* --- turns --- */

/* Sends what is due; true if there may be more to do at once. */
static enum scan_next send_due(struct scan_engine *engine)
{
	uint32_t due = pacer_due(&engine->pacer, clock_monotonic_ns()), took = 0;
	int64_t now_ns = clock_realtime_ns();
	enum scan_next next = SCAN_WAIT;
	struct scan_item item;

	for (unsigned i = 0; i < SENDS_PER_TURN; i++) {
		next = scan_next(&engine->scan, now_ns, took < due && !engine->stopping, &item);
		if (next == SCAN_SEND) {
			send_syn(engine, &item);
			took++;
		} else if (next == SCAN_RESULT) {
			report(engine, &item, NULL);
		} else {
			break;
		}
	}
	pacer_took(&engine->pacer, took);
	flush(engine);
	return next;
}

static void tick(struct scan_engine *engine)
{
	int64_t now_ns = clock_monotonic_ns();

	if (now_ns < engine->tick_at_ns || engine->config.tick_ns <= 0)
		return;
	engine->tick_at_ns = now_ns + engine->config.tick_ns;
	engine->config.sink.tick(engine->config.sink.arg);
}

static bool must_stop(const struct scan_engine *engine)
{
	const struct scan_engine_config *config = &engine->config;

	return config->signals->stop > 0 || engine->err->class != ERR_NONE ||
	       (config->max_results > 0 && engine->results >= config->max_results) ||
	       (config->max_runtime_ns > 0 &&
		clock_monotonic_ns() - engine->started_ns >= config->max_runtime_ns);
}

static void stop(struct scan_engine *engine)
{
	if (engine->config.sink.stopping)
		engine->config.sink.stopping(engine->config.sink.arg);
	engine->stopping = true;
	if (engine->broken)
		return;
	census_stop(&engine->census, time_of(0));
	flush(engine);
}

/* Nobody waits for what is still open: it is told as it is. */
static void abandon(struct scan_engine *engine)
{
	for (uint32_t i = 0; i < engine->memory.count && engine->census.live > 0; i++) {
		struct census_slot *slot = &engine->memory.slots[i];

		if (match_find(&engine->census.match, &slot->probe.flow) != i)
			continue;
		slot->probe.stopped = true;
		slot->probe.phase = PHASE_DONE;
		connection_over(engine, &slot->item, &slot->probe);
	}
}

/* What was awaited when it was interrupted, and was not sent again yet. */
static uint64_t to_resume(const struct scan_engine *engine)
{
	return engine->scan.resume_count - engine->scan.resumed;
}

static int64_t wait_ns(const struct scan_engine *engine)
{
	int64_t now_ns = clock_monotonic_ns(), wall_ns = clock_realtime_ns();
	int64_t credit = pacer_next_ns(&engine->pacer) - now_ns;
	int64_t wait = WAIT_MAX_NS, until;
	bool may_send = engine->pacer.credit >= 1; /* and yet nothing went: a host's limit */

	if (!engine->stopping && !may_send &&
	    (engine->scan.position < engine->scan.end || to_resume(engine) > 0) &&
	    engine->scan.flows.count < engine->scan.flows.limit)
		wait = credit < wait ? credit : wait;
	until = scan_due_ns(&engine->scan);
	if (until != INT64_MAX && until > wall_ns)
		wait = until - wall_ns < wait ? until - wall_ns : wait;
	else if (until != INT64_MAX && !engine->stopping) /* a SYN to be sent again */
		wait = may_send ? 0 : credit < wait ? credit : wait;
	until = census_due_ns(&engine->census);
	if (until != INT64_MAX && until - now_ns < wait)
		wait = until - now_ns;
	return wait > 0 ? wait : 0;
}

/* Signals are let in only here. */
static void wait_for_something(struct scan_engine *engine)
{
	struct pollfd fd = {.fd = capture_fd(engine->capture), .events = POLLIN};
	int64_t wait = wait_ns(engine);
	struct timespec timeout = {.tv_nsec = wait > BUSY_WAIT_NS ? wait : 0};
	sigset_t none;

	sigemptyset(&none);
	if (ppoll(&fd, 1, &timeout, &none) < 0 && errno != EINTR)
		err_set(engine->err, ERR_INTERNAL, "poll: %s", strerror(errno));
}

int scan_engine_run(struct scan_engine *engine, struct err *err)
{
	const struct census_sink sink = {
	    .arg = engine, .send = send_segment, .over = connection_over};
	enum scan_next next;

	engine->err = err;
	engine->started_ns = clock_monotonic_ns();
	pacer_init(&engine->pacer, engine->config.rate, engine->started_ns);
	census_init(&engine->census, engine->config.plan, &engine->memory, &sink,
		    engine->started_ns);
	for (;;) {
		read_frames(engine);
		if (!engine->stopping && must_stop(engine))
			stop(engine);
		if (engine->config.signals->stop > 1 || engine->broken)
			break;
		census_timers(&engine->census, time_of(0));
		next = send_due(engine);
		tick(engine);
		if (engine->census.live == 0 && (next == SCAN_DONE || engine->stopping))
			break;
		if (next == SCAN_WAIT || engine->stopping || next == SCAN_DONE)
			wait_for_something(engine);
	}
	flush(engine);
	abandon(engine);
	return err->class == ERR_NONE ? 0 : -1;
}

void scan_engine_statistics(const struct scan_engine *engine, struct scan_engine_stats *stats)
{
	struct capture_stats capture = {0};
	struct bulk_stats bulk = {0};

	*stats = engine->stats;
	capture_statistics(engine->capture, &capture);
	bulk_statistics(engine->bulk, &bulk);
	stats->counts = engine->scan.counts;
	stats->dropped_ring = capture.dropped_ring;
	stats->dropped_interface = capture.dropped_interface;
	stats->sent = bulk.sent;
	stats->again = bulk.again;
	stats->not_taken = bulk.refused;
	stats->slowdowns = engine->pacer.slowdowns;
	stats->rate = engine->pacer.rate;
	stats->awaited = engine->scan.flows.count + to_resume(engine);
	stats->live = engine->census.live;
	stats->position = engine->scan.position;
	stats->end = engine->scan.end;
	stats->elapsed_ns = clock_monotonic_ns() - engine->started_ns;
}
