/* SPDX-License-Identifier: BSD-2-Clause */
/* samples, their order: the store of values -> order statistics, quantiles, buckets. See samples.h;
 * the histogram's layout is in samples.c. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/samples.h"

#define INSERT_MAX 32 /* values, beyond which all are sorted anew */

/* What a bucket is made of, clipped to the values that occurred. */
static struct samples_bucket bucket_at(const struct samples *samples, unsigned chunk, size_t offset)
{
	struct samples_bucket bucket = {.count = samples->chunks[chunk][offset]};
	int64_t base = (int64_t)offset + (chunk > 0 ? SAMPLES_CHUNK_SIZE : 0);
	unsigned shift = chunk > 0 ? chunk - 1 : 0;

	bucket.low_ns = base << shift;
	bucket.high_ns = bucket.low_ns + (INT64_C(1) << shift) - 1;
	bucket.value_ns = bucket.low_ns + (INT64_C(1) << shift) / 2;
	if (bucket.low_ns < samples->min_ns)
		bucket.low_ns = samples->min_ns;
	if (bucket.high_ns > samples->max_ns)
		bucket.high_ns = samples->max_ns;
	if (bucket.value_ns < bucket.low_ns)
		bucket.value_ns = bucket.low_ns;
	if (bucket.value_ns > bucket.high_ns)
		bucket.value_ns = bucket.high_ns;
	return bucket;
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Puts values[at] where it belongs among those before it, which are sorted. */
static void insert(int64_t *values, size_t at)
{
	int64_t value = values[at];
	size_t low = 0, high = at;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (values[middle] <= value)
			low = middle + 1;
		else
			high = middle;
	}
	memmove(values + low + 1, values + low, (at - low) * sizeof(*values));
	values[low] = value;
}

#define DIGIT_BITS 11
#define DIGITS     (1U << DIGIT_BITS)
#define RADIX_MIN  1024

/* By one digit, stable. False: all have the same one, and nothing was done. */
static bool by_digit(const int64_t *from, int64_t *to, size_t len, unsigned shift)
{
	size_t places[DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < len; i++)
		places[(uint64_t)from[i] >> shift & (DIGITS - 1)]++;
	if (places[(uint64_t)from[0] >> shift & (DIGITS - 1)] == len)
		return false;
	for (unsigned i = 0; i < DIGITS; i++) {
		size_t count = places[i];

		places[i] = sum;
		sum += count;
	}
	for (size_t i = 0; i < len; i++)
		to[places[(uint64_t)from[i] >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

/* By digits: of the times of a scan, all of one magnitude, most need no pass. Five times as fast as
 * qsort(), which every end of a scan would wait for. False: no memory, or there are negative ones.
 */
static bool sort_by_digits(int64_t *values, size_t len)
{
	int64_t *other = malloc(len * sizeof(*other)), *from = values, *to = other;
	bool positive = other != NULL;

	for (size_t i = 0; i < len && positive; i++)
		positive = values[i] >= 0;
	for (unsigned shift = 0; positive && shift < 63; shift += DIGIT_BITS)
		if (by_digit(from, to, len, shift)) {
			int64_t *swap = from;

			from = to;
			to = swap;
		}
	if (from != values)
		memcpy(values, from, len * sizeof(*values));
	free(other);
	return positive;
}

/* Quick for a few values more than last time, as when figures are shown after each answer. */
static void sort(struct samples *samples)
{
	if (samples->len - samples->sorted > INSERT_MAX) {
		if (samples->len < RADIX_MIN || !sort_by_digits(samples->values, samples->len))
			qsort(samples->values, samples->len, sizeof(int64_t), by_value);
	} else {
		for (size_t i = samples->sorted; i < samples->len; i++)
			insert(samples->values, i);
	}
	samples->sorted = samples->len;
}

/* The histogram's value number `rank`. */
static int64_t find_rank(const struct samples *samples, uint64_t rank)
{
	uint64_t below = 0;

	for (unsigned i = 0; i < SAMPLES_CHUNKS; i++) {
		for (size_t j = 0; samples->chunks[i] && j < SAMPLES_CHUNK_SIZE; j++) {
			below += samples->chunks[i][j];
			if (below >= rank)
				return bucket_at(samples, i, j).value_ns;
		}
	}
	return samples->max_ns;
}

int64_t samples_order(struct samples *samples, uint64_t rank)
{
	if (samples->count == 0)
		return -1;
	assert(rank >= 1 && rank <= samples->count);
	/* Known exactly, even by a histogram. */
	if (rank == 1)
		return samples->min_ns;
	if (rank == samples->count)
		return samples->max_ns;
	if (samples->histogram)
		return find_rank(samples, rank);
	sort(samples);
	return samples->values[rank - 1];
}

int64_t samples_quantile(struct samples *samples, double q)
{
	double rank;

	assert(q >= 0 && q <= 1);
	if (samples->count == 0)
		return -1;
	/* 0.07 * 100 is a little more than 7 in binary, and would be rounded up to 8. */
	rank = ceil(q * (double)samples->count * (1 - 0x1p-50));
	if (rank < 1)
		rank = 1;
	if (rank > (double)samples->count)
		rank = (double)samples->count;
	return samples_order(samples, (uint64_t)rank);
}

static void each_value(struct samples *samples,
		       void (*visit)(void *context, const struct samples_bucket *bucket),
		       void *context)
{
	sort(samples);
	for (size_t i = 0, next; i < samples->len; i = next) {
		int64_t value = samples->values[i];

		for (next = i + 1; next < samples->len && samples->values[next] == value;)
			next++;
		visit(context,
		      &(struct samples_bucket){
			  .low_ns = value, .high_ns = value, .value_ns = value, .count = next - i});
	}
}

void samples_each(struct samples *samples,
		  void (*visit)(void *context, const struct samples_bucket *bucket), void *context)
{
	struct samples_bucket bucket;

	each_value(samples, visit, context);
	for (unsigned i = 0; i < SAMPLES_CHUNKS; i++) {
		for (size_t j = 0; samples->chunks[i] && j < SAMPLES_CHUNK_SIZE; j++) {
			if (samples->chunks[i][j] == 0)
				continue;
			bucket = bucket_at(samples, i, j);
			visit(context, &bucket);
		}
	}
}
