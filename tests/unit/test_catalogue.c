/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of scenario files, and what of them is run: without it a mistake in a file could
 * crash the program or go unsaid, or --only could run what was not meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "script/catalogue.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The directory of the tests is the place; common.lua is the house's own. */
static void copy_common(void)
{
	const char *srcdir = getenv("SRCDIR");
	char path[4096];
	static char text[1 << 16];
	FILE *in;

	snprintf(path, sizeof(path), "%s/scenarios/common.lua", srcdir ? srcdir : ".");
	in = fopen(path, "r");
	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	place_write("common.lua", text);
}

static int enter(void **state)
{
	char here[4096];

	/* SRCDIR may be relative: the place is elsewhere */
	if (!getenv("SRCDIR") && (!getcwd(here, sizeof(here)) || setenv("SRCDIR", here, 0) < 0))
		return -1;
	if (place_enter(state) < 0)
		return -1;
	copy_common();
	return 0;
}

#define ABOUT(id, more)                                                                            \
	"scenario { id = '" id "', title = 'a title', rfc = 'RFC 9293', level = 'MUST',\n"         \
	"  sends = 'SYN', takes = 1.5, profile = 'quick', run = function() pass('') end,\n"        \
	"  " more " }\n"

static void reads(struct catalogue *catalogue, char *const *scripts, unsigned script_count)
{
	struct err err = {.class = ERR_NONE};

	if (catalogue_read(catalogue, ".", scripts, script_count, &err) < 0)
		fail_msg("%s", err.text);
}

/* The file x.lua with this text is refused with an error that begins so. */
static void refused(const char *text, const char *wanted)
{
	struct err err = {.class = ERR_NONE};
	struct catalogue catalogue;

	place_write("x.lua", text);
	assert_int_equal(catalogue_read(&catalogue, ".", NULL, 0, &err), -1);
	if (strncmp(err.text, wanted, strlen(wanted)) != 0)
		fail_msg("%s\nnot %s", err.text, wanted);
	assert_int_equal(err.class, ERR_USAGE);
	catalogue_free(&catalogue);
	unlink("x.lua");
}

/* The chosen ones as "X1 X2"; of -1 the error. */
static const char *chosen(const struct catalogue *catalogue, const struct selection *selection)
{
	const struct scenario *list[64];
	struct err err = {.class = ERR_NONE};
	static char text[512];
	int count = catalogue_select(catalogue, selection, list, &err);
	size_t used = 0;

	text[0] = '\0';
	if (count < 0)
		snprintf(text, sizeof(text), "%s", err.text);
	for (int i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i > 0 ? " " : "",
					 list[i]->id);
	return text;
}

static void what_scenarios_say_of_themselves(void **state)
{
	struct catalogue catalogue;
	const struct scenario *of;
	struct run_files files;

	(void)state;
	place_write("flags.lua", ABOUT("F1", "needs = 'request', alone = true")
				     ABOUT("F2", "after = 'all', intrusive = true"));
	reads(&catalogue, NULL, 0);
	of = catalogue_find(&catalogue, "F1");
	assert_non_null(of);
	assert_string_equal(of->title, "a title");
	assert_string_equal(of->rfc, "RFC 9293");
	assert_string_equal(of->level, "MUST");
	assert_string_equal(of->sends, "SYN");
	assert_string_equal(of->family, "flags");
	assert_string_equal(of->needs, "request");
	assert_true(of->takes_s > 1.4 && of->takes_s < 1.6);
	assert_int_equal(of->profile, PROFILE_QUICK);
	assert_true(of->alone && !of->after_all && !of->intrusive && !of->hidden);
	files = catalogue_files(&catalogue, of);
	assert_string_equal(files.own->name, "flags.lua");
	assert_string_equal(files.common->name, "common.lua");
	of = catalogue_find(&catalogue, "F2");
	assert_true(!of->alone && of->after_all && of->intrusive && of->needs == NULL);
	of = catalogue_find(&catalogue, "_control");
	assert_true(of->hidden);
	assert_null(catalogue_files(&catalogue, of).own);
	assert_null(catalogue_find(&catalogue, "F3"));
	catalogue_free(&catalogue);
	unlink("flags.lua");
}

/* Families come in the order of the manual, unknown ones after them; other files do not count. */
static void order_of_the_house(void **state)
{
	const struct selection all = {.profile = PROFILE_FULL};
	struct catalogue catalogue;

	(void)state;
	place_write("flags.lua", ABOUT("F1", "") ABOUT("F2", ""));
	place_write("handshake.lua", ABOUT("H1", ""));
	place_write("aaa.lua", ABOUT("A1", ""));
	place_write("zzz.lua", ABOUT("Z1", ""));
	place_write("close.lua", ABOUT("C1", ""));
	place_write("README", "no Lua");
	place_write("x.lua~", "no Lua");
	reads(&catalogue, NULL, 0);
	assert_string_equal(chosen(&catalogue, &all), "H1 C1 F1 F2 A1 Z1");
	catalogue_free(&catalogue);
	place_files(true);
	copy_common();
}

/* File and line, and what is wrong. */
static void mistakes_in_files(void **state)
{
	(void)state;
	refused("\nlocal x = = 1\n", "x.lua:2: unexpected symbol near '='");
	refused("\n\nnothing()\n", "x.lua:3: attempt to call a nil value (global 'nothing')");
	refused("\nscenario { id = 'X1', colour = 'red' }",
		"x.lua:2: scenario X1: it has no field");
	refused("scenario { id = 1 }", "x.lua:1: scenario 1: id must be a string");
	refused("scenario { id = 'X1', run = function() end }", "x.lua:1: scenario X1: title is m");
	refused("scenario { id = 'X1', title = 'x' }", "x.lua:1: scenario X1: there is no funct");
	refused(ABOUT("X1", "intrusive = 1"), "x.lua:1: scenario X1: intrusive must be a boolean");
	refused("scenario(1)", "x.lua:1: ");
	refused("while true do end", "x.lua:1: runs on and on");
	refused("local t = {}\nwhile true do t[#t + 1] = 'x' .. #t end", "x.lua: more than 16 MiB");
	refused("\033Lua", "x.lua: attempt to load a binary chunk");
	refused("local x = 1\nscenario { id = 'X1', profile = 'slow', title = '', rfc = '',\n"
		"level = '', sends = '', takes = 1, run = function() end }",
		"x.lua:2: scenario X1: no profile slow");
	refused(ABOUT("X1", "") ABOUT("X1", ""), "x.lua: scenario X1 is there twice");
	refused(ABOUT("_control", ""), "x.lua: scenario _control is there twice");
}

/* Outside of a scenario there is no target: a word that needs one is a mistake, not a crash. */
static void words_outside_of_a_scenario(void **state)
{
	static const char *const words[] = {
	    "open()",    "fresh { syn = false }", "control()",    "closed_port()", "pass('x')",
	    "skip('x')", "note('key', 1)",        "found('key')", "wait(1)"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < LEN(words); i++) {
		snprintf(text, sizeof(text), "local x\n%s\n", words[i]);
		refused(text, "x.lua:2: only within a scenario's run function");
	}
	refused("send {}", "x.lua:1: send: there is no connection: open() comes first");
	refused("local x = snd.nxt", "x.lua:1: snd_nxt: there is no connection yet");
	refused("request()", "x.lua:1: request: there is no connection");
}

/* What is behind the words is out of reach, and traps in the tables are an error at most. */
static void traps(void **state)
{
	struct catalogue catalogue;

	(void)state;
	refused("core.scenarios[1] = 5", "x.lua:1: attempt to index a nil value (global 'core')");
	refused("local n = 0\n"
		"local trap = setmetatable({}, {__index = function(_, key)\n"
		"  n = n + 1\n"
		"  if n > 30 then error('trap') end\n"
		"  return ({ id = 'X1', title = '', rfc = '', level = '', sends = '', takes = 1,\n"
		"            profile = 'quick', run = pass })[key]\n"
		"end})\n"
		"scenario(trap)\n"
		"n = 31\n",
		"x.lua:4: trap");
	place_write("x.lua", "core = nil\nscenario2, t, scenario = nil\n");
	reads(&catalogue, NULL, 0);
	catalogue_free(&catalogue);
	unlink("x.lua");
}

static void places_that_are_not_there(void **state)
{
	struct err err = {.class = ERR_NONE};
	struct catalogue catalogue;
	char *missing[] = {(char[]){"missing.lua"}};

	(void)state;
	assert_int_equal(catalogue_read(&catalogue, "nowhere", NULL, 0, &err), -1);
	assert_int_equal(err.class, ERR_CANNOT);
	assert_non_null(strstr(err.text, "nowhere: No such file or directory"));
	assert_non_null(strstr(err.text, "SHAKEDOWN_SCENARIOS"));
	catalogue_free(&catalogue);
	err.class = ERR_NONE;
	assert_int_equal(catalogue_read(&catalogue, ".", missing, 1, &err), -1);
	assert_int_equal(err.class, ERR_USAGE);
	assert_string_equal(err.text, "missing.lua: No such file or directory");
	catalogue_free(&catalogue);
	place_write("common.x.lua", "");
	unlink("common.lua");
	err.class = ERR_NONE;
	assert_int_equal(catalogue_read(&catalogue, ".", NULL, 0, &err), -1);
	assert_string_equal(err.text, ".: there is no common.lua");
	catalogue_free(&catalogue);
	unlink("common.x.lua");
	copy_common();
}

static void fill(void)
{
	place_write("flags.lua", ABOUT("F1", "") ABOUT("F2", "profile = 'default'") ABOUT(
				     "F3", "profile = 'full'") ABOUT("F4", "intrusive = true"));
	place_write("close.lua", ABOUT("C1", "") ABOUT("C10", "profile = 'full'"));
}

static void selection(void **state)
{
	static const struct {
		struct selection selection;
		const char *wanted;
	} cases[] = {
	    {{.profile = PROFILE_QUICK}, "C1 F1"},
	    {{.profile = PROFILE_DEFAULT}, "C1 F1 F2"},
	    {{.profile = PROFILE_FULL}, "C1 C10 F1 F2 F3"},
	    {{.profile = PROFILE_QUICK, .intrusive = true}, "C1 F1 F4"},
	    {{.profile = PROFILE_QUICK, .only = "F*"}, "F1 F2 F3"},
	    {{.profile = PROFILE_QUICK, .only = "F3,C?"}, "C1 F3"},
	    {{.profile = PROFILE_QUICK, .only = "F3,"}, "F3"},
	    {{.profile = PROFILE_FULL, .skip = "C*,F[12]"}, "F3"},
	    {{.profile = PROFILE_QUICK, .only = "F*", .skip = "F1"}, "F2 F3"},
	    {{.profile = PROFILE_QUICK, .only = "F4", .intrusive = true}, "F4"},
	    {{.only = "F4"},
	     "test: no scenario is left: those that could disturb need --intrusive; "
	     "see shakedown list scenarios"},
	    {{.skip = "*"},
	     "test: no scenario is left: those that could disturb need --intrusive; "
	     "see shakedown list scenarios"},
	    {{.only = "F1,X?"},
	     "--only: X?: there is no such scenario: see shakedown list "
	     "scenarios"},
	    {{.skip = "X1"}, "--skip: X1: there is no such scenario: see shakedown list scenarios"},
	    {{.only = "_control"},
	     "--only: _control: there is no such scenario: see shakedown list "
	     "scenarios"},
	    {{.only = ""},
	     "test: no scenario is left: those that could disturb need --intrusive; "
	     "see shakedown list scenarios"},
	};
	struct catalogue catalogue;

	(void)state;
	fill();
	reads(&catalogue, NULL, 0);
	for (size_t i = 0; i < LEN(cases); i++)
		assert_string_equal(chosen(&catalogue, &cases[i].selection), cases[i].wanted);
	catalogue_free(&catalogue);
}

/* The user's own come alone, whatever their profile; --only and --skip choose among them. */
static void own_scripts(void **state)
{
	char *scripts[] = {(char[]){"own/mine.lua"}, (char[]){"own/more.lua"}};
	struct selection quick = {.profile = PROFILE_QUICK};
	struct catalogue catalogue;

	(void)state;
	fill();
	assert_int_equal(mkdir("own", 0700), 0);
	place_write(scripts[0], ABOUT("M1", "profile = 'full'") ABOUT("M2", "intrusive = true"));
	place_write(scripts[1], ABOUT("N1", ""));
	reads(&catalogue, scripts, 2);
	assert_string_equal(catalogue_find(&catalogue, "M1")->family, "mine");
	assert_string_equal(chosen(&catalogue, &quick), "M1 N1");
	quick.skip = "N*";
	assert_string_equal(chosen(&catalogue, &quick), "M1");
	quick.intrusive = true;
	assert_string_equal(chosen(&catalogue, &quick), "M1 M2");
	catalogue_free(&catalogue);
	place_write(scripts[1], ABOUT("F1", ""));
	{
		struct err err = {.class = ERR_NONE};

		assert_int_equal(catalogue_read(&catalogue, ".", scripts, 2, &err), -1);
		assert_string_equal(err.text, "more.lua: scenario F1 is there twice");
		catalogue_free(&catalogue);
	}
	unlink(scripts[0]);
	unlink(scripts[1]);
	assert_int_equal(rmdir("own"), 0);
}

/* Those that are installed must be readable, each with all that it has to say of itself. */
static void the_catalogue_itself(void **state)
{
	struct err err = {.class = ERR_NONE};
	struct catalogue catalogue;
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/scenarios", getenv("SRCDIR"));
	if (catalogue_read(&catalogue, path, NULL, 0, &err) < 0)
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < catalogue.count; i++) {
		const struct scenario *of = &catalogue.scenarios[i];

		assert_non_null(of->id);
		if (of->hidden)
			continue;
		assert_true(of->takes_s > 0 && of->takes_s < 3600);
		assert_true(of->rfc[0] && of->title[0] && of->sends[0]);
		assert_non_null(strstr("MUST SHOULD MAY INFO", of->level));
		assert_ptr_equal(catalogue_find(&catalogue, of->id), of);
	}
	assert_non_null(catalogue_find(&catalogue, "H1"));
	assert_non_null(catalogue_find(&catalogue, "_service"));
	assert_non_null(catalogue_find(&catalogue, "_report"));
	catalogue_free(&catalogue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_scenarios_say_of_themselves),
	    cmocka_unit_test(order_of_the_house),
	    cmocka_unit_test(mistakes_in_files),
	    cmocka_unit_test(words_outside_of_a_scenario),
	    cmocka_unit_test(traps),
	    cmocka_unit_test(places_that_are_not_there),
	    cmocka_unit_test(selection),
	    cmocka_unit_test(own_scripts),
	    cmocka_unit_test(the_catalogue_itself),
	};

	return cmocka_run_group_tests(tests, enter, place_leave);
}
