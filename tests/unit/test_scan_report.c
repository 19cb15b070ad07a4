/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of a scan as people and programs read them: without it a record could lose its shape, a
 * host its heading, or the table its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan_cast.h"

static const char table_syn[] =
    "10.0.0.2\n"
    "PORT   STATE       REASON       TTL          RTT\n"
    "80     filtered    icmp-3-13     63            -\n"
    "81     unreachable icmp-3-1      63            -\n"
    "\n"
    "10.0.0.4\n"
    "PORT   STATE       REASON       TTL          RTT\n"
    "any    open        syn-ack       60    20.000 ms  answers on every port\n"
    "\n"
    "10.0.0.10\n"
    "PORT   STATE       REASON       TTL          RTT\n"
    "22     closed      reset        255     0.000 ms\n"
    "443    open        syn-ack       64     0.123 ms\n"
    "\n"
    "192.0.2.2\n"
    "PORT   STATE       REASON       TTL          RTT\n"
    "80     open        syn-ack       64    10.000 ms\n"
    "8080   open        syn-ack       64    10.000 ms\n"
    "\n"
    "fd00::1\n"
    "PORT   STATE       REASON       TTL          RTT\n"
    "80     open        syn-ack       64            -  zero window: often a SYN proxy\n"
    "\n"
    "1 of 6 hosts gave no answer\n";

static const char table_census[] =
    "10.0.0.2\n"
    "PORT   STATE       REASON       TTL          RTT  HANDSHAKE         CLOSE                "
    "FIN>FIN\n"
    "80     filtered    icmp-3-13     63            -  icmp-3-13         -                    "
    "      -\n"
    "81     unreachable icmp-3-1      63            -  icmp-3-1          -                    "
    "      -\n"
    "\n"
    "10.0.0.4\n"
    "PORT   STATE       REASON       TTL          RTT  HANDSHAKE         CLOSE                "
    "FIN>FIN\n"
    "any    open        syn-ack       60    20.000 ms  open              -                    "
    "      -  answers on every port\n"
    "\n"
    "10.0.0.10\n"
    "PORT   STATE       REASON       TTL          RTT  HANDSHAKE         CLOSE                "
    "FIN>FIN\n"
    "22     closed      reset        255     0.000 ms  closed            -                    "
    "      -\n"
    "443    open        syn-ack       64     0.123 ms  open              -                    "
    "      -\n"
    "\n"
    "192.0.2.2\n"
    "PORT   STATE       REASON       TTL          RTT  HANDSHAKE         CLOSE                "
    "FIN>FIN\n"
    "80     open        syn-ack       64    10.000 ms  established       four-segment        5"
    ".000 ms\n"
    "8080   open        syn-ack       64    10.000 ms  established       held-open            "
    "      -  left open\n"
    "\n"
    "fd00::1\n"
    "PORT   STATE       REASON       TTL          RTT  HANDSHAKE         CLOSE                "
    "FIN>FIN\n"
    "80     open        syn-ack       64            -  open-zero-window  -                    "
    "      -  zero window: often a SYN proxy\n"
    "\n"
    "1 of 6 hosts gave no answer\n";

static const char ndjson_syn[] =
    "{\"type\":\"run\",\"schema\":\"shakedown/1\",\"tool\":\"shakedown\",\"version\":\"1.0\","
    "\"command\":\"scan\",\"started_ns\":1700000000123456789,\"mode\":\"syn\",\"targets\":1024"
    ",\"addresses\":512,\"ports\":2,\"seed\":\"18446744073709551615\",\"fingerprint\":\"000000"
    "0000abcdef\",\"shard\":2,\"shards\":4,\"rate\":1000,\"way\":\"AF_PACKET\",\"resumed\":fal"
    "se,\"merged\":0}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"10.0.0.10\",\"port\":443,\"famil"
    "y\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":123456,\"tries\":1,"
    "\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456789}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"10.0.0.10\",\"port\":22,\"family"
    "\":4,\"state\":\"closed\",\"reason\":\"reset\",\"ttl\":255,\"rtt_ns\":0,\"tries\":1,\"zer"
    "o_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456790}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"10.0.0.2\",\"port\":80,\"family"
    "\":4,\"state\":\"filtered\",\"reason\":\"icmp-3-13\",\"ttl\":63,\"rtt_ns\":null,\"tries\""
    ":2,\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456791}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"10.0.0.2\",\"port\":81,\"family"
    "\":4,\"state\":\"unreachable\",\"reason\":\"icmp-3-1\",\"ttl\":63,\"rtt_ns\":null,\"tries"
    "\":1,\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456792}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"10.0.0.3\",\"port\":80,\"family"
    "\":4,\"state\":\"filtered\",\"reason\":\"silence\",\"ttl\":null,\"rtt_ns\":null,\"tries\""
    ":3,\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456793}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"10.0.0.4\",\"port\":49152,\"fami"
    "ly\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":60,\"rtt_ns\":20000000,\"tries\""
    ":1,\"zero_window\":false,\"wildcard\":true,\"time_ns\":1700000000123456794}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"fd00::1\",\"port\":80,\"family\""
    ":6,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":null,\"tries\":2,\"zer"
    "o_window\":true,\"wildcard\":false,\"time_ns\":1700000000123456795}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"192.0.2.2\",\"port\":80,\"family"
    "\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":10000000,\"tries\":1"
    ",\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456796}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"192.0.2.2\",\"port\":8080,\"fami"
    "ly\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":10000000,\"tries\""
    ":1,\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456797}\n"
    "{\"type\":\"summary\",\"schema\":\"shakedown/1\",\"records\":9,\"probed\":10,\"syn_retran"
    "smits\":4,\"answered\":8,\"silent\":1,\"no_route\":0,\"duplicates\":2,\"rejected\":3,\"not_o"
    "urs\":5,\"found\":{\"open\":6,\"closed\":1,\"filtered\":2,\"unreachable\":1},\"states\":{\"o"
    "pen\":5,\"closed\":1,\"filtered\":2,\"unreachable\":1},\"wildcards\":1,\"wildcard_ports\":1,"
    "\"zero_windows\":1,\"handshakes\":{},\"closes\":{},\"frames\":20,\"frames_refused\":1,\"fram"
    "es_damaged\":0,\"capture_dropped\":7,\"interface_dropped\":0,\"send_again\":1,\"slowdowns\":"
    "0,\"left_open\":0,\"loss_estimate\":0.125,\"rtt\":{\"count\":2,\"min_ns\":123456,\"avg_ns\":"
    "5061728,\"max_ns\":10000000,\"mdev_ns\":4938272,\"p50_ns\":123456,\"p90_ns\":10000000,\"p95_"
    "ns\":10000000,\"p99_ns\":10000000,\"p99_9_ns\":10000000,\"exact\":true,\"sketch\":\"v 2 1234"
    "56 10000000 9a78c0 5af69cef5000 123456 9876544\"},\"phases\":{\"fin_ack\":{},\"app_close\":{"
    "},\"close\":{},\"server_first\":{}},\"elapsed_ns\":2000000000,\"interrupted\":false,\"comple"
    "te\":true}\n";

static const char csv_syn[] =
    "addr,port,state,reason,ttl,rtt_ns,tries,zero_window,wildcard,time_ns\n"
    "10.0.0.10,443,open,syn-ack,64,123456,1,false,false,1700000000123456789\n"
    "10.0.0.10,22,closed,reset,255,0,1,false,false,1700000000123456790\n"
    "10.0.0.2,80,filtered,icmp-3-13,63,,2,false,false,1700000000123456791\n"
    "10.0.0.2,81,unreachable,icmp-3-1,63,,1,false,false,1700000000123456792\n"
    "10.0.0.3,80,filtered,silence,,,3,false,false,1700000000123456793\n"
    "10.0.0.4,49152,open,syn-ack,60,20000000,1,false,true,1700000000123456794\n"
    "fd00::1,80,open,syn-ack,64,,2,true,false,1700000000123456795\n"
    "192.0.2.2,80,open,syn-ack,64,10000000,1,false,false,1700000000123456796\n"
    "192.0.2.2,8080,open,syn-ack,64,10000000,1,false,false,1700000000123456797\n";

static const char csv_census[] =
    "addr,port,state,reason,ttl,rtt_ns,tries,zero_window,wildcard,time_ns,handshake,close,hand"
    "shake_rtt_ns,fin_ack_ns,app_close_ns,close_ns,server_first_ns,left_open\n"
    "10.0.0.10,443,open,syn-ack,64,123456,1,false,false,1700000000123456789,open,,,,,,,false\n"
    "10.0.0.10,22,closed,reset,255,0,1,false,false,1700000000123456790,closed,,,,,,,false\n"
    "10.0.0.2,80,filtered,icmp-3-13,63,,2,false,false,1700000000123456791,icmp-3-13,,,,,,,fals"
    "e\n"
    "10.0.0.2,81,unreachable,icmp-3-1,63,,1,false,false,1700000000123456792,icmp-3-1,,,,,,,fal"
    "se\n"
    "10.0.0.3,80,filtered,silence,,,3,false,false,1700000000123456793,filtered,,,,,,,false\n"
    "10.0.0.4,49152,open,syn-ack,60,20000000,1,false,true,1700000000123456794,open,,,,,,,false\n"
    "fd00::1,80,open,syn-ack,64,,2,true,false,1700000000123456795,open-zero-window,,,,,,,false\n"
    "192.0.2.2,80,open,syn-ack,64,10000000,1,false,false,1700000000123456796,established,four-"
    "segment,10000000,4000000,5000000,5000000,,false\n"
    "192.0.2.2,8080,open,syn-ack,64,10000000,1,false,false,1700000000123456797,established,hel"
    "d-open,10000000,7000000,,,,true\n";

static const char list[] = "10.0.0.10:443\n"
			   "[fd00::1]:80\n"
			   "192.0.2.2:80\n"
			   "192.0.2.2:8080\n";

static const char summary[] =
    "1024 targets (512 addresses, 2 ports), shard 2 of 4: 10 probed in 2.000 s, 7 SYNs a secon"
    "d\n"
    "6 open, 1 closed, 2 filtered, 1 unreachable; open: 60 % of those probed, answered: 80 %\n"
    "1 host answers on every port: told once each; 1 more open port left out\n"
    "1 SYN-ACK with a window of zero: often a SYN proxy\n"
    "handshakes: 2 established\n"
    "closes: 1 four-segment, 1 held-open\n"
    "round trip: median 0.123, longest 10.000 ms (2)\n"
    "our FIN to the server's, four-segment: 5.000 ms (1)\n"
    "4 SYNs repeated\n"
    "loss: about 12.5 % of SYNs or of their answers\n"
    "not believed: 3 answers to nothing that we sent (late or forged); 2 came twice\n"
    "the local path was full 1 time\n"
    "connections left open: 1, frames dropped by the capture: 7\n";

static const char ndjson_census[] =
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"192.0.2.2\",\"port\":80,\"family"
    "\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":10000000,\"tries\":1"
    ",\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456796,\"handshake\":"
    "\"established\",\"close\":\"four-segment\",\"handshake_rtt_ns\":10000000,\"fin_ack_ns\":4"
    "000000,\"app_close_ns\":5000000,\"close_ns\":5000000,\"server_first_ns\":null,\"left_open"
    "\":false}\n"
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"192.0.2.2\",\"port\":8080,\"fami"
    "ly\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":10000000,\"tries\""
    ":1,\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456797,\"handshake\""
    ":\"established\",\"close\":\"held-open\",\"handshake_rtt_ns\":10000000,\"fin_ack_ns\":700"
    "0000,\"app_close_ns\":null,\"close_ns\":null,\"server_first_ns\":null,\"left_open\":true}\n"
    "{\"type\":\"summary\",\"schema\":\"shakedown/1\",\"records\":2,\"probed\":10,\"syn_retran"
    "smits\":4,\"answered\":8,\"silent\":1,\"no_route\":0,\"duplicates\":2,\"rejected\":3,\"not_o"
    "urs\":5,\"found\":{\"open\":6,\"closed\":1,\"filtered\":2,\"unreachable\":1},\"states\":{\"o"
    "pen\":5,\"closed\":1,\"filtered\":2,\"unreachable\":1},\"wildcards\":1,\"wildcard_ports\":1,"
    "\"zero_windows\":1,\"handshakes\":{\"established\":2},\"closes\":{\"four-segment\":1,\"held-"
    "open\":1},\"frames\":20,\"frames_refused\":1,\"frames_damaged\":0,\"capture_dropped\":7,\"in"
    "terface_dropped\":0,\"send_again\":1,\"slowdowns\":0,\"left_open\":1,\"loss_estimate\":0.125"
    ",\"rtt\":{\"count\":2,\"min_ns\":123456,\"avg_ns\":5061728,\"max_ns\":10000000,\"mdev_ns\":4"
    "938272,\"p50_ns\":123456,\"p90_ns\":10000000,\"p95_ns\":10000000,\"p99_ns\":10000000,\"p99_9"
    "_ns\":10000000,\"exact\":true,\"sketch\":\"v 2 123456 10000000 9a78c0 5af69cef5000 123456 98"
    "76544\"},\"phases\":{\"fin_ack\":{},\"app_close\":{\"four-segment\":{\"count\":1,\"min_ns\":"
    "5000000,\"avg_ns\":5000000,\"max_ns\":5000000,\"mdev_ns\":0,\"p50_ns\":5000000,\"p90_ns\":50"
    "00000,\"p95_ns\":5000000,\"p99_ns\":5000000,\"p99_9_ns\":5000000,\"exact\":true,\"sketch\":"
    "\"v 1 5000000 5000000 4c4b40 16bcc41e9000 5000000\"}},\"close\":{},\"server_first\":{}},\"el"
    "apsed_ns\":2000000000,\"interrupted\":false,\"complete\":true}\n";

static void compare(char *text, const char *wanted)
{
	if (strcmp(text, wanted) != 0)
		fail_msg("written:\n%s\nwanted:\n%s", text, wanted);
	free(text);
}

static void check(enum scan_mode mode, const char *format, const char *wanted)
{
	static struct scan_cast cast;

	scan_cast_init(&cast, mode);
	compare(scan_cast_report(&cast, format, 0, CAST_COUNT - 1), wanted);
	scan_cast_free(&cast);
}

static void test_table(void **state)
{
	(void)state;
	check(MODE_SYN, "table", table_syn);
	check(MODE_CENSUS, "table", table_census);
}

/* --open, colours, nothing but silence, nothing at all. */
static void test_table_style(void **state)
{
	static struct scan_cast cast;

	(void)state;
	scan_cast_init(&cast, MODE_SYN);
	cast.style.open_only = cast.look.colour = true;
	compare(scan_cast_report(&cast, "table", CAST_OPEN, CAST_SILENT),
		"\033[1m10.0.0.10\033[0m\n"
		"PORT   STATE       REASON       TTL          RTT\n"
		"443    \033[32mopen       \033[0m syn-ack       64     0.123 ms\n\n");
	compare(scan_cast_report(&cast, "table", CAST_SILENT, CAST_SILENT), "");
	cast.style.open_only = cast.look.colour = false;
	compare(scan_cast_report(&cast, "table", CAST_SILENT, CAST_SILENT),
		"10.0.0.3\n"
		"PORT   STATE       REASON       TTL          RTT\n"
		"80     filtered    silence        -            -\n\n");
	scan_cast_free(&cast);
}

/* `count` ports of a host, `state`, after what is there. */
static void many(void *table, const struct scan_cast *cast, unsigned which, unsigned hosts,
		 unsigned ports)
{
	struct scan_item item = cast->items[which];
	const struct scan_record record = {.item = &item};

	for (unsigned host = 0; host < hosts; host++)
		for (unsigned port = 1; port <= ports; port++) {
			item.addr.octets[2] = (uint8_t)(host >> 8);
			item.addr.octets[3] = (uint8_t)host;
			item.port = (uint16_t)port;
			scan_format_find("table")->record(table, &cast->style, &record);
		}
}

/* 25 alike are shown, 26 are counted. */
static void test_table_many(void **state)
{
	static struct scan_cast cast;
	const struct scan_format *format = scan_format_find("table");
	char *text, *line;
	size_t len;
	void *table;

	(void)state;
	scan_cast_init(&cast, MODE_SYN);
	cast.look.out = open_memstream(&text, &len);
	table = format->open(&cast.style, &cast.run);
	many(table, &cast, CAST_CLOSED, 1, 26);
	many(table, &cast, CAST_SILENT, 1, 25);
	many(table, &cast, CAST_UNREACHABLE, 1, 1000);
	many(table, &cast, CAST_OPEN, 1, 1);
	format->close(table, &cast.style, &cast.summary);
	fclose(cast.look.out);
	assert_memory_equal(text, "10.0.0.0\nnot shown: 26 closed, 1000 unreachable\nPORT   STATE",
			    60);
	assert_non_null(strstr(text, "\n1      open "));
	line = strstr(text, "\n25     filtered    silence ");
	assert_non_null(line);
	assert_null(strstr(line, "closed"));
	free(text);
	scan_cast_free(&cast);
}

/* More than there is room for: those that are not open go first, and both are said. */
static void test_table_bounds(void **state)
{
	static struct scan_cast cast;
	const struct scan_format *format = scan_format_find("table");
	unsigned lines = 0;
	char *text;
	size_t len;
	void *table;

	(void)state;
	scan_cast_init(&cast, MODE_SYN);
	cast.look.out = open_memstream(&text, &len);
	table = format->open(&cast.style, &cast.run);
	many(table, &cast, CAST_CLOSED, 1, 1000);
	many(table, &cast, CAST_SILENT, 20, 60000);
	many(table, &cast, CAST_OPEN, 20, 60000);
	format->close(table, &cast.style, &cast.summary);
	fclose(cast.look.out);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	/* a million rows; 17 hosts with a name, a heading and an empty line each; the note */
	assert_int_equal(lines, 1000000 + 17 * 3 + 1);
	text[len - 1] = '\0';
	assert_string_equal(strrchr(text, '\n') + 1,
			    "left out of this table, which has no room for more: 200000 open, "
			    "1000 closed, 1200000 filtered (NDJSON and CSV have them all)");
	free(text);
	scan_cast_free(&cast);
}

static void test_ndjson(void **state)
{
	static struct scan_cast cast;
	char *text, *at;

	(void)state;
	check(MODE_SYN, "ndjson", ndjson_syn);
	scan_cast_init(&cast, MODE_CENSUS);
	text = scan_cast_report(&cast, "ndjson", CAST_CLOSES, CAST_HOLDS);
	at = strchr(text, '\n') + 1;
	compare(strdup(at), ndjson_census);
	free(text);
	cast.style.open_only = true;
	text = scan_cast_report(&cast, "ndjson", CAST_CLOSED, CAST_SILENT);
	assert_null(strstr(text, "\"port\",\"schema"));
	assert_non_null(strstr(text, "\"records\":0,"));
	free(text);
	scan_cast_free(&cast);
}

static void test_csv(void **state)
{
	(void)state;
	check(MODE_SYN, "csv", csv_syn);
	check(MODE_CENSUS, "csv", csv_census);
}

/* No host that answers on every port. */
static void test_list(void **state)
{
	(void)state;
	check(MODE_SYN, "list", list);
	assert_null(scan_format_find("xml"));
}

static void test_summary(void **state)
{
	static struct scan_cast cast;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	scan_cast_init(&cast, MODE_CENSUS);
	scan_text_summary(out, &cast.run, &cast.summary);
	fclose(out);
	compare(text, summary);
	cast.run.targets = cast.run.addresses = cast.run.ports = 1;
	cast.summary.counts.new_sent = cast.summary.counts.again_sent = 1;
	cast.summary.counts.no_route = 2;
	out = open_memstream(&text, &len);
	scan_text_summary(out, &cast.run, &cast.summary);
	fclose(out);
	assert_ptr_equal(strstr(text, "1 target (1 address, 1 port), shard 2 of 4: 1 probed in "
				      "2.000 s, 1 SYN a second\n"),
			 text);
	assert_non_null(
	    strstr(text, "\n2 targets that nothing can be sent to from this host: not"));
	free(text);
	scan_cast_free(&cast);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),      cmocka_unit_test(test_table_style),
	    cmocka_unit_test(test_table_many), cmocka_unit_test(test_table_bounds),
	    cmocka_unit_test(test_ndjson),     cmocka_unit_test(test_csv),
	    cmocka_unit_test(test_list),       cmocka_unit_test(test_summary)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
