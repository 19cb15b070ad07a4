/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks, in nanoseconds: the monotonic one for timers, the real-time one to stand beside the
 * capture's stamps. In: nothing. Out: now. */
#include "net/clock.h"

#include <assert.h>
#include <stdint.h>
#include <time.h>

#define TRIES   4
#define SURE_NS 1000

static int64_t read_clock(clockid_t id)
{
	struct timespec now;
	int rc = clock_gettime(id, &now);

	assert(rc == 0); /* both clocks exist on every Linux */
	(void)rc;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_offset_ns(void)
{
	int64_t least = INT64_MAX, offset = 0;

	for (int i = 0; i < TRIES && least > SURE_NS; i++) {
		int64_t before = clock_monotonic_ns(), wall = clock_realtime_ns();
		int64_t took = clock_monotonic_ns() - before;

		if (took >= least)
			continue;
		least = took;
		offset = wall - before - took / 2;
	}
	return offset;
}
