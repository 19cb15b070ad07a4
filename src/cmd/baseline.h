/* SPDX-License-Identifier: BSD-2-Clause */
/* Baselines: an earlier run's NDJSON -> the round-trip times of each of its targets. */
#ifndef SHAKEDOWN_CMD_BASELINE_H
#define SHAKEDOWN_CMD_BASELINE_H

#include "base/err.h"
#include "stats/samples.h"

struct baseline;

/* Reads the whole file. -1, that is NULL, with `err`: unreadable, no NDJSON, no round-trip times.
 */
struct baseline *baseline_read(const char *path, struct err *err);
void baseline_free(struct baseline *baseline);

/* The times of the target of that name, or NULL. */
struct samples *baseline_of(struct baseline *baseline, const char *target);

#endif
