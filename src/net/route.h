/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes, source addresses, MTU: asked of the kernel over rtnetlink (libmnl). No privilege is
 * needed.
 */
#ifndef SHAKEDOWN_NET_ROUTE_H
#define SHAKEDOWN_NET_ROUTE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

struct route_table; /* an open rtnetlink socket and what was asked already */

struct route {
	unsigned ifindex;
	char device[IF_NAMESIZE]; /* "lo" for an address of this host */
	struct ip_addr src;       /* the kernel's choice of source, or the one asked for */
	struct ip_addr gateway;   /* version IP_NONE: the destination is on the link */
	uint32_t mtu;             /* octets of an IP packet: of the route, else of the device */
	bool local;               /* the destination is this host */
};

struct route_table *route_open(struct err *err);
void route_close(struct route_table *table);

/* Restricts look-ups from now on: `device` (NULL: any) and `src` (NULL: the kernel's choice).
 * Refuses a device that does not exist or is down, and a source that is not an address of this
 * host, with the remedy. */
int route_constrain(struct route_table *table, const char *device, const struct ip_addr *src,
		    struct err *err);

/* The way to `dst`: 0, or -1 with `err` (no route, unreachable or prohibited by a rule, device
 * down, source of another IP version). */
int route_lookup(struct route_table *table, const struct ip_addr *dst, struct route *out,
		 struct err *err);

/* The same; and where it is -1 because this destination is nothing that can be sent to (broadcast,
 * no route, unreachable, prohibited, swallowed), `why` says so in words that need no address; else
 * NULL. */
int route_lookup_why(struct route_table *table, const struct ip_addr *dst, struct route *out,
		     const char **why, struct err *err);

/* The same for a destination that names its link ("fe80::1%eth0"; 0: it does not). */
int route_lookup_scoped(struct route_table *table, const struct ip_addr *dst,
			unsigned scope_ifindex, struct route *out, struct err *err);

#endif
