/* SPDX-License-Identifier: BSD-2-Clause */
/* Octets that nobody vouches for: without it those of a server could leave their place in a line, a
 * document or a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/escape.h"

/* All that some format cannot take as it is, and some that all can. */
static const char hostile[] =
    "\"<b>'\\ # & ]]>\r\n\t\x01\x1b[2J\x7f\xc2\x9b"
    "31m \xff \xc0\xaf "
    "\xed\xa0\x80 \xef\xbf\xbf \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb2 \xf4\x90\x80\x80 \xe2\x82";

#define BAD  "\xef\xbf\xbd"
#define GOOD "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8e\xb2 "

static char *escape(enum escape how, const char *text)
{
	char *escaped = NULL;
	size_t len;
	FILE *out = open_memstream(&escaped, &len);

	assert_non_null(out);
	escape_put(out, how, text);
	fclose(out);
	assert_int_equal(strlen(escaped), len);
	return escaped;
}

static void test_hostile(void **state)
{
	static const char *const wanted[ESCAPE_COUNT] = {
	    [ESCAPE_LINE] = "\"<b>'\\ # & ]]>   ??[2J??31m ? ?? ??? \xef\xbf\xbf " GOOD "???? ??",
	    [ESCAPE_ASCII] = "\"<b>'\\ # & ]]>   ??[2J??31m ? ?? ??? ? ? ? ? ???? ??",
	    [ESCAPE_TAP] = "\"<b>'\\\\ \\# & ]]>   ??[2J??31m " BAD " " BAD BAD " " BAD BAD BAD
			   " \xef\xbf\xbf " GOOD BAD BAD BAD BAD " " BAD BAD,
	    [ESCAPE_QUOTED] =
		"\\\"<b>'\\\\ # & ]]>\\u000d\\u000a\\u0009\\u0001\\u001b[2J\\u007f\\u009b31m "
		"\\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \\uffff " GOOD
		"\\ufffd\\ufffd\\ufffd\\ufffd \\ufffd\\ufffd",
	    [ESCAPE_XML] =
		"\"&lt;b&gt;'\\ # &amp; ]]&gt;&#13;\n\t" BAD BAD "[2J\x7f\xc2\x9b"
		"31m " BAD " " BAD BAD " " BAD BAD BAD " " BAD " " GOOD BAD BAD BAD BAD " " BAD BAD,
	    [ESCAPE_ATTRIBUTE] =
		"&#34;&lt;b&gt;&#39;\\ # &amp; ]]&gt;&#13;&#10;&#9;" BAD BAD "[2J\x7f\xc2\x9b"
		"31m " BAD " " BAD BAD " " BAD BAD BAD " " BAD " " GOOD BAD BAD BAD BAD " " BAD BAD,
	};

	(void)state;
	for (unsigned how = 0; how < ESCAPE_COUNT; how++) {
		char *escaped = escape((enum escape)how, hostile);

		assert_string_equal(escaped, wanted[how]);
		free(escaped);
	}
}

/* Each octet, before one that cannot belong to it: never a control, never what is no UTF-8. */
static void test_octets(void **state)
{
	(void)state;
	for (unsigned how = 0; how < ESCAPE_COUNT; how++) {
		for (unsigned octet = 1; octet < 256; octet++) {
			const char text[] = {(char)octet, 'x', '\0'};
			char *escaped = escape((enum escape)how, text);
			size_t len = strlen(escaped);

			assert_true(len >= 2 && escaped[len - 1] == 'x');
			for (size_t i = 0; i < len; i++) {
				unsigned char c = (unsigned char)escaped[i];

				assert_true(c >= 0x20 || how == ESCAPE_XML);
				assert_true(c >= 0x20 || c == '\t' || c == '\n');
				assert_true(c != 0x7f || how == ESCAPE_XML ||
					    how == ESCAPE_ATTRIBUTE);
			}
			if (octet >= 0x80)
				assert_true(strcmp(escaped, "?x") == 0 ||
					    strcmp(escaped, "\\ufffdx") == 0 ||
					    strcmp(escaped, "\xef\xbf\xbdx") == 0);
			free(escaped);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
