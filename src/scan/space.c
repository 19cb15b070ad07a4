/* SPDX-License-Identifier: BSD-2-Clause */
/* The space of a scan: ranges -> merged, subtracted, counted through. */
#include "scan/space.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_PAIRS (UINT64_C(1) << 48)
#define PORTS          65536

/* An address as a number: IPv4 below, IPv6 above it, so that one order serves both. */
struct number {
	uint64_t version, high, low;
};

struct range {
	struct number first, last;
	uint64_t base; /* addresses in the ranges before it */
};

struct list {
	struct range *ranges;
	unsigned count, room;
};

struct space {
	struct list wanted, excluded;
	uint64_t addresses;
	uint8_t port_set[PORTS / 8];
	uint16_t *ports; /* in ascending order */
	uint16_t *port_rank;
	uint32_t port_count;
};

/* --- addresses as numbers --- */

static struct number number_of(const struct ip_addr *addr)
{
	struct number number = {.version = addr->version};
	unsigned len = addr->version == IP_V6 ? 16 : 4;

	for (unsigned i = 0; i < len; i++) {
		number.high = number.high << 8 | number.low >> 56;
		number.low = number.low << 8 | addr->octets[i];
	}
	return number;
}

static struct ip_addr addr_of(struct number number)
{
	struct ip_addr addr = {.version = (uint8_t)number.version};
	int len = number.version == IP_V6 ? 16 : 4;

	for (int i = len - 1; i >= 0; i--) {
		addr.octets[i] = (uint8_t)number.low;
		number.low = number.low >> 8 | number.high << 56;
		number.high >>= 8;
	}
	return addr;
}

static int compare(const struct number *a, const struct number *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low == b->low ? 0 : a->low < b->low ? -1 : 1;
}

static struct number plus(struct number number, uint64_t n)
{
	uint64_t low = number.low + n;

	number.high += low < number.low;
	number.low = low;
	return number;
}

static struct number minus_one(struct number number)
{
	number.high -= number.low == 0;
	number.low--;
	return number;
}

/* last - first, or UINT64_MAX if it is that or more. */
static uint64_t distance(const struct number *first, const struct number *last)
{
	uint64_t high = last->high - first->high - (last->low < first->low);

	return high > 0 ? UINT64_MAX : last->low - first->low;
}

/* --- lists of ranges --- */

static int add_range(struct list *list, const struct number *first, const struct number *last)
{
	if (list->count == list->room) {
		unsigned room = list->room ? 2 * list->room : 16;
		struct range *ranges = realloc(list->ranges, room * sizeof(*ranges));

		if (!ranges)
			return -1;
		list->ranges = ranges;
		list->room = room;
	}
	list->ranges[list->count++] = (struct range){.first = *first, .last = *last};
	return 0;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *one = a, *two = b;

	return compare(&one->first, &two->first);
}

/* Does `next`, which begins no earlier than `range`, overlap it or follow it at once? Not by the
 * address after the range: the last one of IPv6 has none. */
static bool touches(const struct range *range, const struct range *next)
{
	struct number before;

	if (next->first.version != range->last.version)
		return false;
	if (compare(&next->first, &range->last) <= 0)
		return true;
	before = minus_one(next->first);
	return compare(&before, &range->last) == 0;
}

static void sort_and_merge(struct list *list)
{
	unsigned kept = 0;

	if (list->count == 0)
		return;
	qsort(list->ranges, list->count, sizeof(*list->ranges), compare_ranges);
	for (unsigned i = 1; i < list->count; i++) {
		struct range *last = &list->ranges[kept];
		const struct range *next = &list->ranges[i];

		if (touches(last, next)) {
			if (compare(&next->last, &last->last) > 0)
				last->last = next->last;
		} else {
			list->ranges[++kept] = *next;
		}
	}
	list->count = kept + 1;
}

/* What is left of `range`, in front of and behind the excluded ones; both lists are sorted. */
static int subtract_from(const struct range *range, const struct list *excluded, struct list *left)
{
	struct number first = range->first;

	for (unsigned i = 0; i < excluded->count; i++) {
		const struct range *out = &excluded->ranges[i];
		struct number before = minus_one(out->first);

		if (compare(&out->last, &first) < 0)
			continue;
		if (compare(&out->first, &range->last) > 0)
			break;
		if (compare(&out->first, &first) > 0 && add_range(left, &first, &before) < 0)
			return -1;
		if (compare(&out->last, &range->last) >= 0)
			return 0;
		first = plus(out->last, 1);
	}
	return add_range(left, &first, &range->last);
}

static int subtract(struct space *space)
{
	struct list left = {.ranges = NULL};

	for (unsigned i = 0; i < space->wanted.count; i++)
		if (subtract_from(&space->wanted.ranges[i], &space->excluded, &left) < 0) {
			free(left.ranges);
			return -1;
		}
	free(space->wanted.ranges);
	space->wanted = left;
	return 0;
}

/* --- the header's functions --- */

struct space *space_new(void)
{
	return calloc(1, sizeof(struct space));
}

void space_free(struct space *space)
{
	if (!space)
		return;
	free(space->wanted.ranges);
	free(space->excluded.ranges);
	free(space->ports);
	free(space->port_rank);
	free(space);
}

int space_add(struct space *space, const struct ip_addr *first, const struct ip_addr *last)
{
	const struct number from = number_of(first), to = number_of(last);

	return add_range(&space->wanted, &from, &to);
}

int space_exclude(struct space *space, const struct ip_addr *first, const struct ip_addr *last)
{
	const struct number from = number_of(first), to = number_of(last);

	return add_range(&space->excluded, &from, &to);
}

void space_add_ports(struct space *space, uint16_t first, uint16_t last)
{
	for (uint32_t port = first; port <= last; port++)
		space->port_set[port / 8] |= (uint8_t)(1 << port % 8);
}

static int list_ports(struct space *space)
{
	space->ports = calloc(PORTS, sizeof(*space->ports));
	space->port_rank = calloc(PORTS, sizeof(*space->port_rank));
	if (!space->ports || !space->port_rank)
		return -1;
	for (uint32_t port = 1; port < PORTS; port++) {
		if (!(space->port_set[port / 8] & 1 << port % 8))
			continue;
		space->port_rank[port] = (uint16_t)space->port_count;
		space->ports[space->port_count++] = (uint16_t)port;
	}
	return 0;
}

/* False if there are too many to count. */
static bool count_addresses(struct space *space)
{
	for (unsigned i = 0; i < space->wanted.count; i++) {
		struct range *range = &space->wanted.ranges[i];
		uint64_t more = distance(&range->first, &range->last);

		range->base = space->addresses;
		if (more >= SIZE_MAX_PAIRS || space->addresses + more >= SIZE_MAX_PAIRS)
			return false;
		space->addresses += more + 1;
	}
	return space->port_count == 0 || space->addresses <= SIZE_MAX_PAIRS / space->port_count;
}

int space_finish(struct space *space, struct err *err)
{
	sort_and_merge(&space->wanted);
	sort_and_merge(&space->excluded);
	if (subtract(space) < 0 || list_ports(space) < 0)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	if (!count_addresses(space))
		return err_set(err, ERR_USAGE,
			       "targets: more than 2^48 pairs of address and port: name less, or "
			       "split it");
	if (space->port_count == 0)
		return err_set(err, ERR_USAGE, "ports: none: see -p");
	if (space->addresses == 0)
		return err_set(
		    err, ERR_USAGE,
		    "targets: nothing is left of them when what is excluded is taken away");
	return 0;
}

uint64_t space_size(const struct space *space)
{
	return space->addresses * space->port_count;
}

uint64_t space_addresses(const struct space *space)
{
	return space->addresses;
}

uint32_t space_ports(const struct space *space)
{
	return space->port_count;
}

/* The last range that begins at or before this address number. */
static const struct range *range_at(const struct space *space, uint64_t address)
{
	unsigned low = 0, high = space->wanted.count;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (space->wanted.ranges[middle].base <= address)
			low = middle;
		else
			high = middle;
	}
	return &space->wanted.ranges[low];
}

void space_at(const struct space *space, uint64_t index, struct ip_addr *addr, uint16_t *port)
{
	uint64_t address = index / space->port_count;
	const struct range *range = range_at(space, address);

	*addr = addr_of(plus(range->first, address - range->base));
	*port = space->ports[index % space->port_count];
}

static const struct range *range_with(const struct space *space, const struct number *number)
{
	unsigned low = 0, high = space->wanted.count;
	const struct range *range;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if (compare(&space->wanted.ranges[middle].first, number) <= 0)
			low = middle;
		else
			high = middle;
	}
	range = &space->wanted.ranges[low];
	return compare(&range->first, number) <= 0 && compare(number, &range->last) <= 0 ? range
											 : NULL;
}

bool space_find(const struct space *space, const struct ip_addr *addr, uint16_t port,
		uint64_t *index)
{
	const struct number number = number_of(addr);
	const struct range *range = range_with(space, &number);

	if (!range || !(space->port_set[port / 8] & 1 << port % 8) || port == 0)
		return false;
	*index = (range->base + distance(&range->first, &number)) * space->port_count +
		 space->port_rank[port];
	return true;
}

bool space_range(const struct space *space, unsigned number, struct ip_addr *first,
		 struct ip_addr *last)
{
	if (number >= space->wanted.count)
		return false;
	*first = addr_of(space->wanted.ranges[number].first);
	*last = addr_of(space->wanted.ranges[number].last);
	return true;
}

/* FNV-1a over ranges and ports. */
static uint64_t hash(uint64_t value, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < len; i++)
		value = (value ^ at[i]) * UINT64_C(0x100000001b3);
	return value;
}

uint64_t space_fingerprint(const struct space *space)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < space->wanted.count; i++) {
		value = hash(value, &space->wanted.ranges[i].first, sizeof(struct number));
		value = hash(value, &space->wanted.ranges[i].last, sizeof(struct number));
	}
	return hash(value, space->port_set, sizeof(space->port_set));
}
