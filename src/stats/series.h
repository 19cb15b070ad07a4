/* SPDX-License-Identifier: BSD-2-Clause */
/* A series: the measurements of one target, counted and summed up. */
#ifndef SHAKEDOWN_STATS_SERIES_H
#define SHAKEDOWN_STATS_SERIES_H

#include "probe/rtt.h"
#include "stats/expect.h"
#include "stats/samples.h"

#define SERIES_RECENT 64

struct series {
	struct samples rtt, path, close; /* nanoseconds */
	uint64_t sent, answered, lost, retransmitted, duplicates, late;
	uint64_t refused, icmp; /* of the answered: by RST, by ICMP */
	uint64_t uncertain;     /* answered, but the time does not count */
	uint64_t inconclusive;  /* silence while the capture dropped frames: neither lost nor not */
	int64_t recent_ns[SERIES_RECENT]; /* a ring of the latest; -1: lost */
	uint64_t recent_count;
};

/* `capacity`: values kept exactly in each store (samples.h); 0: the default. */
void series_init(struct series *series, size_t capacity);
void series_free(struct series *series);

/* -1 if memory ran out. A time that is none, as after a step of the clock, is left out.
 * `inconclusive`: the capture dropped frames meanwhile. */
int series_add(struct series *series, const struct rtt_measurement *measurement, bool inconclusive);

/* The latest, oldest first; returns their number. */
size_t series_recent(const struct series *series, int64_t recent_ns[SERIES_RECENT]);

void series_figures(struct series *series, struct expect_figures *figures);

#endif
