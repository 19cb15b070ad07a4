/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of accepted deviations, and what they say of a result: without it a CI could stay green
 * though a server changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "place.h"
#include "report/accepted.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

static struct accepted_file *read_text(const char *text)
{
	struct accepted_file *file;
	struct err err = {.class = ERR_NONE};

	place_write("expected", text);
	if (accepted_read("expected", &file, &err) < 0)
		fail_msg("%s", err.text);
	return file;
}

struct question {
	const char *target, *id;
	enum judgement judgement;
	enum accepted answer;
	const char *listed;
};

static void check_answers(const struct accepted_file *file, const struct question *questions,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct question *q = &questions[i];
		const char *listed = "";
		enum accepted answer = accepted_find(file, q->target, q->id, q->judgement, &listed);

		if (answer != q->answer || (listed == NULL) != (q->listed == NULL) ||
		    (listed && strcmp(listed, q->listed) != 0))
			fail_msg("%s %s %s: %d, listed %s", q->target, q->id,
				 judgement_info(q->judgement)->name, (int)answer,
				 listed ? listed : "nothing");
	}
}

/* The last line that matches wins, and what it says is all that counts. */
static void test_rule(void **state)
{
	static const char text[] = "# what a file may look like\n"
				   "\n"
				   "*          R*   FAIL\n"
				   "10.0.0.1:80 R2\tpass_may , Warn   # both happen\r\n"
				   "* R3 PASS\n"
				   "[2001:db8::1]:80 R4 HARDENED#no blank\n"
				   "[2001:db8::*]:?? R5 APP\n"
				   "10.0.0.1:80 R6 WARN\n"
				   "10.0.0.1:80 R6 PATH\n"
				   "10.0.0.1:80 R7 INCONCLUSIVE,ERROR";
	static const struct question questions[] = {
	    {"a:1", "R1", JUDGE_FAIL, ACCEPTED_AS_LISTED, "FAIL"},
	    {"a:1", "R1", JUDGE_PASS, ACCEPTED_CHANGED, "FAIL"},
	    {"a:1", "R1", JUDGE_WARN, ACCEPTED_CHANGED, "FAIL"},
	    {"a:1", "R1", JUDGE_INCONCLUSIVE, ACCEPTED_NOT_ASKED, "FAIL"},
	    {"a:1", "R1", JUDGE_SKIP, ACCEPTED_NOT_ASKED, "FAIL"},
	    {"a:1", "R1", JUDGE_ERROR, ACCEPTED_NOT_ASKED, "FAIL"},
	    {"10.0.0.1:80", "R2", JUDGE_WARN, ACCEPTED_AS_LISTED, "PASS-MAY,WARN"},
	    {"10.0.0.1:80", "R2", JUDGE_PASS_MAY, ACCEPTED_AS_LISTED, "PASS-MAY,WARN"},
	    {"10.0.0.1:80", "R2", JUDGE_FAIL, ACCEPTED_CHANGED, "PASS-MAY,WARN"},
	    {"10.0.0.1:80", "R20", JUDGE_FAIL, ACCEPTED_AS_LISTED, "FAIL"},
	    {"10.0.0.1:80", "R3", JUDGE_PASS, ACCEPTED_AS_LISTED, "PASS"},
	    {"10.0.0.1:80", "R3", JUDGE_PASS_MAY, ACCEPTED_CHANGED, "PASS"},
	    {"10.0.0.1:80", "R3", JUDGE_FAIL, ACCEPTED_CHANGED, "PASS"},
	    {"[2001:db8::1]:80", "R4", JUDGE_HARDENED, ACCEPTED_AS_LISTED, "HARDENED"},
	    {"2001:db8::1", "R4", JUDGE_HARDENED, ACCEPTED_CHANGED, "FAIL"},
	    {"[2001:db8::9]:80", "R5", JUDGE_APP, ACCEPTED_AS_LISTED, "APP"},
	    {"[2001:db8::9]:8080", "R5", JUDGE_APP, ACCEPTED_CHANGED, "FAIL"},
	    {"10.0.0.1:80", "R6", JUDGE_PATH, ACCEPTED_AS_LISTED, "PATH"},
	    {"10.0.0.1:80", "R6", JUDGE_WARN, ACCEPTED_CHANGED, "PATH"},
	    {"10.0.0.1:80", "R7", JUDGE_ERROR, ACCEPTED_AS_LISTED, "INCONCLUSIVE,ERROR"},
	    {"10.0.0.1:80", "R7", JUDGE_PASS, ACCEPTED_CHANGED, "INCONCLUSIVE,ERROR"},
	    {"10.0.0.1:80", "H1", JUDGE_PASS, ACCEPTED_NOT_ASKED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_PASS_MAY, ACCEPTED_NOT_ASKED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_SKIP, ACCEPTED_NOT_ASKED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_INCONCLUSIVE, ACCEPTED_NOT_ASKED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_ERROR, ACCEPTED_NOT_ASKED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_FAIL, ACCEPTED_CHANGED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_WARN, ACCEPTED_CHANGED, NULL},
	    {"10.0.0.1:80", "H1", JUDGE_HARDENED, ACCEPTED_CHANGED, NULL},
	};
	static const struct question no_file[] = {
	    {"a:1", "R1", JUDGE_FAIL, ACCEPTED_NOT_ASKED, NULL},
	    {"a:1", "R1", JUDGE_WARN, ACCEPTED_NOT_ASKED, NULL},
	};
	struct accepted_file *file = read_text(text);

	(void)state;
	check_answers(file, questions, LEN(questions));
	check_answers(NULL, no_file, LEN(no_file));
	accepted_free(file);
	accepted_free(NULL);
}

static void test_bad_lines(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
	    {"* R1 FAIL\n10.0.0.1:80 R2\n",
	     "expected:2: '10.0.0.1:80': a line is TARGET SCENARIO JUDGEMENT[,JUDGEMENT ...]"},
	    {"# x\n\nR1 # FAIL\n",
	     "expected:3: 'R1': a line is TARGET SCENARIO JUDGEMENT[,JUDGEMENT ...]"},
	    {"* R1   \t\r\n",
	     "expected:1: '*': a line is TARGET SCENARIO JUDGEMENT[,JUDGEMENT ...]"},
	    {"* R1 FIAL # oops\n", "expected:1: 'FIAL': no such judgement; there are PASS, "
				   "PASS-MAY, WARN, FAIL, HARDENED, "
				   "APP, PATH, INCONCLUSIVE, SKIP, ERROR"},
	    {"* R1 FAIL WARN\n",
	     "expected:1: 'FAIL WARN': no such judgement; there are PASS, PASS-MAY, WARN, FAIL, "
	     "HARDENED, APP, PATH, INCONCLUSIVE, SKIP, ERROR"},
	    {"* R1 FAIL,\n",
	     "expected:1: '': no such judgement; there are PASS, PASS-MAY, WARN, FAIL, HARDENED, "
	     "APP, PATH, INCONCLUSIVE, SKIP, ERROR"},
	};
	struct accepted_file *file;

	(void)state;
	for (size_t i = 0; i < LEN(cases); i++) {
		struct err err = {.class = ERR_NONE};

		place_write("expected", cases[i].text);
		assert_int_equal(accepted_read("expected", &file, &err), -1);
		assert_null(file);
		assert_int_equal(err.class, ERR_USAGE);
		assert_string_equal(err.text, cases[i].wanted);
		/* Nor is it overwritten. */
		assert_null(accepted_update_open("expected", NULL));
		place_check("expected", cases[i].text);
		assert_int_equal(place_files(false), 1);
	}
}

static void check_error(const char *path, const char *wanted)
{
	struct accepted_file *file;
	struct err err = {.class = ERR_NONE};

	assert_int_equal(accepted_read(path, &file, &err), -1);
	assert_string_equal(err.text, wanted);
}

static void test_unreadable(void **state)
{
	struct err err = {.class = ERR_NONE};
	FILE *out = fopen("expected", "w");

	(void)state;
	for (int i = 0; i < 5000; i++)
		putc('x', out);
	fputs("\n", out);
	fclose(out);
	check_error("expected", "expected:1: the line: it is too long, or this is no text");
	out = fopen("expected", "w");
	fwrite("* R1 FA\0IL\n* R2 FAIL\n", 1, 21, out);
	fclose(out);
	check_error("expected", "expected:1: the line: it is too long, or this is no text");
	check_error("missing", "missing: cannot read it: No such file or directory");
	check_error(".", ".: cannot read it: Is a directory");
	assert_null(accepted_update_open("/dev/null", &err));
	assert_string_equal(err.text, "/dev/null: cannot replace it: it is no regular file");
	err.class = ERR_NONE;
	assert_null(accepted_update_open("missing/expected", &err));
	assert_non_null(strstr(err.text, ": cannot create it: No such file or directory"));
	assert_int_equal(err.class, ERR_CANNOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_rule, place_enter, place_leave),
	    cmocka_unit_test_setup_teardown(test_bad_lines, place_enter, place_leave),
	    cmocka_unit_test_setup_teardown(test_unreadable, place_enter, place_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
