/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtnetlink: a question to the kernel's routing -> its answer, over libmnl. Only net/route,
 * net/route_map and net/neighbour use it. Functions return 0, or -1 with errno; none of them blocks
 * for longer than two seconds.
 */
#ifndef SHAKEDOWN_NET_RTNL_H
#define SHAKEDOWN_NET_RTNL_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire/addr.h"

struct rtnl {
	struct mnl_socket *socket;
	unsigned seq;
};

struct rtnl_link {
	unsigned ifindex;
	char name[IF_NAMESIZE];
	uint32_t mtu;
	bool up;
	uint16_t type;      /* ARPHRD_* */
	uint8_t address[6]; /* of the link layer, where that has six octets; else zero */
};

struct rtnl_route {
	uint8_t type; /* RTN_* */
	unsigned ifindex;
	struct ip_addr src;     /* the preferred source; IP_NONE: the answer names none */
	struct ip_addr gateway; /* IP_NONE: on the link */
	uint32_t mtu;           /* 0: the route names none */
};

int rtnl_open(struct rtnl *rtnl);
void rtnl_close(struct rtnl *rtnl);

/* RTM_GETLINK: the device with this index, or, where it is 0, with this name. */
int rtnl_link(struct rtnl *rtnl, unsigned ifindex, const char *name, struct rtnl_link *out);

/* RTM_GETROUTE: the way to `dst` out of the device `ifindex` (0: any) from `src` (NULL or IP_NONE:
 * any). A route that is no way (unreachable, prohibit, blackhole) is errno for IPv4 and a type for
 * IPv6: the kernel's habit. */
int rtnl_route(struct rtnl *rtnl, const struct ip_addr *dst, unsigned ifindex,
	       const struct ip_addr *src, struct rtnl_route *out);

/* A destination of routes. */
struct rtnl_prefix {
	struct ip_addr addr;
	unsigned len;
};

/* RTM_GETROUTE, RTM_GETRULE, all of them: the destinations that routes of any table, and rules,
 * name; those that name none (default) are left out. EINTR: they changed meanwhile, and some may be
 * missing. It has a socket of its own; two seconds are the most that it waits for each answer. */
int rtnl_prefixes(enum ip_version version, void (*take)(void *arg, const struct rtnl_prefix *),
		  void *arg);

struct rtnl_neighbour {
	uint16_t state; /* NUD_* */
	bool known;     /* there is an address of six octets */
	uint8_t address[6];
};

/* RTM_GETNEIGH: what the kernel knows of `addr` on this device; ENOENT: nothing. */
int rtnl_neighbour(struct rtnl *rtnl, unsigned ifindex, const struct ip_addr *addr,
		   struct rtnl_neighbour *out);

#endif
