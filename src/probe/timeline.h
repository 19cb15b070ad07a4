/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timeline: each segment of one connection in the order in which the capture saw it, with our
 * state and the server's inferred state after it. Bounded: what does not fit is counted.
 */
#ifndef SHAKEDOWN_PROBE_TIMELINE_H
#define SHAKEDOWN_PROBE_TIMELINE_H

#include "probe/peer.h"
#include "wire/decode.h"

enum moment_kind { MOMENT_SEGMENT, MOMENT_ICMP };

struct moment {
	int64_t stamp_ns; /* CLOCK_REALTIME, from the capture */
	enum moment_kind kind;
	bool foreign;    /* it left our port, but we did not send it: the kernel did */
	bool ours;       /* we sent it */
	bool retransmit; /* it was sent before, by the same side */
	enum tcb_note note;
	enum tcb_state our_state; /* after it */
	struct peer peer;         /* after it */
	struct segment seg;       /* `data` is not kept */
	struct ip_fields ip;
	uint8_t icmp_type, icmp_code;
	struct ip_addr icmp_from; /* who sent the ICMP error */
	enum checksum_state tcp_checksum;
};

struct timeline {
	struct moment *moments;
	uint32_t count, capacity;
	uint32_t left_out; /* segments for which there was no room */
};

/* A copy of the packet goes to the end; the caller fills in the rest. NULL if there is no room or
 * no timeline is kept. */
struct moment *timeline_add(struct timeline *timeline, const struct packet *packet,
			    int64_t stamp_ns);

#endif
