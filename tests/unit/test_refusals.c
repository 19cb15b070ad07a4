/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/decode*.c: what must be refused, for which reason, and that no octet whatever
 * makes decode read where it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packets.h"
#include "wire/decode.h"

/* As the references have them: SYN, an ICMP error, and the same over IPv6. */
enum { SYN4 = 0, SYN6 = 7, ICMP4 = 13, ICMP6 = 16 };

/* Which reasons have been met, by all tests here. */
static bool met[REFUSE_COUNT];

static void refused_as(enum link_type link, const struct octets *octets, enum refusal expected)
{
	struct packet packet;
	const enum refusal refusal =
	    decode_frame(link, octets->at, octets->len, octets->len, &packet);

	assert_string_equal(refusal_name(refusal), refusal_name(expected));
	met[refusal] = true;
}

/* A real packet with a few octets changed. */
static const struct {
	int reference;
	size_t at;
	const char *hex; /* goes there */
	enum refusal refusal;
} changes[] = {
    {SYN4, 0, "55", REFUSE_IP_HEADER},   /* version 5 */
    {SYN4, 0, "05", REFUSE_IP_HEADER},   /* version 0 */
    {SYN4, 0, "65", REFUSE_IP_HEADER},   /* version 6: as long as it all is, and more */
    {SYN4, 0, "44", REFUSE_IP_HEADER},   /* a header of 16 octets */
    {SYN4, 0, "40", REFUSE_IP_HEADER},   /* of none */
    {SYN4, 2, "0013", REFUSE_IP_HEADER}, /* a total length under the header's */
    {SYN4, 2, "003d", REFUSE_IP_HEADER}, /* one octet over the end */
    {SYN4, 2, "ffff", REFUSE_IP_HEADER}, /* far over the end */
    {SYN4, 2, "0014", REFUSE_TCP_TRUNCATED},
    {SYN4, 2, "0027", REFUSE_TCP_TRUNCATED}, /* 19 octets of TCP */
    {SYN4, 6, "2000", REFUSE_IP_FRAGMENT},   /* the first fragment */
    {SYN4, 6, "2001", REFUSE_IP_FRAGMENT},   /* one in the middle */
    {SYN4, 6, "4001", REFUSE_IP_FRAGMENT},   /* the last, and DF */
    {SYN4, 6, "1fff", REFUSE_IP_FRAGMENT},
    {SYN4, 9, "11", REFUSE_NOT_TCP}, /* UDP */
    {SYN4, 9, "3a", REFUSE_NOT_TCP}, /* ICMPv6 in IPv4 */
    {SYN4, 9, "32", REFUSE_NOT_TCP}, /* ESP */
    {SYN4, 9, "00", REFUSE_NOT_TCP}, /* hop-by-hop options are IPv6's */
    {SYN4, 32, "40", REFUSE_TCP_OFFSET},
    {SYN4, 32, "00", REFUSE_TCP_OFFSET},
    {SYN4, 32, "b0", REFUSE_TCP_OFFSET}, /* 44 of 40 octets */
    {SYN4, 32, "f0", REFUSE_TCP_OFFSET},
    {SYN6, 0, "40", REFUSE_IP_HEADER},
    {SYN6, 4, "0029", REFUSE_IP_HEADER},   /* one octet over the end */
    {SYN6, 4, "000000", REFUSE_IP_HEADER}, /* a jumbogram */
    {SYN6, 4, "0000", REFUSE_TCP_TRUNCATED},
    {SYN6, 4, "0013", REFUSE_TCP_TRUNCATED},
    {SYN6, 6, "01", REFUSE_NOT_TCP},      /* ICMP in IPv6 */
    {SYN6, 6, "3b", REFUSE_NOT_TCP},      /* no next header */
    {SYN6, 6, "32", REFUSE_IP_EXTENSION}, /* ESP */
    {SYN6, 52, "b0", REFUSE_TCP_OFFSET},
    {ICMP4, 2, "001b", REFUSE_ICMP_TRUNCATED}, /* 7 octets of ICMP */
    {ICMP4, 2, "001c", REFUSE_ICMP_QUOTE},     /* nothing quoted */
    {ICMP4, 2, "002f", REFUSE_ICMP_QUOTE},     /* 19 octets of an IP header */
    {ICMP4, 2, "0037", REFUSE_ICMP_QUOTE},     /* 7 octets of TCP */
    {ICMP4, 20, "00", REFUSE_ICMP_NOT_ERROR},  /* echo reply */
    {ICMP4, 20, "08", REFUSE_ICMP_NOT_ERROR},  /* echo */
    {ICMP4, 20, "01", REFUSE_ICMP_NOT_ERROR},  /* ICMPv6's number */
    {ICMP4, 28, "65", REFUSE_ICMP_QUOTE},      /* quotes IPv6 */
    {ICMP4, 28, "43", REFUSE_ICMP_QUOTE},      /* a header of 12 octets */
    {ICMP4, 28, "4f", REFUSE_ICMP_QUOTE},      /* of 60: no room for ports */
    {ICMP4, 34, "0001", REFUSE_ICMP_QUOTE},    /* a later fragment has no ports */
    {ICMP4, 37, "11", REFUSE_ICMP_QUOTE},      /* UDP */
    {ICMP6, 4, "0007", REFUSE_ICMP_TRUNCATED},
    {ICMP6, 4, "0030", REFUSE_ICMP_QUOTE}, /* no ports */
    {ICMP6, 40, "00", REFUSE_ICMP_NOT_ERROR},
    {ICMP6, 40, "05", REFUSE_ICMP_NOT_ERROR},
    {ICMP6, 40, "80", REFUSE_ICMP_NOT_ERROR}, /* echo request */
    {ICMP6, 40, "87", REFUSE_ICMP_NOT_ERROR}, /* neighbour solicitation */
    {ICMP6, 48, "45", REFUSE_ICMP_QUOTE},     /* quotes IPv4 */
    {ICMP6, 54, "32", REFUSE_ICMP_QUOTE},     /* ESP */
    {ICMP6, 54, "11", REFUSE_ICMP_QUOTE},     /* UDP */
};

/* Breaks when a header that cannot be right is believed, or refused for the wrong reason. */
static void changed_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct octets octets = hex_octets(references[changes[i].reference].hex, "");

		hex_read(changes[i].hex, octets.at + changes[i].at, octets.len - changes[i].at);
		refused_as(LINK_RAW, &octets, changes[i].refusal);
		octets_free(&octets);
	}
}

/* Breaks when a chain of extension headers runs over the packet, hides a fragment, never ends, or
 * leads to something that is no TCP. */
static void extension_chains(void **state)
{
	static const struct {
		const char *next;  /* announced by the IPv6 header */
		const char *chain; /* what follows it */
		enum refusal refusal;
	} cases[] = {
	    {"3c", "", REFUSE_IP_EXTENSION},
	    {"3c", "06000502000000", REFUSE_IP_EXTENSION},   /* 7 octets */
	    {"3c", "0601050200000000", REFUSE_IP_EXTENSION}, /* 16, of 8 */
	    {"3c", "06ff050200000000", REFUSE_IP_EXTENSION}, /* 2048, of 8 */
	    {"33", "0604000000000001", REFUSE_IP_EXTENSION}, /* authentication of 24, of 8 */
	    {"33", "32000000000000010000000200000003", REFUSE_IP_EXTENSION}, /* ESP behind it */
	    {"2c", "0600000100000001", REFUSE_IP_FRAGMENT}, /* the first fragment */
	    {"2c", "0600000800000001", REFUSE_IP_FRAGMENT}, /* the last */
	    {"2c", "0600fff900000001", REFUSE_IP_FRAGMENT},
	    {"2b", "0600040100000000", REFUSE_IP_EXTENSION}, /* one more stop to go */
	    {"3c", "0000010400000000 0600010400000000", REFUSE_IP_EXTENSION}, /* late hop-by-hop */
	    {"00", "0000010400000000 0600010400000000", REFUSE_IP_EXTENSION}, /* and twice */
	    {"3c", "1100010400000000 0000000000000000", REFUSE_NOT_TCP},
	    {"00", "3b00010400000000", REFUSE_NOT_TCP},
	    {"3c", "0600010400000000", REFUSE_TCP_TRUNCATED},
	    {"3c",
	     "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
	     "3c00010400000000 3c00010400000000 3c00010400000000 0600010400000000",
	     REFUSE_TCP_TRUNCATED}, /* eight are read */
	    {"3c",
	     "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
	     "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
	     "0600010400000000",
	     REFUSE_IP_EXTENSION}, /* nine are not */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets octets = hex_octets("60000000 00000040 20010db8 00000000 00000000"
						  "00000001 20010db8 00000000 00000000 00000002",
						  cases[i].chain);

		octets.at[5] = (uint8_t)(octets.len - 40);
		hex_read(cases[i].next, octets.at + 6, 1);
		refused_as(LINK_RAW, &octets, cases[i].refusal);
		octets_free(&octets);
	}
}

/* Breaks when a frame that carries no IP is read as if it did, or a link header is read beyond its
 * end. */
static void links_without_ip(void **state)
{
	static const struct {
		enum link_type link;
		const char *hex;
		enum refusal refusal;
	} cases[] = {
	    {LINK_ETHERNET, "", REFUSE_LINK_TRUNCATED},
	    {LINK_ETHERNET, "020000000002 020000000001 08", REFUSE_LINK_TRUNCATED},
	    {LINK_ETHERNET, "020000000002 020000000001 0800", REFUSE_IP_TRUNCATED},
	    {LINK_ETHERNET, "ffffffffffff 020000000001 0806 0001", REFUSE_NOT_IP},    /* ARP */
	    {LINK_ETHERNET, "020000000002 020000000001 0026 4242 03", REFUSE_NOT_IP}, /* LLC */
	    {LINK_ETHERNET, "020000000002 020000000001 8100 006408", REFUSE_LINK_TRUNCATED},
	    {LINK_ETHERNET, "020000000002 020000000001 8100 0064 0806", REFUSE_NOT_IP},
	    {LINK_ETHERNET, "020000000002 020000000001 88a8 0001 8100 0002 08",
	     REFUSE_LINK_TRUNCATED},
	    /* A third tag */
	    {LINK_ETHERNET, "020000000002 020000000001 88a8 0001 8100 0002 8100 0003 0800",
	     REFUSE_NOT_IP},
	    /* The ethertype says IPv6, the header IPv4 */
	    {LINK_ETHERNET, "020000000002 020000000001 86dd 45", REFUSE_IP_HEADER},
	    {LINK_ETHERNET, "020000000002 020000000001 0800 60", REFUSE_IP_HEADER},
	    {LINK_COOKED1, "0004 0001 0006 0200000000010000 08", REFUSE_LINK_TRUNCATED},
	    {LINK_COOKED1, "0004 0001 0006 0200000000010000 0806", REFUSE_NOT_IP},
	    {LINK_COOKED1, "0004 0001 0006 0200000000010000 86dd 45", REFUSE_IP_HEADER},
	    {LINK_COOKED2, "0800 0000 00000002 0001 04 06 02000000000100", REFUSE_LINK_TRUNCATED},
	    {LINK_COOKED2, "0806 0000 00000002 0001 04 06 0200000000010000", REFUSE_NOT_IP},
	    {LINK_COOKED2, "8100 0000 00000002 0001 04 06 0200000000010000 00",
	     REFUSE_LINK_TRUNCATED},
	    {LINK_RAW, "", REFUSE_IP_TRUNCATED},
	    {LINK_RAW, "f0", REFUSE_IP_HEADER},
	    {LINK_NULL, "020000", REFUSE_LINK_TRUNCATED},
	    {LINK_NULL, "02000000", REFUSE_IP_TRUNCATED},
	    {LINK_NULL, "00000000", REFUSE_NOT_IP},
	    {LINK_NULL, "07000000", REFUSE_NOT_IP}, /* AppleTalk or whatever */
	    {LINK_NULL, "00020000", REFUSE_NOT_IP}, /* in neither byte order */
	    {LINK_NULL, "02000000 60", REFUSE_IP_HEADER},
	    {LINK_NULL, "1e000000 45", REFUSE_IP_HEADER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octets octets = hex_octets(cases[i].hex, "");

		refused_as(cases[i].link, &octets, cases[i].refusal);
		octets_free(&octets);
	}
}

/* Breaks when some address family of a loopback capture is not known in one of the byte orders:
 * captures come from other systems too. */
static void families_of_all_systems(void **state)
{
	static const char *const v6[] = {"0a000000", "18000000", "1c000000", "1e000000",
					 "0000000a", "00000018", "0000001c", "0000001e"};

	(void)state;
	for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++) {
		struct octets octets = hex_octets(v6[i], references[SYN6].hex);

		refused_as(LINK_NULL, &octets, REFUSE_NOT);
		octets_free(&octets);
	}
}

/* Breaks when a caller's lengths that contradict each other let decode read beyond the octets. */
static void lengths_that_contradict(void **state)
{
	struct octets octets = hex_octets(references[SYN4].hex, "");
	struct packet packet;

	(void)state;
	/* Fewer on the wire than captured: those that are there count. */
	assert_int_equal(decode_frame(LINK_RAW, octets.at, octets.len, 0, &packet), REFUSE_NOT);
	assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
	assert_int_equal(decode_frame(LINK_RAW, octets.at, octets.len, SIZE_MAX, &packet),
			 REFUSE_NOT);
	assert_int_equal(packet.ip_len, octets.len);
	octets.at[2] = octets.at[3] = 0;
	assert_int_equal(decode_frame(LINK_RAW, octets.at, octets.len, SIZE_MAX, &packet),
			 REFUSE_NOT);
	assert_int_equal(packet.ip_len, UINT32_MAX);
	assert_int_equal(packet.seg.data_captured, 0);
	assert_int_equal(decode_frame(LINK_RAW, NULL, 0, 0, &packet), REFUSE_IP_TRUNCATED);
	assert_int_equal(decode_frame(LINK_ETHERNET, NULL, 0, 60, &packet), REFUSE_LINK_TRUNCATED);
	octets_free(&octets);
}

/* The data lies in the octets, whatever these say. */
static void data_is_inside(const struct packet *packet, const struct octets *octets)
{
	if (packet->kind != PACKET_TCP)
		return;
	assert_true(packet->seg.data_captured <= packet->seg.data_len);
	assert_true(packet->seg.data >= octets->at);
	assert_true(packet->seg.data + packet->seg.data_captured <= octets->at + octets->len);
}

/* Breaks when a value of any one octet of a real packet makes decode read beyond its end, or return
 * data that lies there. */
static void every_value_of_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < REFERENCES; i++) {
		struct octets octets = hex_octets(references[i].hex, "");
		struct packet packet;

		for (size_t at = 0; at < octets.len; at++) {
			const uint8_t good = octets.at[at];

			for (unsigned value = 0; value < 256; value++) {
				octets.at[at] = (uint8_t)value;
				if (decode_frame(LINK_RAW, octets.at, octets.len, octets.len,
						 &packet) == REFUSE_NOT)
					data_is_inside(&packet, &octets);
			}
			octets.at[at] = good;
		}
		octets_free(&octets);
	}
}

/* Breaks when a reason has no test above (this one comes last), or no name of its own. */
static void every_reason_was_met(void **state)
{
	(void)state;
	for (int i = 0; i < REFUSE_COUNT; i++) {
		if (!met[i])
			fail_msg("nothing was refused for: %s", refusal_name((enum refusal)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(refusal_name((enum refusal)i),
						refusal_name((enum refusal)j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(changed_headers),         cmocka_unit_test(extension_chains),
	    cmocka_unit_test(links_without_ip),        cmocka_unit_test(families_of_all_systems),
	    cmocka_unit_test(lengths_that_contradict), cmocka_unit_test(every_value_of_every_octet),
	    cmocka_unit_test(every_reason_was_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
