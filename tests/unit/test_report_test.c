/* SPDX-License-Identifier: BSD-2-Clause */
/* Results of scenarios as people and programs read them: without it a line could lose its reason, a
 * server's octets could reach the terminal, or a record its shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/json.h"
#include "report_cast.h"

static void check(struct cast *cast, const char *format, unsigned first, unsigned last,
		  const char *wanted)
{
	char *text = cast_report(cast, format, first, last);

	if (strcmp(text, wanted) != 0)
		fail_msg("written:\n%s\nwanted:\n%s", text, wanted);
	free(text);
}

/* All kinds, without ladders. */
static const char text_lines[] =
    "192.0.2.2:80, http\n"
    "\n"
    "Handshake\n"
    "PASS         H1   SYN-ACK after 10.0 ms, ack = ISS + 1 (RFC 9293 3.5)\n"
    "SKIP         H12  no request of the service is known (RFC 9293 3.5)\n"
    "\n"
    "RST, SYN and ACK validation\n"
    "FAIL         R1   still alive after an exact RST: the next segment, 1.2 s later,\n"
    "                  was acknowledged; in 2 of 3 runs (RFC 9293 3.10.7.4; RFC 5961\n"
    "                  3.2)\n"
    "FAIL         R2a  gone without a challenge ACK; as listed (RFC 5961 3.2)\n"
    "PASS-MAY     R9   dropped (RFC 9293 3.10.7.4)\n"
    "                  changed: expected was FAIL\n"
    "\n"
    "Data path\n"
    "WARN         D6   acknowledged after 0.612 s (RFC 1122 4.2.3.2)\n"
    "                  changed: nothing but a pass was expected\n"
    "ERROR        D7   mine.lua:7: attempt to index a nil value\n"
    "\n"
    "mine\n"
    "INCONCLUSIVE my-greeting-test it said \"?[2J<b>'\\ # SKIP   ok 1 ]]> &\n"
    "                              ???31m??????? ??? until the end (RFC 5321 3.1)\n"
    "                              doubt: a run of three said <fail>\n"
    "\n"
    "How it closes\n"
    "Waits for us to close: nothing came for 10 s. Leaks CLOSE-WAIT: the application\n"
    "did not close within 10 s of our FIN.\n"
    "\n"
    "8 scenarios: 1 PASS, 1 PASS-MAY, 1 WARN, 2 FAIL, 1 INCONCLUSIVE, 1 SKIP, 1\n"
    "ERROR; 2 changed; the path loses or doubles segments; 1 connection left open; 9\n"
    "connections in 1.234 s\n";

/* Ladders of what did not pass, --quiet, -v, one target of several. */
static const char text_ladders[] =
    "192.0.2.2:80 FAIL         R1   still alive after an exact RST: the next segment,\n"
    "                               1.2 s later, was acknowledged; in 2 of 3 runs\n"
    "                               (RFC 9293 3.10.7.4; RFC 5961 3.2)\n"
    "                               what: RST at exactly the expected number ends the\n"
    "                               connection\n"
    "                               sent: RST with seq = SND.NXT\n"
    "\n"
    "connection 1 of 2, port 40000\n"
    "        ms  we are                                                server is\n"
    "     0.000  SYN-SENT     -- S 0:0(0) --------------------------->\n"
    "                            win 64240 mss 1460 wscale 7 sack ts\n"
    "    10.000  ESTABLISHED  <- S. 0:0(0) ack 1 --------------------- SYN-RECEIVED\n"
    "                            win 65000 mss 1460 ts\n"
    "    10.000  ESTABLISHED  -- . 1:1(0) ack 1 ---------------------> ESTABLISHED?\n"
    "    10.000  FIN-WAIT-1   -- F. 1:1(0) ack 1 --------------------> CLOSE-WAIT?\n"
    "    15.000  CLOSED       <- R 1:1(0) ---------------------------- CLOSED\n"
    "            ? if our segment arrived: nothing has shown it yet\n"
    "\n"
    "connection 2 of 2, port 40000\n"
    "        ms  we are                                                server is\n"
    "     0.000  SYN-SENT     -- S 0:0(0) --------------------------->\n"
    "                            win 64240 mss 1460 wscale 7 sack ts\n"
    "    10.000  ESTABLISHED  <- S. 0:0(0) ack 1 --------------------- SYN-RECEIVED\n"
    "                            win 65000 mss 1460 ts\n"
    "    10.000  ESTABLISHED  -- . 1:1(0) ack 1 ---------------------> ESTABLISHED?\n"
    "    10.000  FIN-WAIT-1   -- F. 1:1(0) ack 1 --------------------> CLOSE-WAIT?\n"
    "    15.000  FIN-WAIT-1   <- ICMP 3/13 from 192.0.2.2 ------------ CLOSE-WAIT?\n"
    "            ? if our segment arrived: nothing has shown it yet\n"
    "\n"
    "192.0.2.2:80 FAIL         R2a  gone without a challenge ACK; as listed (RFC 5961\n"
    "                               3.2)\n"
    "                               what: RST in the window is challenged\n"
    "                               sent: RST with seq = SND.NXT + 1\n"
    "192.0.2.2:80 PASS-MAY     R9   dropped (RFC 9293 3.10.7.4)\n"
    "                               changed: expected was FAIL\n"
    "                               what: data without ACK is dropped\n"
    "                               sent: data, no flags\n";

static const char text_coloured[] =
    "\x1b[1m192.0.2.2:80\x1b[0m, http\n"
    "\n"
    "\x1b[1mRST, SYN and ACK validation\x1b[0m\n"
    "\x1b[1;31mFAIL        \x1b[0m R2a  gone without a challenge ACK; as listed (RFC 59"
    "61 3.2)\n"
    "\x1b[1;31mPASS-MAY    \x1b[0m R9   dropped (RFC 9293 3.10.7.4)\n"
    "                  changed: expected was FAIL\n"
    "\n"
    "\x1b[1mData path\x1b[0m\n"
    "\x1b[1;31mWARN        \x1b[0m D6   acknowledged after 0.612 s (RFC 1122 4.2.3.2)\n"
    "                  changed: nothing but a pass was expected\n"
    "\n"
    "\x1b[1mHow it closes\x1b[0m\n"
    "Waits for us to close: nothing came for 10 s. Leaks CLOSE-WAIT: the application\n"
    "did not close within 10 s of our FIN.\n"
    "\n"
    "3 scenarios: 1 PASS-MAY, 1 WARN, 1 FAIL; 2 changed; the path loses or doubles\n"
    "segments; 1 connection left open; 9 connections in 1.234 s\n";

static void test_text(void **state)
{
	static struct cast cast;

	(void)state;
	cast_init(&cast);
	cast.style.ladders = LADDERS_NONE;
	check(&cast, "text", 0, CAST_COUNT - 1, text_lines);
	cast_init(&cast);
	cast.style.several = cast.look.quiet = cast.look.verbose = true;
	check(&cast, "text", CAST_SKIP, CAST_CHANGED, text_ladders);
	cast_init(&cast);
	cast.style.ladders = LADDERS_NONE;
	cast.look.colour = cast.look.unicode = true;
	check(&cast, "text", CAST_KNOWN, CAST_NEW, text_coloured);
	cast_init(&cast);
	check(&cast, "text", 1, 0, "192.0.2.2:80 '<nowhere>': Name or service not known\n");
}

/* Where a ladder ends there is one empty line, be there a heading next or not. */
static void test_ladders(void **state)
{
	static struct cast cast;
	char *text, *end;

	(void)state;
	cast_init(&cast);
	cast.style.ladders = LADDERS_ALL;
	text = cast_report(&cast, "text", CAST_FAIL, CAST_KNOWN);
	end = strstr(text, "nothing has shown it yet\n\nFAIL         R2a  gone");
	assert_non_null(end);
	free(text);
	text = cast_report(&cast, "text", CAST_ERROR, CAST_INCONCLUSIVE);
	end = strstr(text, "no segment was seen by the capture\n\nmine\nINCONCLUSIVE");
	assert_non_null(end);
	free(text);
}

/* The records of one result: run, scenario, target, summary. */
static const char json_run[] =
    "{\"type\":\"run\",\"schema\":\"shakedown/1\",\"tool\":\"shakedown\",\"version\":\""
    "1.2.3\",\"command\":\"test\",\"started_ns\":1700000000000000,\"targets\":2,\"scena"
    "rios\":8,\"profile\":\"default\"}\n";

static const char json_scenario[] =
    "{\"type\":\"scenario\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"ad"
    "dr\":\"192.0.2.2\",\"port\":80,\"family\":4,\"scenario\":\"H1\",\"title\":\"SYN is"
    " answered by SYN-ACK\",\"group\":\"handshake\",\"rfc\":\"RFC 9293 3.5\",\"level\":"
    "\"MUST\",\"sends\":\"SYN\",\"profile\":\"quick\",\"judgement\":\"PASS\",\"seen\":"
    "\"SYN-ACK after 10.0 ms, ack = ISS + 1\",\"doubt\":null,\"attempts\":1,\"agreeing"
    "\":1,\"connections\":0,\"findings\":{\"mss\":1460,\"ratio\":1.5e-07,\"endless\":nu"
    "ll,\"ecn\":true,\"banner\":\"<220 \\\"x\\\">\"},\"accepted\":null,\"listed\":null,"
    "\"as_asked\":true,\"elapsed_ns\":100000000}\n";

static const char json_target[] =
    "{\"type\":\"target\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"addr"
    "\":\"192.0.2.2\",\"port\":80,\"family\":4,\"service\":\"http\",\"close_report\":\""
    "Waits for us to close: nothing came for 10 s. Leaks CLOSE-WAIT: the application di"
    "d not close within 10 s of our FIN.\",\"findings\":{\"mss\":1460,\"ratio\":1.5e-07"
    "},\"judgements\":{\"PASS\":1},\"changed\":0,\"connections\":9,\"left_open\":1,\"lo"
    "ssy\":true,\"elapsed_ns\":1234000000,\"error\":null}\n";

static const char json_summary[] =
    "{\"type\":\"summary\",\"schema\":\"shakedown/1\",\"targets\":2,\"untestable\":0,\""
    "results\":8,\"not_as_asked\":0,\"changed\":0,\"judgements\":{\"PASS\":1},\"connect"
    "ions\":9,\"left_open\":0,\"frames\":99,\"frames_refused\":0,\"frames_damaged\":0,"
    "\"frames_unmatched\":0,\"capture_dropped\":0,\"interface_dropped\":0,\"elapsed_ns"
    "\":2345000000,\"interrupted\":false}\n";

/* Hostile octets; a change; a target that could not be tested, and an interrupted run. */
static const char json_hostile[] =
    "{\"type\":\"scenario\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"ad"
    "dr\":\"192.0.2.2\",\"port\":80,\"family\":4,\"scenario\":\"my-greeting-test\",\"ti"
    "tle\":\"<greeting> & \\\"quotes\\\" # TODO\",\"group\":\"mine\",\"rfc\":\"RFC 5321"
    " 3.1\",\"level\":\"INFO\",\"sends\":\"nothing\",\"profile\":\"quick\",\"judgement"
    "\":\"INCONCLUSIVE\",\"seen\":\"it said \\\"\\u001b[2J<b>'\\\\ # SKIP\\u000d\\u000a"
    "\\u0009ok 1 ]]> & \\u0001\x7f\xc2\x9b"
    "31m\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\xef\xbf\xbf \xc3\xa9\xe2\x82\xac\xf0"
    "\x9f\x8e\xb2 until the end\",\"doubt\":\"a run of three said <fail>\",\"attempts\""
    ":1,\"agreeing\":1,\"connections\":0,\"findings\":{},\"accepted\":null,\"listed\":n"
    "ull,\"as_asked\":true,\"elapsed_ns\":800000000}\n";

static const char json_changed[] =
    "{\"type\":\"scenario\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"ad"
    "dr\":\"192.0.2.2\",\"port\":80,\"family\":4,\"scenario\":\"R9\",\"title\":\"data w"
    "ithout ACK is dropped\",\"group\":\"validation\",\"rfc\":\"RFC 9293 3.10.7.4\",\"l"
    "evel\":\"MUST\",\"sends\":\"data, no flags\",\"profile\":\"full\",\"judgement\":\""
    "PASS-MAY\",\"seen\":\"dropped\",\"doubt\":null,\"attempts\":1,\"agreeing\":1,\"con"
    "nections\":0,\"findings\":{},\"accepted\":\"changed\",\"listed\":\"FAIL\",\"as_ask"
    "ed\":false,\"elapsed_ns\":500000000}\n";

static const char json_untestable[] =
    "{\"type\":\"target\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"addr"
    "\":\"192.0.2.2\",\"port\":80,\"family\":4,\"service\":\"http\",\"close_report\":nu"
    "ll,\"findings\":{},\"judgements\":{},\"changed\":0,\"connections\":9,\"left_open\""
    ":0,\"lossy\":false,\"elapsed_ns\":1234000000,\"error\":\"'<nowhere>': Name or serv"
    "ice not known\"}\n"
    "{\"type\":\"summary\",\"schema\":\"shakedown/1\",\"targets\":2,\"untestable\":1,\""
    "results\":7,\"not_as_asked\":0,\"changed\":0,\"judgements\":{},\"connections\":9,"
    "\"left_open\":0,\"frames\":99,\"frames_refused\":0,\"frames_damaged\":0,\"frames_u"
    "nmatched\":0,\"capture_dropped\":0,\"interface_dropped\":0,\"elapsed_ns\":23450000"
    "00,\"interrupted\":true}\n";

/* The first and the last of ten. */
static const char json_syn[] =
    "{\"type\":\"segment\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"add"
    "r\":\"192.0.2.2\",\"port\":80,\"family\":4,\"scenario\":\"R1\",\"connection\":1,\""
    "source_port\":40000,\"time_ns\":1000000000,\"since_first_ns\":0,\"direction\":\"ou"
    "t\",\"flags\":\"S\",\"seq\":1000,\"ack\":null,\"seq_relative\":0,\"ack_relative\":"
    "null,\"data_len\":0,\"window\":64240,\"mss\":1460,\"wscale\":7,\"tsval\":13345,\"t"
    "secr\":0,\"sack_blocks\":0,\"tcp_checksum\":\"good\",\"ttl\":0,\"tos\":0,\"ip_id\""
    ":0,\"df\":false,\"note\":\"none\",\"retransmit\":false,\"our_state\":\"SYN-SENT\","
    "\"peer_state\":null,\"peer_state_assumed\":false}\n";

static const char json_icmp[] =
    "{\"type\":\"segment\",\"schema\":\"shakedown/1\",\"target\":\"192.0.2.2:80\",\"add"
    "r\":\"192.0.2.2\",\"port\":80,\"family\":4,\"scenario\":\"R1\",\"connection\":2,\""
    "source_port\":40000,\"time_ns\":1015000000,\"since_first_ns\":15000000,\"direction"
    "\":\"in\",\"icmp_type\":3,\"icmp_code\":13,\"icmp_from\":\"192.0.2.2\",\"ttl\":0,"
    "\"tos\":0,\"ip_id\":0,\"df\":false,\"note\":\"ignored\",\"retransmit\":false,\"our"
    "_state\":\"FIN-WAIT-1\",\"peer_state\":\"CLOSE-WAIT\",\"peer_state_assumed\":true}\n";

/* Fails unless line `number` of `text` is `wanted`. */
static void check_record(const char *text, unsigned number, const char *wanted)
{
	while (number-- > 0)
		text = strchr(text, '\n') + 1;
	if (strncmp(text, wanted, strlen(wanted)) != 0)
		fail_msg("written:\n%s\nwanted:\n%s", text, wanted);
}

static void test_ndjson(void **state)
{
	static struct cast cast;
	char *text;

	(void)state;
	cast_init(&cast);
	text = cast_report(&cast, "ndjson", CAST_PASS, CAST_PASS);
	check_record(text, 0, json_run);
	check_record(text, 1, json_scenario);
	check_record(text, 2, json_target);
	check_record(text, 3, json_summary);
	free(text);
	text = cast_report(&cast, "ndjson", CAST_INCONCLUSIVE, CAST_INCONCLUSIVE);
	check_record(text, 1, json_hostile);
	free(text);
	text = cast_report(&cast, "ndjson", CAST_CHANGED, CAST_CHANGED);
	check_record(text, 1, json_changed);
	free(text);
	cast.summary.interrupted = true;
	text = cast_report(&cast, "ndjson", 1, 0);
	check_record(text, 1, json_untestable);
	free(text);
	cast.look.segments = true;
	text = cast_report(&cast, "ndjson", CAST_FAIL, CAST_FAIL);
	check_record(text, 1, json_syn);
	check_record(text, 10, json_icmp);
	check_record(text, 11, "{\"type\":\"scenario\"");
	free(text);
}

/* Numbers as JSON has them, and nothing else. */
static void test_literals(void **state)
{
	static const char *const good[] = {"0",    "-0.0",  "1.50", "1e5",
					   "1E+5", "1e-05", "true", "false"};
	static const char *const bad[] = {"",   "-",   "01",  "1.", ".5",  "1e",   "1e+", "0x10",
					  "+1", "nan", "inf", "1 ", "1,2", "True", "--1", "null"};

	(void)state;
	for (size_t i = 0; i < 24; i++) {
		char text[64] = "", wanted[64];
		FILE *out = fmemopen(text, sizeof(text), "w");
		struct json json;

		assert_non_null(out);
		jsonl_begin(&json, out);
		jsonl_literal(&json, "x", i < 8 ? good[i] : bad[i - 8]);
		jsonl_end(&json);
		fclose(out);
		snprintf(wanted, sizeof(wanted), "{\"x\":%s}\n", i < 8 ? good[i] : "null");
		assert_string_equal(text, wanted);
	}
}

static void test_summary(void **state)
{
	struct test_summary summary = {.targets = 1, .elapsed_ns = 1500000000};
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	summary.counts[JUDGE_PASS] = 1;
	test_text_summary(out, &summary);
	summary = (struct test_summary){.targets = 3,
					.untestable = 1,
					.not_as_asked = 4,
					.changed = 2,
					.counts = {[JUDGE_PASS] = 10, [JUDGE_FAIL] = 3},
					.connections = 40,
					.left_open = 1,
					.dropped_ring = 2,
					.dropped_interface = 3,
					.interrupted = true};
	test_text_summary(out, &summary);
	fclose(out);
	assert_string_equal(
	    text, "1 target, 1 result: 1 PASS; 0 not as asked, in 1.500 s\n"
		  "connections: 0, left open: 0, frames dropped by the capture: 0\n"
		  "3 targets, 13 results: 10 PASS, 3 FAIL; 1 could not be tested; 2 changed; "
		  "4 not as asked, in 0.000 s\n"
		  "connections: 40, left open: 1, frames dropped by the capture: 5\n"
		  "interrupted: what was not finished by then is missing\n");
}

static void test_judgements(void **state)
{
	(void)state;
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		assert_int_equal(judgement_find(judgement_info((enum judgement)i)->name), i);
	assert_int_equal(judgement_find("pass_may"), JUDGE_PASS_MAY);
	assert_int_equal(judgement_find("Pass-May"), JUDGE_PASS_MAY);
	assert_int_equal(judgement_find("pass"), JUDGE_PASS);
	assert_int_equal(judgement_find("pas"), JUDGE_COUNT);
	assert_int_equal(judgement_find("passmay"), JUDGE_COUNT);
	assert_int_equal(judgement_find("fail "), JUDGE_COUNT);
	assert_int_equal(judgement_find(""), JUDGE_COUNT);
	assert_null(test_format_find("csv"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),    cmocka_unit_test(test_ladders),
	    cmocka_unit_test(test_ndjson),  cmocka_unit_test(test_literals),
	    cmocka_unit_test(test_summary), cmocka_unit_test(test_judgements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
