/* SPDX-License-Identifier: BSD-2-Clause */
/* Templates: craft's packet once -> many copies with other addresses, ports and numbers. */
#include "wire/template.h"

#include <string.h>

#include "wire/checksum.h"
#include "wire/layout.h"
#include "wire/octets.h"

/* The sum of the 16-bit words, not folded. */
static uint32_t sum_words(const uint8_t *octets, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(octets + i);
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* RFC 1624 section 3, the other way round: what is left of the sum when these octets are taken out
 * of it: adding the complement of each word. */
static uint32_t without(uint32_t sum, const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint16_t)~get16(octets + i);
	return fold(sum);
}

static size_t address_len(const struct template *template)
{
	return template->version == IP_V6 ? 16 : 4;
}

static uint8_t *destination(const struct template *template, uint8_t *octets)
{
	return octets + template->ip_at + (template->version == IP_V6 ? 24 : 16);
}

bool template_init(struct template *template, const struct craft_request *request,
		   const uint8_t (*macs)[6])
{
	uint8_t *octets = template->octets, *tcp;
	size_t len;

	memset(template, 0, sizeof(*template));
	template->version = request->flow->dst.addr.version;
	if (request->seg->data_len > 0 || (request->faults && request->faults->bad_checksum))
		return false;
	if (macs)
		template->ip_at =
		    (uint32_t)craft_ethernet(macs[0], macs[1], template->version, octets);
	len = craft_packet(request, octets + template->ip_at, TEMPLATE_MAX - template->ip_at);
	if (len == 0)
		return false;
	template->len = template->ip_at + (uint32_t)len;
	template->tcp_at =
	    template->ip_at + (template->version == IP_V6 ? IP6_HEADER_LEN : IP4_HEADER_LEN);
	tcp = octets + template->tcp_at;
	/* the checksum field holds the complement of the sum */
	template->tcp_sum = (uint16_t)~get16(tcp + 16);
	template->tcp_sum = without(template->tcp_sum, tcp, 12); /* ports, seq, ack */
	template->tcp_sum =
	    without(template->tcp_sum, destination(template, octets), address_len(template));
	if (template->version == IP_V4) {
		template->ip_sum = (uint16_t)~get16(octets + template->ip_at + 10);
		template->ip_sum = without(template->ip_sum, destination(template, octets), 4);
	}
	return true;
}

void template_copy(const struct template *template, const struct template_fields *fields,
		   uint8_t *out)
{
	uint8_t *tcp = out + template->tcp_at, *dst = destination(template, out);
	size_t len = address_len(template);
	uint32_t dst_sum;

	memcpy(out, template->octets, template->len);
	memcpy(dst, fields->dst->octets, len);
	put16(tcp, fields->src_port);
	put16(tcp + 2, fields->dst_port);
	put32(tcp + 4, fields->seq);
	put32(tcp + 8, fields->ack);
	dst_sum = sum_words(dst, len);
	if (template->version == IP_V4)
		put16(out + template->ip_at + 10, (uint16_t)~fold(template->ip_sum + dst_sum));
	put16(tcp + 16, (uint16_t)~fold(template->tcp_sum + dst_sum + sum_words(tcp, 12)));
}
