/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map of routes: ranges -> parts -> the kernel's answers. Where the parts begin and end is taken
 * from a list of all routes and rules; what holds for them, from look-ups alone: so it does not
 * matter here which table, rule or metric wins.
 */
#include "net/route_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl.h"
#include "wire/cuts.h"

#define LIST_TRIES 5 /* while somebody changes the routes */

struct route_map {
	struct route_table *table;
	struct ip_addr *cuts;
	size_t count, room;
	bool no_memory;
	int gap; /* an errno: not all routes were listed */
	/* the last answer */
	bool asked, found;
	size_t cell;
	struct route route;
	const char *refusal;
	struct err err;
};

/* What a look-up tells apart without any route. */
static const struct {
	const char *addr;
	unsigned prefix;
} always[] = {
    {"0.0.0.0", 32}, {"224.0.0.0", 4}, {"255.255.255.255", 32},
    {"::", 128},     {"fe80::", 10},   {"ff00::", 8},
};

static void add_prefix(void *arg, const struct rtnl_prefix *prefix)
{
	struct route_map *map = arg;

	if (map->count + 2 > map->room) {
		size_t room = map->room ? 2 * map->room : 64;
		struct ip_addr *cuts = realloc(map->cuts, room * sizeof(*cuts));

		if (!cuts) {
			map->no_memory = true;
			return;
		}
		map->cuts = cuts;
		map->room = room;
	}
	map->count += cuts_of_prefix(&prefix->addr, prefix->len, &map->cuts[map->count]);
}

static int compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* What is listed twice, because it has to be listed again, does no harm. */
static void list(struct route_map *map, enum ip_version version)
{
	int rc = -1;

	for (unsigned i = 0; i < LIST_TRIES && rc != 0; i++) {
		rc = rtnl_prefixes(version, add_prefix, map);
		if (rc != 0 && errno != EINTR)
			break;
	}
	if (rc != 0)
		map->gap = errno;
}

struct route_map *route_map_open(struct route_table *table, struct err *err)
{
	struct route_map *map = calloc(1, sizeof(*map));

	if (!map) {
		err_set(err, ERR_INTERNAL, "routes: out of memory");
		return NULL;
	}
	map->table = table;
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		struct rtnl_prefix prefix = {.len = always[i].prefix};

		if (addr_parse(always[i].addr, &prefix.addr))
			add_prefix(map, &prefix);
	}
	list(map, IP_V4);
	list(map, IP_V6);
	if (map->no_memory) {
		err_set(err, ERR_INTERNAL, "routes: out of memory");
		route_map_close(map);
		return NULL;
	}
	qsort(map->cuts, map->count, sizeof(*map->cuts), compare);
	map->count = cuts_unique(map->cuts, map->count);
	return map;
}

void route_map_close(struct route_map *map)
{
	if (!map)
		return;
	free(map->cuts);
	free(map);
}

const char *route_map_gap(const struct route_map *map)
{
	if (map->gap == EINTR)
		return "they change all the time";
	return map->gap ? strerror(map->gap) : NULL;
}

size_t route_map_cell(const struct route_map *map, const struct ip_addr *addr)
{
	return cuts_cell(map->cuts, map->count, addr);
}

/* True: the last answer is one for this address, too. */
static bool look_up(struct route_map *map, const struct ip_addr *addr)
{
	size_t cell = route_map_cell(map, addr);

	if (map->asked && map->cell == cell && map->gap == 0)
		return true;
	map->asked = true;
	map->cell = cell;
	map->err = (struct err){.class = ERR_NONE};
	map->found = route_lookup_why(map->table, addr, &map->route, &map->refusal, &map->err) == 0;
	return false;
}

int route_map_walk(struct route_map *map, const struct ip_addr *first, const struct ip_addr *last,
		   int (*take)(void *arg, const struct route_part *part), void *arg)
{
	struct ip_addr at = *first;
	bool more = true;
	int rc = 0;

	while (rc == 0 && more) {
		struct route_part part = {.first = at};

		part.last = cuts_end(map->cuts, map->count, &at, last);
		part.again = look_up(map, &at);
		part.route = map->found ? &map->route : NULL;
		part.refusal = map->refusal;
		part.err = &map->err;
		rc = take(arg, &part);
		more = addr_compare(&part.last, last) < 0 && addr_after(&part.last, &at);
	}
	return rc;
}
