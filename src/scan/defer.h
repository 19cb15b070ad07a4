/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many SYNs are under way to each host, and the targets that were set aside because their host
 * had enough of them: in order for each host, hosts with room taking turns, so that a silent one
 * holds up no other. Each call costs the same however many there are. Pure; the memory of what is
 * set aside is the caller's.
 */
#ifndef SHAKEDOWN_SCAN_DEFER_H
#define SHAKEDOWN_SCAN_DEFER_H

#include <stdbool.h>
#include <stdint.h>

#define DEFER_HOSTS 65536 /* places: hosts that share one by their hash share its limit */
#define DEFER_NONE  UINT32_MAX

struct defer_entry {
	uint64_t index; /* in the space */
	uint32_t next;  /* of the same host; or the next free one */
};

struct defer_host {
	uint32_t awaited;
	uint32_t first, last; /* entries */
	uint32_t next;        /* host in the row of those that may have room */
	bool in_row;
};

struct defer {
	struct defer_host hosts[DEFER_HOSTS];
	struct defer_entry *entries;
	uint32_t size, used, free; /* entries; of them, those that were ever used */
	uint32_t count;            /* set aside at present */
	uint32_t row_first, row_last;
	uint32_t limit; /* awaited at once, of a host */
};

/* `limit` 0: none, and nothing is counted. Nothing can be set aside before defer_memory(). */
void defer_init(struct defer *defer, uint32_t limit);
void defer_memory(struct defer *defer, struct defer_entry *entries, uint32_t size);

bool defer_has_room(const struct defer *defer, uint32_t host);
void defer_begun(struct defer *defer, uint32_t host); /* one more is under way to it */
void defer_ended(struct defer *defer, uint32_t host);

/* Sets a target of a host without room aside. False: all entries are used. */
bool defer_add(struct defer *defer, uint32_t host, uint64_t index);

/* Takes one whose host has room, which counts it from now on. False: there is none. */
bool defer_take(struct defer *defer, uint64_t *index);

/* Would defer_take() take one? */
bool defer_ready(struct defer *defer);

void defer_each(const struct defer *defer, void (*take)(void *arg, uint64_t index), void *arg);

#endif
