/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: the Internet checksum. In: octets. Out: a sum, or the value to write. RFC 1071. */
#include "wire/checksum.h"
#include "wire/octets.h"

uint64_t checksum_add(uint64_t sum, const uint8_t *octets, size_t len)
{
	/* Two words at a time: 2^16 is 1 in this arithmetic, so folding later comes to the same
	 * (RFC 1071 section 2 (C)). */
	for (; len >= 4; octets += 4, len -= 4)
		sum += get32(octets);
	if (len >= 2)
		sum += get16(octets);
	if (len & 1)
		sum += (uint32_t)octets[len - 1] << 8;
	return sum;
}

uint16_t checksum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint64_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol,
			 uint32_t len)
{
	const size_t addr_len = src->version == IP_V4 ? 4 : 16;
	uint64_t sum = checksum_add(0, src->octets, addr_len);

	return checksum_add(sum, dst->octets, addr_len) + protocol + len;
}
