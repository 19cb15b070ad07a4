/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of a scan: step -> index, one to one, as if at random. */
#include "scan/permute.h"

#include <assert.h>

/* splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void permute_init(struct permutation *permutation, uint64_t size, uint64_t seed)
{
	assert(size > 0 && size <= UINT64_C(1) << 48);
	permutation->size = size;
	permutation->half_bits = 1;
	while (UINT64_C(1) << (2 * permutation->half_bits) < size)
		permutation->half_bits++;
	for (unsigned i = 0; i < PERMUTE_ROUNDS; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		permutation->keys[i] = mix(seed);
	}
}

static uint64_t once(const struct permutation *permutation, uint64_t x)
{
	const unsigned bits = permutation->half_bits;
	const uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint64_t left = x >> bits, right = x & mask;

	for (unsigned i = 0; i < PERMUTE_ROUNDS; i++) {
		uint64_t next = left ^ (mix(right ^ permutation->keys[i]) & mask);

		left = right;
		right = next;
	}
	return left << bits | right;
}

/* The domain is less than four times the range, so that this takes less than four turns on average;
 * it ends, since a walk along a permutation's cycle comes back to where it began. */
uint64_t permute(const struct permutation *permutation, uint64_t step)
{
	assert(step < permutation->size);
	do
		step = once(permutation, step);
	while (step >= permutation->size);
	return step;
}

uint64_t permute_shard_size(uint64_t size, uint32_t shard, uint32_t shards)
{
	assert(shard >= 1 && shard <= shards);
	return size / shards + (size % shards >= shard);
}

uint64_t permute_shard_step(uint64_t n, uint32_t shard, uint32_t shards)
{
	return n * shards + shard - 1;
}
