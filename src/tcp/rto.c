/* SPDX-License-Identifier: BSD-2-Clause */
/* machine, its clockwork: RTT samples -> retransmission timeout. RFC 6298. */
#include "tcp/rto.h"

static int64_t clamp(const struct rto *rto, int64_t value)
{
	if (value < rto->min_ns)
		return rto->min_ns;
	return value > rto->max_ns ? rto->max_ns : value;
}

void rto_init(struct rto *rto, int64_t initial_ns, int64_t min_ns, int64_t max_ns)
{
	*rto = (struct rto){.min_ns = min_ns, .max_ns = max_ns};
	rto->rto_ns = initial_ns > max_ns ? max_ns : initial_ns;
}

void rto_sample(struct rto *rto, int64_t rtt_ns)
{
	int64_t error;

	if (rtt_ns < 0)
		rtt_ns = 0;
	if (!rto->sampled) { /* section 2.2 */
		rto->srtt_ns = rtt_ns;
		rto->rttvar_ns = rtt_ns / 2;
		rto->sampled = true;
	} else { /* section 2.3: beta = 1/4, alpha = 1/8 */
		error = rto->srtt_ns - rtt_ns;
		if (error < 0)
			error = -error;
		rto->rttvar_ns += (error - rto->rttvar_ns) / 4;
		rto->srtt_ns += (rtt_ns - rto->srtt_ns) / 8;
	}
	rto->rto_ns = clamp(rto, rto->srtt_ns + 4 * rto->rttvar_ns);
}

void rto_back_off(struct rto *rto)
{
	rto->rto_ns = clamp(rto, rto->rto_ns > rto->max_ns / 2 ? rto->max_ns : rto->rto_ns * 2);
}
