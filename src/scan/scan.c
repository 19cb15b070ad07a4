/* SPDX-License-Identifier: BSD-2-Clause */
/* A scan: the next SYN, its repetition, its silence; what is left for another day. */
#include "scan/scan_internal.h"

#include <assert.h>
#include <string.h>

#define STEPS_PER_CALL 64 /* of the order, in search of a host that has room */

void scan_init(struct scan *scan, const struct scan_config *config, struct flow_entry *entries,
	       uint32_t size)
{
	uint64_t all = space_size(config->space);

	memset(scan, 0, sizeof(*scan));
	scan->config = *config;
	memcpy(scan->cookie.key, config->key, sizeof(scan->cookie.key));
	permute_init(&scan->order, all, config->seed);
	flows_init(&scan->flows, entries, size, config->key[0]);
	defer_init(&scan->defer, config->max_per_host);
	scan->end = permute_shard_size(all, config->shard, config->shards);
	scan->ahead_from = scan->end; /* nothing is known */
}

void scan_memory(struct scan *scan, struct defer_entry *entries, uint32_t size)
{
	defer_memory(&scan->defer, entries, size);
}

/* --- who it is --- */

static uint32_t mix(const struct ip_addr *addr)
{
	uint32_t x = 0x811c9dc5;

	for (unsigned i = 0; i < (addr->version == IP_V6 ? 16U : 4U); i++)
		x = (x ^ addr->octets[i]) * 0x01000193;
	return x ^ x >> 15;
}

/* Counted by a hash: two hosts that share a place are spared a little more. */
uint32_t scan_host_of(const struct ip_addr *addr)
{
	return mix(addr) % DEFER_HOSTS;
}

/* Who it is; what is sent to it, and what it is to answer, takes a hash more. */
static void name(const struct scan *scan, uint64_t index, struct scan_item *item)
{
	*item = (struct scan_item){.index = index, .rtt_ns = -1};
	space_at(scan->config.space, index, &item->addr, &item->port);
}

static void add_cookie(const struct scan *scan, struct scan_item *item)
{
	struct flow flow = {.dst = {.addr = item->addr, .port = item->port}};

	item->source_port = (uint16_t)(scan->config.port_first +
				       (mix(&item->addr) + item->port) % scan->config.port_count);
	flow.src.port = item->source_port;
	item->iss = match_iss(&scan->cookie, &flow);
}

static void describe(const struct scan *scan, uint64_t index, struct scan_item *item)
{
	name(scan, index, item);
	add_cookie(scan, item);
}

bool scan_recognise(const struct scan *scan, const struct endpoint *remote, struct scan_item *item)
{
	*item = (struct scan_item){.addr = remote->addr, .port = remote->port, .rtt_ns = -1};
	if (!space_find(scan->config.space, &remote->addr, remote->port, &item->index))
		return false;
	add_cookie(scan, item);
	return true;
}

/* --- what is due --- */

static int64_t due_ns(const struct scan *scan, const struct flow_entry *entry)
{
	unsigned doublings = entry->tries == FLOWS_RESTING ? 0 : entry->tries - 1U;

	return entry->sent_ns + (scan->config.wait_ns << doublings);
}

/* The first of a queue, if it may be dealt with: what is to be sent only when that is allowed. */
static struct flow_entry *first_of(const struct scan *scan, uint8_t queue, bool may_send)
{
	bool allowed = queue == FLOWS_RESTING ? may_send && !scan->hold_new
					      : may_send || queue == scan->config.tries;

	return allowed ? flows_oldest(&scan->flows, queue) : NULL;
}

static enum scan_next again(struct scan *scan, struct flow_entry *entry, int64_t now_ns,
			    struct scan_item *item)
{
	flows_again(&scan->flows, entry, now_ns);
	item->tries = entry->tries;
	scan->counts.again_sent++;
	return SCAN_SEND;
}

static enum scan_next give_up(struct scan *scan, const struct flow_entry *entry,
			      struct scan_item *item)
{
	name(scan, entry->index, item);
	item->tries = entry->tries;
	item->state = SCAN_FILTERED;
	item->reason = REASON_SILENCE;
	flows_remove(&scan->flows, item->index);
	defer_ended(&scan->defer, scan_host_of(&item->addr));
	scan->counts.silent++;
	scan->counts.states[SCAN_FILTERED]++;
	return SCAN_RESULT;
}

/* The queues, the last try's first; those that rest come last. */
static uint8_t queue_after(const struct scan *scan, uint8_t queue)
{
	if (queue == 0)
		return (uint8_t)scan->config.tries;
	return queue == 1 ? FLOWS_RESTING : queue == FLOWS_RESTING ? 0 : (uint8_t)(queue - 1);
}

/* One that has waited long enough: again, or silence. */
static enum scan_next overdue(struct scan *scan, int64_t now_ns, bool may_send,
			      struct scan_item *item)
{
	for (uint8_t queue = queue_after(scan, 0); queue > 0; queue = queue_after(scan, queue)) {
		struct flow_entry *entry = first_of(scan, queue, may_send);

		if (!entry || due_ns(scan, entry) > now_ns)
			continue;
		if (queue == scan->config.tries)
			return give_up(scan, entry, item);
		describe(scan, entry->index, item);
		return again(scan, entry, now_ns, item);
	}
	return SCAN_WAIT;
}

/* --- what is new --- */

static bool steps_left(const struct scan *scan)
{
	return scan->position < scan->end || scan->resumed < scan->resume_count;
}

/* Steps -> indices, some ahead: a place in a table of millions is not in the cache. */
static uint64_t index_at(struct scan *scan, uint64_t position)
{
	if (position - scan->ahead_from >= SCAN_AHEAD || scan->ahead_from == scan->end) {
		scan->ahead_from = position;
		for (uint64_t i = 0; i < SCAN_AHEAD && position + i < scan->end; i++) {
			scan->ahead[i] = permute(
			    &scan->order, permute_shard_step(position + i, scan->config.shard,
							     scan->config.shards));
			flows_expect(&scan->flows, scan->ahead[i]);
		}
	}
	return scan->ahead[position - scan->ahead_from];
}

/* What was awaited when the scan was interrupted comes first. */
static uint64_t next_index(struct scan *scan)
{
	return scan->resumed < scan->resume_count ? scan->resume[scan->resumed]
						  : index_at(scan, scan->position);
}

static void step(struct scan *scan)
{
	if (scan->resumed < scan->resume_count)
		scan->resumed++;
	else
		scan->position++;
}

static bool begin(struct scan *scan, int64_t now_ns, struct scan_item *item)
{
	flows_add(&scan->flows, item->index, now_ns);
	scan->counts.new_sent++;
	item->tries = 1;
	return true;
}

static bool may_begin(const struct scan *scan)
{
	return !scan->hold_new && scan->flows.count < scan->flows.limit;
}

/* The next target whose host has room. False: none was found, there is no room in the table, or
 * none for setting another one aside. */
static bool take_new(struct scan *scan, int64_t now_ns, struct scan_item *item)
{
	uint64_t index;

	if (!may_begin(scan))
		return false;
	if (defer_take(&scan->defer, &index)) {
		describe(scan, index, item);
		return begin(scan, now_ns, item);
	}
	for (unsigned i = 0; i < STEPS_PER_CALL && steps_left(scan); i++) {
		uint32_t host;

		describe(scan, next_index(scan), item);
		host = scan_host_of(&item->addr);
		if (defer_has_room(&scan->defer, host)) {
			step(scan);
			defer_begun(&scan->defer, host);
			return begin(scan, now_ns, item);
		}
		if (!defer_add(&scan->defer, host, item->index))
			return false;
		step(scan);
	}
	return false;
}

enum scan_next scan_next(struct scan *scan, int64_t now_ns, bool may_send, struct scan_item *item)
{
	enum scan_next next = overdue(scan, now_ns, may_send, item);

	if (next != SCAN_WAIT)
		return next;
	if (scan_awaited_count(scan) == 0 && !steps_left(scan))
		return SCAN_DONE;
	return may_send && take_new(scan, now_ns, item) ? SCAN_SEND : SCAN_WAIT;
}

void scan_refuse(struct scan *scan, struct scan_item *item)
{
	item->state = SCAN_UNREACHABLE;
	item->reason = REASON_NO_ROUTE;
	item->tries = 0;
	flows_remove(&scan->flows, item->index);
	defer_ended(&scan->defer, scan_host_of(&item->addr));
	scan->counts.new_sent--;
	scan->counts.no_route++;
	scan->counts.states[SCAN_UNREACHABLE]++;
}

/* Could take_new() take one, or set one aside? */
static bool new_ready(struct scan *scan)
{
	struct scan_item item;

	if (!may_begin(scan))
		return false;
	if (defer_ready(&scan->defer))
		return true;
	if (!steps_left(scan))
		return false;
	if (scan->defer.count < scan->defer.size)
		return true;
	describe(scan, next_index(scan), &item);
	return defer_has_room(&scan->defer, scan_host_of(&item.addr));
}

static int64_t queues_due_ns(const struct scan *scan, bool may_send)
{
	int64_t next_ns = INT64_MAX;

	for (uint8_t queue = queue_after(scan, 0); queue > 0; queue = queue_after(scan, queue)) {
		const struct flow_entry *entry = first_of(scan, queue, may_send);

		if (entry && due_ns(scan, entry) < next_ns)
			next_ns = due_ns(scan, entry);
	}
	return next_ns;
}

int64_t scan_next_ns(struct scan *scan, int64_t now_ns, bool may_send)
{
	int64_t next_ns = queues_due_ns(scan, may_send);

	return next_ns < now_ns || (may_send && new_ready(scan)) ? now_ns : next_ns;
}

int64_t scan_settled_ns(const struct scan *scan, int64_t now_ns)
{
	const struct flow_entry *oldest = flows_oldest(&scan->flows, 1);

	return oldest ? oldest->sent_ns : now_ns;
}

/* --- resuming --- */

void scan_awaited(const struct scan *scan, void (*take)(void *arg, uint64_t index), void *arg)
{
	/* not by the queues: a million steps through them are as many misses of the cache */
	for (uint32_t i = 0; i <= scan->flows.mask; i++)
		if (scan->flows.entries[i].tries > 0)
			take(arg, scan->flows.entries[i].index);
	defer_each(&scan->defer, take, arg);
	for (uint64_t i = scan->resumed; i < scan->resume_count; i++)
		take(arg, scan->resume[i]);
}

uint64_t scan_awaited_count(const struct scan *scan)
{
	return scan->flows.count + scan->defer.count + scan->resume_count - scan->resumed;
}

bool scan_resume(struct scan *scan, uint64_t position, const uint64_t *awaited, uint64_t count)
{
	const uint64_t size = space_size(scan->config.space);

	for (uint64_t i = 0; i < count; i++)
		if (awaited[i] >= size)
			return false;
	if (position > scan->end)
		return false;
	scan->resume = awaited;
	scan->resume_count = count;
	scan->position = position;
	return true;
}
