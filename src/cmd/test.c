/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown test`: settings -> a battery of scenarios on the engine; results -> reports. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/scenarios.h"
#include "cmd/session.h"
#include "cmd/signals.h"
#include "cmd/test_settings.h"
#include "net/clock.h"
#include "report/accepted.h"
#include "script/battery.h"

#define TIMELINE_SEGMENTS    128
#define CONNECTIONS_PER_LANE 8
#define SNAP_LEN             768 /* headers, and what a log keeps of the data */

struct test_run {
	struct test_settings settings;
	struct session session;
	struct catalogue catalogue;
	const struct scenario **chosen;
	int chosen_count;
	struct battery_target *targets;
	struct battery *battery;
	struct stage stage;
	struct stage_player player;
	const struct test_format *format;
	struct test_style style;
	struct accepted_file *accepted;
	struct accepted_update *update;
	struct test_target target; /* with `stream`: the one */
	struct test_end end;       /* likewise, as it is counted */
	struct test_record last;   /* likewise; its result is this: */
	struct result last_result;
	struct test_summary summary;
	const struct engine_signals *signals;
	bool live_line; /* progress on stderr, a terminal */
	struct err err; /* of a report */
};

static struct test_target target_of(const struct test_run *run, uint32_t number,
				    const char *service)
{
	return (struct test_target){.name = run->settings.probe.targets.at[number].text,
				    .remote = {.addr = run->session.targets[number].addr,
					       .port = run->session.targets[number].port},
				    .service = service,
				    .number = number,
				    .scenarios = (unsigned)run->chosen_count};
}

/* The record of one result, counted everywhere. */
static void make_record(struct test_run *run, struct test_end *end, const struct result *result,
			struct test_record *record)
{
	*record = (struct test_record){.target = end->target, .result = result};
	record->accepted = accepted_find(run->accepted, end->target->name, result->scenario->id,
					 result->judgement, &record->listed);
	if (run->update && result->judgement != JUDGE_ERROR)
		record->accepted = ACCEPTED_AS_LISTED; /* from now on */
	record->as_asked = test_as_asked(result->judgement, record->accepted);
	test_end_add(end, record);
	if (run->update)
		accepted_update_add(run->update, end->target->name, result->scenario->id,
				    result->judgement, &run->err);
	run->summary.results++;
	run->summary.not_as_asked += !record->as_asked;
	run->summary.changed += record->accepted == ACCEPTED_CHANGED;
	run->summary.counts[result->judgement]++;
	for (unsigned i = 0; i < result->connection_count; i++)
		end->left_open += probe_left_open(result->connections[i]);
}

static void print_progress(struct test_run *run)
{
	struct battery_progress now;

	battery_progress(run->battery, &now);
	fprintf(stderr, "%s%u of %u scenarios done, %u running, at most %.0f s more for those%s",
		run->live_line ? "\r" : "", now.jobs_done, now.jobs, now.runs, now.longest_s,
		run->live_line ? "\033[K" : "\n");
}

static void on_tick(void *arg)
{
	print_progress(arg);
}

static void clear_line(const struct test_run *run)
{
	if (run->live_line)
		fputs("\r\033[K", stderr);
}

static void on_begin(void *arg, uint32_t number, const char *service)
{
	struct test_run *run = arg;

	if (run->format->by_target || run->settings.probe.targets.count > 1)
		return;
	run->target = target_of(run, number, service);
	run->end = (struct test_end){.target = &run->target};
	if (run->format->target)
		run->format->target(&run->style, &run->target);
}

static void on_result(void *arg, uint32_t number, const struct result *result)
{
	struct test_run *run = arg;
	struct test_record record;

	(void)number;
	make_record(run, &run->end, result, &record);
	record.previous = run->last.result ? &run->last : NULL;
	record.number = run->summary.results;
	if (run->format->result)
		run->format->result(&run->style, &record);
	run->last_result = *result;
	run->last_result.connection_count = 0; /* they are gone soon */
	run->last = record;
	run->last.result = &run->last_result;
	fflush(run->style.style->out);
}

static void finish_end(struct test_run *run, const struct battery_end *from, struct test_end *end)
{
	end->error = from->error;
	end->close_report = from->close_report;
	end->findings = from->findings;
	end->finding_count = from->finding_count;
	end->connections = from->connections;
	end->lossy = from->lossy;
	end->elapsed_ns = from->elapsed_ns;
	run->summary.untestable += from->error != NULL;
	run->summary.connections += from->connections;
}

static const char *service_of(const struct battery_end *end)
{
	for (unsigned i = 0; i < end->finding_count; i++)
		if (strcmp(end->findings[i].key, "service") == 0)
			return end->findings[i].value;
	return NULL;
}

static void report_whole_target(struct test_run *run, uint32_t number,
				const struct battery_end *from)
{
	struct test_target target = target_of(run, number, service_of(from));
	struct test_end end = {.target = &target,
			       .reported = run->summary.results + run->summary.untestable};
	struct test_record *records = calloc(from->result_count + 1, sizeof(*records));

	if (!records)
		return;
	for (unsigned i = 0; i < from->result_count; i++)
		make_record(run, &end, &from->results[i], &records[i]);
	finish_end(run, from, &end);
	test_report_target(run->format, &run->style, records, from->result_count, &end);
	free(records);
}

static void on_end(void *arg, uint32_t number, const struct battery_end *from)
{
	struct test_run *run = arg;

	clear_line(run);
	if (run->format->by_target || run->settings.probe.targets.count > 1) {
		report_whole_target(run, number, from);
	} else {
		finish_end(run, from, &run->end);
		if (run->format->end)
			run->format->end(&run->style, &run->end);
	}
	fflush(run->style.style->out);
}

static void on_interim(void *arg, const struct engine_stats *stats)
{
	(void)stats;
	print_progress(arg);
}

/* --- setting up --- */

static int choose(struct test_run *run, struct err *err)
{
	const struct test_settings *settings = &run->settings;
	char path[PATH_MAX];

	if (catalogue_read(&run->catalogue, scenarios_directory(path), settings->scripts,
			   settings->script_count, err) < 0)
		return -1;
	run->chosen = calloc(run->catalogue.count, sizeof(struct scenario *));
	if (!run->chosen)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	run->chosen_count =
	    catalogue_select(&run->catalogue, &settings->selection, run->chosen, err);
	return run->chosen_count < 0 ? -1 : 0;
}

static int open_expectations(struct test_run *run, struct err *err)
{
	const struct test_settings *settings = &run->settings;

	if (!settings->expect)
		return 0;
	if (settings->update_expected) {
		run->update = accepted_update_open(settings->expect, err);
		return run->update ? 0 : -1;
	}
	return accepted_read(settings->expect, &run->accepted, err);
}

/* So many that all targets find ports enough; scenarios that have some wait for more. */
static unsigned lanes_of(const struct test_settings *settings)
{
	int64_t targets = (int64_t)settings->probe.targets.count;
	int64_t lanes;

	if (targets > settings->targets_at_once)
		targets = settings->targets_at_once;
	lanes = settings->probe.parallel / (targets * CONNECTIONS_PER_LANE);
	return (unsigned)(lanes < 1 ? 1 : lanes < settings->lanes ? lanes : settings->lanes);
}

static int open_battery(struct test_run *run, struct err *err)
{
	const struct test_settings *settings = &run->settings;
	const struct targets *targets = &settings->probe.targets;
	struct battery_config config = {.catalogue = &run->catalogue,
					.scenarios = run->chosen,
					.scenario_count = (unsigned)run->chosen_count,
					.target_count = (uint32_t)targets->count,
					.stage = &run->stage,
					.plan = &settings->probe.plan,
					.service = {.app = settings->app,
						    .request = (const char *)settings->probe.send,
						    .request_len = settings->probe.send_len,
						    .partial = (const char *)settings->partial,
						    .partial_len = settings->partial_len,
						    .response = (const char *)settings->response,
						    .response_len = settings->response_len},
					.intrusive = settings->selection.intrusive,
					.quick = settings->selection.profile == PROFILE_QUICK,
					.full = settings->selection.profile == PROFILE_FULL,
					.lanes = lanes_of(settings),
					.targets_at_once = (unsigned)settings->targets_at_once,
					.rate = (unsigned)settings->probe.rate,
					.stream = !run->format->by_target && targets->count == 1,
					.keep_timelines = settings->ladders == LADDERS_ALL ||
							  settings->probe.segments,
					.sink = {.arg = run,
						 .begin = on_begin,
						 .result = on_result,
						 .end = on_end,
						 .tick = run->live_line ? on_tick : NULL}};

	run->targets = calloc(targets->count, sizeof(*run->targets));
	if (!run->targets)
		return err_set(err, ERR_INTERNAL, "memory: too many targets");
	for (size_t i = 0; i < targets->count; i++)
		run->targets[i] =
		    (struct battery_target){.host = targets->at[i].host,
					    .port = targets->at[i].port,
					    .family = targets->at[i].addr.version == IP_V6 ? 6 : 4};
	config.targets = run->targets;
	run->battery = battery_open(&config);
	if (!run->battery)
		return err_set(err, ERR_INTERNAL,
			       "test: cannot begin: out of memory, or common.lua lacks _service");
	battery_player(run->battery, &run->player);
	return 0;
}

static int open_run(struct test_run *run, struct err *err)
{
	struct engine_config config;

	session_config(&run->session, &config);
	config.timeline_capacity = TIMELINE_SEGMENTS;
	config.snap_len = SNAP_LEN;
	config.player = &run->player;
	config.signals = run->signals;
	config.key_fd = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? STDIN_FILENO : -1;
	config.sink = (struct engine_sink){
	    .arg = &run->session, .frame = session_frame, .interim = on_interim};
	if (session_open(&run->session, &config, err) < 0)
		return -1;
	engine_stage(run->session.engine, &run->stage);
	run->style = (struct test_style){.style = &run->session.output.style,
					 .ladders = run->settings.ladders,
					 .several = run->settings.probe.targets.count > 1};
	return 0;
}

/* --- carrying out --- */

static void take_stats(struct test_run *run, int64_t started_ns)
{
	struct battery_progress progress;
	struct engine_stats stats;

	battery_progress(run->battery, &progress);
	engine_statistics(run->session.engine, &stats);
	run->summary.targets = run->settings.probe.targets.count;
	run->summary.left_open = stats.left_open;
	run->summary.frames = stats.frames;
	run->summary.refused = stats.refused;
	run->summary.damaged = stats.damaged;
	run->summary.unmatched = stats.unmatched;
	run->summary.dropped_ring = stats.dropped_ring;
	run->summary.dropped_interface = stats.dropped_interface;
	run->summary.elapsed_ns = clock_monotonic_ns() - started_ns;
	run->summary.interrupted = progress.stopped;
}

static void carry_out(struct test_run *run, struct err *err)
{
	const struct test_run_info info = {.version = SHAKEDOWN_VERSION,
					   .targets = run->settings.probe.targets.count,
					   .scenarios = (unsigned)run->chosen_count,
					   .profile = profile_name(run->settings.selection.profile),
					   .started_ns = clock_realtime_ns()};
	int64_t started_ns = clock_monotonic_ns();

	if (run->format->run)
		run->format->run(&run->style, &info);
	engine_run(run->session.engine, err);
	clear_line(run);
	take_stats(run, started_ns);
	if (run->format->summary)
		run->format->summary(&run->style, &run->summary);
	fflush(run->style.style->out);
	test_text_summary(stderr, &run->summary);
}

static enum exit_status status_of(const struct test_summary *summary)
{
	if (summary->untestable > 0 && summary->results == 0)
		return EXIT_CANNOT; /* not one target could be tested */
	return summary->not_as_asked > 0 || summary->untestable > 0 || summary->left_open > 0 ||
		       summary->interrupted
		   ? EXIT_NOT_AS_ASKED
		   : EXIT_AS_ASKED;
}

static void close_run(struct test_run *run, bool good, struct err *err)
{
	if (run->update)
		accepted_update_close(run->update, good && !run->summary.interrupted, err);
	accepted_free(run->accepted);
	run->session.settings = &run->settings.probe;
	session_close(&run->session, err);
	battery_close(run->battery);
	catalogue_free(&run->catalogue);
	free(run->targets);
	free(run->chosen);
	free(run->settings.partial);
	free(run->settings.response);
}

int cmd_test(int argc, char **argv)
{
	struct err err = {.class = ERR_NONE};
	struct test_run run = {.format = NULL};
	enum exit_status status;

	test_settings_init(&run.settings);
	if (test_settings_read(&run.settings, argc, argv, &err) < 0)
		goto out;
	if (run.settings.probe.help) {
		char *help[] = {argv[0], argv[0]};

		probe_settings_free(&run.settings.probe);
		return command_find("help")->run(2, help);
	}
	run.format = test_format_find(run.settings.format);
	run.signals = signals_take();
	run.live_line = isatty(STDERR_FILENO) && !run.settings.probe.quiet;
	if (choose(&run, &err) == 0 && open_expectations(&run, &err) == 0 &&
	    session_targets(&run.session, &run.settings.probe, &err) == 0 &&
	    open_battery(&run, &err) == 0 && open_run(&run, &err) == 0)
		carry_out(&run, &err);
	if (err.class == ERR_NONE)
		err = run.err;
out:
	status = status_of(&run.summary);
	close_run(&run, err.class == ERR_NONE, &err);
	return (int)(err.class != ERR_NONE ? exit_with(&err) : status);
}
