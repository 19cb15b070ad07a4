/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode, link header. In: a frame. Out: the IP packet in it. IEEE 802.3, 802.1Q, 802.1ad; the
 * pseudo-headers are those that libpcap documents for its LINKTYPE_ values.
 */
#include <assert.h>

#include "wire/decode_parts.h"
#include "wire/octets.h"

#define VLAN_TAG_LEN  4 /* as it stands behind the ethertype: tag, then the next ethertype */
#define VLAN_TAGS_MAX 2

static const struct {
	uint8_t header_len;
	uint8_t ethertype_at;
} layouts[] = {
    [LINK_ETHERNET] = {14, 12}, /* both addresses before it */
    [LINK_COOKED1] = {16, 14},  /* at its end */
    [LINK_COOKED2] = {20, 0},   /* at its beginning */
    [LINK_RAW] = {0, 0},        /* the IP header tells */
    [LINK_NULL] = {4, 0},       /* an address family, not an ethertype */
};
static_assert(sizeof(layouts) / sizeof(layouts[0]) == LINK_COUNT, "every link type");

/* AF_INET6 is another number on each system. */
static const struct {
	uint8_t family;
	uint8_t version; /* enum ip_version */
} families[] = {
    {2, IP_V4},  /* everywhere */
    {10, IP_V6}, /* Linux */
    {24, IP_V6}, /* NetBSD, OpenBSD */
    {28, IP_V6}, /* FreeBSD */
    {30, IP_V6}, /* macOS */
};

static enum ip_version family_version(uint32_t family)
{
	/* The other byte order: all of them fit into one octet. */
	if ((family & 0xffffff) == 0)
		family >>= 24;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (families[i].family == family)
			return families[i].version;
	return IP_NONE;
}

static bool is_vlan(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_VLAN_OUT;
}

static enum ip_version ethertype_version(uint16_t ethertype)
{
	if (ethertype == ETHERTYPE_IP4)
		return IP_V4;
	return ethertype == ETHERTYPE_IP6 ? IP_V6 : IP_NONE;
}

/* The span begins behind the link header; `ethertype` came from there. */
static enum refusal skip_tags(struct span *span, uint16_t ethertype, enum ip_version *version)
{
	for (int tags = 0; tags < VLAN_TAGS_MAX && is_vlan(ethertype); tags++) {
		if (span->captured < VLAN_TAG_LEN)
			return REFUSE_LINK_TRUNCATED;
		ethertype = get16(span->at + 2);
		span_skip(span, VLAN_TAG_LEN);
	}
	*version = ethertype_version(ethertype);
	return *version == IP_NONE ? REFUSE_NOT_IP : REFUSE_NOT;
}

enum refusal decode_link(enum link_type link, struct span *span, enum ip_version *version)
{
	const uint8_t *header = span->at;

	assert(link < LINK_COUNT);
	*version = IP_NONE;
	if (link == LINK_RAW)
		return REFUSE_NOT;
	if (span->captured < layouts[link].header_len)
		return REFUSE_LINK_TRUNCATED;
	span_skip(span, layouts[link].header_len);
	if (link == LINK_NULL) {
		*version = family_version(get32(header));
		return *version == IP_NONE ? REFUSE_NOT_IP : REFUSE_NOT;
	}
	return skip_tags(span, get16(header + layouts[link].ethertype_at), version);
}

size_t decode_link_len(enum link_type link, const uint8_t *octets, size_t captured)
{
	struct span span = {.at = octets, .captured = captured, .wire = captured};
	enum ip_version version;

	if (decode_link(link, &span, &version) != REFUSE_NOT)
		return SIZE_MAX;
	return (size_t)(span.at - octets);
}
