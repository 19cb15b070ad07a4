/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071). */
#ifndef SHAKEDOWN_WIRE_CHECKSUM_H
#define SHAKEDOWN_WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "wire/addr.h"

/* Adds `len` octets, as big-endian 16-bit words (an odd last octet is padded with zero), to the
 * running sum. */
uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t len);

/* Folds the sum and complements it: the value to be written, in host order. Over data that
 * carries a right checksum the result is 0. */
uint16_t checksum_fold(uint64_t sum);

/* The sum over the pseudo-header of IPv4 (RFC 9293 section 3.1) or IPv6 (RFC 8200 section 8.1)
 * for `len` octets of protocol `protocol`. */
uint64_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol,
			 uint32_t len);

#endif
