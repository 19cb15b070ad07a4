/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples: the store of values, exact up to its capacity and a histogram beyond; and the figures
 * that need no order, which is in order.c. See samples.h.
 *
 * Chunk 0 of the histogram holds the values 0..2047, chunk c > 0 those of 2^(10+c)..2^(11+c)-1 in
 * 2048 buckets, each 2^(c-1) wide: 2^-11 of its lower end at most.
 */
#include "stats/samples.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BITS 11
#define FIRST_ROOM 16

static_assert(SAMPLES_CHUNK_SIZE == 1 << CHUNK_BITS, "a chunk is a power of two");
static_assert(SAMPLES_MAX_NS >> (CHUNK_BITS + SAMPLES_CHUNKS - 1) == 0, "the last chunk's end");

static unsigned chunk_of(int64_t value)
{
	if (value < SAMPLES_CHUNK_SIZE)
		return 0;
	return 63U - (unsigned)__builtin_clzll((unsigned long long)value) - (CHUNK_BITS - 1);
}

static size_t offset_of(unsigned chunk, int64_t value)
{
	return chunk == 0 ? (size_t)value : (size_t)(value >> (chunk - 1)) - SAMPLES_CHUNK_SIZE;
}

static size_t capacity_of(const struct samples *samples)
{
	return samples->capacity ? samples->capacity : SAMPLES_CAPACITY;
}

void samples_init(struct samples *samples, size_t capacity)
{
	*samples = (struct samples){.capacity = capacity};
}

static void drop_chunks(struct samples *samples)
{
	for (size_t i = 0; i < SAMPLES_CHUNKS; i++) {
		free(samples->chunks[i]);
		samples->chunks[i] = NULL;
	}
}

void samples_free(struct samples *samples)
{
	free(samples->values);
	drop_chunks(samples);
	samples_init(samples, samples->capacity);
}

static int need_chunk(struct samples *samples, unsigned chunk)
{
	if (!samples->chunks[chunk])
		samples->chunks[chunk] = calloc(SAMPLES_CHUNK_SIZE, sizeof(uint64_t));
	return samples->chunks[chunk] ? 0 : -1;
}

/* Room for `more` values beside those that are there. */
static int need_room(struct samples *samples, size_t more)
{
	size_t capacity = capacity_of(samples), room = samples->room;
	int64_t *values;

	if (samples->len + more <= room)
		return 0;
	while (room < samples->len + more)
		room = room ? 2 * room : FIRST_ROOM;
	if (room > capacity)
		room = capacity;
	values = realloc(samples->values, room * sizeof(*values));
	if (!values)
		return -1;
	samples->values = values;
	samples->room = room;
	return 0;
}

static void count_value(struct samples *samples, int64_t value, uint64_t times)
{
	unsigned chunk = chunk_of(value);

	samples->chunks[chunk][offset_of(chunk, value)] += times;
}

static int need_chunks_of_values(struct samples *samples, const struct samples *from)
{
	for (size_t i = 0; i < from->len; i++)
		if (need_chunk(samples, chunk_of(from->values[i])) != 0)
			return -1;
	return 0;
}

static int need_chunks_of_chunks(struct samples *samples, const struct samples *from)
{
	for (unsigned i = 0; i < SAMPLES_CHUNKS; i++)
		if (from->chunks[i] && need_chunk(samples, i) != 0)
			return -1;
	return 0;
}

/* Makes the store a histogram, with all the chunks that its own values and those of `other` (or
 * NULL) need. If memory runs out it stays what it was. */
static int need_histogram(struct samples *samples, const struct samples *other)
{
	if (need_chunks_of_values(samples, samples) != 0)
		goto fail;
	if (other && (need_chunks_of_values(samples, other) != 0 ||
		      need_chunks_of_chunks(samples, other) != 0))
		goto fail;
	for (size_t i = 0; i < samples->len; i++)
		count_value(samples, samples->values[i], 1);
	free(samples->values);
	samples->values = NULL;
	samples->len = samples->room = samples->sorted = 0;
	samples->histogram = true;
	return 0;

fail:
	if (!samples->histogram)
		drop_chunks(samples);
	return -1;
}

static int store(struct samples *samples, int64_t value)
{
	if (!samples->histogram && samples->len < capacity_of(samples)) {
		if (need_room(samples, 1) != 0)
			return -1;
		if (samples->sorted == samples->len &&
		    (samples->len == 0 || samples->values[samples->len - 1] <= value))
			samples->sorted++;
		samples->values[samples->len++] = value;
		return 0;
	}
	if (!samples->histogram && need_histogram(samples, NULL) != 0)
		return -1;
	if (need_chunk(samples, chunk_of(value)) != 0)
		return -1;
	count_value(samples, value, 1);
	return 0;
}

/* The figures of both: smallest, greatest, sums. */
static void join_range(struct samples *samples, int64_t min_ns, int64_t max_ns)
{
	if (samples->count == 0 || min_ns < samples->min_ns)
		samples->min_ns = min_ns;
	if (samples->count == 0 || max_ns > samples->max_ns)
		samples->max_ns = max_ns;
}

int samples_add(struct samples *samples, int64_t value_ns)
{
	unsigned __int128 wide = (unsigned __int128)value_ns;

	if (value_ns < 0 || value_ns > SAMPLES_MAX_NS || samples->count >= SAMPLES_COUNT_MAX) {
		errno = ERANGE;
		return -1;
	}
	if (store(samples, value_ns) != 0)
		return -1;
	if (samples->count > 0) {
		double d = fabs((double)(value_ns - samples->last_ns));

		samples->jitter_ns += (d - samples->jitter_ns) / 16;
		samples->differences++;
	}
	join_range(samples, value_ns, value_ns);
	samples->last_ns = value_ns;
	samples->sum += wide;
	samples->sum_squares += wide * wide;
	samples->count++;
	return 0;
}

static void append(struct samples *samples, const struct samples *other)
{
	memcpy(samples->values + samples->len, other->values, other->len * sizeof(int64_t));
	samples->len += other->len;
}

static void count_all(struct samples *samples, const struct samples *other)
{
	for (size_t i = 0; i < other->len; i++)
		count_value(samples, other->values[i], 1);
	for (unsigned i = 0; i < SAMPLES_CHUNKS; i++)
		for (size_t j = 0; other->chunks[i] && j < SAMPLES_CHUNK_SIZE; j++)
			samples->chunks[i][j] += other->chunks[i][j];
}

int samples_merge(struct samples *samples, const struct samples *other)
{
	uint64_t differences = samples->differences + other->differences;

	assert(samples != other);
	if (other->count == 0)
		return 0;
	if (samples->count + other->count > SAMPLES_COUNT_MAX) {
		errno = ERANGE;
		return -1;
	}
	if (!samples->histogram && !other->histogram &&
	    other->len <= capacity_of(samples) - samples->len) {
		if (need_room(samples, other->len) != 0)
			return -1;
		append(samples, other);
	} else {
		if (need_histogram(samples, other) != 0)
			return -1;
		count_all(samples, other);
	}
	join_range(samples, other->min_ns, other->max_ns);
	samples->sum += other->sum;
	samples->sum_squares += other->sum_squares;
	samples->count += other->count;
	samples->last_ns = other->last_ns;
	if (differences > 0)
		samples->jitter_ns = (samples->jitter_ns * (double)samples->differences +
				      other->jitter_ns * (double)other->differences) /
				     (double)differences;
	samples->differences = differences;
	return 0;
}

bool samples_exact(const struct samples *samples)
{
	return !samples->histogram;
}

uint64_t samples_count(const struct samples *samples)
{
	return samples->count;
}

int64_t samples_min(const struct samples *samples)
{
	return samples->count ? samples->min_ns : -1;
}

int64_t samples_max(const struct samples *samples)
{
	return samples->count ? samples->max_ns : -1;
}

double samples_mean(const struct samples *samples)
{
	return samples->count ? (double)samples->sum / (double)samples->count : -1;
}

double samples_mdev(const struct samples *samples)
{
	unsigned __int128 mean, rest, deviation;
	double square;

	if (samples->count == 0)
		return -1;
	/* The sum of squares less sum * sum / count, without the product, which has too many bits,
	 * and in integers, since the difference is small beside both. */
	mean = samples->sum / samples->count;
	rest = samples->sum % samples->count;
	deviation = samples->sum_squares - samples->count * mean * mean - 2 * mean * rest;
	square = (double)deviation - (double)rest * (double)rest / (double)samples->count;
	return square > 0 ? sqrt(square / (double)samples->count) : 0;
}

double samples_jitter(const struct samples *samples)
{
	return samples->differences ? samples->jitter_ns : -1;
}
