/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of all subcommands that probe: a value -> its place in the settings. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"
#include "cmd/setters.h"
#include "probe/verdict.h"

#define SEND_MAX       (UINT32_C(16) << 20)
#define MSL2_NS        INT64_C(240000000000) /* 2 * 2 minutes: RFC 9293 section 3.4.2 */
#define RATE_MAX       100000
#define PARALLEL_MAX   30000
#define INTERVAL_MIN_S "10ms"

#define SETTER(name) int name(void *to, const char *value, int flag, struct err *err)

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
		tcb->syn_retries = (unsigned)number;
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
	for (unsigned i = 0; i <= PLAN_CLOSE_SERVER; i++) {
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

/* Stamps by the adapter are refused: a capture sees our own segments before the adapter does, so
 * that the two ends of a time would come from two clocks. */
SETTER(set_tstamp)
{
	struct probe_settings *settings = to;

	(void)flag;
	settings->tstamp_type = pcap_tstamp_type_name_to_val(value);
	if (settings->tstamp_type == PCAP_TSTAMP_ADAPTER ||
	    settings->tstamp_type == PCAP_TSTAMP_ADAPTER_UNSYNCED)
		return err_set(
		    err, ERR_USAGE,
		    "'%s' would time answers by another clock than our own segments, "
		    "which an adapter does not stamp for a capture: use host or host_hiprec",
		    value);
	if (settings->tstamp_type < 0)
		return err_set(err, ERR_USAGE, "'%s' is none of host, host_hiprec", value);
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
