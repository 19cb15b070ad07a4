/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/space.c: without it a scan could reach an address that was excluded, or count
 * one twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/space.h"
#include "stats_random.h"

#define WINDOW 256 /* addresses that the model knows: the last octet varies */

static struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	assert_true(addr_parse(text, &parsed));
	return parsed;
}

typedef int change(struct space *space, const struct ip_addr *first, const struct ip_addr *last);

static void with(struct space *space, change *what, const char *first, const char *last)
{
	struct ip_addr from = addr(first), to = addr(last);

	assert_int_equal(what(space, &from, &to), 0);
}

static struct space *fresh(void)
{
	struct space *space = space_new();

	assert_non_null(space);
	return space;
}

static void finish(struct space *space)
{
	struct err err = {0};

	if (space_finish(space, &err) != 0)
		fail_msg("%s", err.text);
}

/* All pairs, once through: at() and find() are each other's inverse, addresses ascend, and ports
 * vary fastest. */
static void check_inverse(const struct space *space)
{
	struct ip_addr before = {0}, now;
	uint16_t port_before = 0, port;

	assert_int_equal(space_size(space), space_addresses(space) * space_ports(space));
	for (uint64_t i = 0; i < space_size(space); i++) {
		uint64_t index = UINT64_MAX;

		space_at(space, i, &now, &port);
		assert_true(space_find(space, &now, port, &index));
		assert_int_equal(index, i);
		if (addr_equal(&now, &before))
			assert_true(port > port_before);
		else
			assert_true(memcmp(&now, &before, sizeof(now)) > 0);
		before = now;
		port_before = port;
	}
}

static bool has(const struct space *space, const char *text, uint16_t port)
{
	struct ip_addr who = addr(text);
	uint64_t index;

	return space_find(space, &who, port, &index);
}

/* Breaks when the merging or subtracting of ranges is off by one somewhere: random ranges in a
 * window of 256 addresses, at the lowest, a middle and the highest place of both versions. */
static void random_ranges(enum ip_version version, uint8_t rest, uint64_t seed)
{
	struct random random = {.state = seed};
	bool wanted[WINDOW] = {false}, excluded[WINDOW] = {false};
	unsigned last_octet = version == IP_V4 ? 3 : 15, expected = 0;
	struct space *space = fresh();
	struct ip_addr who = {.version = (uint8_t)version};
	struct err err = {0};
	uint64_t index;

	memset(who.octets, rest, last_octet);
	for (uint64_t n = 1 + random_below(&random, 12); n > 0; n--) {
		bool out = random_below(&random, 3) == 0;
		unsigned from = (unsigned)random_below(&random, WINDOW);
		unsigned len = (unsigned)random_below(&random, random_below(&random, 2) ? 4 : 120);
		unsigned to = from + len < WINDOW ? from + len : WINDOW - 1;
		struct ip_addr first = who, last = who;

		first.octets[last_octet] = (uint8_t)from;
		last.octets[last_octet] = (uint8_t)to;
		assert_int_equal((out ? space_exclude : space_add)(space, &first, &last), 0);
		for (unsigned i = from; i <= to; i++)
			(out ? excluded : wanted)[i] = true;
	}
	space_add_ports(space, 80, 81);
	for (unsigned i = 0; i < WINDOW; i++)
		expected += wanted[i] && !excluded[i];
	assert_int_equal(space_finish(space, &err) == 0, expected > 0);
	for (unsigned i = 0; expected > 0 && i < WINDOW; i++) {
		who.octets[last_octet] = (uint8_t)i;
		assert_int_equal(space_find(space, &who, 81, &index), wanted[i] && !excluded[i]);
		assert_false(space_find(space, &who, 82, &index));
	}
	if (expected > 0) {
		assert_int_equal(space_addresses(space), expected);
		check_inverse(space);
	}
	space_free(space);
}

static void ranges_like_a_model(void **state)
{
	static const uint8_t rests[] = {0x00, 0x7f, 0xff};

	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++)
		for (unsigned i = 0; i < 3; i++) {
			random_ranges(IP_V4, rests[i], seed);
			random_ranges(IP_V6, rests[i], seed);
		}
}

/* Breaks when the two versions get into each other's way. */
static void both_versions(void **state)
{
	struct space *space = fresh();

	(void)state;
	with(space, space_add, "2001:db8::fffe", "2001:db8::1:3");
	with(space, space_add, "255.255.255.250", "255.255.255.255");
	with(space, space_add, "::", "::1");
	with(space, space_add, "10.0.0.255", "10.0.1.1");
	with(space, space_add, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0",
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	with(space, space_exclude, "10.0.1.0", "10.0.1.0");
	with(space, space_exclude, "::1", "::1");
	space_add_ports(space, 1, 1);
	space_add_ports(space, 443, 443);
	space_add_ports(space, 65535, 65535);
	finish(space);
	assert_int_equal(space_addresses(space), 6 + 6 + 1 + 2 + 16);
	assert_int_equal(space_ports(space), 3);
	check_inverse(space);
	assert_true(has(space, "10.0.0.255", 443));
	assert_false(has(space, "10.0.1.0", 443));
	assert_true(has(space, "10.0.1.1", 65535));
	assert_false(has(space, "10.0.1.2", 443));
	assert_true(has(space, "::", 1));
	assert_false(has(space, "::1", 1));
	assert_false(has(space, "0.0.0.0", 1));
	assert_true(has(space, "2001:db8::1:0", 1));
	assert_false(has(space, "10.0.0.255", 0));
	assert_false(has(space, "10.0.0.255", 442));
	space_free(space);
}

/* Breaks when what touches is not merged: plans and routes go by ranges. */
static void ranges_are_merged(void **state)
{
	struct space *space = fresh();
	struct ip_addr first, last, wanted;

	(void)state;
	with(space, space_add, "10.0.0.128", "10.0.0.255");
	with(space, space_add, "10.0.0.0", "10.0.0.127");
	with(space, space_add, "10.0.1.0", "10.0.1.0");
	with(space, space_add, "10.0.0.5", "10.0.0.6");
	space_add_ports(space, 80, 80);
	space_add_ports(space, 80, 90);
	finish(space);
	assert_int_equal(space_addresses(space), 257);
	assert_int_equal(space_ports(space), 11);
	assert_true(space_range(space, 0, &first, &last));
	wanted = addr("10.0.0.0");
	assert_true(addr_equal(&first, &wanted));
	wanted = addr("10.0.1.0");
	assert_true(addr_equal(&last, &wanted));
	assert_false(space_range(space, 1, &first, &last));
	space_free(space);
}

/* Breaks when an empty or a boundless space is taken. */
static void limits(void **state)
{
	static const struct {
		const char *first, *last, *out_first, *out_last;
		uint16_t port_first, port_last;
		bool good;
	} cases[] = {
	    {"10.0.0.0", "10.0.0.3", "10.0.0.0", "10.0.0.3", 80, 80, false},
	    {"10.0.0.0", "10.0.0.3", "9.0.0.0", "10.0.0.2", 80, 80, true},
	    {"0.0.0.0", "255.255.255.255", NULL, NULL, 1, 65535, true},
	    {"2001:db8::", "2001:db8::ffff:ffff:ffff", NULL, NULL, 80, 80, true}, /* 2^48 */
	    {"2001:db8::", "2001:db8::1:0:0:0", NULL, NULL, 80, 80, false},
	    {"2001:db8::", "2001:db8::ffff:ffff:ffff", NULL, NULL, 80, 81, false},
	    {"2001:db8::", "2001:db8::1:0:0:0", "2001:db8::", "2001:db8::", 80, 80, true},
	    {"2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", NULL, NULL, 80, 80, false},
	    {"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL, 80, 80, false},
	    {"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1",
	     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 80, 80, true},
	    {"10.0.0.0", "10.0.0.3", NULL, NULL, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct space *space = fresh();
		struct err err = {0};

		with(space, space_add, cases[i].first, cases[i].last);
		if (cases[i].out_first)
			with(space, space_exclude, cases[i].out_first, cases[i].out_last);
		if (cases[i].port_first)
			space_add_ports(space, cases[i].port_first, cases[i].port_last);
		if ((space_finish(space, &err) == 0) != cases[i].good)
			fail_msg("%s - %s: %s", cases[i].first, cases[i].last, err.text);
		assert_int_equal(err.class, cases[i].good ? ERR_NONE : ERR_USAGE);
		space_free(space);
	}
}

/* Breaks when an empty space is a crash, or a space that nothing was added to is taken. */
static void nothing_at_all(void **state)
{
	struct space *space = fresh();
	struct err err = {0};

	(void)state;
	space_add_ports(space, 80, 80);
	assert_int_equal(space_finish(space, &err), -1);
	space_free(space);
	space_free(NULL);
}

/* Breaks when at() and find() disagree in a space too large to go through. */
static void the_whole_internet(void **state)
{
	struct random random = {.state = 5};
	struct space *space = fresh();

	(void)state;
	with(space, space_add, "0.0.0.0", "255.255.255.255");
	with(space, space_exclude, "10.0.0.0", "10.255.255.255");
	with(space, space_exclude, "127.0.0.0", "127.255.255.255");
	space_add_ports(space, 1, 65535);
	finish(space);
	assert_int_equal(space_addresses(space), (UINT64_C(1) << 32) - (UINT64_C(2) << 24));
	for (int i = 0; i < 10000; i++) {
		uint64_t index = random_below(&random, space_size(space)), found;
		struct ip_addr who;
		uint16_t port;

		space_at(space, index, &who, &port);
		assert_true(who.octets[0] != 10 && who.octets[0] != 127);
		assert_true(space_find(space, &who, port, &found));
		assert_int_equal(found, index);
	}
	space_free(space);
}

static uint64_t fingerprint(const char *first, const char *middle, const char *last, uint16_t port)
{
	struct space *space = fresh();
	uint64_t value;

	with(space, space_add, middle, last);
	with(space, space_add, first, middle);
	space_add_ports(space, port, port);
	finish(space);
	value = space_fingerprint(space);
	space_free(space);
	return value;
}

/* Breaks when a checkpoint is taken for another scan's, or the same scan, named otherwise, is
 * refused. */
static void fingerprints(void **state)
{
	uint64_t value = fingerprint("10.0.0.0", "10.0.0.9", "10.0.0.20", 80);

	(void)state;
	assert_true(value == fingerprint("10.0.0.0", "10.0.0.3", "10.0.0.20", 80));
	assert_true(value != fingerprint("10.0.0.0", "10.0.0.9", "10.0.0.21", 80));
	assert_true(value != fingerprint("10.0.0.1", "10.0.0.9", "10.0.0.20", 80));
	assert_true(value != fingerprint("10.0.0.0", "10.0.0.9", "10.0.0.20", 81));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_like_a_model), cmocka_unit_test(both_versions),
	    cmocka_unit_test(ranges_are_merged),   cmocka_unit_test(limits),
	    cmocka_unit_test(nothing_at_all),      cmocka_unit_test(the_whole_internet),
	    cmocka_unit_test(fingerprints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
