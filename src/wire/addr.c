/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: addresses, endpoints and flows. In: octets or text. Out: the other. RFC 4291, RFC 5952. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/addr.h"

static size_t addr_len(const struct ip_addr *addr)
{
	if (addr->version == IP_V4)
		return 4;
	return addr->version == IP_V6 ? 16 : 0;
}

bool addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->version == b->version && memcmp(a->octets, b->octets, addr_len(a)) == 0;
}

bool addr_is_link_local(const struct ip_addr *addr)
{
	return addr->version == IP_V6 && addr->octets[0] == 0xfe &&
	       (addr->octets[1] & 0xc0) == 0x80;
}

bool addr_is_loopback(const struct ip_addr *addr)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (addr->version == IP_V4)
		return addr->octets[0] == 127; /* RFC 1122 section 3.2.1.3 (g) */
	return addr->version == IP_V6 && memcmp(addr->octets, loopback6, sizeof(loopback6)) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

bool flow_equal(const struct flow *a, const struct flow *b)
{
	return endpoint_equal(&a->src, &b->src) && endpoint_equal(&a->dst, &b->dst);
}

struct flow flow_reverse(const struct flow *flow)
{
	return (struct flow){.src = flow->dst, .dst = flow->src};
}

const char *addr_text(const struct ip_addr *addr, char text[ADDR_TEXT_MAX])
{
	static_assert(ADDR_TEXT_MAX >= INET6_ADDRSTRLEN, "the longest address fits");

	if (addr->version == IP_V4)
		inet_ntop(AF_INET, addr->octets, text, ADDR_TEXT_MAX);
	else if (addr->version == IP_V6)
		inet_ntop(AF_INET6, addr->octets, text, ADDR_TEXT_MAX);
	else
		snprintf(text, ADDR_TEXT_MAX, "none");
	return text;
}

const char *endpoint_text(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX])
{
	char addr[ADDR_TEXT_MAX];

	addr_text(&ep->addr, addr);
	snprintf(text, ENDPOINT_TEXT_MAX, ep->addr.version == IP_V6 ? "[%s]:%u" : "%s:%u", addr,
		 (unsigned)ep->port);
	return text;
}

bool addr_parse(const char *text, struct ip_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, addr->octets) == 1)
		addr->version = IP_V4;
	else if (inet_pton(AF_INET6, text, addr->octets) == 1)
		addr->version = IP_V6;
	return addr->version != IP_NONE;
}
