/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown probe`: settings -> a plan and targets for the engine; outcomes -> reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/session.h"
#include "cmd/signals.h"
#include "net/clock.h"

struct run {
	struct probe_settings settings;
	struct session session;
	struct run_summary summary;
	int64_t started_ns;
	const struct engine_signals *signals;
};

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
	const struct engine_target *reached = &run->session.targets[outcome->target];
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
	run->session.output.format->probe(&run->session.output.style, &record);
	if (fflush(run->session.output.style.out) != 0)
		engine_stop(run->session.engine); /* nobody would read the rest */
}

static void on_frame(void *arg, const struct frame *frame)
{
	struct run *run = arg;

	session_frame(&run->session, frame);
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
	summary->quiet = run->settings.quiet;
	summary->interrupted = run->signals->stop > 0;
}

static void on_interim(void *arg, const struct engine_stats *stats)
{
	struct run *run = arg;

	take_stats(run, stats);
	text_summary(stderr, &run->summary);
}

static int open_run(struct run *run, struct err *err)
{
	struct engine_config config;

	session_config(&run->session, &config);
	config.signals = run->signals;
	config.sink = (struct engine_sink){
	    .arg = run, .outcome = on_outcome, .frame = on_frame, .interim = on_interim};
	return session_open(&run->session, &config, err);
}

static void carry_out(struct run *run, struct err *err)
{
	const struct run_info info = {.version = SHAKEDOWN_VERSION,
				      .targets = run->settings.targets.count,
				      .started_ns = clock_realtime_ns(),
				      .plan = &run->settings.plan};
	struct engine_stats stats;

	run->started_ns = clock_monotonic_ns();
	run->session.output.format->run(&run->session.output.style, &info);
	engine_run(run->session.engine, err);
	engine_statistics(run->session.engine, &stats);
	take_stats(run, &stats);
	if (run->session.output.format->summary)
		run->session.output.format->summary(&run->session.output.style, &run->summary);
	fflush(run->session.output.style.out);
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
	if (session_targets(&run.session, &run.settings, &err) == 0 && open_run(&run, &err) == 0)
		carry_out(&run, &err);
out:
	status = status_of(&run.summary);
	run.session.settings = &run.settings;
	session_close(&run.session, &err);
	return (int)(err.class != ERR_NONE ? exit_with(&err) : status);
}
