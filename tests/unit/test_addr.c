/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/addr.c: addresses, endpoints and flows, and their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/addr.h"

static struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	assert_true(addr_parse(text, &parsed));
	return parsed;
}

/* Breaks when an address is not written in the one form of RFC 5952, by which records are
 * compared; the cases are those of its sections 4 and 5. */
static void text_is_canonical(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1"},
	    {"0.0.0.0", "0.0.0.0"},
	    {"255.255.255.255", "255.255.255.255"},
	    {"::", "::"},
	    {"::1", "::1"},
	    {"2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"},
	    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	    {"2001:DB8::ABCD", "2001:db8::abcd"},
	    {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	    {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ip_addr parsed = addr(cases[i].in);

		assert_ptr_equal(addr_text(&parsed, text), text);
		assert_string_equal(text, cases[i].out);
	}
}

/* Breaks when the octets of an address stand in another order than on the wire, or stray octets
 * remain behind an IPv4 address. */
static void octets_as_on_the_wire(void **state)
{
	static const struct ip_addr v4 = {IP_V4, {192, 0, 2, 1}};
	static const struct ip_addr v6 = {IP_V6, {0x20, 0x01, 0x0d, 0xb8, [15] = 0x42}};
	struct ip_addr parsed;

	(void)state;
	memset(&parsed, 0xff, sizeof(parsed));
	assert_true(addr_parse("192.0.2.1", &parsed));
	assert_memory_equal(&parsed, &v4, sizeof(v4));
	assert_true(addr_parse("2001:db8::42", &parsed));
	assert_memory_equal(&parsed, &v6, sizeof(v6));
}

/* Breaks when something is taken for an address that is a name, a part of one, or has a scope. */
static void no_address_is_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "localhost",
	    "192.0.2",
	    "192.0.2.256",
	    "192.0.2.1.",
	    " 192.0.2.1",
	    "0x7f.1",
	    "192.0.2.1:80",
	    "[::1]",
	    "::1%lo",
	    "fe80::1%eth0",
	    ":::",
	    "1:2:3::4::5",
	    "1:2:3:4:5:6:7",
	    "2001:db8::g",
	    "12345::",
	    "192.0.2.1/24",
	};
	struct ip_addr parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(addr_parse(cases[i], &parsed));
		assert_int_equal(parsed.version, IP_NONE);
	}
}

/* Breaks when addresses of two versions that share octets are taken for the same. */
static void equal_needs_the_version(void **state)
{
	const struct ip_addr v4 = addr("32.1.13.184");
	const struct ip_addr v6 = addr("2001:db8::");
	const struct ip_addr other = addr("2001:db8::1");
	struct ip_addr same4 = v4;

	(void)state;
	assert_memory_equal(v4.octets, v6.octets, sizeof(v4.octets));
	assert_false(addr_equal(&v4, &v6));
	assert_false(addr_equal(&v6, &other));
	same4.octets[15] = 1; /* behind the four that count */
	assert_true(addr_equal(&v4, &same4));
}

/* Breaks when a loopback address is not known as one: those need no route and have no link. */
static void loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {
	    {"127.0.0.1", true},  {"127.255.0.9", true}, {"::1", true},  {"128.0.0.1", false},
	    {"126.0.0.1", false}, {"::", false},         {"::2", false}, {"1::1", false},
	    {"7f00::1", false},   {"0.0.0.0", false},
	};
	const struct ip_addr none = {.version = IP_NONE, .octets = {127, 0, 0, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ip_addr parsed = addr(cases[i].text);

		assert_int_equal(addr_is_loopback(&parsed), cases[i].loopback);
	}
	assert_false(addr_is_loopback(&none));
}

/* Breaks when an endpoint's text cannot be taken apart again (IPv6 without brackets), or the
 * longest one is cut. */
static void endpoints_as_text(void **state)
{
	struct endpoint ep = {.addr = addr("192.0.2.1"), .port = 80};
	char text[ENDPOINT_TEXT_MAX];

	(void)state;
	assert_string_equal(endpoint_text(&ep, text), "192.0.2.1:80");
	ep = (struct endpoint){addr("2001:db8::1"), 65535};
	assert_string_equal(endpoint_text(&ep, text), "[2001:db8::1]:65535");
	ep.addr = addr("1111:2222:3333:4444:5555:6666:7777:8888");
	assert_string_equal(endpoint_text(&ep, text),
			    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
	ep = (struct endpoint){.port = 0};
	assert_string_equal(endpoint_text(&ep, text), "none:0");
}

/* Breaks when a flow is matched with another that differs in one of its four parts, or with its
 * own reverse. */
static void flows_compare_and_reverse(void **state)
{
	const struct flow flow = {{addr("192.0.2.1"), 1000}, {addr("192.0.2.2"), 80}};
	const struct flow reverse = flow_reverse(&flow);
	const struct flow again = flow_reverse(&reverse);
	struct flow others[4] = {flow, flow, flow, flow};

	(void)state;
	assert_true(endpoint_equal(&reverse.src, &flow.dst));
	assert_true(endpoint_equal(&reverse.dst, &flow.src));
	assert_true(flow_equal(&flow, &again));
	assert_false(flow_equal(&flow, &reverse));
	others[0].src.port++;
	others[1].dst.port++;
	others[2].src.addr.octets[3]++;
	others[3].dst.addr.octets[3]++;
	for (size_t i = 0; i < 4; i++)
		assert_false(flow_equal(&flow, &others[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_canonical),
	    cmocka_unit_test(octets_as_on_the_wire),
	    cmocka_unit_test(no_address_is_refused),
	    cmocka_unit_test(equal_needs_the_version),
	    cmocka_unit_test(loopback),
	    cmocka_unit_test(endpoints_as_text),
	    cmocka_unit_test(flows_compare_and_reverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
