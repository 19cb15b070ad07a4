/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of a scan at its size: without it a million silent targets could be asked again out of
 * their order, early, or late. The time is simulated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/scan.h"

#define TARGETS   (UINT32_C(1) << 20) /* 10.0.0.0/12 */
#define MILLION   1000000
#define FLOWS     (UINT32_C(1) << 21)
#define TRIES     2
#define PER_TURN  200 /* 200,000 a second */
#define TURN_NS   INT64_C(1000000)
#define WAIT_NS   INT64_C(6000000000)
#define MEMORY    (INT64_C(256) << 20)
#define ANSWERING 5 /* one in so many, where some answer */

struct play {
	struct space *space;
	struct scan *scan;
	struct flow_entry *entries;
	uint32_t *order;         /* targets, in the order of their first SYN */
	int64_t *sent_ns;        /* by target: its latest SYN */
	bool *told;              /* by target: answered */
	uint32_t at[TRIES + 1];  /* how far each SYN, and then silence, has got in it */
	uint32_t most;           /* awaited at once */
	int64_t now_ns, late_ns; /* latest that a SYN, or silence, came after it was due */
	bool some_answer;
};

static void *memory(size_t n, size_t size)
{
	void *got = calloc(n, size);

	assert_non_null(got);
	return got;
}

static void make(struct play *play)
{
	const struct ip_addr first = {IP_V4, {10, 0, 0, 0}}, last = {IP_V4, {10, 15, 255, 255}};
	struct err err = {.class = ERR_NONE};
	struct scan_config config = {.seed = 11,
				     .shard = 1,
				     .shards = 1,
				     .tries = TRIES,
				     .wait_ns = WAIT_NS,
				     .max_per_host = 64,
				     .port_first = 40000,
				     .port_count = 16,
				     .key = {3, 4}};

	play->space = space_new();
	assert_non_null(play->space);
	assert_int_equal(space_add(play->space, &first, &last), 0);
	space_add_ports(play->space, 80, 80);
	assert_int_equal(space_finish(play->space, &err), 0);
	assert_int_equal(space_size(play->space), TARGETS);
	config.space = play->space;
	play->scan = memory(1, sizeof(*play->scan));
	play->entries = memory(FLOWS, sizeof(*play->entries));
	play->order = memory(TARGETS, sizeof(*play->order));
	play->sent_ns = memory(TARGETS, sizeof(*play->sent_ns));
	play->told = memory(TARGETS, sizeof(*play->told));
	scan_init(play->scan, &config, play->entries, FLOWS);
}

static void unmake(struct play *play)
{
	space_free(play->space);
	free(play->scan);
	free(play->entries);
	free(play->order);
	free(play->sent_ns);
	free(play->told);
}

/* The answer comes at once; so the table's entries move all the time. */
static void answer(struct play *play, const struct scan_item *sent)
{
	const struct packet packet = {
	    .kind = PACKET_TCP,
	    .flow = {.src = {.addr = sent->addr, .port = sent->port},
		     .dst = {.addr = {IP_V4, {10, 77, 0, 1}}, .port = sent->source_port}},
	    .seg = {.flags = TCP_RST | TCP_ACK, .ack = sent->iss + 1}};
	struct scan_item item;

	assert_int_equal(scan_arrived(play->scan, &packet, play->now_ns, &item), ANSWER_RESULT);
	assert_true(item.index == sent->index);
	play->told[item.index] = true;
}

/* Exactly the next one in the order of first SYNs that has not answered. */
static void check_order(struct play *play, unsigned stage, uint64_t index)
{
	uint32_t *at = &play->at[stage];

	while (*at < play->at[0] && play->told[play->order[*at]])
		(*at)++;
	assert_true(*at < play->at[0]);
	assert_true(play->order[*at] == index);
	(*at)++;
}

static void check_time(struct play *play, unsigned stage, uint64_t index)
{
	int64_t late_ns = play->now_ns - play->sent_ns[index] - (WAIT_NS << (stage - 1));

	assert_true(late_ns >= 0);
	if (late_ns > play->late_ns)
		play->late_ns = late_ns;
}

static void saw(struct play *play, enum scan_next next, const struct scan_item *item)
{
	unsigned stage = next == SCAN_RESULT ? TRIES : item->tries - 1U;

	if (stage == 0) {
		assert_true(play->at[0] < TARGETS);
		play->order[play->at[0]++] = (uint32_t)item->index;
	} else {
		check_order(play, stage, item->index);
		check_time(play, stage, item->index);
	}
	play->sent_ns[item->index] = play->now_ns;
	if (play->some_answer && next == SCAN_SEND && item->index % ANSWERING == item->tries)
		answer(play, item);
}

static void run(struct play *play)
{
	enum scan_next next = SCAN_WAIT;

	for (unsigned turns = 0; turns < 100000 && next != SCAN_DONE; turns++) {
		unsigned sent = 0;
		struct scan_item item;

		for (;;) {
			next = scan_next(play->scan, play->now_ns, sent < PER_TURN, &item);
			if (next == SCAN_WAIT || next == SCAN_DONE)
				break;
			sent += next == SCAN_SEND;
			saw(play, next, &item);
		}
		if (play->scan->flows.count > play->most)
			play->most = play->scan->flows.count;
		play->now_ns += TURN_NS;
	}
	assert_int_equal(next, SCAN_DONE);
	assert_int_equal(play->at[0], TARGETS);
}

/* Breaks when a million flows are not awaited at once, when one of them is sent again, or given
 * up, in another order, early, or later than the turn after it is due; or when it all takes more
 * than half of the memory that a scan may use. */
static void silence(void **state)
{
	struct play play = {.now_ns = 1};

	(void)state;
	make(&play);
	assert_true((int64_t)(FLOWS * sizeof(*play.entries) + sizeof(*play.scan)) < MEMORY / 2);
	run(&play);
	assert_true(play.most >= MILLION);
	assert_true(play.late_ns <= TURN_NS);
	assert_int_equal(play.scan->counts.new_sent, TARGETS);
	assert_int_equal(play.scan->counts.again_sent, TARGETS);
	assert_int_equal(play.scan->counts.silent, TARGETS);
	assert_int_equal(play.at[TRIES], TARGETS);
	unmake(&play);
}

/* Likewise, when some answer in between. */
static void some_answers(void **state)
{
	struct play play = {.now_ns = 1, .some_answer = true};

	(void)state;
	make(&play);
	run(&play);
	assert_true(play.late_ns <= TURN_NS);
	assert_int_equal(play.scan->counts.answered + play.scan->counts.silent, TARGETS);
	assert_true(play.scan->counts.answered > TARGETS / ANSWERING);
	unmake(&play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence),
	    cmocka_unit_test(some_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
