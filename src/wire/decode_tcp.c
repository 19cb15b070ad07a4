/* SPDX-License-Identifier: BSD-2-Clause */
/* decode, TCP. In: what an IP packet carries. Out: a segment. RFC 9293 section 3.1. */
#include "wire/checksum.h"
#include "wire/decode_parts.h"
#include "wire/octets.h"

static enum checksum_state tcp_checksum(const struct span *span, const struct flow *flow)
{
	const uint64_t pseudo =
	    checksum_pseudo(&flow->src.addr, &flow->dst.addr, PROTOCOL_TCP, (uint32_t)span->wire);

	const enum checksum_state state = decode_checksum(span, pseudo);
	const uint16_t partial = (uint16_t)~checksum_fold(pseudo);

	if (state != CHECKSUM_GOOD && get16(span->at + 16) == partial)
		return CHECKSUM_PARTIAL;
	return state;
}

enum refusal decode_tcp(const struct span *span, struct packet *out)
{
	const uint8_t *at = span->at;
	struct segment *seg = &out->seg;
	size_t header_len;

	if (span->captured < TCP_HEADER_LEN)
		return REFUSE_TCP_TRUNCATED;
	header_len = (size_t)(at[12] >> 4) * 4;
	if (header_len < TCP_HEADER_LEN || header_len > span->wire)
		return REFUSE_TCP_OFFSET;
	if (header_len > span->captured)
		return REFUSE_TCP_TRUNCATED;
	out->kind = PACKET_TCP;
	out->flow.src.port = get16(at);
	out->flow.dst.port = get16(at + 2);
	seg->seq = get32(at + 4);
	seg->ack = get32(at + 8);
	seg->flags = get16(at + 12) & 0xfff;
	seg->wnd = get16(at + 14);
	seg->urp = get16(at + 18);
	seg->data = at + header_len;
	seg->data_len = (uint32_t)(span->wire - header_len);
	seg->data_captured = (uint32_t)(span->captured - header_len);
	options_decode(at + TCP_HEADER_LEN, header_len - TCP_HEADER_LEN, &seg->options);
	out->tcp_checksum = tcp_checksum(span, &out->flow);
	return REFUSE_NOT;
}
