/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The special-purpose addresses: IANA's registries for IPv4 and IPv6 (RFC 6890, RFC 8190) as of
 * 2025, and the multicast addresses (RFC 5771, RFC 4291), which have a registry of their own. Who
 * scans "the Internet" does not mean them.
 */
#ifndef SHAKEDOWN_CMD_SPECIAL_RANGES_H
#define SHAKEDOWN_CMD_SPECIAL_RANGES_H

#include <stdbool.h>

#include "wire/addr.h"

struct special_range {
	struct ip_addr first;
	unsigned prefix;
	const char *name; /* as the registry has it */
	const char *rfc;
	bool no_tcp; /* there are no connections to these: RFC 9293 section 3.9.2.3 */
};

/* The number-th, IPv4 before IPv6, in ascending order, each before those that are inside it; NULL
 * at the end. */
const struct special_range *special_range(unsigned number);
#define SPECIAL_RANGES_MAX 64 /* there are fewer */

/* The widest one that holds all from `first` to `last`; NULL: none does. */
const struct special_range *special_range_around(const struct ip_addr *first,
						 const struct ip_addr *last);

/* It is not inside another one. */
bool special_range_outermost(const struct special_range *range);

#endif
