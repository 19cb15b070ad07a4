/* SPDX-License-Identifier: BSD-2-Clause */
/* A hierarchical timer wheel: timers -> what is due. */
#include "base/wheel.h"

#include <assert.h>

#define TICK_NS   INT64_C(1000000)
#define SLOT_BITS 6
#define ROUND     (UINT64_C(1) << (SLOT_BITS * WHEEL_LEVELS)) /* ticks, of the top level */
/* One slot less, so that no timer of the next round shares the slot of now. */
#define AHEAD_MAX (ROUND - (UINT64_C(1) << (SLOT_BITS * (WHEEL_LEVELS - 1))))

static_assert(WHEEL_SLOTS == 1 << SLOT_BITS, "a level's occupancy is one 64-bit word");

void wheel_init(struct wheel *wheel, struct wheel_node *nodes, uint32_t count, int64_t now_ns)
{
	*wheel = (struct wheel){.nodes = nodes, .now_tick = (uint64_t)(now_ns / TICK_NS)};
	for (uint32_t i = 0; i < WHEEL_LEVELS * WHEEL_SLOTS; i++)
		wheel->heads[i] = WHEEL_NONE;
	for (uint32_t i = 0; i < count; i++)
		nodes[i].slot = WHEEL_NONE;
}

/* The level is that of the highest digit (base 64) in which `tick` differs from now: such a timer
 * moves down when that digit comes round, and fires from level 0 exactly on its tick. */
static uint32_t slot_for(const struct wheel *wheel, uint64_t tick)
{
	uint64_t differ = tick ^ wheel->now_tick;
	uint32_t level = 0;

	while (level < WHEEL_LEVELS - 1 && differ >> (SLOT_BITS * (level + 1)) != 0)
		level++;
	return level * WHEEL_SLOTS + (uint32_t)((tick >> (SLOT_BITS * level)) & (WHEEL_SLOTS - 1));
}

static void insert(struct wheel *wheel, uint32_t timer)
{
	struct wheel_node *node = &wheel->nodes[timer];
	uint32_t slot = slot_for(wheel, node->tick);
	uint32_t head = wheel->heads[slot];

	node->slot = slot;
	node->prev = WHEEL_NONE;
	node->next = head;
	if (head != WHEEL_NONE)
		wheel->nodes[head].prev = timer;
	wheel->heads[slot] = timer;
	wheel->occupied[slot / WHEEL_SLOTS] |= UINT64_C(1) << (slot % WHEEL_SLOTS);
}

static void take_off(struct wheel *wheel, uint32_t timer)
{
	struct wheel_node *node = &wheel->nodes[timer];
	uint32_t slot = node->slot;

	if (node->next != WHEEL_NONE)
		wheel->nodes[node->next].prev = node->prev;
	if (node->prev != WHEEL_NONE)
		wheel->nodes[node->prev].next = node->next;
	else
		wheel->heads[slot] = node->next;
	if (wheel->heads[slot] == WHEEL_NONE)
		wheel->occupied[slot / WHEEL_SLOTS] &= ~(UINT64_C(1) << (slot % WHEEL_SLOTS));
	node->slot = WHEEL_NONE;
}

void wheel_start(struct wheel *wheel, uint32_t timer, int64_t at_ns)
{
	uint64_t tick = at_ns <= 0 ? 0 : (uint64_t)((at_ns - 1) / TICK_NS + 1);

	wheel_stop(wheel, timer);
	if (tick < wheel->now_tick)
		tick = wheel->now_tick;
	if (tick - wheel->now_tick >= AHEAD_MAX)
		tick = wheel->now_tick + AHEAD_MAX - 1;
	wheel->nodes[timer].tick = tick;
	insert(wheel, timer);
	wheel->running++;
}

void wheel_stop(struct wheel *wheel, uint32_t timer)
{
	if (wheel->nodes[timer].slot == WHEEL_NONE)
		return;
	take_off(wheel, timer);
	wheel->running--;
}

/* The first occupied slot of a level at or behind now's digit; 64 if none. Slots before it belong
 * to the next round, which only the top level has. */
static uint32_t first_slot(const struct wheel *wheel, uint32_t level)
{
	uint32_t digit = (uint32_t)((wheel->now_tick >> (SLOT_BITS * level)) & (WHEEL_SLOTS - 1));
	uint64_t ahead = wheel->occupied[level] & (UINT64_MAX << digit);

	return ahead ? (uint32_t)__builtin_ctzll(ahead) : WHEEL_SLOTS;
}

/* The earliest tick at which a timer fires or has to move down. */
static uint64_t next_tick(const struct wheel *wheel, uint32_t *slot)
{
	for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
		uint32_t shift = SLOT_BITS * level;
		uint32_t first = first_slot(wheel, level);
		uint64_t round = wheel->now_tick >> shift >> SLOT_BITS << SLOT_BITS << shift;

		if (first == WHEEL_SLOTS && level == WHEEL_LEVELS - 1 && wheel->occupied[level]) {
			first = (uint32_t)__builtin_ctzll(wheel->occupied[level]);
			round += ROUND;
		}
		if (first == WHEEL_SLOTS)
			continue;
		*slot = level * WHEEL_SLOTS + first;
		round += (uint64_t)first << shift;
		return round < wheel->now_tick ? wheel->now_tick : round;
	}
	return UINT64_MAX;
}

static void move_down(struct wheel *wheel, uint32_t slot)
{
	uint32_t timer;

	while ((timer = wheel->heads[slot]) != WHEEL_NONE &&
	       slot_for(wheel, wheel->nodes[timer].tick) != slot) {
		take_off(wheel, timer);
		insert(wheel, timer);
	}
}

bool wheel_expire(struct wheel *wheel, int64_t now_ns, uint32_t *timer)
{
	uint64_t now = (uint64_t)(now_ns / TICK_NS);
	uint32_t slot = 0;
	uint64_t tick;

	while ((tick = next_tick(wheel, &slot)) <= now) {
		wheel->now_tick = tick;
		if (slot >= WHEEL_SLOTS) {
			move_down(wheel, slot);
			continue;
		}
		*timer = wheel->heads[slot];
		wheel_stop(wheel, *timer);
		return true;
	}
	if (wheel->now_tick < now)
		wheel->now_tick = now;
	return false;
}

int64_t wheel_next_ns(const struct wheel *wheel)
{
	uint32_t slot = 0;
	uint64_t tick = next_tick(wheel, &slot);

	return tick == UINT64_MAX ? INT64_MAX : (int64_t)tick * TICK_NS;
}
