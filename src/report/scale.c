/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, the histogram's rows: the smallest, the greatest and the outer hundredths of the values
 * -> limits that are round figures. Log-spaced, as latencies spread by factors; evenly spaced where
 * all values are within a factor of two, since there both look alike and even limits are rounder.
 */
#include "report/scale.h"

#include <string.h>

#define ROWS_WANTED 20
#define BODY_ROWS   12  /* of the inner 98 in a hundred, if they have a spacing of their own */
#define BODY_FEW    6   /* rows of a common spacing that are too few for them */
#define LOW_ROWS    3   /* for the lowest hundredth, then */
#define HIGH_ROWS   4   /* for the highest */
#define SPLIT_COUNT 100 /* values without which a hundredth means nothing */

/* Limits within a decade, in hundredths, from fine to coarse. The first two are near the preferred
 * numbers of ISO 3, so that all rows are about as wide. */
struct decade {
	size_t len;
	int hundredths[20];
};
static const struct decade decades[] = {
    {20, {100, 110, 125, 140, 160, 180, 200, 220, 250, 280,
	  320, 360, 400, 450, 500, 560, 630, 700, 800, 900}},
    {10, {100, 125, 160, 200, 250, 320, 400, 500, 630, 800}},
    {6, {100, 150, 200, 300, 500, 700}},
    {3, {100, 200, 500}},
    {2, {100, 300}},
    {1, {100}},
};
#define DECADES (sizeof(decades) / sizeof(decades[0]))

/* Either a decade's limits, or multiples of `step`. */
struct spacing {
	const struct decade *decade; /* NULL: even */
	int64_t step;
};

static int64_t log_above(const struct decade *decade, int64_t value)
{
	for (int64_t ten = 1;; ten *= 10) {
		for (size_t i = 0; i < decade->len; i++)
			if (decade->hundredths[i] * ten / 100 > value)
				return decade->hundredths[i] * ten / 100;
	}
}

/* The smallest limit above `value`. */
static int64_t limit_above(const struct spacing *spacing, int64_t value)
{
	if (spacing->decade)
		return log_above(spacing->decade, value);
	return (value / spacing->step + 1) * spacing->step;
}

/* The greatest limit that `value` does not fall short of. */
static int64_t limit_below(const struct spacing *spacing, int64_t value)
{
	int64_t limit = 0, next;

	if (!spacing->decade)
		return value / spacing->step * spacing->step;
	while ((next = log_above(spacing->decade, limit)) <= value)
		limit = next;
	return limit;
}

/* Rows from that of `low` to that of `high`, or one more than `max` if there are more. */
static size_t count_rows(const struct spacing *spacing, int64_t low, int64_t high, size_t max)
{
	size_t rows = 0;

	for (int64_t limit = limit_below(spacing, low); limit <= high && rows <= max; rows++)
		limit = limit_above(spacing, limit);
	return rows;
}

static struct spacing choose_log(int64_t low, int64_t high, size_t max)
{
	struct spacing spacing = {.decade = decades};

	while (spacing.decade < decades + DECADES - 1 && count_rows(&spacing, low, high, max) > max)
		spacing.decade++;
	return spacing;
}

/* Steps of 1, 2, 5, 10, 20, ... */
static struct spacing choose_even(int64_t low, int64_t high, size_t max)
{
	static const int64_t digits[] = {1, 2, 5};

	/* Equal values have no spread to go by: one row, a tenth of their size. */
	if (low == high)
		max = 1;
	for (int64_t ten = 1;; ten *= 10) {
		for (size_t i = 0; i < 3; i++) {
			struct spacing spacing = {.step = digits[i] * ten};

			if (low == high && spacing.step < low / 20)
				continue;
			if (count_rows(&spacing, low, high, max) <= max)
				return spacing;
		}
	}
}

/* The finest spacing that gives `max` rows or fewer. */
static struct spacing choose(int64_t low, int64_t high, size_t max)
{
	return high / 2 <= low ? choose_even(low, high, max) : choose_log(low, high, max);
}

/* Appends limits up to the first that is above `high`, the last one being there already. */
static void extend(struct scale *scale, const struct spacing *spacing, int64_t high)
{
	while (scale->limits[scale->rows] <= high && scale->rows < SCALE_ROWS) {
		scale->limits[scale->rows + 1] = limit_above(spacing, scale->limits[scale->rows]);
		scale->rows++;
	}
}

/* Few values make few rows: 4, and 2 more for each doubling. */
static size_t rows_for(uint64_t count)
{
	size_t rows = 4;

	for (; count > 1 && rows < ROWS_WANTED; count /= 2)
		rows += 2;
	return rows;
}

static void lay_out(struct scale *scale, const struct spacing *spacing, int64_t min, int64_t max)
{
	scale->rows = 0;
	scale->limits[0] = limit_below(spacing, min);
	extend(scale, spacing, max);
	scale->body_first = 0;
	scale->body_end = scale->rows;
}

struct counting {
	struct scale *scale;
	size_t row;
};

/* Buckets come in ascending order. */
static void count_bucket(void *context, const struct samples_bucket *bucket)
{
	struct counting *counting = context;
	struct scale *scale = counting->scale;

	while (counting->row + 1 < scale->rows &&
	       bucket->value_ns >= scale->limits[counting->row + 1])
		counting->row++;
	scale->counts[counting->row] += bucket->count;
}

static void count_values(struct scale *scale, struct samples *samples)
{
	struct counting counting = {.scale = scale};

	memset(scale->counts, 0, sizeof(scale->counts));
	samples_each(samples, count_bucket, &counting);
}

size_t scale_empty(const struct scale *scale, size_t row)
{
	size_t end = row;

	while (end < scale->rows && scale->counts[end] == 0)
		end++;
	return end - row;
}

/* Rows as printed: a run of empty ones is one. */
static size_t shown_rows(const struct scale *scale)
{
	size_t shown = 0;

	for (size_t row = 0; row < scale->rows; shown++) {
		size_t empty = scale_empty(scale, row);

		row += empty > 0 ? empty : 1;
	}
	return shown;
}

/* All rows with one spacing, the finest that does not take too many lines. Gaps take none, so
 * that two clusters far from each other are both drawn finely. */
static struct spacing spread_evenly(struct scale *scale, struct samples *samples)
{
	int64_t min = samples_min(samples), max = samples_max(samples);
	size_t wanted = rows_for(samples_count(samples));
	struct spacing spacing = choose(min, max, wanted);
	const struct decade *coarsest = spacing.decade;

	for (spacing.decade = coarsest ? decades : NULL; spacing.decade < coarsest;
	     spacing.decade++) {
		if (count_rows(&spacing, min, max, SCALE_ROWS) > SCALE_ROWS)
			continue;
		lay_out(scale, &spacing, min, max);
		count_values(scale, samples);
		if (shown_rows(scale) <= wanted)
			return spacing;
	}
	lay_out(scale, &spacing, min, max);
	count_values(scale, samples);
	return spacing;
}

/* The inner 98 in a hundred with a spacing of their own, the rest with wider ones. */
static void split(struct scale *scale, struct samples *samples, int64_t low, int64_t high)
{
	int64_t min = samples_min(samples), max = samples_max(samples);
	struct spacing body = choose(low, high, BODY_ROWS);
	int64_t body_low = limit_below(&body, low);
	struct spacing tail;

	scale->rows = 0;
	scale->limits[0] = body_low;
	if (min < body_low) {
		tail = choose_log(min, body_low - 1, LOW_ROWS);
		scale->limits[0] = limit_below(&tail, min);
		extend(scale, &tail, body_low - 1);
		scale->limits[scale->rows] = body_low;
	}
	scale->body_first = scale->rows;
	extend(scale, &body, high);
	scale->body_end = scale->rows;
	if (max >= scale->limits[scale->rows]) {
		tail = choose_log(scale->limits[scale->rows], max, HIGH_ROWS);
		extend(scale, &tail, max);
	}
}

void scale_choose(struct samples *samples, struct scale *scale)
{
	int64_t low = samples_quantile(samples, 0.01), high = samples_quantile(samples, 0.99);
	struct spacing spacing = spread_evenly(scale, samples);

	if (samples_count(samples) < SPLIT_COUNT || samples_min(samples) == samples_max(samples) ||
	    count_rows(&spacing, low, high, BODY_FEW) >= BODY_FEW)
		return;
	split(scale, samples, low, high);
	count_values(scale, samples);
}
