/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: options_decode and options_encode. In: up to forty octets of TCP options. Breaks
 * when they are read beyond their end, or what was read does not come back when it is written
 * and read again.
 */
#include <stdlib.h>

#include "wire/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

static void must(bool invariant)
{
	if (!invariant)
		abort();
}

/* `again` may have fewer SACK blocks: padding takes room. */
static void same_options(const struct tcp_options *in, const struct tcp_options *again)
{
	must(in->has_mss == again->has_mss && in->mss == again->mss);
	must(in->has_wscale == again->has_wscale && in->wscale == again->wscale);
	must(in->has_sack_permitted == again->has_sack_permitted);
	must(in->has_timestamps == again->has_timestamps);
	must(in->tsval == again->tsval && in->tsecr == again->tsecr);
	must(again->sack_count <= in->sack_count);
	for (size_t i = 0; i < again->sack_count; i++)
		must(in->sack[i].start == again->sack[i].start &&
		     in->sack[i].end == again->sack[i].end);
	must(!again->malformed && again->unknown_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	uint8_t octets[OPTIONS_OCTETS_MAX];
	struct tcp_options options, again;
	size_t encoded;

	if (len > OPTIONS_OCTETS_MAX)
		return 0;
	options_decode(input, len, &options);
	must(options.sack_count <= SACK_BLOCKS_MAX && options.unknown_count <= len / 2);
	encoded = options_encode(&options, octets);
	must(encoded <= OPTIONS_OCTETS_MAX && encoded % 4 == 0);
	options_decode(octets, encoded, &again);
	same_options(&options, &again);
	return 0;
}
