/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock that timers run on: CLOCK_MONOTONIC, in nanoseconds. Results never come from it (they
 * come from the capture's stamps), but for those that say so. */
#ifndef SHAKEDOWN_NET_CLOCK_H
#define SHAKEDOWN_NET_CLOCK_H

#include <stdint.h>

int64_t clock_monotonic_ns(void);
int64_t clock_realtime_ns(void); /* the clock that capture stamps are in */

/* The real-time clock less the monotonic one, to less than a microsecond: read as a pair, again if
 * somebody came between. */
int64_t clock_offset_ns(void);

#endif
