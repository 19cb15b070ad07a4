/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode, IP. In: a packet. Out: its header's fields, and the octets that it carries. RFC 791
 * (IPv4), RFC 8200 (IPv6 and its extension headers), RFC 6946 (atomic fragments), RFC 4302 (AH).
 */
#include <string.h>

#include "wire/checksum.h"
#include "wire/decode_parts.h"
#include "wire/octets.h"

#define EXTENSIONS_MAX    8 /* RFC 8200 section 4.1 has seven in its recommended order */
#define EXTENSION_LEN_MIN 8

static struct ip_addr take_addr(enum ip_version version, const uint8_t *octets)
{
	struct ip_addr addr = {.version = (uint8_t)version};

	memcpy(addr.octets, octets, version == IP_V4 ? 4 : 16);
	return addr;
}

static enum refusal read_ip4(const struct span *span, struct ip_header *header)
{
	const uint8_t *at = span->at;
	uint16_t fragment;

	if (span->captured < IP4_HEADER_LEN)
		return REFUSE_IP_TRUNCATED;
	header->header_len = (size_t)(at[0] & 0xf) * 4;
	if (header->header_len < IP4_HEADER_LEN)
		return REFUSE_IP_HEADER;
	if (span->captured < header->header_len)
		return REFUSE_IP_TRUNCATED;
	fragment = get16(at + 6);
	header->fields.tos = at[1];
	header->fields.id = get16(at + 4);
	header->fields.df = (fragment & IP4_DF) != 0;
	header->fields.ttl = at[8];
	header->total_len = get16(at + 2);
	header->more_fragments = (fragment & IP4_MF) != 0;
	header->fragment_offset = fragment & IP4_OFFSET_MASK;
	header->protocol = at[9];
	header->src = take_addr(IP_V4, at + 12);
	header->dst = take_addr(IP_V4, at + 16);
	return REFUSE_NOT;
}

static enum refusal read_ip6(const struct span *span, struct ip_header *header)
{
	const uint8_t *at = span->at;
	uint16_t payload_len;

	if (span->captured < IP6_HEADER_LEN)
		return REFUSE_IP_TRUNCATED;
	payload_len = get16(at + 4);
	/* A jumbogram (RFC 2675): nothing that a path to a server carries. */
	if (payload_len == 0 && at[6] == PROTOCOL_HOP_BY_HOP)
		return REFUSE_IP_HEADER;
	header->header_len = IP6_HEADER_LEN;
	header->total_len = (size_t)IP6_HEADER_LEN + payload_len;
	header->fields.tos = (uint8_t)(get16(at) >> 4);
	header->fields.ttl = at[7];
	header->protocol = at[6];
	header->src = take_addr(IP_V6, at + 8);
	header->dst = take_addr(IP_V6, at + 24);
	return REFUSE_NOT;
}

enum refusal decode_ip_header(const struct span *span, enum ip_version version,
			      struct ip_header *header)
{
	memset(header, 0, sizeof(*header));
	if (span->captured < 1)
		return REFUSE_IP_TRUNCATED;
	header->version = span->at[0] >> 4;
	if (version != IP_NONE && header->version != version)
		return REFUSE_IP_HEADER;
	if (header->version == IP_V4)
		return read_ip4(span, header);
	return header->version == IP_V6 ? read_ip6(span, header) : REFUSE_IP_HEADER;
}

/* There are fewer than `need` octets: did the capture cut them off, or the packet end? */
static enum refusal short_extension(const struct span *span, size_t need)
{
	return need <= span->wire ? REFUSE_IP_TRUNCATED : REFUSE_IP_EXTENSION;
}

static size_t extension_len(uint8_t kind, const uint8_t *at)
{
	if (kind == PROTOCOL_FRAGMENT)
		return 8; /* its second octet is reserved */
	if (kind == PROTOCOL_AH)
		return ((size_t)at[1] + 2) * 4;
	return ((size_t)at[1] + 1) * 8;
}

/* Takes the extension header that header->protocol announces off the span. */
static enum refusal skip_extension(struct span *span, struct ip_header *header)
{
	const uint8_t kind = header->protocol;
	const uint8_t *at = span->at;
	size_t len;

	if (span->captured < EXTENSION_LEN_MIN)
		return short_extension(span, EXTENSION_LEN_MIN);
	len = extension_len(kind, at);
	if (span->captured < len)
		return short_extension(span, len);
	/* Still on its way to another node: not the destination that the checksum covers. */
	if (kind == PROTOCOL_ROUTING && at[3] != 0)
		return REFUSE_IP_EXTENSION;
	if (kind == PROTOCOL_FRAGMENT) {
		header->fragment_offset = get16(at + 2) >> 3;
		header->more_fragments = (at[3] & 1) != 0;
		/* What follows is not the next header but the middle of something. */
		if (header->fragment_offset != 0)
			return REFUSE_IP_FRAGMENT;
	}
	header->protocol = at[0];
	span_skip(span, len);
	return REFUSE_NOT;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING ||
	       protocol == PROTOCOL_FRAGMENT || protocol == PROTOCOL_DESTINATION ||
	       protocol == PROTOCOL_AH;
}

enum refusal decode_ip_extensions(struct span *span, struct ip_header *header)
{
	enum refusal refusal;
	int count;

	if (header->version != IP_V6)
		return REFUSE_NOT;
	for (count = 0; is_extension(header->protocol); count++) {
		/* Hop-by-hop options stand first or not at all (RFC 8200 section 4.1). */
		if (count == EXTENSIONS_MAX ||
		    (count > 0 && header->protocol == PROTOCOL_HOP_BY_HOP))
			return REFUSE_IP_EXTENSION;
		refusal = skip_extension(span, header);
		if (refusal != REFUSE_NOT)
			return refusal;
	}
	return header->protocol == PROTOCOL_ESP ? REFUSE_IP_EXTENSION : REFUSE_NOT;
}

enum checksum_state decode_checksum(const struct span *span, uint64_t sum)
{
	if (span->captured < span->wire)
		return CHECKSUM_UNKNOWN;
	sum = checksum_add(sum, span->at, span->captured);
	return checksum_fold(sum) == 0 ? CHECKSUM_GOOD : CHECKSUM_BAD;
}

/* Over the header alone, all of which was captured. */
static enum checksum_state ip4_checksum(const struct span *span, size_t header_len)
{
	const struct span header = {span->at, header_len, header_len};

	return decode_checksum(&header, 0);
}

enum refusal decode_ip(struct span *span, enum ip_version version, struct packet *out,
		       uint8_t *protocol)
{
	struct ip_header header;
	enum refusal refusal = decode_ip_header(span, version, &header);

	if (refusal != REFUSE_NOT)
		return refusal;
	if (header.version == IP_V4 && header.total_len == 0)
		header.total_len = span->wire;
	if (header.total_len < header.header_len || header.total_len > span->wire)
		return REFUSE_IP_HEADER;
	if (header.version == IP_V4)
		out->ip_checksum = ip4_checksum(span, header.header_len);
	span_clip(span, header.total_len);
	span_skip(span, header.header_len);
	refusal = decode_ip_extensions(span, &header);
	if (refusal != REFUSE_NOT)
		return refusal;
	if (header.more_fragments || header.fragment_offset != 0)
		return REFUSE_IP_FRAGMENT;
	out->ip = header.fields;
	out->flow.src.addr = header.src;
	out->flow.dst.addr = header.dst;
	out->ip_len = (uint32_t)header.total_len;
	*protocol = header.protocol;
	return REFUSE_NOT;
}
