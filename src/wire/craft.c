/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * craft. In: flow + IP fields + segment. Out: the octets of an IP packet, checksums complete.
 * RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 section 3.1 (TCP), RFC 894 and RFC 2464 (Ethernet).
 */
#include <string.h>

#include "wire/checksum.h"
#include "wire/craft.h"
#include "wire/layout.h"
#include "wire/octets.h"

/* What the length fields of both IP versions can count to. */
#define IP_LEN_MAX 65535

/* What comes before the octets are written: each part's length is known, and allowed. */
struct parts {
	size_t ip_header_len;
	size_t tcp_header_len;
	size_t options_len;
	size_t data_len;
	uint8_t options[OPTIONS_OCTETS_MAX];
};

static size_t packet_len(const struct parts *parts)
{
	return parts->ip_header_len + parts->tcp_header_len + parts->data_len;
}

/* False if the raw options cannot be those of a TCP header. */
static bool take_options(const struct craft_request *request, struct parts *parts)
{
	const struct craft_faults *faults = request->faults;

	if (!faults || !faults->options_raw) {
		parts->options_len = options_encode(&request->seg->options, parts->options);
		return true;
	}
	if (faults->options_raw_len % 4 || faults->options_raw_len > OPTIONS_OCTETS_MAX)
		return false;
	parts->options_len = faults->options_raw_len;
	memcpy(parts->options, faults->options_raw, faults->options_raw_len);
	return true;
}

/* False if this cannot become a packet. */
static bool take_parts(const struct craft_request *request, struct parts *parts)
{
	const uint8_t version = request->flow->src.addr.version;
	size_t counted;

	if (version != request->flow->dst.addr.version || (version != IP_V4 && version != IP_V6))
		return false;
	if (request->faults && request->faults->data_offset > 15)
		return false;
	if (!take_options(request, parts))
		return false;
	parts->ip_header_len = version == IP_V4 ? IP4_HEADER_LEN : IP6_HEADER_LEN;
	parts->tcp_header_len = TCP_HEADER_LEN + parts->options_len;
	parts->data_len = request->seg->data_len;
	if (parts->data_len > IP_LEN_MAX)
		return false;
	/* IPv4 counts its header too, IPv6 only what comes after. */
	counted = packet_len(parts) - (version == IP_V6 ? IP6_HEADER_LEN : 0);
	return counted <= IP_LEN_MAX;
}

static void put_ip4(const struct craft_request *request, size_t len, uint8_t *out)
{
	const struct ip_fields *ip = request->ip;

	out[0] = 4 << 4 | IP4_HEADER_LEN / 4;
	out[1] = ip->tos;
	put16(out + 2, (uint16_t)len);
	put16(out + 4, ip->id);
	put16(out + 6, ip->df ? IP4_DF : 0);
	out[8] = ip->ttl;
	out[9] = PROTOCOL_TCP;
	put16(out + 10, 0);
	memcpy(out + 12, request->flow->src.addr.octets, 4);
	memcpy(out + 16, request->flow->dst.addr.octets, 4);
	put16(out + 10, checksum_fold(checksum_add(0, out, IP4_HEADER_LEN)));
}

/* The flow label is 0: what a probe sends must not depend on the label's hash in routers. */
static void put_ip6(const struct craft_request *request, size_t len, uint8_t *out)
{
	const struct ip_fields *ip = request->ip;

	put32(out, UINT32_C(6) << 28 | (uint32_t)ip->tos << 20);
	put16(out + 4, (uint16_t)(len - IP6_HEADER_LEN));
	out[6] = PROTOCOL_TCP;
	out[7] = ip->ttl;
	memcpy(out + 8, request->flow->src.addr.octets, 16);
	memcpy(out + 24, request->flow->dst.addr.octets, 16);
}

static uint16_t tcp_checksum(const struct flow *flow, const uint8_t *tcp, size_t len)
{
	const uint64_t pseudo =
	    checksum_pseudo(&flow->src.addr, &flow->dst.addr, PROTOCOL_TCP, (uint32_t)len);

	return checksum_fold(checksum_add(pseudo, tcp, len));
}

static void put_tcp(const struct craft_request *request, const struct parts *parts, uint8_t *out)
{
	const struct segment *seg = request->seg;
	const struct craft_faults *faults = request->faults;
	uint16_t offset = (uint16_t)(parts->tcp_header_len / 4);
	uint16_t checksum;

	if (faults && faults->data_offset)
		offset = faults->data_offset;
	put16(out, request->flow->src.port);
	put16(out + 2, request->flow->dst.port);
	put32(out + 4, seg->seq);
	put32(out + 8, seg->ack);
	put16(out + 12, (uint16_t)(offset << 12 | (seg->flags & 0xfff)));
	put16(out + 14, seg->wnd);
	put16(out + 16, 0);
	put16(out + 18, seg->urp);
	memcpy(out + TCP_HEADER_LEN, parts->options, parts->options_len);
	if (parts->data_len)
		memcpy(out + parts->tcp_header_len, seg->data, parts->data_len);
	checksum = tcp_checksum(request->flow, out, parts->tcp_header_len + parts->data_len);
	if (faults && faults->bad_checksum)
		checksum ^= 1;
	put16(out + 16, checksum);
}

size_t craft_packet(const struct craft_request *request, uint8_t *out, size_t out_size)
{
	struct parts parts;
	size_t len;

	if (!take_parts(request, &parts))
		return 0;
	len = packet_len(&parts);
	if (len > out_size)
		return 0;
	if (request->flow->src.addr.version == IP_V4)
		put_ip4(request, len, out);
	else
		put_ip6(request, len, out);
	put_tcp(request, &parts, out + parts.ip_header_len);
	return len;
}

size_t craft_ethernet(const uint8_t dst[6], const uint8_t src[6], enum ip_version version,
		      uint8_t out[ETHERNET_HEADER_LEN])
{
	memcpy(out, dst, 6);
	memcpy(out + 6, src, 6);
	put16(out + 12, version == IP_V6 ? ETHERTYPE_IP6 : ETHERTYPE_IP4);
	return ETHERNET_HEADER_LEN;
}
