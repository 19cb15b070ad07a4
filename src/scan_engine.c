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
#define SENDS_PER_CLOCK BULK_BATCH
#define BURST           128.0 /* SYNs of a census that are likely to open a connection */
#define WAIT_MAX_NS     INT64_C(50000000)
#define HELD_WAIT_NS    INT64_C(1000000)
#define BUSY_WAIT_NS    INT64_C(50000) /* rates at which sleeping is too coarse */

static void read_frames(struct scan_engine *engine)
{
	struct capture_stats stats = {0};
	int n;

	engine->wall_offset_ns = clock_offset_ns();
	n = capture_next(engine->capture, FRAMES_PER_TURN, scan_frame_arrived, engine, engine->err);
	engine->broken = engine->broken || n < 0;
	if (n < FRAMES_PER_TURN)
		return;
	capture_statistics(engine->capture, &stats);
	if (stats.dropped_ring > engine->drops_seen)
		pacer_slow_down(&engine->pacer, clock_monotonic_ns());
	engine->drops_seen = stats.dropped_ring;
}

/* --- turns --- */

/* As fast as was asked, if loss does not grow with it. */
static void govern(struct scan_engine *engine, int64_t now_ns)
{
	const struct scan_counts *counts = &engine->scan.counts;
	double rate =
	    governor_rate(&engine->governor, now_ns, counts->new_sent + counts->again_sent,
			  scan_settled_ns(&engine->scan, now_ns));
	struct governor_news news;

	if (rate != engine->governed_rate)
		pacer_limit(&engine->pacer, rate);
	engine->governed_rate = rate;
	if (governor_news(&engine->governor, &news) && engine->config.sink.news)
		engine->config.sink.news(engine->config.sink.arg, &news);
}

/* SYNs to the controls of hosts. SCAN_DONE: no answer is awaited of any. */
static enum scan_next ask_controls(struct scan_engine *engine, int64_t now_ns, uint32_t due,
				   uint32_t *took)
{
	enum scan_next next = SCAN_DONE;
	struct scan_item item;

	while (engine->controls &&
	       (next = controls_next(engine->controls, now_ns, *took < due && !engine->stopping,
				     &item)) == SCAN_SEND) {
		scan_send_syn(engine, &item);
		(*took)++;
	}
	scan_release(engine);
	return next;
}

/* Would the answers to what is under way need more connections than there may be, or come in a
 * burst that the other side's queues may not hold? */
static bool connections_short(struct scan_engine *engine, int64_t now_ns)
{
	return engine->memory.count > 0 &&
	       (expect_burst(&engine->expect, now_ns) >= BURST ||
		engine->census.used + expect_open(&engine->expect, now_ns) >= engine->memory.count);
}

static void silent(struct scan_engine *engine, const struct scan_item *item)
{
	expect_silent(&engine->expect);
	scan_told(engine, item, 0);
}

/* One SYN; or none, if this host has no way to send it. */
static bool send_one(struct scan_engine *engine, struct scan_item *item, int64_t now_ns)
{
	if (item->tries == 1 && scan_has_hole(engine, &item->addr)) {
		scan_refuse(&engine->scan, item);
		scan_told(engine, item, 0);
		return false;
	}
	if (item->tries == 1 && engine->memory.count > 0) {
		expect_sent(&engine->expect, now_ns);
		engine->scan.hold_new = connections_short(engine, now_ns);
	}
	scan_send_syn(engine, item);
	return true;
}

/* At most `due` SYNs, and silence that is told. */
static enum scan_next send_some(struct scan_engine *engine, uint32_t due, uint32_t *took)
{
	int64_t now_ns = clock_monotonic_ns();
	enum scan_next next = SCAN_WAIT;
	struct scan_item item;

	engine->scan.hold_new = connections_short(engine, now_ns);
	for (unsigned i = 1; i <= SENDS_PER_TURN; i++) {
		next = scan_next(&engine->scan, now_ns, *took < due && !engine->stopping, &item);
		if (next == SCAN_SEND)
			*took += send_one(engine, &item, now_ns);
		else if (next == SCAN_RESULT)
			silent(engine, &item);
		else
			break;
		if (i % SENDS_PER_CLOCK == 0) {
			scan_flush(engine); /* so that what is stamped now leaves now */
			now_ns = clock_monotonic_ns();
		}
	}
	return next;
}

/* Sends what is due; SCAN_SEND, SCAN_RESULT: there may be more to do at once. */
static enum scan_next send_due(struct scan_engine *engine)
{
	int64_t now_ns = clock_monotonic_ns();
	enum scan_next asked, next;
	uint32_t due, took = 0;

	govern(engine, now_ns);
	due = pacer_due(&engine->pacer, clock_monotonic_ns());
	asked = ask_controls(engine, now_ns, due, &took);
	next = send_some(engine, due, &took);
	pacer_took(&engine->pacer, took);
	scan_flush(engine);
	return next == SCAN_DONE ? asked : next;
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

/* What the latest frames have settled is told first: a checkpoint holds what is awaited, and that
 * is awaited no more. */
static void stop(struct scan_engine *engine)
{
	scan_release(engine);
	if (engine->config.sink.stopping)
		engine->config.sink.stopping(engine->config.sink.arg);
	engine->stopping = true;
	if (engine->controls)
		controls_stop(engine->controls);
	scan_release(engine);
	if (engine->broken)
		return;
	census_stop(&engine->census, scan_time(0));
	scan_flush(engine);
}

/* Nobody waits for what is still open: it is told as it is. */
static void abandon(struct scan_engine *engine)
{
	engine->stopping = true;
	if (engine->controls)
		controls_stop(engine->controls);
	scan_release(engine);
	for (uint32_t i = 0; i < engine->memory.count && engine->census.live > 0; i++) {
		struct census_slot *slot = &engine->memory.slots[i];

		if (match_find(&engine->census.match, &slot->probe.flow) != i)
			continue;
		slot->probe.stopped = true;
		slot->probe.phase = PHASE_DONE;
		scan_connection_over(engine, i);
	}
}

static void sooner(int64_t *wait_ns, int64_t at_ns, int64_t now_ns)
{
	if (at_ns != INT64_MAX && at_ns - now_ns < *wait_ns)
		*wait_ns = at_ns - now_ns;
}

/* Until something is due: of the scan and the controls, whether they may send or not before the
 * pacer allows it; of connections. */
static int64_t wait_ns(struct scan_engine *engine)
{
	int64_t now_ns = clock_monotonic_ns();
	int64_t credit = pacer_next_ns(&engine->pacer) - now_ns;
	int64_t wait = engine->scan.hold_new ? HELD_WAIT_NS : WAIT_MAX_NS, sending = WAIT_MAX_NS;

	sooner(&wait, scan_next_ns(&engine->scan, now_ns, false), now_ns);
	if (!engine->stopping)
		sooner(&sending, scan_next_ns(&engine->scan, now_ns, true), now_ns);
	if (engine->controls)
		sooner(&sending, controls_next_ns(engine->controls, now_ns), now_ns);
	sending = sending > credit ? sending : credit;
	wait = sending < wait ? sending : wait;
	sooner(&wait, census_due_ns(&engine->census), now_ns);
	return wait > 0 ? wait : 0;
}

/* Signals are let in only here: in passing, if there is something to do at once. */
static void wait_for_something(struct scan_engine *engine, bool busy)
{
	struct pollfd fd = {.fd = capture_fd(engine->capture), .events = POLLIN};
	int64_t wait = busy ? 0 : wait_ns(engine);
	struct timespec timeout = {.tv_nsec = wait > BUSY_WAIT_NS ? wait : 0};
	sigset_t none;

	sigemptyset(&none);
	if (ppoll(&fd, 1, &timeout, &none) < 0 && errno != EINTR)
		err_set(engine->err, ERR_INTERNAL, "poll: %s", strerror(errno));
}

int scan_engine_run(struct scan_engine *engine, struct err *err)
{
	const struct census_sink sink = {
	    .arg = engine, .send = scan_send_segment, .over = scan_connection_over};
	enum scan_next next;

	engine->err = err;
	engine->started_ns = clock_monotonic_ns();
	pacer_init(&engine->pacer, engine->config.rate, engine->started_ns);
	governor_init(&engine->governor, engine->config.scan.wait_ns, engine->config.rate,
		      clock_monotonic_ns());
	engine->governed_rate = engine->config.rate;
	expect_init(&engine->expect, engine->config.scan.wait_ns, clock_monotonic_ns());
	census_init(&engine->census, engine->config.plan, &engine->memory, &sink,
		    engine->started_ns);
	for (;;) {
		read_frames(engine);
		if (!engine->stopping && must_stop(engine))
			stop(engine);
		if (engine->config.signals->stop > 1 || engine->broken)
			break;
		census_timers(&engine->census, scan_time(0));
		next = send_due(engine);
		tick(engine);
		if (engine->census.live == 0 && (next == SCAN_DONE || engine->stopping))
			break;
		wait_for_something(engine,
				   !engine->stopping && next != SCAN_WAIT && next != SCAN_DONE);
	}
	scan_flush(engine);
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
	stats->awaited = scan_awaited_count(&engine->scan);
	stats->dropped_ring = capture.dropped_ring;
	stats->dropped_interface = capture.dropped_interface;
	stats->sent = bulk.sent;
	stats->again = bulk.again;
	stats->not_taken += bulk.refused;
	if (engine->controls) {
		struct controls_counts controls = controls_counts(engine->controls);

		stats->counts.rejected += controls.rejected;
		stats->wildcards = controls.wildcards;
		stats->awaited += controls.held;
	}
	stats->slowdowns = engine->pacer.slowdowns + engine->governor.slowdowns;
	stats->rate = engine->pacer.rate;
	stats->live = engine->census.live;
	stats->position = engine->scan.position;
	stats->set_aside = engine->scan.defer.count;
	stats->end = engine->scan.end;
	stats->elapsed_ns = clock_monotonic_ns() - engine->started_ns;
}
