/* SPDX-License-Identifier: BSD-2-Clause */
/* The standard normal distribution. */
#ifndef SHAKEDOWN_STATS_NORMAL_H
#define SHAKEDOWN_STATS_NORMAL_H

/* The probability of a value greater than z. */
double normal_above(double z);
/* The z that is exceeded with this probability, 0 < probability < 1. */
double normal_z(double probability);

#endif
