/* SPDX-License-Identifier: BSD-2-Clause */
/* samples, as text: the store of values <-> one line. See samples_text.h; the histogram's layout is
 * in samples.c. */
#include "stats/samples_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS ((uint64_t)SAMPLES_CHUNKS * SAMPLES_CHUNK_SIZE)

/* --- to text --- */

struct writer {
	FILE *out;
	uint64_t before;
};

static void put_wide(FILE *out, unsigned __int128 value)
{
	if (value >> 64)
		fprintf(out, " %" PRIx64 "%016" PRIx64, (uint64_t)(value >> 64), (uint64_t)value);
	else
		fprintf(out, " %" PRIx64, (uint64_t)value);
}

static void put_entry(struct writer *writer, uint64_t at, uint64_t times)
{
	fprintf(writer->out, times == 1 ? " %" PRIu64 : " %" PRIu64 "*%" PRIu64,
		at - writer->before, times);
	writer->before = at;
}

static void put_value(void *to, const struct samples_bucket *bucket)
{
	put_entry(to, (uint64_t)bucket->value_ns, bucket->count);
}

static void put_chunks(struct writer *writer, const struct samples *samples)
{
	for (unsigned i = 0; i < SAMPLES_CHUNKS; i++)
		for (unsigned j = 0; samples->chunks[i] && j < SAMPLES_CHUNK_SIZE; j++)
			if (samples->chunks[i][j] > 0)
				put_entry(writer, (uint64_t)i * SAMPLES_CHUNK_SIZE + j,
					  samples->chunks[i][j]);
}

static void write_all(FILE *out, struct samples *samples)
{
	struct writer writer = {.out = out};

	fprintf(out, "%c %" PRIu64 " %" PRId64 " %" PRId64, samples->histogram ? 'h' : 'v',
		samples->count, samples->count ? samples->min_ns : 0,
		samples->count ? samples->max_ns : 0);
	put_wide(out, samples->sum);
	put_wide(out, samples->sum_squares);
	if (samples->histogram)
		put_chunks(&writer, samples);
	else
		samples_each(samples, put_value, &writer);
}

char *samples_to_text(struct samples *samples)
{
	struct samples histogram;
	char *text = NULL;
	size_t len;
	FILE *out;

	samples_init(&histogram, 1);
	if (!samples->histogram && samples->count > SAMPLES_TEXT_EXACT) {
		if (samples_merge(&histogram, samples) < 0)
			return NULL;
		samples = &histogram;
	}
	out = open_memstream(&text, &len);
	if (out) {
		write_all(out, samples);
		if (fclose(out) != 0) {
			free(text);
			text = NULL;
		}
	}
	samples_free(&histogram);
	return text;
}

/* --- from text --- */

/* A number of that base before a blank, '*' or the end; -1 if there is none, or it is too large. */
static int take_wide(const char **at, unsigned base, unsigned __int128 *value)
{
	static const char digits[] = "0123456789abcdef";
	const char *start = *at, *digit;

	*value = 0;
	for (; **at && (digit = strchr(digits, **at)) && digit < digits + base; (*at)++) {
		if (*value > (~(unsigned __int128)0 - 15) / 16)
			return -1;
		*value = *value * base + (unsigned)(digit - digits);
	}
	return *at > start && (**at == '\0' || **at == ' ' || **at == '*') ? 0 : -1;
}

static int take(const char **at, uint64_t max, uint64_t *value)
{
	unsigned __int128 wide;

	if (*(*at)++ != ' ' || take_wide(at, 10, &wide) < 0 || wide > max)
		return -1;
	*value = (uint64_t)wide;
	return 0;
}

static int take_head(struct samples *samples, const char **at)
{
	uint64_t min, max;

	if (take(at, SAMPLES_COUNT_MAX, &samples->count) < 0 ||
	    take(at, SAMPLES_MAX_NS, &min) < 0 || take(at, SAMPLES_MAX_NS, &max) < 0 ||
	    *(*at)++ != ' ' || take_wide(at, 16, &samples->sum) < 0 || *(*at)++ != ' ' ||
	    take_wide(at, 16, &samples->sum_squares) < 0)
		return -1;
	samples->min_ns = (int64_t)min;
	samples->max_ns = samples->last_ns = (int64_t)max;
	return 0;
}

/* The sums of that many values between the smallest and the greatest. */
static bool head_is_sound(const struct samples *samples)
{
	unsigned __int128 n = samples->count, min = (uint64_t)samples->min_ns,
			  max = (uint64_t)samples->max_ns;

	if (n == 0)
		return samples->sum == 0 && samples->sum_squares == 0;
	return min <= max && samples->sum >= n * min && samples->sum <= n * max &&
	       samples->sum_squares >= n * min * min && samples->sum_squares <= n * max * max;
}

static int add_values(struct samples *samples, uint64_t value, uint64_t times)
{
	for (uint64_t i = 0; i < times; i++)
		if (samples_add(samples, (int64_t)value) < 0)
			return -1;
	return 0;
}

static int add_bucket(struct samples *samples, uint64_t number, uint64_t times)
{
	uint64_t **chunk = &samples->chunks[number / SAMPLES_CHUNK_SIZE];

	if (!*chunk)
		*chunk = calloc(SAMPLES_CHUNK_SIZE, sizeof(**chunk));
	if (!*chunk)
		return -1;
	(*chunk)[number % SAMPLES_CHUNK_SIZE] += times;
	return 0;
}

/* Calls `add` for each entry; -1 unless they are as many as the head says. */
static int take_entries(const char *at, uint64_t last, uint64_t count, struct samples *samples,
			int (*add)(struct samples *, uint64_t, uint64_t))
{
	uint64_t number = 0, sum = 0;

	while (*at) {
		uint64_t delta, times = 1;

		if (take(&at, last - number, &delta) < 0)
			return -1;
		number += delta;
		if (*at == '*') {
			unsigned __int128 wide;

			at++;
			if (take_wide(&at, 10, &wide) < 0 || wide > count - sum)
				return -1;
			times = (uint64_t)wide;
		}
		if (times == 0 || times > count - sum || add(samples, number, times) < 0)
			return -1;
		sum += times;
	}
	return sum == count ? 0 : -1;
}

/* Where the smallest and the greatest value must be. */
static bool buckets_hold(const struct samples *samples)
{
	struct samples probe;
	bool sound = true;

	samples_init(&probe, 1);
	if (samples_add(&probe, samples->min_ns) < 0 || samples_add(&probe, samples->max_ns) < 0)
		sound = false;
	for (unsigned i = 0; sound && i < SAMPLES_CHUNKS; i++)
		for (unsigned j = 0; probe.chunks[i] && j < SAMPLES_CHUNK_SIZE; j++)
			if (probe.chunks[i][j] > 0 &&
			    (!samples->chunks[i] || samples->chunks[i][j] == 0))
				sound = false;
	samples_free(&probe);
	return sound;
}

static int read_values(struct samples *samples, const struct samples *head, const char *at)
{
	if (head->count > SAMPLES_CAPACITY ||
	    take_entries(at, SAMPLES_MAX_NS, head->count, samples, add_values) < 0)
		return -1;
	samples->jitter_ns = 0;
	samples->differences = 0;
	return samples->sum == head->sum && samples->sum_squares == head->sum_squares &&
		       (head->count == 0 ||
			(samples->min_ns == head->min_ns && samples->max_ns == head->max_ns))
		   ? 0
		   : -1;
}

static int read_histogram(struct samples *samples, const struct samples *head, const char *at)
{
	size_t capacity = samples->capacity;

	*samples = *head;
	samples->capacity = capacity;
	samples->histogram = true;
	return head->count > 0 &&
		       take_entries(at, BUCKETS - 1, head->count, samples, add_bucket) == 0 &&
		       buckets_hold(samples)
		   ? 0
		   : -1;
}

int samples_from_text(struct samples *samples, const char *text)
{
	struct samples head = {.values = NULL};
	const char *at = text + 1;
	int rc = -1;

	if ((text[0] == 'v' || text[0] == 'h') && take_head(&head, &at) == 0 &&
	    head_is_sound(&head))
		rc = text[0] == 'v' ? read_values(samples, &head, at)
				    : read_histogram(samples, &head, at);
	if (rc < 0)
		samples_free(samples);
	return rc;
}
