/* SPDX-License-Identifier: BSD-2-Clause */
/* When a judgement is sure: without it one lost segment, or one bad moment of a server, could
 * become an accusation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "script/job.h"
#include "script/run.h"

static const struct scenario usual = {.id = "X1", .profile = PROFILE_QUICK};
static const struct scenario lengthy = {.id = "X2", .profile = PROFILE_FULL, .takes_s = 200};
static const struct scenario brief = {.id = "X3", .profile = PROFILE_FULL, .takes_s = 30};

/* What the runs say is written as letters: P(ass) M(ay) W(arn) F(ail) H(ardened) A(pp) T = path
 * I(nconclusive) S(kip) E(rror). */
static enum judgement judgement_of_letter(char letter)
{
	static const char letters[] = "PMWFHATISE";
	const char *at = strchr(letters, letter);

	assert_non_null(at);
	return (enum judgement)(at - letters);
}

static char letter_of(const struct job *job, bool lossy)
{
	static const char letters[] = {[JOB_RUN] = 'r', [JOB_CONTROL] = 'c', [JOB_DONE] = '.'};

	return letters[job_next(job, lossy)];
}

/* Plays a job to its end: `runs` is what they say, one after the other, `bad_control` the number of
 * the control that fails (0: none). What was done is written into `done`: "rcrc.". */
static void play(struct job *job, bool lossy, const char *runs, unsigned bad_control, char done[32])
{
	unsigned steps = 0, controls = 0;

	for (;;) {
		char next = letter_of(job, lossy);

		assert_true(steps < 30);
		done[steps++] = next;
		done[steps] = '\0';
		if (next == '.')
			break;
		if (next == 'r' && *runs == '\0')
			fail_msg("a run too many after %s", done);
		if (next == 'r')
			job_tried(job, NULL, judgement_of_letter(*runs++));
		else
			job_controlled(job, ++controls != bad_control);
	}
	if (*runs != '\0')
		fail_msg("%s, and these runs were not asked for: %s", done, runs);
	job_conclude(job, lossy);
	assert_int_equal(job->state, JOB_IS_DONE);
}

struct history {
	const char *runs;
	unsigned bad_control;
	const char *done;
	char judgement;
	unsigned agreeing;
	const char *doubt;
};

static void check(const struct scenario *scenario, bool lossy, const struct history *histories,
		  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct history *h = &histories[i];
		struct job job = {.scenario = scenario};
		char done[32];

		play(&job, lossy, h->runs, h->bad_control, done);
		if (strcmp(done, h->done) != 0 || strcmp(job.doubt, h->doubt) != 0 ||
		    job.judgement != judgement_of_letter(h->judgement) ||
		    job.agreeing != h->agreeing)
			fail_msg("%s (control %u fails): %s, %s, %u agree, \"%s\"", h->runs,
				 h->bad_control, done, judgement_info(job.judgement)->name,
				 job.agreeing, job.doubt);
	}
}
#define CHECK(scenario, lossy, histories)                                                          \
	check(scenario, lossy, histories, sizeof(histories) / sizeof((histories)[0]))

/* What accuses nobody is believed at once. */
static void one_run_is_enough_for_good_news(void **state)
{
	static const struct history histories[] = {
	    {"P", 0, "r.", 'P', 1, ""}, {"M", 0, "r.", 'M', 1, ""}, {"H", 0, "r.", 'H', 1, ""},
	    {"A", 0, "r.", 'A', 1, ""}, {"S", 0, "r.", 'S', 1, ""},
	};

	(void)state;
	CHECK(&usual, false, histories);
	CHECK(&usual, true, histories);
	CHECK(&lengthy, false, histories);
	CHECK(&lengthy, true, histories);
}

/* No accusation rests on one run: two of three, with a control before and after. */
static void two_of_three(void **state)
{
	static const struct history histories[] = {
	    {"FF", 0, "rcrc.", 'F', 2, ""},   {"WW", 0, "rcrc.", 'W', 2, ""},
	    {"TT", 0, "rcrc.", 'T', 2, ""},   {"FPF", 0, "rcrrc.", 'F', 2, ""},
	    {"FIF", 0, "rcrrc.", 'F', 2, ""}, {"IFF", 0, "rrcrc.", 'F', 2, ""},
	    {"FWF", 0, "rcrrc.", 'F', 2, ""}, {"FWW", 0, "rcrrc.", 'W', 2, ""},
	};

	(void)state;
	CHECK(&usual, false, histories);
}

/* An accusation that does not come again is withdrawn, and said to have been there. */
static void acquittal(void **state)
{
	static const struct history histories[] = {
	    {"FPP", 0, "rcrr.", 'P', 2, "1 of 3 runs said FAIL"},
	    {"WMM", 0, "rcrr.", 'M', 2, "1 of 3 runs said WARN"},
	    {"FPI", 0, "rcrr.", 'P', 1, "1 of 3 runs said FAIL"},
	    {"FII", 0, "rcrr.", 'I', 2, "1 of 3 runs said FAIL"},
	    {"IIF", 0, "rrrc.", 'I', 2, "1 of 3 runs said FAIL"},
	    {"FWT", 0, "rcrr.", 'I', 0, "1 of 3 runs said FAIL"},
	};

	(void)state;
	CHECK(&usual, false, histories);
}

/* Where the path loses segments only five of five will do, and the first doubt ends it. */
static void all_five_when_lossy(void **state)
{
	static const struct history histories[] = {
	    {"FFFFF", 0, "rcrrrrc.", 'F', 5, ""},
	    {"WWWWW", 0, "rcrrrrc.", 'W', 5, ""},
	    {"FFFFP", 0, "rcrrrr.", 'P', 1, "4 of 5 runs said FAIL"},
	    {"FP", 0, "rcr.", 'P', 1, "1 of 2 runs said FAIL"},
	    {"FFI", 0, "rcrr.", 'I', 1, "2 of 3 runs said FAIL"},
	    {"IF", 0, "rrc.", 'I', 1, "1 of 2 runs said FAIL"},
	};

	(void)state;
	CHECK(&usual, true, histories);
}

/* A server that does not even do the plain thing is not blamed for the special one. */
static void controls_before_and_after(void **state)
{
	static const char why[] = "said FAIL, but a plain handshake and close did not work either";
	static const struct history histories[] = {
	    {"FF", 1, "rcrc.", 'I', 0, why},
	    {"FF", 2, "rcrc.", 'I', 0, why},
	    {"FPF", 2, "rcrrc.", 'I', 0, why},
	    {"FPP", 1, "rcrr.", 'P', 2, "1 of 3 runs said FAIL"},
	};

	(void)state;
	CHECK(&usual, false, histories);
}

static void inconclusive_is_tried_again(void **state)
{
	static const struct history histories[] = {
	    {"III", 0, "rrr.", 'I', 3, ""},
	    {"IP", 0, "rr.", 'P', 1, ""},
	    {"IIH", 0, "rrr.", 'H', 1, ""},
	};
	static const struct history lengthy_ones[] = {{"I", 0, "r.", 'I', 1, ""}};

	(void)state;
	CHECK(&usual, false, histories);
	CHECK(&usual, true, histories);
	CHECK(&lengthy, false, lengthy_ones);
}

/* Minutes are spent again for a FAIL alone, and not at all where it could not be believed. */
static void long_scenarios(void **state)
{
	static const char why[] =
	    "said FAIL, but the path loses segments, and it takes too long to say again";
	static const struct history histories[] = {
	    {"W", 0, "rcc.", 'W', 1, ""},
	    {"T", 0, "rcc.", 'T', 1, ""},
	    {"FF", 0, "rcrc.", 'F', 2, ""},
	    {"FP", 0, "rcr.", 'P', 1, "1 of 2 runs said FAIL"},
	    {"W", 2, "rcc.", 'I', 0,
	     "said WARN, but a plain handshake and close did not work either"},
	};
	static const struct history lossy[] = {{"F", 0, "r.", 'I', 0, why}};

	(void)state;
	CHECK(&lengthy, false, histories);
	CHECK(&lengthy, true, lossy);
}

/* What takes no minutes is run again like any other, though it is of the full profile. */
static void brief_scenarios_of_the_full_profile(void **state)
{
	static const struct history histories[] = {
	    {"WW", 0, "rcrc.", 'W', 2, ""},
	    {"WPP", 0, "rcrr.", 'P', 2, "1 of 3 runs said WARN"},
	    {"III", 0, "rrr.", 'I', 3, ""},
	};
	static const struct history lossy[] = {{"FFFFF", 0, "rcrrrrc.", 'F', 5, ""}};

	(void)state;
	CHECK(&brief, false, histories);
	CHECK(&brief, true, lossy);
}

/* A scenario with an error in it is not run again, whatever its other runs said. */
static void error_ends(void **state)
{
	static const struct history histories[] = {
	    {"E", 0, "r.", 'E', 1, ""},
	    {"FE", 0, "rcr.", 'E', 1, ""},
	    {"IE", 0, "rr.", 'E', 1, ""},
	};

	(void)state;
	CHECK(&usual, false, histories);
	CHECK(&usual, true, histories);
}

/* What was sure enough before the path was known to lose segments is so no longer. */
static void reopening(void **state)
{
	struct job job = {.scenario = &usual};
	char done[32];

	(void)state;
	play(&job, false, "FF", 0, done);
	assert_int_equal(job.judgement, JUDGE_FAIL);
	job.controlled_after = false;
	play(&job, true, "FFF", 0, done);
	assert_string_equal(done, "rrrc.");
	assert_int_equal(job.judgement, JUDGE_FAIL);
	assert_int_equal(job.agreeing, 5);

	job = (struct job){.scenario = &usual};
	play(&job, false, "FPF", 0, done);
	assert_int_equal(job.judgement, JUDGE_FAIL);
	play(&job, true, "", 0, done);
	assert_string_equal(done, "."); /* it cannot become five of five */
	assert_int_equal(job.judgement, JUDGE_PASS);
	assert_string_equal(job.doubt, "2 of 3 runs said FAIL");

	job = (struct job){.scenario = &lengthy};
	play(&job, false, "FF", 0, done);
	play(&job, true, "", 0, done);
	assert_int_equal(job.judgement, JUDGE_INCONCLUSIVE);

	job = (struct job){.scenario = &usual};
	play(&job, false, "P", 0, done);
	play(&job, true, "", 0, done);
	assert_int_equal(job.judgement, JUDGE_PASS);
}

/* Five runs is all that there is room for: at most so many may ever be asked for. */
static void never_more_than_there_is_room_for(void **state)
{
	static const char letters[] = "PWFIE";
	const unsigned count = sizeof(letters) - 1;

	(void)state;
	for (unsigned code = 0; code < count * count * count * count * count; code++)
		for (unsigned how = 0; how < 4; how++) {
			struct job job = {.scenario = how & 1 ? &usual : &lengthy};
			unsigned rest = code, steps = 0;
			enum job_next next;

			while ((next = job_next(&job, how & 2)) != JOB_DONE) {
				assert_true(++steps < 10);
				if (next == JOB_CONTROL) {
					job_controlled(&job, true);
					continue;
				}
				assert_true(job.attempts < JOB_ATTEMPTS_MAX);
				job_tried(&job, NULL, judgement_of_letter(letters[rest % count]));
				rest /= count;
			}
			job_conclude(&job, how & 2);
			assert_true(job.judgement != JUDGE_FAIL || job.agreeing >= 2);
			assert_true(job.judgement != JUDGE_FAIL || job.controlled_after);
		}
}

static enum judgement run_says(const struct run *run)
{
	return run->judgement;
}

/* Breaks when the segments that are shown are not those of a run that says what is claimed. */
static void shown_by_the_latest_that_agrees(void **state)
{
	struct run runs[] = {
	    {.judgement = JUDGE_FAIL}, {.judgement = JUDGE_PASS}, {.judgement = JUDGE_FAIL}};
	struct job job = {.scenario = &usual};

	(void)state;
	assert_int_equal(job_shown_by(&job, run_says), -1);
	for (unsigned i = 0; i < 3; i++)
		job_tried(&job, &runs[i], runs[i].judgement);
	job_conclude(&job, false);
	assert_int_equal(job_shown_by(&job, run_says), 2);
	job_conclude(&job, true);
	assert_int_equal(job_shown_by(&job, run_says), 1);
	job.judgement = JUDGE_INCONCLUSIVE; /* none said that: the latest */
	assert_int_equal(job_shown_by(&job, run_says), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_run_is_enough_for_good_news),
	    cmocka_unit_test(two_of_three),
	    cmocka_unit_test(acquittal),
	    cmocka_unit_test(all_five_when_lossy),
	    cmocka_unit_test(controls_before_and_after),
	    cmocka_unit_test(inconclusive_is_tried_again),
	    cmocka_unit_test(long_scenarios),
	    cmocka_unit_test(brief_scenarios_of_the_full_profile),
	    cmocka_unit_test(error_ends),
	    cmocka_unit_test(reopening),
	    cmocka_unit_test(never_more_than_there_is_room_for),
	    cmocka_unit_test(shown_by_the_latest_that_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
