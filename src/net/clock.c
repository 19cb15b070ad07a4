/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks, in nanoseconds: the monotonic one for timers, the real-time one to stand beside the
 * capture's stamps. In: nothing. Out: now. */
#include "net/clock.h"

#include <assert.h>
#include <time.h>

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
