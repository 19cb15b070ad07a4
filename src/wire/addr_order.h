/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses in their order: which is first, what is beside one, from where to where a prefix goes.
 * RFC 4632 section 3.1, RFC 4291 section 2.3.
 */
#ifndef SHAKEDOWN_WIRE_ADDR_ORDER_H
#define SHAKEDOWN_WIRE_ADDR_ORDER_H

#include "wire/addr.h"

/* -1, 0, 1. All of IPv4 comes before all of IPv6. */
int addr_compare(const struct ip_addr *a, const struct ip_addr *b);

/* The address before or after; false at the end of all (IP version). */
bool addr_before(const struct ip_addr *addr, struct ip_addr *before);
bool addr_after(const struct ip_addr *addr, struct ip_addr *after);

/* The first and last address of a network; what of `addr` is behind the prefix does not matter. */
void addr_prefix(const struct ip_addr *addr, unsigned prefix, struct ip_addr *first,
		 struct ip_addr *last);

#endif
