/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP options (RFC 9293 section 3.2, RFC 7323, RFC 2018): between octets and a plain struct.
 */
#ifndef SHAKEDOWN_WIRE_OPTIONS_H
#define SHAKEDOWN_WIRE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_OCTETS_MAX 40 /* a data offset of 15 words less the fixed header */
#define SACK_BLOCKS_MAX    4

enum option_kind {
	OPTION_EOL = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TIMESTAMPS = 8,
	OPTION_MD5 = 19,
	OPTION_AO = 29,
	OPTION_MPTCP = 30,
	OPTION_FAST_OPEN = 34,
};

/* Octets left edge .. right edge, as sequence numbers in host order; `end` is one past. */
struct seq_range {
	uint32_t start;
	uint32_t end;
};

struct tcp_options {
	bool has_mss, has_wscale, has_sack_permitted, has_timestamps;
	bool has_fast_open;    /* read, never written (RFC 7413 section 4.1.1) */
	uint8_t fast_open_len; /* octets of the cookie; 0: a request for one */
	uint8_t fast_open[16];
	bool malformed;        /* a length of 0 or 1, or one over the end: the rest was not read */
	uint8_t unknown_count; /* of a kind that has no field here, or of a length it cannot have */
	uint8_t wscale;        /* as sent; a value over 14 is used as 14 (RFC 7323 section 2.3) */
	uint8_t sack_count;    /* blocks in `sack` */
	uint16_t mss;          /* octets */
	uint32_t tsval, tsecr;
	struct seq_range sack[SACK_BLOCKS_MAX];
};

/* Reads `len` octets of options (len <= 40). Never fails: what is malformed is marked so, and
 * what came before it stands. Of an option that comes twice the last counts. */
void options_decode(const uint8_t *octets, size_t len, struct tcp_options *out);

/* Writes the options in the order a current Linux uses (MSS, SACK-permitted, timestamps, window
 * scale on a SYN; timestamps, SACK otherwise), padded with NOPs to a multiple of four. SACK
 * blocks that do not fit are left out. Returns the number of octets written, at most 40. */
size_t options_encode(const struct tcp_options *in, uint8_t octets[OPTIONS_OCTETS_MAX]);

#endif
