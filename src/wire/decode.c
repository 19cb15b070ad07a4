/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode. In: a captured frame, from anyone. Out: flow + segment, or an ICMP error about one, or a
 * refusal with its reason. The layers are in decode_link.c, decode_ip.c, decode_tcp.c and
 * decode_icmp.c; each octet is read in one place only, behind a check that it was captured.
 */
#include <assert.h>
#include <string.h>

#include "wire/decode.h"
#include "wire/decode_parts.h"

static const char *const refusal_names[] = {
    [REFUSE_NOT] = "not refused",
    [REFUSE_LINK_TRUNCATED] = "link header truncated",
    [REFUSE_NOT_IP] = "not IP",
    [REFUSE_IP_TRUNCATED] = "IP header truncated",
    [REFUSE_IP_HEADER] = "IP header malformed",
    [REFUSE_IP_FRAGMENT] = "IP fragment",
    [REFUSE_IP_EXTENSION] = "IPv6 extension header",
    [REFUSE_NOT_TCP] = "neither TCP nor ICMP",
    [REFUSE_TCP_TRUNCATED] = "TCP header truncated",
    [REFUSE_TCP_OFFSET] = "TCP data offset malformed",
    [REFUSE_ICMP_TRUNCATED] = "ICMP message truncated",
    [REFUSE_ICMP_NOT_ERROR] = "ICMP message is no error",
    [REFUSE_ICMP_QUOTE] = "ICMP error quotes no TCP segment",
};
static_assert(sizeof(refusal_names) / sizeof(refusal_names[0]) == REFUSE_COUNT, "every refusal");

/* Lengths have 32 bits from here on. */
static size_t limit_len(size_t len)
{
	return len < UINT32_MAX ? len : UINT32_MAX;
}

enum refusal decode_frame(enum link_type link, const uint8_t *octets, size_t captured,
			  size_t wire_len, struct packet *out)
{
	struct span span = {.at = octets, .captured = limit_len(captured)};
	enum ip_version version;
	enum refusal refusal;
	uint8_t protocol;

	memset(out, 0, sizeof(*out));
	span.wire = limit_len(wire_len > captured ? wire_len : captured);
	refusal = decode_link(link, &span, &version);
	if (refusal != REFUSE_NOT)
		return refusal;
	refusal = decode_ip(&span, version, out, &protocol);
	if (refusal != REFUSE_NOT)
		return refusal;
	if (protocol == PROTOCOL_TCP)
		return decode_tcp(&span, out);
	if (protocol == (out->flow.src.addr.version == IP_V4 ? PROTOCOL_ICMP4 : PROTOCOL_ICMP6))
		return decode_icmp(&span, out);
	return REFUSE_NOT_TCP;
}

const char *refusal_name(enum refusal refusal)
{
	assert(refusal < REFUSE_COUNT);
	return refusal_names[refusal];
}
