/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A map of routes: a range of addresses -> the kernel's own answer for each part of it. A range is
 * cut wherever a route of any table, or a rule, begins or ends, and one look-up answers for what is
 * between two cuts: so a route in the middle of a range is seen.
 */
#ifndef SHAKEDOWN_NET_ROUTE_MAP_H
#define SHAKEDOWN_NET_ROUTE_MAP_H

#include "net/route.h"

struct route_map;

struct route_part {
	struct ip_addr first, last; /* for all of these: */
	const struct route *route;  /* NULL: there is none; then: */
	const char *refusal;        /* as route_lookup_why() has it */
	const struct err *err;
	bool again; /* it is the answer of the part before: no route begins or ends in between */
};

/* Lists all routes and rules; look-ups are the table's, with its constraints, and it must stay
 * open. NULL with `err`: no memory. */
struct route_map *route_map_open(struct route_table *table, struct err *err);
void route_map_close(struct route_map *map);

/* NULL, or why not all routes and rules are known: then only look-ups of single addresses are
 * sure. */
const char *route_map_gap(const struct route_map *map);

/* The number of the cell (wire/cuts.h) that an address is in: as many look-ups as there are cells
 * between the ends of a range, and one more, are needed for it. */
size_t route_map_cell(const struct route_map *map, const struct ip_addr *addr);

/* Goes through the parts of first..last (both included, of one version) in ascending order, until
 * `take` does not return 0, and returns what it returned. */
int route_map_walk(struct route_map *map, const struct ip_addr *first, const struct ip_addr *last,
		   int (*take)(void *arg, const struct route_part *part), void *arg);

#endif
