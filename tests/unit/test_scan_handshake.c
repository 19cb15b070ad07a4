/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of `scan --handshake` as people and programs read them: without it closes, which it does
 * not promise, could come back into its records, or handshakes be lost from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan_cast.h"

/* Two connections; how they were closed is not told. */
static const char table_handshake[] =
    "192.0.2.2\n"
    "PORT   STATE       REASON       TTL          RTT  HANDSHAKE\n"
    "80     open        syn-ack       64    10.000 ms  established\n"
    "8080   open        syn-ack       64    10.000 ms  established  left open\n"
    "\n";

static const char csv_handshake[] =
    "addr,port,state,reason,ttl,rtt_ns,tries,zero_window,wildcard,time_ns,handshake,handshake_"
    "rtt_ns,left_open\n"
    "192.0.2.2,80,open,syn-ack,64,10000000,1,false,false,1700000000123456796,established,10000"
    "000,false\n"
    "192.0.2.2,8080,open,syn-ack,64,10000000,1,false,false,1700000000123456797,established,100"
    "00000,true\n";

static const char ndjson_handshake[] =
    "{\"type\":\"port\",\"schema\":\"shakedown/1\",\"addr\":\"192.0.2.2\",\"port\":80,\"family"
    "\":4,\"state\":\"open\",\"reason\":\"syn-ack\",\"ttl\":64,\"rtt_ns\":10000000,\"tries\":1"
    ",\"zero_window\":false,\"wildcard\":false,\"time_ns\":1700000000123456796,\"handshake\":"
    "\"established\",\"handshake_rtt_ns\":10000000,\"left_open\":false}\n";

static void compare(char *text, const char *wanted)
{
	if (strcmp(text, wanted) != 0)
		fail_msg("written:\n%s\nwanted:\n%s", text, wanted);
	free(text);
}

/* Handshakes, but no closes: of records, and of their sums. */
static void test_handshake(void **state)
{
	static struct scan_cast cast;
	char *text, *sums;
	size_t len;

	(void)state;
	scan_cast_init(&cast, MODE_HANDSHAKE);
	compare(scan_cast_report(&cast, "table", CAST_CLOSES, CAST_HOLDS), table_handshake);
	compare(scan_cast_report(&cast, "csv", CAST_CLOSES, CAST_HOLDS), csv_handshake);
	text = scan_cast_report(&cast, "ndjson", CAST_CLOSES, CAST_CLOSES);
	sums = strstr(text, "{\"type\":\"summary\"");
	assert_non_null(strstr(sums, "\"handshakes\":{\"established\":2},\"closes\":{},"));
	assert_non_null(strstr(sums, "\"phases\":{\"fin_ack\":{},\"app_close\":{},\"close\":{},"
				     "\"server_first\":{}},"));
	*sums = '\0';
	compare(strdup(strchr(text, '\n') + 1), ndjson_handshake);
	free(text);
	cast.look.out = open_memstream(&text, &len);
	scan_text_summary(cast.look.out, &cast.run, &cast.summary);
	fclose(cast.look.out);
	assert_non_null(strstr(text, "\nhandshakes: 2 established\nround trip: "));
	assert_null(strstr(text, "segment"));
	free(text);
	scan_cast_free(&cast);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_handshake)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
