/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare, its core: two stores of samples -> lists -> Mann-Whitney test and selection among the
 * pairwise differences. See pairs.h.
 *
 * Counts of pairs are doubles: exact up to 2^53 pairs (90 million values on each side), and beyond
 * that wrong by 2^-53 of all, which is no rank that matters.
 */
#include "stats/pairs.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "stats/normal.h"

static void collect(void *context, const struct samples_bucket *bucket)
{
	struct pairs_list *list = context;

	if (list->len == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct pairs_entry *entries = realloc(list->entries, room * sizeof(*entries));

		if (!entries) {
			list->failed = true;
			return;
		}
		list->entries = entries;
		list->room = room;
	}
	list->entries[list->len].value_ns = bucket->value_ns;
	list->entries[list->len++].count = bucket->count;
	list->count += bucket->count;
}

int pairs_init(struct pairs *pairs, struct samples *baseline, struct samples *current)
{
	*pairs = (struct pairs){0};
	samples_each(baseline, collect, &pairs->baseline);
	samples_each(current, collect, &pairs->current);
	return pairs->baseline.failed || pairs->current.failed ? -1 : 0;
}

void pairs_free(struct pairs *pairs)
{
	free(pairs->baseline.entries);
	free(pairs->current.entries);
	*pairs = (struct pairs){0};
}

double pairs_count(const struct pairs *pairs)
{
	return (double)pairs->baseline.count * (double)pairs->current.count;
}

/* U, and the sum of t^3 - t over all groups of t equal values, of both sets together. */
static double count_wins(const struct pairs *pairs, double *ties)
{
	const struct pairs_list *x = &pairs->baseline, *y = &pairs->current;
	double below = 0, u = 0;
	size_t i = 0;

	*ties = 0;
	for (size_t j = 0; j < y->len || i < x->len;) {
		bool use_x =
		    i < x->len && (j == y->len || x->entries[i].value_ns <= y->entries[j].value_ns);
		bool use_y =
		    j < y->len && (i == x->len || y->entries[j].value_ns <= x->entries[i].value_ns);
		double in_x = use_x ? (double)x->entries[i++].count : 0;
		double in_y = use_y ? (double)y->entries[j++].count : 0;
		double t = in_x + in_y;

		u += in_y * (below + in_x / 2);
		below += in_x;
		*ties += t * t * t - t;
	}
	return u;
}

/* ways[u]: in how many orders of m and n values, none equal, u of the pairs are won. The product
 * of (1 - z^(n+i)) / (1 - z^i) for i = 1..m, as a polynomial in z; m * n <= PAIRS_EXACT, so
 * that no more than PAIRS_EXACT + 1 coefficients matter. Returns their sum. */
static double exact_ways(uint64_t m, uint64_t n, double ways[PAIRS_EXACT + 1])
{
	size_t last = (size_t)(m * n);
	double all = 0;

	assert(m * n <= PAIRS_EXACT);
	for (size_t u = 0; u <= last; u++)
		ways[u] = u == 0;
	if (m > n) { /* the shorter way round; both give the same */
		uint64_t swap = m;

		m = n;
		n = swap;
	}
	for (size_t i = 1; i <= m; i++) {
		for (size_t u = last; u >= n + i; u--)
			ways[u] -= ways[u - n - i];
		for (size_t u = i; u <= last; u++)
			ways[u] += ways[u - i];
	}
	for (size_t u = 0; u <= last; u++)
		all += ways[u];
	return all;
}

static double spread(const struct pairs *pairs, double ties)
{
	double all = (double)pairs->baseline.count + (double)pairs->current.count;
	double tied = all > 1 ? ties / (all * (all - 1)) : 0;

	return sqrt(pairs_count(pairs) / 12 * (all + 1 - tied));
}

static void exact_test(const struct pairs *pairs, struct pairs_test *test)
{
	double ways[PAIRS_EXACT + 1], above = 0, below = 0;
	double all = exact_ways(pairs->baseline.count, pairs->current.count, ways);
	size_t last = (size_t)pairs_count(pairs), u = (size_t)test->u;

	for (size_t i = 0; i <= last; i++) {
		above += i >= u ? ways[i] : 0;
		below += i <= u ? ways[i] : 0;
	}
	test->p_slower = above / all;
	test->p_faster = below / all;
}

void pairs_test(const struct pairs *pairs, struct pairs_test *test)
{
	double ties, half = pairs_count(pairs) / 2, sigma;

	test->u = count_wins(pairs, &ties);
	test->exact = ties == 0 && 2 * half <= PAIRS_EXACT;
	sigma = spread(pairs, ties);
	if (test->exact) {
		exact_test(pairs, test);
	} else if (sigma > 0) {
		test->p_slower = normal_above((test->u - half - 0.5) / sigma);
		test->p_faster = normal_above((half - test->u - 0.5) / sigma);
	} else { /* all values of both are equal */
		test->p_slower = test->p_faster = 1;
	}
	test->p = 2 * (test->p_slower < test->p_faster ? test->p_slower : test->p_faster);
	if (test->p > 1)
		test->p = 1;
}

double pairs_interval_rank(const struct pairs *pairs, double miss)
{
	double all = pairs_count(pairs), rank;

	if (all <= PAIRS_EXACT) {
		double ways[PAIRS_EXACT + 1], sum = 0;
		size_t k = 0;
		double total = exact_ways(pairs->baseline.count, pairs->current.count, ways);

		/* As for a median: the greatest k with P(U <= k - 1) <= miss. */
		while (k <= (size_t)all) {
			sum += ways[k] / total;
			if (sum > miss * (1 + 1e-10))
				break;
			k++;
		}
		return (double)k;
	}
	/* Ties make U's spread smaller; leaving them out errs on the wide side. */
	rank = floor(all / 2 - 0.5 - normal_z(miss) * spread(pairs, 0)) + 1;
	return rank > 0 ? rank : 0;
}

/* How many differences current - baseline are not greater than `limit`. */
static double count_up_to(const struct pairs *pairs, int64_t limit)
{
	const struct pairs_list *x = &pairs->baseline, *y = &pairs->current;
	double count = 0, below = 0;
	size_t j = 0;

	/* The greater the baseline's value, the more of current's are within. */
	for (size_t i = 0; i < x->len; i++) {
		while (j < y->len && y->entries[j].value_ns - x->entries[i].value_ns <= limit)
			below += (double)y->entries[j++].count;
		count += below * (double)x->entries[i].count;
	}
	return count;
}

int64_t pairs_difference(const struct pairs *pairs, double rank)
{
	const struct pairs_list *x = &pairs->baseline, *y = &pairs->current;
	int64_t low = y->entries[0].value_ns - x->entries[x->len - 1].value_ns;
	int64_t high = y->entries[y->len - 1].value_ns - x->entries[0].value_ns;

	/* The smallest limit that `rank` differences do not exceed is itself a difference. */
	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (count_up_to(pairs, middle) >= rank)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
