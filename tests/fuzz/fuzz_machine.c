/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under events that the fuzzer chooses. In: octets, read as a configuration, two
 * initial numbers and events with relative numbers. Breaks when a rule of tcp_invariant.c does.
 *
 * Configuration: flags, window scale, path MSS, retries; ISS, IRS (4 octets each, lowest first).
 * Events, first octet modulo 8: 0 the next timer; 1 SEND (2 length, 1 then_close); 2 CLOSE; 3
 * ABORT, OPEN or ICMP (1 which, 1 number); else a segment (2 flags and options, 2 seq, 2 ack, 1
 * window, 2 length, 1 TSval).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tcp_invariant.h"

#define MS  INT64_C(1000000)
#define SEC INT64_C(1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t octets[70000];

/* `count` octets, the lowest first; zeros behind the end. */
static uint32_t take(struct input *in, unsigned count)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < count && in->left > 0; i++, in->left--)
		value |= (uint32_t)*in->at++ << 8 * i;
	return value;
}

/* Two octets: a point and a distance from it, -8192 to 8191. */
static uint32_t take_number(struct input *in, const uint32_t points[4])
{
	uint32_t value = take(in, 2);

	return points[value & 3] + (value >> 2) - (value & 0x8000 ? 0x4000 : 0);
}

static void configure(struct input *in, struct watch *watch)
{
	uint32_t flags = take(in, 1);

	watch->config = (struct tcb_config){
	    .mss = flags & 1 ? -1 : 1000,
	    .sack = flags & 2,
	    .timestamps = flags & 4,
	    .ecn = flags & 8,
	    .time_wait_ns = flags & 16 ? 0 : 60 * SEC,
	    .rcv_wnd = flags & 32 ? 100 : 5000,
	    .wscale = (int)(take(in, 1) % 17) - 1,
	    .rto_initial_ns = SEC,
	    .rto_min_ns = 200 * MS,
	    .rto_max_ns = 60 * SEC,
	    .last_wait_ns = SEC,
	};
	watch->path = (struct tcb_path){
	    .path_mss = (uint16_t)(100 + 10 * take(in, 1)), .default_mss = 536, .ts_offset = 7};
	watch->config.retries = take(in, 1) % 4;
	watch->config.syn_retries = watch->config.retries;
}

static void take_segment(struct input *in, const struct watch *watch, uint32_t irs,
			 struct segment *seg)
{
	const struct tcb *tcb = &watch->tcb;
	uint32_t flags = take(in, 2);
	uint32_t nxt = tcb->state <= TCB_SYN_SENT ? irs : tcb->rcv_nxt;
	uint32_t theirs[4] = {nxt, nxt + tcb->rcv_wnd, irs, irs + UINT32_C(0x80000000)};
	uint32_t ours[4] = {tcb->snd_nxt, tcb->snd_una, tcb->snd_una - tcb->max_snd_wnd, tcb->iss};

	*seg = (struct segment){.flags = (uint16_t)(flags & 0xff)};
	seg->options.has_mss = flags & 0x100;
	seg->options.mss = 300;
	seg->options.has_wscale = flags & 0x200;
	seg->options.wscale = (uint8_t)(flags >> 11);
	seg->options.has_sack_permitted = flags & 0x400;
	seg->options.has_timestamps = !(flags & 0x8000);
	seg->seq = take_number(in, theirs);
	seg->ack = take_number(in, ours);
	seg->wnd = (uint16_t)(take(in, 1) * 257);
	seg->data_len = take(in, 2);
	seg->options.tsval = tcb->ts_recent + take(in, 1) - 100;
}

static const char *take_call(struct input *in, struct watch *watch, uint32_t kind)
{
	struct tcb_event event = {.type = EV_CLOSE, .data = octets};

	if (kind == 1) {
		event.type = EV_SEND;
		event.data_len = take(in, 2);
		event.then_close = take(in, 1) & 1;
	} else if (kind == 3) {
		static const enum tcb_event_type types[] = {EV_ABORT, EV_OPEN, EV_ICMP, EV_ICMP};
		uint32_t which = take(in, 1);

		event.type = types[which & 3];
		event.icmp_hard = which & 4;
		event.icmp_seq = watch->tcb.snd_una + take(in, 1) - 10;
		event.iss = event.icmp_seq;
	}
	return watch_step(watch, &event);
}

static const char *take_event(struct input *in, struct watch *watch, uint32_t irs)
{
	uint32_t kind = take(in, 1);
	struct tcb_event event = {.type = EV_SEGMENT};
	const char *broken = NULL;
	struct segment seg;

	watch->now_ns += (kind >> 3) * 20 * MS;
	if (kind % 8 == 0) {
		watch_fire_next(watch, &broken);
		return broken;
	}
	if (kind % 8 <= 3)
		return take_call(in, watch, kind % 8);
	take_segment(in, watch, irs, &seg);
	event.seg = &seg;
	return watch_step(watch, &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct watch watch;
	struct input in = {input, size};
	struct tcb_event open = {.type = EV_OPEN};
	const char *broken;
	uint32_t irs;

	configure(&in, &watch);
	watch_init(&watch, 10 * SEC);
	open.iss = take(&in, 4);
	irs = take(&in, 4);
	broken = watch_step(&watch, &open);
	while (!broken && in.left > 0)
		broken = take_event(&in, &watch, irs);
	if (broken) {
		fprintf(stderr, "%s, note %s: %s\n", tcb_state_name(watch.tcb.state),
			tcb_note_name(watch.result.note), broken);
		abort();
	}
	return 0;
}
