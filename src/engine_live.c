/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine, one probe's life in its slot: job -> guard, flow, segments, report, free slot. */
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine_internal.h"
#include "net/clock.h"
#include "wire/craft.h"

#define SEND_TRIES 50
#define COPIES_NS  INT64_C(200000000) /* a copy that the network made comes sooner */

static uint64_t ring_drops(const struct engine *engine, unsigned capture)
{
	struct capture_stats stats = {0};

	capture_statistics(engine->captures[capture], &stats);
	return stats.dropped_ring + stats.dropped_interface;
}

/* A full queue is waited for, never skipped; what still cannot go is left to retransmission. */
void live_send(struct engine *engine, struct live *live, const struct craft_request *request)
{
	size_t len = craft_packet(request, engine->packet, sizeof(engine->packet));
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < SEND_TRIES; i++) {
		if (sender_send(engine->sender, engine->packet, len, &live->err) != SEND_AGAIN)
			return;
		engine->stats.send_again++;
		nanosleep(&pause, NULL);
	}
}

static void send_segment(struct engine *engine, struct live *live, const struct segment *seg)
{
	const struct craft_request request = {
	    .flow = &live->probe.flow, .ip = &live->probe.plan->ip, .seg = seg};

	live_send(engine, live, &request);
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
	const struct stage_player *player = engine->config.player;
	struct engine_outcome outcome = {.target = live->target, .round = live->round};

	outcome.probe = live->started ? &live->probe : NULL;
	outcome.error = error;
	if (target->capture >= 0) {
		struct capture *capture = engine->captures[target->capture];

		outcome.stamp = capture_stamp_source(capture);
		outcome.capture_dropped =
		    ring_drops(engine, (unsigned)target->capture) > live->drops_at_start;
	}
	engine->stats.finished++;
	if (!player)
		engine->config.sink.outcome(engine->config.sink.arg, &outcome);
	else if (live->connection)
		player->ended(player->arg, live->connection, &live->probe, error,
			      outcome.capture_dropped);
}

void live_release(struct engine *engine, uint32_t slot)
{
	struct live *live = &engine->live[slot];

	for (unsigned timer = 0; timer < PROBE_TIMER_COUNT; timer++)
		wheel_stop(&engine->wheel, slot * PROBE_TIMER_COUNT + timer);
	if (live->started)
		match_remove(&engine->match, &live->probe.flow);
	if (live->guard >= 0)
		guard_close(live->guard);
	engine->lingering -= live->lingering;
	live->guard = -1;
	live->connection = NULL;
	live->started = false;
	live->lingering = false;
	engine->free_slots[engine->free_count++] = slot;
}

static bool was_silent(const struct facts *facts)
{
	return facts->synack_count == 0 && !facts->refused && !facts->icmp;
}

/* A late answer can come to a SYN that met silence; a network's copy of the answer, soon, to
 * others. */
static int64_t linger_ns(const struct engine *engine, const struct live *live)
{
	if (!live->started || engine->config.linger_ns <= 0 || engine->stopping ||
	    live->err.class != ERR_NONE)
		return 0;
	if (was_silent(&live->probe.facts))
		return engine->config.linger_ns;
	return engine->config.linger_ns < COPIES_NS ? engine->config.linger_ns : COPIES_NS;
}

void live_finish(struct engine *engine, uint32_t slot)
{
	struct live *live = &engine->live[slot];
	int64_t wait_ns = linger_ns(engine, live);

	if (live->started) {
		janitor_clear(engine->janitor, slot);
		engine->stats.left_open += probe_left_open(&live->probe);
	}
	report(engine, live, live->err.class != ERR_NONE ? live->err.text : live->probe.error);
	for (unsigned timer = 0; timer < PROBE_TIMER_COUNT; timer++)
		wheel_stop(&engine->wheel, slot * PROBE_TIMER_COUNT + timer);
	if (wait_ns == 0) {
		live_release(engine, slot);
		return;
	}
	live->lingering = true;
	engine->lingering++;
	wheel_start(&engine->wheel, slot * PROBE_TIMER_COUNT, clock_monotonic_ns() + wait_ns);
}

/* It is counted, never matched to a younger probe; and the server's half is reset, as this host's
 * kernel would if the port were free. */
void live_late(struct engine *engine, uint32_t slot, const struct packet *packet, int64_t stamp_ns)
{
	struct live *live = &engine->live[slot];
	const struct segment reset = {.seq = packet->seg.ack, .flags = TCP_RST};
	bool silent = was_silent(&live->probe.facts);
	bool copy =
	    packet->kind == PACKET_TCP && facts_is_copy(&live->probe.facts, &packet->seg, stamp_ns);

	engine->stats.late += silent;
	if (engine->config.sink.late && (silent || copy))
		engine->config.sink.late(engine->config.sink.arg, live->target, !silent);
	if (packet->kind == PACKET_TCP && (packet->seg.flags & TCP_ACK) &&
	    !(packet->seg.flags & TCP_RST))
		send_segment(engine, live, &reset);
}

/* What the server would keep if we were killed now. */
static void keep_ledger(struct engine *engine, uint32_t slot)
{
	const struct live *live = &engine->live[slot];
	const struct tcb *tcb = &live->probe.tcb;
	const uint32_t seqs[2] = {tcb->snd_nxt,
				  tcb->snd_una == tcb->iss ? tcb->snd_nxt : tcb->snd_una};

	if (!live->probe.crafted && (tcb->state == TCB_CLOSED || tcb->state == TCB_TIME_WAIT))
		janitor_clear(engine->janitor, slot);
	else
		janitor_note(engine->janitor, slot, &live->probe.flow, seqs);
}

/* Performs what a probe asks for, and ends it if it is done or can send no more. */
void live_settle(struct engine *engine, uint32_t slot, const struct probe_output *out)
{
	struct live *live = &engine->live[slot];

	keep_ledger(engine, slot);
	perform(engine, slot, out);
	if (probe_done(&live->probe) || live->err.class != ERR_NONE)
		live_finish(engine, slot);
}

/* RFC 6528: a clock of 4 microseconds and a keyed hash of the 4-tuple. */
static uint32_t choose_iss(const struct engine *engine, const struct flow *flow)
{
	return match_iss(&engine->match, flow) + (uint32_t)(clock_monotonic_ns() / 4000);
}

static struct tcb_path path_of(const struct engine_target *target)
{
	struct tcb_path path = tcb_path_of(target->mtu, (enum ip_version)target->addr.version);

	if (getrandom(&path.ts_offset, sizeof(path.ts_offset), 0) < 0)
		path.ts_offset = (uint32_t)clock_monotonic_ns();
	return path;
}

/* Takes a port, guards it, and puts the flow into the table. -1 with live->err. */
static int prepare(struct engine *engine, uint32_t slot, const struct plan *plan,
		   uint16_t remote_port)
{
	struct live *live = &engine->live[slot];
	const struct engine_target *target = &engine->config.targets[live->target];
	struct flow flow = {.src.addr = target->src,
			    .dst = {.addr = target->addr, .port = remote_port}};
	struct tcb_path path = path_of(target);

	live->err = (struct err){.class = ERR_NONE};
	live->guard = -1;
	flow.src.port = engine->ports.first;
	if (engine->config.guard)
		live->guard = guard_open(&engine->ports, &target->src, target->scope_ifindex,
					 &flow.src.port, &live->err);
	probe_init(&live->probe, plan, &flow, &path);
	live->drops_at_start = ring_drops(engine, (unsigned)target->capture);
	engine->stats.started++;
	if (live->err.class != ERR_NONE)
		return -1;
	live->started = true;
	match_add(&engine->match, &flow, slot);
	return 0;
}

static void start_probe(struct engine *engine, uint32_t slot)
{
	struct live *live = &engine->live[slot];
	const struct engine_target *target = &engine->config.targets[live->target];
	const struct plan *plan = target->plan ? target->plan : engine->config.plan;
	struct probe_output out = {.count = 0};

	if (prepare(engine, slot, plan, target->port) < 0) {
		live_finish(engine, slot);
		return;
	}
	live->probe.request = target->request;
	live->probe.request_len = target->request_len;
	probe_open(&live->probe, choose_iss(engine, &live->probe.flow), clock_monotonic_ns(), &out);
	live_settle(engine, slot, &out);
}

struct probe *live_open(struct engine *engine, const struct stage_open *open, uint32_t *slot)
{
	const struct engine_target *target = &engine->config.targets[open->target];
	uint16_t port = open->remote_port ? open->remote_port : target->port;
	struct probe_output out = {.count = 0};
	struct live *live;
	uint32_t iss;

	*slot = engine->free_slots[--engine->free_count];
	live = &engine->live[*slot];
	live->target = open->target;
	live->round = 0;
	if (prepare(engine, *slot, open->plan, port) < 0) {
		live_finish(engine, *slot);
		return NULL;
	}
	live->connection = open->connection;
	iss = choose_iss(engine, &live->probe.flow);
	if (open->raw)
		scripted_begin_raw(&live->probe, iss);
	else
		probe_open(&live->probe, iss, clock_monotonic_ns(), &out);
	live_settle(engine, *slot, &out);
	return &live->probe;
}

void live_start(struct engine *engine)
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
