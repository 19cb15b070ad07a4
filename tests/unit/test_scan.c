/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/scan.c and scan/defer.c: without it one silent host could hold up a scan, or a
 * target be lost between those that are set aside, postponed, or handed over to a later run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/scan.h"
#include "stats_random.h"

#define HOSTS   8
#define PORTS   50
#define TARGETS (HOSTS * PORTS)
#define MS_NS   INT64_C(1000000)
#define WAIT_NS (1000 * MS_NS)

/* What the test knows of a target. */
enum fate { UNSEEN, AWAITED, RESTING, TOLD };

struct known {
	enum fate fate;
	unsigned sent;         /* SYNs, since it was begun, or postponed */
	bool postponed;        /* at some time */
	int64_t due_ns;        /* what is to be done with it next */
	struct scan_item item; /* as its SYN was sent */
};

struct world {
	struct space *space;
	struct scan *scan;
	struct flow_entry entries[1024];
	struct defer_entry deferred[TARGETS];
	struct scan_config config;
	uint32_t room; /* for setting aside */
	struct known known[TARGETS];
	unsigned under_way[HOSTS];
	int64_t now_ns;
	uint64_t awaited[TARGETS]; /* as scan_awaited() told */
	uint64_t awaited_count;
};

static void start(struct world *world)
{
	scan_init(world->scan, &world->config, world->entries, 1024);
	scan_memory(world->scan, world->deferred, world->room);
}

static struct world *make(uint32_t max_per_host, unsigned tries, uint32_t room, uint64_t seed)
{
	struct world *world = calloc(1, sizeof(*world));
	const struct ip_addr first = {IP_V4, {10, 0, 0, 0}}, last = {IP_V4, {10, 0, 0, HOSTS - 1}};
	struct err err = {.class = ERR_NONE};

	assert_non_null(world);
	world->scan = malloc(sizeof(*world->scan));
	world->space = space_new();
	assert_true(world->scan && world->space);
	assert_int_equal(space_add(world->space, &first, &last), 0);
	space_add_ports(world->space, 1, PORTS);
	assert_int_equal(space_finish(world->space, &err), 0);
	world->config = (struct scan_config){.space = world->space,
					     .seed = seed,
					     .shard = 1,
					     .shards = 1,
					     .tries = tries,
					     .wait_ns = WAIT_NS,
					     .max_per_host = max_per_host,
					     .port_first = 40000,
					     .port_count = 16,
					     .key = {seed, 7}};
	world->room = room;
	world->now_ns = 1;
	start(world);
	return world;
}

static void unmake(struct world *world)
{
	space_free(world->space);
	free(world->scan);
	free(world);
}

static unsigned host_of(const struct scan_item *item)
{
	return item->addr.octets[3];
}

/* --- the model --- */

static void saw_syn(struct world *world, const struct scan_item *item)
{
	struct known *known = &world->known[item->index];

	assert_int_not_equal(known->fate, TOLD);
	if (known->fate == UNSEEN) {
		world->under_way[host_of(item)]++;
	} else {
		assert_true(known->due_ns <= world->now_ns);
		assert_true(known->fate == AWAITED ? known->sent > 0 : known->sent == 0);
	}
	assert_true(known->sent > 0 || !world->scan->hold_new);
	known->fate = AWAITED;
	known->sent++;
	assert_int_equal(item->tries, known->sent);
	assert_true(known->sent <= world->config.tries);
	known->due_ns = world->now_ns + (WAIT_NS << (known->sent - 1));
	known->item = *item;
	if (world->config.max_per_host > 0)
		assert_true(world->under_way[host_of(item)] <= world->config.max_per_host);
}

static void saw_silence(struct world *world, const struct scan_item *item)
{
	struct known *known = &world->known[item->index];

	assert_int_equal(known->fate, AWAITED);
	assert_int_equal(known->sent, world->config.tries);
	assert_int_equal(item->reason, REASON_SILENCE);
	assert_true(known->due_ns <= world->now_ns);
	known->fate = TOLD;
	world->under_way[host_of(item)]--;
}

/* One call; scan_next_ns() must have said before whether there was something to do. */
static enum scan_next turn(struct world *world, bool may_send, struct scan_item *item)
{
	int64_t next_ns = scan_next_ns(world->scan, world->now_ns, may_send);
	uint32_t aside = world->scan->defer.count;
	enum scan_next next = scan_next(world->scan, world->now_ns, may_send, item);

	assert_true(next_ns >= world->now_ns);
	if (next == SCAN_SEND)
		saw_syn(world, item);
	else if (next == SCAN_RESULT)
		saw_silence(world, item);
	else if (next_ns == world->now_ns)
		assert_true(world->scan->defer.count > aside);
	if (next == SCAN_SEND || next == SCAN_RESULT)
		assert_int_equal(next_ns, world->now_ns);
	assert_true(next != SCAN_SEND || may_send);
	return next;
}

/* A SYN-ACK, or with `flags` another answer, to the SYN that was sent. */
static enum scan_answer answer(struct world *world, const struct scan_item *sent, uint16_t flags,
			       struct scan_item *item)
{
	const struct packet packet = {
	    .kind = PACKET_TCP,
	    .flow = {.src = {.addr = sent->addr, .port = sent->port},
		     .dst = {.addr = {IP_V4, {10, 1, 0, 1}}, .port = sent->source_port}},
	    .ip = {.ttl = 64},
	    .seg = {.flags = flags, .ack = sent->iss + 1, .wnd = 1000}};

	return scan_arrived(world->scan, &packet, world->now_ns, item);
}

static void answered(struct world *world, uint64_t index, bool postpone)
{
	struct known *known = &world->known[index];
	uint16_t flags = postpone ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK;
	struct scan_item item;
	enum scan_answer got = answer(world, &known->item, flags, &item);

	assert_int_equal(got, known->fate == AWAITED ? ANSWER_RESULT : ANSWER_DUPLICATE);
	if (got == ANSWER_DUPLICATE)
		return;
	assert_int_equal(item.tries, known->sent);
	assert_true((item.rtt_ns >= 0) == (known->sent == 1 && !known->postponed));
	if (!postpone) {
		known->fate = TOLD;
		world->under_way[host_of(&item)]--;
		return;
	}
	assert_true(scan_postpone(world->scan, &item, world->now_ns));
	known->fate = RESTING;
	known->sent = 0;
	known->postponed = true;
	known->due_ns = world->now_ns + WAIT_NS;
}

static void take(void *arg, uint64_t index)
{
	struct world *world = arg;

	assert_true(world->awaited_count < TARGETS);
	world->awaited[world->awaited_count++] = index;
}

/* Each target is told, or awaited, or before it lies a step of the order: one of these. */
static void check_awaited(struct world *world)
{
	unsigned told = 0;
	bool seen[TARGETS] = {false};

	world->awaited_count = 0;
	scan_awaited(world->scan, take, world);
	assert_int_equal(world->awaited_count, scan_awaited_count(world->scan));
	for (uint64_t i = 0; i < world->awaited_count; i++) {
		uint64_t index = world->awaited[i];

		assert_false(seen[index]);
		assert_int_not_equal(world->known[index].fate, TOLD);
		seen[index] = true;
	}
	for (unsigned i = 0; i < TARGETS; i++) {
		told += world->known[i].fate == TOLD;
		if (world->known[i].fate == AWAITED || world->known[i].fate == RESTING)
			assert_true(seen[i]);
	}
	assert_int_equal(told + world->awaited_count, world->scan->position);
}

/* To the end, asleep as long as scan_next_ns() says: nothing answers any more. */
static void play_out(struct world *world)
{
	enum scan_next next = SCAN_WAIT;
	struct scan_item item;

	world->scan->hold_new = false;
	for (unsigned i = 0; i < 100 * TARGETS && next != SCAN_DONE; i++) {
		next = turn(world, true, &item);
		if (next == SCAN_WAIT)
			world->now_ns = scan_next_ns(world->scan, world->now_ns, true);
		assert_true(world->now_ns < INT64_MAX / 2);
	}
	assert_int_equal(next, SCAN_DONE);
	for (unsigned i = 0; i < TARGETS; i++)
		assert_int_equal(world->known[i].fate, TOLD);
	assert_true(scan_next_ns(world->scan, world->now_ns, true) == INT64_MAX);
}

/* --- the tests --- */

/* Breaks when targets of a silent host keep those behind them from being sent; when its limit is
 * passed; or when it is not asked again as soon as there is room. */
static void silent_host(void **state)
{
	struct world *world = make(4, 1, TARGETS, 3);
	struct scan_item item;
	unsigned others = 0;

	(void)state;
	while (turn(world, true, &item) == SCAN_SEND || world->scan->position < TARGETS) {
		if (item.tries != 1 || host_of(&item) == 0 ||
		    world->known[item.index].fate != AWAITED)
			continue;
		world->now_ns += 1000;
		answered(world, item.index, false);
		others++;
	}
	assert_int_equal(others, TARGETS - PORTS);
	assert_int_equal(world->under_way[0], 4);
	assert_int_equal(world->scan->defer.count, PORTS - 4);
	check_awaited(world);
	assert_int_equal(turn(world, true, &item), SCAN_WAIT);
	answered(world, world->awaited[0], false); /* these are under way */
	answered(world, world->awaited[1], false);
	assert_int_equal(turn(world, true, &item), SCAN_SEND);
	assert_int_equal(turn(world, true, &item), SCAN_SEND);
	assert_int_equal(turn(world, true, &item), SCAN_WAIT);
	assert_int_equal(world->under_way[0], 4);
	play_out(world);
	unmake(world);
}

/* Breaks when a scan whose memory for setting aside is short, or none, gets stuck. */
static void little_memory(void **state)
{
	(void)state;
	for (uint32_t room = 0; room < 12; room++) {
		struct world *world = make(1 + room % 4, 2, room, room);

		play_out(world);
		assert_int_equal(world->scan->counts.silent, TARGETS);
		unmake(world);
	}
}

/* The scan is interrupted: another takes over what it awaits and what it has not begun. */
static void hand_over(struct world *world)
{
	uint64_t position = world->scan->position, count, *awaited = malloc(sizeof(world->awaited));

	assert_non_null(awaited);
	check_awaited(world);
	count = world->awaited_count;
	memcpy(awaited, world->awaited, sizeof(world->awaited));
	for (unsigned i = 0; i < TARGETS; i++)
		if (world->known[i].fate != TOLD)
			world->known[i] = (struct known){.fate = UNSEEN};
	memset(world->under_way, 0, sizeof(world->under_way));
	start(world);
	assert_true(scan_resume(world->scan, position, awaited, count));
	check_awaited(world);
	play_out(world);
	free(awaited);
}

/* Breaks when any mixture of silence, answers, postponements and pauses loses a target, tells it
 * twice, passes a limit, sends early, or makes scan_next_ns() say what is not so. */
static void random_scans(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct random random = {.state = seed};
		struct world *world =
		    make((uint32_t)random_below(&random, 6), 1 + (unsigned)random_below(&random, 3),
			 (uint32_t)random_below(&random, TARGETS), seed);

		for (unsigned i = 0; i < 2000; i++) {
			uint64_t dice = random_below(&random, 100);
			struct scan_item item;

			if (dice < 10)
				world->now_ns += (int64_t)random_below(&random, 200) * MS_NS;
			if (dice == 99)
				world->scan->hold_new = !world->scan->hold_new;
			else if (dice < 70)
				turn(world, dice % 4 != 0, &item);
			else if (world->known[dice * i % TARGETS].sent > 0)
				answered(world, dice * i % TARGETS, dice % 3 == 0);
			if (i % 50 == 0)
				check_awaited(world);
		}
		if (seed % 2)
			hand_over(world);
		else
			play_out(world);
		unmake(world);
	}
}

/* Breaks when a port that was open is told as silent before it was asked again as often as others,
 * is counted twice, or when its answer from before is taken for one to its new SYN. */
static void postponed(void **state)
{
	struct world *world = make(0, 1, 0, 1);
	struct scan_item item, open, again;

	(void)state;
	assert_int_equal(turn(world, true, &item), SCAN_SEND);
	world->scan->hold_new = true;
	for (unsigned i = 0; i < 20; i++) {
		world->now_ns += MS_NS;
		assert_int_equal(answer(world, &item, TCP_SYN | TCP_ACK, &open), ANSWER_RESULT);
		assert_int_equal(open.rtt_ns, i == 0 ? MS_NS : -1);
		assert_true(scan_postpone(world->scan, &open, world->now_ns));
		assert_int_equal(answer(world, &item, TCP_SYN | TCP_ACK, &again), ANSWER_DUPLICATE);
		assert_int_equal(world->scan->counts.answered, 0);
		assert_int_equal(world->scan->counts.states[SCAN_OPEN], 0);
		assert_true(scan_next_ns(world->scan, world->now_ns, true) == INT64_MAX);
		world->now_ns += WAIT_NS;
		assert_int_equal(scan_next(world->scan, world->now_ns, true, &again), SCAN_WAIT);
		world->scan->hold_new = false;
		assert_int_equal(scan_next(world->scan, world->now_ns, true, &again), SCAN_SEND);
		assert_true(again.index == item.index && again.iss == item.iss);
		world->scan->hold_new = true;
	}
	assert_int_equal(world->scan->counts.postponed, 20);
	assert_int_equal(world->scan->counts.again_sent, 20);
	world->now_ns += WAIT_NS;
	assert_int_equal(scan_next(world->scan, world->now_ns, false, &again), SCAN_RESULT);
	assert_true(again.index == item.index && again.reason == REASON_SILENCE);
	unmake(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silent_host),
	    cmocka_unit_test(little_memory),
	    cmocka_unit_test(random_scans),
	    cmocka_unit_test(postponed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
