/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/permute.c: without it a scan could leave targets out, or probe one twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/permute.h"

#define LARGEST 70000

static const uint64_t sizes[] = {1,    2,     3,     4,     5,     15,     16,   17,
				 63,   64,    65,    100,   255,   1000,   4095, 4096,
				 4097, 10007, 65535, 65536, 65537, LARGEST};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint8_t *marks(uint64_t size)
{
	uint8_t *seen = calloc(size, 1);

	assert_non_null(seen);
	return seen;
}

static void visit(const struct permutation *permutation, uint64_t step, uint8_t *seen)
{
	uint64_t index = permute(permutation, step);

	assert_true(index < permutation->size);
	assert_int_equal(seen[index], 0);
	seen[index] = 1;
}

/* Breaks when an index is left out or comes twice. */
static void one_to_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (uint64_t seed = 0; seed < 3; seed++) {
			struct permutation permutation;
			uint8_t *seen = marks(sizes[i]);

			permute_init(&permutation, sizes[i], seed);
			for (uint64_t step = 0; step < sizes[i]; step++)
				visit(&permutation, step, seen);
			free(seen);
		}
	}
}

/* Breaks when the largest space, or one beside a power of four, goes out of its range. */
static void large_sizes(void **state)
{
	(void)state;
	for (unsigned bits = 20; bits <= 48; bits++) {
		uint64_t power = UINT64_C(1) << bits;
		uint64_t near[] = {power - 1, power, bits < 48 ? power + 1 : power};

		for (size_t i = 0; i < COUNT(near); i++) {
			struct permutation permutation;

			permute_init(&permutation, near[i], bits);
			for (uint64_t step = 0; step < 200; step++) {
				assert_true(permute(&permutation, step) < near[i]);
				assert_true(permute(&permutation, near[i] - 1 - step) < near[i]);
			}
		}
	}
}

static void check_shards(uint64_t size, uint32_t shards)
{
	struct permutation permutation;
	uint8_t *seen = marks(size);
	uint64_t total = 0;

	permute_init(&permutation, size, 7);
	for (uint32_t shard = 1; shard <= shards; shard++) {
		uint64_t steps = permute_shard_size(size, shard, shards);

		/* none has more than one step more than another */
		assert_true(steps == size / shards || steps == size / shards + 1);
		for (uint64_t n = 0; n < steps; n++) {
			uint64_t step = permute_shard_step(n, shard, shards);

			assert_true(step < size);
			visit(&permutation, step, seen);
		}
		total += steps;
	}
	assert_int_equal(total, size);
	free(seen);
}

/* Breaks when the union of all shards is not exactly the whole; more shards than targets, too. */
static void shards_share_the_whole(void **state)
{
	static const uint32_t shards[] = {1, 2, 3, 7, 16, 100, 1000};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (size_t j = 0; j < COUNT(shards); j++)
			check_shards(sizes[i], shards[j]);
}

/* Breaks when the seed does not matter: of two random orders about one step in all agrees. */
static void seeds_differ(void **state)
{
	struct permutation one, two;
	unsigned same = 0;

	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		permute_init(&one, LARGEST, seed - 1);
		permute_init(&two, LARGEST, seed);
		for (uint64_t step = 0; step < LARGEST; step++)
			same += permute(&one, step) == permute(&two, step);
	}
	assert_true(same < 19 * 10);
}

/* Breaks when a seed means another order than before: a resumed scan would miss targets. */
static void order_is_kept(void **state)
{
	static const uint64_t known[] = {860611, 771737, 184611, 467354, 13454, 40665};
	struct permutation permutation;

	(void)state;
	permute_init(&permutation, 1000003, 42);
	for (size_t i = 0; i < COUNT(known); i++)
		assert_int_equal(permute(&permutation, i), known[i]);
}

/* The longest run of steps that meet one of `hosts` hosts, ports varying fastest. */
static unsigned longest_run(uint64_t hosts, uint64_t ports, uint64_t seed)
{
	struct permutation permutation;
	uint64_t before = UINT64_MAX;
	unsigned run = 0, longest = 0;

	permute_init(&permutation, hosts * ports, seed);
	for (uint64_t step = 0; step < hosts * ports; step++) {
		uint64_t host = permute(&permutation, step) / ports;

		run = host == before ? run + 1 : 1;
		longest = run > longest ? run : longest;
		before = host;
	}
	return longest;
}

/* The most steps that meet one host among `window` that follow each other. */
static unsigned most_in_window(uint64_t hosts, uint64_t ports, uint64_t window)
{
	struct permutation permutation;
	unsigned *met = calloc(hosts, sizeof(*met)), most = 0;

	assert_non_null(met);
	permute_init(&permutation, hosts * ports, 3);
	for (uint64_t step = 0; step < hosts * ports; step++) {
		unsigned now = ++met[permute(&permutation, step) / ports];

		most = now > most ? now : most;
		if (step + 1 >= window)
			met[permute(&permutation, step + 1 - window) / ports]--;
	}
	free(met);
	return most;
}

/* Breaks when one host is met by runs. In a random order of 65,536 pairs on 256 hosts a run of five
 * comes once in 65,536 orders, and of 1,000 steps about four meet a given host: twenty never do. */
static void no_host_is_met_by_runs(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++)
		assert_true(longest_run(256, 256, seed) < 6);
	assert_true(longest_run(1000, 65, 1) < 6);
	assert_true(most_in_window(256, 256, 1000) < 25);
	/* few hosts: runs are natural, long ones are not */
	assert_true(longest_run(4, 10000, 5) < 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_to_one),
	    cmocka_unit_test(large_sizes),
	    cmocka_unit_test(shards_share_the_whole),
	    cmocka_unit_test(seeds_differ),
	    cmocka_unit_test(order_is_kept),
	    cmocka_unit_test(no_host_is_met_by_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
