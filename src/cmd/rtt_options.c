/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown rtt`: the table of its options, and the setters that it alone has. */
#include <string.h>
#include <unistd.h>

#include "cmd/parse.h"
#include "cmd/rtt_settings.h"
#include "cmd/setters.h"

#define SECOND_NS            INT64_C(1000000000)
#define INTERVAL_MIN_NS      INT64_C(1000000)
#define INTERVAL_MIN_USER_NS INT64_C(200000000)
#define TTL_DEFAULT          64
#define HOPS_DEFAULT         30
#define TRACE_COUNT_DEFAULT  3
#define TRACE_COUNT_MAX      1000

enum rtt_toggle { HALF_OPEN, DATA_RTT, CSV, HISTOGRAM, TRACE };

static int set_rtt_toggle(void *to, const char *value, int flag, struct err *err)
{
	struct rtt_settings *settings = to;

	(void)value;
	(void)err;
	if (flag == HALF_OPEN)
		settings->probe.plan.close = PLAN_CLOSE_HALF_OPEN;
	settings->probe.plan.measure_path |= flag == DATA_RTT;
	settings->csv |= flag == CSV;
	settings->histogram |= flag == HISTOGRAM;
	settings->trace |= flag == TRACE;
	return 0;
}

/* As ping: only root may ask often. */
static int set_interval(void *to, const char *value, int flag, struct err *err)
{
	struct rtt_settings *settings = to;
	int64_t *interval_ns = &settings->probe.interval_ns;

	(void)flag;
	if (parse_duration(value, interval_ns, err) < 0)
		return -1;
	if (*interval_ns < INTERVAL_MIN_NS)
		return err_set(err, ERR_USAGE, "'%s' is shorter than 1ms", value);
	if (*interval_ns < INTERVAL_MIN_USER_NS && geteuid() != 0)
		return err_set(err, ERR_USAGE, "'%s' is shorter than 200ms, which is for root only",
			       value);
	return 0;
}

static int set_syn_retries(void *to, const char *value, int flag, struct err *err)
{
	struct rtt_settings *settings = to;
	int64_t number;

	(void)flag;
	if (parse_number(value, 0, 10, &number, err) < 0)
		return -1;
	settings->probe.plan.tcb.syn_retries = (unsigned)number;
	return 0;
}

static int set_max_hops(void *to, const char *value, int flag, struct err *err)
{
	(void)flag;
	return parse_number(value, 1, 255, &((struct rtt_settings *)to)->max_hops, err);
}

static int set_baseline(void *to, const char *value, int flag, struct err *err)
{
	(void)flag;
	(void)err;
	((struct rtt_settings *)to)->baseline = value;
	return 0;
}

static int set_limit(void *to, const char *value, int flag, struct err *err)
{
	struct rtt_settings *settings = to;

	(void)flag;
	settings->has_limit = true;
	return compare_parse_limit(value, &settings->limit, err);
}

static int set_rtt_expect(void *to, const char *value, int flag, struct err *err)
{
	(void)flag;
	return expect_parse(value, &((struct rtt_settings *)to)->expect, err);
}

static int set_linger(void *to, const char *value, int flag, struct err *err)
{
	(void)flag;
	return parse_duration(value, &((struct rtt_settings *)to)->linger_ns, err);
}

const struct option_row rtt_options[] = {
    {"half-open", 0, NULL, "What is measured:",
     "answer the SYN-ACK with RST: no connection, one distance", set_rtt_toggle, HALF_OPEN},
    {"data-rtt", 0, NULL, NULL,
     "time a keepalive-style question after the handshake too: the path without SYN processing",
     set_rtt_toggle, DATA_RTT},
    {"trace", 0, NULL, NULL,
     "SYNs with rising TTL: each router on the way and its distance, until the server answers",
     set_rtt_toggle, TRACE},
    {"max-hops", 0, "N", NULL, "--trace: up to this TTL (default 30)", set_max_hops, 0},
    {"count", 'c', "N", "Time and pace:",
     "stop after N probes of each target, or hop (default: never; --trace: 3)", set_number, COUNT},
    {"interval", 'i', "DURATION", NULL,
     "between the probes of one target (default 1s; under 200ms for root, down to 1ms)",
     set_interval, 0},
    {"timeout", 'W', "DURATION", NULL, "wait so long for an answer to the last SYN (default 1s)",
     set_duration, TIMEOUT},
    {"deadline", 'w', "DURATION", NULL, "end everything after so long", set_duration, DEADLINE},
    {"syn-retries", 0, "N", NULL, "send an unanswered SYN again at most N times (default 1)",
     set_syn_retries, 0},
    {"linger", 0, "DURATION", NULL, "count late answers for so long after that (default 10s)",
     set_linger, 0},
    {"ipv4", '4', NULL, "Where from, where to:", "IPv4 only", set_version, IP_V4},
    {"ipv6", '6', NULL, NULL, "IPv6 only", set_version, IP_V6},
    {"interface", 'I', "IFACE|ADDR", NULL,
     "leave by this interface, or from this address of this host", set_text, FROM},
    {"ttl", 't', "N", NULL, "time to live, or hop limit (default 64)", set_number, TTL},
    {"file", 'f', "FILE", NULL, "read targets from FILE, one a line; - for standard input",
     set_targets_file, 0},
    {"histogram", 0, NULL, "Output:", "draw the distribution at the end", set_rtt_toggle,
     HISTOGRAM},
    {"explain", 0, NULL, NULL, "say what each distance measures, and what it does not", set_toggle,
     EXPLAIN},
    {"json", 'J', NULL, NULL, "NDJSON: one JSON object a line", set_toggle, NDJSON},
    {"csv", 0, NULL, NULL, "comma-separated values, a row a probe", set_rtt_toggle, CSV},
    {"output", 'o', "FILE", NULL, "write results to FILE, not to standard output", set_text,
     OUTPUT},
    {"pcap", 0, "FILE", NULL, "save the frames, both directions, with nanosecond stamps", set_text,
     PCAP},
    {"timestamp-type", 0, "TYPE", NULL, "who stamps the frames: host (default) or host_hiprec",
     set_tstamp, 0},
    {"quiet", 'q', NULL, NULL, "sums only; on a terminal, a live line for one target", set_toggle,
     QUIET},
    {"verbose", 'v', NULL, NULL, "source ports too", set_toggle, VERBOSE},
    {"date", 'D', NULL, NULL, "when each SYN left, before its line", set_toggle, DATES},
    {"numeric", 'n', NULL, NULL, "for ping's sake: addresses are never turned into names",
     set_toggle, NUMERIC},
    {"expect", 0, "CLAUSES", "For scripts:",
     "exit 1 unless all hold for each target, as in 'p95<=20ms,loss<1%'", set_rtt_expect, 0},
    {"baseline", 0, "FILE", NULL, "compare with an earlier run's NDJSON", set_baseline, 0},
    {"max-regression", 0, "LIMIT", NULL,
     "exit 1 if the median is certainly slower by more: 10% or 1ms (default 0)", set_limit, 0},
    {"no-sandbox", 0, NULL, NULL,
     "do without the filter of system calls, for debuggers and valgrind", set_toggle, NO_SANDBOX},
    {"help", 'h', NULL, NULL, "this", set_toggle, HELP},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};

void rtt_settings_init(struct rtt_settings *settings)
{
	*settings = (struct rtt_settings){.linger_ns = 10 * SECOND_NS, .max_hops = HOPS_DEFAULT};
	probe_settings_init(&settings->probe);
	settings->probe.count = 0;
	settings->probe.ladder = CHOICE_NO;
	settings->probe.plan.ip.ttl = TTL_DEFAULT;
	settings->probe.plan.tcb.syn_retries = 1;
	settings->probe.plan.tcb.time_wait_ns = 0;
	settings->probe.plan.close_wait_ns = SECOND_NS;
}

/* A trace has its own table, and a TTL and a count of its own. */
static int check_trace(struct rtt_settings *settings, struct err *err)
{
	struct probe_settings *probe = &settings->probe;

	if (settings->csv || settings->histogram || settings->baseline ||
	    settings->expect.count > 0 || probe->plan.measure_path)
		return err_set(err, ERR_USAGE,
			       "--trace: goes with none of --csv, --histogram, --baseline, "
			       "--expect, --data-rtt");
	if (probe->plan.ip.ttl != TTL_DEFAULT)
		return err_set(err, ERR_USAGE, "--trace, --ttl: a trace goes through the TTLs");
	if (probe->targets.count != 1)
		return err_set(err, ERR_USAGE, "--trace: one target only");
	if (probe->count == 0)
		probe->count = TRACE_COUNT_DEFAULT;
	if (probe->count > TRACE_COUNT_MAX)
		return err_set(err, ERR_USAGE, "--trace: --count %d at most", TRACE_COUNT_MAX);
	return 0;
}

int rtt_settings_read(struct rtt_settings *settings, int argc, char **argv, struct err *err)
{
	int first;

	if (options_parse(rtt_options, argc, argv, settings, &first, err) < 0)
		return -1;
	if (settings->probe.help)
		return 0;
	if (targets_add_words(&settings->probe.targets, argc - first, argv + first, err) < 0)
		return -1;
	if (settings->has_limit && !settings->baseline)
		return err_set(err, ERR_USAGE,
			       "--max-regression: needs a --baseline to compare with");
	if (settings->csv && settings->probe.ndjson)
		return err_set(err, ERR_USAGE, "--csv, --json: only one format");
	if (settings->probe.plan.measure_path && settings->probe.plan.close == PLAN_CLOSE_HALF_OPEN)
		return err_set(err, ERR_USAGE,
			       "--data-rtt: needs a connection, which --half-open has not");
	if (settings->probe.targets.count == 0)
		return err_set(err, ERR_USAGE,
			       "rtt: no target: write HOST PORT or HOST:PORT, or see --help");
	return settings->trace ? check_trace(settings, err) : 0;
}
