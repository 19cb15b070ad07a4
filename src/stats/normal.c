/* SPDX-License-Identifier: BSD-2-Clause */
/* The standard normal distribution, from the C library's erfc(). */
#include "stats/normal.h"

#include <math.h>

double normal_above(double z)
{
	return 0.5 * erfc(z / M_SQRT2);
}

double normal_z(double probability)
{
	double low = -40, high = 40;

	/* Halving until nothing is left to halve; the doubles between are fewer than 2^64. */
	for (;;) {
		double middle = low + (high - low) / 2;

		if (middle <= low || middle >= high)
			return middle;
		if (normal_above(middle) > probability)
			low = middle;
		else
			high = middle;
	}
}
