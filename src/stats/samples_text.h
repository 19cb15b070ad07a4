/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples to text and back, so that stores of several machines can be merged.
 *
 * "v COUNT MIN MAX SUM SQUARES ENTRY..." while there are few values, and exact; else "h ...", the
 * histogram of samples.h. Decimal but for the SUM and the SUM of SQUARES, which are hexadecimal. An
 * ENTRY is DELTA or DELTA*TIMES: so much above the entry before it (the first: above 0), so often;
 * of values in the first case, of numbers of buckets in the second. Buckets are the same for all
 * stores, so that merging adds nothing to their error of 2^-12; sums stay exact. The jitter, of
 * which several series have none in common, is not kept.
 */
#ifndef SHAKEDOWN_STATS_SAMPLES_TEXT_H
#define SHAKEDOWN_STATS_SAMPLES_TEXT_H

#include "stats/samples.h"

#define SAMPLES_TEXT_EXACT 4096 /* values at most, beyond which it is a histogram */

/* To be freed. NULL: no memory. Sorts, so `samples` is not const. */
char *samples_to_text(struct samples *samples);

/* Fills an empty store. -1 if the text is not what samples_to_text() writes, or memory is out; then
 * the store is empty. */
int samples_from_text(struct samples *samples, const char *text);

#endif
