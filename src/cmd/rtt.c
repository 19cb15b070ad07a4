/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown rtt`: settings -> probes on a schedule; outcomes -> series, reports, expectations. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/baseline.h"
#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/rtt_settings.h"
#include "cmd/session.h"
#include "cmd/signals.h"
#include "cmd/trace.h"
#include "net/clock.h"
#include "report/rtt.h"

#define FEW_SERIES     64   /* beyond that, memory counts: */
#define MANY_CAPACITY  4096 /* values kept exactly for each target */
#define LIVE_MIN       64
#define LIVE_MAX       16384
#define LIVE_REDRAW_NS INT64_C(100000000)

struct rtt_run {
	struct rtt_settings settings;
	struct session session;
	const struct rtt_format *format;
	struct series *series; /* one for each target */
	struct baseline *baseline;
	const struct engine_signals *signals;
	int64_t started_ns, drawn_ns;
	uint64_t answered, left_open, errors, probes;
	bool live_line, out_of_memory;
};

static struct rtt_sum sum_of(struct rtt_run *run, size_t target)
{
	return (struct rtt_sum){.target = run->settings.probe.targets.at[target].text,
				.remote = {.addr = run->session.targets[target].addr,
					   .port = run->session.targets[target].port},
				.series = &run->series[target],
				.elapsed_ns = clock_monotonic_ns() - run->started_ns,
				.histogram = run->settings.histogram};
}

static void draw_live(struct rtt_run *run)
{
	int64_t now_ns = clock_monotonic_ns();
	struct rtt_sum sum = sum_of(run, 0);

	if (!run->live_line || now_ns - run->drawn_ns < LIVE_REDRAW_NS)
		return;
	run->drawn_ns = now_ns;
	rtt_text_live(&run->session.output.style, &sum);
}

static void on_outcome(void *arg, const struct engine_outcome *outcome)
{
	struct rtt_run *run = arg;
	const struct engine_target *reached = &run->session.targets[outcome->target];
	struct rtt_measurement measurement;
	struct rtt_record record = {.target = run->settings.probe.targets.at[outcome->target].text,
				    .remote = {.addr = reached->addr, .port = reached->port},
				    .seq = outcome->round,
				    .stamp = outcome->stamp,
				    .error = outcome->error,
				    .capture_dropped = outcome->capture_dropped};

	run->probes++;
	run->errors += outcome->probe == NULL;
	if (outcome->probe && outcome->probe->stopped)
		return; /* cut off by the end of the run: it says nothing */
	if (outcome->probe) {
		rtt_measure(outcome->probe, &measurement);
		record.measurement = &measurement;
		record.source_port = outcome->probe->flow.src.port;
		record.left_open = probe_left_open(outcome->probe);
		run->answered += measurement.answer != RTT_ANSWER_NONE;
		if (series_add(&run->series[outcome->target], &measurement,
			       outcome->capture_dropped) < 0)
			run->out_of_memory = true;
	}
	run->format->probe(&run->session.output.style, &record);
	if (run->session.output.style.header)
		fflush(run->session.output.style.out);
	if (ferror(run->session.output.style.out))
		engine_stop(run->session.engine); /* nobody would read the rest */
	draw_live(run);
}

static void on_late(void *arg, uint32_t target, bool duplicate)
{
	struct rtt_run *run = arg;

	if (duplicate)
		run->series[target].duplicates++;
	else
		run->series[target].late++;
}

static void on_frame(void *arg, const struct frame *frame)
{
	struct rtt_run *run = arg;

	session_frame(&run->session, frame);
}

/* What has been seen so far, on stderr. */
static void on_interim(void *arg, const struct engine_stats *stats)
{
	struct rtt_run *run = arg;
	struct report_style style = run->session.output.style;

	(void)stats;
	style.out = stderr;
	style.colour = false;
	for (size_t i = 0; i < run->settings.probe.targets.count; i++) {
		struct rtt_sum sum = sum_of(run, i);

		rtt_text_sum(&style, &sum);
	}
}

/* Room for all that are under way at once, the silent ones included. */
static uint32_t live_needed(const struct rtt_settings *settings)
{
	const struct plan *plan = &settings->probe.plan;
	int64_t silent_ns = (plan->tcb.syn_retries + 1) * plan->tcb.rto_initial_ns * 2 +
			    plan->tcb.last_wait_ns + settings->linger_ns;
	int64_t each = silent_ns / settings->probe.interval_ns + 2;
	int64_t all = each * (int64_t)settings->probe.targets.count;

	return all < LIVE_MIN ? LIVE_MIN : all > LIVE_MAX ? LIVE_MAX : (uint32_t)all;
}

/* The targets' turns are spread evenly over the interval. */
static uint32_t rate_needed(const struct rtt_settings *settings)
{
	int64_t interval_ns = settings->probe.interval_ns;
	int64_t count = (int64_t)settings->probe.targets.count;

	return (uint32_t)((count * 1000000000 + interval_ns - 1) / interval_ns);
}

static int open_run(struct rtt_run *run, struct err *err)
{
	const struct rtt_settings *settings = &run->settings;
	struct engine_config config;

	session_config(&run->session, &config);
	config.rate = rate_needed(settings);
	config.max_live = live_needed(settings);
	config.linger_ns = settings->linger_ns;
	config.timeline_capacity = 0;
	config.signals = run->signals;
	config.key_fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
	config.sink = (struct engine_sink){.arg = run,
					   .outcome = on_outcome,
					   .late = on_late,
					   .frame = settings->probe.pcap ? on_frame : NULL,
					   .interim = on_interim};
	if (settings->baseline) {
		run->baseline = baseline_read(settings->baseline, err);
		if (!run->baseline)
			return -1;
	}
	run->series = calloc(settings->probe.targets.count, sizeof(*run->series));
	if (!run->series)
		return err_set(err, ERR_INTERNAL, "memory: too many targets");
	for (size_t i = 0; i < settings->probe.targets.count; i++)
		series_init(&run->series[i],
			    settings->probe.targets.count > FEW_SERIES ? MANY_CAPACITY : 0);
	return session_open(&run->session, &config, err);
}

/* The baseline's verdict on one target: true if it regressed. */
static bool compare_target(struct rtt_run *run, struct rtt_sum *sum, struct comparison *comparison)
{
	struct samples *before = run->baseline ? baseline_of(run->baseline, sum->target) : NULL;

	if (!run->baseline)
		return false;
	if (!before ||
	    compare_samples(before, &sum->series->rtt, COMPARE_ALPHA, comparison, NULL) < 0) {
		fprintf(stderr,
			"shakedown: --baseline: %s: nothing to compare: no times in the %s\n",
			sum->target, before ? "present run" : "baseline");
		return true;
	}
	sum->comparison = comparison;
	sum->decision = compare_regressed(comparison, &run->settings.limit);
	return sum->decision != COMPARE_WITHIN;
}

/* Says on stderr which clauses do not hold; their number. */
static size_t failed_clauses(struct rtt_run *run, struct rtt_sum *sum)
{
	const struct expect *expect = &run->settings.expect;
	struct expect_figures figures;
	size_t failed = 0;

	series_figures(sum->series, &figures);
	for (size_t i = 0; i < expect->count; i++) {
		struct expect_outcome outcome;

		expect_check(&expect->clauses[i], &figures, &outcome);
		if (outcome.holds)
			continue;
		failed++;
		fprintf(stderr, "shakedown: --expect: %s: %s\n", sum->target, outcome.text);
	}
	return failed;
}

/* Sums of all targets; how many of them are not as they should be. */
static size_t sum_up(struct rtt_run *run)
{
	size_t wrong = 0;

	for (size_t i = 0; i < run->settings.probe.targets.count; i++) {
		struct comparison comparison;
		struct rtt_sum sum = sum_of(run, i);
		bool bad = run->series[i].answered == 0;

		bad |= compare_target(run, &sum, &comparison);
		bad |= failed_clauses(run, &sum) > 0;
		if (run->format->sum)
			run->format->sum(&run->session.output.style, &sum);
		wrong += bad;
	}
	return wrong;
}

static enum exit_status carry_out(struct rtt_run *run, struct err *err)
{
	const struct probe_settings *settings = &run->settings.probe;
	const struct run_info info = {.version = SHAKEDOWN_VERSION,
				      .targets = settings->targets.count,
				      .started_ns = clock_realtime_ns(),
				      .plan = &settings->plan};
	const struct report_style *style = &run->session.output.style;
	struct engine_stats stats;
	size_t wrong;

	run->started_ns = clock_monotonic_ns();
	run->format = rtt_format_find(run->settings.csv  ? "csv"
				      : settings->ndjson ? "ndjson"
							 : "text");
	run->live_line = style->header && settings->quiet && settings->targets.count == 1 &&
			 !run->settings.csv && !settings->ndjson;
	run->format->run(style, &info);
	engine_run(run->session.engine, err);
	engine_statistics(run->session.engine, &stats);
	if (run->live_line)
		putc('\n', style->out);
	wrong = sum_up(run);
	fflush(style->out);
	fprintf(stderr,
		"connections left open: %" PRIu64 ", frames dropped by the capture: %" PRIu64 "\n",
		stats.left_open, stats.dropped_ring + stats.dropped_interface);
	if (run->out_of_memory)
		err_set(err, ERR_INTERNAL, "memory: out of it: the figures are incomplete");
	if (run->probes > 0 && run->errors == run->probes)
		return EXIT_CANNOT;
	return wrong > 0 || stats.left_open > 0 ? EXIT_NOT_AS_ASKED : EXIT_AS_ASKED;
}

static void free_run(struct rtt_run *run)
{
	for (size_t i = 0; run->series && i < run->settings.probe.targets.count; i++)
		series_free(&run->series[i]);
	free(run->series);
	baseline_free(run->baseline);
}

int cmd_rtt(int argc, char **argv)
{
	struct err err = {.class = ERR_NONE};
	struct rtt_run run = {.started_ns = 0};
	enum exit_status status = EXIT_CANNOT;

	rtt_settings_init(&run.settings);
	run.session.settings = &run.settings.probe;
	if (rtt_settings_read(&run.settings, argc, argv, &err) < 0)
		goto out;
	if (run.settings.probe.help) {
		char *help[] = {argv[0], argv[0]};

		probe_settings_free(&run.settings.probe);
		return command_find("help")->run(2, help);
	}
	if (run.settings.trace) {
		status = trace_run(&run.settings, &run.session, &err);
		goto out;
	}
	run.signals = signals_take();
	if (session_targets(&run.session, &run.settings.probe, &err) == 0 &&
	    open_run(&run, &err) == 0)
		status = carry_out(&run, &err);
out:
	free_run(&run);
	session_close(&run.session, &err);
	return (int)(err.class != ERR_NONE ? exit_with(&err) : status);
}
