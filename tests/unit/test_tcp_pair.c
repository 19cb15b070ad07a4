/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two machines and a link between them that loses, repeats and reorders, with a clock of its own.
 *
 *	client --- link (0..30 % loss, 1..400 ms, duplicates, windows shrunk on the way) --- server
 *
 * The server's machine becomes a passive one by an OPEN whose SYN is thrown away, or both open at
 * once. Breaks when some loss makes the two lose octets, deliver them twice, hang, or part
 *unequally.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tcp_invariant.h"

#define MS         INT64_C(1000000)
#define SEC        INT64_C(1000000000)
#define SEEDS      6000
#define SEED       1
#define OCTETS_MAX 30000
#define FLYING_MAX 4096
#define EVENTS_MAX 60000

struct end {
	struct watch watch;
	uint8_t out[OCTETS_MAX], in[OCTETS_MAX];
	bool have[OCTETS_MAX];
	uint32_t total, given; /* octets to send; those given to the machine so far */
	uint64_t delivered;
	bool opened, closes_last, closes_with_data;
};

struct flying {
	int64_t due_ns;
	struct segment seg;
	unsigned to;
};

struct pair {
	struct end ends[2];
	struct flying flying[FLYING_MAX];
	unsigned flying_count;
	int64_t now_ns;
	uint64_t random;
	uint32_t loss, repeats, jitter_ms; /* in a thousand; in a thousand */
	uint32_t windows; /* 0: as they are; 1: now and then smaller; 2: always 10 */
	bool passive;
	const char *broken;
};

static struct pair pair;

static uint32_t next(void)
{
	pair.random = pair.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(pair.random >> 33);
}

static void fly(const struct segment *seg, unsigned to)
{
	static const uint16_t windows[] = {0, 5, 300, 1500};
	struct flying *flying;

	if (next() % 1000 < pair.loss)
		return;
	if (pair.flying_count == FLYING_MAX) {
		pair.broken = "more segments under way than two machines can send";
		return;
	}
	flying = &pair.flying[pair.flying_count++];
	*flying = (struct flying){pair.now_ns + MS + next() % (pair.jitter_ms * MS), *seg, to};
	if (pair.windows == 1 && to == 0 && !(seg->flags & TCP_SYN) && next() % 3 == 0)
		flying->seg.wnd = windows[next() % 4];
	if (pair.windows == 2 && to == 0 && !(seg->flags & TCP_SYN))
		flying->seg.wnd = 10;
}

/* One step of one end; what it sends takes off, what it delivers is compared. */
static void step(unsigned who, struct tcb_event *event)
{
	struct end *end = &pair.ends[who];
	const struct end *other = &pair.ends[!who];
	const struct tcb_result *result = &end->watch.result;
	const char *broken;

	end->watch.now_ns = pair.now_ns;
	broken = watch_step(&end->watch, event);
	if (!pair.broken)
		pair.broken = broken;
	for (unsigned i = 0; i < result->action_count; i++) {
		const struct tcb_action *action = &result->actions[i];

		if (action->type == ACT_SEND) {
			if (action->seg.flags & TCP_RST)
				pair.broken = "a RST between two that mean well";
			fly(&action->seg, !who);
			if (next() % 1000 < pair.repeats)
				fly(&action->seg, !who);
		}
		for (uint32_t n = 0; action->type == ACT_DELIVER && n < action->data_len; n++) {
			uint64_t at = end->delivered++;

			if (at >= other->total || !end->have[at] || end->in[at] != other->out[at])
				pair.broken = "delivers what was not sent, or not so";
		}
	}
}

static void open_end(unsigned who, bool silently)
{
	struct tcb_event event = {.type = EV_OPEN,
				  .iss = next() % 2 ? next() << 1 : 0 - next() % 20000};
	uint32_t loss = pair.loss;

	if (next() % 2)
		event.iss = UINT32_C(0x80000000) - next() % 20000;
	if (silently)
		pair.loss = 1000;
	pair.ends[who].opened = true;
	step(who, &event);
	pair.loss = loss;
}

/* What the user of an end does next, if anything. */
static void user(unsigned who)
{
	struct end *end = &pair.ends[who];
	struct tcb *tcb = &end->watch.tcb;
	uint32_t left = end->total - end->given;
	struct tcb_event event = {.type = EV_SEND, .data = end->out + end->given};

	if ((tcb->state != TCB_ESTABLISHED && tcb->state != TCB_CLOSE_WAIT) ||
	    !tcb_all_acked(tcb) || tcb->close_queued)
		return;
	if (left > 0) {
		event.data_len = next() % 2 ? left : next() % left + 1;
		event.then_close = event.data_len == left && end->closes_with_data;
		end->given += event.data_len;
		step(who, &event);
	} else if (!end->closes_last || tcb->state == TCB_CLOSE_WAIT) {
		event = (struct tcb_event){.type = EV_CLOSE};
		step(who, &event);
	}
}

static void land(unsigned at)
{
	struct flying flying = pair.flying[at];
	struct end *end = &pair.ends[flying.to];
	struct tcb_event event = {.type = EV_SEGMENT, .seg = &flying.seg};
	uint32_t isn = pair.ends[!flying.to].watch.tcb.iss;

	pair.flying[at] = pair.flying[--pair.flying_count];
	for (uint32_t i = 0; i < flying.seg.data_len; i++) {
		uint32_t offset = flying.seg.seq + i - isn - 1;

		if (offset >= OCTETS_MAX) {
			pair.broken = "octets from nowhere";
			return;
		}
		end->in[offset] = flying.seg.data[i];
		end->have[offset] = true;
	}
	if (!end->opened)
		open_end(flying.to, true);
	step(flying.to, &event);
	user(flying.to);
}

/* The timer that is due first, of both ends; TCB_TIMER_COUNT if none runs. */
static enum tcb_timer first_timer(unsigned *who, int64_t *due_ns)
{
	enum tcb_timer first = TCB_TIMER_COUNT;

	for (unsigned w = 0; w < 2; w++)
		for (unsigned i = 0; i < TCB_TIMER_COUNT; i++) {
			const struct watch *watch = &pair.ends[w].watch;

			if (!(watch->running & 1U << i) ||
			    (first != TCB_TIMER_COUNT && watch->due_ns[i] >= *due_ns))
				continue;
			first = (enum tcb_timer)i;
			*who = w;
			*due_ns = watch->due_ns[i];
		}
	return first;
}

/* The next thing that happens; false if nothing will ever happen again. */
static bool happen(void)
{
	unsigned who = 0, soonest = 0;
	int64_t due_ns = INT64_MAX;
	struct tcb_event event = {.type = EV_TIMER, .timer = first_timer(&who, &due_ns)};

	for (unsigned i = 1; i < pair.flying_count; i++)
		if (pair.flying[i].due_ns < pair.flying[soonest].due_ns)
			soonest = i;
	if (pair.flying_count > 0 && pair.flying[soonest].due_ns <= due_ns) {
		pair.now_ns = pair.flying[soonest].due_ns;
		land(soonest);
		return true;
	}
	if (event.timer == TCB_TIMER_COUNT)
		return false;
	if (due_ns > pair.now_ns)
		pair.now_ns = due_ns;
	step(who, &event);
	user(who);
	return true;
}

static void set_up(struct end *end)
{
	end->watch.config = (struct tcb_config){
	    .mss = -1,
	    .wscale = next() % 2 ? -1 : (int)(next() % 5),
	    .sack = next() % 2,
	    .timestamps = next() % 2,
	    .rcv_wnd = next() % 3 ? 8000 : 900 + next() % 8000,
	    .retries = 1000,
	    .syn_retries = 1000,
	    .rto_initial_ns = SEC,
	    .rto_min_ns = 200 * MS,
	    .rto_max_ns = 2 * SEC,
	    .last_wait_ns = SEC,
	    .time_wait_ns = 240 * SEC,
	};
	end->watch.path = (struct tcb_path){
	    .path_mss = (uint16_t)(next() % 2 ? 1460 : 100 + next() % 1400), .default_mss = 536};
	end->total = next() % 4 == 0 ? 0 : next() % 2 ? next() % 600 : next() % OCTETS_MAX;
	if (pair.windows == 2)
		end->total %= 600;
	for (uint32_t i = 0; i < OCTETS_MAX; i++)
		end->out[i] = (uint8_t)(next() >> 3);
	end->closes_with_data = next() % 2;
	watch_init(&end->watch, pair.now_ns);
}

static void run(uint64_t seed)
{
	unsigned events = 0;
	struct end *ends = pair.ends;

	memset(&pair, 0, sizeof(pair));
	pair.random = seed * 7919;
	next();
	pair.now_ns = 5 * SEC;
	pair.loss = next() % 3 == 0 ? 0 : next() % 300;
	pair.repeats = next() % 2 ? 0 : next() % 300;
	pair.jitter_ms = 1 + next() % 400;
	pair.windows = next() % 8 < 5 ? 0 : next() % 8 < 6 ? 1 : 2;
	pair.passive = next() % 3 != 0;
	set_up(&ends[0]);
	set_up(&ends[1]);
	ends[next() % 2].closes_last = next() % 2;
	open_end(0, false);
	if (!pair.passive)
		open_end(1, false);
	while (!pair.broken && happen() && ++events < EVENTS_MAX)
		;
	for (unsigned who = 0; who < 2 && !pair.broken; who++) {
		if (ends[who].delivered != ends[!who].total)
			pair.broken = "not all was delivered";
		if (ends[who].watch.tcb.state != TCB_CLOSED || ends[who].watch.running != 0)
			pair.broken = "did not close";
	}
	if (!pair.broken)
		return;
	print_error(
	    "seed %llu, event %u, %s and %s, ISS %#x and %#x, loss %u, windows %u, %s: %s\n",
	    (unsigned long long)seed, events, tcb_state_name(ends[0].watch.tcb.state),
	    tcb_state_name(ends[1].watch.tcb.state), ends[0].watch.tcb.iss, ends[1].watch.tcb.iss,
	    pair.loss, pair.windows, pair.passive ? "passive" : "simultaneous", pair.broken);
	fail();
}

static void bad_links(void **state)
{
	(void)state;
	print_message("# seeds %u to %u\n", SEED, SEED + SEEDS - 1);
	for (uint64_t seed = SEED; seed < SEED + SEEDS; seed++)
		run(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(bad_links)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
