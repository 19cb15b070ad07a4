/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/template.c against craft: without it a scan could send a million segments with
 * a checksum that is wrong for some addresses only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stats_random.h"
#include "wire/template.h"

#define ROUNDS   100000
#define TRIES    16 /* copies of one template */
#define OPTIONS  16 /* each of MSS, window scale, SACK-permitted, timestamps: there or not */
#define SENTINEL 0xa5

static const uint8_t macs[2][6] = {{2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 1}};

/* Every fourth address, port or number is of zeros or ones: there the sums are at their ends. */
static uint64_t random_field(struct random *random)
{
	switch (random_below(random, 8)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	default:
		return random_bits(random);
	}
}

static void random_addr(struct random *random, enum ip_version version, struct ip_addr *addr)
{
	uint64_t low = random_field(random), high = random_field(random);

	memset(addr, 0, sizeof(*addr));
	addr->version = (uint8_t)version;
	memcpy(addr->octets, &low, version == IP_V4 ? 4 : 8);
	if (version == IP_V6)
		memcpy(addr->octets + 8, &high, 8);
}

static void random_segment(struct random *random, unsigned options, struct segment *seg)
{
	memset(seg, 0, sizeof(*seg));
	seg->flags = (uint16_t)(random_bits(random) & 0xfff);
	seg->wnd = (uint16_t)random_field(random);
	seg->urp = (uint16_t)random_field(random);
	seg->options.has_mss = options & 1;
	seg->options.has_wscale = (options & 2) != 0;
	seg->options.has_sack_permitted = (options & 4) != 0;
	seg->options.has_timestamps = (options & 8) != 0;
	seg->options.mss = (uint16_t)random_field(random);
	seg->options.wscale = (uint8_t)random_below(random, 15);
	seg->options.tsval = (uint32_t)random_field(random);
	seg->options.tsecr = (uint32_t)random_field(random);
}

static size_t craft_frame(const struct craft_request *request, bool ethernet, uint8_t *out)
{
	size_t at = 0, len;

	if (ethernet)
		at = craft_ethernet(macs[0], macs[1], request->flow->dst.addr.version, out);
	len = craft_packet(request, out + at, TEMPLATE_MAX - at);
	assert_true(len > 0);
	return at + len;
}

/* One template, and copies of it with other fields, each beside what craft makes of them. */
static void compare(struct random *random, enum ip_version version, bool ethernet, unsigned options)
{
	struct ip_fields ip = {.ttl = (uint8_t)random_bits(random),
			       .tos = (uint8_t)random_bits(random),
			       .df = random_below(random, 2),
			       .id = (uint16_t)random_field(random)};
	struct template template;
	struct segment seg;
	struct flow flow;
	struct craft_request request = {&flow, &ip, &seg, NULL};

	memset(&flow, 0, sizeof(flow));
	random_segment(random, options, &seg);
	random_addr(random, version, &flow.src.addr);
	random_addr(random, version, &flow.dst.addr);
	assert_true(template_init(&template, &request, ethernet ? macs : NULL));
	for (int i = 0; i < TRIES; i++) {
		uint8_t expected[TEMPLATE_MAX], copy[TEMPLATE_MAX + 1];
		struct template_fields fields = {.dst = &flow.dst.addr};

		random_addr(random, version, &flow.dst.addr);
		fields.src_port = flow.src.port = (uint16_t)random_field(random);
		fields.dst_port = flow.dst.port = (uint16_t)random_field(random);
		fields.seq = seg.seq = (uint32_t)random_field(random);
		fields.ack = seg.ack = (uint32_t)random_field(random);
		assert_int_equal(template.len, craft_frame(&request, ethernet, expected));
		memset(copy, SENTINEL, sizeof(copy));
		template_copy(&template, &fields, copy);
		assert_memory_equal(copy, expected, template.len);
		assert_int_equal(copy[template.len], SENTINEL);
	}
}

/* Breaks when a copy differs from craft's packet in any octet: both IP versions, with and without
 * an Ethernet header, all sets of options. */
static void copies_equal_crafts(void **state)
{
	struct random random = {.state = 1};

	(void)state;
	for (unsigned i = 0; i < ROUNDS / TRIES; i++)
		compare(&random, i & 1 ? IP_V6 : IP_V4, i & 2, i / 4 % OPTIONS);
}

/* Breaks when a template's own fields are wrong: bulk work relies on its length and offsets. */
static void offsets(void **state)
{
	struct flow flow = {.src.addr.version = IP_V6, .dst.addr.version = IP_V6};
	struct ip_fields ip = {.ttl = 64};
	struct segment seg = {.flags = TCP_SYN};
	struct craft_request request = {&flow, &ip, &seg, NULL};
	struct template template;

	(void)state;
	assert_true(template_init(&template, &request, macs));
	assert_int_equal(template.ip_at, 14);
	assert_int_equal(template.tcp_at, 54);
	assert_int_equal(template.len, 74);
	assert_true(template_init(&template, &request, NULL));
	assert_int_equal(template.ip_at, 0);
	assert_int_equal(template.len, 60);
}

/* Breaks when something that copies cannot follow is taken: data, addresses of two versions, and a
 * checksum that is wrong on purpose, by one bit of the right one. */
static void refusals(void **state)
{
	struct flow flow = {.src.addr.version = IP_V4, .dst.addr.version = IP_V4};
	struct ip_fields ip = {.ttl = 64};
	struct segment seg = {.flags = TCP_SYN};
	struct craft_faults faults = {.bad_checksum = true};
	struct craft_request request = {&flow, &ip, &seg, NULL};
	struct template template;

	(void)state;
	assert_true(template_init(&template, &request, NULL));
	seg.data_len = 1;
	seg.data = (const uint8_t *)"x";
	assert_false(template_init(&template, &request, NULL));
	seg.data_len = 0;
	request.faults = &faults;
	assert_false(template_init(&template, &request, NULL));
	request.faults = NULL;
	flow.src.addr.version = IP_V6;
	assert_false(template_init(&template, &request, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(copies_equal_crafts),
	    cmocka_unit_test(offsets),
	    cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
