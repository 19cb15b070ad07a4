/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown test`: the table of its options, and what they set. */
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"
#include "cmd/setters.h"
#include "cmd/test_settings.h"

#define SECOND_NS     INT64_C(1000000000)
#define LANES_DEFAULT 6
#define LANES_MAX     64

enum test_text { ONLY, SKIP, APP, EXPECT };
enum test_toggle { INTRUSIVE, UPDATE, TAP, JUNIT, JSON };
enum test_piece { PARTIAL, RESPONSE };
enum test_number { LANES, TARGETS };

#define SETTER(name) static int name(void *to, const char *value, int flag, struct err *err)

SETTER(set_profile)
{
	(void)value;
	(void)err;
	((struct test_settings *)to)->selection.profile = (enum profile)flag;
	return 0;
}

SETTER(set_test_text)
{
	struct test_settings *settings = to;
	const char **const places[] = {[ONLY] = &settings->selection.only,
				       [SKIP] = &settings->selection.skip,
				       [APP] = &settings->app,
				       [EXPECT] = &settings->expect};

	if (value[0] == '\0')
		return err_set(err, ERR_USAGE, "needs a value");
	*places[flag] = value;
	return 0;
}

SETTER(set_test_toggle)
{
	struct test_settings *settings = to;

	(void)value;
	if (flag == INTRUSIVE)
		settings->selection.intrusive = true;
	else if (flag == UPDATE)
		settings->update_expected = settings->probe.replaces_file = true;
	else if (settings->format)
		return err_set(err, ERR_USAGE, "only one of --json, --tap, --junit");
	else
		settings->format = flag == TAP ? "tap" : flag == JUNIT ? "junit" : "ndjson";
	return 0;
}

SETTER(set_test_number)
{
	struct test_settings *settings = to;

	if (flag == LANES)
		return parse_number(value, 1, LANES_MAX, &settings->lanes, err);
	return parse_number(value, 1, 10000, &settings->targets_at_once, err);
}

SETTER(set_script)
{
	struct test_settings *settings = to;

	(void)flag;
	if (settings->script_count == SCRIPTS_MAX)
		return err_set(err, ERR_USAGE, "at most %d files", SCRIPTS_MAX);
	settings->scripts[settings->script_count++] = (char *)(uintptr_t)value;
	return 0;
}

SETTER(set_ladders)
{
	static const char *const names[] = {
	    [LADDERS_NOT_PASSED] = "failed", [LADDERS_ALL] = "all", [LADDERS_NONE] = "none"};
	struct test_settings *settings = to;

	(void)flag;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0) {
			settings->ladders = (enum test_ladders)i;
			return 0;
		}
	return err_set(err, ERR_USAGE, "'%s' is none of failed, all, none", value);
}

SETTER(set_piece)
{
	struct test_settings *settings = to;
	uint8_t **octets = flag == RESPONSE ? &settings->response : &settings->partial;

	free(*octets);
	*octets = NULL;
	return parse_escapes(value, octets,
			     flag == RESPONSE ? &settings->response_len : &settings->partial_len,
			     err);
}

const struct option_row test_options[] = {
    {"quick", 0, NULL, "What is tested:",
     "the most important scenarios: under 10 seconds for a target", set_profile, PROFILE_QUICK},
    {"full", 0, NULL, NULL, "all, schedules and TIME-WAIT too: some minutes", set_profile,
     PROFILE_FULL},
    {"only", 0, "PATTERN,...", NULL, "only these, whatever their profile: R*,C7", set_test_text,
     ONLY},
    {"skip", 0, "PATTERN,...", NULL, "all but these", set_test_text, SKIP},
    {"intrusive", 0, NULL, NULL,
     "those too that could disturb the server: backlog pressure, many connections", set_test_toggle,
     INTRUSIVE},
    {"script", 0, "FILE", NULL, "run the scenarios of this file instead; may come again",
     set_script, 0},
    {"app", 0, "NAME", "The service:",
     "http, redis, memcached, ssh, smtp, banner, echo or none (default: found out by greeting "
     "and answer)",
     set_test_text, APP},
    {"request", 0, "STRING", NULL, "what it answers; C escapes (\\r\\n, \\xHH) are understood",
     set_send, 0},
    {"request-file", 0, "FILE", NULL, "likewise, this file's octets; - for standard input",
     set_send, 1},
    {"partial", 0, "STRING", NULL, "the beginning of a request, which it waits for the rest of",
     set_piece, PARTIAL},
    {"response", 0, "STRING", NULL,
     "what the answer to the request must have in it; else the target is not tested", set_piece,
     RESPONSE},
    {"ipv4", '4', NULL, "Where from, where to:", "IPv4 only", set_version, IP_V4},
    {"ipv6", '6', NULL, NULL, "IPv6 only", set_version, IP_V6},
    {"interface", 'I', "IFACE|ADDR", NULL,
     "leave by this interface, or from this address of this host", set_text, FROM},
    {"file", 'f', "FILE", NULL, "read targets from FILE, one a line; - for standard input",
     set_targets_file, 0},
    {"lanes", 0, "N", "Time and pace:", "scenarios of one target at once (default 6)",
     set_test_number, LANES},
    {"targets", 0, "N", NULL, "targets at once (default 200)", set_test_number, TARGETS},
    {"rate", 0, "N", NULL,
     "open at most N connections a second (default 1000; to one target 50 in any case)", set_number,
     RATE},
    {"parallel", 0, "N", NULL, "at most N connections at once (default 4000)", set_number,
     PARALLEL},
    {"deadline", 'w', "DURATION", NULL, "end everything after so long", set_duration, DEADLINE},
    {"ladder", 0, "WHICH", "Output:",
     "draw the connections of: failed (all that did not pass; default), all, none", set_ladders, 0},
    {"json", 'J', NULL, NULL, "NDJSON: one JSON object a line", set_test_toggle, JSON},
    {"segments", 0, NULL, NULL, "with -J: a record for each segment too", set_toggle, SEGMENTS},
    {"tap", 0, NULL, NULL, "Test Anything Protocol (TAP)", set_test_toggle, TAP},
    {"junit", 0, NULL, NULL, "JUnit's XML", set_test_toggle, JUNIT},
    {"output", 'o', "FILE", NULL, "write results to FILE, not to standard output", set_text,
     OUTPUT},
    {"pcap", 0, "FILE", NULL, "save the frames, both directions, with nanosecond stamps", set_text,
     PCAP},
    {"quiet", 'q', NULL, NULL, "only what did not pass", set_toggle, QUIET},
    {"expect", 0, "FILE", "For scripts:",
     "accepted deviations: exit 1 only for what is not as this file says", set_test_text, EXPECT},
    {"update-expected", 0, NULL, NULL, "write what is seen into the file of --expect",
     set_test_toggle, UPDATE},
    {"no-sandbox", 0, NULL, NULL,
     "do without the filter of system calls, for debuggers and valgrind", set_toggle, NO_SANDBOX},
    {"help", 'h', NULL, NULL, "this", set_toggle, HELP},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};

void test_settings_init(struct test_settings *settings)
{
	*settings = (struct test_settings){.selection = {.profile = PROFILE_DEFAULT},
					   .lanes = LANES_DEFAULT,
					   .targets_at_once = 200};
	probe_settings_init(&settings->probe);
	settings->probe.rate = 1000;
	settings->probe.parallel = 4000;
	settings->probe.plan.tcb.time_wait_ns = 3 * SECOND_NS / 10;
	settings->probe.plan.tcb.syn_retries = 4;
	settings->probe.plan.reset_silent_retries = 6;
}

static int check_app(const char *app, struct err *err)
{
	static const char *const apps[] = {"http", "redis",  "memcached", "ssh",
					   "smtp", "banner", "echo",      "none"};

	for (unsigned i = 0; i < sizeof(apps) / sizeof(apps[0]); i++)
		if (strcmp(app, apps[i]) == 0)
			return 0;
	return err_set(
	    err, ERR_USAGE,
	    "--app: '%s' is none of http, redis, memcached, ssh, smtp, banner, echo, none: for "
	    "others there is --request",
	    app);
}

int test_settings_read(struct test_settings *settings, int argc, char **argv, struct err *err)
{
	int first;

	if (options_parse(test_options, argc, argv, settings, &first, err) < 0)
		return -1;
	if (settings->probe.help)
		return 0;
	if (targets_add_words(&settings->probe.targets, argc - first, argv + first, err) < 0)
		return -1;
	if (settings->app && check_app(settings->app, err) < 0)
		return -1;
	if (settings->update_expected && !settings->expect)
		return err_set(err, ERR_USAGE, "--update-expected: needs the file of --expect");
	if (settings->response && !settings->app && !settings->probe.send)
		return err_set(err, ERR_USAGE,
			       "--response: needs what it answers: --request or --app");
	if (settings->probe.segments && (!settings->format || strcmp(settings->format, "ndjson")))
		return err_set(err, ERR_USAGE, "--segments: goes with --json");
	if (settings->probe.targets.count == 0)
		return err_set(err, ERR_USAGE,
			       "test: no target: write HOST PORT or HOST:PORT, or see --help");
	if (!settings->format)
		settings->format = "text";
	return 0;
}
