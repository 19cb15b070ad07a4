/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: what happens to a frame. In: the settings, the direction, the frame's number in it.
 * Out: its fate. The same seed gives the same fates, whatever came between and whenever.
 */
#include "wire.h"

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static bool chance(uint64_t *state, uint64_t parts)
{
	return (draw(state) >> 32) < parts;
}

struct fate fate_decide(const struct impair *impair, int way, uint64_t number)
{
	uint64_t state = (uint64_t)impair->seed * 2 + (uint64_t)way;
	struct fate fate;

	/* All draws are always made: one percentage does not change what another one hits. */
	state = draw(&state) ^ number;
	state = draw(&state);
	fate.drop = chance(&state, impair->loss);
	fate.duplicate = chance(&state, impair->duplicate) && !fate.drop;
	fate.reorder = chance(&state, impair->reorder) && !fate.drop;
	fate.corrupt = chance(&state, impair->corrupt) && !fate.drop;
	fate.jitter_ns = (int64_t)(draw(&state) % ((uint64_t)impair->jitter_ns + 1));
	fate.bit = draw(&state);
	return fate;
}

void fate_flip(struct frame *frame)
{
	frame->octets[frame->flipped / 8] ^= (uint8_t)(0x80 >> frame->flipped % 8);
}
