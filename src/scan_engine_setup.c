/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine of scans, its opening and closing: routes, neighbour, guards, templates, tables. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/guard.h"
#include "net/neighbour.h"
#include "net/privilege.h"
#include "scan_engine_internal.h"

#define RING_OCTETS   (UINT32_C(32) << 20)
#define SNAP_LEN      128
#define PORT_TRIES    16
#define NEIGHBOUR_MS  2000
#define ASIDE_MAX     65536
#define HUGE_FROM     (UINT32_C(4) << 20)
#define CONTROL_FLOWS (UINT32_C(1) << 16)

/* --- ports --- */

static void close_guards(struct scan_family *family)
{
	for (unsigned i = 0; i < SCAN_PORTS_MAX; i++) {
		if (family->guards[i] >= 0)
			guard_close(family->guards[i]);
		family->guards[i] = -1;
	}
}

static bool guard_all(struct scan_family *family, uint16_t first, unsigned count, struct err *why)
{
	for (unsigned i = 0; family->used && i < count; i++) {
		uint16_t port = (uint16_t)(first + i), got;
		struct port_block one = {.first = port, .last = port, .next = port};

		family->guards[i] = guard_open(&one, &family->src, 0, &got, why);
		if (family->guards[i] < 0)
			return false;
	}
	return true;
}

/* `count` ports in a row; false with `why`: some of them are taken. */
static bool take_row(struct scan_engine *engine, unsigned count, struct err *why)
{
	struct port_block block;

	*why = (struct err){.class = ERR_NONE};
	if (guard_block_choose(&block, count, why) < 0 || block.last - block.first + 1U < count ||
	    !guard_all(&engine->four, block.first, count, why) ||
	    !guard_all(&engine->six, block.first, count, why)) {
		close_guards(&engine->four);
		close_guards(&engine->six);
		return false;
	}
	engine->config.scan.port_first = block.first;
	engine->config.scan.port_count = (uint16_t)(count - engine->config.controls);
	engine->port_last = (uint16_t)(block.first + count - 1);
	return true;
}

/* Ports in a row, all free, so that the capture's filter is a plain range; fewer of them where
 * connections of this host, or what is left of them, lie everywhere. */
static int take_ports(struct scan_engine *engine, struct err *err)
{
	struct err why;

	for (unsigned count = SCAN_PORTS_MAX; count >= 2; count /= 2)
		for (unsigned i = 0; i < PORT_TRIES; i++)
			if (take_row(engine, count, &why))
				return 0;
	return err_set(err, ERR_CANNOT, "ports: no two in a row are free: %s", why.text);
}

/* --- templates --- */

static bool make_templates(struct scan_engine *engine, struct scan_family *family)
{
	const uint8_t(*macs)[6] = bulk_ethernet(engine->bulk) ? engine->macs : NULL;
	const struct tcb_config *tcb = &engine->config.plan->tcb;
	struct flow flow = {.src.addr = family->src, .dst.addr = family->src};
	struct segment syn;
	const struct segment reset = {.flags = TCP_RST};
	struct craft_request request = {.flow = &flow, .ip = &engine->config.plan->ip, .seg = &syn};

	tcb_syn(tcb, &family->path, &syn);
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

/* The controls have the last of our ports to themselves. */
static int make_controls(struct scan_engine *engine, struct err *err)
{
	const struct scan_config *scan = &engine->config.scan;
	const struct controls_config config = {
	    .space = scan->space,
	    .cookie = &engine->scan.cookie,
	    .seed = scan->seed,
	    .source_port = (uint16_t)(scan->port_first + scan->port_count),
	    .tries = scan->tries,
	    .wait_ns = scan->wait_ns,
	    .max_flows =
		engine->config.flows < CONTROL_FLOWS ? engine->config.flows : CONTROL_FLOWS};

	if (!engine->config.controls)
		return 0;
	engine->controls = controls_new(&config);
	return engine->controls ? 0 : err_set(err, ERR_INTERNAL, "memory: not enough for controls");
}

static int open_wire(struct scan_engine *engine, const struct scan_way *way, struct err *err)
{
	const struct scan_engine_config *config = &engine->config;
	bool mass = way->one_hop && !way->local && config->way != BULK_RAW;
	struct bulk_config bulk = {.way = mass ? config->way : BULK_RAW,
				   .device = way->local ? NULL : way->first.device};
	struct capture_config capture = {.device = way->first.device,
					 .port_first = engine->config.scan.port_first,
					 .port_last = engine->port_last,
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

/* A table of millions is looked up everywhere: with huge pages most look-ups need no walk through
 * the page tables. It is only a gain in time. */
static void ask_for_huge_pages(void *table, size_t octets)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)table + page - 1) & ~(page - 1);

	if (table && octets >= HUGE_FROM)
		(void)madvise((void *)from, (octets - page) & ~(page - 1), MADV_HUGEPAGE);
}

static int make_tables(struct scan_engine *engine, struct err *err)
{
	uint32_t n = engine->config.mode == MODE_SYN ? 0 : engine->config.connections;
	struct census_memory *memory = &engine->memory;

	engine->config.flows = power_of_two(engine->config.flows);
	engine->entries = calloc(engine->config.flows, sizeof(*engine->entries));
	ask_for_huge_pages(engine->entries, engine->config.flows * sizeof(*engine->entries));
	engine->aside_size = space_size(engine->config.scan.space) < ASIDE_MAX
				 ? (uint32_t)space_size(engine->config.scan.space)
				 : ASIDE_MAX;
	engine->aside = calloc(engine->aside_size, sizeof(*engine->aside));
	memory->count = n;
	memory->place_count = power_of_two(2 * n + 2);
	memory->slots = calloc((size_t)n + 1, sizeof(*memory->slots));
	memory->nodes = calloc((size_t)n * PROBE_TIMER_COUNT + 1, sizeof(*memory->nodes));
	memory->places = calloc(memory->place_count, sizeof(*memory->places));
	if (!engine->entries || !engine->aside || !memory->slots || !memory->nodes ||
	    !memory->places)
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
	struct scan_way way = {.found = false};

	if (!engine) {
		err_set(err, ERR_INTERNAL, "memory: out of it");
		return NULL;
	}
	engine->config = *config;
	for (unsigned i = 0; i < SCAN_PORTS_MAX; i++)
		engine->four.guards[i] = engine->six.guards[i] = -1;
	privilege_raise_files(128);
	if (privilege_check(err) < 0 || make_tables(engine, err) < 0 ||
	    scan_find_way(engine, &way, err) < 0 || take_ports(engine, err) < 0 ||
	    open_wire(engine, &way, err) < 0 || make_all_templates(engine, err) < 0) {
		scan_engine_close(engine);
		return NULL;
	}
	scan_init(&engine->scan, &engine->config.scan, engine->entries, engine->config.flows);
	scan_memory(&engine->scan, engine->aside, engine->aside_size);
	if (make_controls(engine, err) < 0) {
		scan_engine_close(engine);
		return NULL;
	}
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
	controls_free(engine->controls);
	scan_free_holes(engine);
	free(engine->entries);
	free(engine->aside);
	free(engine->memory.slots);
	free(engine->memory.nodes);
	free(engine->memory.places);
	free(engine);
}

struct scan *scan_engine_scan(struct scan_engine *engine)
{
	return &engine->scan;
}

/* What is held back is not told yet: it is awaited still. (In a census each is held a second time
 * when its connection is over; until then that one is awaited.) */
struct take_held {
	void (*take)(void *arg, uint64_t index);
	void *arg;
	bool census;
};

static void take_held(void *arg, const struct controls_held *held)
{
	const struct take_held *to = arg;

	if (!to->census || held->slot != CONTROLS_NO_SLOT)
		to->take(to->arg, held->item.index);
}

void scan_engine_awaited(const struct scan_engine *engine, void (*take)(void *arg, uint64_t index),
			 void *arg)
{
	struct take_held to = {.take = take, .arg = arg, .census = engine->config.mode != MODE_SYN};

	scan_awaited(&engine->scan, take, arg);
	census_awaited(&engine->census, take, arg);
	if (engine->controls)
		controls_each_held(engine->controls, take_held, &to);
}

struct controls *scan_engine_controls(struct scan_engine *engine)
{
	return engine->controls;
}

const char *scan_engine_way(const struct scan_engine *engine)
{
	return bulk_name(engine->bulk);
}

const char *scan_engine_why(const struct scan_engine *engine)
{
	return bulk_why(engine->bulk);
}
