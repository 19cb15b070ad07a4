/* SPDX-License-Identifier: BSD-2-Clause */
/* report, the sparkline: round-trip times in their order -> one line of blocks. */
#include <math.h>
#include <string.h>

#include "report/histogram.h"

#define LEVELS 8

static const char *const blocks[LEVELS] = {"\u2581", "\u2582", "\u2583", "\u2584",
					   "\u2585", "\u2586", "\u2587", "\u2588"};
static const char *const plain[LEVELS] = {" ", ".", ":", "-", "=", "+", "*", "#"};

/* The logarithms between which the levels lie. */
struct range {
	double low, high;
};

static double height(int64_t value)
{
	return log2(value > 0 ? (double)value : 1);
}

static struct range range_of(const int64_t *values, size_t n)
{
	struct range range = {INFINITY, -INFINITY};

	for (size_t i = 0; i < n; i++) {
		if (values[i] < 0)
			continue;
		range.low = fmin(range.low, height(values[i]));
		range.high = fmax(range.high, height(values[i]));
	}
	/* A factor of two at least, log2 of which is 1. */
	if (range.high - range.low < 1) {
		double middle = (range.low + range.high) / 2;

		range = (struct range){middle - 0.5, middle + 0.5};
	}
	return range;
}

static const char *glyph(const struct report_style *style, const struct range *range, int64_t value)
{
	int level;

	if (value < 0)
		return "x";
	level =
	    (int)lround((height(value) - range->low) / (range->high - range->low) * (LEVELS - 1));
	return style->unicode ? blocks[level] : plain[level];
}

const char *sparkline(const struct report_style *style, const int64_t *values, size_t n, char *text,
		      size_t size)
{
	size_t fits = (size - 1) / 3, len = 0;
	struct range range;

	if (style->width > 0 && fits > (size_t)style->width)
		fits = (size_t)style->width;
	if (n > fits) {
		values += n - fits;
		n = fits;
	}
	range = range_of(values, n);
	for (size_t i = 0; i < n; i++) {
		const char *mark = glyph(style, &range, values[i]);

		memcpy(text + len, mark, strlen(mark));
		len += strlen(mark);
	}
	text[len] = '\0';
	return text;
}
