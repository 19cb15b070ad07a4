/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of special-purpose addresses: without it an entry could be mistyped, out of order, or
 * hide another one, and a wide scan would go where nobody meant it to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cmd/ranges.h"
#include "cmd/special_ranges.h"

static void bounds(const struct special_range *range, struct ip_addr *first, struct ip_addr *last)
{
	addr_prefix(&range->first, range->prefix, first, last);
}

/* Nothing behind the prefix; ascending; what overlaps is inside. */
static void test_order(void **state)
{
	(void)state;
	for (unsigned i = 0; special_range(i); i++) {
		const struct special_range *range = special_range(i), *before;
		struct ip_addr first, last, first_before, last_before;

		assert_true(i < SPECIAL_RANGES_MAX);
		bounds(range, &first, &last);
		assert_true(addr_equal(&first, &range->first));
		assert_true(range->name[0] && strncmp(range->rfc, "RFC ", 4) == 0);
		if (i == 0 || special_range(i - 1)->first.version != first.version)
			continue;
		before = special_range(i - 1);
		bounds(before, &first_before, &last_before);
		assert_true(addr_compare(&first_before, &first) <= 0);
		if (addr_compare(&first_before, &first) == 0)
			assert_true(before->prefix < range->prefix);
		if (addr_compare(&first, &last_before) <= 0)
			assert_true(addr_compare(&last, &last_before) <= 0);
	}
}

static const char *name_around(const char *first_text, const char *last_text)
{
	const struct special_range *range;
	struct ip_addr first, last;

	assert_true(addr_parse(first_text, &first) && addr_parse(last_text, &last));
	range = special_range_around(&first, &last);
	return range ? range->name : "none";
}

/* First and last address of some, and those beside them. */
static void test_around(void **state)
{
	static const struct {
		const char *first, *last, *name;
	} rows[] = {
	    {"0.0.0.0", "0.0.0.0", "\"This network\""},
	    {"9.255.255.255", "9.255.255.255", "none"},
	    {"10.0.0.0", "10.255.255.255", "Private-Use"},
	    {"10.0.0.0", "11.0.0.0", "none"},
	    {"11.0.0.0", "11.0.0.0", "none"},
	    {"100.63.255.255", "100.63.255.255", "none"},
	    {"100.64.0.0", "100.127.255.255", "Shared Address Space"},
	    {"100.128.0.0", "100.128.0.0", "none"},
	    {"172.15.255.255", "172.15.255.255", "none"},
	    {"172.31.255.255", "172.31.255.255", "Private-Use"},
	    {"172.32.0.0", "172.32.0.0", "none"},
	    {"192.0.0.9", "192.0.0.9", "IETF Protocol Assignments"},
	    {"198.20.0.0", "198.20.0.0", "none"},
	    {"198.19.255.255", "198.19.255.255", "Benchmarking"},
	    {"223.255.255.255", "223.255.255.255", "none"},
	    {"239.255.255.255", "239.255.255.255", "Multicast"},
	    {"255.255.255.255", "255.255.255.255", "Reserved"},
	    {"::", "::", "Unspecified Address"},
	    {"::1", "::1", "Loopback Address"},
	    {"::2", "::2", "none"},
	    {"::ffff:192.0.2.1", "::ffff:192.0.2.1", "IPv4-mapped Address"},
	    {"100::", "100::ffff:ffff:ffff:ffff", "Discard-Only Address Block"},
	    {"100:0:0:1::", "100:0:0:1::1", "Dummy IPv6 Prefix"},
	    {"100:0:0:2::", "100:0:0:2::", "none"},
	    {"2001:1ff:ffff::", "2001:1ff:ffff::", "IETF Protocol Assignments"},
	    {"2001:200::", "2001:200::", "none"},
	    {"2001:db8:ffff::", "2001:db8:ffff::", "Documentation"},
	    {"2003::", "2003::", "none"},
	    {"3fff:fff::", "3fff:fff::", "Documentation"},
	    {"3fff:1000::", "3fff:1000::", "none"},
	    {"fdff::1", "fdff::1", "Unique-Local"},
	    {"febf::1", "febf::1", "Link-Local Unicast"},
	    {"fec0::1", "fec0::1", "none"},
	    {"ff02::1", "ff02::1", "Multicast"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(name_around(rows[i].first, rows[i].last), rows[i].name);
}

/* How much of IPv4 they take, once each: 240/4, 224/4, 3 /8, and so on. */
static void test_size(void **state)
{
	uint64_t size = 0;

	(void)state;
	for (unsigned i = 0; special_range(i); i++)
		if (special_range(i)->first.version == IP_V4 &&
		    special_range_outermost(special_range(i)))
			size += UINT64_C(1) << (32 - special_range(i)->prefix);
	assert_int_equal(size, 2 * (1 << 28) + 3 * (1 << 24) + (1 << 22) + (1 << 20) + (1 << 17) +
				   2 * (1 << 16) + 8 * 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_around),
	    cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
