/* SPDX-License-Identifier: BSD-2-Clause */
/* Which shard a task is: without it two tasks of an array could scan the same targets, or none
 * could scan some, and every one of them end well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/scan_shard.h"

static const char *const names[] = {"SLURM_ARRAY_TASK_ID",
				    "SLURM_ARRAY_TASK_COUNT",
				    "SLURM_ARRAY_TASK_MIN",
				    "SLURM_ARRAY_TASK_MAX",
				    "SLURM_ARRAY_TASK_STEP",
				    "JOB_COMPLETION_INDEX",
				    "SHARDS"};

/* "I/N", or the error's text. */
static const char *parse(const char *words)
{
	static char text[sizeof(((struct err *)0)->text)];
	struct err err = {.class = ERR_NONE};
	uint32_t shard = 0, shards = 0;

	if (scan_shard_parse(words, &shard, &shards, &err) < 0) {
		assert_int_equal(err.class, ERR_USAGE);
		snprintf(text, sizeof(text), "%s", err.text);
	} else {
		snprintf(text, sizeof(text), "%u/%u", shard, shards);
	}
	return text;
}

/* What `auto` makes of the values, in the order of `names`; NULL: not set. */
static const char *in(const char *const values[7])
{
	for (unsigned i = 0; i < 7; i++)
		if (values[i])
			setenv(names[i], values[i], 1);
		else
			unsetenv(names[i]);
	return parse("auto");
}

#define SLURM(id, count, min, max, step)                                                           \
	in((const char *const[7]){id, count, min, max, step, NULL, NULL})
#define KUBERNETES(index, count)                                                                   \
	in((const char *const[7]){NULL, NULL, NULL, NULL, NULL, index, count})

static void contains(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("'%s' lacks '%s'", text, wanted);
}

static void test_words(void **state)
{
	static const char *const bad[] = {
	    "",     "/",     "3",         "0/3",  "4/3",  "-1/3", "1/0",  "1/-1",
	    "1/3x", "1/3/5", "1/1000001", " 1/3", "1/ 3", "x/3",  "1 /3", "00000000000001/3"};

	(void)state;
	assert_string_equal(parse("1/1"), "1/1");
	assert_string_equal(parse("3/8"), "3/8");
	assert_string_equal(parse("1000000/1000000"), "1000000/1000000");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		contains(parse(bad[i]), "is no shard: I/N, I from 1 to N, N up to 1000000");
}

static void test_slurm(void **state)
{
	(void)state;
	/* --array=1-4, 0-6:2, 5-20:5%2; 3, with no step set */
	assert_string_equal(SLURM("1", "4", "1", "4", "1"), "1/4");
	assert_string_equal(SLURM("4", "4", "1", "4", "1"), "4/4");
	assert_string_equal(SLURM("0", "4", "0", "6", "2"), "1/4");
	assert_string_equal(SLURM("6", "4", "0", "6", "2"), "4/4");
	assert_string_equal(SLURM("15", "4", "5", "20", "5"), "3/4");
	assert_string_equal(SLURM("3", "1", "3", "3", NULL), "1/1");
	/* --array=1,3,7 and 0,1,4,6, as Slurm describes them: the step is 1 */
	contains(SLURM("1", "3", "1", "7", "1"),
		 "no regular row: 3 of them, from 1 to 7 in steps of 1, this one 1: submit it with "
		 "--array=1-3");
	contains(SLURM("7", "3", "1", "7", "1"), "no regular row");
	contains(SLURM("0", "4", "0", "6", "1"), "no regular row");
	/* what no Slurm says */
	contains(SLURM("3", "4", "0", "6", "2"), "no regular row");
	contains(SLURM("9", "4", "1", "4", "1"), "no regular row");
	contains(SLURM("0", "4", "1", "4", "1"), "no regular row");
	contains(SLURM("x", "4", "1", "4", "1"), "SLURM_ARRAY_TASK_ID: 'x' is no number");
	contains(SLURM("1", NULL, "1", "4", "1"), "SLURM_ARRAY_TASK_COUNT is not set");
	contains(SLURM("1", "1000001", "1", "1000001", "1"), "1000000 is the most");
}

/* Of any array of few tasks: all are refused, or each shard is there once. */
static void test_slurm_any(void **state)
{
	char id[4], count[4], min[4], max[4];

	(void)state;
	for (unsigned set = 1; set < 256; set++) {
		unsigned seen = 0, tasks = (unsigned)__builtin_popcount(set), refused = 0;

		snprintf(count, sizeof(count), "%u", tasks);
		snprintf(min, sizeof(min), "%d", __builtin_ctz(set));
		snprintf(max, sizeof(max), "%d", 31 - __builtin_clz(set));
		for (unsigned i = 0; i < 8; i++) {
			unsigned shard;

			if (!(set >> i & 1))
				continue;
			snprintf(id, sizeof(id), "%u", i);
			if (sscanf(SLURM(id, count, min, max, "1"), "%u/", &shard) == 1)
				seen |= 1U << (shard - 1);
			else
				refused++;
		}
		assert_true(refused == tasks || (refused == 0 && seen == (1U << tasks) - 1));
	}
}

static void test_kubernetes(void **state)
{
	(void)state;
	assert_string_equal(KUBERNETES("0", "8"), "1/8");
	assert_string_equal(KUBERNETES("7", "8"), "8/8");
	contains(KUBERNETES("8", "8"), "counts from 0, is 8, and there are only 8 SHARDS");
	contains(KUBERNETES("0", NULL), "SHARDS is not: the manifest has to set it");
	contains(KUBERNETES("", "8"), "JOB_COMPLETION_INDEX: '' is no number");
	contains(KUBERNETES("0", "many"), "SHARDS: 'many' is no number");
	contains(KUBERNETES("0", "0"), "only 0 SHARDS");
	contains(KUBERNETES(NULL, "8"), "neither SLURM_ARRAY_TASK_ID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_slurm),
	    cmocka_unit_test(test_slurm_any),
	    cmocka_unit_test(test_kubernetes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
