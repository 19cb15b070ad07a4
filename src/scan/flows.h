/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows of a scan that wait for an answer to their SYN: a flat table (open addressing), and for
 * each try a queue in the order of time, since all of one try wait equally long; one more for those
 * that rest before their first SYN is sent anew. A million of them take less than 64 octets each.
 * Pure; the memory is the caller's.
 */
#ifndef SHAKEDOWN_SCAN_FLOWS_H
#define SHAKEDOWN_SCAN_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#define FLOWS_TRIES_MAX 8
#define FLOWS_RESTING   (FLOWS_TRIES_MAX + 1)
#define FLOWS_NONE      UINT32_MAX

struct flow_entry {
	uint64_t index;      /* in the space: who it is */
	int64_t sent_ns;     /* the latest SYN left */
	uint32_t next, prev; /* in its try's queue */
	uint8_t tries;       /* SYNs sent, or FLOWS_RESTING; 0: the place is free */
	uint8_t flags;       /* the caller's */
	uint32_t first_ms;   /* the first SYN left, in ms modulo 2^32 */
};

struct flows {
	struct flow_entry *entries;
	uint32_t mask;         /* number of entries - 1, a power of two */
	uint32_t count, limit; /* at most 7/8 of them are used */
	uint32_t heads[FLOWS_RESTING + 1], tails[FLOWS_RESTING + 1];
	uint64_t key;
};

void flows_init(struct flows *flows, struct flow_entry *entries, uint32_t size, uint64_t key);

/* NULL: full, or there already. The entry has tries = 1 and is at the end of its queue. Entries
 * move when others are removed: a pointer is good until the next call. */
struct flow_entry *flows_add(struct flows *flows, uint64_t index, int64_t now_ns);
struct flow_entry *flows_find(struct flows *flows, uint64_t index);
void flows_remove(struct flows *flows, uint64_t index);

/* Likewise, but it rests: tries = FLOWS_RESTING. */
struct flow_entry *flows_rest(struct flows *flows, uint64_t index, int64_t now_ns);

/* It was sent once more: tries + 1, or 1 if it rested; to the end of that queue. */
void flows_again(struct flows *flows, struct flow_entry *entry, int64_t now_ns);

/* When its first SYN left, to a millisecond; less than 49 days ago. */
int64_t flows_first_ns(const struct flow_entry *entry, int64_t now_ns);

/* It will be added, or found, soon: its place is fetched into the cache meanwhile. */
void flows_expect(const struct flows *flows, uint64_t index);

/* The one that has waited longest of those with that many tries, or FLOWS_RESTING; NULL: none. */
struct flow_entry *flows_oldest(const struct flows *flows, uint8_t tries);

#endif
