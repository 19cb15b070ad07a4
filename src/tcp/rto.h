/* SPDX-License-Identifier: BSD-2-Clause */
/* The retransmission timeout (RFC 6298). All times in nanoseconds. */
#ifndef SHAKEDOWN_TCP_RTO_H
#define SHAKEDOWN_TCP_RTO_H

#include <stdbool.h>
#include <stdint.h>

struct rto {
	int64_t srtt_ns, rttvar_ns;
	int64_t rto_ns; /* now in force, backoff included */
	int64_t min_ns, max_ns;
	bool sampled;
};

void rto_init(struct rto *rto, int64_t initial_ns, int64_t min_ns, int64_t max_ns);

/* A round-trip time that Karn's rule allows (section 3). */
void rto_sample(struct rto *rto, int64_t rtt_ns);

/* The timer expired: double it (section 5.5). */
void rto_back_off(struct rto *rto);

#endif
