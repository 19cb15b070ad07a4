/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cuts: where a range of addresses must be cut so that of each part every prefix of a set (of the
 * routes, say) has either all or nothing. A cut is the first address of a part. The parts between
 * the cuts are called cells, and numbered from 0.
 */
#ifndef SHAKEDOWN_WIRE_CUTS_H
#define SHAKEDOWN_WIRE_CUTS_H

#include "wire/addr_order.h"

/* The cuts that a prefix makes: its first address, and the one after its last, if there is one.
 * How many. */
unsigned cuts_of_prefix(const struct ip_addr *addr, unsigned prefix, struct ip_addr cuts[2]);

/* Of sorted cuts (addr_compare()) each once: how many are left. */
size_t cuts_unique(struct ip_addr *cuts, size_t count);

/* The cell that an address is in; the cuts are sorted, and each is there once. */
size_t cuts_cell(const struct ip_addr *cuts, size_t count, const struct ip_addr *addr);

/* The last address of first..last that is in the same cell as `first`. */
struct ip_addr cuts_end(const struct ip_addr *cuts, size_t count, const struct ip_addr *first,
			const struct ip_addr *last);

#endif
