/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/decode*.c: what must be read, and read right. What must be refused is in
 * test_refusals.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packets.h"
#include "wire/decode.h"

/* As the references have them: SYN, data, an ICMP error, and the same over IPv6. */
enum { SYN4 = 0, DATA4 = 3, SYN6 = 7, DATA6 = 10, ICMP4 = 13, ICMP6 = 16 };

static struct packet decoded(enum link_type link, const struct octets *octets)
{
	struct packet packet;

	assert_int_equal(decode_frame(link, octets->at, octets->len, octets->len, &packet),
			 REFUSE_NOT);
	return packet;
}

static bool is_v6(const struct reference *reference)
{
	return reference->hex[0] == '6';
}

/* Fails unless the packet is what tcpdump says of the reference. */
static void is_reference(const struct packet *packet, const struct reference *reference)
{
	char line[512];

	header_line(packet, line, sizeof(line));
	assert_string_equal(line, reference->header);
	if (packet->kind == PACKET_TCP)
		segment_line(&packet->seg, line, sizeof(line));
	else
		icmp_line(&packet->icmp, line, sizeof(line));
	assert_string_equal(line, reference->line);
}

/* Breaks when a real packet is read otherwise than tcpdump and tshark read it, on any link. */
static void references_on_every_link(void **state)
{
	(void)state;
	for (size_t i = 0; i < REFERENCES; i++) {
		for (size_t j = 0; j < LINKS; j++) {
			const char *prefix = links[j].prefix[is_v6(&references[i])];
			struct octets octets = hex_octets(prefix, references[i].hex);
			struct octets bare = hex_octets(references[i].hex, "");
			const struct packet packet = decoded(links[j].type, &octets);

			is_reference(&packet, &references[i]);
			assert_int_equal(packet.ip_checksum, CHECKSUM_GOOD);
			assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
			assert_int_equal(packet.ip_len, bare.len);
			assert_int_equal(packet.seg.data_len, packet.seg.data_captured);
			octets_free(&octets);
			octets_free(&bare);
		}
	}
}

/* Where the last octet that must be there ends: the TCP header, or eight octets of the quote. */
static size_t needed_len(const struct packet *packet, const struct octets *octets, bool v6)
{
	if (packet->kind == PACKET_TCP)
		return (size_t)(packet->seg.data - octets->at);
	return octets->len - packet->ip_len + (v6 ? 40 + 8 + 40 + 8 : 20 + 8 + 20 + 8);
}

/* Decodes the first `len` of the octets, at the end of an allocation. */
static void decode_cut(enum link_type link, const struct octets *octets, size_t len, size_t needed)
{
	struct octets cut = octets_copy(octets->at, len);
	struct packet packet;
	const enum refusal refusal = decode_frame(link, cut.at, len, octets->len, &packet);

	if (len >= needed) {
		assert_int_equal(refusal, REFUSE_NOT);
		if (len < octets->len)
			assert_int_equal(packet.tcp_checksum, CHECKSUM_UNKNOWN);
		if (packet.kind == PACKET_TCP)
			assert_int_equal(packet.seg.data_captured, len - needed);
	} else {
		assert_true(refusal == REFUSE_LINK_TRUNCATED || refusal == REFUSE_IP_TRUNCATED ||
			    refusal == REFUSE_TCP_TRUNCATED || refusal == REFUSE_ICMP_TRUNCATED);
	}
	octets_free(&cut);
}

/* Breaks when a capture that was cut anywhere makes decode read beyond its end (the sanitizers and
 * valgrind see it), or blame the packet for it. */
static void cut_at_every_length(void **state)
{
	(void)state;
	for (size_t i = 0; i < REFERENCES; i++) {
		for (size_t j = 0; j < LINKS; j++) {
			const bool v6 = is_v6(&references[i]);
			struct octets octets = hex_octets(links[j].prefix[v6], references[i].hex);
			const struct packet packet = decoded(links[j].type, &octets);
			const size_t needed = needed_len(&packet, &octets, v6);

			for (size_t len = 0; len <= octets.len; len++)
				decode_cut(links[j].type, &octets, len, needed);
			octets_free(&octets);
		}
	}
}

/* Breaks when a length of data is taken from what was captured, or more data is promised than
 * there are octets. */
static void cut_data(void **state)
{
	struct octets octets = hex_octets(references[DATA4].hex, "");
	struct packet packet;

	(void)state;
	assert_int_equal(decode_frame(LINK_RAW, octets.at, octets.len - 2, octets.len, &packet),
			 REFUSE_NOT);
	assert_int_equal(packet.seg.data_len, 3);
	assert_int_equal(packet.seg.data_captured, 1);
	assert_int_equal(packet.seg.data[0], 'h');
	assert_int_equal(packet.ip_checksum, CHECKSUM_GOOD);
	assert_int_equal(packet.tcp_checksum, CHECKSUM_UNKNOWN);
	octets_free(&octets);
}

/* Breaks when Ethernet's padding of short frames is taken for data. */
static void padding_is_no_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < REFERENCES; i++) {
		const char *prefix = links[0].prefix[is_v6(&references[i])];
		struct octets frame = hex_octets(prefix, references[i].hex);
		struct octets padded = octets_copy(frame.at, frame.len);
		struct packet packet;

		padded.at = realloc(padded.at, frame.len + 7);
		assert_non_null(padded.at);
		memset(padded.at + frame.len, 0x77, 7);
		padded.len = frame.len + 7;
		packet = decoded(LINK_ETHERNET, &padded);
		is_reference(&packet, &references[i]);
		assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
		/* Padding that the capture cut off is missed by nobody. */
		assert_int_equal(
		    decode_frame(LINK_ETHERNET, padded.at, frame.len, padded.len, &packet),
		    REFUSE_NOT);
		assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
		octets_free(&frame);
		octets_free(&padded);
	}
}

/* Breaks when a large segment of our own or of a merged reception, whose total length a capture
 * sees as 0, is refused or gets a wrong length. */
static void total_length_of_zero(void **state)
{
	struct octets octets = hex_octets(links[0].prefix[0], references[DATA4].hex);
	struct packet packet;

	(void)state;
	octets.at[14 + 2] = octets.at[14 + 3] = 0;
	packet = decoded(LINK_ETHERNET, &octets);
	assert_int_equal(packet.ip_len, octets.len - 14);
	assert_int_equal(packet.seg.data_len, 3);
	assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
	assert_int_equal(packet.ip_checksum, CHECKSUM_BAD);
	assert_int_equal(decode_frame(LINK_ETHERNET, octets.at, octets.len, 100000, &packet),
			 REFUSE_NOT);
	assert_int_equal(packet.ip_len, 100000 - 14);
	assert_int_equal(packet.seg.data_len, 100000 - 14 - 52);
	assert_int_equal(packet.seg.data_captured, 3);
	octets_free(&octets);
}

/* Breaks when a wrong checksum goes unnoticed or is a reason to refuse: outgoing segments have one
 * wherever an adapter computes it. */
static void checksums_are_judged(void **state)
{
	static const struct {
		int reference;
		size_t at; /* this octet is changed */
		enum checksum_state ip, tcp;
	} cases[] = {
	    {SYN4, 8, CHECKSUM_BAD, CHECKSUM_GOOD},    /* TTL */
	    {SYN4, 10, CHECKSUM_BAD, CHECKSUM_GOOD},   /* the IP checksum itself */
	    {SYN4, 15, CHECKSUM_BAD, CHECKSUM_BAD},    /* source, in the pseudo-header */
	    {SYN4, 36, CHECKSUM_GOOD, CHECKSUM_BAD},   /* the TCP checksum itself */
	    {DATA4, 54, CHECKSUM_GOOD, CHECKSUM_BAD},  /* data, the odd last octet */
	    {SYN6, 7, CHECKSUM_GOOD, CHECKSUM_GOOD},   /* hop limit: nothing covers it */
	    {SYN6, 23, CHECKSUM_GOOD, CHECKSUM_BAD},   /* source */
	    {DATA6, 74, CHECKSUM_GOOD, CHECKSUM_BAD},  /* data */
	    {ICMP4, 12, CHECKSUM_BAD, CHECKSUM_GOOD},  /* source: ICMP has no pseudo-header */
	    {ICMP4, 87, CHECKSUM_GOOD, CHECKSUM_BAD},  /* the quote's end */
	    {ICMP6, 23, CHECKSUM_GOOD, CHECKSUM_BAD},  /* source: ICMPv6 has one */
	    {ICMP6, 127, CHECKSUM_GOOD, CHECKSUM_BAD}, /* the quote's end */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets octets = hex_octets(references[cases[i].reference].hex, "");
		struct packet packet;

		octets.at[cases[i].at] ^= 0x40;
		packet = decoded(LINK_RAW, &octets);
		assert_int_equal(packet.ip_checksum, cases[i].ip);
		assert_int_equal(packet.tcp_checksum, cases[i].tcp);
		octets_free(&octets);
	}
}

/* Breaks when IPv4 options are taken for TCP. */
static void ip4_options(void **state)
{
	/* 192.0.2.1:1 > 192.0.2.2:2 with a router alert: . 1:2(1) ack 2 win 3 */
	struct octets octets = hex_octets("4600002d 00000000 40060000 c0000201 c0000202 94040000",
					  "00010002 00000001 00000002 50100003 00000000 78");
	const struct packet packet = decoded(LINK_RAW, &octets);
	char line[512];

	(void)state;
	segment_line(&packet.seg, line, sizeof(line));
	assert_string_equal(line, ". 1:2(1) ack 2 win 3");
	header_line(&packet, line, sizeof(line));
	assert_string_equal(line, "192.0.2.1:1 > 192.0.2.2:2 ttl 64 tos 0x00 id 0");
	octets_free(&octets);
}

/* Breaks when a segment behind extension headers is not found, or their octets are counted as its
 * data or into its checksum. */
static void ip6_extensions(void **state)
{
	/* All of them: hop-by-hop, destination, routing with nothing left, authentication, atomic
	 * fragment, a destination header of 16 octets. */
	static const char *const chains[][2] = {
	    {"00", "0600050200000000"},
	    {"3c", "0600010400000000"},
	    {"2b", "0600040000000000"},
	    {"2c", "06ff000011223344"},
	    {"33", "0604000000000001 00000002 a1a2a3a4 a5a6a7a8 a9aaabac"},
	    {"00", "3c00050200000000 2b00010400000000 2c00040000000000 3300000011223344"
		   "3c04000000000001 00000002 a1a2a3a4 a5a6a7a8 a9aaabac"
		   "0601010c00000000 0000000000000000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		struct octets chain = hex_octets(chains[i][1], "");
		struct octets plain = hex_octets(references[DATA6].hex, "");
		uint8_t all[256];
		struct packet packet;
		struct octets octets;

		memcpy(all, plain.at, 40);
		memcpy(all + 40, chain.at, chain.len);
		memcpy(all + 40 + chain.len, plain.at + 40, plain.len - 40);
		all[5] = (uint8_t)(all[5] + chain.len);
		hex_read(chains[i][0], all + 6, 1);
		octets = octets_copy(all, plain.len + chain.len);
		packet = decoded(LINK_RAW, &octets);
		is_reference(&packet, &references[DATA6]);
		assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
		assert_int_equal(packet.ip_len, octets.len);
		for (size_t len = 0; len < octets.len; len++)
			decode_cut(LINK_RAW, &octets, len, octets.len - 3);
		octets_free(&octets);
		octets_free(&plain);
		octets_free(&chain);
	}
}

/* Breaks when a flag bit is lost or joined by its neighbours: all twelve are told apart. */
static void every_flag_bit(void **state)
{
	struct octets octets = hex_octets(references[SYN4].hex, "");

	(void)state;
	for (unsigned flags = 0; flags < 0x1000; flags++) {
		octets.at[32] = (uint8_t)(0xa0 | flags >> 8);
		octets.at[33] = (uint8_t)flags;
		assert_int_equal(decoded(LINK_RAW, &octets).seg.flags, flags);
	}
	octets_free(&octets);
}

/* The quote's part of ICMP tests: an error of 192.0.2.9, or 2001:db8::9, about our segment. */
#define ERROR4 "45000000 00000000 40010000 c0000209 c0000201"
#define ERROR6                                                                                     \
	"60000000 00003a40 20010db8 00000000 00000000 00000009"                                    \
	"20010db8 00000000 00000000 00000001"
#define ADDRS6  "20010db8 00000000 00000000 00000001 20010db8 00000000 00000000 00000002"
#define EIGHT   "03e80050 01020304"
#define QUOTED4 "[192.0.2.1:1000 > 192.0.2.2:80 seq 16909060 ttl 9]"
#define QUOTED6 "[[2001:db8::1]:1000 > [2001:db8::2]:80 seq 16909060 ttl 9]"

/* Breaks when an error about our segment is not recognised: RFC 792 promises eight octets of it and
 * no more, whatever lengths the quote claims and whatever options it has. */
static void quotes(void **state)
{
	static const struct {
		const char *header, *message, *line;
	} cases[] = {
	    /* As little as there may be */
	    {ERROR4, "03030000 00000000 4500003c 00004000 0906 0000 c0000201 c0000202" EIGHT,
	     "icmp type 3 code 3 mtu 0 " QUOTED4},
	    {ERROR4, "0b000000 00000000 45000000 00000000 0906 0000 c0000201 c0000202" EIGHT,
	     "icmp type 11 code 0 mtu 0 " QUOTED4},
	    /* An MTU, where there is one and where it is something else */
	    {ERROR4, "03040000 00000500 450005dc 00004000 0906 0000 c0000201 c0000202" EIGHT,
	     "icmp type 3 code 4 mtu 1280 " QUOTED4},
	    {ERROR4, "0c000000 14000500 4500003c 00004000 0906 0000 c0000201 c0000202" EIGHT,
	     "icmp type 12 code 0 mtu 0 " QUOTED4},
	    {ERROR6, "02000000 00010500 60000000 05b40609" ADDRS6 EIGHT,
	     "icmp type 2 code 0 mtu 66816 " QUOTED6},
	    {ERROR6, "01040000 00000500 60000000 00280609" ADDRS6 EIGHT,
	     "icmp type 1 code 4 mtu 0 " QUOTED6},
	    {ERROR6, "04010000 00000006 60000000 ffff0609" ADDRS6 EIGHT,
	     "icmp type 4 code 1 mtu 0 " QUOTED6},
	    /* Source quench and redirect */
	    {ERROR4, "04000000 00000000 4500003c 00004000 0906 0000 c0000201 c0000202" EIGHT,
	     "icmp type 4 code 0 mtu 0 " QUOTED4},
	    {ERROR4, "05010000 c0000203 4500003c 00004000 0906 0000 c0000201 c0000202" EIGHT,
	     "icmp type 5 code 1 mtu 0 " QUOTED4},
	    /* A quote with options, a first fragment, extension headers */
	    {ERROR4,
	     "03010000 00000000 46000040 00002000 0906 0000 c0000201 c0000202 94040000" EIGHT,
	     "icmp type 3 code 1 mtu 0 " QUOTED4},
	    {ERROR6,
	     "03000000 00000000 60000000 00300009" ADDRS6 "2c00050200000000 0600000111223344" EIGHT,
	     "icmp type 3 code 0 mtu 0 " QUOTED6},
	};
	char line[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets octets = hex_octets(cases[i].header, cases[i].message);
		const bool v6 = octets.at[0] >> 4 == 6;
		struct packet packet;

		octets.at[v6 ? 5 : 3] = (uint8_t)(octets.len - (v6 ? 40 : 0));
		packet = decoded(LINK_RAW, &octets);
		assert_int_equal(packet.kind, PACKET_ICMP_ERROR);
		icmp_line(&packet.icmp, line, sizeof(line));
		assert_string_equal(line, cases[i].line);
		assert_int_equal(packet.flow.src.port | packet.flow.dst.port, 0);
		assert_int_equal(packet.tcp_checksum, CHECKSUM_BAD);
		for (size_t len = 0; len < octets.len; len++)
			decode_cut(LINK_RAW, &octets, len, octets.len);
		octets_free(&octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(references_on_every_link),
	    cmocka_unit_test(cut_at_every_length),
	    cmocka_unit_test(cut_data),
	    cmocka_unit_test(padding_is_no_data),
	    cmocka_unit_test(total_length_of_zero),
	    cmocka_unit_test(checksums_are_judged),
	    cmocka_unit_test(ip4_options),
	    cmocka_unit_test(ip6_extensions),
	    cmocka_unit_test(every_flag_bit),
	    cmocka_unit_test(quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
