/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine under random events: segments around the valid numbers, timers, calls. Breaks when
 * any order of events breaks a rule of tcp_invariant.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tcp_invariant.h"

#define MS          INT64_C(1000000)
#define SEC         INT64_C(1000000000)
#define CONNECTIONS 40000
#define EVENTS_MAX  120
#define SEED        20250217U

static uint8_t octets[60000];

static uint32_t next(uint64_t *random)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*random >> 33);
}

static bool one_in(uint64_t *random, uint32_t n)
{
	return next(random) % n == 0;
}

/* A number at or near one of those that matter. */
static uint32_t near(uint64_t *random, uint32_t a, uint32_t b, uint32_t window)
{
	uint32_t at = one_in(random, 4) ? b : a;

	switch (next(random) % 10) {
	case 0:
		return at + next(random) % 3 - 1;
	case 1:
		return at + window + next(random) % 3 - 1;
	case 2:
		return window > 0 ? at + next(random) % window : at;
	case 3:
		return at - next(random) % 1000;
	case 4:
		return one_in(random, 4) ? next(random) << 1 : at + 1;
	default:
		return at;
	}
}

static uint16_t random_flags(uint64_t *random, enum tcb_state state)
{
	static const uint16_t usual[] = {TCP_ACK, TCP_ACK,           TCP_ACK | TCP_PSH,
					 TCP_ACK, TCP_ACK | TCP_FIN, TCP_ACK | TCP_FIN | TCP_PSH};
	uint16_t flags = usual[next(random) % 6];

	if (one_in(random, 30))
		return (uint16_t)(next(random) & 0xfff);
	if (state == TCB_SYN_SENT || one_in(random, 40))
		flags |= TCP_SYN;
	if (one_in(random, 60))
		flags |= TCP_RST;
	if (one_in(random, state == TCB_SYN_SENT ? 6 : 40))
		flags &= (uint16_t)~TCP_ACK;
	return flags;
}

static void random_segment(uint64_t *random, const struct watch *watch, uint32_t irs,
			   struct segment *seg)
{
	static const uint16_t windows[] = {0, 1, 10, 400, 1000, 5000, 65535};
	const struct tcb *tcb = &watch->tcb;
	bool syn_sent = tcb->state == TCB_SYN_SENT;
	uint32_t nxt = syn_sent ? irs : tcb->rcv_nxt;

	*seg = (struct segment){.flags = random_flags(random, tcb->state)};
	seg->seq = near(random, nxt, irs, tcb->rcv_wnd);
	seg->ack =
	    near(random, tcb->snd_nxt, tcb->snd_una, one_in(random, 3) ? 0 : tcb->max_snd_wnd);
	if (one_in(random, 3) && tcb->snd_nxt != tcb->snd_una)
		seg->ack = tcb->snd_una + next(random) % (tcb->snd_nxt - tcb->snd_una) + 1;
	seg->wnd = windows[next(random) % 7];
	if (one_in(random, 2))
		seg->data_len = one_in(random, 8) ? next(random) % 20000 : next(random) % 1500;
	if (one_in(random, 10) && tcb->range_count > 0) /* what is missing */
		seg->data_len = tcb->ranges[0].start - seg->seq;
	if (seg->data_len > 70000)
		seg->data_len = 1;
	seg->options.has_mss = !one_in(random, 4);
	seg->options.mss = (uint16_t)(one_in(random, 10) ? next(random) : 64 + next(random) % 1500);
	seg->options.has_wscale = one_in(random, 2);
	seg->options.wscale = (uint8_t)(next(random) % 20);
	seg->options.has_sack_permitted = one_in(random, 2);
	seg->options.has_timestamps = !one_in(random, 3);
	seg->options.tsval = near(random, tcb->ts_recent, tcb->ts_recent + 1, 100);
}

static void random_call(uint64_t *random, const struct watch *watch, struct tcb_event *event)
{
	uint32_t kind = next(random) % 20;

	event->type = kind < 12 ? EV_SEND : kind < 17 ? EV_CLOSE : kind < 18 ? EV_ICMP : EV_ABORT;
	if (event->type == EV_ABORT && !one_in(random, 4))
		event->type = EV_OPEN;
	event->data = octets;
	event->data_len = one_in(random, 4) ? next(random) % sizeof(octets) : next(random) % 3000;
	event->then_close = one_in(random, 3);
	event->icmp_hard = one_in(random, 2);
	event->icmp_seq = near(random, watch->tcb.snd_una, watch->tcb.snd_nxt, 100);
	event->iss = next(random) << 1;
}

static const char *one_event(uint64_t *random, struct watch *watch, uint32_t irs)
{
	struct tcb_event event = {.type = EV_SEGMENT};
	struct segment seg;
	const char *broken = NULL;
	uint32_t kind = next(random) % 100;

	watch->now_ns += next(random) % (200 * MS);
	if (kind < 12 && watch_fire_next(watch, &broken))
		return broken;
	if (kind < 16) {
		random_call(random, watch, &event);
	} else {
		random_segment(random, watch, irs, &seg);
		event.seg = &seg;
	}
	return watch_step(watch, &event);
}

static const uint32_t edges[] = {0,          1,          0x7ffffffe, 0x7fffffff, 0x80000000,
				 0x80000001, 0xfffffff0, 0xfffff000, 0xfffffffe, 0xffffffff};

static uint32_t initial_number(uint64_t *random)
{
	return one_in(random, 2) ? edges[next(random) % 10] - next(random) % 3000
				 : next(random) << 1;
}

static void random_config(uint64_t *random, struct watch *watch)
{
	static const uint32_t windows[] = {0, 1, 300, 5000, WATCH_WINDOW_MAX};

	watch->config = (struct tcb_config){
	    .mss = one_in(random, 3) ? -1 : 1000,
	    .wscale = one_in(random, 2) ? -1 : (int)(next(random) % 16),
	    .sack = one_in(random, 2),
	    .timestamps = one_in(random, 2),
	    .ecn = one_in(random, 2),
	    .rcv_wnd =
		one_in(random, 8) ? windows[next(random) % 2] : windows[2 + next(random) % 3],
	    .retries = next(random) % 5,
	    .syn_retries = next(random) % 5,
	    .rto_initial_ns = SEC,
	    .rto_min_ns = 200 * MS,
	    .rto_max_ns = 60 * SEC,
	    .last_wait_ns = SEC,
	    .time_wait_ns = one_in(random, 2) ? 0 : 60 * SEC,
	};
	watch->path = (struct tcb_path){
	    .path_mss = (uint16_t)(one_in(random, 3) ? 1460 : 100 + next(random) % 9000),
	    .default_mss = 536,
	    .ts_offset = next(random),
	};
}

/* One connection; returns the number of events. */
static unsigned run(uint64_t seed, unsigned long *states)
{
	static struct watch watch;
	uint64_t random = seed;
	uint32_t iss = initial_number(&random), irs = initial_number(&random);
	struct tcb_event open = {.type = EV_OPEN, .iss = iss};
	const char *broken;
	unsigned events = 0;

	random_config(&random, &watch);
	watch_init(&watch, 10 * SEC);
	broken = watch_step(&watch, &open);
	while (!broken && events < EVENTS_MAX &&
	       (watch.tcb.state != TCB_CLOSED || events % 7 != 0)) {
		broken = one_event(&random, &watch, irs);
		events++;
	}
	if (broken) {
		print_error("seed %llu, event %u, ISS %#x, IRS %#x, %s, note %s: %s\n",
			    (unsigned long long)seed, events, iss, irs,
			    tcb_state_name(watch.tcb.state), tcb_note_name(watch.result.note),
			    broken);
		fail();
	}
	*states |= watch.states_seen;
	return events;
}

static void random_events(void **state)
{
	unsigned long states = 0;
	unsigned long events = 0;

	(void)state;
	for (uint64_t i = 0; i < CONNECTIONS; i++)
		events += run(SEED + i, &states);
	print_message("# seeds %u to %u: %lu events\n", SEED, SEED + CONNECTIONS - 1, events);
	assert_true(events >= 1000000);
	/* all but LISTEN: else the events were too wild to say anything */
	assert_int_equal(states, ((1UL << TCB_STATE_COUNT) - 1) & ~(1UL << TCB_LISTEN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_events)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
