/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown probe`: the table of its options, and the setter behind each row. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"
#include "cmd/probe_settings.h"
#include "probe/verdict.h"

#define SEND_MAX       (UINT32_C(16) << 20)
#define MSL2_NS        INT64_C(240000000000) /* 2 * 2 minutes: RFC 9293 section 3.4.2 */
#define RATE_MAX       100000
#define PARALLEL_MAX   30000
#define INTERVAL_MIN_S "10ms"

#define SETTER(name) static int name(void *to, const char *value, int flag, struct err *err)

/* The rows that store one thing name it by these. */
enum duration { AWAIT, CLOSE_WAIT, SETTLE, TIMEOUT, DEADLINE, INTERVAL, RTO_MAX };
enum number { MSS, WSCALE, TTL, WINDOW, RETRIES, COUNT, RATE, PARALLEL, SOURCE_PORT };
enum toggle {
	HALF_CLOSE,
	SACK_ON,
	SACK_OFF,
	TS_ON,
	TS_OFF,
	ECN,
	NO_GUARD,
	NO_SANDBOX,
	QUIET,
	VERBOSE,
	DATES,
	NUMERIC,
	LADDER,
	NO_LADDER,
	EXPLAIN,
	NDJSON,
	SEGMENTS,
	HELP,
};

SETTER(set_duration)
{
	struct probe_settings *settings = to;
	int64_t *const places[] = {
	    [AWAIT] = &settings->plan.await_ns,
	    [CLOSE_WAIT] = &settings->plan.close_wait_ns,
	    [SETTLE] = &settings->plan.settle_ns,
	    [TIMEOUT] = &settings->plan.tcb.last_wait_ns,
	    [DEADLINE] = &settings->deadline_ns,
	    [INTERVAL] = &settings->interval_ns,
	    [RTO_MAX] = &settings->plan.tcb.rto_max_ns,
	};

	if (parse_duration(value, places[flag], err) < 0)
		return -1;
	if (flag == TIMEOUT)
		settings->plan.answer_ns = settings->plan.tcb.last_wait_ns;
	if (flag == RTO_MAX && *places[flag] < settings->plan.tcb.rto_min_ns)
		return err_set(err, ERR_USAGE, "'%s' is shorter than one second, the least timeout",
			       value);
	if (flag == INTERVAL && *places[flag] < 10000000)
		return err_set(err, ERR_USAGE, "'%s' is shorter than " INTERVAL_MIN_S, value);
	return 0;
}

SETTER(set_number)
{
	static const struct {
		int64_t min, max;
	} ranges[] = {
	    [MSS] = {0, 65535},         [WSCALE] = {0, 255},
	    [TTL] = {1, 255},           [WINDOW] = {1, 65535},
	    [RETRIES] = {0, 30},        [COUNT] = {1, 1000000},
	    [RATE] = {1, RATE_MAX},     [PARALLEL] = {1, PARALLEL_MAX},
	    [SOURCE_PORT] = {1, 65535},
	};
	struct probe_settings *settings = to;
	struct tcb_config *tcb = &settings->plan.tcb;
	int64_t number;

	if (parse_number(value, ranges[flag].min, ranges[flag].max, &number, err) < 0)
		return -1;
	switch ((enum number)flag) {
	case MSS:
		tcb->mss = (int)number;
		break;
	case WSCALE:
		tcb->wscale = (int)number;
		break;
	case TTL:
		settings->plan.ip.ttl = (uint8_t)number;
		break;
	case WINDOW:
		tcb->rcv_wnd = (uint32_t)number;
		break;
	case RETRIES:
		tcb->retries = (unsigned)number;
		break;
	case COUNT:
		settings->count = number;
		break;
	case RATE:
		settings->rate = number;
		break;
	case PARALLEL:
		settings->parallel = number;
		break;
	case SOURCE_PORT:
		settings->source_port = number;
		break;
	}
	return 0;
}

SETTER(set_toggle)
{
	struct probe_settings *settings = to;
	struct tcb_config *tcb = &settings->plan.tcb;
	bool *const places[] = {
	    [HALF_CLOSE] = &settings->plan.half_close,
	    [SACK_ON] = &tcb->sack,
	    [SACK_OFF] = &tcb->sack,
	    [TS_ON] = &tcb->timestamps,
	    [TS_OFF] = &tcb->timestamps,
	    [ECN] = &tcb->ecn,
	    [NO_GUARD] = &settings->no_guard,
	    [NO_SANDBOX] = &settings->no_sandbox,
	    [QUIET] = &settings->quiet,
	    [VERBOSE] = &settings->verbose,
	    [DATES] = &settings->dates,
	    [EXPLAIN] = &settings->explain,
	    [NDJSON] = &settings->ndjson,
	    [SEGMENTS] = &settings->segments,
	    [HELP] = &settings->help,
	};

	(void)value;
	(void)err;
	if (flag == LADDER || flag == NO_LADDER)
		settings->ladder = flag == LADDER ? CHOICE_YES : CHOICE_NO;
	else if (flag != NUMERIC)
		*places[flag] = flag != SACK_OFF && flag != TS_OFF;
	return 0;
}

SETTER(set_no_wscale)
{
	(void)value;
	(void)flag;
	(void)err;
	((struct probe_settings *)to)->plan.tcb.wscale = -1;
	return 0;
}

SETTER(set_send)
{
	struct probe_settings *settings = to;

	free(settings->send);
	settings->send = NULL;
	if (flag)
		return parse_file(value, SEND_MAX, &settings->send, &settings->send_len, err);
	return parse_escapes(value, &settings->send, &settings->send_len, err);
}

SETTER(set_http)
{
	struct probe_settings *settings = to;

	(void)flag;
	settings->http_path = value ? value : "/";
	if (settings->http_path[0] != '/' || strpbrk(settings->http_path, " \t\r\n"))
		return err_set(err, ERR_USAGE,
			       "'%s' is no path: it starts with / and has no blanks", value);
	return 0;
}

SETTER(set_close)
{
	struct probe_settings *settings = to;

	(void)flag;
	for (unsigned i = 0; i < PLAN_CLOSE_COUNT; i++) {
		if (strcmp(value, plan_close_name((enum plan_close)i)) != 0)
			continue;
		settings->plan.close = (enum plan_close)i;
		return 0;
	}
	return err_set(err, ERR_USAGE, "'%s' is none of fin, rst, server", value);
}

SETTER(set_time_wait)
{
	struct probe_settings *settings = to;

	(void)flag;
	if (strcmp(value, "2msl") != 0)
		return parse_duration(value, &settings->plan.tcb.time_wait_ns, err);
	settings->plan.tcb.time_wait_ns = MSL2_NS;
	return 0;
}

SETTER(set_version)
{
	(void)value;
	(void)err;
	((struct probe_settings *)to)->version = (enum ip_version)flag;
	return 0;
}

enum text_place { FROM, OUTPUT, PCAP };

SETTER(set_text)
{
	struct probe_settings *settings = to;
	const char **const places[] = {
	    [FROM] = &settings->from, [OUTPUT] = &settings->output, [PCAP] = &settings->pcap};

	if (value[0] == '\0')
		return err_set(err, ERR_USAGE, "needs a value");
	*places[flag] = value;
	return 0;
}

SETTER(set_targets_file)
{
	(void)flag;
	return targets_add_file(&((struct probe_settings *)to)->targets, value, err);
}

SETTER(set_tstamp)
{
	struct probe_settings *settings = to;

	(void)flag;
	settings->tstamp_type = pcap_tstamp_type_name_to_val(value);
	if (settings->tstamp_type < 0)
		return err_set(err, ERR_USAGE,
			       "'%s' is none of host, host_hiprec, adapter, adapter_unsynced",
			       value);
	return 0;
}

/* "icmp-3-13", where it begins like that. */
static bool icmp_is_whole(const char *word)
{
	unsigned type, code;
	int end = 0;

	return strncmp(word, "icmp-", 5) != 0 ||
	       (sscanf(word, "icmp-%3u-%3u%n", &type, &code, &end) == 2 && word[end] == '\0' &&
		type <= UINT8_MAX && code <= UINT8_MAX);
}

SETTER(set_expect)
{
	struct probe_settings *settings = to;
	enum token_kind kind = (enum token_kind)flag;
	struct expectation *expect =
	    kind == TOKEN_KIND_CLOSE ? &settings->expect_close : &settings->expect_handshake;
	char *rest = NULL;

	free(expect->list);
	expect->count = 0;
	expect->list = strdup(value);
	for (char *word = strtok_r(expect->list, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (strcmp(word, "none") != 0 &&
		    (token_find(word, kind) == TOKEN_NONE || !icmp_is_whole(word)))
			return err_set(err, ERR_USAGE,
				       "'%s' is no token of this kind: see shakedown help tokens",
				       word);
		if (expect->count == EXPECT_MAX)
			return err_set(err, ERR_USAGE, "more than %d tokens", EXPECT_MAX);
		expect->tokens[expect->count++] = word;
	}
	if (expect->count == 0)
		return err_set(err, ERR_USAGE, "needs a token, or several with commas");
	return 0;
}

const struct option_row probe_options[] = {
    {"send", 0, "STRING",
     "On the connection:", "send this; C escapes (\\r\\n, \\xHH) are understood", set_send, 0},
    {"send-file", 0, "FILE", NULL, "send this file's octets; - for standard input", set_send, 1},
    {"http", 0, "[PATH]", NULL, "send a minimal GET for --http=PATH (default /)", set_http, 0},
    {"await", 0, "DURATION", NULL, "first let the server speak, or close, for so long (default 0)",
     set_duration, AWAIT},
    {"settle", 0, "DURATION", NULL,
     "an answer is over after so long without more of it (default 100ms)", set_duration, SETTLE},
    {"close", 0, "WHO", NULL,
     "fin: we close (default); rst: we reset; server: we wait for the server to close", set_close,
     0},
    {"half-close", 0, NULL, NULL, "send the FIN with the request, then read to the end", set_toggle,
     HALF_CLOSE},
    {"close-wait-limit", 0, "DURATION", NULL, "wait so long for the server's FIN (default 10s)",
     set_duration, CLOSE_WAIT},
    {"time-wait", 0, "DURATION", NULL,
     "stay so long in TIME-WAIT to answer a repeated FIN (default 1s); 2msl: four minutes",
     set_time_wait, 0},
    {"mss", 0, "OCTETS", "How the SYN looks (default: like a current Linux):",
     "maximum segment size; 0: no such option (default: what the path allows)", set_number, MSS},
    {"wscale", 0, "SHIFT", NULL, "window scale (default 7)", set_number, WSCALE},
    {"no-wscale", 0, NULL, NULL, "no window scale option", set_no_wscale, 0},
    {"sack", 0, NULL, NULL, "offer selective acknowledgments (default)", set_toggle, SACK_ON},
    {"no-sack", 0, NULL, NULL, "do not", set_toggle, SACK_OFF},
    {"timestamps", 0, NULL, NULL, "offer timestamps (default)", set_toggle, TS_ON},
    {"no-timestamps", 0, NULL, NULL, "do not", set_toggle, TS_OFF},
    {"ecn", 0, NULL, NULL, "ask for explicit congestion notification", set_toggle, ECN},
    {"ttl", 0, "N", NULL, "time to live, or hop limit (default 64)", set_number, TTL},
    {"window", 0, "OCTETS", NULL, "receive window (default 64240)", set_number, WINDOW},
    {"ipv4", '4', NULL, "Where from, where to:", "IPv4 only", set_version, IP_V4},
    {"ipv6", '6', NULL, NULL, "IPv6 only", set_version, IP_V6},
    {"interface", 'I', "IFACE|ADDR", NULL,
     "leave by this interface, or from this address of this host", set_text, FROM},
    {"source-port", 0, "PORT", NULL, "from this port; one probe at a time", set_number,
     SOURCE_PORT},
    {"file", 'f', "FILE", NULL, "read targets from FILE, one a line; - for standard input",
     set_targets_file, 0},
    {"no-guard", 0, NULL, NULL, "do without the port guard, to see the kernel reset the connection",
     set_toggle, NO_GUARD},
    {"no-sandbox", 0, NULL, NULL,
     "do without the filter of system calls, for debuggers and valgrind", set_toggle, NO_SANDBOX},
    {"count", 'c', "N", "Time and pace:", "probe each target N times (default 1)", set_number,
     COUNT},
    {"interval", 'i', "DURATION", NULL, "between those (default 1s)", set_duration, INTERVAL},
    {"timeout", 'W', "DURATION", NULL,
     "wait so long for an answer, and after the last try (default 1s)", set_duration, TIMEOUT},
    {"deadline", 'w', "DURATION", NULL, "end everything after so long", set_duration, DEADLINE},
    {"retries", 0, "N", NULL, "send a segment again at most N times (default 3)", set_number,
     RETRIES},
    {"rto-max", 0, "DURATION", NULL, "longest time between two tries (default 60s)", set_duration,
     RTO_MAX},
    {"rate", 0, "N", NULL, "start at most N probes a second (default 100)", set_number, RATE},
    {"parallel", 0, "N", NULL, "at most N probes at once (default 1000)", set_number, PARALLEL},
    {"ladder", 0, NULL, "Output:", "draw each exchange (default for one target on a terminal)",
     set_toggle, LADDER},
    {"no-ladder", 0, NULL, NULL, "do not", set_toggle, NO_LADDER},
    {"explain", 0, NULL, NULL, "draw it, and say what each segment proves and why", set_toggle,
     EXPLAIN},
    {"json", 'J', NULL, NULL, "NDJSON: one JSON object a line", set_toggle, NDJSON},
    {"segments", 0, NULL, NULL, "with -J: a record for each segment too", set_toggle, SEGMENTS},
    {"output", 'o', "FILE", NULL, "write results to FILE, not to standard output", set_text,
     OUTPUT},
    {"pcap", 0, "FILE", NULL, "save the frames, both directions, with nanosecond stamps", set_text,
     PCAP},
    {"timestamp-type", 0, "TYPE", NULL, "stamps by host, host_hiprec, adapter or adapter_unsynced",
     set_tstamp, 0},
    {"quiet", 'q', NULL, NULL, "the summary only", set_toggle, QUIET},
    {"verbose", 'v', NULL, NULL, "reasons under each line", set_toggle, VERBOSE},
    {"date", 'D', NULL, NULL, "the time of day before each line", set_toggle, DATES},
    {"numeric", 'n', NULL, NULL, "for ping's sake: addresses are never turned into names",
     set_toggle, NUMERIC},
    {"expect-handshake", 0, "TOKEN,...", "For scripts:",
     "exit 1 unless each handshake is one of these", set_expect, TOKEN_KIND_HANDSHAKE},
    {"expect-close", 0, "TOKEN,...", NULL, "exit 1 unless each close is one of these", set_expect,
     TOKEN_KIND_CLOSE},
    {"help", 'h', NULL, NULL, "this", set_toggle, HELP},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};
