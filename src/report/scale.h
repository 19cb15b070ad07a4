/* SPDX-License-Identifier: BSD-2-Clause */
/* report, the histogram's rows: which round limits suit these round-trip times. */
#ifndef SHAKEDOWN_REPORT_SCALE_H
#define SHAKEDOWN_REPORT_SCALE_H

#include <stddef.h>
#include <stdint.h>

#include "stats/samples.h"

#define SCALE_ROWS 200 /* at most, and with the empty ones; some 20 others as a rule */

/* Row i is limits[i] (inclusive) to limits[i + 1] (exclusive), with so many values in it. Rows
 * before body_first and from body_end on have another width. */
struct scale {
	int64_t limits[SCALE_ROWS + 1]; /* nanoseconds, ascending */
	uint64_t counts[SCALE_ROWS];
	size_t rows, body_first, body_end;
};

/* Chooses rows that cover all values, of which there is one at least. */
void scale_choose(struct samples *samples, struct scale *scale);

/* How many empty rows begin at `row`. */
size_t scale_empty(const struct scale *scale, size_t row);

#endif
