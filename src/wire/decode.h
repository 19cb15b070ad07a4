/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode: octets from the wire -> a packet, or a refusal with its reason. Hostile input: no octet
 * outside of the captured ones is read. Pure; no allocation; the result points into the octets.
 */
#ifndef SHAKEDOWN_WIRE_DECODE_H
#define SHAKEDOWN_WIRE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "wire/segment.h"

/* Link headers, by what stands before the IP header. net/capture maps libpcap's DLT_ values. */
enum link_type {
	LINK_ETHERNET, /* with 802.1Q and 802.1ad tags, up to two */
	LINK_COOKED1,  /* Linux cooked v1 (SLL), 16 octets */
	LINK_COOKED2,  /* Linux cooked v2 (SLL2), 20 octets */
	LINK_RAW,      /* an IP header at once */
	LINK_NULL,     /* BSD loopback: 4 octets of address family, in either byte order */
	LINK_COUNT
};

enum refusal {
	REFUSE_NOT, /* not refused */
	REFUSE_LINK_TRUNCATED,
	REFUSE_NOT_IP,
	REFUSE_IP_TRUNCATED,
	REFUSE_IP_HEADER,    /* a version or a length that cannot be; a jumbogram */
	REFUSE_IP_FRAGMENT,  /* any fragment but a whole packet */
	REFUSE_IP_EXTENSION, /* IPv6: too many, cut short, encrypted, or a route not yet done */
	REFUSE_NOT_TCP,      /* neither TCP nor ICMP */
	REFUSE_TCP_TRUNCATED,
	REFUSE_TCP_OFFSET, /* data offset under 5 words or over the end of the packet */
	REFUSE_ICMP_TRUNCATED,
	REFUSE_ICMP_NOT_ERROR, /* echo and the like */
	REFUSE_ICMP_QUOTE,     /* it quotes no TCP, or too little for ports and sequence */
	REFUSE_COUNT
};

enum checksum_state {
	CHECKSUM_GOOD,
	CHECKSUM_PARTIAL, /* the sum over the pseudo-header alone: left to an adapter's offload, or
			   * made by the kernel when it merged segments; the kernel vouches for it
			   */
	CHECKSUM_BAD,     /* damaged on its way: MUST-3 of RFC 9293 */
	CHECKSUM_UNKNOWN, /* the capture was cut, so it cannot be computed */
};

enum packet_kind { PACKET_TCP, PACKET_ICMP_ERROR };

/* An ICMP (RFC 792) or ICMPv6 (RFC 4443) error about a segment. */
struct icmp_error {
	uint8_t type, code;
	uint32_t mtu;       /* of "fragmentation needed" and "packet too big"; otherwise 0 */
	struct flow quoted; /* as the quoted segment was sent: src is who sent it */
	uint32_t quoted_seq;
	uint8_t quoted_ttl; /* the TTL left when the error arose */
};

struct packet {
	enum packet_kind kind;
	struct ip_fields ip;
	struct flow flow; /* of the packet itself; ports are 0 for an ICMP error */
	uint32_t ip_len;  /* octets of the IP packet, its header and extensions included */
	enum checksum_state ip_checksum;  /* IPv4; GOOD for IPv6, which has none */
	enum checksum_state tcp_checksum; /* or ICMP's */
	struct segment seg;               /* PACKET_TCP */
	struct icmp_error icmp;           /* PACKET_ICMP_ERROR */
};

/* Decodes a frame of which `captured` octets are at `octets` (of `wire_len` that there were).
 * Returns REFUSE_NOT and fills `out`, or the reason of the refusal. Octets behind the IP
 * packet's own length (Ethernet padding) are ignored. A total length of 0 in IPv4 (as a capture
 * sees a large segment before the adapter cuts it) is taken from `wire_len`. */
enum refusal decode_frame(enum link_type link, const uint8_t *octets, size_t captured,
			  size_t wire_len, struct packet *out);

/* Octets of the link header before the IP packet, tags included; SIZE_MAX if it is no IP packet, or
 * the header is cut. */
size_t decode_link_len(enum link_type link, const uint8_t *octets, size_t captured);

/* "IP fragment", "TCP header truncated", ... */
const char *refusal_name(enum refusal refusal);

#endif
