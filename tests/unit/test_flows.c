/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of scan/flows.c against a plain model: without it an answer could find no flow, or a
 * silent target never be asked again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/flows.h"
#include "stats_random.h"

#define INDICES 40 /* of the model: few, so that each is met often */

/* The plain way: for each index whether it waits, since when, after how many tries. */
struct model {
	struct flow_entry entries[64];
	struct flows flows;
	struct {
		uint8_t tries, flags;
		int64_t sent_ns;
		uint64_t turn; /* when it came into its queue */
	} known[INDICES];
	unsigned count;
	uint64_t turn;
};

/* The one of those with that many tries that came first; INDICES: none. */
static unsigned model_oldest(const struct model *model, uint8_t tries)
{
	unsigned oldest = INDICES;

	for (unsigned i = 0; i < INDICES; i++)
		if (model->known[i].tries == tries &&
		    (oldest == INDICES || model->known[i].turn < model->known[oldest].turn))
			oldest = i;
	return oldest;
}

/* The indices are far apart, and at the ends of what a space can have. */
static uint64_t index_of(unsigned i)
{
	return i % 2 ? (UINT64_C(1) << 48) - i : (uint64_t)i << (i % 32);
}

static void check(struct model *model)
{
	assert_int_equal(model->flows.count, model->count);
	for (unsigned i = 0; i < INDICES; i++) {
		const struct flow_entry *entry = flows_find(&model->flows, index_of(i));

		assert_int_equal(entry != NULL, model->known[i].tries > 0);
		if (!entry)
			continue;
		assert_true(entry->index == index_of(i));
		assert_int_equal(entry->tries, model->known[i].tries);
		assert_int_equal(entry->flags, model->known[i].flags);
		assert_int_equal(entry->sent_ns, model->known[i].sent_ns);
	}
	for (uint8_t tries = 1; tries <= FLOWS_RESTING; tries++) {
		const struct flow_entry *entry = flows_oldest(&model->flows, tries);
		unsigned oldest = model_oldest(model, tries);

		assert_int_equal(entry != NULL, oldest < INDICES);
		if (entry)
			assert_true(entry->index == index_of(oldest));
	}
}

static void add(struct model *model, struct random *random, unsigned i, int64_t now_ns)
{
	uint8_t tries = random_below(random, 8) ? 1 : FLOWS_RESTING;
	struct flow_entry *entry =
	    (tries == 1 ? flows_add : flows_rest)(&model->flows, index_of(i), now_ns);
	bool may = model->known[i].tries == 0 && model->count < model->flows.limit;

	assert_int_equal(entry != NULL, may);
	if (!entry)
		return;
	entry->flags = (uint8_t)random_bits(random);
	model->known[i].tries = tries;
	model->known[i].flags = entry->flags;
	model->known[i].sent_ns = now_ns;
	model->known[i].turn = model->turn++;
	model->count++;
}

static void again(struct model *model, unsigned i, int64_t now_ns)
{
	struct flow_entry *entry = flows_find(&model->flows, index_of(i));

	if (!entry || entry->tries == FLOWS_TRIES_MAX)
		return;
	flows_again(&model->flows, entry, now_ns);
	model->known[i].tries =
	    model->known[i].tries == FLOWS_RESTING ? 1 : (uint8_t)(model->known[i].tries + 1);
	model->known[i].sent_ns = now_ns;
	model->known[i].turn = model->turn++;
}

static void take_away(struct model *model, unsigned i)
{
	flows_remove(&model->flows, index_of(i));
	model->count -= model->known[i].tries > 0;
	model->known[i].tries = 0;
}

/* Random calls; `more` of ten add. */
static void play(uint32_t size, uint64_t more, uint64_t seed)
{
	struct random random = {.state = seed};
	struct model model;

	memset(&model, 0, sizeof(model));
	flows_init(&model.flows, model.entries, size, random_bits(&random));
	for (int64_t now_ns = 1; now_ns < 1000; now_ns++) {
		unsigned i = (unsigned)random_below(&random, INDICES);
		uint64_t dice = random_below(&random, 10);

		if (dice < more)
			add(&model, &random, i, now_ns);
		else if (dice < more + (10 - more) / 2)
			again(&model, i, now_ns);
		else
			take_away(&model, i);
		check(&model);
	}
}

/* Breaks when an entry is lost, found twice, changed, or out of its order: tables that are nearly
 * empty and such that are full, where clusters wrap round the end. */
static void random_calls(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		play(8, 4, seed);
		play(16, 6, seed + 1000);
		play(32, 8, seed + 2000);
		play(64, 5, seed + 3000);
	}
}

/* Breaks when an entry's removal leaves a hole in front of others that had to give way: all that
 * fit, then each one removed, in every order of a rotation. */
static void full_tables(void **state)
{
	(void)state;
	for (uint64_t key = 0; key < 200; key++) {
		struct flow_entry entries[16];
		struct flows flows;

		flows_init(&flows, entries, 16, key * UINT64_C(0x9e3779b97f4a7c15));
		for (uint64_t i = 0; i < 14; i++)
			assert_non_null(flows_add(&flows, i, (int64_t)i));
		assert_null(flows_add(&flows, 14, 14));
		for (uint64_t i = 0; i < 14; i++) {
			uint64_t gone = (i + key) % 14;

			flows_remove(&flows, gone);
			assert_null(flows_find(&flows, gone));
			for (uint64_t left = i + 1; left < 14; left++)
				assert_non_null(flows_find(&flows, (left + key) % 14));
		}
		assert_int_equal(flows.count, 0);
		for (uint8_t tries = 0; tries <= FLOWS_RESTING; tries++)
			assert_null(flows_oldest(&flows, tries));
	}
}

/* Breaks when what is not there is removed all the same. */
static void removal_of_nothing(void **state)
{
	struct flow_entry entries[8];
	struct flows flows;

	(void)state;
	flows_init(&flows, entries, 8, 1);
	flows_remove(&flows, 5);
	assert_non_null(flows_add(&flows, 5, 1));
	assert_null(flows_add(&flows, 5, 2));
	flows_remove(&flows, 6);
	assert_int_equal(flows.count, 1);
	assert_non_null(flows_find(&flows, 5));
}

/* Breaks when a million flows no longer fit: 64 octets each, the table's free places included, at
 * most half of what a scan may use for all it does. The order of time holds for as many. */
static void a_million(void **state)
{
	const uint32_t size = UINT32_C(1) << 21, wanted = 1000000;
	struct flow_entry *entries = malloc(size * sizeof(*entries));
	struct flows flows;

	(void)state;
	assert_non_null(entries);
	assert_true(size * sizeof(*entries) / wanted < 80);
	assert_true(sizeof(*entries) <= 32);
	flows_init(&flows, entries, size, 99);
	for (uint64_t i = 0; i < wanted; i++)
		assert_non_null(flows_add(&flows, i * 4096, (int64_t)i));
	for (uint64_t i = 0; i < wanted; i += 2) {
		struct flow_entry *oldest = flows_oldest(&flows, 1);

		assert_true(oldest && oldest->index == i * 4096);
		flows_again(&flows, oldest, (int64_t)(wanted + i));
		flows_remove(&flows, (i + 1) * 4096);
	}
	assert_null(flows_oldest(&flows, 1));
	assert_int_equal(flows.count, wanted / 2);
	assert_int_equal(flows_oldest(&flows, 2)->sent_ns, wanted);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_calls),
	    cmocka_unit_test(full_tables),
	    cmocka_unit_test(removal_of_nothing),
	    cmocka_unit_test(a_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
