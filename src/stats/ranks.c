/* SPDX-License-Identifier: BSD-2-Clause */
/* samples: which order statistics enclose a quantile, from the binomial distribution. */
#include <assert.h>
#include <math.h>

#include "stats/normal.h"
#include "stats/samples.h"

/* Beyond that many values the normal approximation will do, unless so few of them are
 * expected on one side of the quantile. */
#define EXACT_COUNT 1000
#define EXACT_SIDE  100

/* The greatest rank that exceeds the quantile with probability `miss` at most: value number r does
 * if at most r - 1 of `count` values are not above the quantile, of which each is with probability
 * q. So the greatest r with P(binomial(count, q) <= r - 1) <= miss; 0 if there is none. */
static uint64_t exact_rank(uint64_t count, double q, double miss)
{
	/* Logarithms, as the first terms are too small for a double. */
	double odds = log(q) - log1p(-q), term = (double)count * log1p(-q), sum = 0;
	uint64_t rank = 0;

	while (rank <= count) {
		sum += exp(term);
		/* A hair's breadth for rounding: 0.5^5 is to count as 0.03125. */
		if (sum > miss * (1 + 1e-10))
			break;
		term += log((double)(count - rank) / (double)(rank + 1)) + odds;
		rank++;
	}
	return rank <= count ? rank : count;
}

/* The same by the normal distribution, with the corrections for continuity and skewness. */
static uint64_t normal_rank(uint64_t count, double q, double miss)
{
	double n = (double)count, z = -normal_z(miss);
	double below = n * q + z * sqrt(n * q * (1 - q)) + (z * z - 1) * (1 - 2 * q) / 6 - 0.5;

	return below < 0 ? 0 : (uint64_t)floor(below) + 1;
}

static uint64_t lower_rank(uint64_t count, double q, double miss)
{
	double side = (double)count * (q < 0.5 ? q : 1 - q);

	if (count <= EXACT_COUNT || side <= EXACT_SIDE)
		return exact_rank(count, q, miss);
	return normal_rank(count, q, miss);
}

void samples_quantile_ranks(uint64_t count, double q, double level, uint64_t *low, uint64_t *high)
{
	double miss = (1 - level) / 2;
	uint64_t from_top;

	assert(q > 0 && q < 1 && level > 0 && level < 1);
	*low = lower_rank(count, q, miss);
	/* The same seen from the other end. */
	from_top = lower_rank(count, 1 - q, miss);
	*high = from_top > 0 ? count + 1 - from_top : 0;
}

int samples_median_ci(struct samples *samples, double level, int64_t *low_ns, int64_t *high_ns)
{
	uint64_t low, high;

	samples_quantile_ranks(samples->count, 0.5, level, &low, &high);
	if (low == 0 || high == 0)
		return -1;
	*low_ns = samples_order(samples, low);
	*high_ns = samples_order(samples, high);
	return 0;
}
