/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hierarchical timer wheel: any number of timers, each start and stop in constant time, no
 * allocation. Ticks of one millisecond; a timer never fires early.
 *
 * The caller supplies one node per timer and names a timer by its node's index. Pure: the caller
 * brings the time, in nanoseconds of a clock that never steps back.
 */
#ifndef SHAKEDOWN_BASE_WHEEL_H
#define SHAKEDOWN_BASE_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#define WHEEL_LEVELS 5
#define WHEEL_SLOTS  64
#define WHEEL_NONE   UINT32_MAX

struct wheel_node {
	uint32_t next, prev; /* in its slot's list; WHEEL_NONE at the ends */
	uint32_t slot;       /* level * WHEEL_SLOTS + slot; WHEEL_NONE: not running */
	uint64_t tick;       /* when it fires */
};

struct wheel {
	struct wheel_node *nodes;
	uint64_t now_tick; /* all before it has fired */
	uint64_t occupied[WHEEL_LEVELS];
	uint32_t heads[WHEEL_LEVELS * WHEEL_SLOTS];
	uint32_t running;
};

void wheel_init(struct wheel *wheel, struct wheel_node *nodes, uint32_t count, int64_t now_ns);

/* (Re)starts the timer; a time that is past fires at the next wheel_expire(). At most 63 * 2^24
 * ticks (twelve days) ahead; what is later is set to that. */
void wheel_start(struct wheel *wheel, uint32_t timer, int64_t at_ns);
void wheel_stop(struct wheel *wheel, uint32_t timer);

/* Takes the next timer that is due at `now_ns` off the wheel: true, and its index, or false when
 * none is left. To be called until it says false. */
bool wheel_expire(struct wheel *wheel, int64_t now_ns, uint32_t *timer);

/* The earliest time at which something may be due (never later than the earliest timer), or
 * INT64_MAX when nothing runs. */
int64_t wheel_next_ns(const struct wheel *wheel);

#endif
