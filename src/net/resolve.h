/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve: a target's name, as the user wrote it -> one address, or all of them. Done before the
 * system-call filter is entered; may ask the network's name servers, and then blocks as they do.
 */
#ifndef SHAKEDOWN_NET_RESOLVE_H
#define SHAKEDOWN_NET_RESOLVE_H

#include "base/err.h"
#include "wire/addr.h"

/* `host` is a literal address ("192.0.2.1", "2001:db8::1", "fe80::1%eth0"; no brackets) or a name.
 * `want` is IP_V4, IP_V6, or IP_NONE for either, in the order of getaddrinfo() (RFC 6724).
 * `scope_ifindex` gets the interface of a scoped literal or answer, else 0. Returns 0, or -1 with
 * "HOST: cannot resolve: WHY" and a hint where only the other version has an address. */
int resolve_host(const char *host, enum ip_version want, struct ip_addr *out,
		 unsigned *scope_ifindex, struct err *err);

/* The same, but `take` gets each address of that name, once or more often; it returns -1 to end it.
 * Scoped literals and answers are refused: who asks for all of them has no place for an interface.
 */
int resolve_all(const char *host, enum ip_version want,
		int (*take)(void *arg, const struct ip_addr *addr), void *arg, struct err *err);

#endif
