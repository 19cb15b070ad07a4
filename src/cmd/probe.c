/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown probe`: settings -> a plan and targets for the engine; outcomes -> reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/output.h"
#include "cmd/probe_settings.h"
#include "cmd/signals.h"
#include "engine.h"
#include "net/clock.h"
#include "net/privilege.h"
#include "net/sandbox.h"
#include "report/savefile.h"

#define TIMELINE_SEGMENTS 128
#define SNAP_LEN          256  /* all headers; of many probes at once */
#define SNAP_LEN_WHOLE    2048 /* for a few: so that every checksum can be verified */
#define FEW_TARGETS       64

struct run {
	struct probe_settings settings;
	struct output output;
	struct engine_target *targets;
	struct engine *engine;
	struct savefile *savefile;
	struct run_summary summary;
	int64_t started_ns;
	const struct engine_signals *signals;
	struct ip_addr from; /* -I with an address */
};

/* "GET / HTTP/1.1", as RFC 9112 wants it; the server is asked to close where it is to close. */
static int http_request(const struct run *run, const struct target *target, uint8_t **request,
			struct err *err)
{
	bool v6 = strchr(target->host, ':') != NULL;
	char port[8] = "";
	char *text;
	int len;

	if (target->port != 80)
		snprintf(port, sizeof(port), ":%u", target->port);
	len =
	    asprintf(&text,
		     "GET %s HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: shakedown/%s\r\nAccept: "
		     "*/*\r\n%s\r\n",
		     run->settings.http_path, v6 ? "[" : "", target->host, v6 ? "]" : "", port,
		     SHAKEDOWN_VERSION,
		     run->settings.plan.close == PLAN_CLOSE_SERVER ? "Connection: close\r\n" : "");
	if (len < 0)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	*request = (uint8_t *)text;
	return len;
}

static int make_target(struct run *run, size_t i, struct err *err)
{
	const struct target *from = &run->settings.targets.at[i];
	struct engine_target *to = &run->targets[i];
	uint8_t *request = NULL;
	int len;

	to->addr = from->addr;
	to->port = from->port;
	to->scope_ifindex = from->scope_ifindex;
	to->error = from->error ? strdup(from->error) : NULL;
	to->request = run->settings.send;
	to->request_len = (uint32_t)run->settings.send_len;
	if (!run->settings.http_path)
		return 0;
	len = http_request(run, from, &request, err);
	if (len < 0)
		return -1;
	to->request = request;
	to->request_len = (uint32_t)len;
	return 0;
}

static int make_targets(struct run *run, struct err *err)
{
	size_t count = run->settings.targets.count;

	targets_resolve(&run->settings.targets, run->settings.version);
	run->targets = calloc(count, sizeof(*run->targets));
	if (!run->targets)
		return err_set(err, ERR_INTERNAL, "memory: too many targets");
	for (size_t i = 0; i < count; i++)
		if (make_target(run, i, err) < 0)
			return -1;
	return 0;
}

/* "icmp" stands for every "icmp-TYPE-CODE". */
static bool means(const char *expected, const char *token)
{
	return strcmp(expected, token) == 0 ||
	       (strcmp(expected, "icmp") == 0 && strncmp(token, "icmp-", 5) == 0);
}

static bool holds(const struct expectation *expect, const char *token)
{
	for (unsigned i = 0; i < expect->count; i++)
		if (means(expect->tokens[i], token ? token : "none"))
			return true;
	return expect->count == 0;
}

static bool as_asked(const struct probe_settings *settings, const struct probe *probe,
		     const char *error)
{
	char handshake[TOKEN_TEXT_MAX], close[TOKEN_TEXT_MAX];

	if (!probe || error)
		return false;
	if (settings->expect_handshake.count == 0 && settings->expect_close.count == 0)
		return verdict_as_asked(probe);
	return holds(&settings->expect_handshake,
		     verdict_text(probe, verdict_handshake(probe), handshake)) &&
	       holds(&settings->expect_close, verdict_text(probe, verdict_close(probe), close));
}

static void count(struct run_summary *summary, const struct record *record)
{
	summary->probes++;
	summary->as_asked += record->as_asked;
	summary->not_as_asked += !record->as_asked;
	if (!record->probe) {
		summary->errors++;
		return;
	}
	summary->handshakes[verdict_handshake(record->probe)]++;
	summary->closes[verdict_close(record->probe)]++;
}

static void on_outcome(void *arg, const struct engine_outcome *outcome)
{
	struct run *run = arg;
	const struct target *target = &run->settings.targets.at[outcome->target];
	const struct engine_target *reached = &run->targets[outcome->target];
	struct record record = {.target = target->text,
				.remote = {.addr = reached->addr, .port = reached->port},
				.round = outcome->round,
				.probe = outcome->probe,
				.error = outcome->error,
				.stamp = outcome->stamp,
				.capture_dropped = outcome->capture_dropped};

	if (record.probe && record.probe->stopped && !record.error)
		record.error = "stopped before its end";
	record.as_asked = as_asked(&run->settings, record.probe, record.error);
	count(&run->summary, &record);
	run->output.format->probe(&run->output.style, &record);
	fflush(run->output.style.out);
}

static void on_frame(void *arg, const struct frame *frame)
{
	struct run *run = arg;
	struct savefile_frame save = {.octets = frame->octets,
				      .captured = frame->captured,
				      .wire_len = frame->wire_len,
				      .stamp_ns = frame->stamp_ns,
				      .link = frame->link};

	if (run->savefile)
		savefile_write(run->savefile, &save);
}

static void take_stats(struct run *run, const struct engine_stats *stats)
{
	struct run_summary *summary = &run->summary;

	summary->targets = run->settings.targets.count;
	summary->left_open = stats->left_open;
	summary->unfinished = summary->targets * (uint64_t)run->settings.count - summary->probes;
	summary->frames = stats->frames;
	summary->refused = stats->refused;
	summary->damaged = stats->damaged;
	summary->unmatched = stats->unmatched;
	summary->dropped_ring = stats->dropped_ring;
	summary->dropped_interface = stats->dropped_interface;
	summary->elapsed_ns = clock_monotonic_ns() - run->started_ns;
	summary->interrupted = run->signals->stop > 0;
}

static void on_interim(void *arg, const struct engine_stats *stats)
{
	struct run *run = arg;

	take_stats(run, stats);
	text_summary(stderr, &run->summary);
}

static void make_config(struct run *run, struct engine_config *config)
{
	const struct probe_settings *settings = &run->settings;
	bool terminal_ladder = settings->ladder == CHOICE_AUTO && settings->targets.count == 1;
	bool timeline = settings->segments || settings->explain || settings->ladder == CHOICE_YES ||
			terminal_ladder;
	bool whole = settings->pcap || settings->targets.count <= FEW_TARGETS;

	*config = (struct engine_config){
	    .plan = &settings->plan,
	    .targets = run->targets,
	    .target_count = (uint32_t)settings->targets.count,
	    .rounds = (uint32_t)settings->count,
	    .interval_ns = settings->interval_ns,
	    .rate = (uint32_t)settings->rate,
	    .max_live = (uint32_t)settings->parallel,
	    .deadline_ns = settings->deadline_ns,
	    .source_port = (uint16_t)settings->source_port,
	    .timeline_capacity = timeline ? TIMELINE_SEGMENTS : 0,
	    .snap_len = whole ? SNAP_LEN_WHOLE : SNAP_LEN,
	    .tstamp_type = settings->tstamp_type,
	    .guard = !settings->no_guard,
	    .signals = run->signals,
	    .sink = {.arg = run, .outcome = on_outcome, .frame = on_frame, .interim = on_interim},
	};
	if (settings->from && addr_parse(settings->from, &run->from))
		config->src = &run->from;
	else
		config->device = settings->from;
}

/* Privileges are given up before any file of the user's is opened, and the system calls that open
 * files before the first packet. */
static int open_all(struct run *run, struct err *err)
{
	bool low_port = run->settings.source_port > 0 && run->settings.source_port < 1024;
	struct engine_config config;

	make_config(run, &config);
	run->engine = engine_open(&config, err);
	if (!run->engine)
		return -1;
	if (privilege_drop(low_port, err) < 0)
		return -1;
	if (output_open(&run->output, &run->settings, err) < 0)
		return -1;
	if (run->settings.pcap) {
		run->savefile = savefile_open(run->settings.pcap, engine_link_type(run->engine),
					      config.snap_len, err);
		if (!run->savefile)
			return -1;
	}
	if (!run->settings.no_sandbox)
		sandbox_enter(NULL); /* a kernel without seccomp is no reason not to go on */
	return 0;
}

static void close_all(struct run *run, struct err *err)
{
	if (run->output.style.out)
		output_close(&run->output, err);
	savefile_close(run->savefile, err);
	engine_close(run->engine);
	for (size_t i = 0; run->targets && i < run->settings.targets.count; i++) {
		free(run->targets[i].error);
		if (run->settings.http_path)
			free((void *)(uintptr_t)run->targets[i].request);
	}
	free(run->targets);
	probe_settings_free(&run->settings);
}

static void carry_out(struct run *run, struct err *err)
{
	const struct run_info info = {.version = SHAKEDOWN_VERSION,
				      .targets = run->settings.targets.count,
				      .started_ns = clock_realtime_ns(),
				      .plan = &run->settings.plan};
	struct engine_stats stats;

	run->started_ns = clock_monotonic_ns();
	run->output.format->run(&run->output.style, &info);
	engine_run(run->engine, err);
	engine_statistics(run->engine, &stats);
	take_stats(run, &stats);
	if (run->output.format->summary)
		run->output.format->summary(&run->output.style, &run->summary);
	fflush(run->output.style.out);
	text_summary(stderr, &run->summary);
}

static enum exit_status status_of(const struct run_summary *summary)
{
	if (summary->errors > 0 && summary->errors == summary->probes)
		return EXIT_CANNOT; /* not one target could even be tried */
	return summary->not_as_asked > 0 || summary->unfinished > 0 || summary->left_open > 0
		   ? EXIT_NOT_AS_ASKED
		   : EXIT_AS_ASKED;
}

int cmd_probe(int argc, char **argv)
{
	struct err err = {.class = ERR_NONE};
	struct run run = {.started_ns = 0};
	enum exit_status status;

	probe_settings_init(&run.settings);
	if (probe_settings_read(&run.settings, argc, argv, &err) < 0)
		goto out;
	if (run.settings.help) {
		char *help[] = {argv[0], argv[0]};

		probe_settings_free(&run.settings);
		return command_find("help")->run(2, help);
	}
	run.signals = signals_take();
	if (make_targets(&run, &err) == 0 && open_all(&run, &err) == 0)
		carry_out(&run, &err);
out:
	status = status_of(&run.summary);
	close_all(&run, &err);
	return (int)(err.class != ERR_NONE ? exit_with(&err) : status);
}
