/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one loop: frames, timers and targets -> probes -> segments. The only file that sees both the
 * world (net/) and the logic (probe/, tcp/, wire/).
 */
#include "engine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine_internal.h"
#include "net/clock.h"

#define FRAMES_PER_TURN 256
#define TURNS_MAX       64
#define LAG_MAX_NS      INT64_C(50000000)

/* When the next job may start: the rate, and the interval between rounds. */
static int64_t job_time(const struct engine *engine)
{
	uint64_t round = engine->next_job / engine->config.target_count;
	uint64_t within = engine->next_job % engine->config.target_count;
	uint64_t before = engine->next_job - engine->skipped;
	int64_t by_rate = (int64_t)(before * 1000000000 / engine->config.rate);
	int64_t by_round = (int64_t)round * engine->config.interval_ns +
			   (int64_t)(within * 1000000000 / engine->config.rate);

	return engine->schedule_ns + (by_round > by_rate ? by_round : by_rate);
}

static bool may_start(const struct engine *engine)
{
	uint32_t unreported = engine->max_live - engine->free_count - engine->lingering;

	return !engine->stopping && engine->next_job < engine->job_count &&
	       engine->free_count > 0 &&
	       (engine->config.window == 0 || unreported < engine->config.window);
}

static void skip_jobs(struct engine *engine)
{
	const struct engine_config *config = &engine->config;

	while (engine->next_job < engine->job_count &&
	       config->targets[engine->next_job % config->target_count].skip) {
		engine->next_job++;
		engine->skipped++;
	}
}

/* Turns that were missed, as by a stopped process, are not made up for in a burst: the schedule
 * moves. */
static void forgive_lag(struct engine *engine)
{
	int64_t lag_ns = clock_monotonic_ns() - job_time(engine);

	if (lag_ns > LAG_MAX_NS)
		engine->schedule_ns += lag_ns;
}

static void start_jobs(struct engine *engine)
{
	skip_jobs(engine);
	if (may_start(engine))
		forgive_lag(engine);
	while (may_start(engine) && job_time(engine) <= clock_monotonic_ns()) {
		live_start(engine);
		skip_jobs(engine);
	}
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

static void tell_player(struct engine *engine, uint32_t slot, const struct packet *packet,
			int64_t stamp_ns, bool ours)
{
	const struct stage_player *player = engine->config.player;

	if (player && engine->live[slot].connection)
		player->seen(player->arg, engine->live[slot].connection, packet, stamp_ns, ours);
}

static void packet_arrived(struct engine *engine, const struct packet *packet, int64_t stamp_ns)
{
	struct flow ours =
	    packet->kind == PACKET_TCP ? flow_reverse(&packet->flow) : packet->icmp.quoted;
	uint32_t slot = match_find(&engine->match, &packet->flow);
	struct probe_output out = {.count = 0};
	int64_t now_ns = clock_monotonic_ns();

	if (packet->kind == PACKET_TCP && slot != MATCH_NONE) {
		if (engine->live[slot].lingering)
			return;
		if (probe_left(&engine->live[slot].probe, packet, stamp_ns, now_ns, &out) ==
		    SIGHTING_FOREIGN_RST)
			broken_guard(engine, packet);
		tell_player(engine, slot, packet, stamp_ns, true);
	} else {
		slot = match_find(&engine->match, &ours);
		if (slot == MATCH_NONE) {
			engine->stats.unmatched++;
			return;
		}
		if (engine->live[slot].lingering) {
			live_late(engine, slot, packet, stamp_ns);
			return;
		}
		probe_arrived(&engine->live[slot].probe, packet, stamp_ns, now_ns, &out);
		tell_player(engine, slot, packet, stamp_ns, false);
	}
	live_settle(engine, slot, &out);
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

		if (engine->live[slot].lingering) {
			live_release(engine, slot);
			continue;
		}
		probe_timer(&engine->live[slot].probe, timer % PROBE_TIMER_COUNT, now_ns, &out);
		live_settle(engine, slot, &out);
	}
}

/* Every live connection is reset; the probes go on only to learn that they are gone. */
static void stop_all(struct engine *engine)
{
	engine->stopping = true;
	if (engine->config.player)
		engine->config.player->stop(engine->config.player->arg);
	for (uint32_t slot = 0; slot < engine->max_live; slot++) {
		struct probe_output out = {.count = 0};

		if (!engine->live[slot].started || engine->live[slot].lingering)
			continue;
		probe_stop(&engine->live[slot].probe, clock_monotonic_ns(), &out);
		live_settle(engine, slot, &out);
	}
}

void engine_stop(struct engine *engine)
{
	engine->stop_asked = true;
}

/* After the second signal nobody waits for certainty any more. */
static void leave_at_once(struct engine *engine)
{
	for (uint32_t slot = 0; slot < engine->max_live; slot++)
		if (engine->live[slot].started && !engine->live[slot].lingering)
			live_finish(engine, slot);
}

static bool obey_signals(struct engine *engine)
{
	const struct engine_signals *signals = engine->config.signals;
	int64_t deadline_ns = engine->config.deadline_ns;
	bool late = deadline_ns > 0 && clock_monotonic_ns() - engine->started_ns >= deadline_ns;

	if ((signals->stop > 0 || late || engine->stop_asked || engine->err->class != ERR_NONE) &&
	    !engine->stopping)
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

	if (may_start(engine) && job_time(engine) < next_ns)
		next_ns = job_time(engine);
	if (engine->config.player &&
	    engine->config.player->next_ns(engine->config.player->arg) < next_ns)
		next_ns = engine->config.player->next_ns(engine->config.player->arg);
	if (!engine->stopping && deadline_ns > 0 && engine->started_ns + deadline_ns < next_ns)
		next_ns = engine->started_ns + deadline_ns;
	return next_ns;
}

/* Enter asks for a summary; the end of input ends the asking. */
static void read_key(struct engine *engine)
{
	char keys[256];
	ssize_t n = read(engine->config.key_fd, keys, sizeof(keys));

	engine->key_pressed = n > 0;
	if (n == 0)
		engine->config.key_fd = -1;
}

/* All that is there, before any timer may call it missing; bounded, since a flood must not keep the
 * timers and signals waiting. */
static int read_frames(struct engine *engine, struct capture *capture)
{
	int n = FRAMES_PER_TURN;

	for (int turn = 0; turn < TURNS_MAX && n == FRAMES_PER_TURN; turn++)
		n = capture_next(capture, FRAMES_PER_TURN, frame_arrived, engine, engine->err);
	return n;
}

/* Waits for a frame, a timer or a signal; signals are let in only here. */
static int wait_for_something(struct engine *engine)
{
	struct pollfd fds[ENGINE_CAPTURES_MAX + 1];
	nfds_t count = engine->capture_count;
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
	if (engine->config.key_fd >= 0)
		fds[count++] = (struct pollfd){.fd = engine->config.key_fd, .events = POLLIN};
	sigemptyset(&none);
	if (ppoll(fds, count, &wait, &none) < 0 && errno != EINTR)
		return err_set(engine->err, ERR_INTERNAL, "poll: %s", strerror(errno));
	if (count > engine->capture_count && fds[count - 1].revents & POLLIN)
		read_key(engine);
	for (unsigned i = 0; i < engine->capture_count; i++)
		if (read_frames(engine, engine->captures[i]) < 0)
			return -1;
	return 0;
}

static void interim_summary(struct engine *engine)
{
	struct engine_stats stats;

	engine_statistics(engine, &stats);
	engine->config.sink.interim(engine->config.sink.arg, &stats);
}

static bool over(const struct engine *engine)
{
	const struct stage_player *player = engine->config.player;

	if (engine->free_count + engine->lingering < engine->max_live)
		return false;
	if (player)
		return player->done(player->arg);
	return engine->stopping || engine->next_job == engine->job_count;
}

int engine_run(struct engine *engine, struct err *err)
{
	sig_atomic_t interims = 0;

	engine->err = err;
	engine->started_ns = clock_monotonic_ns();
	engine->schedule_ns = engine->started_ns;
	for (;;) {
		if (!obey_signals(engine))
			break;
		start_jobs(engine);
		if (engine->config.player)
			engine->config.player->turn(engine->config.player->arg);
		if (over(engine))
			break;
		if (wait_for_something(engine) < 0) {
			stop_all(engine);
			leave_at_once(engine);
			break;
		}
		fire_timers(engine);
		if (engine->key_pressed || engine->config.signals->interim != interims) {
			interims = engine->config.signals->interim;
			engine->key_pressed = false;
			interim_summary(engine);
		}
	}
	return err->class == ERR_NONE ? 0 : -1;
}
