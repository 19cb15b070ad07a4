/* SPDX-License-Identifier: BSD-2-Clause */
/* A pacer: time -> how many may go. */
#include "scan/pacer.h"

#define SECOND_NS    1e9
#define CATCH_UP_S   0.005
#define CATCH_UP_MIN 4.0 /* so that low rates are kept too when timers are coarse */
#define SLOWER       0.7
#define RECOVER_S    0.1 /* part of the asked rate that comes back in a second */
#define SLOW_GAP_NS  INT64_C(100000000)
#define SLOWEST      100.0

void pacer_init(struct pacer *pacer, double rate, int64_t now_ns)
{
	*pacer = (struct pacer){.asked = rate, .rate = rate, .credit = 1, .at_ns = now_ns};
}

uint32_t pacer_due(struct pacer *pacer, int64_t now_ns)
{
	double passed_s = (double)(now_ns - pacer->at_ns) / SECOND_NS;
	double most = pacer->rate * CATCH_UP_S;

	if (passed_s > 0) {
		pacer->at_ns = now_ns;
		pacer->rate += pacer->asked * RECOVER_S * passed_s;
		if (pacer->rate > pacer->asked)
			pacer->rate = pacer->asked;
		pacer->credit += pacer->rate * passed_s;
	}
	if (most < CATCH_UP_MIN)
		most = CATCH_UP_MIN;
	if (pacer->credit > most)
		pacer->credit = most;
	return pacer->credit > 0 ? (uint32_t)pacer->credit : 0;
}

void pacer_took(struct pacer *pacer, uint32_t count)
{
	pacer->credit -= count;
}

void pacer_limit(struct pacer *pacer, double rate)
{
	pacer->rate *= rate / pacer->asked; /* what drops have cost stays so */
	pacer->asked = rate;
}

int64_t pacer_next_ns(const struct pacer *pacer)
{
	if (pacer->credit >= 1)
		return pacer->at_ns;
	return pacer->at_ns + (int64_t)((1 - pacer->credit) / pacer->rate * SECOND_NS) + 1;
}

void pacer_slow_down(struct pacer *pacer, int64_t now_ns)
{
	if (now_ns - pacer->slowed_ns < SLOW_GAP_NS)
		return;
	pacer->slowed_ns = now_ns;
	pacer->slowdowns++;
	pacer->rate *= SLOWER;
	if (pacer->rate < SLOWEST && pacer->asked >= SLOWEST)
		pacer->rate = SLOWEST;
}
