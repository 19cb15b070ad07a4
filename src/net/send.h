/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * send: IP packets -> wire. libnet's raw sockets: routed by the kernel, passing netfilter and
 * conntrack, seen by our own capture. Needs CAP_NET_RAW to open, nothing afterwards.
 */
#ifndef SHAKEDOWN_NET_SEND_H
#define SHAKEDOWN_NET_SEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

struct sender;

/* Routes everything from now on as packets of `src`, as policy routing may want (ip rule). */
int sender_bind(struct sender *sender, const struct ip_addr *src, struct err *err);

/* `device`: leave by this interface only (SO_BINDTODEVICE), or NULL. The IPv4 and IPv6 sockets
 * are both opened now; a kernel without IPv6 refuses only when an IPv6 packet is sent. */
struct sender *sender_open(const char *device, struct err *err);
void sender_close(struct sender *sender);

enum send_result {
	SEND_OK,
	SEND_AGAIN, /* the queue is full (ENOBUFS, EAGAIN): try the same packet later */
	SEND_FAILED /* `err` says why: no route, firewall (EPERM), message too long */
};

/* Sends one IP packet (a craft_packet() result). */
enum send_result sender_send(struct sender *sender, const uint8_t *packet, size_t len,
			     struct err *err);

#endif
