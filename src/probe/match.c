/* SPDX-License-Identifier: BSD-2-Clause */
/* match: flow -> probe. Linear probing; SipHash-2-4 (Aumasson and Bernstein, 2012) as the keyed
 * hash. */
#include "probe/match.h"

#include <assert.h>
#include <string.h>

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 over whole 64-bit words. */
static uint64_t sip_hash(const uint64_t key[2], const uint64_t *words, unsigned count)
{
	uint64_t v[4] = {
	    key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
	    key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t last = (uint64_t)(count * 8) << 56;

	for (unsigned i = 0; i <= count; i++) {
		uint64_t word = i < count ? words[i] : last;

		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t flow_hash(const struct match *match, const struct flow *flow)
{
	uint64_t words[5];

	memcpy(&words[0], flow->src.addr.octets, 16);
	memcpy(&words[2], flow->dst.addr.octets, 16);
	words[4] = (uint64_t)flow->src.port << 32 | flow->dst.port;
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
