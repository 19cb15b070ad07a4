/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/segment.h, segment.c and checksum.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/checksum.h"
#include "wire/segment.h"

/* Breaks when the sum is wrong at some length, or a carry is lost; the first case is the example
 * of RFC 1071 section 3. */
static void checksum_values(void **state)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	/* Of the first n octets, an odd last one padded with zero. */
	static const uint16_t expected[] = {0xffff, 0xffff, 0xfffe, 0x0dfe, 0x0dfb,
					    0x19fa, 0x1905, 0x2304, 0x220d};
	uint8_t ones[64];

	(void)state;
	for (size_t len = 0; len <= sizeof(example); len++)
		assert_int_equal(checksum_fold(checksum_add(0, example, len)), expected[len]);
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(checksum_fold(checksum_add(0, ones, sizeof(ones))), 0);
	assert_int_equal(checksum_fold(UINT64_MAX), 0);
	assert_int_equal(checksum_fold(UINT64_C(0x1ffff)), 0xfffe);
}

/* Breaks when a line of output shows other flags than the segment had. */
static void flags_as_text(void **state)
{
	static const struct {
		uint16_t flags;
		const char *text;
	} cases[] = {
	    {0, "-"},
	    {TCP_RESERVED, "-"},
	    {TCP_SYN, "S"},
	    {TCP_SYN | TCP_ACK, "S."},
	    {TCP_ACK, "."},
	    {TCP_PSH | TCP_ACK, "P."},
	    {TCP_FIN | TCP_ACK, "F."},
	    {TCP_FIN | TCP_PSH | TCP_ACK, "FP."},
	    {TCP_RST, "R"},
	    {TCP_RST | TCP_ACK, "R."},
	    {TCP_SYN | TCP_ECE | TCP_CWR, "SEW"},
	    {0xfff, "SFRPUEWA."},
	};
	char text[FLAGS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(flags_text(cases[i].flags, text), cases[i].text);
}

/* Breaks when SYN or FIN does not count in sequence space (RFC 9293 section 3.3.1). */
static void segment_length(void **state)
{
	(void)state;
	assert_int_equal(segment_len(&(struct segment){.flags = TCP_ACK}), 0);
	assert_int_equal(segment_len(&(struct segment){.flags = TCP_SYN | TCP_ACK}), 1);
	assert_int_equal(segment_len(&(struct segment){.flags = TCP_FIN, .data_len = 10}), 11);
	assert_int_equal(segment_len(&(struct segment){.flags = TCP_SYN | TCP_FIN}), 2);
}

static void text_as_flags(void **state)
{
	char text[FLAGS_TEXT_MAX];
	uint16_t flags;

	(void)state;
	for (unsigned wanted = 0; wanted < 0x200; wanted++) {
		assert_true(flags_parse(flags_text((uint16_t)wanted, text), &flags));
		assert_int_equal(flags, wanted);
	}
	assert_true(flags_parse(".F", &flags));
	assert_int_equal(flags, TCP_ACK | TCP_FIN);
	assert_false(flags_parse("SX", &flags));
	assert_false(flags_parse("s", &flags));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checksum_values),
	    cmocka_unit_test(flags_as_text),
	    cmocka_unit_test(text_as_flags),
	    cmocka_unit_test(segment_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
