/* SPDX-License-Identifier: BSD-2-Clause */
/* A run of a scenario from its first line to the end of its last connection: without it a script
 * with a mistake in it could go unsaid, never end, or leave connections behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_play.h"

static int setup(void **state)
{
	*state = malloc(sizeof(struct run_play));
	if (*state)
		run_play_init(*state);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	run_play_free(*state);
	free(*state);
	return 0;
}

static void open_expect_verdict(void **state)
{
	struct run_play *play = *state;

	run_play(play, "open()\n"
		       "assert(snd.nxt == 1 and rcv.nxt == 1 and snd.una == 1)\n"
		       "send { data = 'hello' }\n"
		       "assert(snd.nxt == 6)\n"
		       "local s = expect { data = true, within = 1 }\n"
		       "assert(s.data == 'hello' and s.len == 5 and s.seq == 1 and s.ack == 6)\n"
		       "assert(expect { within = 0.5 } == nil)\n"
		       "pass('seen ' .. s.flags)");
	run_play_says(play, JUDGE_PASS, "seen .");
	assert_int_equal(play->conn_count, 1);
	assert_int_equal(play->resets, 1);
	assert_int_equal(play->run->conns[0]->live, false);
	assert_true(play->run->conns[0]->probe->reset_confirmed);
	assert_true(play->run->conns[0]->probe->timeline.count > 5);
}

/* Nothing comes: the waiting ends by itself, after the time that was said. */
static void timeout(void **state)
{
	struct run_play *play = *state;

	run_play(play, "open()\n"
		       "local before = t.now\n"
		       "local s = expect { flags = 'F.', within = 2 }\n"
		       "local took = t.now - before\n"
		       "assert(s == nil and took > 1.999 and took < 2.001)\n"
		       "before = t.now\n"
		       "wait(3.5)\n"
		       "assert(t.now - before > 3.499 and t.now - before < 3.501)\n"
		       "inconclusive('nothing')");
	run_play_says(play, JUDGE_INCONCLUSIVE, "nothing");
}

static void verdicts(void **state)
{
	static const struct {
		const char *text;
		enum judgement judgement;
	} cases[] = {
	    {"pass('x')", JUDGE_PASS},         {"pass_may('x')", JUDGE_PASS_MAY},
	    {"warn('x')", JUDGE_WARN},         {"fail('x')", JUDGE_FAIL},
	    {"hardened('x')", JUDGE_HARDENED}, {"app('x')", JUDGE_APP},
	    {"path('x')", JUDGE_PATH},         {"inconclusive('x')", JUDGE_INCONCLUSIVE},
	    {"skip('x')", JUDGE_SKIP},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_play_check(SERVER_ECHOES, cases[i].text, cases[i].judgement, "x");
	run_play_check(SERVER_ECHOES, "fail('first') pass('second')", JUDGE_FAIL, "first");
	run_play_check(SERVER_ECHOES, "pass()", JUDGE_PASS, "");
	run_play_check(SERVER_ECHOES, "pass(42)", JUDGE_PASS, "42");
}

/* What is wrong is said with the file and line of the script, though the word is in common.lua. */
static void errors_name_file_and_line(void **state)
{
	static const struct {
		const char *text, *seen;
	} cases[] = {
	    {"\nlocal x = nil + 1", "own.lua:3: attempt to perform arithmetic on a nil value"},
	    {"open()\nsend { flags = 'X' }", "own.lua:3: send: 'X' are no flags"},
	    {"open()\nsend { seq = 'a' }", "own.lua:3: send: seq must be a whole number"},
	    {"open()\nsend { seq = 1.5 }", "own.lua:3: send: seq must be a whole number"},
	    {"open()\nsend { options = ('x'):rep(41) }", "own.lua:3: send: options: more than 40"},
	    {"open()\nsend { data = ('x'):rep(60001) }", "own.lua:3: send: data: more than 60000"},
	    {"\n\nwait('soon')",
	     "own.lua:4: attempt to add a 'number' with a 'string' (common.lua:"},
	    {"\nopen { colour = 'red' }", "own.lua:3: open: there is no option colour"},
	    {"\nopen { mss = 70000 }", "own.lua:3: open: mss: a whole number of at most 65535"},
	    {"\nopen { mss = -1 }", "own.lua:3: open: mss: a whole number"},
	    {"\nopen { dport = 1.5 }", "own.lua:3: open: dport: a whole number"},
	    {"\nopen { window = false }", "own.lua:3: open: window: a whole number"},
	    {"\nsend {}", "own.lua:3: send: there is no connection: open() comes first"},
	    {"\nlocal x = rcv.nxt", "own.lua:3: rcv_nxt: there is no connection yet"},
	    {"local c = open()\nlocal x = c.colour", "own.lua:3: a connection has no colour"},
	    {"\nnote('key', {})", "own.lua:3: note: key: a string, number or boolean is wanted"},
	    {"\nnote('key')", "own.lua:3: note: key: a string"},
	    {"\nerror('mine')", "own.lua:3: mine"},
	    {"\nnothing()", "own.lua:3: attempt to call a nil value (global 'nothing')"},
	    {"\ncore.open {}", "own.lua:3: attempt to index a nil value (global 'core')"},
	    {"\ntable.sort({2, 1}, function() wait(1) end)",
	     "own.lua:3: attempt to yield across a C-call boundary"},
	    {"\nwhile true do end", "own.lua:3: runs on and on: more than 10 million"},
	    {"\nlocal x = 'x'\nwhile true do x = x .. x end", "own.lua:4: more than 16 MiB"},
	    {"\nwhile true do wait(0) end", "own.lua:3: runs on and on: more than 10 million"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_play_check(SERVER_ECHOES, cases[i].text, JUDGE_ERROR, cases[i].seen);
}

/* Whatever a script does, all its connections end. */
static void an_error_ends_all_connections(void **state)
{
	struct run_play *play = *state;

	run_play(play, "open()\nfresh()\nlocal c = fresh()\nc:mute()\n"
		       "fresh { syn = false }:send { flags = 'S' }\n"
		       "local d = fresh { third = false }\nerror('here')");
	run_play_says(play, JUDGE_ERROR, "own.lua:8: here");
	assert_int_equal(play->conn_count, 5);
	assert_int_equal(play->resets, 5);
	for (unsigned i = 0; i < play->conn_count; i++) {
		assert_false(play->conns[i].live);
		assert_false(play->conns[i].known);
	}
}

static void no_verdict(void **state)
{
	(void)state;
	run_play_check(SERVER_ECHOES, "open()", JUDGE_ERROR,
		       "scenario X1: it ended without a verdict");
	run_play_check(SERVER_ECHOES, "return", JUDGE_ERROR, "scenario X1: it ended without");
}

/* Twice what it says, and 10 s: then it is at its end, and its connections too. */
static void limit(void **state)
{
	struct run_play *play = *state;
	int64_t began_ns = play->now_ns;

	run_play(play, "open()\nwait(1000)\npass('')");
	run_play_says(play, JUDGE_ERROR, "it took far longer than it says (takes)");
	assert_true(play->now_ns - began_ns >= INT64_C(50000000000));
	assert_true(play->now_ns - began_ns < INT64_C(51000000000));
	assert_false(play->conns[0].known);
}

static void senseless_limits(void **state)
{
	static const double takes[] = {-1e300, 1e300};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct run_play *play = malloc(sizeof(*play));

		assert_non_null(play);
		run_play_init(play);
		play->scenario.takes_s = takes[i];
		run_play(play, "wait(1)\npass('')");
		run_play_says(play, JUDGE_PASS, "");
		run_play_free(play);
		free(play);
	}
}

/* Findings: what was noted is found again, by this run and by others. */
static void notes(void **state)
{
	struct run_play *play = *state;

	play->known = (struct finding){.key = (char[]){"other"}, .value = (char[]){"5"}};
	run_play(play, "note('text', 'seven') note('number', 7) note('half', 0.5)\n"
		       "note('truth', false) note('text', 'eight')\n"
		       "assert(found('text') == 'eight' and found('number') == 7)\n"
		       "assert(found('half') == 0.5 and found('truth') == false)\n"
		       "assert(found('other') == 5 and found('nothing') == nil)\n"
		       "note('digits', '12')\nassert(found('digits') == '12')\n"
		       "pass('')");
	run_play_says(play, JUDGE_PASS, "");
	assert_int_equal(play->run->finding_count, 5);
	assert_string_equal(play->run->findings[0].key, "text");
	assert_string_equal(play->run->findings[0].value, "eight");
	assert_true(play->run->findings[0].text);
	assert_string_equal(play->run->findings[1].value, "7");
	assert_false(play->run->findings[1].text);
}

static void too_many_notes(void **state)
{
	(void)state;
	run_play_check(SERVER_ECHOES, "for i = 1, 65 do note('key' .. i, i) end", JUDGE_ERROR,
		       "own.lua:2: note: more than 64 findings");
}

/* A script that takes all memory before it begins is an error of its own, not the program's. */
static void memory_taken_while_loading(void **state)
{
	(void)state;
	for (unsigned size = 15 << 20; size < 16 << 20; size += 8191) {
		struct run_play *play = malloc(sizeof(*play));
		char text[512];

		assert_non_null(play);
		run_play_init(play);
		snprintf(text, sizeof(text),
			 "scenario { id = 'X1', title = '', rfc = '', level = '', sends = '',\n"
			 "takes = 20, profile = 'quick', run = function() pass('') end }\n"
			 "all = ('x'):rep(%u)",
			 size);
		run_play_file(play, text);
		assert_true(play->run->judgement == JUDGE_PASS ||
			    play->run->judgement == JUDGE_ERROR);
		run_play_free(play);
		free(play);
	}
}

/* The stage has no room: the script waits for it. It cannot open at all: that is the host's error.
 */
static void stage_without_room(void **state)
{
	struct run_play *play = *state;

	play->no_room = true;
	run_play(play, "open()\npass('')");
	run_play_says(play, JUDGE_INCONCLUSIVE, "no port of ours was free");
	assert_int_equal(play->run->conn_count, 0);
}

static void stage_that_cannot_open(void **state)
{
	struct run_play *play = *state;

	play->broken = "eth0: no such device";
	run_play(play, "open()\npass('')");
	run_play_says(play, JUDGE_ERROR, "eth0: no such device");
}

/* The SYN cannot be sent: the connection has ended before open() has come back. */
static void connection_that_ends_at_once(void **state)
{
	struct run_play *play = *state;

	play->dies_with = "sendto: Operation not permitted";
	run_play(play, "open()\npass('')");
	run_play_says(play, JUDGE_ERROR, "sendto: Operation not permitted");
	assert_int_equal(play->run->conn_count, 1);
	assert_non_null(play->run->conns[0]->probe);
}

static void interrupted(void **state)
{
	struct run_play *play = *state;
	struct run *run;

	run_play(play, "pass('done')");
	run_stop(play->run, "interrupted");
	run_play_says(play, JUDGE_PASS, "done");
	run_free(play->run);
	{
		const struct run_files files = {.common = &play->common, .own = &play->own};

		play->run = run = run_new(&play->world, &play->scenario, &files);
	}
	assert_non_null(run);
	run_stop(run, "interrupted");
	run_play_says(play, JUDGE_INCONCLUSIVE, "interrupted");
	assert_true(run_done(run));
	run_turn(run);
	assert_true(run_done(run));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(open_expect_verdict, setup, teardown),
	    cmocka_unit_test_setup_teardown(timeout, setup, teardown),
	    cmocka_unit_test(verdicts),
	    cmocka_unit_test(errors_name_file_and_line),
	    cmocka_unit_test_setup_teardown(an_error_ends_all_connections, setup, teardown),
	    cmocka_unit_test(no_verdict),
	    cmocka_unit_test_setup_teardown(limit, setup, teardown),
	    cmocka_unit_test(senseless_limits),
	    cmocka_unit_test_setup_teardown(notes, setup, teardown),
	    cmocka_unit_test(too_many_notes),
	    cmocka_unit_test(memory_taken_while_loading),
	    cmocka_unit_test_setup_teardown(stage_without_room, setup, teardown),
	    cmocka_unit_test_setup_teardown(stage_that_cannot_open, setup, teardown),
	    cmocka_unit_test_setup_teardown(connection_that_ends_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(interrupted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
