/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: decode_frame. In: an octet that chooses the link type (its low three bits) and how
 * much of the frame the capture cut off (the others, in steps of 64 octets), then the frame.
 * Breaks when a frame makes decode read outside of it, return data that lies there, or return a
 * segment that craft and decode do not agree on.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/craft.h"
#include "wire/decode.h"

#define PACKET_MAX 65575

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

static void must(bool invariant)
{
	if (!invariant)
		abort();
}

static void same_segment(const struct packet *a, const struct packet *b)
{
	must(flow_equal(&a->flow, &b->flow));
	must(a->seg.seq == b->seg.seq && a->seg.ack == b->seg.ack);
	must(a->seg.flags == b->seg.flags && a->seg.wnd == b->seg.wnd && a->seg.urp == b->seg.urp);
	must(a->seg.data_len == b->seg.data_len);
	must(a->seg.data_len == 0 || memcmp(a->seg.data, b->seg.data, a->seg.data_len) == 0);
	must(a->ip.ttl == b->ip.ttl && a->ip.tos == b->ip.tos);
	must(a->ip.df == b->ip.df && a->ip.id == b->ip.id);
}

/* A segment that was captured whole can be made again. */
static void check_craft(const struct packet *packet)
{
	static uint8_t out[PACKET_MAX];
	const struct craft_request request = {&packet->flow, &packet->ip, &packet->seg, NULL};
	struct packet again;
	size_t len;

	if (packet->seg.data_captured < packet->seg.data_len)
		return;
	len = craft_packet(&request, out, sizeof(out));
	must(len != 0 || packet->seg.data_len > PACKET_MAX - CRAFT_HEADERS_MAX);
	if (len == 0)
		return;
	must(decode_frame(LINK_RAW, out, len, len, &again) == REFUSE_NOT);
	must(again.kind == PACKET_TCP);
	must(again.ip_checksum == CHECKSUM_GOOD && again.tcp_checksum == CHECKSUM_GOOD);
	same_segment(packet, &again);
}

static void check_tcp(const struct packet *packet, const uint8_t *frame, size_t captured)
{
	const struct segment *seg = &packet->seg;

	must(seg->data >= frame && seg->data <= frame + captured);
	must(seg->data_captured <= (size_t)(frame + captured - seg->data));
	must(seg->data_captured <= seg->data_len && seg->data_len < packet->ip_len);
	must(seg->options.sack_count <= SACK_BLOCKS_MAX);
	if (packet->tcp_checksum != CHECKSUM_PARTIAL) /* of which the header alone tells */
		must((packet->tcp_checksum == CHECKSUM_UNKNOWN) ==
		     (seg->data_captured < seg->data_len));
	check_craft(packet);
}

static void check_icmp(const struct packet *packet)
{
	const uint8_t version = packet->flow.src.addr.version;

	must(packet->icmp.quoted.src.addr.version == version);
	must(packet->icmp.quoted.dst.addr.version == version);
	must(packet->flow.src.port == 0 && packet->flow.dst.port == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	const uint8_t *frame = input + 1;
	enum refusal refusal;
	struct packet packet;
	size_t wire_len;

	if (len == 0)
		return 0;
	len--;
	wire_len = len + (size_t)(input[0] >> 3) * 64;
	refusal = decode_frame((input[0] & 7) % LINK_COUNT, frame, len, wire_len, &packet);
	must(refusal < REFUSE_COUNT && refusal_name(refusal));
	if (refusal != REFUSE_NOT)
		return 0;
	must(packet.flow.src.addr.version == packet.flow.dst.addr.version);
	must(packet.ip_len <= wire_len);
	if (packet.kind == PACKET_TCP)
		check_tcp(&packet, frame, len);
	else
		check_icmp(&packet);
	return 0;
}
