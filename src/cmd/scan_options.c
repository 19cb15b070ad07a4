/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan`: the table of its options, and what they set. */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"
#include "cmd/scan_habits.h"
#include "cmd/scan_settings.h"
#include "cmd/scan_shard.h"
#include "cmd/setters.h"

#define SECOND_NS        INT64_C(1000000000)
#define RATE_DEFAULT     1000
#define LEAST_NS         INT64_C(1000000)
#define HOUR_NS          (3600 * SECOND_NS)
#define PER_HOST_DEFAULT 64

enum scan_text { PORTS, EXCLUDE_FILE, TARGETS_FILE, RESUME };
enum scan_toggle { SPECIAL, YES, DRY_RUN, OPEN_ONLY, CONTROLS };
enum scan_number { TOP_PORTS, SCAN_RETRIES, PER_HOST, CONNECTIONS, MAX_RESULTS };
enum scan_duration { WAIT, CLOSE_LIMIT, MAX_RUNTIME };
enum scan_amount { SCAN_RATE, BANDWIDTH };

#define SETTER(name) static int name(void *to, const char *value, int flag, struct err *err)

SETTER(set_mode)
{
	(void)value;
	(void)err;
	((struct scan_settings *)to)->mode = (enum scan_mode)flag;
	return 0;
}

SETTER(set_scan_text)
{
	struct scan_settings *settings = to;
	const char **const places[] = {[PORTS] = &settings->words.ports,
				       [EXCLUDE_FILE] = &settings->words.exclude_file,
				       [TARGETS_FILE] = &settings->words.file,
				       [RESUME] = &settings->resume};

	if (value[0] == '\0')
		return err_set(err, ERR_USAGE, "needs a value");
	if (*places[flag] &&
	    flag != RESUME) /* or half of the ports, or of what is to be spared, would be lost */
		return err_set(err, ERR_USAGE, "given twice: %s",
			       flag == PORTS ? "write one list, with commas"
					     : "make one file of it");
	*places[flag] = value;
	return 0;
}

/* nmap's -oN FILE would make a file N, and FILE a target. */
SETTER(set_output)
{
	if (strlen(value) == 1 && strchr("NXGASJLD", value[0]))
		return err_set(err, ERR_USAGE,
			       "nmap's -o%s FILE is -o FILE here, with --json, --csv or --list; a "
			       "file of that name is ./%s",
			       value, value);
	return set_text(to, value, flag, err);
}

SETTER(set_scan_toggle)
{
	struct scan_settings *settings = to;
	bool *const places[] = {[SPECIAL] = &settings->words.special,
				[YES] = &settings->yes,
				[DRY_RUN] = &settings->dry_run,
				[OPEN_ONLY] = &settings->open_only,
				[CONTROLS] = &settings->controls};

	(void)value;
	(void)err;
	*places[flag] = true;
	return 0;
}

SETTER(set_scan_number)
{
	struct scan_settings *settings = to;
	static const int64_t most[] = {[TOP_PORTS] = 65535,
				       [SCAN_RETRIES] = FLOWS_TRIES_MAX - 1,
				       [PER_HOST] = 65535,
				       [CONNECTIONS] = 1000000,
				       [MAX_RESULTS] = INT64_MAX};
	int64_t *const places[] = {[TOP_PORTS] = &settings->words.top_ports,
				   [SCAN_RETRIES] = &settings->tries,
				   [PER_HOST] = &settings->max_per_host,
				   [CONNECTIONS] = &settings->connections,
				   [MAX_RESULTS] = &settings->max_results};

	if (parse_number(value, flag == SCAN_RETRIES || flag == PER_HOST ? 0 : 1, most[flag],
			 places[flag], err) < 0)
		return -1;
	settings->tries += flag == SCAN_RETRIES;
	return 0;
}

/* Bounded: a wait of nothing would call every port filtered, or judge a close before it came. */
SETTER(set_scan_duration)
{
	struct scan_settings *settings = to;
	static const struct {
		int64_t most_ns;
		const char *text;
	} bounds[] = {[WAIT] = {HOUR_NS, "from 1ms to 1h"},
		      [CLOSE_LIMIT] = {24 * HOUR_NS, "from 1ms to 24h"},
		      [MAX_RUNTIME] = {365 * 24 * HOUR_NS, "from 1ms to a year"}};
	int64_t *const places[] = {[WAIT] = &settings->wait_ns,
				   [CLOSE_LIMIT] = &settings->probe.plan.close_wait_ns,
				   [MAX_RUNTIME] = &settings->max_runtime_ns};
	int64_t ns;

	if (parse_duration(value, &ns, err) < 0)
		return -1;
	if (ns < LEAST_NS || ns > bounds[flag].most_ns)
		return err_set(err, ERR_USAGE, "'%s' is not %s", value, bounds[flag].text);
	*places[flag] = ns;
	return 0;
}

/* "1000", "10k", "1.5M" */
static bool parse_amount(const char *text, double *amount)
{
	static const char suffixes[] = "kMG";
	size_t digits = strspn(text, "0123456789.");
	const char *suffix = text[digits] == 'K' ? suffixes : strchr(suffixes, text[digits]);
	char *end;

	*amount = strtod(text, &end);
	if (digits == 0 || end != text + digits || !suffix || (*end && end[1]))
		return false;
	for (ptrdiff_t i = 0; *end && i <= suffix - suffixes; i++)
		*amount *= 1e3;
	return true;
}

SETTER(set_amount)
{
	struct scan_settings *settings = to;
	static const struct {
		double least, most;
		const char *text;
	} bounds[] = {[SCAN_RATE] = {1, 100e6, "SYNs a second, from 1 to 100M"},
		      [BANDWIDTH] = {SYN6_BITS, 1e12,
				     "bits a second, from 784, which is one SYN of IPv6 a second, "
				     "to 1000G"}};
	double amount;

	if (!parse_amount(value, &amount) || !(amount >= bounds[flag].least) ||
	    amount > bounds[flag].most)
		return err_set(err, ERR_USAGE, "'%s' is no number of %s; k, M and G are understood",
			       value, bounds[flag].text);
	*(flag == SCAN_RATE ? &settings->rate : &settings->bandwidth) = amount;
	return 0;
}

SETTER(set_exclude)
{
	struct scan_settings *settings = to;

	(void)flag;
	if (settings->words.exclude_count == EXCLUDES_MAX)
		return err_set(err, ERR_USAGE, "more than %d times: see --exclude-file",
			       EXCLUDES_MAX);
	settings->excludes[settings->words.exclude_count++] = (char *)(uintptr_t)value;
	return 0;
}

/* Decimal, or hexadecimal with 0x in front; never octal. */
SETTER(set_seed)
{
	struct scan_settings *settings = to;
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X') && value[2];
	char *end;

	(void)flag;
	errno = 0;
	settings->seed = strtoull(value, &end, hex ? 16 : 10);
	settings->has_seed = true;
	if (!isdigit((unsigned char)value[0]) || *end || errno)
		return err_set(err, ERR_USAGE, "'%s' is no number from 0 to 2^64-1", value);
	return 0;
}

SETTER(set_shard)
{
	struct scan_settings *settings = to;

	(void)flag;
	return scan_shard_parse(value, &settings->shard, &settings->shards, err);
}

SETTER(set_way)
{
	static const char *const names[] = {
	    [BULK_AUTO] = "auto", [BULK_XDP] = "xdp", [BULK_PACKET] = "packet", [BULK_RAW] = "raw"};
	struct scan_settings *settings = to;

	(void)flag;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0) {
			settings->way = (enum bulk_way)i;
			return 0;
		}
	return err_set(err, ERR_USAGE, "'%s' is none of auto, xdp, packet, raw", value);
}

static const char *const formats[] = {"ndjson", "csv", "list"};

SETTER(set_format)
{
	struct scan_settings *settings = to;

	(void)value;
	if (settings->format)
		return err_set(err, ERR_USAGE, "only one of --json, --csv, --list");
	settings->format = formats[flag];
	return 0;
}

const struct option_row scan_options[] = {
    {"ports", 'p', "LIST", "What is scanned:",
     "ports: 22,80-90,http; - for all (default: --top-ports 100)", set_scan_text, PORTS},
    {"top-ports", 0, "N", NULL,
     "the first N TCP ports of this system's services database, which are not the most common ones",
     set_scan_number, TOP_PORTS},
    {"file", 'f', "FILE", NULL, "read targets from FILE too; - for standard input", set_scan_text,
     TARGETS_FILE},
    {"exclude", 0, "LIST", NULL, "not these, written as targets are; may come again", set_exclude,
     0},
    {"exclude-file", 0, "FILE", NULL, "nor those of this file", set_scan_text, EXCLUDE_FILE},
    {"special", 0, NULL, NULL,
     "of wide targets, also what is left out otherwise: private networks, loopback and the like",
     set_scan_toggle, SPECIAL},
    {"seed", 0, "N", NULL, "the order; the same seed is the same order (default: random)", set_seed,
     0},
    {"shard", 0, "I/N", NULL,
     "the I-th of N parts, which together are the whole; auto: as Slurm or Kubernetes says; with "
     "--seed",
     set_shard, 0},
    {"syn", 0, NULL, "How:", "SYN, and RST when a SYN-ACK comes (default)", set_mode, MODE_SYN},
    {"handshake", 0, NULL, NULL,
     "complete the handshake of each open port, tell its verdict, and close", set_mode,
     MODE_HANDSHAKE},
    {"close-census", 0, NULL, NULL,
     "likewise, and tell how each server closed and how long each phase took", set_mode,
     MODE_CENSUS},
    {"controls", 0, NULL, NULL,
     "try three random ports of each host with an open port: one that answers on any port is told "
     "once, as a wildcard",
     set_scan_toggle, CONTROLS},
    {"retries", 0, "N", NULL, "send an unanswered SYN again at most N times, 0 to 7 (default 1)",
     set_scan_number, SCAN_RETRIES},
    {"timeout", 'W', "DURATION", NULL,
     "wait so long for the answer to the first SYN, twice as long each time (default 1s)",
     set_scan_duration, WAIT},
    {"close-wait-limit", 0, "DURATION", NULL,
     "wait so long for the server's FIN, then reset the connection (default 10s)",
     set_scan_duration, CLOSE_LIMIT},
    {"ipv4", '4', NULL, "Where from, where to:", "IPv4 only", set_version, IP_V4},
    {"ipv6", '6', NULL, NULL, "IPv6 only", set_version, IP_V6},
    {"interface", 'I', "IFACE|ADDR", NULL,
     "leave by this interface, or from this address of this host", set_text, FROM},
    {"send", 0, "WAY", NULL, "auto (default), xdp, packet or raw: how SYNs are sent", set_way, 0},
    {"rate", 0, "N", "Pace:", "SYNs a second; k and M are understood (default 1000)", set_amount,
     SCAN_RATE},
    {"bandwidth", 0, "BITS", NULL, "bits a second of SYNs on the wire, at most; k, M, G",
     set_amount, BANDWIDTH},
    {"max-per-host", 0, "N", NULL,
     "SYNs to one host that are not answered yet, at most; 0: no limit (default 64)",
     set_scan_number, PER_HOST},
    {"connections", 0, "N", NULL,
     "with --handshake and --close-census: connections at once, at most (default 1024)",
     set_scan_number, CONNECTIONS},
    {"max-runtime", 0, "DURATION", NULL, "stop after so long", set_scan_duration, MAX_RUNTIME},
    {"max-results", 0, "N", NULL,
     "stop after so many answers, of open ports and others, and what is there already by then",
     set_scan_number, MAX_RESULTS},
    {"resume", 0, "FILE", NULL,
     "keep in FILE how far the scan is, and go on there if it was interrupted; with -o, and "
     "--json, --csv or --list",
     set_scan_text, RESUME},
    {"yes", 0, NULL, NULL,
     "more than 10000 targets (pairs of address and port), or more than 10000 SYNs a second, are "
     "meant",
     set_scan_toggle, YES},
    {"dry-run", 0, NULL, NULL, "say what would be sent, and send nothing", set_scan_toggle,
     DRY_RUN},
    {"open", 0, NULL, "Output:", "open ports only", set_scan_toggle, OPEN_ONLY},
    {"json", 'J', NULL, NULL, "NDJSON: one JSON object a line", set_format, 0},
    {"csv", 0, NULL, NULL, "comma-separated values, a row an answer", set_format, 1},
    {"list", 0, NULL, NULL, "open ports as ADDR:PORT, a line each", set_format, 2},
    {"output", 'o', "FILE", NULL, "write results to FILE, not to standard output", set_output,
     OUTPUT},
    {"quiet", 'q', NULL, NULL, "no progress on standard error", set_toggle, QUIET},
    {"no-sandbox", 0, NULL, NULL,
     "do without the filter of system calls, for debuggers and valgrind", set_toggle, NO_SANDBOX},
    {"help", 'h', NULL, NULL, "this", set_toggle, HELP},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};

void scan_settings_init(struct scan_settings *settings)
{
	*settings = (struct scan_settings){.shard = 1,
					   .shards = 1,
					   .tries = 2,
					   .wait_ns = SECOND_NS,
					   .max_per_host = PER_HOST_DEFAULT,
					   .connections = 1024,
					   .rate = RATE_DEFAULT};
	probe_settings_init(&settings->probe);
	settings->probe.ladder = CHOICE_NO;
	settings->probe.plan.tcb.time_wait_ns = 0;
}

static int check_resume(const struct scan_settings *settings, struct err *err)
{
	const char *results = settings->probe.output;

	if (!settings->resume)
		return 0;
	if (!results)
		return err_set(err, ERR_USAGE, "--resume: needs -o FILE, where the results go on");
	if (strcmp(settings->format, "table") == 0)
		return err_set(err, ERR_USAGE,
			       "--resume: not with a table, which is made at the end of all: add "
			       "--json, --csv or --list");
	if (strcmp(settings->resume, results) == 0)
		return err_set(err, ERR_USAGE,
			       "--resume, -o: results and checkpoint are one file: name two");
	return 0;
}

/* Who comes from another scanner is told how it is said here. */
static int parse(struct scan_settings *settings, int argc, char **argv, int *first, struct err *err)
{
	struct err why = {.class = ERR_NONE};

	if (options_parse(scan_options, argc, argv, settings, first, &why) == 0)
		return 0;
	return scan_habit(argc, argv, &why, err);
}

int scan_settings_read(struct scan_settings *settings, int argc, char **argv, struct err *err)
{
	int first;

	if (parse(settings, argc, argv, &first, err) < 0)
		return -1;
	if (settings->probe.help)
		return 0;
	settings->words.targets = argv + first;
	settings->words.target_count = argc - first;
	settings->words.exclude = settings->excludes;
	settings->words.version = settings->probe.version;
	if (!settings->words.ports && settings->words.top_ports == 0)
		settings->words.top_ports = 100;
	if (settings->words.ports && settings->words.top_ports > 0)
		return err_set(err, ERR_USAGE, "--ports, --top-ports: only one of them");
	if (settings->words.target_count == 0 && !settings->words.file)
		return err_set(err, ERR_USAGE,
			       "scan: no target: write hosts, networks or ranges, or see --help");
	if (settings->shards > 1 && !settings->has_seed && !settings->resume)
		return err_set(
		    err, ERR_USAGE,
		    "--shard: needs --seed, the same for all shards: or they are not parts "
		    "of one whole");
	if (!settings->format)
		settings->format = "table";
	return check_resume(settings, err);
}

void scan_settings_pace(struct scan_settings *settings, const struct space *space)
{
	double bits = SYN_BITS;
	struct ip_addr first, last;

	for (unsigned i = 0; space_range(space, i, &first, &last); i++)
		if (first.version == IP_V6)
			bits = SYN6_BITS;
	if (settings->bandwidth > 0 && settings->rate > settings->bandwidth / bits)
		settings->rate = settings->bandwidth / bits;
}
