/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pacer: the rate asked for is the rate kept. Sends are due at even times; who comes late may
 * make up for a little, never for more than a few milliseconds. Slows down when told of loss, and
 * comes back by steps. Pure.
 */
#ifndef SHAKEDOWN_SCAN_PACER_H
#define SHAKEDOWN_SCAN_PACER_H

#include <stdint.h>

struct pacer {
	double asked, rate; /* a second */
	double credit;      /* sends that are due */
	int64_t at_ns, slowed_ns;
	uint64_t slowdowns;
};

void pacer_init(struct pacer *pacer, double rate, int64_t now_ns);

/* How many may go now; pacer_took() says how many did. */
uint32_t pacer_due(struct pacer *pacer, int64_t now_ns);
void pacer_took(struct pacer *pacer, uint32_t count);

/* When the next one is due. */
int64_t pacer_next_ns(const struct pacer *pacer);

/* From now on this rate, and no more. */
void pacer_limit(struct pacer *pacer, double rate);

/* The path drops what we send, or our capture what comes: at most ten times a second it counts. */
void pacer_slow_down(struct pacer *pacer, int64_t now_ns);

#endif
