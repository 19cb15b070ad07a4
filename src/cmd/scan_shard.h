/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan --shard`: which part of how many, by name or as an engine of job arrays says. */
#ifndef SHAKEDOWN_CMD_SCAN_SHARD_H
#define SHAKEDOWN_CMD_SCAN_SHARD_H

#include <stdint.h>

#include "base/err.h"

#define SHARDS_MAX 1000000

/* "3/8", or "auto": from the environment. Counted from 1. -1 with `err`. */
int scan_shard_parse(const char *text, uint32_t *shard, uint32_t *shards, struct err *err);

#endif
