/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: addresses in their order. In: addresses. Out: neighbours, ends of prefixes. */
#include "wire/addr_order.h"

#include <string.h>

static unsigned octets_of(const struct ip_addr *addr)
{
	return addr->version == IP_V6 ? 16 : 4;
}

int addr_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	int order = a->version != b->version ? a->version - b->version
					     : memcmp(a->octets, b->octets, octets_of(a));

	return (order > 0) - (order < 0);
}

bool addr_before(const struct ip_addr *addr, struct ip_addr *before)
{
	*before = *addr;
	for (unsigned i = octets_of(addr); i-- > 0;)
		if (before->octets[i]-- != 0)
			return true;
	return false;
}

bool addr_after(const struct ip_addr *addr, struct ip_addr *after)
{
	*after = *addr;
	for (unsigned i = octets_of(addr); i-- > 0;)
		if (++after->octets[i] != 0)
			return true;
	return false;
}

void addr_prefix(const struct ip_addr *addr, unsigned prefix, struct ip_addr *first,
		 struct ip_addr *last)
{
	*first = *last = *addr;
	for (unsigned i = 0; i < octets_of(addr); i++) {
		unsigned kept = prefix > 8 * i ? prefix - 8 * i : 0;
		uint8_t behind = (uint8_t)(kept >= 8 ? 0 : 0xff >> kept);

		first->octets[i] &= (uint8_t)~behind;
		last->octets[i] |= behind;
	}
}
