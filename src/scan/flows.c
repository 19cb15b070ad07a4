/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows that wait: index -> entry, and the order in which they have waited. */
#include "scan/flows.h"

#include <assert.h>
#include <string.h>

#define MS 1000000

static uint32_t home(const struct flows *flows, uint64_t index)
{
	uint64_t x = (index ^ flows->key) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(x >> 32) & flows->mask;
}

void flows_init(struct flows *flows, struct flow_entry *entries, uint32_t size, uint64_t key)
{
	assert(size >= 8 && (size & (size - 1)) == 0);
	memset(flows, 0, sizeof(*flows));
	memset(entries, 0, size * sizeof(*entries));
	flows->entries = entries;
	flows->mask = size - 1;
	flows->limit = size / 8 * 7;
	flows->key = key;
	for (unsigned i = 0; i <= FLOWS_RESTING; i++)
		flows->heads[i] = flows->tails[i] = FLOWS_NONE;
}

/* --- queues --- */

static void append(struct flows *flows, uint32_t at)
{
	struct flow_entry *entry = &flows->entries[at];
	uint32_t last = flows->tails[entry->tries];

	entry->next = FLOWS_NONE;
	entry->prev = last;
	if (last == FLOWS_NONE)
		flows->heads[entry->tries] = at;
	else
		flows->entries[last].next = at;
	flows->tails[entry->tries] = at;
}

static void unlink_entry(struct flows *flows, uint32_t at)
{
	struct flow_entry *entry = &flows->entries[at];

	if (entry->prev == FLOWS_NONE)
		flows->heads[entry->tries] = entry->next;
	else
		flows->entries[entry->prev].next = entry->next;
	if (entry->next == FLOWS_NONE)
		flows->tails[entry->tries] = entry->prev;
	else
		flows->entries[entry->next].prev = entry->prev;
}

/* The entry has come to another place: its neighbours in the queue must know. */
static void moved(struct flows *flows, uint32_t at)
{
	const struct flow_entry *entry = &flows->entries[at];

	if (entry->prev == FLOWS_NONE)
		flows->heads[entry->tries] = at;
	else
		flows->entries[entry->prev].next = at;
	if (entry->next == FLOWS_NONE)
		flows->tails[entry->tries] = at;
	else
		flows->entries[entry->next].prev = at;
}

/* --- the table: linear probing --- */

/* Where it is, or the free place where it would be. */
static uint32_t place_of(const struct flows *flows, uint64_t index)
{
	uint32_t at = home(flows, index);

	while (flows->entries[at].tries > 0 && flows->entries[at].index != index)
		at = (at + 1) & flows->mask;
	return at;
}

static struct flow_entry *enter(struct flows *flows, uint64_t index, int64_t now_ns, uint8_t tries)
{
	uint32_t at = place_of(flows, index);

	if (flows->count >= flows->limit || flows->entries[at].tries > 0)
		return NULL;
	flows->entries[at] = (struct flow_entry){
	    .index = index, .sent_ns = now_ns, .tries = tries, .first_ms = (uint32_t)(now_ns / MS)};
	append(flows, at);
	flows->count++;
	return &flows->entries[at];
}

struct flow_entry *flows_add(struct flows *flows, uint64_t index, int64_t now_ns)
{
	return enter(flows, index, now_ns, 1);
}

struct flow_entry *flows_rest(struct flows *flows, uint64_t index, int64_t now_ns)
{
	return enter(flows, index, now_ns, FLOWS_RESTING);
}

void flows_expect(const struct flows *flows, uint64_t index)
{
	__builtin_prefetch(&flows->entries[home(flows, index)], 1);
}

struct flow_entry *flows_find(struct flows *flows, uint64_t index)
{
	struct flow_entry *entry = &flows->entries[place_of(flows, index)];

	return entry->tries > 0 ? entry : NULL;
}

/* May the entry at `from` fill the hole at `hole`? Only if its home is not between them. */
static bool may_fill(const struct flows *flows, uint32_t hole, uint32_t from)
{
	uint32_t wanted = home(flows, flows->entries[from].index);

	return ((from - wanted) & flows->mask) >= ((from - hole) & flows->mask);
}

/* No gravestones: what follows moves up, so that the table never ages. */
void flows_remove(struct flows *flows, uint64_t index)
{
	uint32_t hole = place_of(flows, index), at = hole;

	if (flows->entries[hole].tries == 0)
		return;
	unlink_entry(flows, hole);
	flows->count--;
	for (;;) {
		at = (at + 1) & flows->mask;
		if (flows->entries[at].tries == 0)
			break;
		if (!may_fill(flows, hole, at))
			continue;
		flows->entries[hole] = flows->entries[at];
		moved(flows, hole);
		hole = at;
	}
	flows->entries[hole].tries = 0;
}

void flows_again(struct flows *flows, struct flow_entry *entry, int64_t now_ns)
{
	uint32_t at = (uint32_t)(entry - flows->entries);

	assert(entry->tries != FLOWS_TRIES_MAX);
	unlink_entry(flows, at);
	entry->tries = entry->tries == FLOWS_RESTING ? 1 : (uint8_t)(entry->tries + 1);
	entry->sent_ns = now_ns;
	append(flows, at);
}

int64_t flows_first_ns(const struct flow_entry *entry, int64_t now_ns)
{
	uint32_t passed = (uint32_t)(now_ns / MS) - entry->first_ms;

	return now_ns - (int64_t)passed * MS;
}

struct flow_entry *flows_oldest(const struct flows *flows, uint8_t tries)
{
	uint32_t at = flows->heads[tries];

	if (at != FLOWS_NONE && flows->entries[at].next != FLOWS_NONE)
		__builtin_prefetch(&flows->entries[flows->entries[at].next], 1); /* its turn next */
	return at == FLOWS_NONE ? NULL : &flows->entries[at];
}
