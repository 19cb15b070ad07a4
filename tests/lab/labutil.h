/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lab's C programs: clocks, and numbers from the command line.
 */
#ifndef LAB_LABUTIL_H
#define LAB_LABUTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000LL

int64_t labutil_now_ns(clockid_t clock);

/* "10ms", "500us", "1.5s", "7ns", "2m"; a number alone is seconds. False: not a duration. */
bool labutil_duration(const char *text, int64_t *ns);

/* A whole number of 0 or more. */
bool labutil_number(const char *text, int64_t *value);

/* A percentage, 0 to 100, as parts of 2^32. */
bool labutil_percent(const char *text, uint64_t *parts);

#endif
