/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours: the link-layer address of a next hop, as the kernel knows it (rtnetlink over libmnl),
 * and the device's own. What the kernel does not know yet it is made to ask for, by a datagram to a
 * closed door (UDP, port 9, empty), and waited for.
 */
#ifndef SHAKEDOWN_NET_NEIGHBOUR_H
#define SHAKEDOWN_NET_NEIGHBOUR_H

#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

struct neighbour {
	uint8_t theirs[6], ours[6];
};

/* The device must be of Ethernet's kind (ARPHRD_ETHER). -1 with `err`: it is not, or nobody answers
 * within `wait_ms`. */
int neighbour_find(const char *device, const struct ip_addr *next_hop, int wait_ms,
		   struct neighbour *out, struct err *err);

#endif
