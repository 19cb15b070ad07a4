/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare, its core: all pairs of a value of one set with a value of the other, counted without
 * being listed. compare.h has the meaning of the results.
 */
#ifndef SHAKEDOWN_STATS_PAIRS_H
#define SHAKEDOWN_STATS_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/samples.h"

/* Values in ascending order, none twice, and how often each occurs. */
struct pairs_list {
	struct pairs_entry {
		int64_t value_ns;
		uint64_t count;
	} * entries;
	size_t len, room;
	uint64_t count;
	bool failed; /* memory ran out */
};

struct pairs {
	struct pairs_list baseline, current;
};

/* Returns -1 if memory runs out; pairs_free() even then. */
int pairs_init(struct pairs *pairs, struct samples *baseline, struct samples *current);
void pairs_free(struct pairs *pairs);

/* How many there are. */
double pairs_count(const struct pairs *pairs);

#define PAIRS_EXACT 400

struct pairs_test {
	double u; /* pairs with current > baseline, and half of those that are equal */
	bool exact;
	double p_slower, p_faster, p;
};
/* The Mann-Whitney test; exact if there are no ties and PAIRS_EXACT pairs at most. */
void pairs_test(const struct pairs *pairs, struct pairs_test *test);

/* Which differences, in ascending order, enclose the shift: each end is missed with `miss` at most.
 * They are number *k and number pairs_count() + 1 - *k. 0: too few pairs. */
double pairs_interval_rank(const struct pairs *pairs, double miss);

/* Number `rank` (1..pairs_count()) of all differences current - baseline in ascending order. */
int64_t pairs_difference(const struct pairs *pairs, double rank);

#endif
