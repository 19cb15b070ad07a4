/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of statistics share: repeatable random round-trip times. */
#ifndef SHAKEDOWN_TESTS_UNIT_STATS_RANDOM_H
#define SHAKEDOWN_TESTS_UNIT_STATS_RANDOM_H

#include <math.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t random_bits(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0..limit-1 */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
	return random_bits(random) % limit;
}

/* Above 0, up to 1. */
static inline double random_share(struct random *random)
{
	return (double)((random_bits(random) >> 11) + 1) * 0x1p-53;
}

static inline double random_normal(struct random *random)
{
	double radius = sqrt(-2 * log(random_share(random)));

	return radius * cos(2 * M_PI * random_share(random));
}

/* Skewed as round-trip times are: lognormal with this median. */
static inline int64_t random_rtt(struct random *random, double median_ns, double sigma)
{
	return (int64_t)(median_ns * exp(sigma * random_normal(random)));
}

#endif
