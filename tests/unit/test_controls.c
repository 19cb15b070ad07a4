/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/controls.c: without it a SYN proxy's ports could be told as thousands of open
 * ones, or a real port be held back and never told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/controls.h"
#include "stats_random.h"

#define HOSTS    512
#define OUR_PORT 40000
#define WAIT_NS  INT64_C(1000)
#define TRIES    2

struct bench {
	struct space *space;
	struct match cookie;
	struct controls *controls;
	int64_t now_ns;
};

/* `ports`: of the space, from 22 on. */
static void begin(struct bench *bench, uint16_t last_port)
{
	struct ip_addr first, last;
	struct err err = {0};
	struct controls_config config = {.seed = 7,
					 .source_port = OUR_PORT,
					 .tries = TRIES,
					 .wait_ns = WAIT_NS,
					 .max_flows = 64};

	*bench = (struct bench){.cookie = {.key = {3, 5}}, .now_ns = 1000000};
	bench->space = space_new();
	assert_true(addr_parse("10.0.0.0", &first) && addr_parse("10.0.1.255", &last));
	assert_int_equal(space_add(bench->space, &first, &last), 0);
	space_add_ports(bench->space, 22, last_port);
	assert_int_equal(space_finish(bench->space, &err), 0);
	config.space = bench->space;
	config.cookie = &bench->cookie;
	bench->controls = controls_new(&config);
	assert_non_null(bench->controls);
}

static void end(struct bench *bench)
{
	controls_free(bench->controls);
	space_free(bench->space);
}

static struct scan_item target(const struct bench *bench, uint64_t index)
{
	struct scan_item item = {.index = index, .state = SCAN_OPEN};

	space_at(bench->space, index, &item.addr, &item.port);
	return item;
}

static void hold(struct bench *bench, uint64_t index)
{
	const struct controls_held held = {.item = target(bench, index), .slot = CONTROLS_NO_SLOT};

	assert_true(controls_hold(bench->controls, &held));
}

/* The next SYN. */
static struct scan_item syn(struct bench *bench)
{
	struct scan_item item;
	uint64_t index;

	assert_int_equal(controls_next(bench->controls, bench->now_ns, true, &item), SCAN_SEND);
	assert_int_equal(item.source_port, OUR_PORT);
	assert_false(space_find(bench->space, &item.addr, item.port, &index));
	return item;
}

static struct packet answer_of(const struct scan_item *item, uint8_t flags)
{
	return (struct packet){.kind = PACKET_TCP,
			       .flow = {.src = {.addr = item->addr, .port = item->port},
					.dst = {.port = item->source_port}},
			       .seg = {.flags = flags, .ack = item->iss + 1}};
}

/* Whether it was believed. */
static bool answer(struct bench *bench, const struct scan_item *item, uint8_t flags)
{
	struct packet packet = answer_of(item, flags);
	bool forged;

	assert_true(controls_arrived(bench->controls, &packet, &forged));
	return !forged;
}

static enum controls_host host(const struct bench *bench, uint64_t index)
{
	struct scan_item item = target(bench, index);

	return controls_host(bench->controls, &item);
}

static void released(struct bench *bench, uint64_t index, bool first, bool wildcard)
{
	struct controls_held held;

	assert_true(controls_release(bench->controls, &held));
	assert_true(held.item.index == index);
	assert_int_equal(held.first, first);
	assert_int_equal(held.wildcard, wildcard);
}

static void nothing_released(struct bench *bench)
{
	struct controls_held held;

	assert_false(controls_release(bench->controls, &held));
}

static void test_wildcard(void **state)
{
	struct scan_item items[CONTROLS_PORTS], more;
	struct bench bench;

	(void)state;
	begin(&bench, 31);
	assert_int_equal(host(&bench, 25), HOST_UNKNOWN);
	hold(&bench, 25);
	hold(&bench, 21);
	assert_int_equal(host(&bench, 29), HOST_ASKED); /* the same one: ten ports each */
	assert_int_equal(host(&bench, 30), HOST_UNKNOWN);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++) {
		items[i] = syn(&bench);
		assert_true(addr_equal(&items[i].addr, &items[0].addr));
		assert_true(items[i].port >= 10000);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(items[k].port, items[i].port);
	}
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &more), SCAN_WAIT);
	assert_true(answer(&bench, &items[2], TCP_SYN | TCP_ACK));
	assert_true(answer(&bench, &items[2], TCP_SYN | TCP_ACK)); /* doubled: counts once */
	nothing_released(&bench);
	assert_true(answer(&bench, &items[0], TCP_SYN | TCP_ACK));
	assert_int_equal(host(&bench, 25), HOST_WILDCARD);
	released(&bench, 25, true, true);
	released(&bench, 21, false, true);
	nothing_released(&bench);
	assert_true(answer(&bench, &items[1], TCP_SYN | TCP_ACK)); /* too late to matter */
	assert_int_equal(host(&bench, 25), HOST_WILDCARD);
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &more), SCAN_DONE);
	assert_int_equal(controls_counts(bench.controls).wildcards, 1);
	assert_int_equal(controls_counts(bench.controls).held, 0);
	end(&bench);
}

static void test_ordinary(void **state)
{
	struct scan_item items[CONTROLS_PORTS];
	struct bench bench;

	(void)state;
	begin(&bench, 31);
	hold(&bench, 5);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++)
		items[i] = syn(&bench);
	answer(&bench, &items[0], TCP_SYN | TCP_ACK); /* one port may really be open */
	answer(&bench, &items[1], TCP_RST | TCP_ACK);
	nothing_released(&bench);
	answer(&bench, &items[2], TCP_RST | TCP_ACK);
	released(&bench, 5, true, false);
	assert_int_equal(host(&bench, 9), HOST_ORDINARY);
	end(&bench);
}

/* Two answers may come before the third SYN: then it is spared, and the next host's turn. */
static void test_early(void **state)
{
	struct scan_item items[3];
	struct bench bench;

	(void)state;
	begin(&bench, 31);
	hold(&bench, 5);
	hold(&bench, 15);
	for (unsigned i = 0; i < 2; i++) {
		items[i] = syn(&bench);
		answer(&bench, &items[i], TCP_RST | TCP_ACK);
	}
	released(&bench, 5, true, false);
	hold(&bench, 25); /* in the place of the one that was released */
	for (unsigned i = 0; i < CONTROLS_PORTS; i++)
		assert_int_equal(syn(&bench).addr.octets[3], 1);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++)
		assert_int_equal(syn(&bench).addr.octets[3], 2);
	end(&bench);
}

static void test_silence(void **state)
{
	struct scan_item items[CONTROLS_PORTS], again;
	struct bench bench;

	(void)state;
	begin(&bench, 31);
	hold(&bench, 5);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++)
		items[i] = syn(&bench);
	assert_true(controls_next_ns(bench.controls, bench.now_ns) == bench.now_ns + WAIT_NS);
	bench.now_ns += WAIT_NS;
	assert_int_equal(controls_next(bench.controls, bench.now_ns, false, &again), SCAN_WAIT);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++) {
		again = syn(&bench);
		assert_int_equal(again.port, items[i].port);
		assert_int_equal(again.iss, items[i].iss);
	}
	assert_true(controls_next_ns(bench.controls, bench.now_ns) == bench.now_ns + 2 * WAIT_NS);
	bench.now_ns += 2 * WAIT_NS - 1;
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &again), SCAN_WAIT);
	nothing_released(&bench);
	bench.now_ns++;
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &again), SCAN_DONE);
	released(&bench, 5, true, false);
	assert_true(controls_next_ns(bench.controls, bench.now_ns) == INT64_MAX);
	end(&bench);
}

static void test_forged(void **state)
{
	struct bench bench;
	struct scan_item item;
	struct packet packet;
	bool forged;

	(void)state;
	begin(&bench, 31);
	hold(&bench, 5);
	item = syn(&bench);
	item.iss++;
	assert_false(answer(&bench, &item, TCP_SYN | TCP_ACK));
	assert_false(answer(&bench, &item, TCP_RST | TCP_ACK));
	item.iss--;
	assert_false(answer(&bench, &item, TCP_RST)); /* nothing acknowledged: anybody's */
	packet = answer_of(&item, TCP_SYN | TCP_ACK);
	packet.flow.dst.port = OUR_PORT - 1;
	assert_false(controls_arrived(bench.controls, &packet, &forged)); /* the scan's own */
	packet = (struct packet){.kind = PACKET_ICMP_ERROR,
				 .icmp = {.quoted = {.src = {.port = OUR_PORT},
						     .dst = {.addr = item.addr, .port = item.port}},
					  .quoted_seq = item.iss + 9}};
	assert_true(controls_arrived(bench.controls, &packet, &forged) && forged);
	assert_int_equal(controls_counts(bench.controls).rejected, 4);
	nothing_released(&bench);
	end(&bench);
}

/* Many hosts, more than may be asked at once; some answer, and the rest is silent. What was held
 * comes out once each, whatever became of its host. */
static void test_many(void **state)
{
	static unsigned told[HOSTS * 10];
	struct random random = {.state = 11};
	struct controls_held held;
	struct scan_item item;
	struct bench bench;
	unsigned total = 0, out = 0, wild = 0;

	(void)state;
	memset(told, 0, sizeof(told));
	begin(&bench, 31);
	for (uint64_t i = 0; i < (uint64_t)HOSTS * 10; i++)
		if (i % 10 == 0 || random_below(&random, 3) == 0) {
			hold(&bench, i);
			told[i] = 1;
			total++;
		}
	for (unsigned turn = 0; turn < 100000; turn++) {
		enum scan_next next = controls_next(bench.controls, bench.now_ns, true, &item);

		if (next == SCAN_SEND && item.addr.octets[3] % 3 == 0)
			answer(&bench, &item, TCP_SYN | TCP_ACK);
		else if (next == SCAN_SEND && item.addr.octets[3] % 3 == 1)
			answer(&bench, &item, TCP_RST | TCP_ACK);
		else if (next == SCAN_WAIT)
			bench.now_ns = controls_next_ns(bench.controls, bench.now_ns);
		while (controls_release(bench.controls, &held)) {
			assert_int_equal(told[held.item.index]--, 1);
			assert_int_equal(held.wildcard, held.item.addr.octets[3] % 3 == 0);
			wild += held.wildcard && held.first;
			out++;
		}
		if (next == SCAN_DONE)
			break;
	}
	assert_int_equal(out, total);
	assert_int_equal(wild, controls_counts(bench.controls).wildcards);
	assert_int_equal(wild, 172); /* of the last octets 0 .. 255, twice: those 3 divides */
	end(&bench);
}

static void count_held(void *arg, const struct controls_held *held)
{
	(void)held;
	(*(unsigned *)arg)++;
}

static void sum_numbers(void *arg, uint64_t number)
{
	*(uint64_t *)arg += number;
}

/* What an earlier run knew. */
static void test_known(void **state)
{
	struct scan_item item;
	struct bench bench;
	uint64_t sum = 0;

	(void)state;
	begin(&bench, 31);
	assert_true(controls_know_wildcard(bench.controls, 2));
	assert_true(controls_know_wildcard(bench.controls, HOSTS - 1));
	assert_false(controls_know_wildcard(bench.controls, HOSTS));
	assert_false(controls_know_wildcard(bench.controls, UINT64_MAX));
	assert_int_equal(host(&bench, 19), HOST_UNKNOWN);
	assert_int_equal(host(&bench, 20), HOST_WILDCARD);
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &item), SCAN_DONE);
	hold(&bench, 0); /* an ordinary host, or one that is asked still, is none of them */
	for (unsigned i = 0; i < 2; i++) {
		item = syn(&bench);
		answer(&bench, &item, TCP_RST | TCP_ACK);
	}
	hold(&bench, 10);
	controls_each_wildcard(bench.controls, sum_numbers, &sum);
	assert_int_equal(sum, 2 + HOSTS - 1);
	assert_int_equal(controls_counts(bench.controls).wildcards, 0);
	controls_stop(bench.controls);
	assert_int_equal(host(&bench, 29), HOST_WILDCARD);
	end(&bench);
}

/* All ports are scanned: the controls are among them, and still it ends. */
static void test_every_port(void **state)
{
	struct bench bench;
	struct scan_item item;
	unsigned count = 0;

	(void)state;
	begin(&bench, 65535);
	hold(&bench, 100);
	hold(&bench, 101);
	controls_each_held(bench.controls, count_held, &count);
	assert_int_equal(count, 2);
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &item), SCAN_SEND);
	controls_stop(bench.controls);
	released(&bench, 100, true, false);
	released(&bench, 101, false, false);
	assert_int_equal(controls_next(bench.controls, bench.now_ns, true, &item), SCAN_DONE);
	end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wildcard), cmocka_unit_test(test_ordinary),
	    cmocka_unit_test(test_early),    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_forged),   cmocka_unit_test(test_many),
	    cmocka_unit_test(test_known),    cmocka_unit_test(test_every_port)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
