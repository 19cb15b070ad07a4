/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan`: settings -> a space on the engine of scans; answers -> reports and sums. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/output.h"
#include "cmd/scan_dry.h"
#include "cmd/scan_resume.h"
#include "cmd/scan_settings.h"
#include "cmd/scan_sums.h"
#include "cmd/signals.h"
#include "net/clock.h"
#include "net/privilege.h"
#include "net/sandbox.h"
#include "report/scan.h"
#include "scan_engine.h"

#define MANY_TARGETS   10000
#define MANY_RATE      10000.0
#define FLOWS_MIN      1024
#define FLOWS_MAX      (UINT32_C(1) << 21)
#define TICK_NS        INT64_C(250000000)
#define TICKS_PER_LINE 4

struct scan_cmd {
	struct scan_settings settings;
	struct space *space;
	char *said;
	struct output output;
	struct err *err; /* of the run: what is set there ends it */
	struct scan_resume resume;
	struct scan_engine *engine;
	const struct scan_format *format;
	struct scan_style style;
	void *format_state;
	struct scan_run info;
	struct scan_sums sums;
	const struct engine_signals *signals;
	struct ip_addr from;
	uint64_t last_sent;
	unsigned ticks;
	bool stopped;  /* before its end */
	uint64_t left; /* what was not known then */
	bool live_line;
};

/* --- what comes --- */

static void on_answer(void *arg, const struct scan_outcome *outcome)
{
	struct scan_cmd *cmd = arg;
	const struct scan_record record = {.item = outcome->item,
					   .probe = outcome->probe,
					   .wildcard = outcome->wildcard,
					   .stamp_ns = outcome->stamp_ns,
					   .left_open =
					       outcome->probe && probe_left_open(outcome->probe)};

	if (cmd->resume.held)
		return;
	scan_sums_add(&cmd->sums, outcome);
	if (cmd->style.open_only && outcome->item->state != SCAN_OPEN)
		return;
	cmd->format->record(cmd->format_state, &cmd->style, &record);
}

static void on_tick(void *arg)
{
	struct scan_cmd *cmd = arg;
	struct scan_engine_stats now;
	uint64_t sent, begun, left;

	if (fflush(cmd->style.style->out) != 0 || ferror(cmd->style.style->out))
		err_set(cmd->err, ERR_CANNOT, "%s: cannot write: %s",
			cmd->output.path ? cmd->output.path : "stdout", strerror(errno));
	else
		scan_resume_tick(&cmd->resume);
	if (cmd->ticks++ % TICKS_PER_LINE != 0)
		return;
	scan_engine_statistics(cmd->engine, &now);
	sent = now.counts.new_sent + now.counts.again_sent;
	begun = now.position - now.set_aside;
	left = now.end - begun;
	if (!cmd->live_line)
		return;
	fprintf(stderr,
		"\r%.1f%% %" PRIu64 "/s, %" PRIu64 " open, %" PRIu64 " awaited, %" PRIu64
		" dropped, %.0f s left\033[K",
		100.0 * (double)begun / (double)(now.end ? now.end : 1), sent - cmd->last_sent,
		cmd->sums.summary.states[SCAN_OPEN], now.awaited,
		now.dropped_ring + now.dropped_interface, (double)left / now.rate);
	cmd->last_sent = sent;
}

static void on_news(void *arg, const struct governor_news *news)
{
	const struct scan_cmd *cmd = arg;
	double percent = 100 * news->loss;

	if (cmd->settings.probe.quiet)
		return;
	if (cmd->live_line)
		fputs("\r\033[K", stderr);
	if (news->event == GOVERNOR_SLOWED)
		fprintf(stderr, "loss grew to %.0f %% at %.0f SYNs a second: slowed down to %.0f\n",
			percent, news->from_rate, news->rate);
	else if (news->event == GOVERNOR_OWN_LOSS)
		fprintf(stderr,
			"%.0f %% are lost at %.0f SYNs a second too: the path's own loss; back to "
			"%.0f\n",
			percent, news->from_rate, news->rate);
	else if (news->event == GOVERNOR_RESTORED)
		fprintf(stderr, "back at %.0f SYNs a second\n", news->rate);
}

static void on_stopping(void *arg)
{
	struct scan_cmd *cmd = arg;
	struct scan_engine_stats now;

	scan_engine_statistics(cmd->engine, &now);
	cmd->stopped = true;
	cmd->left = now.end - now.position + now.awaited + now.live;
	scan_resume_hold(&cmd->resume);
}

/* --- setting up --- */

static int ask_for_yes(const struct scan_cmd *cmd, struct err *err)
{
	const struct scan_settings *settings = &cmd->settings;
	uint64_t size = space_size(cmd->space);

	if (settings->yes || settings->dry_run ||
	    (size <= MANY_TARGETS && settings->rate <= MANY_RATE))
		return 0;
	return err_set(err, ERR_USAGE,
		       "scan: %" PRIu64
		       " target%s at %.0f a second: if you mean it, and may, add --yes; "
		       "--dry-run says what would be sent",
		       size, scan_plural(size), settings->rate);
}

static int take_targets(struct scan_cmd *cmd, struct err *err)
{
	struct scan_settings *settings = &cmd->settings;

	if (scan_targets(&settings->words, &cmd->space, &cmd->said, err) < 0)
		return -1;
	if (cmd->said && cmd->said[0])
		fputs(cmd->said, stderr);
	scan_settings_pace(settings, cmd->space);
	if (scan_resume_read(&cmd->resume, settings, cmd->space, err) < 0)
		return -1;
	if (!settings->has_seed && getrandom(&settings->seed, sizeof(settings->seed), 0) < 0)
		return err_set(err, ERR_CANNOT, "getrandom: no random numbers");
	return ask_for_yes(cmd, err);
}

/* As many as the rate has under way while it waits for the slowest answer. */
static uint32_t flows_needed(const struct scan_settings *settings, uint64_t size)
{
	double waits_s = (double)settings->wait_ns / 1e9 * ((1 << settings->tries) - 1);
	double most = settings->rate * waits_s * 8 / 7 * 1.2 + FLOWS_MIN;

	if (most > (double)size * 8 / 7 + FLOWS_MIN)
		most = (double)size * 8 / 7 + FLOWS_MIN;
	return most > FLOWS_MAX ? FLOWS_MAX : (uint32_t)most;
}

static void make_config(struct scan_cmd *cmd, struct scan_engine_config *config)
{
	const struct scan_settings *settings = &cmd->settings;

	*config =
	    (struct scan_engine_config){.scan = {.space = cmd->space,
						 .seed = settings->seed,
						 .shard = settings->shard,
						 .shards = settings->shards,
						 .tries = (unsigned)settings->tries,
						 .wait_ns = settings->wait_ns,
						 .max_per_host = (uint32_t)settings->max_per_host},
					.mode = settings->mode,
					.controls = settings->controls,
					.plan = &settings->probe.plan,
					.flows = flows_needed(settings, space_size(cmd->space)),
					.connections = (uint32_t)settings->connections,
					.way = settings->way,
					.rate = settings->rate,
					.max_runtime_ns = settings->max_runtime_ns,
					.max_results = (uint64_t)settings->max_results,
					.tick_ns = TICK_NS,
					.signals = cmd->signals,
					.sink = {.arg = cmd,
						 .answer = on_answer,
						 .tick = on_tick,
						 .news = on_news,
						 .stopping = on_stopping}};
	if (settings->probe.from && addr_parse(settings->probe.from, &cmd->from))
		config->src = &cmd->from;
	else
		config->device = settings->probe.from;
}

static int open_all(struct scan_cmd *cmd, struct err *err)
{
	struct scan_settings *settings = &cmd->settings;
	struct scan_engine_config config;
	bool resume = settings->resume != NULL;

	make_config(cmd, &config);
	cmd->engine = scan_engine_open(&config, err);
	if (cmd->engine)
		fputs(scan_engine_said(cmd->engine), stderr);
	if (!cmd->engine || privilege_drop(false, err) < 0 ||
	    (resume ? output_open_kept : output_open)(&cmd->output, &settings->probe, err) < 0 ||
	    scan_resume_begin(&cmd->resume, settings, cmd->engine, cmd->output.style.out, err) < 0)
		return -1;
	if (!settings->probe.no_sandbox)
		/* without seccomp we go on */
		sandbox_enter(resume ? SANDBOX_REPLACE : SANDBOX_PLAIN, NULL);
	cmd->format = scan_format_find(settings->format);
	cmd->style = (struct scan_style){
	    .style = &cmd->output.style, .mode = settings->mode, .open_only = settings->open_only};
	return 0;
}

static void describe(struct scan_cmd *cmd)
{
	const struct scan_settings *settings = &cmd->settings;

	cmd->info = (struct scan_run){.version = SHAKEDOWN_VERSION,
				      .mode = settings->mode,
				      .targets = space_size(cmd->space),
				      .addresses = space_addresses(cmd->space),
				      .ports = space_ports(cmd->space),
				      .seed = settings->seed,
				      .shard = settings->shard,
				      .shards = settings->shards,
				      .rate = settings->rate,
				      .fingerprint = space_fingerprint(cmd->space),
				      .started_ns = clock_realtime_ns(),
				      .resumed = cmd->resume.resumed};
}

/* --- the end --- */

static void sum_up(struct scan_cmd *cmd, bool good)
{
	struct scan_engine_stats stats;

	scan_engine_statistics(cmd->engine, &stats);
	stats.not_taken += scan_resume_not_taken(&cmd->resume);
	scan_sums_finish(&cmd->sums, &stats, cmd->settings.tries,
			 good && !(cmd->stopped && cmd->left > 0));
	cmd->sums.summary.interrupted = cmd->signals->stop > 0;
	if (stats.not_taken > 0)
		fprintf(stderr,
			"%" PRIu64 " segment%s did not leave: a firewall rule of this host, or "
			"no route; silence says nothing about %s target%s\n",
			stats.not_taken, scan_plural(stats.not_taken),
			stats.not_taken == 1 ? "its" : "their", scan_plural(stats.not_taken));
}

static void carry_out(struct scan_cmd *cmd, struct err *err)
{
	int rc;

	cmd->err = err;
	cmd->info.way = scan_engine_way(cmd->engine);
	if (cmd->settings.rate > MANY_RATE && scan_engine_why(cmd->engine)[0])
		fprintf(stderr, "%s\n%s is used instead\n", scan_engine_why(cmd->engine),
			cmd->info.way);
	cmd->format_state = cmd->format->open(&cmd->style, &cmd->info);
	rc = scan_engine_run(cmd->engine, err);
	if (cmd->live_line)
		fputs("\r\033[K", stderr);
	sum_up(cmd, rc == 0);
	cmd->format->close(cmd->format_state, &cmd->style, &cmd->sums.summary);
	fflush(cmd->output.style.out);
	scan_resume_end(&cmd->resume, cmd->sums.summary.complete, err);
	scan_text_summary(stderr, &cmd->info, &cmd->sums.summary);
}

static void close_all(struct scan_cmd *cmd, struct err *err)
{
	if (cmd->output.style.out)
		output_close(&cmd->output, err);
	scan_engine_close(cmd->engine);
	scan_resume_free(&cmd->resume);
	space_free(cmd->space);
	scan_sums_free(&cmd->sums);
	free(cmd->said);
	probe_settings_free(&cmd->settings.probe);
}

int cmd_scan(int argc, char **argv)
{
	struct err err = {.class = ERR_NONE};
	struct scan_cmd cmd = {.space = NULL};
	bool done = false;

	scan_settings_init(&cmd.settings);
	scan_sums_init(&cmd.sums);
	if (scan_settings_read(&cmd.settings, argc, argv, &err) < 0)
		goto out;
	if (cmd.settings.probe.help) {
		char *help[] = {argv[0], argv[0]};

		close_all(&cmd, &err);
		return command_find("help")->run(2, help);
	}
	if (take_targets(&cmd, &err) < 0)
		goto out;
	describe(&cmd);
	if (cmd.settings.dry_run) {
		done = scan_dry_run(&cmd.settings, cmd.space, &err) == 0;
		goto out;
	}
	cmd.signals = signals_take();
	cmd.live_line = isatty(STDERR_FILENO) && !cmd.settings.probe.quiet;
	if (open_all(&cmd, &err) == 0)
		carry_out(&cmd, &err);
	done = cmd.sums.summary.complete && cmd.sums.summary.left_open == 0;
out:
	close_all(&cmd, &err);
	if (err.class != ERR_NONE)
		return (int)exit_with(&err);
	return done ? EXIT_AS_ASKED : EXIT_NOT_AS_ASKED;
}
