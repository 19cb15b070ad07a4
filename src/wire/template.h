/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A template: a whole Ethernet frame (or IP packet) of craft's making, of which copies are patched
 * in place for mass work: addresses, ports, numbers, with both checksums updated incrementally (RFC
 * 1624). Pure; no allocation.
 */
#ifndef SHAKEDOWN_WIRE_TEMPLATE_H
#define SHAKEDOWN_WIRE_TEMPLATE_H

#include "wire/craft.h"

#define TEMPLATE_MAX 160

struct template
{
	uint8_t octets[TEMPLATE_MAX];
	uint32_t len;    /* all of it */
	uint32_t ip_at;  /* where the IP header begins: 0 or 14 */
	uint32_t tcp_at; /* and the TCP header */
	enum ip_version version;
	uint32_t ip_sum, tcp_sum; /* one's complement sums of what no copy changes, folded */
};

/* Made from a request without data; `macs` (dst, then src; NULL: no Ethernet header). False if
 * craft refuses, or with a checksum that is wrong on purpose: no copy could keep it so. */
bool template_init(struct template *template, const struct craft_request *request,
		   const uint8_t (*macs)[6]);

/* What differs from copy to copy, in host order. The source address is the template's. */
struct template_fields {
	const struct ip_addr *dst;
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
};

/* Writes the copy into `out` (template->len octets); the result equals what craft would have made
 * of the same fields. */
void template_copy(const struct template *template, const struct template_fields *fields,
		   uint8_t *out);

#endif
