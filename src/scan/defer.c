/* SPDX-License-Identifier: BSD-2-Clause */
/* What is set aside: host -> its targets in order; hosts that have room again -> one row. */
#include "scan/defer.h"

#include <assert.h>
#include <string.h>

void defer_init(struct defer *defer, uint32_t limit)
{
	memset(defer, 0, sizeof(*defer));
	for (uint32_t i = 0; i < DEFER_HOSTS; i++)
		defer->hosts[i].first = DEFER_NONE;
	defer->free = defer->row_first = DEFER_NONE;
	defer->limit = limit;
}

void defer_memory(struct defer *defer, struct defer_entry *entries, uint32_t size)
{
	assert(defer->count == 0);
	defer->entries = entries;
	defer->size = size;
	defer->used = 0;
	defer->free = DEFER_NONE;
}

/* --- hosts --- */

bool defer_has_room(const struct defer *defer, uint32_t host)
{
	return defer->limit == 0 || defer->hosts[host].awaited < defer->limit;
}

static void join_row(struct defer *defer, uint32_t at)
{
	struct defer_host *host = &defer->hosts[at];

	if (host->in_row || host->first == DEFER_NONE || !defer_has_room(defer, at))
		return;
	host->in_row = true;
	host->next = DEFER_NONE;
	if (defer->row_first == DEFER_NONE)
		defer->row_first = at;
	else
		defer->hosts[defer->row_last].next = at;
	defer->row_last = at;
}

void defer_begun(struct defer *defer, uint32_t host)
{
	if (defer->limit > 0)
		defer->hosts[host].awaited++;
}

void defer_ended(struct defer *defer, uint32_t host)
{
	if (defer->limit == 0)
		return;
	assert(defer->hosts[host].awaited > 0);
	defer->hosts[host].awaited--;
	join_row(defer, host);
}

/* --- targets --- */

static uint32_t free_entry(struct defer *defer)
{
	uint32_t at = defer->free;

	if (at != DEFER_NONE)
		defer->free = defer->entries[at].next;
	else if (defer->used < defer->size)
		at = defer->used++;
	return at;
}

bool defer_add(struct defer *defer, uint32_t host, uint64_t index)
{
	struct defer_host *of = &defer->hosts[host];
	uint32_t at = free_entry(defer);

	assert(!defer_has_room(defer, host));
	if (at == DEFER_NONE)
		return false;
	defer->entries[at] = (struct defer_entry){.index = index, .next = DEFER_NONE};
	if (of->first == DEFER_NONE)
		of->first = at;
	else
		defer->entries[of->last].next = at;
	of->last = at;
	defer->count++;
	return true;
}

static void leave_row(struct defer *defer)
{
	struct defer_host *host = &defer->hosts[defer->row_first];

	host->in_row = false;
	defer->row_first = host->next;
}

/* A host may have been filled up since it came into the row. */
bool defer_ready(struct defer *defer)
{
	while (defer->row_first != DEFER_NONE && !defer_has_room(defer, defer->row_first))
		leave_row(defer);
	return defer->row_first != DEFER_NONE;
}

bool defer_take(struct defer *defer, uint64_t *index)
{
	struct defer_host *host;
	uint32_t place, at;

	if (!defer_ready(defer))
		return false;
	place = defer->row_first;
	host = &defer->hosts[place];
	at = host->first;
	*index = defer->entries[at].index;
	host->first = defer->entries[at].next;
	defer->entries[at].next = defer->free;
	defer->free = at;
	defer->count--;
	host->awaited++;
	leave_row(defer);
	join_row(defer, place);
	return true;
}

void defer_each(const struct defer *defer, void (*take)(void *arg, uint64_t index), void *arg)
{
	for (uint32_t host = 0; defer->count > 0 && host < DEFER_HOSTS; host++)
		for (uint32_t at = defer->hosts[host].first; at != DEFER_NONE;
		     at = defer->entries[at].next)
			take(arg, defer->entries[at].index);
}
