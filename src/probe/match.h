/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match: flow -> the probe it belongs to, or none. One flat table with open addressing; and the
 * ISS as a keyed function of the 4-tuple (RFC 6528), so that an answer can be told from a forgery.
 */
#ifndef SHAKEDOWN_PROBE_MATCH_H
#define SHAKEDOWN_PROBE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/addr.h"

#define MATCH_NONE UINT32_MAX

struct match_slot {
	struct flow flow;
	uint32_t hash;
	uint32_t probe; /* MATCH_NONE: free */
};

struct match {
	struct match_slot *slots;
	uint32_t mask; /* number of slots - 1 */
	uint32_t count;
	uint64_t key[2]; /* random */
};

/* `slots` holds `slot_count` entries, a power of two, and at least twice as many as flows. */
void match_init(struct match *match, struct match_slot *slots, uint32_t slot_count,
		const uint64_t key[2]);

/* Flows are ours: src is this host. False if the flow is in the table already. */
bool match_add(struct match *match, const struct flow *flow, uint32_t probe);
void match_remove(struct match *match, const struct flow *flow);

/* The probe of this flow, or MATCH_NONE. */
uint32_t match_find(const struct match *match, const struct flow *flow);

/* The flow's part of its ISS (RFC 6528's F); the caller adds a clock (M). */
uint32_t match_iss(const struct match *match, const struct flow *flow);

#endif
