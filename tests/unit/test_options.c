/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/options.c: TCP options, right and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packets.h"
#include "wire/options.h"

static struct tcp_options decode_hex(const char *hex)
{
	struct octets octets = hex_octets(hex, "");
	struct tcp_options options;

	options_decode(octets.at, octets.len, &options);
	octets_free(&octets);
	return options;
}

/* Fails unless `in` is encoded as `hex`. */
static void encodes_as(const struct tcp_options *in, const char *hex)
{
	struct octets expected = hex_octets(hex, "");
	uint8_t *octets = malloc(OPTIONS_OCTETS_MAX);

	assert_non_null(octets);
	assert_int_equal(options_encode(in, octets), expected.len);
	assert_memory_equal(octets, expected.at, expected.len);
	free(octets);
	octets_free(&expected);
}

/* Breaks when a SYN's options have another order or padding than Linux gives them: middleboxes and
 * stack fingerprints look at it. */
static void syn_as_linux_sends_it(void **state)
{
	struct tcp_options options = {.has_mss = true,
				      .mss = 1460,
				      .has_sack_permitted = true,
				      .has_timestamps = true,
				      .tsval = 0x62b2a8bf,
				      .has_wscale = true,
				      .wscale = 10};

	(void)state;
	/* > S 0:0(0) <mss 1460,sackOK,TS val 1655875775 ecr 0,nop,wscale 10> */
	encodes_as(&options, "020405b4 0402 080a 62b2a8bf 00000000 01 03030a");
	/* > S 0:0(0) <mss 1460,nop,nop,TS val 1655875775 ecr 0,nop,wscale 10> */
	options.has_sack_permitted = false;
	encodes_as(&options, "020405b4 0101 080a 62b2a8bf 00000000 01 03030a");
	/* > S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 10> */
	options.has_sack_permitted = true;
	options.has_timestamps = false;
	encodes_as(&options, "020405b4 0101 0402 01 03030a");
	/* > S 0:0(0) <mss 1460> */
	options.has_sack_permitted = options.has_wscale = false;
	encodes_as(&options, "020405b4");
	/* > S 0:0(0) */
	options.has_mss = false;
	encodes_as(&options, "");
}

/* Breaks when options after the handshake are not word by word as Linux has them. */
static void others_as_linux_sends_them(void **state)
{
	struct tcp_options options = {.has_timestamps = true,
				      .tsval = 0xb1cfd6c0,
				      .tsecr = 0x3ba6cbd3,
				      .sack_count = 1,
				      .sack = {{0x828d6092, 0x828d6096}, {3, 4}, {5, 6}, {7, 8}}};

	(void)state;
	/* > . 1:1(0) ack 2 <nop,nop,TS val 2983188160 ecr 1000786899,nop,nop,sack 1:5> */
	encodes_as(&options, "0101 080a b1cfd6c0 3ba6cbd3 0101 050a 828d6092 828d6096");
	options.sack_count = 0;
	encodes_as(&options, "0101 080a b1cfd6c0 3ba6cbd3");
	options.has_timestamps = false;
	options.sack_count = 4;
	encodes_as(&options, "0101 0522 828d6092 828d6096 00000003 00000004 00000005 00000006 "
			     "00000007 00000008");
}

/* Breaks when SACK blocks that have no room push the options over their forty octets. */
static void sack_blocks_that_fit(void **state)
{
	struct tcp_options options = {
	    .has_timestamps = true, .sack_count = 4, .sack = {{1, 2}, {3, 4}, {5, 6}, {7, 8}}};
	uint8_t octets[OPTIONS_OCTETS_MAX];
	struct tcp_options decoded;

	(void)state;
	assert_int_equal(options_encode(&options, octets), 40);
	options_decode(octets, 40, &decoded);
	assert_int_equal(decoded.sack_count, 3);
	assert_int_equal(decoded.sack[2].end, 6);
	options.has_mss = options.has_wscale = options.has_sack_permitted = true;
	assert_int_equal(options_encode(&options, octets), 40);
	options_decode(octets, 40, &decoded);
	assert_int_equal(decoded.sack_count, 2);
	options.sack_count = 255; /* more than there can be */
	assert_int_equal(options_encode(&options, octets), 40);
}

/* Breaks when a well-formed option is not read, or one is read that was not there. */
static void each_kind_is_read(void **state)
{
	static const struct {
		const char *hex, *line;
	} cases[] = {
	    {"", ""},
	    {"01", ""},
	    {"01010101", ""},
	    {"00", ""},
	    {"020405b4", "<mss 1460>"},
	    {"02040000", "<mss 0>"},
	    {"0402", "<sackOK>"},
	    {"030300", "<wscale 0>"},
	    {"0303ff", "<wscale 255>"},
	    {"080a ffffffff 00000001", "<TS val 4294967295 ecr 1>"},
	    {"050a 00000001 fffffffe", "<sack 1:4294967294>"},
	    {"0512 00000001 00000002 00000003 00000004", "<sack 1:2 3:4>"},
	    {"0522 00000001 00000002 00000003 00000004 00000005 00000006 00000007 00000008",
	     "<sack 1:2 3:4 5:6 7:8>"},
	    {"01 0303 07 01 01 0402 020405b4", "<mss 1460,sackOK,wscale 7>"},
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tcp_options options = decode_hex(cases[i].hex);

		options_line(&options, line, sizeof(line));
		assert_string_equal(line, cases[i].line);
		assert_false(options.malformed);
		assert_int_equal(options.unknown_count, 0);
	}
}

/* Breaks when a server's malformed options loop, are read beyond their end, or take with them what
 * stood before them (RFC 9293 MUST-7). */
static void malformed_options(void **state)
{
	static const struct {
		const char *hex, *line;
	} cases[] = {
	    {"0200", ""},                          /* a length of 0 */
	    {"0201", ""},                          /* of 1 */
	    {"fe00 0402", ""},                     /* of an unknown kind */
	    {"0204 05b4 0800 0402", "<mss 1460>"}, /* behind a good one */
	    {"0204 05b4 02", "<mss 1460>"},        /* the length is missing */
	    {"0204 05b4 1e", "<mss 1460>"},        /* of an unknown kind */
	    {"0204 05", ""},                       /* one octet over the end */
	    {"080a 00000001 000000", ""},          /* the same */
	    {"0402 fe28", "<sackOK>"},             /* far over the end */
	    {"0402 05ff 00000001 00000002", "<sackOK>"},
	    {"0303 07 01 01 01 04", "<wscale 7>"}, /* SACK-permitted cut in two */
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tcp_options options = decode_hex(cases[i].hex);

		options_line(&options, line, sizeof(line));
		assert_string_equal(line, cases[i].line);
		assert_true(options.malformed);
	}
}

/* Breaks when what is not understood stops the reading of what is, or is not counted: unknown
 * kinds, and known kinds of a length that they cannot have. */
static void unknown_options_are_counted(void **state)
{
	static const struct {
		const char *hex, *line;
		unsigned count;
	} cases[] = {
	    {"1312 0001020304050607 08090a0b0c0d0e0f 0402", "<sackOK>", 1}, /* MD5 */
	    {"1e0c 0081 0102030405060708 1d04 0102", "", 2},                /* MPTCP, AO */
	    {"fe02 fe02 fe02 ff03 00", "", 4},
	    {"0702 0602 0902 0402", "<sackOK>", 3}, /* between known kinds */
	    {"0203 05 0402", "<sackOK>", 1},        /* MSS of 3 */
	    {"0205 05b400 0402", "<sackOK>", 1},    /* MSS of 5 */
	    {"0302 0304 0707", "", 2},              /* window scale of 2, of 4 */
	    {"0403 00", "", 1},                     /* SACK-permitted of 3 */
	    {"0809 00000001 000000", "", 1},        /* timestamps of 9 */
	    {"0502", "", 1},                        /* SACK without a block */
	    {"0509 00000001 000000", "", 1},        /* SACK with a part of one */
	    {"050b 00000001 00000002 00", "", 1},   /* SACK with a bit more than one */
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tcp_options options = decode_hex(cases[i].hex);

		options_line(&options, line, sizeof(line));
		assert_string_equal(line, cases[i].line);
		assert_int_equal(options.unknown_count, cases[i].count);
		assert_false(options.malformed);
	}
}

/* Breaks when a Fast Open cookie, or the request for one, is not read, or one that is longer than
 * there is room for is (RFC 7413 section 4.1.1). */
static void fast_open_cookies(void **state)
{
	static const struct {
		const char *hex, *cookie;
		bool read, malformed;
		unsigned unknown;
	} cases[] = {
	    {"2202", "", true, false, 0}, /* a request */
	    {"0402 2206 01020304 0101", "01020304", true, false, 0},
	    {"220a 0102030405060708", "0102030405060708", true, false, 0},
	    {"2212 000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f", true,
	     false, 0},
	    {"2203 07", "07", true, false, 0}, /* of a length that no cookie should have */
	    {"2213 000102030405060708090a0b0c0d0e0f10 0402", "", false, false, 1},
	    {"2228 0001020304050607 08090a0b0c0d0e0f 0001020304050607 08090a0b0c0d0e0f 00010203"
	     "0405",
	     "", false, false, 1},
	    {"2206 0102", "", false, true, 0},                   /* over the end */
	    {"2201", "", false, true, 0},                        /* a length of 1 */
	    {"2200", "", false, true, 0},                        /* of 0 */
	    {"22", "", false, true, 0},                          /* the length is missing */
	    {"2206 01020304 2204 0506", "0506", true, false, 0}, /* the last counts */
	    {"2206 01020304 2202", "", true, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tcp_options options = decode_hex(cases[i].hex);
		struct octets cookie = hex_octets(cases[i].cookie, "");

		assert_int_equal(options.has_fast_open, cases[i].read);
		assert_int_equal(options.malformed, cases[i].malformed);
		assert_int_equal(options.unknown_count, cases[i].unknown);
		assert_int_equal(options.fast_open_len, cookie.len);
		if (cookie.len > 0)
			assert_memory_equal(options.fast_open, cookie.at, cookie.len);
		octets_free(&cookie);
	}
}

/* Breaks when a cookie that was read is written: no segment of ours asks for Fast Open. */
static void fast_open_is_not_written(void **state)
{
	struct tcp_options options = {
	    .has_mss = true, .mss = 1460, .has_fast_open = true, .fast_open_len = 4};

	(void)state;
	encodes_as(&options, "020405b4");
}

/* Breaks when octets behind the end of the options are read as options. */
static void end_of_options_ends(void **state)
{
	struct tcp_options options = decode_hex("0402 00 020405b4 ff00");
	char line[256];

	(void)state;
	options_line(&options, line, sizeof(line));
	assert_string_equal(line, "<sackOK>");
	assert_false(options.malformed);
	assert_int_equal(options.unknown_count, 0);
}

/* Breaks when of an option that comes twice not the last counts, as in Linux. */
static void last_duplicate_counts(void **state)
{
	static const struct {
		const char *hex, *line;
	} cases[] = {
	    {"020405b4 02040218", "<mss 536>"},
	    {"020405b4 0203 05", "<mss 1460>"}, /* the second has a wrong length */
	    {"030307 03030a", "<wscale 10>"},
	    {"080a 00000001 00000002 080a 00000003 00000004", "<TS val 3 ecr 4>"},
	    {"0512 00000001 00000002 00000003 00000004 050a 00000005 00000006", "<sack 5:6>"},
	};
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tcp_options options = decode_hex(cases[i].hex);

		options_line(&options, line, sizeof(line));
		assert_string_equal(line, cases[i].line);
	}
}

/* Breaks when any pair of kind and length, at any distance from the end, reads beyond the end. */
static void every_kind_and_length(void **state)
{
	uint8_t all[OPTIONS_OCTETS_MAX];

	(void)state;
	memset(all, 0xa5, sizeof(all));
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		struct octets octets;
		struct tcp_options options;

		all[0] = (uint8_t)(pair >> 8);
		all[1] = (uint8_t)pair;
		octets = octets_copy(all, (pair * 7) % (OPTIONS_OCTETS_MAX + 1));
		options_decode(octets.at, octets.len, &options);
		assert_true(options.sack_count <= SACK_BLOCKS_MAX);
		octets_free(&octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(syn_as_linux_sends_it), cmocka_unit_test(others_as_linux_sends_them),
	    cmocka_unit_test(sack_blocks_that_fit),  cmocka_unit_test(each_kind_is_read),
	    cmocka_unit_test(malformed_options),     cmocka_unit_test(unknown_options_are_counted),
	    cmocka_unit_test(end_of_options_ends),   cmocka_unit_test(last_duplicate_counts),
	    cmocka_unit_test(fast_open_cookies),     cmocka_unit_test(fast_open_is_not_written),
	    cmocka_unit_test(every_kind_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
