/* SPDX-License-Identifier: BSD-2-Clause */
/* report, drawings of round-trip times for a terminal: their distribution, and their course. */
#ifndef SHAKEDOWN_REPORT_HISTOGRAM_H
#define SHAKEDOWN_REPORT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "report/report.h"
#include "stats/samples.h"

/* Prints the distribution to style->out, some 20 rows of at most style->width columns (60 at
 * least): from - to, bar, count, share, and which of p50 p90 p95 p99 p99.9 are in this row.
 * Limits are round figures, log-spaced, or evenly where all is within a factor of two; more than
 * one empty row in a run is one row with dots. If few outliers would squeeze all else into a few
 * rows, the rows of the outermost hundredths are wider than the others and marked so. Prints
 * nothing if there are no values. */
void histogram_print(const struct report_style *style, struct samples *samples);

/* Room for a sparkline of `n` values. */
#define SPARKLINE_SIZE(n) (3 * (n) + 1)

/* One line of the values in the order given (the newest last), a column each: the height is the
 * logarithm of the value between the smallest and the greatest, or within a factor of two around
 * them if they are closer than that (so that noise stays small); x for a value < 0, a lost one. No
 * newline. If there are more values than style->width or than fit into `size`, the newest. */
const char *sparkline(const struct report_style *style, const int64_t *values, size_t n, char *text,
		      size_t size);

#endif
