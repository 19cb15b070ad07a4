/* SPDX-License-Identifier: BSD-2-Clause */
/* The timeline: packets in capture order -> moments. */
#include "probe/timeline.h"

struct moment *timeline_add(struct timeline *timeline, const struct packet *packet,
			    int64_t stamp_ns)
{
	struct moment *moment;

	if (timeline->count == timeline->capacity) {
		timeline->left_out++;
		return NULL;
	}
	moment = &timeline->moments[timeline->count++];
	*moment = (struct moment){.stamp_ns = stamp_ns, .ip = packet->ip};
	moment->tcp_checksum = packet->tcp_checksum;
	if (packet->kind == PACKET_ICMP_ERROR) {
		moment->kind = MOMENT_ICMP;
		moment->icmp_type = packet->icmp.type;
		moment->icmp_code = packet->icmp.code;
		moment->icmp_from = packet->flow.src.addr;
		return moment;
	}
	moment->kind = MOMENT_SEGMENT;
	moment->seg = packet->seg;
	moment->seg.data = NULL;
	return moment;
}
