/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode, ICMP. In: what an IP packet carries. Out: an error about a TCP segment, which it quotes.
 * RFC 792 and RFC 1191 (ICMP), RFC 4443 (ICMPv6).
 */
#include "wire/checksum.h"
#include "wire/decode_parts.h"
#include "wire/octets.h"

#define ICMP_HEADER_LEN 8
/* Ports and sequence number: all that RFC 792 promises of the quoted segment. */
#define QUOTED_TCP_LEN 8

enum icmp4_type {
	ICMP4_UNREACHABLE = 3,
	ICMP4_SOURCE_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
};
#define ICMP4_CODE_FRAGMENTATION_NEEDED 4 /* of ICMP4_UNREACHABLE */

enum icmp6_type {
	ICMP6_UNREACHABLE = 1,
	ICMP6_PACKET_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
};

/* The error messages of RFC 1122 section 3.2.2: those that quote a packet. */
static bool is_error4(uint8_t type)
{
	return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_REDIRECT ||
	       type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER_PROBLEM;
}

static bool is_error6(uint8_t type)
{
	return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER_PROBLEM;
}

static uint32_t take_mtu(enum ip_version version, const uint8_t *at)
{
	if (version == IP_V6)
		return at[0] == ICMP6_PACKET_TOO_BIG ? get32(at + 4) : 0;
	if (at[0] == ICMP4_UNREACHABLE && at[1] == ICMP4_CODE_FRAGMENTATION_NEEDED)
		return get16(at + 6);
	return 0;
}

/* The quote's own lengths and checksum are not looked at: it is cut short as a rule, and systems
 * are known that change them before they quote. */
static enum refusal read_quote(struct span *span, enum ip_version version, struct icmp_error *out)
{
	struct ip_header header;
	enum refusal refusal = decode_ip_header(span, version, &header);

	if (refusal != REFUSE_NOT)
		return refusal;
	span_skip(span, header.header_len);
	refusal = decode_ip_extensions(span, &header);
	if (refusal != REFUSE_NOT)
		return refusal;
	if (header.protocol != PROTOCOL_TCP || header.fragment_offset != 0)
		return REFUSE_ICMP_QUOTE;
	if (span->captured < QUOTED_TCP_LEN)
		return REFUSE_IP_TRUNCATED;
	out->quoted.src = (struct endpoint){header.src, get16(span->at)};
	out->quoted.dst = (struct endpoint){header.dst, get16(span->at + 2)};
	out->quoted_seq = get32(span->at + 4);
	out->quoted_ttl = header.fields.ttl;
	return REFUSE_NOT;
}

/* ICMP has no pseudo-header, ICMPv6 has (RFC 4443 section 2.3). */
static enum checksum_state icmp_checksum(const struct span *span, const struct flow *flow)
{
	if (flow->src.addr.version == IP_V4)
		return decode_checksum(span, 0);
	return decode_checksum(span, checksum_pseudo(&flow->src.addr, &flow->dst.addr,
						     PROTOCOL_ICMP6, (uint32_t)span->wire));
}

enum refusal decode_icmp(const struct span *span, struct packet *out)
{
	const enum ip_version version = out->flow.src.addr.version;
	struct span quote = *span;
	enum refusal refusal;

	if (span->captured < ICMP_HEADER_LEN)
		return REFUSE_ICMP_TRUNCATED;
	out->kind = PACKET_ICMP_ERROR;
	out->icmp.type = span->at[0];
	out->icmp.code = span->at[1];
	if (version == IP_V4 ? !is_error4(out->icmp.type) : !is_error6(out->icmp.type))
		return REFUSE_ICMP_NOT_ERROR;
	out->icmp.mtu = take_mtu(version, span->at);
	out->tcp_checksum = icmp_checksum(span, &out->flow);
	span_skip(&quote, ICMP_HEADER_LEN);
	refusal = read_quote(&quote, version, &out->icmp);
	if (refusal == REFUSE_NOT)
		return REFUSE_NOT;
	/* Too short because our capture cut it, or because no more was quoted? */
	if (refusal == REFUSE_IP_TRUNCATED && span->captured < span->wire)
		return REFUSE_ICMP_TRUNCATED;
	return REFUSE_ICMP_QUOTE;
}
