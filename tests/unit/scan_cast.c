/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a scan, made by hand: see scan_cast.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "scan_cast.h"

#define STAMP_NS INT64_C(1700000000123456789)

static const struct scan_item items[CAST_COUNT] = {
    [CAST_OPEN] = {.addr = {IP_V4, {10, 0, 0, 10}},
		   .port = 443,
		   .tries = 1,
		   .state = SCAN_OPEN,
		   .reason = REASON_SYNACK,
		   .ttl = 64,
		   .rtt_ns = 123456},
    [CAST_CLOSED] = {.addr = {IP_V4, {10, 0, 0, 10}},
		     .port = 22,
		     .tries = 1,
		     .state = SCAN_CLOSED,
		     .reason = REASON_RESET,
		     .ttl = 255,
		     .rtt_ns = 0},
    [CAST_PROHIBITED] = {.addr = {IP_V4, {10, 0, 0, 2}},
			 .port = 80,
			 .tries = 2,
			 .state = SCAN_FILTERED,
			 .reason = REASON_ICMP,
			 .icmp_type = 3,
			 .icmp_code = 13,
			 .ttl = 63,
			 .rtt_ns = -1},
    [CAST_UNREACHABLE] = {.addr = {IP_V4, {10, 0, 0, 2}},
			  .port = 81,
			  .tries = 1,
			  .state = SCAN_UNREACHABLE,
			  .reason = REASON_ICMP,
			  .icmp_type = 3,
			  .icmp_code = 1,
			  .ttl = 63,
			  .rtt_ns = -1},
    [CAST_SILENT] = {.addr = {IP_V4, {10, 0, 0, 3}},
		     .port = 80,
		     .tries = 3,
		     .state = SCAN_FILTERED,
		     .reason = REASON_SILENCE,
		     .rtt_ns = -1},
    [CAST_WILDCARD] = {.addr = {IP_V4, {10, 0, 0, 4}},
		       .port = 49152,
		       .tries = 1,
		       .state = SCAN_OPEN,
		       .reason = REASON_SYNACK,
		       .ttl = 60,
		       .rtt_ns = 20000000},
    [CAST_ZERO_WINDOW] = {.addr = {IP_V6, {0xfd, [15] = 1}},
			  .port = 80,
			  .tries = 2,
			  .state = SCAN_OPEN,
			  .reason = REASON_SYNACK,
			  .ttl = 64,
			  .zero_window = true,
			  .rtt_ns = -1},
    [CAST_CLOSES] = {.addr = {IP_V4, {192, 0, 2, 2}},
		     .port = 80,
		     .tries = 1,
		     .state = SCAN_OPEN,
		     .reason = REASON_SYNACK,
		     .ttl = 64,
		     .rtt_ns = 10000000},
    [CAST_HOLDS] = {.addr = {IP_V4, {192, 0, 2, 2}},
		    .port = 8080,
		    .tries = 1,
		    .state = SCAN_OPEN,
		    .reason = REASON_SYNACK,
		    .ttl = 64,
		    .rtt_ns = 10000000},
};

static void play_connections(struct scan_cast *cast)
{
	struct play *closes = &cast->plays[0], *holds = &cast->plays[1];

	play_init(closes, 1000, 5000);
	play_open(closes);
	play_handshake(closes);
	play_server(closes, 4, TCP_ACK, 1, 2, 0);
	play_server(closes, 1, TCP_FIN | TCP_ACK, 1, 2, 0);
	play_wait(closes, 5000);
	play_init(holds, 1000, 5000);
	play_open(holds);
	play_handshake(holds);
	play_server(holds, 7, TCP_ACK, 1, 2, 0);
	play_wait(holds, 60000);
}

static void sum_up(struct scan_cast *cast, enum scan_mode mode)
{
	struct scan_summary *summary = &cast->summary;

	summary->counts = (struct scan_counts){.new_sent = 10,
					       .again_sent = 4,
					       .answered = 8,
					       .silent = 1,
					       .duplicates = 2,
					       .rejected = 3,
					       .not_ours = 5,
					       .states = {6, 1, 2, 1}};
	memcpy(summary->states, (const uint64_t[]){5, 1, 2, 1}, sizeof(summary->states));
	summary->wildcards = summary->wildcard_ports = summary->zero_windows = 1;
	summary->frames = 20;
	summary->refused = 1;
	summary->dropped_ring = 7;
	summary->send_again = 1;
	summary->loss_estimate = 0.125;
	summary->rtt = &cast->rtt;
	summary->elapsed_ns = 2000000000;
	summary->complete = true;
	assert_int_equal(samples_add(&cast->rtt, 123456), 0);
	assert_int_equal(samples_add(&cast->rtt, 10000000), 0);
	if (mode == MODE_SYN)
		return;
	assert_int_equal(samples_add(&cast->close, 5000000), 0);
	summary->handshakes[TOKEN_ESTABLISHED] = 2;
	summary->closes[TOKEN_FOUR_SEGMENT] = summary->closes[TOKEN_HELD_OPEN] = 1;
	summary->phases[SCAN_APP_CLOSE][TOKEN_FOUR_SEGMENT] = &cast->close;
	summary->left_open = 1;
}

void scan_cast_init(struct scan_cast *cast, enum scan_mode mode)
{
	memset(cast, 0, sizeof(*cast));
	play_connections(cast);
	memcpy(cast->items, items, sizeof(items));
	for (unsigned i = 0; i < CAST_COUNT; i++)
		cast->records[i] =
		    (struct scan_record){.item = &cast->items[i], .stamp_ns = STAMP_NS + i};
	cast->records[CAST_WILDCARD].wildcard = true;
	if (mode != MODE_SYN) {
		cast->records[CAST_CLOSES].probe = &cast->plays[0].probe;
		cast->records[CAST_HOLDS].probe = &cast->plays[1].probe;
		cast->records[CAST_HOLDS].left_open = true;
	}
	cast->run = (struct scan_run){.version = "1.0",
				      .mode = mode,
				      .targets = 1024,
				      .addresses = 512,
				      .ports = 2,
				      .seed = UINT64_MAX,
				      .shard = 2,
				      .shards = 4,
				      .rate = 1000,
				      .fingerprint = 0xabcdef,
				      .way = "AF_PACKET",
				      .started_ns = STAMP_NS};
	sum_up(cast, mode);
	cast->look = (struct report_style){.width = 80};
	cast->style = (struct scan_style){.style = &cast->look, .mode = mode};
}

void scan_cast_free(struct scan_cast *cast)
{
	samples_free(&cast->rtt);
	samples_free(&cast->close);
}

char *scan_cast_report(struct scan_cast *cast, const char *name, unsigned first, unsigned last)
{
	const struct scan_format *format = scan_format_find(name);
	char *text;
	size_t len;
	void *state;

	assert_non_null(format);
	cast->look.out = open_memstream(&text, &len);
	assert_non_null(cast->look.out);
	state = format->open(&cast->style, &cast->run);
	for (unsigned i = first; i <= last; i++)
		format->record(state, &cast->style, &cast->records[i]);
	format->close(state, &cast->style, &cast->summary);
	assert_int_equal(fclose(cast->look.out), 0);
	return text;
}
