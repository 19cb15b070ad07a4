/* SPDX-License-Identifier: BSD-2-Clause */
/* Results of scenarios as a CI reads them, TAP and JUnit XML: without it a CI could break where it
 * must not, stay green where it must not, or choke on what a server sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_cast.h"

static void check(struct cast *cast, const char *format, unsigned first, unsigned last,
		  const char *wanted)
{
	char *text = cast_report(cast, format, first, last);

	if (strcmp(text, wanted) != 0)
		fail_msg("written:\n%s\nwanted:\n%s", text, wanted);
	free(text);
}

static const char tap_all[] =
    "TAP version 13\n"
    "# shakedown 1.2.3, profile default, 2 targets\n"
    "ok 8 - 192.0.2.2:80 H1 SYN is answered by SYN-ACK # PASS SYN-ACK after 10.0 ms, ac"
    "k = ISS + 1\n"
    "ok 9 - 192.0.2.2:80 H12 data in the third segment # SKIP no request of the service"
    " is known\n"
    "  ---\n"
    "  judgement: \"SKIP\"\n"
    "  seen: \"no request of the service is known\"\n"
    "  rfc: \"RFC 9293 3.5\"\n"
    "  level: \"MAY\"\n"
    "  sends: \"ACK with data\"\n"
    "  attempts: 0\n"
    "  agreeing: 0\n"
    "  ...\n"
    "not ok 10 - 192.0.2.2:80 R1 RST at exactly the expected number ends the connection"
    " # FAIL still alive after an exact RST: the next segment, 1.2 s later, was acknowl"
    "edged\n"
    "  ---\n"
    "  judgement: \"FAIL\"\n"
    "  seen: \"still alive after an exact RST: the next segment, 1.2 s later, was ackno"
    "wledged\"\n"
    "  rfc: \"RFC 9293 3.10.7.4; RFC 5961 3.2\"\n"
    "  level: \"MUST\"\n"
    "  sends: \"RST with seq = SND.NXT\"\n"
    "  attempts: 3\n"
    "  agreeing: 2\n"
    "  ladder:\n"
    "    - \"connection 1 of 2, port 40000\"\n"
    "    - \"        ms  we are                                                server i"
    "s\"\n"
    "    - \"     0.000  SYN-SENT     -- S 0:0(0) --------------------------->\"\n"
    "    - \"                            win 64240 mss 1460 wscale 7 sack ts\"\n"
    "    - \"    10.000  ESTABLISHED  <- S. 0:0(0) ack 1 --------------------- SYN-RECE"
    "IVED\"\n"
    "    - \"                            win 65000 mss 1460 ts\"\n"
    "    - \"    10.000  ESTABLISHED  -- . 1:1(0) ack 1 ---------------------> ESTABLIS"
    "HED?\"\n"
    "    - \"    10.000  FIN-WAIT-1   -- F. 1:1(0) ack 1 --------------------> CLOSE-WA"
    "IT?\"\n"
    "    - \"    15.000  CLOSED       <- R 1:1(0) ---------------------------- CLOSED\"\n"
    "    - \"            ? if our segment arrived: nothing has shown it yet\"\n"
    "    - \"\"\n"
    "    - \"connection 2 of 2, port 40000\"\n"
    "    - \"        ms  we are                                                server i"
    "s\"\n"
    "    - \"     0.000  SYN-SENT     -- S 0:0(0) --------------------------->\"\n"
    "    - \"                            win 64240 mss 1460 wscale 7 sack ts\"\n"
    "    - \"    10.000  ESTABLISHED  <- S. 0:0(0) ack 1 --------------------- SYN-RECE"
    "IVED\"\n"
    "    - \"                            win 65000 mss 1460 ts\"\n"
    "    - \"    10.000  ESTABLISHED  -- . 1:1(0) ack 1 ---------------------> ESTABLIS"
    "HED?\"\n"
    "    - \"    10.000  FIN-WAIT-1   -- F. 1:1(0) ack 1 --------------------> CLOSE-WA"
    "IT?\"\n"
    "    - \"    15.000  FIN-WAIT-1   <- ICMP 3/13 from 192.0.2.2 ------------ CLOSE-WA"
    "IT?\"\n"
    "    - \"            ? if our segment arrived: nothing has shown it yet\"\n"
    "  ...\n"
    "not ok 11 - 192.0.2.2:80 R2a RST in the window is challenged # TODO as listed: FAI"
    "L gone without a challenge ACK\n"
    "  ---\n"
    "  judgement: \"FAIL\"\n"
    "  expected: \"WARN,FAIL\"\n"
    "  seen: \"gone without a challenge ACK\"\n"
    "  rfc: \"RFC 5961 3.2\"\n"
    "  level: \"MUST\"\n"
    "  sends: \"RST with seq = SND.NXT + 1\"\n"
    "  attempts: 1\n"
    "  agreeing: 1\n"
    "  ...\n"
    "not ok 12 - 192.0.2.2:80 R9 data without ACK is dropped # changed from FAIL: PASS-"
    "MAY dropped\n"
    "  ---\n"
    "  judgement: \"PASS-MAY\"\n"
    "  expected: \"FAIL\"\n"
    "  seen: \"dropped\"\n"
    "  rfc: \"RFC 9293 3.10.7.4\"\n"
    "  level: \"MUST\"\n"
    "  sends: \"data, no flags\"\n"
    "  attempts: 1\n"
    "  agreeing: 1\n"
    "  ...\n"
    "not ok 13 - 192.0.2.2:80 D6 a lone segment is acknowledged within half a second # "
    "changed from PASS: WARN acknowledged after 0.612 s\n"
    "  ---\n"
    "  judgement: \"WARN\"\n"
    "  expected: \"PASS\"\n"
    "  seen: \"acknowledged after 0.612 s\"\n"
    "  rfc: \"RFC 1122 4.2.3.2\"\n"
    "  level: \"MUST\"\n"
    "  sends: \"one octet\"\n"
    "  attempts: 1\n"
    "  agreeing: 1\n"
    "  ...\n"
    "not ok 14 - 192.0.2.2:80 D7 a scenario with a mistake # ERROR mine.lua:7: attempt "
    "to index a nil value\n"
    "  ---\n"
    "  judgement: \"ERROR\"\n"
    "  seen: \"mine.lua:7: attempt to index a nil value\"\n"
    "  rfc: \"\"\n"
    "  level: \"INFO\"\n"
    "  sends: \"\"\n"
    "  attempts: 1\n"
    "  agreeing: 1\n"
    "  ladder:\n"
    "    - \"  no segment was seen by the capture\"\n"
    "  ...\n"
    "ok 15 - 192.0.2.2:80 my-greeting-test <greeting> & \"quotes\" \\# TODO # SKIP INCO"
    "NCLUSIVE it said \"?[2J<b>'\\\\ \\# SKIP   ok 1 ]]> & ???31m\xef\xbf\xbd\xef\xbf"
    "\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbf \xc3\xa9\xe2\x82"
    "\xac\xf0\x9f\x8e\xb2 until the end\n"
    "  ---\n"
    "  judgement: \"INCONCLUSIVE\"\n"
    "  seen: \"it said \\\"\\u001b[2J<b>'\\\\ # SKIP\\u000d\\u000a\\u0009ok 1 ]]> & \\u"
    "0001\\u007f\\u009b31m\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\uffff \xc3\xa9"
    "\xe2\x82\xac\xf0\x9f\x8e\xb2 until the end\"\n"
    "  doubt: \"a run of three said <fail>\"\n"
    "  rfc: \"RFC 5321 3.1\"\n"
    "  level: \"INFO\"\n"
    "  sends: \"nothing\"\n"
    "  attempts: 1\n"
    "  agreeing: 1\n"
    "  ...\n"
    "# 192.0.2.2:80: Waits for us to close: nothing came for 10 s. Leaks CLOSE-WAIT: th"
    "e application did not close within 10 s of our FIN.\n"
    "1..15\n";

static const char tap_untestable[] =
    "TAP version 13\n"
    "# shakedown 1.2.3, profile default, 2 targets\n"
    "not ok 8 - 192.0.2.2:80 can be tested # ERROR '<nowhere>': Name or service not kno"
    "wn\n"
    "1..8\n";

static const char junit_all[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<testsuites name=\"shakedown 1.2.3, profile default\">\n"
    "  <testsuite name=\"192.0.2.2:80\" tests=\"8\" failures=\"3\" errors=\"1\" skipped"
    "=\"3\" time=\"1.234\">\n"
    "    <properties>\n"
    "      <property name=\"service\" value=\"http\"/>\n"
    "      <property name=\"mss\" value=\"1460\"/>\n"
    "      <property name=\"ratio\" value=\"1.5e-07\"/>\n"
    "    </properties>\n"
    "    <testcase classname=\"handshake\" name=\"H1 SYN is answered by SYN-ACK\" time="
    "\"0.100\">\n"
    "      <system-out>PASS\n"
    "seen: SYN-ACK after 10.0 ms, ack = ISS + 1\n"
    "sent: SYN\n"
    "rule: RFC 9293 3.5\n"
    "level: MUST\n"
    "runs: 1 of 1\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"handshake\" name=\"H12 data in the third segment\" time="
    "\"0.200\">\n"
    "      <skipped message=\"SKIP: no request of the service is known\"/>\n"
    "      <system-out>SKIP\n"
    "seen: no request of the service is known\n"
    "sent: ACK with data\n"
    "rule: RFC 9293 3.5\n"
    "level: MAY\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"validation\" name=\"R1 RST at exactly the expected numbe"
    "r ends the connection\" time=\"0.300\">\n"
    "      <failure type=\"FAIL\" message=\"FAIL: still alive after an exact RST: the n"
    "ext segment, 1.2 s later, was acknowledged\">seen: still alive after an exact RST:"
    " the next segment, 1.2 s later, was acknowledged\n"
    "sent: RST with seq = SND.NXT\n"
    "rule: RFC 9293 3.10.7.4; RFC 5961 3.2\n"
    "level: MUST\n"
    "runs: 2 of 3\n"
    "\n"
    "connection 1 of 2, port 40000\n"
    "        ms  we are                                                server is\n"
    "     0.000  SYN-SENT     -- S 0:0(0) ---------------------------&gt;\n"
    "                            win 64240 mss 1460 wscale 7 sack ts\n"
    "    10.000  ESTABLISHED  &lt;- S. 0:0(0) ack 1 --------------------- SYN-RECEIVED\n"
    "                            win 65000 mss 1460 ts\n"
    "    10.000  ESTABLISHED  -- . 1:1(0) ack 1 ---------------------&gt; ESTABLISHED?\n"
    "    10.000  FIN-WAIT-1   -- F. 1:1(0) ack 1 --------------------&gt; CLOSE-WAIT?\n"
    "    15.000  CLOSED       &lt;- R 1:1(0) ---------------------------- CLOSED\n"
    "            ? if our segment arrived: nothing has shown it yet\n"
    "\n"
    "connection 2 of 2, port 40000\n"
    "        ms  we are                                                server is\n"
    "     0.000  SYN-SENT     -- S 0:0(0) ---------------------------&gt;\n"
    "                            win 64240 mss 1460 wscale 7 sack ts\n"
    "    10.000  ESTABLISHED  &lt;- S. 0:0(0) ack 1 --------------------- SYN-RECEIVED\n"
    "                            win 65000 mss 1460 ts\n"
    "    10.000  ESTABLISHED  -- . 1:1(0) ack 1 ---------------------&gt; ESTABLISHED?\n"
    "    10.000  FIN-WAIT-1   -- F. 1:1(0) ack 1 --------------------&gt; CLOSE-WAIT?\n"
    "    15.000  FIN-WAIT-1   &lt;- ICMP 3/13 from 192.0.2.2 ------------ CLOSE-WAIT?\n"
    "            ? if our segment arrived: nothing has shown it yet\n"
    "</failure>\n"
    "      <system-out>FAIL\n"
    "seen: still alive after an exact RST: the next segment, 1.2 s later, was acknowled"
    "ged\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"validation\" name=\"R2a RST in the window is challenged"
    "\" time=\"0.400\">\n"
    "      <skipped message=\"as listed: FAIL: gone without a challenge ACK\"/>\n"
    "      <system-out>FAIL\n"
    "seen: gone without a challenge ACK\n"
    "sent: RST with seq = SND.NXT + 1\n"
    "rule: RFC 5961 3.2\n"
    "level: MUST\n"
    "runs: 1 of 1\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"validation\" name=\"R9 data without ACK is dropped\" tim"
    "e=\"0.500\">\n"
    "      <failure type=\"PASS-MAY\" message=\"changed from FAIL: PASS-MAY: dropped\">"
    "seen: dropped\n"
    "sent: data, no flags\n"
    "rule: RFC 9293 3.10.7.4\n"
    "level: MUST\n"
    "runs: 1 of 1\n"
    "</failure>\n"
    "      <system-out>PASS-MAY\n"
    "seen: dropped\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"data\" name=\"D6 a lone segment is acknowledged within h"
    "alf a second\" time=\"0.600\">\n"
    "      <failure type=\"WARN\" message=\"changed from PASS: WARN: acknowledged after"
    " 0.612 s\">seen: acknowledged after 0.612 s\n"
    "sent: one octet\n"
    "rule: RFC 1122 4.2.3.2\n"
    "level: MUST\n"
    "runs: 1 of 1\n"
    "</failure>\n"
    "      <system-out>WARN\n"
    "seen: acknowledged after 0.612 s\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"data\" name=\"D7 a scenario with a mistake\" time=\"0.70"
    "0\">\n"
    "      <error type=\"ERROR\" message=\"ERROR: mine.lua:7: attempt to index a nil va"
    "lue\">seen: mine.lua:7: attempt to index a nil value\n"
    "level: INFO\n"
    "runs: 1 of 1\n"
    "\n"
    "  no segment was seen by the capture\n"
    "</error>\n"
    "      <system-out>ERROR\n"
    "seen: mine.lua:7: attempt to index a nil value\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <testcase classname=\"mine\" name=\"my-greeting-test &lt;greeting&gt; &amp; &#"
    "34;quotes&#34; # TODO\" time=\"0.800\">\n"
    "      <skipped message=\"INCONCLUSIVE: it said &#34;\xef\xbf\xbd[2J&lt;b&gt;&#39;"
    "\\ # SKIP&#13;&#10;&#9;ok 1 ]]&gt; &amp; \xef\xbf\xbd\x7f\xc2\x9b"
    "31m\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef"
    "\xbf\xbd \xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb2 until the end\"/>\n"
    "      <system-out>INCONCLUSIVE\n"
    "seen: it said \"\xef\xbf\xbd[2J&lt;b&gt;'\\ # SKIP&#13;\n"
    "\x09ok 1 ]]&gt; &amp; \xef\xbf\xbd\x7f\xc2\x9b"
    "31m\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef"
    "\xbf\xbd \xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb2 until the end\n"
    "doubt: a run of three said &lt;fail&gt;\n"
    "sent: nothing\n"
    "rule: RFC 5321 3.1\n"
    "level: INFO\n"
    "runs: 1 of 1\n"
    "</system-out>\n"
    "    </testcase>\n"
    "    <system-out>Waits for us to close: nothing came for 10 s. Leaks CLOSE-WAIT: th"
    "e application did not close within 10 s of our FIN.</system-out>\n"
    "  </testsuite>\n"
    "</testsuites>\n";

static const char junit_untestable[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<testsuites name=\"shakedown 1.2.3, profile default\">\n"
    "  <testsuite name=\"192.0.2.2:80\" tests=\"1\" failures=\"0\" errors=\"1\" skipped"
    "=\"0\" time=\"1.234\">\n"
    "    <properties>\n"
    "      <property name=\"service\" value=\"http\"/>\n"
    "    </properties>\n"
    "    <testcase classname=\"192.0.2.2:80.target\" name=\"can be tested\">\n"
    "      <error type=\"ERROR\" message=\"&#39;&lt;nowhere&gt;&#39;: Name or service n"
    "ot known\"/>\n"
    "    </testcase>\n"
    "  </testsuite>\n"
    "  <testsuite name=\"shakedown\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\""
    "0\" time=\"0.000\">\n"
    "    <testcase classname=\"run\" name=\"is carried out\" time=\"0.000\">\n"
    "      <error type=\"ERROR\" message=\"interrupted\"/>\n"
    "    </testcase>\n"
    "  </testsuite>\n"
    "</testsuites>\n";

static void test_tap(void **state)
{
	static struct cast cast;
	char *text;

	(void)state;
	cast_init(&cast);
	check(&cast, "tap", 0, CAST_COUNT - 1, tap_all);
	check(&cast, "tap", 1, 0, tap_untestable);
	cast.summary.interrupted = true;
	text = cast_report(&cast, "tap", CAST_PASS, CAST_PASS);
	assert_null(strstr(text, "\n1.."));
	assert_non_null(strstr(text, "\nBail out! interrupted\n"));
	free(text);
}

static void test_junit(void **state)
{
	static struct cast cast;

	(void)state;
	cast_init(&cast);
	check(&cast, "junit", 0, CAST_COUNT - 1, junit_all);
	cast.style.several = cast.summary.interrupted = true;
	check(&cast, "junit", 1, 0, junit_untestable);
}

/* What each judgement is for a CI: without --expect, as listed, changed. */
static void test_outcomes(void **state)
{
	static const enum test_outcome outcomes[JUDGE_COUNT][3] = {
	    [JUDGE_PASS] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_FAILED},
	    [JUDGE_PASS_MAY] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_FAILED},
	    [JUDGE_WARN] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_FAILED},
	    [JUDGE_FAIL] = {OUTCOME_FAILED, OUTCOME_ACCEPTED, OUTCOME_FAILED},
	    [JUDGE_HARDENED] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_FAILED},
	    [JUDGE_APP] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_FAILED},
	    [JUDGE_PATH] = {OUTCOME_OK, OUTCOME_OK, OUTCOME_FAILED},
	    [JUDGE_INCONCLUSIVE] = {OUTCOME_SKIPPED, OUTCOME_SKIPPED, OUTCOME_FAILED},
	    [JUDGE_SKIP] = {OUTCOME_SKIPPED, OUTCOME_SKIPPED, OUTCOME_FAILED},
	    [JUDGE_ERROR] = {OUTCOME_ERROR, OUTCOME_ACCEPTED, OUTCOME_ERROR},
	};
	struct test_end end = {.changed = 0};

	(void)state;
	for (unsigned i = 0; i < JUDGE_COUNT; i++) {
		for (unsigned j = 0; j < 3; j++) {
			struct result result = {.judgement = (enum judgement)i};
			struct test_record record = {
			    .result = &result,
			    .accepted = (enum accepted)j,
			    .as_asked = test_as_asked((enum judgement)i, (enum accepted)j)};

			assert_int_equal(test_outcome(&record), outcomes[i][j]);
			assert_int_equal(record.as_asked, outcomes[i][j] != OUTCOME_FAILED &&
							      outcomes[i][j] != OUTCOME_ERROR);
			test_end_add(&end, &record);
		}
		assert_int_equal(end.counts[i], 3);
	}
	assert_int_equal(end.changed, JUDGE_COUNT);
	assert_int_equal(end.outcomes[OUTCOME_OK] + end.outcomes[OUTCOME_ACCEPTED] +
			     end.outcomes[OUTCOME_SKIPPED] + end.outcomes[OUTCOME_FAILED] +
			     end.outcomes[OUTCOME_ERROR],
			 3 * JUDGE_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tap),
	    cmocka_unit_test(test_junit),
	    cmocka_unit_test(test_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
