/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer wheel against a naive model that looks at every timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/wheel.h"

#define MS        INT64_C(1000000)
#define TIMERS    64
#define AHEAD_MAX (INT64_C(63) << 24) /* ticks, as wheel.h says */
#define SEED      4711

struct model {
	struct wheel wheel;
	struct wheel_node nodes[TIMERS];
	int64_t tick[TIMERS]; /* when it fires; -1: not running */
	int64_t now_ns;
	int64_t base_tick; /* of the last wheel_expire() */
	uint64_t random;
};

static uint32_t next(struct model *m)
{
	m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(m->random >> 33);
}

static void model_init(struct model *m, int64_t now_ns, uint64_t seed)
{
	wheel_init(&m->wheel, m->nodes, TIMERS, now_ns);
	for (unsigned i = 0; i < TIMERS; i++)
		m->tick[i] = -1;
	m->now_ns = now_ns;
	m->base_tick = now_ns / MS;
	m->random = seed;
}

static void model_start(struct model *m, uint32_t timer, int64_t at_ns)
{
	int64_t tick = at_ns <= 0 ? 0 : (at_ns - 1) / MS + 1;

	if (tick < m->base_tick)
		tick = m->base_tick;
	if (tick - m->base_tick >= AHEAD_MAX)
		tick = m->base_tick + AHEAD_MAX - 1;
	m->tick[timer] = tick;
	wheel_start(&m->wheel, timer, at_ns);
}

static void model_stop(struct model *m, uint32_t timer)
{
	m->tick[timer] = -1;
	wheel_stop(&m->wheel, timer);
}

static int64_t earliest(const struct model *m)
{
	int64_t tick = INT64_MAX;

	for (unsigned i = 0; i < TIMERS; i++)
		if (m->tick[i] >= 0 && m->tick[i] < tick)
			tick = m->tick[i];
	return tick;
}

static uint32_t running(const struct model *m)
{
	uint32_t count = 0;

	for (unsigned i = 0; i < TIMERS; i++)
		count += m->tick[i] >= 0;
	return count;
}

/* How far ahead: all magnitudes alike, on and beside the levels' edges. */
static int64_t random_span_ns(struct model *m)
{
	int64_t ticks = (int64_t)next(m) & ((INT64_C(1) << next(m) % 31) - 1);

	if (next(m) % 4 == 0)
		ticks = (INT64_C(1) << next(m) % 31) + next(m) % 3 - 1;
	return ticks * MS + (next(m) % 3 == 0 ? 0 : next(m) % MS);
}

/* Fires all that is due; now and then a timer that fired is started anew, or another stopped. */
static void expire(struct model *m)
{
	int64_t now_tick = m->now_ns / MS, last = 0;
	uint32_t timer = WHEEL_NONE;
	unsigned restarts = 0;

	while (wheel_expire(&m->wheel, m->now_ns, &timer)) {
		assert_in_range(timer, 0, TIMERS - 1);
		assert_true(m->tick[timer] >= 0);           /* it ran */
		assert_true(m->tick[timer] <= now_tick);    /* never early */
		assert_true(m->tick[timer] == earliest(m)); /* in order */
		assert_true(m->tick[timer] >= last);
		last = m->base_tick = m->tick[timer];
		m->tick[timer] = -1;
		if (next(m) % 4 == 0 && restarts++ < 20)
			model_start(m, timer, m->now_ns - 5 * MS + random_span_ns(m));
		if (next(m) % 8 == 0)
			model_stop(m, next(m) % TIMERS);
	}
	assert_true(earliest(m) > now_tick); /* none is lost */
	if (m->base_tick < now_tick)
		m->base_tick = now_tick;
	assert_int_equal(m->wheel.running, running(m));
}

static void check_next(struct model *m)
{
	int64_t wanted = earliest(m), got = wheel_next_ns(&m->wheel);

	if (wanted == INT64_MAX)
		assert_true(got == INT64_MAX);
	else
		assert_true(got <= wanted * MS);
}

static void run(uint64_t seed, int64_t start_ns, unsigned steps)
{
	struct model m;

	model_init(&m, start_ns, seed);
	for (unsigned i = 0; i < steps; i++) {
		uint32_t timer = next(&m) % TIMERS;

		switch (next(&m) % 8) {
		case 0:
			model_stop(&m, timer);
			break;
		case 1: /* exactly to what comes next */
			if (wheel_next_ns(&m.wheel) != INT64_MAX &&
			    wheel_next_ns(&m.wheel) > m.now_ns)
				m.now_ns = wheel_next_ns(&m.wheel);
			expire(&m);
			break;
		case 2:
			m.now_ns += random_span_ns(&m) / (next(&m) % 2 ? 1 : 1000);
			expire(&m);
			break;
		case 3:
			m.now_ns += next(&m) % (3 * MS);
			expire(&m);
			break;
		default:
			model_start(&m, timer, m.now_ns + random_span_ns(&m));
		}
		check_next(&m);
	}
}

/* Breaks when some order of starts, stops and jumps makes a timer early, late, out of order or
 * lost. */
static void against_model(void **state)
{
	static const int64_t starts_ns[] = {0,
					    1,
					    MS - 1,
					    INT64_C(1) << 40,
					    ((INT64_C(1) << 30) - 5) * MS, /* the top level wraps */
					    ((INT64_C(1) << 36) - 5) * MS,
					    INT64_C(1700000000) * 1000 * MS};

	(void)state;
	print_message("# seed %d\n", SEED);
	for (unsigned i = 0; i < 2000; i++)
		run(SEED + i, starts_ns[i % 7], 400);
}

/* Breaks when a timer fires before its nanosecond, or later than one tick after. */
static void never_early(void **state)
{
	struct model m;
	uint32_t timer;

	(void)state;
	model_init(&m, 10 * MS, SEED);
	model_start(&m, 3, 12 * MS + 1);
	assert_false(wheel_expire(&m.wheel, 12 * MS + 1, &timer));
	assert_false(wheel_expire(&m.wheel, 13 * MS - 1, &timer));
	assert_true(wheel_expire(&m.wheel, 13 * MS, &timer));
	assert_int_equal(timer, 3);
	assert_false(wheel_expire(&m.wheel, 13 * MS, &timer));
}

/* Breaks when a time that is past, zero or negative waits, or one beyond all reason overflows or
 * makes wheel_expire() search for ever. */
static void extreme_times(void **state)
{
	static const int64_t starts_ns[] = {0, 7 * MS, 1234567 * MS, ((INT64_C(1) << 30) - 1) * MS};
	struct model m;
	uint32_t timer;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		model_init(&m, starts_ns[i], SEED);
		model_start(&m, 0, INT64_MAX);
		model_start(&m, 1, -5);
		model_start(&m, 2, 0);
		assert_true(wheel_expire(&m.wheel, starts_ns[i], &timer));
		assert_true(wheel_expire(&m.wheel, starts_ns[i], &timer));
		assert_false(wheel_expire(&m.wheel, starts_ns[i], &timer));
		assert_false(wheel_expire(&m.wheel, starts_ns[i] + (AHEAD_MAX - 2) * MS, &timer));
		assert_true(wheel_expire(&m.wheel, starts_ns[i] + (AHEAD_MAX - 1) * MS, &timer));
		assert_int_equal(timer, 0);
		assert_true(wheel_next_ns(&m.wheel) == INT64_MAX);
	}
}

/* Breaks when a second start leaves the timer in two places. */
static void restart(void **state)
{
	struct model m;
	uint32_t timer;

	(void)state;
	model_init(&m, 0, SEED);
	model_start(&m, 5, 10 * MS);
	model_start(&m, 5, 100000 * MS);
	model_start(&m, 5, 50 * MS);
	assert_int_equal(m.wheel.running, 1);
	assert_false(wheel_expire(&m.wheel, 49 * MS, &timer));
	assert_true(wheel_expire(&m.wheel, 200000 * MS, &timer));
	assert_false(wheel_expire(&m.wheel, 300000 * MS, &timer));
	model_stop(&m, 5); /* one that does not run */
	assert_int_equal(m.wheel.running, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(against_model),
	    cmocka_unit_test(never_early),
	    cmocka_unit_test(extreme_times),
	    cmocka_unit_test(restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
