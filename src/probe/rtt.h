/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a probe tells about distances: facts -> one measurement, under the rules of evidence.
 *
 * Both ends of every time are stamps of one capture. A time whose segment was sent more than once
 * does not count, unless it is certain which copy was answered (facts_handshake_rtt_ns()).
 */
#ifndef SHAKEDOWN_PROBE_RTT_H
#define SHAKEDOWN_PROBE_RTT_H

#include "probe/probe.h"

enum rtt_answer {
	RTT_ANSWER_NONE,   /* silence: lost, or filtered */
	RTT_ANSWER_SYNACK, /* the port is open */
	RTT_ANSWER_RST,    /* it is closed; the host answered all the same */
	RTT_ANSWER_ICMP,   /* a device on the way, or the host */
	RTT_ANSWER_COUNT
};

struct rtt_measurement {
	enum rtt_answer answer;
	int64_t sent_ns;      /* our first SYN; CLOCK_REALTIME; 0 if the capture did not show it */
	int64_t rtt_ns;       /* SYN to its answer; -1: none, or not certain */
	int64_t path_ns;      /* our question to its acknowledgment (--data-rtt); -1 */
	int64_t close_ns;     /* our FIN to the server's FIN; -1 */
	uint32_t retransmits; /* of our SYN */
	uint32_t duplicates;  /* copies of the SYN-ACK that the network made */
	uint8_t icmp_type, icmp_code;
	struct ip_addr from; /* who answered */
};

void rtt_measure(const struct probe *probe, struct rtt_measurement *to);

/* "syn-ack", "rst", "none"; "icmp" without type and code. */
const char *rtt_answer_name(enum rtt_answer answer);

#endif
