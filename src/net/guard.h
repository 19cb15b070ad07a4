/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port guard: keeps the kernel from answering segments of a connection that it does not know
 * of, without a firewall rule.
 *
 * A TCP socket gets a one-instruction classic BPF program that drops everything
 * (SO_ATTACH_FILTER, `ret 0`), which is locked (SO_LOCK_FILTER), is bound to a concrete address
 * and port without SO_REUSEADDR, and listens. The kernel finds a listener for each reply, the
 * filter drops the reply, no RST is sent; the capture taps earlier and sees it. The port is
 * reserved meanwhile, and a killed process leaves nothing behind.
 *
 * Since 2026 kernels let only CAP_NET_ADMIN attach a filter to a TCP socket (commit 5d39580f68e6,
 * also in 6.18.44). Where that fails, the socket demands a TCP MD5 signature (RFC 2385) of every
 * peer, with a random key: segments without it are dropped at an even earlier place. So no
 * privilege is needed, before and after privilege_drop().
 */
#ifndef SHAKEDOWN_NET_GUARD_H
#define SHAKEDOWN_NET_GUARD_H

#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

/* Ports that guards are taken from, both ends included; first == last for one fixed port. */
struct port_block {
	uint16_t first, last;
	uint16_t next; /* where the search goes on; set by guard_block_* */
};

/* Lays a block of `count` ports at a random place in the kernel's ephemeral range
 * (net.ipv4.ip_local_port_range), or all of the range where it is smaller. One block per process
 * keeps the capture's kernel filter a plain range. */
int guard_block_choose(struct port_block *block, uint32_t count, struct err *err);

/* Guards the next free port of the block on `addr`, which must be an address of this host (on
 * `scope_ifindex` for IPv6 link-local addresses, else 0). Returns the socket, to be given to
 * guard_close(), and stores the port; -1 with `err` when no port is free or the address is not
 * ours. Ports come round only after the whole block has been used. */
int guard_open(struct port_block *block, const struct ip_addr *addr, unsigned scope_ifindex,
	       uint16_t *port, struct err *err);
void guard_close(int guard);

/* Which of the two ways this process has at present: "socket filter" or "TCP MD5 signature"; NULL
 * if neither, with which guard_open() fails. A static string. */
const char *guard_method(void);

#endif
