/* SPDX-License-Identifier: BSD-2-Clause */
/* What a probe tells about distances: facts -> one measurement. */
#include "probe/rtt.h"

#include <assert.h>

static const char *const answer_names[] = {
    [RTT_ANSWER_NONE] = "none",
    [RTT_ANSWER_SYNACK] = "syn-ack",
    [RTT_ANSWER_RST] = "rst",
    [RTT_ANSWER_ICMP] = "icmp",
};
static_assert(sizeof(answer_names) / sizeof(answer_names[0]) == RTT_ANSWER_COUNT, "every answer");

const char *rtt_answer_name(enum rtt_answer answer)
{
	return answer_names[answer];
}

static enum rtt_answer answer_of(const struct facts *facts)
{
	if (facts->synack_count > 0)
		return RTT_ANSWER_SYNACK;
	if (facts->refused)
		return RTT_ANSWER_RST;
	return facts->icmp ? RTT_ANSWER_ICMP : RTT_ANSWER_NONE;
}

static int64_t between(int64_t from_ns, int64_t to_ns)
{
	return from_ns != 0 && to_ns >= from_ns ? to_ns - from_ns : -1;
}

/* Of an ICMP error it cannot be told which copy of the SYN it is about. */
static int64_t icmp_rtt(const struct facts *facts)
{
	return facts->syn_count == 1 ? between(facts->syns[0].stamp_ns, facts->icmp_ns) : -1;
}

void rtt_measure(const struct probe *probe, struct rtt_measurement *to)
{
	const struct facts *facts = &probe->facts;

	*to = (struct rtt_measurement){.answer = answer_of(facts),
				       .sent_ns = facts->syns[0].stamp_ns,
				       .rtt_ns = facts_handshake_rtt_ns(facts),
				       .from = probe->flow.dst.addr};
	to->path_ns = between(facts->question_ns, facts->question_acked_ns);
	to->close_ns = -1;
	if (!facts->peer_fin_first && facts->fin_count == 1)
		to->close_ns = between(facts->fin_ns, facts->peer_fin_ns);
	if (facts->syn_count > 0)
		to->retransmits = facts->syn_count - 1;
	if (facts->synack_count > 0)
		to->duplicates = facts->synack_count - 1 - facts->synack_repeats;
	if (to->answer != RTT_ANSWER_ICMP)
		return;
	to->rtt_ns = icmp_rtt(facts);
	to->icmp_type = facts->icmp_type;
	to->icmp_code = facts->icmp_code;
	to->from = facts->icmp_from;
}
