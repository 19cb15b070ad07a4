/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts that answer on every port, of all shards: port records -> which are the first of their
 * host. Each shard that meets such a host tells it; a merge is to tell it once. Costs memory for
 * each such host.
 */
#ifndef SHAKEDOWN_CMD_MERGE_WILDCARDS_H
#define SHAKEDOWN_CMD_MERGE_WILDCARDS_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed, none is known. */
struct merge_wildcards {
	void *root; /* of a tree */
	uint64_t hosts;
};

enum merge_wildcard {
	WILDCARD_NOT, /* another record, or one without an address */
	WILDCARD_FIRST,
	WILDCARD_AGAIN,
	WILDCARD_NO_MEMORY
};

/* What a port's record is; from then on its host is known. */
enum merge_wildcard merge_wildcards_take(struct merge_wildcards *wildcards, const char *line);

/* None is known any more. */
void merge_wildcards_forget(struct merge_wildcards *wildcards);

#endif
