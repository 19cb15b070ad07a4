/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, endpoints and flows: who talks to whom. Ports are in host order; the octets of an
 * address stand as they do on the wire.
 */
#ifndef SHAKEDOWN_WIRE_ADDR_H
#define SHAKEDOWN_WIRE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ip_version { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip_addr {
	uint8_t version;    /* enum ip_version */
	uint8_t octets[16]; /* 4 used for IPv4, the rest zero */
};

struct endpoint {
	struct ip_addr addr;
	uint16_t port;
};

/* One direction of a connection, as a segment names it. */
struct flow {
	struct endpoint src;
	struct endpoint dst;
};

/* "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255" and a NUL */
#define ADDR_TEXT_MAX 46
/* with brackets, colon and port */
#define ENDPOINT_TEXT_MAX (ADDR_TEXT_MAX + 8)

bool addr_equal(const struct ip_addr *a, const struct ip_addr *b);
bool addr_is_link_local(const struct ip_addr *addr); /* fe80::/10 */
bool addr_is_loopback(const struct ip_addr *addr);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool flow_equal(const struct flow *a, const struct flow *b);

/* The same connection seen from the other side. */
struct flow flow_reverse(const struct flow *flow);

/* Writes the address as RFC 5952 does ("192.0.2.1", "2001:db8::1"); returns `text`. */
const char *addr_text(const struct ip_addr *addr, char text[ADDR_TEXT_MAX]);

/* "192.0.2.1:80" or "[2001:db8::1]:80"; returns `text`. */
const char *endpoint_text(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX]);

/* Reads a literal IPv4 or IPv6 address (no scope id, no name); false if it is none. */
bool addr_parse(const char *text, struct ip_addr *addr);

#endif
