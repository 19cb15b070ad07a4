/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pseudo-random permutation of 0 .. size - 1, keyed by a seed: the order of a scan, without
 * memory for each target, so that no host and no network is met by a burst. A Feistel network over
 * the next even power of two, walked until it falls into the range (Black and Rogaway, "Ciphers
 * with arbitrary finite domains", CT-RSA 2002).
 *
 * Shards share it without talking: shard i of n takes the steps i - 1, i - 1 + n, ... of the same
 * permutation, so that their union is the whole and nothing comes twice.
 */
#ifndef SHAKEDOWN_SCAN_PERMUTE_H
#define SHAKEDOWN_SCAN_PERMUTE_H

#include <stdint.h>

#define PERMUTE_ROUNDS 4

struct permutation {
	uint64_t size; /* 1 .. 2^48 */
	uint64_t keys[PERMUTE_ROUNDS];
	unsigned half_bits;
};

void permute_init(struct permutation *permutation, uint64_t size, uint64_t seed);

/* Where the step goes, step < size. */
uint64_t permute(const struct permutation *permutation, uint64_t step);

/* How many steps shard `shard` (1 .. `shards`) has, and its n-th step. */
uint64_t permute_shard_size(uint64_t size, uint32_t shard, uint32_t shards);
uint64_t permute_shard_step(uint64_t n, uint32_t shard, uint32_t shards);

#endif
