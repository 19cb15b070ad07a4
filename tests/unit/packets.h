/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference packets for the unit tests of wire/: what Linux 6.18 sent over a veth pair without
 * checksum offload, as tcpdump took it down, and what tcpdump and tshark say that it is. Above
 * the hex stand the IP header's fields and the packetdrill line (without its nops).
 */
#ifndef SHAKEDOWN_TESTS_PACKETS_H
#define SHAKEDOWN_TESTS_PACKETS_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/decode.h"

struct reference {
	const char *name;
	const char *header; /* as header_line() has it */
	const char *line;   /* as segment_line() or icmp_line() has it */
	const char *hex;    /* the IP packet */
};

static const struct reference references[] = {
    {"IPv4 SYN", "192.0.2.1:59744 > 192.0.2.2:7000 ttl 64 tos 0x00 id 43840 DF",
     "S 1447213965:1447213965(0) win 64240 <mss 1460,sackOK,TS val 1655875775 ecr 0,wscale 10>",
     "4500003c ab404000 40060b78 c0000201 c0000202 e9601b58 5642bb8d 00000000 a002faf0 a70d0000"
     "020405b4 0402080a 62b2a8bf 00000000 0103030a"},
    {"IPv4 SYN-ACK", "192.0.2.2:7000 > 192.0.2.1:59744 ttl 64 tos 0x00 id 0 DF",
     "S. 1982214348:1982214348(0) ack 1447213966 win 65160 <mss 1460,sackOK,TS val 1603610796 ecr "
     "1655875775,wscale 10>",
     "4500003c 00004000 4006b6b8 c0000202 c0000201 1b58e960 762630cc 5642bb8e a012fe88 74300000"
     "020405b4 0402080a 5f9528ac 62b2a8bf 0103030a"},
    {"IPv4 ACK", "192.0.2.1:59744 > 192.0.2.2:7000 ttl 64 tos 0x00 id 43841 DF",
     ". 1447213966:1447213966(0) ack 1982214349 win 63 <TS val 1655875775 ecr 1603610796>",
     "45000034 ab414000 40060b7f c0000201 c0000202 e9601b58 5642bb8e 762630cd 8010003f a1490000"
     "0101080a 62b2a8bf 5f9528ac"},
    {"IPv4 data", "192.0.2.1:59744 > 192.0.2.2:7000 ttl 64 tos 0x00 id 43842 DF",
     "P. 1447213966:1447213969(3) ack 1982214349 win 63 <TS val 1655875775 ecr 1603610796>",
     "45000037 ab424000 40060b7b c0000201 c0000202 e9601b58 5642bb8e 762630cd 8018003f 17d50000"
     "0101080a 62b2a8bf 5f9528ac 686921"},
    {"IPv4 FIN", "192.0.2.1:59744 > 192.0.2.2:7000 ttl 64 tos 0x00 id 43845 DF",
     "F. 1447213970:1447213970(0) ack 1982214353 win 63 <TS val 1655875775 ecr 1603610796>",
     "45000034 ab454000 40060b7b c0000201 c0000202 e9601b58 5642bb92 762630d1 8011003f a1400000"
     "0101080a 62b2a8bf 5f9528ac"},
    {"IPv4 RST", "192.0.2.2:7001 > 192.0.2.1:45140 ttl 64 tos 0x00 id 0 DF",
     "R. 0:0(0) ack 4155090490 win 0",
     "45000028 00004000 4006b6cc c0000202 c0000201 1b59b054 00000000 f7a9a63a 50140000 c23a0000"},
    {"IPv4 SACK", "192.0.2.2:7000 > 192.0.2.1:59764 ttl 64 tos 0x00 id 9591 DF",
     ". 2489419123:2489419123(0) ack 2190303374 win 64 <TS val 2983188160 ecr 1000786899,sack "
     "2190303378:2190303382>",
     "45000040 25774000 4006913d c0000202 c0000201 1b58e974 94618573 828d608e b0100040 64560000"
     "0101080a b1cfd6c0 3ba6cbd3 0101050a 828d6092 828d6096"},
    {"IPv6 SYN", "[2001:db8::1]:47298 > [2001:db8::2]:7000 ttl 64 tos 0x00",
     "S 976493120:976493120(0) win 64800 <mss 1440,sackOK,TS val 2589783510 ecr 0,wscale 10>",
     "60000000 00280640 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002"
     "b8c21b58 3a341a40 00000000 a002fd20 36b90000 020405a0 0402080a 9a5cf5d6 00000000 0103030a"},
    {"IPv6 SYN-ACK", "[2001:db8::2]:7000 > [2001:db8::1]:47298 ttl 64 tos 0x00",
     "S. 8223324:8223324(0) ack 976493121 win 64260 <mss 1440,sackOK,TS val 2621892461 ecr "
     "2589783510,wscale 10>",
     "60000000 00280640 20010db8 00000000 00000000 00000002 20010db8 00000000 00000000 00000001"
     "1b58b8c2 007d7a5c 3a341a41 a012fb04 3a360000 020405a0 0402080a 9c46e76d 9a5cf5d6 0103030a"},
    {"IPv6 ACK", "[2001:db8::1]:47298 > [2001:db8::2]:7000 ttl 64 tos 0x00",
     ". 976493121:976493121(0) ack 8223325 win 64 <TS val 2589783510 ecr 2621892461>",
     "60000000 00200640 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002"
     "b8c21b58 3a341a41 007d7a5d 80100040 63b60000 0101080a 9a5cf5d6 9c46e76d"},
    {"IPv6 data", "[2001:db8::1]:47298 > [2001:db8::2]:7000 ttl 64 tos 0x00",
     "P. 976493121:976493124(3) ack 8223325 win 64 <TS val 2589783510 ecr 2621892461>",
     "60000000 00230640 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002"
     "b8c21b58 3a341a41 007d7a5d 80180040 da410000 0101080a 9a5cf5d6 9c46e76d 686921"},
    {"IPv6 FIN", "[2001:db8::1]:47298 > [2001:db8::2]:7000 ttl 64 tos 0x00",
     "F. 976493125:976493125(0) ack 8223329 win 64 <TS val 2589783511 ecr 2621892462>",
     "60000000 00200640 20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002"
     "b8c21b58 3a341a45 007d7a61 80110040 63ab0000 0101080a 9a5cf5d7 9c46e76e"},
    {"IPv6 RST", "[2001:db8::2]:7001 > [2001:db8::1]:41330 ttl 64 tos 0x00",
     "R. 0:0(0) ack 3332617378 win 0",
     "60000000 00140640 20010db8 00000000 00000000 00000002 20010db8 00000000 00000000 00000001"
     "1b59a172 00000000 c6a3b4a2 50140000 1c4a0000"},
    {"IPv4 host unreachable", "192.0.2.2 > 192.0.2.1 ttl 64 tos 0xc0 id 47657",
     "icmp type 3 code 1 mtu 0 [192.0.2.1:57464 > 10.2.0.1:80 seq 2728726530 ttl 64]",
     "45c00058 ba290000 40013bb8 c0000202 c0000201 0301c931 00000000 4500003c fb024000 400673b5"
     "c0000201 0a020001 e0780050 a2a51002 00000000 a002faf0 f0090000 020405b4 0402080a 3445c948"
     "00000000 0103030a"},
    {"IPv4 prohibited", "192.0.2.2 > 192.0.2.1 ttl 64 tos 0xc0 id 47658",
     "icmp type 3 code 13 mtu 0 [192.0.2.1:50366 > 10.2.0.2:80 seq 4205865299 ttl 64]",
     "45c00058 ba2a0000 40013bb7 c0000202 c0000201 030dc926 00000000 4500003c 6f414000 4006ff75"
     "c0000201 0a020002 c4be0050 fab06953 00000000 a002faf0 fa740000 020405b4 0402080a bdb19fcd"
     "00000000 0103030a"},
    {"IPv4 time exceeded", "192.0.2.2 > 192.0.2.1 ttl 64 tos 0xc0 id 47672",
     "icmp type 11 code 0 mtu 0 [192.0.2.1:37378 > 10.1.0.9:80 seq 1020458409 ttl 1]",
     "45c00058 ba380000 40013ba9 c0000202 c0000201 0b00c139 00000000 4500003c b7404000 0106f670"
     "c0000201 0a010009 92020050 3cd2f5a9 00000000 a002faf0 49540000 020405b4 0402080a 8fe9e2f4"
     "00000000 0103030a"},
    {"IPv6 unreachable", "2001:db8::2 > 2001:db8::1 ttl 64 tos 0x00",
     "icmp type 1 code 0 mtu 0 [[2001:db8::1]:40610 > [2001:db8:2::1]:80 seq 1821411965 ttl 64]",
     "60000000 00583a40 20010db8 00000000 00000000 00000002 20010db8 00000000 00000000 00000001"
     "01003cbe 00000000 60000000 00280640 20010db8 00000000 00000000 00000001 20010db8 00020000"
     "00000000 00000001 9ea20050 6c908a7d 00000000 a002fd20 416a0000 020405a0 0402080a a7e97026"
     "00000000 0103030a"},
    {"IPv6 time exceeded", "2001:db8::2 > 2001:db8::1 ttl 64 tos 0x00",
     "icmp type 3 code 0 mtu 0 [[2001:db8::1]:36886 > [2001:db8:1::9]:80 seq 729967744 ttl 1]",
     "60000000 00583a40 20010db8 00000000 00000000 00000002 20010db8 00000000 00000000 00000001"
     "03003afd 00000000 60000000 00280601 20010db8 00000000 00000000 00000001 20010db8 00010000"
     "00000000 00000009 90160050 2b826c80 00000000 a002fd20 11410000 020405a0 0402080a a39b122e"
     "00000000 0103030a"},
};
#define REFERENCES (sizeof(references) / sizeof(references[0]))

/* What stands before the packet on each kind of link: [0] before IPv4, [1] before IPv6. The first
 * three were captured with the packets. */
static const struct {
	const char *name;
	enum link_type type;
	const char *prefix[2];
} links[] = {
    {"Ethernet",
     LINK_ETHERNET,
     {"020000000002 020000000001 0800", "020000000002 020000000001 86dd"}},
    {"Linux cooked v1",
     LINK_COOKED1,
     {"0004 0001 0006 0200000000010000 0800", "0004 0001 0006 0200000000010000 86dd"}},
    {"Linux cooked v2",
     LINK_COOKED2,
     {"0800 0000 00000002 0001 04 06 0200000000010000",
      "86dd 0000 00000002 0001 04 06 0200000000010000"}},
    {"802.1Q",
     LINK_ETHERNET,
     {"020000000002 020000000001 8100 0064 0800", "020000000002 020000000001 8100 0064 86dd"}},
    {"802.1ad",
     LINK_ETHERNET,
     {"020000000002 020000000001 88a8 00c8 8100 0064 0800",
      "020000000002 020000000001 88a8 00c8 8100 0064 86dd"}},
    {"802.1Q, cooked v1",
     LINK_COOKED1,
     {"0004 0001 0006 0200000000010000 8100 0064 0800",
      "0004 0001 0006 0200000000010000 8100 0064 86dd"}},
    {"raw", LINK_RAW, {"", ""}},
    {"null, little endian", LINK_NULL, {"02000000", "1e000000"}},
    {"null, big endian", LINK_NULL, {"00000002", "0000001c"}},
};
#define LINKS (sizeof(links) / sizeof(links[0]))

/* Octets that end where their allocation ends, so that a read beyond them is noticed. */
struct octets {
	uint8_t *at;
	size_t len;
};

static inline struct octets octets_copy(const uint8_t *from, size_t len)
{
	struct octets copy = {malloc(len ? len : 1), len};

	if (!copy.at)
		abort();
	/* Nothing at all: point behind the one octet that there is. */
	if (len == 0)
		copy.at++;
	else
		memcpy(copy.at, from, len);
	return copy;
}

static inline void octets_free(struct octets *octets)
{
	free(octets->len ? octets->at : octets->at - 1);
}

/* Reads pairs of hexadecimal digits; blanks are skipped. Returns the octets written. */
static inline size_t hex_read(const char *hex, uint8_t *out, size_t out_size)
{
	size_t len = 0;
	unsigned octet;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		if (len == out_size || sscanf(hex, "%2x", &octet) != 1)
			abort();
		out[len++] = (uint8_t)octet;
		hex++;
	}
	return len;
}

/* Both texts, one behind the other. */
static inline struct octets hex_octets(const char *first, const char *second)
{
	uint8_t all[2048];
	const size_t len = hex_read(first, all, sizeof(all));

	return octets_copy(all, len + hex_read(second, all + len, sizeof(all) - len));
}

/* "192.0.2.1:1 > 192.0.2.2:2 ttl 64 tos 0x00 id 7 DF"; no ports for an ICMP error. */
static inline void header_line(const struct packet *packet, char *line, size_t size)
{
	char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX], id[32] = "";

	if (packet->kind == PACKET_TCP) {
		endpoint_text(&packet->flow.src, src);
		endpoint_text(&packet->flow.dst, dst);
	} else {
		addr_text(&packet->flow.src.addr, src);
		addr_text(&packet->flow.dst.addr, dst);
	}
	if (packet->flow.src.addr.version == IP_V4)
		snprintf(id, sizeof(id), " id %u%s", packet->ip.id, packet->ip.df ? " DF" : "");
	snprintf(line, size, "%s > %s ttl %u tos 0x%02x%s", src, dst, packet->ip.ttl,
		 packet->ip.tos, id);
}

static inline void options_line(const struct tcp_options *options, char *line, size_t size)
{
	int n = 0;

	line[0] = '\0';
#define APPEND(...) n += snprintf(line + n, size - (size_t)n, __VA_ARGS__)
	if (options->has_mss)
		APPEND(",mss %u", options->mss);
	if (options->has_sack_permitted)
		APPEND(",sackOK");
	if (options->has_timestamps)
		APPEND(",TS val %" PRIu32 " ecr %" PRIu32, options->tsval, options->tsecr);
	if (options->has_wscale)
		APPEND(",wscale %u", options->wscale);
	for (size_t i = 0; i < options->sack_count; i++)
		APPEND("%s%" PRIu32 ":%" PRIu32, i ? " " : ",sack ", options->sack[i].start,
		       options->sack[i].end);
	if (n > 0) {
		line[0] = '<';
		APPEND(">");
	}
#undef APPEND
}

/* "S. 1:1(0) ack 2 win 3 <mss 1460>" */
static inline void segment_line(const struct segment *seg, char *line, size_t size)
{
	char flags[FLAGS_TEXT_MAX], ack[32] = "", options[256];

	if (seg->flags & TCP_ACK)
		snprintf(ack, sizeof(ack), " ack %" PRIu32, seg->ack);
	options_line(&seg->options, options, sizeof(options));
	snprintf(line, size, "%s %" PRIu32 ":%" PRIu32 "(%" PRIu32 ")%s win %u%s%s",
		 flags_text(seg->flags, flags), seg->seq, seg->seq + seg->data_len, seg->data_len,
		 ack, seg->wnd, options[0] ? " " : "", options);
}

static inline void icmp_line(const struct icmp_error *icmp, char *line, size_t size)
{
	char src[ENDPOINT_TEXT_MAX], dst[ENDPOINT_TEXT_MAX];

	snprintf(line, size,
		 "icmp type %u code %u mtu %" PRIu32 " [%s > %s seq %" PRIu32 " ttl %u]",
		 icmp->type, icmp->code, icmp->mtu, endpoint_text(&icmp->quoted.src, src),
		 endpoint_text(&icmp->quoted.dst, dst), icmp->quoted_seq, icmp->quoted_ttl);
}

#endif
