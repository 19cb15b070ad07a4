/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of addresses, from words: "10.0.0.0/16", "10.0.0-3.1-254", "10.0.0.5-10.0.0.9",
 * "10.0.0.1", "fd00::/112", "[fd00::]/112", "fd00::1-fd00::9". No names.
 */
#ifndef SHAKEDOWN_CMD_RANGES_H
#define SHAKEDOWN_CMD_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/addr_order.h"

/* What one word stands for: all from `first` to `last`, or those IPv4 addresses in between whose
 * octets are all within low..high ("10.0.0-3.1-254"). */
struct range_set {
	struct ip_addr first, last;
	bool octets;
	uint8_t low[4], high[4];
};

/* 1: `set` is what `word` says. 0: it may be a name. -1 with `err`: it is neither. */
int range_set_parse(const char *word, struct range_set *set, struct err *err);

/* How many ranges without gaps it takes, and the number-th of them, in ascending order. */
uint32_t range_set_count(const struct range_set *set);
void range_set_at(const struct range_set *set, uint32_t number, struct ip_addr *first,
		  struct ip_addr *last);

/* last - first, UINT64_MAX if it is that or more. */
uint64_t range_distance(const struct ip_addr *first, const struct ip_addr *last);

#endif
