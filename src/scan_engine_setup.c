/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine of scans, its opening and closing: routes, neighbour, guards, templates, tables. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "net/clock.h"
#include "net/guard.h"
#include "net/neighbour.h"
#include "net/privilege.h"
#include "net/route.h"
#include "scan_engine_internal.h"

#define RING_OCTETS    (UINT32_C(32) << 20)
#define SNAP_LEN       128
#define PORT_TRIES     16
#define NEIGHBOUR_MS   2000
#define RANGES_CHECKED 4096

/* The one way that all targets have: device, source of each version, next hop (if it is one). */
struct way {
	struct route first;
	bool found, one_hop, local;
	struct ip_addr hop;
};

static int take_route(struct scan_engine *engine, struct way *way, const struct ip_addr *to,
		      const struct route *route, struct err *err)
{
	struct scan_family *family = scan_family(engine, to->version);
	/* on the link, it is its own next hop */
	const struct ip_addr *hop = route->gateway.version != IP_NONE ? &route->gateway : to;
	char one[ADDR_TEXT_MAX];

	if (!way->found) {
		way->first = *route;
		way->found = true;
		way->one_hop = true;
		way->hop = *hop;
	} else if (route->ifindex != way->first.ifindex) {
		return err_set(err, ERR_CANNOT,
			       "%s: leaves by %s, other targets by %s: one scan goes out of one "
			       "interface: split it, or choose with -I",
			       addr_text(to, one), route->device, way->first.device);
	}
	if (!addr_equal(hop, &way->hop))
		way->one_hop = false;
	way->local = way->local || route->local;
	family->src = route->src;
	family->path.path_mss = (uint16_t)(route->mtu > 100 && route->mtu < UINT16_MAX
					       ? route->mtu - (to->version == IP_V6 ? 60 : 40)
					       : 1460);
	family->path.default_mss = to->version == IP_V6 ? 1220 : 536;
	family->used = true;
	return 0;
}

/* Both ends of each range: a route in the middle of one that differs is not seen, and its targets
 * go where the others go. */
static int find_way(struct scan_engine *engine, struct way *way, struct err *err)
{
	struct route_table *routes = route_open(err);
	struct ip_addr ends[2];
	int rc = routes ? 0 : -1;

	if (rc == 0 && (engine->config.device || engine->config.src))
		rc = route_constrain(routes, engine->config.device, engine->config.src, err);
	for (unsigned i = 0; rc == 0 && i < RANGES_CHECKED &&
			     space_range(engine->config.scan.space, i, &ends[0], &ends[1]);
	     i++)
		for (unsigned end = 0; rc == 0 && end < 2; end++) {
			struct route route;

			rc = route_lookup(routes, &ends[end], &route, err);
			if (rc == 0)
				rc = take_route(engine, way, &ends[end], &route, err);
		}
	route_close(routes);
	return rc;
}

/* --- ports --- */

static void close_guards(struct scan_family *family)
{
	for (unsigned i = 0; i < SCAN_PORTS; i++) {
		if (family->guards[i] >= 0)
			guard_close(family->guards[i]);
		family->guards[i] = -1;
	}
}

static bool guard_all(struct scan_family *family, const struct port_block *block, struct err *why)
{
	for (unsigned i = 0; family->used && i < SCAN_PORTS; i++) {
		uint16_t port = (uint16_t)(block->first + i), got;
		struct port_block one = {.first = port, .last = port, .next = port};

		family->guards[i] = guard_open(&one, &family->src, 0, &got, why);
		if (family->guards[i] < 0)
			return false;
	}
	return true;
}

/* Ports in a row, all free: so that the capture's filter is a plain range. */
static int take_ports(struct scan_engine *engine, struct err *err)
{
	struct err why;

	for (unsigned i = 0; i < PORT_TRIES; i++) {
		struct port_block block;

		why = (struct err){.class = ERR_NONE};
		if (guard_block_choose(&block, SCAN_PORTS, err) < 0)
			return -1;
		if (block.last - block.first + 1 >= SCAN_PORTS &&
		    guard_all(&engine->four, &block, &why) &&
		    guard_all(&engine->six, &block, &why)) {
			engine->config.scan.port_first = block.first;
			engine->config.scan.port_count = SCAN_PORTS;
			return 0;
		}
		close_guards(&engine->four);
		close_guards(&engine->six);
	}
	return err_set(err, ERR_CANNOT, "ports: no %d in a row are free: %s", SCAN_PORTS, why.text);
}

/* --- templates --- */

static bool make_templates(struct scan_engine *engine, struct scan_family *family)
{
	const uint8_t(*macs)[6] = bulk_ethernet(engine->bulk) ? engine->macs : NULL;
	const struct tcb_config *tcb = &engine->config.plan->tcb;
	struct flow flow = {.src.addr = family->src, .dst.addr = family->src};
	struct segment syn = {.flags = TCP_SYN, .wnd = (uint16_t)tcb->rcv_wnd};
	const struct segment reset = {.flags = TCP_RST};
	struct craft_request request = {.flow = &flow, .ip = &engine->config.plan->ip, .seg = &syn};

	tcb_offer(tcb, &family->path, &syn.options);
	syn.options.tsval = (uint32_t)(clock_monotonic_ns() / 1000000) + family->path.ts_offset;
	if (!template_init(&family->syn, &request, macs))
		return false;
	request.seg = &reset;
	return template_init(&family->reset, &request, macs);
}

static int make_all_templates(struct scan_engine *engine, struct err *err)
{
	struct scan_family *const families[] = {&engine->four, &engine->six};

	for (unsigned i = 0; i < 2; i++)
		if (families[i]->used && !make_templates(engine, families[i]))
			return err_set(err, ERR_INTERNAL, "template: a SYN cannot be made");
	return 0;
}

/* --- opening --- */

static int open_wire(struct scan_engine *engine, const struct way *way, struct err *err)
{
	const struct scan_engine_config *config = &engine->config;
	bool mass = way->one_hop && !way->local && config->way != BULK_RAW;
	struct bulk_config bulk = {.way = mass ? config->way : BULK_RAW,
				   .device = way->first.device};
	struct capture_config capture = {
	    .device = way->first.device,
	    .port_first = engine->config.scan.port_first,
	    .port_last = (uint16_t)(engine->config.scan.port_first + SCAN_PORTS - 1),
	    .snap_len = SNAP_LEN,
	    .ring_octets = RING_OCTETS,
	    .incoming = true,
	    .tstamp_type = -1};
	bool chosen = config->way == BULK_XDP || config->way == BULK_PACKET;
	struct neighbour neighbour;

	if (chosen && !mass)
		return err_set(
		    err, ERR_CANNOT,
		    "--send: only raw can reach these targets: they have not one next hop "
		    "that all of them share");
	if (mass && neighbour_find(way->first.device, &way->hop, NEIGHBOUR_MS, &neighbour,
				   chosen ? err : NULL) < 0) {
		if (chosen)
			return -1;
		bulk.way = BULK_RAW; /* no Ethernet there */
	}
	if (bulk.way != BULK_RAW) {
		memcpy(engine->macs[0], neighbour.theirs, 6);
		memcpy(engine->macs[1], neighbour.ours, 6);
	}
	engine->capture = capture_open(&capture, err);
	engine->bulk = engine->capture ? bulk_open(&bulk, err) : NULL;
	return engine->bulk ? 0 : -1;
}

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 8;

	while (n < at_least)
		n *= 2;
	return n;
}

static int make_tables(struct scan_engine *engine, struct err *err)
{
	uint32_t n = engine->config.mode == MODE_SYN ? 0 : engine->config.connections;
	struct census_memory *memory = &engine->memory;

	engine->config.flows = power_of_two(engine->config.flows);
	engine->entries = calloc(engine->config.flows, sizeof(*engine->entries));
	memory->count = n;
	memory->place_count = power_of_two(2 * n + 2);
	memory->slots = calloc((size_t)n + 1, sizeof(*memory->slots));
	memory->nodes = calloc((size_t)n * PROBE_TIMER_COUNT + 1, sizeof(*memory->nodes));
	memory->places = calloc(memory->place_count, sizeof(*memory->places));
	if (!engine->entries || !memory->slots || !memory->nodes || !memory->places)
		return err_set(err, ERR_INTERNAL, "memory: not enough for %u flows",
			       engine->config.flows);
	if (getrandom(engine->config.scan.key, sizeof(engine->config.scan.key), 0) < 0 ||
	    getrandom(&engine->four.path.ts_offset, 4, 0) < 0 ||
	    getrandom(&engine->six.path.ts_offset, 4, 0) < 0)
		return err_set(err, ERR_CANNOT, "getrandom: no random numbers");
	return 0;
}

struct scan_engine *scan_engine_open(const struct scan_engine_config *config, struct err *err)
{
	struct scan_engine *engine = calloc(1, sizeof(*engine));
	struct way way = {.found = false};

	if (!engine) {
		err_set(err, ERR_INTERNAL, "memory: out of it");
		return NULL;
	}
	engine->config = *config;
	for (unsigned i = 0; i < SCAN_PORTS; i++)
		engine->four.guards[i] = engine->six.guards[i] = -1;
	privilege_raise_files(128);
	if (privilege_check(err) < 0 || make_tables(engine, err) < 0 ||
	    find_way(engine, &way, err) < 0 || take_ports(engine, err) < 0 ||
	    open_wire(engine, &way, err) < 0 || make_all_templates(engine, err) < 0) {
		scan_engine_close(engine);
		return NULL;
	}
	scan_init(&engine->scan, &engine->config.scan, engine->entries, engine->config.flows);
	return engine;
}

void scan_engine_close(struct scan_engine *engine)
{
	if (!engine)
		return;
	capture_close(engine->capture);
	bulk_close(engine->bulk);
	close_guards(&engine->four);
	close_guards(&engine->six);
	free(engine->entries);
	free(engine->memory.slots);
	free(engine->memory.nodes);
	free(engine->memory.places);
	free(engine);
}

struct scan *scan_engine_scan(struct scan_engine *engine)
{
	return &engine->scan;
}

void scan_engine_awaited(const struct scan_engine *engine, void (*take)(void *arg, uint64_t index),
			 void *arg)
{
	scan_awaited(&engine->scan, take, arg);
	census_awaited(&engine->census, take, arg);
}

const char *scan_engine_way(const struct scan_engine *engine)
{
	return bulk_name(engine->bulk);
}

const char *scan_engine_why(const struct scan_engine *engine)
{
	return bulk_why(engine->bulk);
}
