/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scan sums up while it runs: outcomes -> the counts and quantiles of its summary. */
#ifndef SHAKEDOWN_CMD_SCAN_SUMS_H
#define SHAKEDOWN_CMD_SCAN_SUMS_H

#include "report/scan.h"
#include "scan_engine.h"

struct scan_sums {
	struct scan_summary summary;
	struct samples rtt;
	uint64_t found_at_once, found_later; /* answers to the first SYN; to a later one */
};

void scan_sums_init(struct scan_sums *sums);
void scan_sums_free(struct scan_sums *sums);
void scan_sums_add(struct scan_sums *sums, const struct scan_outcome *outcome);

/* `complete`: it ended by itself; `tries`: SYNs that a target may get. */
void scan_sums_finish(struct scan_sums *sums, const struct scan_engine_stats *stats, int64_t tries,
		      bool complete);

#endif
