/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shards of a scan, run on several machines: their files of NDJSON -> one.
 *
 * A file has one part or more, each a run record, port records, and a summary if it came to its
 * end. A shard that was interrupted and resumed has several parts, in one file or in several; all
 * but the first say that they were resumed, and their summaries count what they did themselves. A
 * shard is complete if one of its parts says so.
 *
 * Each file is read twice: to check it and to sum up, then to copy its port records. Memory grows
 * only with the hosts that answer on every port: each shard tells such a host, the merge the first
 * of these records only.
 */
#ifndef SHAKEDOWN_CMD_MERGE_SHARDS_H
#define SHAKEDOWN_CMD_MERGE_SHARDS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

struct merge;

/* Reads and checks all files. -1 with `err`, which names FILE:LINE: they do not belong together, or
 * one is no such file. What is missing is no error: `notes` is told, line by line. */
struct merge *merge_read(char *const *paths, int count, FILE *notes, struct err *err);

/* All shards are there, and all are complete. */
bool merge_is_whole(const struct merge *merge);

/* Writes run, port records, summary; a summary for people to `notes`. -1 with `err`: a file cannot
 * be read any more. Whether `out` took it all is for its owner to see. */
int merge_write(struct merge *merge, FILE *out, FILE *notes, struct err *err);

void merge_free(struct merge *merge);

#endif
