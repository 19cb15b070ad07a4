/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of scans, its way: the routes to all targets -> one interface, one source of each IP
 * version, one next hop (or none that all share); and the holes, to which nothing can be sent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/route_map.h"
#include "scan_engine_internal.h"
#include "wire/addr_order.h"

#define LOOKUPS_MAX    16384 /* half a second */
#define RANGES_CHECKED 4096  /* when there is more to look up than that */
#define HOLES_TOLD     8
#define RANGE_TEXT_MAX (2 * ADDR_TEXT_MAX)

static const char ours[] = "an address of this host itself";
static const char loops[] = "its route leads back to this host";

struct finder {
	struct scan_engine *engine;
	struct scan_way *way;
	struct route_map *map;
	bool all_local;   /* the second time: nothing else was found */
	bool local_found; /* and left out */
	struct err first; /* what cannot be sent to */
	/* where the kernel would choose another source; IP_NONE: nowhere */
	struct ip_addr other_first, other_last, other_src;
	struct err *err;
};

static const char *range_text(const struct ip_addr *first, const struct ip_addr *last,
			      char text[RANGE_TEXT_MAX])
{
	char one[ADDR_TEXT_MAX], two[ADDR_TEXT_MAX];
	bool single = addr_equal(first, last);

	snprintf(text, RANGE_TEXT_MAX, "%s%s%s", addr_text(first, one), single ? "" : "-",
		 single ? "" : addr_text(last, two));
	return text;
}

/* --- holes --- */

/* Parts come in ascending order. Between parts with one answer (`again`) there are no targets, or
 * only such as have it, too. */
static int add_hole(struct finder *finder, const struct route_part *part, const char *why)
{
	struct scan_holes *holes = &finder->engine->holes;
	struct scan_hole *last = holes->count > 0 ? &holes->list[holes->count - 1] : NULL;
	struct ip_addr next;

	if (last && last->why == why && last->last.version == part->first.version &&
	    (part->again ||
	     (addr_after(&last->last, &next) && addr_compare(&part->first, &next) <= 0))) {
		last->last = part->last;
		return 0;
	}
	if (holes->count == holes->room) {
		unsigned room = holes->room ? 2 * holes->room : 8;
		struct scan_hole *list = realloc(holes->list, room * sizeof(*list));

		if (!list)
			return err_set(finder->err, ERR_INTERNAL, "memory: out of it");
		holes->list = list;
		holes->room = room;
	}
	holes->list[holes->count++] =
	    (struct scan_hole){.first = part->first, .last = part->last, .why = why};
	return 0;
}

bool scan_has_hole(const struct scan_engine *engine, const struct ip_addr *addr)
{
	const struct scan_hole *list = engine->holes.list;
	unsigned low = 0, high = engine->holes.count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (addr_compare(&list[middle].last, addr) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < engine->holes.count && addr_compare(&list[low].first, addr) <= 0;
}

const char *scan_engine_said(const struct scan_engine *engine)
{
	return engine->holes.said ? engine->holes.said : "";
}

void scan_free_holes(struct scan_engine *engine)
{
	free(engine->holes.list);
	free(engine->holes.said);
	engine->holes = (struct scan_holes){.list = NULL};
}

/* --- the way --- */

static void take_family(struct finder *finder, const struct route_part *part)
{
	struct scan_family *family =
	    scan_family(finder->engine, (enum ip_version)part->first.version);
	const struct route *route = part->route;
	const struct tcb_path path = tcb_path_of(route->mtu, (enum ip_version)part->first.version);

	if (!family->used) {
		family->src = route->src;
		family->path.path_mss = path.path_mss;
		family->path.default_mss = path.default_mss;
		family->used = true;
		return;
	}
	if (path.path_mss < family->path.path_mss)
		family->path.path_mss = path.path_mss;
	if (finder->all_local || addr_equal(&family->src, &route->src))
		return;
	if (finder->other_src.version == IP_NONE) {
		finder->other_first = part->first;
		finder->other_src = route->src;
	}
	if (addr_equal(&finder->other_src, &route->src))
		finder->other_last = part->last;
}

static int take_route(struct finder *finder, const struct route_part *part)
{
	struct scan_way *way = finder->way;
	const struct route *route = part->route;
	bool on_link = route->gateway.version == IP_NONE;
	/* on the link, each is its own next hop */
	const struct ip_addr *hop = on_link ? &part->first : &route->gateway;
	char text[RANGE_TEXT_MAX];

	if (!way->found) {
		way->first = *route;
		way->found = true;
		way->one_hop = true;
		way->hop = *hop;
	} else if (route->ifindex != way->first.ifindex) {
		return err_set(finder->err, ERR_CANNOT,
			       "%s: leaves by %s, other targets by %s: one scan goes out of one "
			       "interface: split it, or choose with -I",
			       range_text(&part->first, &part->last, text), route->device,
			       way->first.device);
	}
	if (!addr_equal(hop, &way->hop) || (on_link && !addr_equal(&part->first, &part->last)))
		way->one_hop = false;
	way->local = way->local || finder->all_local;
	take_family(finder, part);
	return 0;
}

static bool stays_here(const struct route *route)
{
	return route->local || strcmp(route->device, "lo") == 0;
}

static int take_part(void *arg, const struct route_part *part)
{
	struct finder *finder = arg;

	if (part->route && stays_here(part->route) && !finder->all_local) {
		finder->local_found = true;
		return add_hole(finder, part, part->route->local ? ours : loops);
	}
	if (part->route)
		return take_route(finder, part);
	if (!part->refusal) {
		*finder->err = *part->err;
		return -1;
	}
	if (finder->first.class == ERR_NONE)
		finder->first = *part->err;
	return add_hole(finder, part, part->refusal);
}

/* --- all targets --- */

/* Can all be looked up? */
static bool few_enough(const struct finder *finder)
{
	const struct space *space = finder->engine->config.scan.space;
	size_t before = SIZE_MAX, lookups = 0;
	struct ip_addr first, last;

	for (unsigned i = 0; lookups <= LOOKUPS_MAX && space_range(space, i, &first, &last); i++) {
		size_t from = route_map_cell(finder->map, &first);
		size_t to = route_map_cell(finder->map, &last);

		lookups += to - from + (from != before);
		before = to;
	}
	return lookups <= LOOKUPS_MAX && !route_map_gap(finder->map);
}

static int walk(struct finder *finder, bool whole)
{
	const struct space *space = finder->engine->config.scan.space;
	struct ip_addr first, last;
	int rc = 0;

	for (unsigned i = 0;
	     rc == 0 && (whole || i < RANGES_CHECKED) && space_range(space, i, &first, &last);
	     i++) {
		if (whole) {
			rc = route_map_walk(finder->map, &first, &last, take_part, finder);
			continue;
		}
		rc = route_map_walk(finder->map, &first, &first, take_part, finder);
		if (rc == 0 && !addr_equal(&first, &last))
			rc = route_map_walk(finder->map, &last, &last, take_part, finder);
	}
	return rc;
}

static void say(struct finder *finder, bool whole)
{
	struct scan_holes *holes = &finder->engine->holes;
	const char *gap = route_map_gap(finder->map);
	char text[RANGE_TEXT_MAX], src[ADDR_TEXT_MAX];
	size_t len;
	FILE *out = open_memstream(&holes->said, &len);

	if (!out)
		return; /* the holes are there, but nobody hears of them */
	for (unsigned i = 0; i < holes->count && i < HOLES_TOLD; i++)
		fprintf(out, "%s: %s: not sent to\n",
			range_text(&holes->list[i].first, &holes->list[i].last, text),
			holes->list[i].why);
	if (holes->count > HOLES_TOLD)
		fprintf(out, "and %u more that are not sent to\n", holes->count - HOLES_TOLD);
	if (finder->other_src.version != IP_NONE)
		fprintf(out,
			"%s: other source: by its routes this host is %s there, but one scan has "
			"one source: if nobody answers, split it\n",
			range_text(&finder->other_first, &finder->other_last, text),
			addr_text(&finder->other_src, src));
	if (!whole)
		fprintf(out, "routes: %s%s: only both ends of each range were looked up\n",
			gap ? "cannot be listed: " : "too many to the targets", gap ? gap : "");
	fclose(out);
}

/* Twice at most: this host's own addresses are targets only if there are no others. */
static int find(struct finder *finder)
{
	bool whole = few_enough(finder);
	int rc = walk(finder, whole);

	if (rc == 0 && !finder->way->found && finder->local_found) {
		finder->all_local = true;
		finder->engine->holes.count = 0;
		rc = walk(finder, whole);
	}
	if (rc == 0 && !finder->way->found) {
		*finder->err = finder->first;
		rc = -1;
	}
	if (rc == 0)
		say(finder, whole);
	/* the kernel routes what was not looked up */
	finder->way->one_hop = finder->way->one_hop && whole;
	return rc;
}

int scan_find_way(struct scan_engine *engine, struct scan_way *way, struct err *err)
{
	struct finder finder = {.engine = engine, .way = way, .err = err};
	struct route_table *routes = route_open(err);
	int rc = routes ? 0 : -1;

	if (rc == 0 && (engine->config.device || engine->config.src))
		rc = route_constrain(routes, engine->config.device, engine->config.src, err);
	if (rc == 0) {
		finder.map = route_map_open(routes, err);
		rc = finder.map ? find(&finder) : -1;
	}
	route_map_close(finder.map);
	route_close(routes);
	return rc;
}
