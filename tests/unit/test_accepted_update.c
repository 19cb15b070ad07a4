/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of accepted deviations, written anew: without it an update could lose what its user wrote,
 * leave half a file behind, or not accept what it saw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "report/accepted.h"
#include "stats_random.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

struct sight {
	const char *target, *id;
	enum judgement judgement;
};

static void see(struct accepted_update *update, const struct sight *sights, size_t count)
{
	assert_non_null(update);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(accepted_update_add(update, sights[i].target, sights[i].id,
						     sights[i].judgement, NULL),
				 0);
}

static void update_file(const struct sight *sights, size_t count)
{
	struct accepted_update *update = accepted_update_open("expected", NULL);

	see(update, sights, count);
	assert_int_equal(accepted_update_close(update, true, NULL), 0);
	assert_int_equal(place_files(false), 1);
}

static const struct sight sights[] = {
    {"h:80", "R10", JUDGE_FAIL},        {"h:80", "R2", JUDGE_WARN},
    {"h:80", "H1", JUDGE_PASS},         {"h:80", "H2", JUDGE_PASS_MAY},
    {"h:80", "H3", JUDGE_INCONCLUSIVE}, {"h:80", "H4", JUDGE_SKIP},
    {"h:80", "H5", JUDGE_ERROR},        {"10.0.0.10:80", "R1", JUDGE_APP},
    {"10.0.0.9:80", "R1", JUDGE_PATH},  {"h:80", "F9", JUDGE_HARDENED},
};

#define HEADING                                                                                    \
	"# Accepted deviations, for shakedown test --expect: TARGET SCENARIO "                     \
	"JUDGEMENT[,JUDGEMENT ...]\n# The last line that matches wins; what no line matches is "   \
	"to pass.\n"

/* Where there was no file: what did not pass, sorted as people count. */
static void test_new(void **state)
{
	static const struct sight better[] = {{"h:80", "R10", JUDGE_PASS},
					      {"h:80", "R2", JUDGE_PASS_MAY},
					      {"h:80", "F9", JUDGE_PASS},
					      {"10.0.0.9:80", "R1", JUDGE_PASS},
					      {"10.0.0.10:80", "R1", JUDGE_PASS}};

	(void)state;
	update_file(sights, LEN(sights));
	place_check("expected", HEADING "\n"
					"10.0.0.9:80 R1 PATH\n"
					"10.0.0.10:80 R1 APP\n"
					"h:80 F9 HARDENED\n"
					"h:80 R2 WARN\n"
					"h:80 R10 FAIL\n");
	update_file(better, LEN(better));
	place_check("expected", HEADING);
	update_file(NULL, 0);
	place_check("expected", HEADING);
}

static void test_update(void **state)
{
	static const char old[] = "# ours, in git\n"
				  "h:80 R10 FAIL # ticket 17\n"
				  "# gone with its line\n"
				  "h:80 R2 FAIL # changed\n"
				  "h:80 H1 FAIL\n"
				  "\n"
				  "# a section of the user's\n"
				  "\n"
				  "# stays with its line\n"
				  "h:80\tH3   fail,pass_may\n"
				  "other:80 R2 WARN   # not seen this time\n"
				  "h:80 H5 WARN # brackets are no wildcards\n"
				  "h:80 F1 WARN # hidden by what comes\n"
				  "# odd flags are dropped by Linux\n"
				  "* F*   hardened # all of them\n"
				  "h:* H[5] WARN\n"
				  "* H2 FAIL\n"
				  "h:80 H4 APP # nothing seen\n"
				  "h:80 R2 FAIL\n"
				  "# the end\n";
	static const char wanted[] = "# ours, in git\n"
				     "\n"
				     "# a section of the user's\n"
				     "\n"
				     "# the end\n"
				     "\n"
				     "# odd flags are dropped by Linux\n"
				     "* F* HARDENED # all of them\n"
				     "h:* H[5] WARN\n"
				     "* H2 FAIL\n"
				     "\n"
				     "10.0.0.9:80 R1 PATH\n"
				     "10.0.0.10:80 R1 APP\n"
				     "h:80 H2 PASS-MAY\n"
				     "# stays with its line\n"
				     "h:80 H3 PASS-MAY,FAIL\n"
				     "h:80 H4 APP # nothing seen\n"
				     "h:80 H5 WARN # brackets are no wildcards\n"
				     "h:80 R2 WARN\n"
				     "h:80 R10 FAIL # ticket 17\n"
				     "other:80 R2 WARN # not seen this time\n";

	(void)state;
	place_write("expected", old);
	update_file(sights, LEN(sights));
	place_check("expected", wanted);
	update_file(sights, LEN(sights));
	place_check("expected", wanted);
	/* Seen twice, otherwise each time: both are known now. */
	place_write("expected", "h:1 R1 FAIL\n");
	update_file((const struct sight[]){{"h:1", "R1", JUDGE_WARN}, {"h:1", "R1", JUDGE_PASS}},
		    2);
	place_check("expected", HEADING "\nh:1 R1 PASS,WARN\n");
}

/* A reader finds the old file, whole, until the new one is whole. */
static void test_atomic(void **state)
{
	struct accepted_update *update;
	struct stat old, new;

	(void)state;
	place_write("expected", "h:80 R2 FAIL\n");
	assert_int_equal(chmod("expected", 0640), 0);
	assert_int_equal(link("expected", "witness"), 0);
	assert_int_equal(symlink("expected", "link"), 0);
	assert_int_equal(stat("expected", &old), 0);
	update = accepted_update_open("link", NULL);
	see(update, sights, LEN(sights));
	place_check("expected", "h:80 R2 FAIL\n");
	assert_int_equal(accepted_update_close(update, false, NULL), 0);
	place_check("expected", "h:80 R2 FAIL\n");
	assert_int_equal(place_files(false), 3);
	update = accepted_update_open("link", NULL);
	see(update, sights, 2);
	assert_int_equal(accepted_update_close(update, true, NULL), 0);
	place_check("link", HEADING "\nh:80 R2 WARN\nh:80 R10 FAIL\n");
	place_check("expected", HEADING "\nh:80 R2 WARN\nh:80 R10 FAIL\n");
	place_check("witness", "h:80 R2 FAIL\n");
	assert_int_equal(stat("expected", &new), 0);
	assert_true(new.st_ino != old.st_ino &&new.st_mode == old.st_mode);
	assert_int_equal(lstat("link", &new), 0);
	assert_true(S_ISLNK(new.st_mode));
	assert_int_equal(place_files(true), 3);
}

static const char *const some_targets[] = {"a:1", "b:1", "[::1]:1"}, *const some_ids[] = {
									 "R1", "R2", "H1"};
static const char *const wild_targets[] = {"*", "?:1", "[*", "a:1", "b:1", "[::1]:1"};
static const char *const wild_ids[] = {"*", "R?", "*1", "R1", "R2", "H1"};

static void write_random(struct random *random)
{
	FILE *out = fopen("expected", "w");

	assert_non_null(out);
	for (uint64_t n = random_below(random, 12); n > 0; n--) {
		fprintf(out, "%s%s %s %s", random_below(random, 4) ? "" : "# above\n",
			wild_targets[random_below(random, LEN(wild_targets))],
			wild_ids[random_below(random, LEN(wild_ids))],
			judgement_info((enum judgement)random_below(random, JUDGE_COUNT))->name);
		if (random_below(random, 3) == 0)
			fprintf(out, ",%s",
				judgement_info((enum judgement)random_below(random, JUDGE_COUNT))
				    ->name);
		fputs(random_below(random, 3) ? "\n" : " # said\n\n", out);
	}
	fclose(out);
}

/* Whatever the file and the run: nothing that was seen is a change then, what was not seen is
 * expected as before, and a second update changes nothing. */
static void test_any(void **state)
{
	struct random random = {7};

	(void)state;
	for (int round = 0; round < 500; round++) {
		enum judgement seen[9];
		struct accepted_file *before, *after;
		static char first[8192], second[8192];
		size_t count = 0;
		struct sight list[9];

		write_random(&random);
		assert_int_equal(accepted_read("expected", &before, NULL), 0);
		for (unsigned i = 0; i < 9; i++) {
			seen[i] = (enum judgement)random_below(&random, JUDGE_COUNT + 3);
			if (seen[i] < JUDGE_COUNT)
				list[count++] =
				    (struct sight){some_targets[i / 3], some_ids[i % 3], seen[i]};
		}
		for (int again = 0; again < 2; again++) {
			char *text = again ? second : first;
			FILE *in;

			update_file(list, count);
			in = fopen("expected", "r");
			text[fread(text, 1, sizeof(first) - 1, in)] = '\0';
			fclose(in);
		}
		assert_string_equal(first, second);
		assert_int_equal(accepted_read("expected", &after, NULL), 0);
		for (unsigned i = 0; i < 9; i++) {
			const char *target = some_targets[i / 3], *id = some_ids[i % 3], *listed;

			if (seen[i] < JUDGE_COUNT)
				assert_int_not_equal(
				    accepted_find(after, target, id, seen[i], &listed),
				    ACCEPTED_CHANGED);
			for (unsigned j = 0; seen[i] >= JUDGE_INCONCLUSIVE && j < JUDGE_COUNT; j++)
				assert_int_equal(
				    accepted_find(before, target, id, (enum judgement)j, &listed),
				    accepted_find(after, target, id, (enum judgement)j, &listed));
		}
		accepted_free(before);
		accepted_free(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_new, place_enter, place_leave),
	    cmocka_unit_test_setup_teardown(test_update, place_enter, place_leave),
	    cmocka_unit_test_setup_teardown(test_atomic, place_enter, place_leave),
	    cmocka_unit_test_setup_teardown(test_any, place_enter, place_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
