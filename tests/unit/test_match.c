/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow table against a naive list; the ISS against SipHash-2-4 as its paper has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/match.h"

#define SLOTS 32 /* so few that most flows collide */
#define FLOWS 200
#define SEED  99

static const uint64_t keys[][2] = {{0, 0},
				   {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)},
				   {UINT64_C(0xfedcba9876543210), 1}};

static uint32_t next(uint64_t *random)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*random >> 33);
}

static struct flow flow_number(uint32_t n)
{
	struct flow flow = {.src = {.addr = {.version = IP_V4, .octets = {192, 0, 2, 1}}},
			    .dst = {.addr = {.version = IP_V4, .octets = {198, 51, 100, 0}}}};

	flow.src.port = (uint16_t)(40000 + n % 7);
	flow.dst.port = (uint16_t)(n % 3 ? 80 : 443);
	flow.dst.addr.octets[3] = (uint8_t)n;
	if (n % 5 == 0)
		flow.src.addr.version = flow.dst.addr.version = IP_V6;
	return flow;
}

/* Breaks when a flow that was added is not found, one that was not is, or a removal cuts off those
 * behind it. */
static void against_list(void **state)
{
	struct match_slot slots[SLOTS];
	uint32_t list[FLOWS], count = 0;
	uint64_t random = SEED;
	struct match match;

	(void)state;
	match_init(&match, slots, SLOTS, keys[1]);
	memset(list, 0xff, sizeof(list));
	for (unsigned step = 0; step < 200000; step++) {
		uint32_t n = next(&random) % FLOWS;
		struct flow flow = flow_number(n);

		if (next(&random) % 2 && (count < SLOTS / 2 || list[n] != MATCH_NONE)) {
			assert_int_equal(match_add(&match, &flow, step), list[n] == MATCH_NONE);
			count += list[n] == MATCH_NONE;
			list[n] = list[n] == MATCH_NONE ? step : list[n];
		} else {
			match_remove(&match, &flow);
			count -= list[n] != MATCH_NONE;
			list[n] = MATCH_NONE;
		}
		assert_int_equal(match.count, count);
		n = next(&random) % FLOWS;
		flow = flow_number(n);
		assert_int_equal(match_find(&match, &flow), list[n]);
		if (step % 100 != 0)
			continue;
		for (n = 0; n < FLOWS; n++) {
			flow = flow_number(n);
			assert_int_equal(match_find(&match, &flow), list[n]);
		}
	}
}

/* Breaks when flows whose 4-tuples differ in one place only are taken for one another. */
static void part_counts(struct flow flow, unsigned last_octet)
{
	struct match_slot slots[2];
	struct flow other;
	struct match match;

	match_init(&match, slots, 2, keys[0]);
	assert_true(match_add(&match, &flow, 7));
	assert_false(match_add(&match, &flow, 8));
	assert_int_equal(match_find(&match, &flow), 7);
	other = flow;
	other.src.port++;
	assert_int_equal(match_find(&match, &other), MATCH_NONE);
	other = flow;
	other.dst.port++;
	assert_int_equal(match_find(&match, &other), MATCH_NONE);
	other = flow;
	other.src.addr.octets[0]++;
	assert_int_equal(match_find(&match, &other), MATCH_NONE);
	other = flow;
	other.dst.addr.octets[last_octet]++;
	assert_int_equal(match_find(&match, &other), MATCH_NONE);
	other = flow_reverse(&flow);
	assert_int_equal(match_find(&match, &other), MATCH_NONE);
	match_remove(&match, &other);
	assert_int_equal(match_find(&match, &flow), 7);
	match_remove(&match, &flow);
	assert_int_equal(match_find(&match, &flow), MATCH_NONE);
}

static void each_part_counts(void **state)
{
	(void)state;
	part_counts(flow_number(1), 3);
	part_counts(flow_number(5), 15);
}

static uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], unsigned count)
{
	while (count-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13);
		v[3] = rotl(v[3], 16);
		v[1] ^= v[0];
		v[3] ^= v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17);
		v[3] = rotl(v[3], 21);
		v[1] ^= v[2];
		v[3] ^= v[0];
		v[2] = rotl(v[2], 32);
	}
}

/* The paper's section 2, octet by octet. */
static uint64_t siphash(const uint64_t key[2], const uint8_t *octets, unsigned len)
{
	uint64_t v[4] = {
	    key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
	    key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t word = 0;

	for (unsigned i = 0; i <= (len | 7); i++) {
		uint8_t octet = i < len ? octets[i] : i % 8 == 7 ? (uint8_t)len : 0;

		word |= (uint64_t)octet << 8 * (i % 8);
		if (i % 8 != 7)
			continue;
		v[3] ^= word;
		rounds(v, 2);
		v[0] ^= word;
		word = 0;
	}
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Breaks when the ISS is no longer the upper half of SipHash-2-4 of the 4-tuple: then it may be
 * easy to guess (RFC 6528). The paper's appendix A first, so that the reference is known to be
 * right. */
static void iss_is_siphash(void **state)
{
	uint8_t octets[40];
	struct match_slot slots[2];

	(void)state;
	for (unsigned i = 0; i < 15; i++)
		octets[i] = (uint8_t)i;
	assert_true(siphash(keys[1], octets, 15) == UINT64_C(0xa129ca6149be45e5));
	for (unsigned k = 0; k < 3; k++)
		for (uint32_t n = 0; n < FLOWS; n++) {
			struct flow flow = flow_number(n);
			unsigned len = flow.dst.addr.version == IP_V4 ? 4 : 16;
			uint64_t ports = (uint64_t)flow.src.port << 32 | flow.dst.port;
			struct match match;

			match_init(&match, slots, 2, keys[k]);
			memcpy(octets, &ports, 8);
			memcpy(octets + 8, flow.src.addr.octets, len);
			memcpy(octets + 8 + len, flow.dst.addr.octets, len);
			assert_int_equal(match_iss(&match, &flow),
					 siphash(keys[k], octets, 8 + 2 * len) >> 32);
		}
}

/* Breaks when the ISS does not depend on the key or on some part of the 4-tuple, or repeats. */
static void iss_differs(void **state)
{
	struct match_slot slots[2];
	struct match match, other;
	uint32_t seen[FLOWS];

	(void)state;
	match_init(&match, slots, 2, keys[1]);
	match_init(&other, slots, 2, keys[2]);
	for (uint32_t n = 0; n < FLOWS; n++) {
		struct flow flow = flow_number(n), reverse = flow_reverse(&flow);

		seen[n] = match_iss(&match, &flow);
		assert_int_equal(seen[n], match_iss(&match, &flow));
		assert_int_not_equal(seen[n], match_iss(&other, &flow));
		assert_int_not_equal(seen[n], match_iss(&match, &reverse));
		for (uint32_t i = 0; i < n; i++)
			assert_int_not_equal(seen[n], seen[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(against_list),
	    cmocka_unit_test(each_part_counts),
	    cmocka_unit_test(iss_is_siphash),
	    cmocka_unit_test(iss_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
