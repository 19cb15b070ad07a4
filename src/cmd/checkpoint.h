/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checkpoints of a scan: how far it is <-> a file, for `scan --resume`. Text, with a checksum at
 * its end; it is replaced as a whole or not at all.
 */
#ifndef SHAKEDOWN_CMD_CHECKPOINT_H
#define SHAKEDOWN_CMD_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define CHECKPOINT_NAME_MAX 16

/* What must be the same when the scan goes on. */
struct checkpoint_scan {
	char mode[CHECKPOINT_NAME_MAX], format[CHECKPOINT_NAME_MAX];
	bool open_only, controls;
	uint64_t fingerprint, seed; /* of the space; of the order */
	uint32_t shard, shards;
};

struct checkpoint_list {
	uint64_t *numbers;
	uint64_t count, room;
};

struct checkpoint {
	struct checkpoint_scan scan;
	uint64_t position;    /* steps of the shard that were begun */
	uint64_t results_len; /* octets of the results file that tell what came of them, */
	uint64_t not_taken;   /* segments that the kernel refused: nobody knows which */
	struct checkpoint_list awaited;   /* what is not done, by index in the space */
	struct checkpoint_list wildcards; /* hosts that were told for all their ports, by number */
};

/* 1: read; 0: there is no such file; -1 with `err`: it is there, and of no use. */
int checkpoint_read(struct checkpoint *checkpoint, const char *path, struct err *err);

/* -1 with `err`, which names what differs. `seed_asked`: the seed of `here` was asked for. */
int checkpoint_fits(const struct checkpoint *checkpoint, const char *path,
		    const struct checkpoint_scan *here, bool seed_asked, struct err *err);

/* False: no memory. */
bool checkpoint_add(struct checkpoint_list *list, uint64_t number);

/* Writes PATH.new, and has the disk begin with it; `*fd` is the file's. The second makes it PATH
 * when it is on the disk, for which it waits, and closes it. -1 with `err`: PATH is as it was. */
int checkpoint_begin(const struct checkpoint *checkpoint, const char *path, int *fd,
		     struct err *err);
int checkpoint_commit(const char *path, int fd, struct err *err);
/* Both. */
int checkpoint_write(const struct checkpoint *checkpoint, const char *path, struct err *err);

/* Removes both. */
void checkpoint_remove(const char *path);

void checkpoint_free(struct checkpoint *checkpoint);

#endif
