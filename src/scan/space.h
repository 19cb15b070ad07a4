/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The space of a scan: a set of addresses x a set of ports, counted through by one index, without
 * memory for each target. Ranges may overlap when they are added: the space is their union, less
 * what is excluded. IPv4 and IPv6 side by side.
 */
#ifndef SHAKEDOWN_SCAN_SPACE_H
#define SHAKEDOWN_SCAN_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

struct space;

/* NULL: no memory. */
struct space *space_new(void);
void space_free(struct space *space);

/* first..last, both included, of one version, first <= last. -1: no memory. */
int space_add(struct space *space, const struct ip_addr *first, const struct ip_addr *last);
int space_exclude(struct space *space, const struct ip_addr *first, const struct ip_addr *last);
void space_add_ports(struct space *space, uint16_t first, uint16_t last); /* 1..65535 */

/* To be called once, after all of those: sorts, merges, subtracts. -1 with `err`: nothing is left,
 * or more than 2^48 (address, port) pairs. */
int space_finish(struct space *space, struct err *err);

uint64_t space_size(const struct space *space); /* addresses x ports */
uint64_t space_addresses(const struct space *space);
uint32_t space_ports(const struct space *space);

/* The index-th pair, index < space_size(). Ports vary fastest. */
void space_at(const struct space *space, uint64_t index, struct ip_addr *addr, uint16_t *port);

/* The other way round: false if the pair is not in the space. */
bool space_find(const struct space *space, const struct ip_addr *addr, uint16_t port,
		uint64_t *index);

/* Goes through the merged ranges of addresses, for routes and plans; false at the end. */
bool space_range(const struct space *space, unsigned number, struct ip_addr *first,
		 struct ip_addr *last);

/* A number that differs for different spaces (ranges, ports): for checkpoints. */
uint64_t space_fingerprint(const struct space *space);

#endif
