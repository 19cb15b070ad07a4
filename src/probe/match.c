/* SPDX-License-Identifier: BSD-2-Clause */
/* match: flow -> probe. Linear probing; SipHash-2-4 (Aumasson and Bernstein, 2012) as the keyed
 * hash. */
#include "probe/match.h"

#include <assert.h>
#include <string.h>

static inline uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

struct sip {
	uint64_t a, b, c, d;
};

/* By value: the state stays in registers. A mass scan does this more often than anything else. */
static inline struct sip sip_round(struct sip v)
{
	v.a += v.b;
	v.b = rotate(v.b, 13) ^ v.a;
	v.a = rotate(v.a, 32);
	v.c += v.d;
	v.d = rotate(v.d, 16) ^ v.c;
	v.a += v.d;
	v.d = rotate(v.d, 21) ^ v.a;
	v.c += v.b;
	v.b = rotate(v.b, 17) ^ v.c;
	v.c = rotate(v.c, 32);
	return v;
}

static inline struct sip sip_word(struct sip v, uint64_t word)
{
	v.d ^= word;
	v = sip_round(sip_round(v));
	v.a ^= word;
	return v;
}

/* SipHash-2-4 over whole 64-bit words. */
static uint64_t sip_hash(const uint64_t key[2], const uint64_t *words, unsigned count)
{
	struct sip v = {
	    key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
	    key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};

	for (unsigned i = 0; i < count; i++)
		v = sip_word(v, words[i]);
	v = sip_word(v, (uint64_t)(count * 8) << 56);
	v.c ^= 0xff;
	v = sip_round(sip_round(sip_round(sip_round(v))));
	return v.a ^ v.b ^ v.c ^ v.d;
}

static uint64_t flow_hash(const struct match *match, const struct flow *flow)
{
	uint64_t words[5] = {(uint64_t)flow->src.port << 32 | flow->dst.port};

	if (flow->dst.addr.version == IP_V4) {
		memcpy(&words[1], flow->src.addr.octets, 4);
		memcpy((uint8_t *)&words[1] + 4, flow->dst.addr.octets, 4);
		return sip_hash(match->key, words, 2);
	}
	memcpy(&words[1], flow->src.addr.octets, 16);
	memcpy(&words[3], flow->dst.addr.octets, 16);
	return sip_hash(match->key, words, 5);
}

void match_init(struct match *match, struct match_slot *slots, uint32_t slot_count,
		const uint64_t key[2])
{
	assert(slot_count > 0 && (slot_count & (slot_count - 1)) == 0);
	*match = (struct match){.slots = slots, .mask = slot_count - 1, .key = {key[0], key[1]}};
	for (uint32_t i = 0; i < slot_count; i++)
		slots[i].probe = MATCH_NONE;
}

/* The slot of the flow, or the free one where it would go. */
static uint32_t find_slot(const struct match *match, const struct flow *flow, uint32_t hash)
{
	uint32_t i = hash & match->mask;

	while (match->slots[i].probe != MATCH_NONE &&
	       !(match->slots[i].hash == hash && flow_equal(&match->slots[i].flow, flow)))
		i = (i + 1) & match->mask;
	return i;
}

bool match_add(struct match *match, const struct flow *flow, uint32_t probe)
{
	uint32_t hash = (uint32_t)flow_hash(match, flow);
	uint32_t i = find_slot(match, flow, hash);

	if (match->slots[i].probe != MATCH_NONE)
		return false;
	assert(match->count < match->mask);
	match->slots[i] = (struct match_slot){.flow = *flow, .hash = hash, .probe = probe};
	match->count++;
	return true;
}

/* Closes the gap, so that no search ends too early. */
void match_remove(struct match *match, const struct flow *flow)
{
	uint32_t gap = find_slot(match, flow, (uint32_t)flow_hash(match, flow));
	uint32_t i = gap;

	if (match->slots[gap].probe == MATCH_NONE)
		return;
	match->count--;
	for (;;) {
		uint32_t home;

		i = (i + 1) & match->mask;
		if (match->slots[i].probe == MATCH_NONE)
			break;
		home = match->slots[i].hash & match->mask;
		if (((i - home) & match->mask) < ((i - gap) & match->mask))
			continue; /* it must not move before its home */
		match->slots[gap] = match->slots[i];
		gap = i;
	}
	match->slots[gap].probe = MATCH_NONE;
}

uint32_t match_find(const struct match *match, const struct flow *flow)
{
	return match->slots[find_slot(match, flow, (uint32_t)flow_hash(match, flow))].probe;
}

uint32_t match_iss(const struct match *match, const struct flow *flow)
{
	return (uint32_t)(flow_hash(match, flow) >> 32);
}
