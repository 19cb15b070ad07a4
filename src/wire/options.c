/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: TCP options. In: octets (hostile) or a plain struct. Out: the other. RFC 9293 section 3.2
 * (kinds, MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
 */
#include <assert.h>
#include <string.h>

#include "wire/octets.h"
#include "wire/options.h"

enum {
	MSS_LEN = 4,
	WSCALE_LEN = 3,
	SACK_PERMITTED_LEN = 2,
	TIMESTAMPS_LEN = 10,
	FAST_OPEN_MAX = 18,
	SACK_HEAD_LEN = 2,
	SACK_BLOCK_LEN = 8,
};

/* A reader takes one whole option; false if it has not the length that its kind must have. */

static bool read_mss(const uint8_t *option, size_t len, struct tcp_options *out)
{
	if (len != MSS_LEN)
		return false;
	out->has_mss = true;
	out->mss = get16(option + 2);
	return true;
}

static bool read_wscale(const uint8_t *option, size_t len, struct tcp_options *out)
{
	if (len != WSCALE_LEN)
		return false;
	out->has_wscale = true;
	out->wscale = option[2];
	return true;
}

static bool read_sack_permitted(const uint8_t *option, size_t len, struct tcp_options *out)
{
	(void)option;
	if (len != SACK_PERMITTED_LEN)
		return false;
	out->has_sack_permitted = true;
	return true;
}

static bool read_sack(const uint8_t *option, size_t len, struct tcp_options *out)
{
	const size_t count = (len - SACK_HEAD_LEN) / SACK_BLOCK_LEN;

	if (len != SACK_HEAD_LEN + count * SACK_BLOCK_LEN || count < 1 || count > SACK_BLOCKS_MAX)
		return false;
	memset(out->sack, 0, sizeof(out->sack));
	out->sack_count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *block = option + SACK_HEAD_LEN + i * SACK_BLOCK_LEN;

		out->sack[i].start = get32(block);
		out->sack[i].end = get32(block + 4);
	}
	return true;
}

static bool read_timestamps(const uint8_t *option, size_t len, struct tcp_options *out)
{
	if (len != TIMESTAMPS_LEN)
		return false;
	out->has_timestamps = true;
	out->tsval = get32(option + 2);
	out->tsecr = get32(option + 6);
	return true;
}

static bool read_fast_open(const uint8_t *option, size_t len, struct tcp_options *out)
{
	if (len > FAST_OPEN_MAX)
		return false;
	out->has_fast_open = true;
	out->fast_open_len = (uint8_t)(len - 2);
	memcpy(out->fast_open, option + 2, len - 2);
	return true;
}

static bool (*const readers[])(const uint8_t *option, size_t len, struct tcp_options *out) = {
    [OPTION_MSS] = read_mss,
    [OPTION_WSCALE] = read_wscale,
    [OPTION_SACK] = read_sack,
    [OPTION_SACK_PERMITTED] = read_sack_permitted,
    [OPTION_TIMESTAMPS] = read_timestamps,
    [OPTION_FAST_OPEN] = read_fast_open,
};
#define READERS (sizeof(readers) / sizeof(readers[0]))

static void read_option(const uint8_t *option, size_t len, struct tcp_options *out)
{
	const uint8_t kind = option[0];

	if (kind >= READERS || !readers[kind] || !readers[kind](option, len, out))
		out->unknown_count++;
}

void options_decode(const uint8_t *octets, size_t len, struct tcp_options *out)
{
	size_t at = 0;

	assert(len <= OPTIONS_OCTETS_MAX);
	memset(out, 0, sizeof(*out));
	while (at < len && octets[at] != OPTION_EOL) {
		size_t option_len;

		if (octets[at] == OPTION_NOP) {
			at++;
			continue;
		}
		option_len = len - at >= 2 ? octets[at + 1] : 0;
		if (option_len < 2 || option_len > len - at) {
			out->malformed = true;
			return;
		}
		read_option(octets + at, option_len, out);
		at += option_len;
	}
}

/* Writes kind and length. Without a partner to share its word, an option of `len` octets stands
 * behind as many NOPs as make it end on a word. Returns the octets written. */
static size_t put_head(uint8_t *octets, enum option_kind kind, size_t len)
{
	const size_t pad = (4 - len % 4) % 4;

	memset(octets, OPTION_NOP, pad);
	octets[pad] = (uint8_t)kind;
	octets[pad + 1] = (uint8_t)len;
	return pad + 2;
}

static size_t put_mss(uint8_t *octets, uint16_t mss)
{
	const size_t n = put_head(octets, OPTION_MSS, MSS_LEN);

	put16(octets + n, mss);
	return n + 2;
}

/* SACK-permitted takes the place of the two NOPs before the timestamps, as Linux has it. */
static size_t put_timestamps(uint8_t *octets, const struct tcp_options *in)
{
	const size_t n = put_head(octets, OPTION_TIMESTAMPS, TIMESTAMPS_LEN);

	if (in->has_sack_permitted) {
		octets[0] = OPTION_SACK_PERMITTED;
		octets[1] = SACK_PERMITTED_LEN;
	}
	put32(octets + n, in->tsval);
	put32(octets + n + 4, in->tsecr);
	return n + 8;
}

static size_t put_wscale(uint8_t *octets, uint8_t wscale)
{
	const size_t n = put_head(octets, OPTION_WSCALE, WSCALE_LEN);

	octets[n] = wscale;
	return n + 1;
}

/* As many of the blocks as fit into `room` octets, or nothing if none does. */
static size_t put_sack(uint8_t *octets, size_t room, const struct tcp_options *in)
{
	const size_t head_len = 4; /* with its two NOPs */
	size_t count = in->sack_count < SACK_BLOCKS_MAX ? in->sack_count : SACK_BLOCKS_MAX;
	size_t n;

	while (count > 0 && head_len + count * SACK_BLOCK_LEN > room)
		count--;
	if (count == 0)
		return 0;
	n = put_head(octets, OPTION_SACK, SACK_HEAD_LEN + count * SACK_BLOCK_LEN);
	for (size_t i = 0; i < count; i++, n += SACK_BLOCK_LEN) {
		put32(octets + n, in->sack[i].start);
		put32(octets + n + 4, in->sack[i].end);
	}
	return n;
}

size_t options_encode(const struct tcp_options *in, uint8_t octets[OPTIONS_OCTETS_MAX])
{
	size_t n = 0;

	if (in->has_mss)
		n += put_mss(octets, in->mss);
	if (in->has_timestamps)
		n += put_timestamps(octets + n, in);
	else if (in->has_sack_permitted)
		n += put_head(octets + n, OPTION_SACK_PERMITTED, SACK_PERMITTED_LEN);
	if (in->has_wscale)
		n += put_wscale(octets + n, in->wscale);
	n += put_sack(octets + n, OPTIONS_OCTETS_MAX - n, in);
	return n;
}
