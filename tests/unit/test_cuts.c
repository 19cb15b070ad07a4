/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/addr_order.c and wire/cuts.c: without it a scan could take the route of one
 * target for that of its neighbour, or count on behind the last address there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/cuts.h"

#define ROOM 64

struct prefix {
	const char *addr;
	unsigned len;
};

static struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	assert_true(addr_parse(text, &parsed));
	return parsed;
}

static int compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* The prefixes end with one without an address. */
static size_t cut(const struct prefix *prefixes, struct ip_addr cuts[ROOM])
{
	size_t count = 0;

	for (; prefixes->addr; prefixes++) {
		const struct ip_addr at = addr(prefixes->addr);

		assert_true(count + 2 <= ROOM);
		count += cuts_of_prefix(&at, prefixes->len, &cuts[count]);
	}
	qsort(cuts, count, sizeof(*cuts), compare);
	return cuts_unique(cuts, count);
}

/* The parts of a range as text: "a-b c-d". */
static void parts(const struct prefix *prefixes, const char *first_text, const char *last_text,
		  const char *want)
{
	struct ip_addr cuts[ROOM], first = addr(first_text), last = addr(last_text);
	size_t count = cut(prefixes, cuts), cell = cuts_cell(cuts, count, &first);
	char got[1024] = "", one[ADDR_TEXT_MAX], two[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < 2 * ROOM; i++) {
		struct ip_addr end = cuts_end(cuts, count, &first, &last);
		size_t len = strlen(got);

		assert_int_equal(cuts_cell(cuts, count, &first), cell + i);
		assert_int_equal(cuts_cell(cuts, count, &end), cell + i);
		snprintf(got + len, sizeof(got) - len, "%s%s-%s", len > 0 ? " " : "",
			 addr_text(&first, one), addr_text(&end, two));
		if (addr_equal(&end, &last))
			break;
		assert_true(addr_compare(&end, &last) < 0);
		assert_true(addr_after(&end, &first));
	}
	assert_string_equal(got, want);
}

static void test_four(void **state)
{
	/* a host's own network, as the kernel lists it, and what a route may add to that */
	static const struct prefix own[] = {
	    {"10.1.0.0", 24}, {"10.1.0.1", 32}, {"10.1.0.255", 32}, {NULL, 0}};
	static const struct prefix middle[] = {{"10.4.0.0", 22}, {"10.4.1.0", 24},
					       {"10.4.1.0", 24}, {"10.4.1.128", 25},
					       {"10.4.2.0", 31}, {NULL, 0}};
	static const struct prefix none[] = {{NULL, 0}};

	(void)state;
	parts(own, "10.1.0.0", "10.1.0.255",
	      "10.1.0.0-10.1.0.0 10.1.0.1-10.1.0.1 10.1.0.2-10.1.0.254 10.1.0.255-10.1.0.255");
	parts(own, "10.1.0.2", "10.1.0.254", "10.1.0.2-10.1.0.254");
	parts(own, "10.0.255.255", "10.1.1.3",
	      "10.0.255.255-10.0.255.255 10.1.0.0-10.1.0.0 10.1.0.1-10.1.0.1 "
	      "10.1.0.2-10.1.0.254 10.1.0.255-10.1.0.255 10.1.1.0-10.1.1.3");
	parts(own, "10.1.0.1", "10.1.0.1", "10.1.0.1-10.1.0.1");
	parts(own, "192.0.2.0", "192.0.2.9", "192.0.2.0-192.0.2.9");
	parts(middle, "10.4.0.0", "10.4.3.255",
	      "10.4.0.0-10.4.0.255 10.4.1.0-10.4.1.127 10.4.1.128-10.4.1.255 10.4.2.0-10.4.2.1 "
	      "10.4.2.2-10.4.3.255");
	parts(none, "10.4.0.0", "10.4.3.255", "10.4.0.0-10.4.3.255");
}

static void test_six(void **state)
{
	static const struct prefix own[] = {{"fd00:1::", 64},    {"fd00:1::1", 128},
					    {"fd00:1::40", 124}, {"ff00::", 8},
					    {"10.1.0.0", 24},    {NULL, 0}};

	(void)state;
	parts(own, "fd00:1::", "fd00:1::ff",
	      "fd00:1::-fd00:1:: fd00:1::1-fd00:1::1 fd00:1::2-fd00:1::3f "
	      "fd00:1::40-fd00:1::4f fd00:1::50-fd00:1::ff");
	parts(own, "fd00:1:0:0:ffff:ffff:ffff:fffe", "fd00:1:0:1::1",
	      "fd00:1::ffff:ffff:ffff:fffe-fd00:1::ffff:ffff:ffff:ffff "
	      "fd00:1:0:1::-fd00:1:0:1::1");
}

/* Where there is no address before, or none after. */
static void test_ends_of_all(void **state)
{
	static const struct prefix four[] = {{"0.0.0.0", 0},   {"0.0.0.0", 32},
					     {"128.0.0.0", 1}, {"255.255.255.255", 32},
					     {"240.0.0.0", 4}, {NULL, 0}};
	static const struct prefix six[] = {{"::", 0},
					    {"::", 128},
					    {"8000::", 1},
					    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128},
					    {"255.255.255.255", 32},
					    {NULL, 0}};
	struct ip_addr cuts[2], at = addr("255.255.255.255");

	(void)state;
	parts(four, "0.0.0.0", "255.255.255.255",
	      "0.0.0.0-0.0.0.0 0.0.0.1-127.255.255.255 128.0.0.0-239.255.255.255 "
	      "240.0.0.0-255.255.255.254 255.255.255.255-255.255.255.255");
	parts(six, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	      "::-:: ::1-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	      "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe "
	      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_int_equal(cuts_of_prefix(&at, 32, cuts), 1);
	assert_int_equal(cuts_of_prefix(&at, 0, cuts), 1);
	assert_true(addr_equal(&cuts[0], &(struct ip_addr){.version = IP_V4}));
}

static void test_order(void **state)
{
	static const char *const ascending[] = {
	    "0.0.0.0",   "0.0.0.1",         "0.0.1.0", "127.255.255.255",
	    "128.0.0.0", "255.255.255.255", "::",      "::1",
	    "::1:0",     "7fff::",          "8000::",  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
	size_t count = sizeof(ascending) / sizeof(ascending[0]);
	struct ip_addr next;

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			struct ip_addr a = addr(ascending[i]), b = addr(ascending[j]);

			assert_int_equal(addr_compare(&a, &b), (i > j) - (i < j));
		}
	next = addr("255.255.255.255");
	assert_false(addr_after(&next, &next));
	next = addr("::");
	assert_false(addr_before(&next, &next));
	next = addr("10.0.255.255");
	assert_true(addr_after(&next, &next) && addr_equal(&next, &(struct ip_addr){4, {10, 1}}));
	assert_true(addr_before(&next, &next) &&
		    addr_equal(&next, &(struct ip_addr){4, {10, 0, 255, 255}}));
}

static void test_prefix(void **state)
{
	static const struct {
		const char *addr;
		unsigned prefix;
		const char *first, *last;
	} rows[] = {{"10.1.2.3", 0, "0.0.0.0", "255.255.255.255"},
		    {"10.1.2.3", 9, "10.0.0.0", "10.127.255.255"},
		    {"10.1.2.3", 31, "10.1.2.2", "10.1.2.3"},
		    {"10.1.2.3", 32, "10.1.2.3", "10.1.2.3"},
		    {"fd00::1:8001", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		    {"fd00::1:8001", 113, "fd00::1:8000", "fd00::1:ffff"},
		    {"fd00::1:8001", 128, "fd00::1:8001", "fd00::1:8001"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_addr of = addr(rows[i].addr), first, last;
		char text[ADDR_TEXT_MAX];

		addr_prefix(&of, rows[i].prefix, &first, &last);
		assert_string_equal(addr_text(&first, text), rows[i].first);
		assert_string_equal(addr_text(&last, text), rows[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),       cmocka_unit_test(test_prefix),
	    cmocka_unit_test(test_four),        cmocka_unit_test(test_six),
	    cmocka_unit_test(test_ends_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
