/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/governor.c on simulated paths: without it a scan could crawl over a link that
 * loses as much at any rate, or lose most of its targets to one that passes only so many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scan/governor.h"
#include "stats_random.h"

#define MS              INT64_C(1000000)
#define SECOND          INT64_C(1000000000)
#define START           (INT64_C(1700000000) * SECOND)
#define TRIES           3
#define SECONDS_AT_MOST 600
#define WAIT            SECOND

/* What a path does; times in seconds since the start. */
struct path {
	double loss, loss_from;                /* of SYNs, at any rate */
	double burst_from, burst_until;        /* everything is lost */
	double limit, limit_from, limit_until; /* SYNs a second that pass */
	double bucket_s;                       /* of which it saves up so much */
	double answering;                      /* share of the targets */
	int64_t rtt_ms;
};

struct trial {
	struct path path;
	double asked, seconds; /* of sending: as many targets as that takes */
	uint64_t seed;
	bool free; /* no governor */
};

struct target {
	int64_t first_ns, sent_ns;
	uint8_t tries;
	bool answers, done;
};

struct answer {
	int64_t at_ns;
	uint32_t target;
};

struct queue {
	uint32_t *targets, head, tail;
};

struct outcome {
	double rates[SECONDS_AT_MOST]; /* sent in each second */
	double seconds, completeness, lowest;
	unsigned slowed, own, restored;
	uint64_t slowdowns;
	struct governor_news first;
};

struct world {
	const struct trial *trial;
	struct path path; /* the trial's, completed */
	struct governor governor;
	struct random random;
	struct target *targets;
	struct answer *answers;
	struct queue queues[TRIES + 1];
	uint32_t count, next, answers_head, answers_tail;
	uint64_t sent;
	double rate, tokens;
	int64_t now_ns, slowed_ns;
};

static double passed_s(const struct world *world)
{
	return (double)(world->now_ns - START) / 1e9;
}

static void complete(struct path *path)
{
	path->limit_until = path->limit_until > 0 ? path->limit_until : SECONDS_AT_MOST;
	path->bucket_s = path->bucket_s > 0 ? path->bucket_s : 0.1;
	path->answering = path->answering > 0 ? path->answering : 1;
	path->rtt_ms = path->rtt_ms > 0 ? path->rtt_ms : 30;
}

static bool gets_through(struct world *world)
{
	const struct path *path = &world->path;
	double now = passed_s(world);

	if (path->limit > 0 && now >= path->limit_from && now < path->limit_until) {
		if (world->tokens < 1)
			return false;
		world->tokens -= 1;
	}
	if (now >= path->burst_from && now < path->burst_until)
		return false;
	return now < path->loss_from || random_share(&world->random) > path->loss;
}

static void send_syn(struct world *world, uint32_t at)
{
	struct target *target = &world->targets[at];
	struct queue *queue = &world->queues[++target->tries];

	if (target->tries == 1)
		target->first_ns = world->now_ns;
	target->sent_ns = world->now_ns;
	queue->targets[queue->tail++] = at;
	world->sent++;
	if (gets_through(world) && target->answers)
		world->answers[world->answers_tail++] =
		    (struct answer){world->now_ns + world->path.rtt_ms * MS, at};
}

/* The first of a queue that is awaited still. */
static struct target *oldest(struct world *world, unsigned tries)
{
	struct queue *queue = &world->queues[tries];

	while (queue->head < queue->tail && world->targets[queue->targets[queue->head]].done)
		queue->head++;
	return queue->head < queue->tail ? &world->targets[queue->targets[queue->head]] : NULL;
}

static void take_answers(struct world *world)
{
	while (world->answers_head < world->answers_tail &&
	       world->answers[world->answers_head].at_ns <= world->now_ns) {
		const struct answer *answer = &world->answers[world->answers_head++];
		struct target *target = &world->targets[answer->target];

		if (target->done)
			continue;
		target->done = true;
		governor_answered(&world->governor, target->first_ns, target->tries, world->now_ns);
	}
}

/* What has waited too long goes first, as in a scan. False: nothing may be sent. */
static bool send_one(struct world *world)
{
	for (unsigned tries = TRIES; tries >= 1; tries--) {
		int64_t wait_ns = WAIT << (tries - 1);
		struct target *target = oldest(world, tries);

		while (tries == TRIES && target && target->sent_ns + wait_ns <= world->now_ns) {
			target->done = true;
			target->answers = false;
			target = oldest(world, tries);
		}
		if (tries == TRIES || !target || target->sent_ns + wait_ns > world->now_ns)
			continue;
		world->queues[tries].head++;
		send_syn(world, (uint32_t)(target - world->targets));
		return true;
	}
	if (world->next < world->count) {
		send_syn(world, world->next++);
		return true;
	}
	return false;
}

static void steer(struct world *world, struct outcome *outcome)
{
	const struct target *first = oldest(world, 1);
	struct governor_news news;
	double rate = world->governor.rate;

	world->rate = governor_rate(&world->governor, world->now_ns, world->sent,
				    first ? first->sent_ns : world->now_ns);
	if (world->rate < rate) { /* only once the last step can have been felt */
		assert_true(world->now_ns - world->slowed_ns > WAIT + world->path.rtt_ms * MS);
		world->slowed_ns = world->now_ns;
	}
	if (governor_news(&world->governor, &news)) {
		assert_true(news.loss >= 0 && news.loss <= 1);
		if (outcome->first.event == GOVERNOR_NOTHING)
			outcome->first = news;
		outcome->slowed += news.event == GOVERNOR_SLOWED;
		outcome->own += news.event == GOVERNOR_OWN_LOSS;
		outcome->restored += news.event == GOVERNOR_RESTORED;
	}
	if (world->rate < outcome->lowest)
		outcome->lowest = world->rate;
	if (world->trial->free)
		world->rate = world->trial->asked;
}

static void run(struct world *world, struct outcome *outcome)
{
	double bucket = world->path.limit * world->path.bucket_s, credit = 0;

	for (;; world->now_ns += MS) {
		unsigned second = (unsigned)passed_s(world);

		assert_true(second < SECONDS_AT_MOST);
		world->tokens += 2 * random_share(&world->random) * world->path.limit / 1000;
		world->tokens = world->tokens < bucket ? world->tokens : bucket;
		take_answers(world);
		steer(world, outcome);
		credit = credit < 2 ? credit + world->rate / 1000 : world->rate / 1000;
		for (; credit >= 1 && send_one(world); credit--)
			outcome->rates[second]++;
		if (world->next == world->count && world->answers_head == world->answers_tail &&
		    !oldest(world, 1) && !oldest(world, 2) && !oldest(world, 3))
			return;
	}
}

static void play(const struct trial *trial, struct outcome *outcome)
{
	struct world world = {
	    .trial = trial, .path = trial->path, .random = {trial->seed}, .now_ns = START};
	unsigned all = 0, found = 0;

	*outcome = (struct outcome){.lowest = trial->asked};
	complete(&world.path);
	world.count = (uint32_t)(trial->asked * trial->seconds);
	world.targets = calloc(world.count, sizeof(*world.targets));
	world.answers = calloc((size_t)world.count * TRIES, sizeof(*world.answers));
	assert_true(world.targets && world.answers);
	for (unsigned i = 0; i <= TRIES; i++)
		assert_non_null(world.queues[i].targets = calloc(world.count, sizeof(uint32_t)));
	for (uint32_t i = 0; i < world.count; i++)
		all += world.targets[i].answers =
		    random_share(&world.random) <= world.path.answering;
	governor_init(&world.governor, WAIT, trial->asked, START);
	run(&world, outcome);
	for (uint32_t i = 0; i < world.count; i++)
		found += world.targets[i].answers;
	outcome->seconds = passed_s(&world);
	outcome->completeness = found / (double)all;
	outcome->slowdowns = world.governor.slowdowns;
	free(world.targets);
	free(world.answers);
	for (unsigned i = 0; i <= TRIES; i++)
		free(world.queues[i].targets);
}

/* What was sent a second while there was enough to send. */
static void assert_rate(const struct outcome *outcome, unsigned from, unsigned until, double least,
			double most)
{
	double sum = 0;

	assert_true(outcome->seconds > until);
	for (unsigned i = from; i < until; i++)
		sum += outcome->rates[i];
	assert_in_range((uint64_t)(sum / (until - from)), (uint64_t)least, (uint64_t)most);
}

static void loss_of_its_own(void **state)
{
	static const struct {
		double loss, asked, answering, seconds;
		unsigned until; /* it may have looked at lower rates */
	} cases[] = {{0.1, 20000, 1, 40, 8},  {0.15, 20000, 1, 40, 8},
		     {0.2, 20000, 1, 40, 8},  {0.15, 20000, 0.02, 25, 20},
		     {0.15, 1000, 1, 60, 10}, {0.2, 1000, 0.1, 60, 60},
		     {0.5, 20000, 1, 40, 20}, {0.1, 100000, 0.1, 10, 10}};
	struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct trial trial = {
		    .asked = cases[i].asked,
		    .seconds = cases[i].seconds,
		    .path = {.loss = cases[i].loss, .answering = cases[i].answering}};

		play(&trial, &outcome);
		assert_true(outcome.own == 1 && outcome.slowdowns <= 3);
		assert_rate(&outcome, cases[i].until, cases[i].until + 15, cases[i].asked * 0.99,
			    cases[i].asked * 1.01);
	}
}

static void loss_that_begins(void **state)
{
	const struct trial trial = {
	    .asked = 20000, .seconds = 40, .path = {.loss = 0.15, .loss_from = 10}};
	struct outcome outcome;

	(void)state;
	play(&trial, &outcome);
	assert_int_equal(outcome.slowdowns, 1);
	assert_int_equal(outcome.own, 1);
	assert_rate(&outcome, 0, 11, 19900, 20100);
	assert_rate(&outcome, 17, 40, 19900, 20100);
}

/* Nothing to be done: little loss, bursts, few answers, a wait that is shorter than the way. */
static void rate_kept(void **state)
{
	static const struct trial trials[] = {
	    {.asked = 20000, .seconds = 20, .path = {.loss = 0}},
	    {.asked = 20000, .seconds = 20, .path = {.loss = 0.04}},
	    {.asked = 20000, .seconds = 30, .path = {.burst_from = 10, .burst_until = 10.1}},
	    {.asked = 20000, .seconds = 30, .path = {.burst_from = 10, .burst_until = 10.5}},
	    {.asked = 1000, .seconds = 30, .path = {.limit = 300, .answering = 0.01}},
	    {.asked = 50, .seconds = 60, .path = {.limit = 30}},
	    {.asked = 20000, .seconds = 20, .path = {.rtt_ms = 1500}},
	};
	struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
		play(&trials[i], &outcome);
		assert_true(outcome.slowdowns == 0 && outcome.lowest >= trials[i].asked);
		assert_true(outcome.slowed + outcome.own + outcome.restored == 0);
	}
}

/* What passes only so many: near that, and most is found that would be lost. */
static void limits(void **state)
{
	static const struct {
		struct path path;
		double asked, seconds, found, found_freely;
	} cases[] = {
	    {{.limit = 7000}, 20000, 30, 0.99, 0.85},
	    {{.limit = 7000, .answering = 0.1}, 20000, 20, 0.98, 0.7},
	    {{.limit = 7000, .answering = 0.02}, 20000, 20, 0.93, 0.7},
	    {{.limit = 7000, .loss = 0.1}, 20000, 30, 0.98, 0.8},
	    {{.limit = 7000, .answering = 0.1, .loss = 0.1}, 20000, 20, 0.95, 0.7},
	    {{.limit = 10000}, 100000, 10, 0.9, 0.4},
	    {{.limit = 200}, 1000, 30, 0.98, 0.6},
	    {{.limit = 7000, .rtt_ms = 600}, 20000, 30, 0.98, 0.85},
	    {{.limit = 7000, .bucket_s = 1}, 20000, 30, 0.98, 0.85},
	};
	const size_t count = sizeof(cases) / sizeof(cases[0]);
	struct outcome outcome;

	(void)state;
	for (size_t i = 0; i < 2 * count; i++) {
		const struct path path = cases[i % count].path;
		struct trial trial = {.seed = i < count ? 7 : 3, .path = path};

		trial.asked = cases[i % count].asked;
		trial.seconds = cases[i % count].seconds;
		play(&trial, &outcome);
		assert_rate(&outcome, 20, 40, 0.6 * path.limit, 1.2 * path.limit);
		assert_rate(&outcome, 40, 80, 0.85 * path.limit, 1.2 * path.limit);
		assert_true(outcome.completeness > cases[i % count].found);
		trial.free = true;
		play(&trial, &outcome);
		assert_true(outcome.completeness < cases[i % count].found_freely);
	}
}

static void limits_that_change(void **state)
{
	const struct trial goes = {
	    .asked = 20000, .seconds = 70, .path = {.limit = 7000, .limit_until = 40}};
	const struct trial comes = {
	    .asked = 20000, .seconds = 40, .path = {.limit = 7000, .limit_from = 15}};
	struct outcome outcome;

	(void)state;
	play(&goes, &outcome);
	assert_rate(&outcome, 20, 40, 4200, 7700);
	assert_rate(&outcome, 75, 90, 19900, 20100);
	assert_true(outcome.restored == 1 && outcome.own == 0);
	play(&comes, &outcome);
	assert_rate(&outcome, 0, 15, 19900, 20100);
	assert_rate(&outcome, 25, 80, 4200, 7700);
	assert_true(outcome.completeness > 0.99);
}

static void what_is_told(void **state)
{
	const struct trial trial = {.asked = 20000, .seconds = 5, .path = {.limit = 12000}};
	const struct trial slowest = {.asked = 1000, .seconds = 10, .path = {.limit = 30}};
	struct outcome outcome;

	(void)state;
	play(&trial, &outcome);
	assert_int_equal(outcome.first.event, GOVERNOR_SLOWED);
	assert_true(outcome.first.loss > 0.3 && outcome.first.loss < 0.75);
	assert_true(outcome.first.from_rate > 19000 && outcome.first.from_rate < 21000);
	assert_true(outcome.first.rate >= 5000 && outcome.first.rate < 13000);
	play(&slowest, &outcome);
	assert_true(outcome.lowest >= 100 && outcome.lowest <= 250);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(loss_of_its_own),    cmocka_unit_test(loss_that_begins),
	    cmocka_unit_test(rate_kept),          cmocka_unit_test(limits),
	    cmocka_unit_test(limits_that_change), cmocka_unit_test(what_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
