/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of decode share: link, then IP, then TCP or ICMP, each taking its header off the
 * front of one span. Included by them alone.
 */
#ifndef SHAKEDOWN_WIRE_DECODE_PARTS_H
#define SHAKEDOWN_WIRE_DECODE_PARTS_H

#include <stdbool.h>

#include "wire/decode.h"
#include "wire/layout.h"

/* What is left to decode: `captured` octets at `at`, of `wire` that the packet has. Always
 * captured <= wire; no other octet may be read. */
struct span {
	const uint8_t *at;
	size_t captured;
	size_t wire;
};

/* Takes `len` octets (len <= captured) off the front. */
static inline void span_skip(struct span *span, size_t len)
{
	span->at += len;
	span->captured -= len;
	span->wire -= len;
}

/* Cuts off what lies behind the first `len` octets (len <= wire). */
static inline void span_clip(struct span *span, size_t len)
{
	span->wire = len;
	if (span->captured > len)
		span->captured = len;
}

struct ip_header {
	struct ip_fields fields;
	struct ip_addr src;
	struct ip_addr dst;
	uint8_t version;          /* enum ip_version */
	uint8_t protocol;         /* enum ip_protocol; of what comes next */
	size_t header_len;        /* without IPv6 extension headers */
	size_t total_len;         /* header included, as the packet says; IPv4 may say 0 */
	uint16_t fragment_offset; /* in units of eight octets */
	bool more_fragments;
};

/* Takes the link header off. `version` is what it announces, IP_NONE if it does not say. */
enum refusal decode_link(enum link_type link, struct span *span, enum ip_version *version);

/* Reads an IP header without taking it off or believing its lengths: for an error's quote too.
 * `version` as decode_link gave it. */
enum refusal decode_ip_header(const struct span *span, enum ip_version version,
			      struct ip_header *header);

/* Takes IPv6 extension headers off (none for IPv4) and moves header->protocol on to what follows
 * them. */
enum refusal decode_ip_extensions(struct span *span, struct ip_header *header);

/* Takes the IP header of a whole packet off, with its extensions, and clips the span to it. Fills
 * ip, flow's addresses, ip_len and ip_checksum. */
enum refusal decode_ip(struct span *span, enum ip_version version, struct packet *out,
		       uint8_t *protocol);

/* The span is the segment. */
enum refusal decode_tcp(const struct span *span, struct packet *out);

/* The span is the ICMP message, of IPv4 or IPv6 as the packet's addresses are. */
enum refusal decode_icmp(const struct span *span, struct packet *out);

/* Whether the checksum over the span, added to `sum`, is right. */
enum checksum_state decode_checksum(const struct span *span, uint64_t sum);

#endif
