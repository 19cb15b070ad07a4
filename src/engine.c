/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one loop: frames, timers and targets -> probes -> segments. The only file that sees both the
 * world (net/) and the logic (probe/, tcp/, wire/).
 */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine_internal.h"
#include "net/clock.h"
#include "wire/craft.h"

#define FRAMES_PER_TURN 256
#define SEND_TRIES      50

static uint64_t ring_drops(const struct engine *engine, unsigned capture)
{
	struct capture_stats stats = {0};

	capture_statistics(engine->captures[capture], &stats);
	return stats.dropped_ring + stats.dropped_interface;
}

/* A full queue is waited for, never skipped; what still cannot go is left to retransmission. */
static void send_segment(struct engine *engine, struct live *live, const struct segment *seg)
{
	struct craft_request request = {
	    .flow = &live->probe.flow, .ip = &live->probe.plan->ip, .seg = seg};
	size_t len = craft_packet(&request, engine->packet, sizeof(engine->packet));
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < SEND_TRIES; i++) {
		if (sender_send(engine->sender, engine->packet, len, &live->err) != SEND_AGAIN)
			return;
		engine->stats.send_again++;
		nanosleep(&pause, NULL);
	}
}

static void perform(struct engine *engine, uint32_t slot, const struct probe_output *out)
{
	struct live *live = &engine->live[slot];

	for (unsigned i = 0; i < out->count; i++) {
		const struct tcb_action *action = &out->actions[i];
		uint32_t timer = slot * PROBE_TIMER_COUNT + action->timer;

		if (action->type == ACT_SEND)
			send_segment(engine, live, &action->seg);
		else if (action->type == ACT_TIMER_START)
			wheel_start(&engine->wheel, timer, clock_monotonic_ns() + action->after_ns);
		else if (action->type == ACT_TIMER_STOP)
			wheel_stop(&engine->wheel, timer);
	}
}

static void report(struct engine *engine, struct live *live, const char *error)
{
	const struct engine_target *target = &engine->config.targets[live->target];
	struct engine_outcome outcome = {.target = live->target, .round = live->round};

	outcome.probe = live->started ? &live->probe : NULL;
	outcome.error = error;
	if (target->capture >= 0) {
		struct capture *capture = engine->captures[target->capture];

		outcome.stamp = capture_stamp_source(capture);
		outcome.capture_dropped =
		    ring_drops(engine, (unsigned)target->capture) > live->drops_at_start;
	}
	engine->config.sink.outcome(engine->config.sink.arg, &outcome);
	engine->stats.finished++;
}

/* The probe is over: report it and free its slot. */
static void finish(struct engine *engine, uint32_t slot)
{
	struct live *live = &engine->live[slot];

	for (unsigned timer = 0; timer < PROBE_TIMER_COUNT; timer++)
		wheel_stop(&engine->wheel, slot * PROBE_TIMER_COUNT + timer);
	if (live->started) {
		janitor_clear(engine->janitor, slot);
		match_remove(&engine->match, &live->probe.flow);
		engine->stats.left_open += probe_left_open(&live->probe);
	}
	report(engine, live, live->err.class != ERR_NONE ? live->err.text : live->probe.error);
	if (live->guard >= 0)
		guard_close(live->guard);
	live->guard = -1;
	live->started = false;
	engine->free_slots[engine->free_count++] = slot;
}

/* What the server would keep if we were killed now. */
static void keep_ledger(struct engine *engine, uint32_t slot)
{
	const struct live *live = &engine->live[slot];
	const struct tcb *tcb = &live->probe.tcb;
	const uint32_t seqs[2] = {tcb->snd_nxt,
				  tcb->snd_una == tcb->iss ? tcb->snd_nxt : tcb->snd_una};

	if (tcb->state == TCB_CLOSED || tcb->state == TCB_TIME_WAIT)
		janitor_clear(engine->janitor, slot);
	else
		janitor_note(engine->janitor, slot, &live->probe.flow, seqs);
}

/* Performs what a probe asks for, and ends it if it is done or can send no more. */
static void settle(struct engine *engine, uint32_t slot, const struct probe_output *out)
{
	struct live *live = &engine->live[slot];

	keep_ledger(engine, slot);
	perform(engine, slot, out);
	if (probe_done(&live->probe) || live->err.class != ERR_NONE)
		finish(engine, slot);
}

/* RFC 6528: a clock of 4 microseconds and a keyed hash of the 4-tuple. */
static uint32_t choose_iss(const struct engine *engine, const struct flow *flow)
{
	return match_iss(&engine->match, flow) + (uint32_t)(clock_monotonic_ns() / 4000);
}

static struct tcb_path path_of(const struct engine_target *target)
{
	uint32_t headers = target->addr.version == IP_V6 ? 60 : 40;
	uint32_t room = target->mtu > headers + 100 ? target->mtu - headers : 100;
	struct tcb_path path = {.path_mss = room > UINT16_MAX ? UINT16_MAX : (uint16_t)room,
				.default_mss = target->addr.version == IP_V6 ? 1220 : 536};

	if (getrandom(&path.ts_offset, sizeof(path.ts_offset), 0) < 0)
		path.ts_offset = (uint32_t)clock_monotonic_ns();
	return path;
}

static void start_probe(struct engine *engine, uint32_t slot)
{
	struct live *live = &engine->live[slot];
	const struct engine_target *target = &engine->config.targets[live->target];
	struct flow flow = {.src.addr = target->src,
			    .dst = {.addr = target->addr, .port = target->port}};
	struct tcb_path path = path_of(target);
	struct probe_output out = {.count = 0};

	live->err = (struct err){.class = ERR_NONE};
	live->guard = -1;
	flow.src.port = engine->ports.first;
	if (engine->config.guard)
		live->guard = guard_open(&engine->ports, &target->src, target->scope_ifindex,
					 &flow.src.port, &live->err);
	probe_init(&live->probe, engine->config.plan, &flow, &path);
	live->probe.request = target->request;
	live->probe.request_len = target->request_len;
	live->drops_at_start = ring_drops(engine, (unsigned)target->capture);
	engine->stats.started++;
	if (live->err.class != ERR_NONE) {
		finish(engine, slot);
		return;
	}
	live->started = true;
	match_add(&engine->match, &flow, slot);
	probe_open(&live->probe, choose_iss(engine, &flow), clock_monotonic_ns(), &out);
	settle(engine, slot, &out);
}

static void start_job(struct engine *engine)
{
	uint64_t job = engine->next_job++;
	uint32_t slot = engine->free_slots[--engine->free_count];
	struct live *live = &engine->live[slot];

	live->target = (uint32_t)(job % engine->config.target_count);
	live->round = (uint32_t)(job / engine->config.target_count);
	if (engine->config.targets[live->target].capture >= 0) {
		start_probe(engine, slot);
		return;
	}
	report(engine, live, engine->config.targets[live->target].error);
	engine->free_slots[engine->free_count++] = slot;
}

/* When the next job may start: the rate, and the interval between rounds. */
static int64_t job_time(const struct engine *engine)
{
	uint64_t round = engine->next_job / engine->config.target_count;
	uint64_t within = engine->next_job % engine->config.target_count;
	int64_t by_rate = (int64_t)(engine->next_job * 1000000000 / engine->config.rate);
	int64_t by_round = (int64_t)round * engine->config.interval_ns +
			   (int64_t)(within * 1000000000 / engine->config.rate);

	return engine->started_ns + (by_round > by_rate ? by_round : by_rate);
}

static void start_jobs(struct engine *engine)
{
	while (!engine->stopping && engine->next_job < engine->job_count &&
	       engine->free_count > 0 && job_time(engine) <= clock_monotonic_ns())
		start_job(engine);
}

static void broken_guard(struct engine *engine, const struct packet *packet)
{
	char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX];

	err_set(
	    engine->err, ERR_CANNOT,
	    "guard: a RST left %s for %s that shakedown did not send: the kernel, or a firewall on "
	    "this host, answers for our port, so that no result can be trusted; `shakedown doctor` "
	    "tests the guard",
	    endpoint_text(&packet->flow.src, src), endpoint_text(&packet->flow.dst, dst));
}

static void packet_arrived(struct engine *engine, const struct packet *packet, int64_t stamp_ns)
{
	struct flow ours =
	    packet->kind == PACKET_TCP ? flow_reverse(&packet->flow) : packet->icmp.quoted;
	uint32_t slot = match_find(&engine->match, &packet->flow);
	struct probe_output out = {.count = 0};
	int64_t now_ns = clock_monotonic_ns();

	if (packet->kind == PACKET_TCP && slot != MATCH_NONE) {
		if (probe_left(&engine->live[slot].probe, packet, stamp_ns, now_ns, &out) ==
		    SIGHTING_FOREIGN_RST)
			broken_guard(engine, packet);
	} else {
		slot = match_find(&engine->match, &ours);
		if (slot == MATCH_NONE) {
			engine->stats.unmatched++;
			return;
		}
		probe_arrived(&engine->live[slot].probe, packet, stamp_ns, now_ns, &out);
	}
	settle(engine, slot, &out);
}

static void frame_arrived(void *arg, const struct frame *frame)
{
	struct engine *engine = arg;
	uint64_t unmatched = engine->stats.unmatched;
	struct packet packet;

	engine->stats.frames++;
	if (decode_frame(frame->link, frame->octets, frame->captured, frame->wire_len, &packet) !=
	    REFUSE_NOT) {
		engine->stats.refused++;
		return;
	}
	if (packet.tcp_checksum == CHECKSUM_BAD) { /* RFC 9293 section 3.1, MUST-3 */
		engine->stats.damaged++;
		return;
	}
	packet_arrived(engine, &packet, frame->stamp_ns);
	if (engine->config.sink.frame && engine->stats.unmatched == unmatched)
		engine->config.sink.frame(engine->config.sink.arg, frame);
}

static void fire_timers(struct engine *engine)
{
	int64_t now_ns = clock_monotonic_ns();
	uint32_t timer;

	while (wheel_expire(&engine->wheel, now_ns, &timer)) {
		uint32_t slot = timer / PROBE_TIMER_COUNT;
		struct probe_output out = {.count = 0};

		probe_timer(&engine->live[slot].probe, timer % PROBE_TIMER_COUNT, now_ns, &out);
		settle(engine, slot, &out);
	}
}

/* Every live connection is reset; the probes go on only to learn that they are gone. */
static void stop_all(struct engine *engine)
{
	engine->stopping = true;
	for (uint32_t slot = 0; slot < engine->max_live; slot++) {
		struct probe_output out = {.count = 0};

		if (!engine->live[slot].started)
			continue;
		probe_stop(&engine->live[slot].probe, clock_monotonic_ns(), &out);
		settle(engine, slot, &out);
	}
}

/* After the second signal nobody waits for certainty any more. */
static void leave_at_once(struct engine *engine)
{
	for (uint32_t slot = 0; slot < engine->max_live; slot++)
		if (engine->live[slot].started)
			finish(engine, slot);
}

static bool obey_signals(struct engine *engine)
{
	const struct engine_signals *signals = engine->config.signals;
	int64_t deadline_ns = engine->config.deadline_ns;
	bool late = deadline_ns > 0 && clock_monotonic_ns() - engine->started_ns >= deadline_ns;

	if ((signals->stop > 0 || late || engine->err->class != ERR_NONE) && !engine->stopping)
		stop_all(engine);
	if (signals->stop > 1) {
		leave_at_once(engine);
		return false;
	}
	return true;
}

static int64_t next_event_ns(const struct engine *engine)
{
	int64_t next_ns = wheel_next_ns(&engine->wheel);
	int64_t deadline_ns = engine->config.deadline_ns;

	if (!engine->stopping && engine->next_job < engine->job_count && engine->free_count > 0 &&
	    job_time(engine) < next_ns)
		next_ns = job_time(engine);
	if (!engine->stopping && deadline_ns > 0 && engine->started_ns + deadline_ns < next_ns)
		next_ns = engine->started_ns + deadline_ns;
	return next_ns;
}

/* Waits for a frame, a timer or a signal; signals are let in only here. */
static int wait_for_something(struct engine *engine)
{
	struct pollfd fds[ENGINE_CAPTURES_MAX];
	int64_t wait_ns = next_event_ns(engine) - clock_monotonic_ns();
	struct timespec wait = {.tv_sec = 3600};
	sigset_t none;

	if (wait_ns < 0)
		wait_ns = 0;
	if (wait_ns / 1000000000 < wait.tv_sec)
		wait = (struct timespec){.tv_sec = wait_ns / 1000000000,
					 .tv_nsec = wait_ns % 1000000000};
	for (unsigned i = 0; i < engine->capture_count; i++)
		fds[i] = (struct pollfd){.fd = capture_fd(engine->captures[i]), .events = POLLIN};
	sigemptyset(&none);
	if (ppoll(fds, engine->capture_count, &wait, &none) < 0 && errno != EINTR)
		return err_set(engine->err, ERR_INTERNAL, "poll: %s", strerror(errno));
	for (unsigned i = 0; i < engine->capture_count; i++)
		if (capture_next(engine->captures[i], FRAMES_PER_TURN, frame_arrived, engine,
				 engine->err) < 0)
			return -1;
	return 0;
}

int engine_run(struct engine *engine, struct err *err)
{
	sig_atomic_t interims = 0;

	engine->err = err;
	engine->started_ns = clock_monotonic_ns();
	for (;;) {
		if (!obey_signals(engine))
			break;
		start_jobs(engine);
		if (engine->free_count == engine->max_live &&
		    (engine->stopping || engine->next_job == engine->job_count))
			break;
		if (wait_for_something(engine) < 0) {
			stop_all(engine);
			leave_at_once(engine);
			break;
		}
		fire_timers(engine);
		if (engine->config.signals->interim != interims) {
			struct engine_stats stats;

			interims = engine->config.signals->interim;
			engine_statistics(engine, &stats);
			engine->config.sink.interim(engine->config.sink.arg, &stats);
		}
	}
	return err->class == ERR_NONE ? 0 : -1;
}
