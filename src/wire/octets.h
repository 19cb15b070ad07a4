/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in network order, octet by octet. Only craft, decode and the options include this. */
#ifndef SHAKEDOWN_WIRE_OCTETS_H
#define SHAKEDOWN_WIRE_OCTETS_H

#include <stdint.h>

static inline uint16_t get16(const uint8_t *octets)
{
	return (uint16_t)(octets[0] << 8 | octets[1]);
}

static inline uint32_t get32(const uint8_t *octets)
{
	return (uint32_t)get16(octets) << 16 | get16(octets + 2);
}

static inline void put16(uint8_t *octets, uint16_t value)
{
	octets[0] = (uint8_t)(value >> 8);
	octets[1] = (uint8_t)value;
}

static inline void put32(uint8_t *octets, uint32_t value)
{
	put16(octets, (uint16_t)(value >> 16));
	put16(octets + 2, (uint16_t)value);
}

#endif
