/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * craft: flow + segment -> octets. Every octet of Ethernet, IPv4 (RFC 791), IPv6 (RFC 8200) and
 * TCP (RFC 9293 section 3.1) is written here by hand. Pure; no allocation.
 */
#ifndef SHAKEDOWN_WIRE_CRAFT_H
#define SHAKEDOWN_WIRE_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/segment.h"

/* IPv6 header + TCP header with 40 octets of options */
#define CRAFT_HEADERS_MAX 100

/* What a script may get wrong on purpose; all zero for a correct segment. */
struct craft_faults {
	bool bad_checksum;          /* the TCP checksum with one bit turned */
	uint8_t data_offset;        /* in words of 32 bits, at most 15; 0: the right one */
	const uint8_t *options_raw; /* these octets in place of the encoded options */
	size_t options_raw_len;     /* a multiple of 4, at most 40 */
};

struct craft_request {
	const struct flow *flow;
	const struct ip_fields *ip;
	const struct segment *seg;
	const struct craft_faults *faults; /* NULL for none */
};

/* Writes the IP packet (IPv4 or IPv6, after the version of the flow's addresses) into `out` of
 * `out_size` octets. Returns its length, or 0 if it does not fit, is longer than an IP packet
 * can be, the two addresses are of different versions, or a fault is out of bounds. Checksums are
 * complete: nothing is left to an adapter's offload. */
size_t craft_packet(const struct craft_request *request, uint8_t *out, size_t out_size);

/* Writes the 14 octets of an Ethernet header (RFC 894, RFC 2464) and returns 14. */
#define ETHERNET_HEADER_LEN 14
size_t craft_ethernet(const uint8_t dst[6], const uint8_t src[6], enum ip_version version,
		      uint8_t out[ETHERNET_HEADER_LEN]);

#endif
