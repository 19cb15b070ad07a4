/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The segment: what craft turns into octets, decode makes from them, and everything else speaks
 * of. Plain data in host order; names are those of RFC 9293, section 3.3.1 (SEG.SEQ -> seq).
 */
#ifndef SHAKEDOWN_WIRE_SEGMENT_H
#define SHAKEDOWN_WIRE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/addr.h"
#include "wire/options.h"

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
	TCP_AE = 0x100,       /* RFC 9768; the lowest of what RFC 9293 reserves */
	TCP_RESERVED = 0xe00, /* the three bits that are reserved still */
};

struct segment {
	uint32_t seq;
	uint32_t ack;
	uint16_t flags; /* enum tcp_flag; the 12 bits after the data offset */
	uint16_t wnd;   /* as on the wire, unscaled */
	uint16_t urp;
	/* Octets of data in the segment. After decode `data_captured` of them are at `data`
	 * (fewer where the capture was cut); for craft all are, and `data_captured` is ignored. */
	uint32_t data_len;
	uint32_t data_captured;
	const uint8_t *data;
	struct tcp_options options;
};

/* SEG.LEN: data octets, SYN and FIN counted (RFC 9293 section 3.3.1). */
static inline uint32_t segment_len(const struct segment *seg)
{
	return seg->data_len + ((seg->flags & TCP_SYN) != 0) + ((seg->flags & TCP_FIN) != 0);
}

/* The flags in packetdrill's letters: "S", "S.", ".", "P.", "F.", "R", "R.", "-" for none, with
 * U, E, W, A for URG, ECE, CWR, AE; returns `text`. */
#define FLAGS_TEXT_MAX 14
const char *flags_text(uint16_t flags, char text[FLAGS_TEXT_MAX]);

/* The other way round, in any order; false if a letter is none of these. */
bool flags_parse(const char *text, uint16_t *flags);

/* What a SYN offers: "win 64240 mss 1460 wscale 7 sack ts ecn"; returns `text`. */
#define SYN_TEXT_MAX 64
const char *syn_text(const struct segment *syn, char text[SYN_TEXT_MAX]);

/* The fields of an IP header that a probe chooses or reports. */
struct ip_fields {
	uint8_t ttl; /* hop limit in IPv6 */
	uint8_t tos; /* DSCP and ECN; traffic class in IPv6 */
	bool df;     /* IPv4 only */
	uint16_t id; /* IPv4 only; 0 lets the kernel choose one when it sends */
};

#endif
