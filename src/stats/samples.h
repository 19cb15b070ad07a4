/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples: round-trip times in, figures out. Any count of them in bounded memory.
 *
 * Up to `capacity` values are kept as they are, and every quantile is exact. With the value after
 * that, the store turns into a log-linear histogram: width 1 ns below 4096 ns, above that 2048
 * buckets to each power of two. A value then stands for the middle of its bucket, so that
 * whatever order statistic, quantile or interval is asked for is off by at most 2^-12 of itself
 * (0.0245 %; nothing below 4096 ns). Count, min, max, mean, mdev and jitter are never approximate:
 * sums are exact integers of 128 bits.
 *
 * Memory: 8 octets per value until then; 16 KiB per power of two that occurs after that, which
 * is 600 KiB at most and some 64 KiB in a common run.
 */
#ifndef SHAKEDOWN_STATS_SAMPLES_H
#define SHAKEDOWN_STATS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLES_CAPACITY   ((size_t)1 << 17)         /* 1 MiB of values */
#define SAMPLES_MAX_NS     ((INT64_C(1) << 47) - 1)  /* 39 hours */
#define SAMPLES_COUNT_MAX  ((UINT64_C(1) << 33) - 1) /* what the sums have room for */
#define SAMPLES_CHUNKS     37                        /* powers of two, see above */
#define SAMPLES_CHUNK_SIZE 2048

/* Zeroed memory is an empty store of SAMPLES_CAPACITY. The members are samples.c's own. */
struct samples {
	int64_t *values; /* NULL: none yet, or a histogram by now */
	size_t len;      /* of `values`, in use */
	size_t room;     /* of `values`, allocated */
	size_t capacity; /* 0: SAMPLES_CAPACITY */
	size_t sorted;   /* of `values`, the first so many are in order */
	bool histogram;
	uint64_t *chunks[SAMPLES_CHUNKS];
	uint64_t count;
	int64_t min_ns, max_ns;
	unsigned __int128 sum, sum_squares;
	int64_t last_ns;
	uint64_t differences; /* that went into the jitter */
	double jitter_ns;
};

/* An empty store that turns into a histogram beyond `capacity` values (0: SAMPLES_CAPACITY).
 * Allocates nothing. */
void samples_init(struct samples *samples, size_t capacity);
void samples_free(struct samples *samples);

/* Adds one value. Returns -1 without adding it, and errno says why: ERANGE for one that is not
 * within 0..SAMPLES_MAX_NS or when SAMPLES_COUNT_MAX are there, ENOMEM. */
int samples_add(struct samples *samples, int64_t value_ns);

/* Adds all that is in `other`, which stays as it is. The sums are as if all values had been added
 * one by one; the jitter, of which two series side by side have no common one, is the mean of
 * both, weighted with their counts of differences. Returns -1 as samples_add() does; then
 * `samples` is as it was. */
int samples_merge(struct samples *samples, const struct samples *other);

/* True while every value is kept, and so every quantile exact. */
bool samples_exact(const struct samples *samples);

uint64_t samples_count(const struct samples *samples);
/* All of these in nanoseconds; -1 if there are no values. */
int64_t samples_min(const struct samples *samples);
int64_t samples_max(const struct samples *samples);
double samples_mean(const struct samples *samples);
/* As ping of iputils has it: the square root of (mean of the squares - square of the mean), the
 * standard deviation of these values as a population. */
double samples_mdev(const struct samples *samples);
/* RFC 3550, section 6.4.1, with round-trip times in place of transit times: for each value after
 * the first, in the order of adding, J += (|D| - J) / 16, D being its difference from the one
 * before; J starts at 0. Losses leave no trace in it. -1 before the second value. */
double samples_jitter(const struct samples *samples);

/* Nearest rank: the smallest value that at least the share `q` (0..1) of all values do not exceed,
 * in other words value number ceil(q * count) in ascending order, the first for q = 0. Always a
 * value that occurred, nothing interpolated (within the bound above, as a histogram). -1 if there
 * are none. Sorts when it has to, so `samples` is not const. */
int64_t samples_quantile(struct samples *samples, double q);
/* Value number `rank`, 1..count, in ascending order. */
int64_t samples_order(struct samples *samples, uint64_t rank);

/* Which ranks enclose the quantile `q` (0 < q < 1) of the distribution behind `count` independent
 * values with at least the probability `level` (0 < level < 1), whatever distribution that is:
 * each end is missed with (1 - level) / 2 at most. From the binomial distribution, exact up to
 * 1000 values and by its normal approximation beyond. *low 0: too few values for a lower end;
 * *high 0: for an upper. */
void samples_quantile_ranks(uint64_t count, double q, double level, uint64_t *low, uint64_t *high);
/* The confidence interval of the median from that. -1 if there are too few values: fewer than 6
 * for 0.95, 8 for 0.99. */
int samples_median_ci(struct samples *samples, double level, int64_t *low_ns, int64_t *high_ns);

/* Equal values, or one bucket. */
struct samples_bucket {
	int64_t low_ns, high_ns; /* both inclusive; equal where nothing is lost */
	int64_t value_ns;        /* what it stands for */
	uint64_t count;          /* never 0 */
};
/* Calls `visit` for each bucket in ascending order. */
void samples_each(struct samples *samples,
		  void (*visit)(void *context, const struct samples_bucket *bucket), void *context);

#endif
