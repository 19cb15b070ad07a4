/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine's opening and closing: targets -> routes, captures, tables. All that needs
 * privileges happens here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine_internal.h"
#include "net/clock.h"
#include "net/privilege.h"
#include "net/route.h"

#define RING_MIN_OCTETS (UINT32_C(2) << 20)
#define RING_MAX_OCTETS (UINT32_C(64) << 20)
#define RING_PER_PROBE  UINT32_C(16) /* frames */
#define FILES_KEPT_FREE 64
#define PORTS_PER_PROBE 2 /* so that a port rests before it comes round */

/* The capture of that interface, which is opened if need be; -1 with `err`. */
static int capture_for(struct engine *engine, const struct route *route, struct err *err)
{
	const struct engine_config *config = &engine->config;
	uint64_t ring = (uint64_t)engine->max_live * RING_PER_PROBE * (config->snap_len + 128);
	struct capture_config want = {.device = route->device,
				      .port_first = engine->ports.first,
				      .port_last = engine->ports.last,
				      .snap_len = config->snap_len,
				      .immediate = true,
				      .tstamp_type = config->tstamp_type};
	unsigned i;

	for (i = 0; i < engine->capture_count; i++)
		if (engine->capture_ifindex[i] == route->ifindex)
			return (int)i;
	if (i == ENGINE_CAPTURES_MAX)
		return err_set(err, ERR_CANNOT,
			       "%s: more than %d interfaces at once: split the targets",
			       route->device, ENGINE_CAPTURES_MAX);
	want.ring_octets = ring < RING_MIN_OCTETS   ? RING_MIN_OCTETS
			   : ring > RING_MAX_OCTETS ? RING_MAX_OCTETS
						    : (uint32_t)ring;
	engine->captures[i] = capture_open(&want, err);
	if (!engine->captures[i])
		return -1;
	engine->capture_ifindex[i] = route->ifindex;
	engine->capture_link[i] = capture_link(engine->captures[i]);
	engine->capture_count++;
	return (int)i;
}

/* A target without a way is no failure of the run; a capture that cannot be opened is. */
static int prepare_target(struct engine *engine, struct route_table *routes,
			  struct engine_target *target, struct err *err)
{
	struct err why = {.class = ERR_NONE};
	struct route route;

	target->capture = -1;
	if (target->error)
		return 0;
	if (route_lookup_scoped(routes, &target->addr, target->scope_ifindex, &route, &why) < 0) {
		target->error = strdup(why.text);
		return target->error ? 0 : err_set(err, ERR_INTERNAL, "memory: out of it");
	}
	target->src = route.src;
	if (target->scope_ifindex == 0 && addr_is_link_local(&target->addr))
		target->scope_ifindex = route.ifindex;
	target->mtu = route.mtu;
	target->capture = capture_for(engine, &route, err);
	return target->capture < 0 ? -1 : 0;
}

static int prepare_targets(struct engine *engine, struct err *err)
{
	const struct engine_config *config = &engine->config;
	struct route_table *routes = route_open(err);
	int rc = -1;

	if (!routes)
		return -1;
	if ((config->device || config->src) &&
	    route_constrain(routes, config->device, config->src, err) < 0)
		goto out;
	if (config->src && sender_bind(engine->sender, config->src, err) < 0)
		goto out;
	for (uint32_t i = 0; i < config->target_count; i++)
		if (prepare_target(engine, routes, &config->targets[i], err) < 0)
			goto out;
	rc = 0;
out:
	route_close(routes);
	return rc;
}

static int choose_ports(struct engine *engine, struct err *err)
{
	uint16_t port = engine->config.source_port;

	if (port == 0)
		return guard_block_choose(&engine->ports, engine->max_live * PORTS_PER_PROBE, err);
	engine->ports = (struct port_block){.first = port, .last = port, .next = port};
	return 0;
}

/* As many at once as were asked for, and as descriptors allow. */
static void limit_live(struct engine *engine)
{
	const struct engine_config *config = &engine->config;
	uint64_t wanted = config->source_port ? 1 : config->max_live;
	unsigned long files;

	if (!config->player && wanted > engine->job_count)
		wanted = engine->job_count;
	files = privilege_raise_files(wanted + FILES_KEPT_FREE);
	if (files > FILES_KEPT_FREE && wanted > files - FILES_KEPT_FREE)
		wanted = files - FILES_KEPT_FREE;
	engine->max_live = wanted > 0 ? (uint32_t)wanted : 1;
}

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 1;

	while (n < at_least)
		n *= 2;
	return n;
}

static int make_tables(struct engine *engine, struct err *err)
{
	uint32_t n = engine->max_live, slots = power_of_two(2 * n + 2);
	uint32_t capacity = engine->config.timeline_capacity;
	uint64_t key[2];

	engine->live = calloc(n, sizeof(*engine->live));
	engine->free_slots = calloc(n, sizeof(*engine->free_slots));
	engine->match_slots = calloc(slots, sizeof(*engine->match_slots));
	engine->wheel_nodes = calloc((size_t)n * PROBE_TIMER_COUNT, sizeof(*engine->wheel_nodes));
	engine->moments = calloc((size_t)n * capacity + 1, sizeof(*engine->moments));
	if (!engine->live || !engine->free_slots || !engine->match_slots || !engine->wheel_nodes ||
	    !engine->moments)
		return err_set(err, ERR_INTERNAL, "memory: not enough for %u probes at once", n);
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return err_set(err, ERR_CANNOT, "getrandom: no random numbers");
	match_init(&engine->match, engine->match_slots, slots, key);
	wheel_init(&engine->wheel, engine->wheel_nodes, n * PROBE_TIMER_COUNT,
		   clock_monotonic_ns());
	for (uint32_t i = 0; i < n; i++) {
		engine->live[i].guard = -1;
		engine->live[i].probe.timeline.moments = &engine->moments[(size_t)i * capacity];
		engine->live[i].probe.timeline.capacity = capacity;
		engine->free_slots[engine->free_count++] = n - 1 - i;
	}
	return 0;
}

struct engine *engine_open(const struct engine_config *config, struct err *err)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine) {
		err_set(err, ERR_INTERNAL, "memory: out of it");
		return NULL;
	}
	engine->config = *config;
	engine->job_count =
	    config->rounds > 0 ? (uint64_t)config->target_count * config->rounds : UINT64_MAX;
	if (config->player)
		engine->job_count = 0;
	limit_live(engine);
	if (privilege_check(err) < 0 || choose_ports(engine, err) < 0 ||
	    make_tables(engine, err) < 0)
		goto fail;
	engine->sender = sender_open(config->device, err);
	if (!engine->sender)
		goto fail;
	engine->janitor = janitor_start(engine->sender, engine->max_live, err);
	if (!engine->janitor || prepare_targets(engine, err) < 0)
		goto fail;
	return engine;
fail:
	engine_close(engine);
	return NULL;
}

void engine_close(struct engine *engine)
{
	if (!engine)
		return;
	for (unsigned i = 0; i < engine->capture_count; i++)
		capture_close(engine->captures[i]);
	janitor_stop(engine->janitor);
	if (engine->sender)
		sender_close(engine->sender);
	free(engine->live);
	free(engine->free_slots);
	free(engine->match_slots);
	free(engine->wheel_nodes);
	free(engine->moments);
	free(engine);
}

void engine_statistics(const struct engine *engine, struct engine_stats *stats)
{
	*stats = engine->stats;
	for (unsigned i = 0; i < engine->capture_count; i++) {
		struct capture_stats one = {0};

		capture_statistics(engine->captures[i], &one);
		stats->dropped_ring += one.dropped_ring;
		stats->dropped_interface += one.dropped_interface;
	}
}

enum link_type engine_link_type(const struct engine *engine)
{
	for (unsigned i = 1; i < engine->capture_count; i++)
		if (engine->capture_link[i] != engine->capture_link[0])
			return LINK_RAW;
	return engine->capture_count > 0 ? engine->capture_link[0] : LINK_RAW;
}
