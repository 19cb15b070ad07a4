/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence numbers: the one place where they are compared (RFC 9293, section 3.4).
 *
 * All arithmetic is modulo 2^32. a < b means that b lies within 2^31 - 1 octets after a. Numbers
 * exactly 2^31 apart are ordered neither way, as RFC 1982 leaves it.
 */
#ifndef SHAKEDOWN_WIRE_SEQNO_H
#define SHAKEDOWN_WIRE_SEQNO_H

#include <stdbool.h>
#include <stdint.h>

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return a != b && (uint32_t)(b - a) < UINT32_C(0x80000000);
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return a == b || seq_lt(a, b);
}

static inline bool seq_gt(uint32_t a, uint32_t b)
{
	return seq_lt(b, a);
}

static inline bool seq_ge(uint32_t a, uint32_t b)
{
	return seq_le(b, a);
}

/* low <= seq < low + size */
static inline bool seq_in_window(uint32_t seq, uint32_t low, uint32_t size)
{
	return (uint32_t)(seq - low) < size;
}

static inline uint32_t seq_max(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b : a;
}

#endif
