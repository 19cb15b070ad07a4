/* SPDX-License-Identifier: BSD-2-Clause */
/* One target of the battery: its stages, and which scenario runs when. */
#include <stdlib.h>
#include <string.h>

#include "probe/verdict.h"
#include "script/battery_internal.h"

#define SECOND_NS      INT64_C(1000000000)
#define OPEN_GAP_NS    (SECOND_NS / 50) /* hosts that limit their RSTs to 200 a second are at ease */
#define SERVICE_TRIES  3
#define QUICK_AGAIN_NS (2 * SECOND_NS)

static const char interrupted[] = "interrupted";

bool bench_halts(const struct bench *bench)
{
	return bench->battery->stopping || bench->given_up;
}

static int64_t turn_ns(void *arg)
{
	struct bench *bench = arg;
	struct battery *battery = bench->battery;
	int64_t now_ns = battery_now_ns(battery), at_ns = now_ns;

	if (bench->next_open_ns > at_ns)
		at_ns = bench->next_open_ns;
	if (battery->next_open_ns > at_ns)
		at_ns = battery->next_open_ns;
	bench->next_open_ns = at_ns + OPEN_GAP_NS;
	battery->next_open_ns = (battery->next_open_ns > now_ns ? battery->next_open_ns : now_ns) +
				SECOND_NS / battery->config.rate;
	return at_ns - now_ns;
}

static const struct finding *found(void *arg, const char *key)
{
	return bench_found(arg, key);
}

static void make_world(struct bench *bench)
{
	const struct battery_config *config = &bench->battery->config;
	const struct battery_target *target = &config->targets[bench->number];

	bench->world = (struct run_world){.stage = config->stage,
					  .plan = config->plan,
					  .target = bench->number,
					  .host = target->host,
					  .port = target->port,
					  .family = target->family,
					  .intrusive = config->intrusive,
					  .quick = config->quick,
					  .full = config->full,
					  .service = config->service,
					  .arg = bench,
					  .turn_ns = turn_ns,
					  .found = found};
}

bool bench_open(struct battery *battery, struct bench *bench, uint32_t number, struct job *jobs)
{
	const struct battery_config *config = &battery->config;

	bench->battery = battery;
	bench->number = number;
	bench->jobs = jobs;
	bench->job_count = config->scenario_count;
	for (unsigned i = 0; i < bench->job_count; i++)
		jobs[i].scenario = config->scenarios[i];
	bench->service = &jobs[bench->job_count];
	bench->service->scenario = catalogue_find(config->catalogue, "_service");
	bench->last = &jobs[bench->job_count + 1];
	bench->last->scenario = catalogue_find(config->catalogue, "_control");
	bench->report = &jobs[bench->job_count + 2];
	bench->report->scenario = catalogue_find(config->catalogue, "_report");
	bench_check_open(bench, &jobs[bench->job_count + 3]);
	make_world(bench);
	return bench->service->scenario && bench->last->scenario;
}

static void job_free(struct job *job)
{
	for (unsigned i = 0; i < job->attempts; i++)
		run_free(job->tried[i]);
	job->attempts = 0;
}

void bench_free(struct bench *bench)
{
	for (unsigned i = 0; bench->jobs && i < bench->job_count + BENCH_HIDDEN_JOBS; i++)
		job_free(&bench->jobs[i]);
	for (unsigned i = 0; i < bench->finding_count; i++) {
		free(bench->findings[i].key);
		free(bench->findings[i].value);
	}
	free(bench->findings);
	free(bench->error);
	free(bench->given_up);
}

/* --- which job begins --- */

void bench_start(struct bench *bench, struct job *job, const struct scenario *scenario)
{
	if (!job->started_ns)
		job->started_ns = battery_now_ns(bench->battery);
	if (battery_begin(bench, job, scenario))
		return;
	job->state = JOB_IS_DONE;
	job->judgement = JUDGE_ERROR;
	strcpy(job->doubt, "out of memory");
}

static bool may_start(const struct bench *bench, const struct job *job)
{
	if (job->state != JOB_WAITS || bench->alone ||
	    job->scenario->after_all != (bench->stage == BENCH_AFTER))
		return false;
	if (job->scenario->alone)
		return bench->running == 0;
	return job_is_long(job) ||
	       bench->running - bench->running_long < bench->battery->config.lanes;
}

void bench_count(struct bench *bench, const struct job *job, int by)
{
	bench->running += (unsigned)by;
	if (job_is_long(job))
		bench->running_long += (unsigned)by;
	bench->alone = by > 0 && job->scenario->alone;
}

/* Those that take long first, so that the others run beside them. */
static void start_jobs(struct bench *bench)
{
	for (int want_long = 1; want_long >= 0; want_long--)
		for (unsigned i = 0; i < bench->job_count; i++) {
			struct job *job = &bench->jobs[i];

			if (job_is_long(job) != want_long || !may_start(bench, job))
				continue;
			bench_count(bench, job, 1);
			bench_start(bench, job, job->scenario);
		}
}

/* --- a run is done --- */

/* Nothing may be built on what a connection of it showed. */
static void distrust(struct run *run, const char *why)
{
	if (run->scenario->hidden || run->judgement == JUDGE_SKIP || run->judgement == JUDGE_ERROR)
		return;
	free(run->seen);
	run->seen = strdup(why);
	run->judgement = JUDGE_INCONCLUSIVE;
}

static void sum_up(struct bench *bench, struct run *run)
{
	for (unsigned i = 0; i < run->conn_count; i++) {
		struct conn *conn = run->conns[i];
		const struct probe *probe = conn->probe;

		bench->connections++;
		if (!probe)
			continue;
		/* without a SYN of ours that the capture takes there is nothing to miss */
		if (conn->error && (!probe->raw || probe->facts.syn_count > 0))
			distrust(run, conn->error);
		else if (conn->capture_dropped)
			distrust(run, "the capture dropped segments");
		if (probe->facts.synack_count > 0 && probe->facts.syn_count > 1 && !probe->crafted)
			bench->lossy = true;
		if (run->scenario->hidden && verdict_saw_loss(probe) &&
		    (probe->facts.fin_acked_ns != 0 || probe->facts.out_of_turn > 0))
			bench->lossy = true;
		if (bench->world.rtt_ns == 0 && facts_handshake_rtt_ns(&probe->facts) > 0)
			bench->world.rtt_ns = facts_handshake_rtt_ns(&probe->facts);
	}
}

static void forget_logs(struct run *run)
{
	for (unsigned i = 0; i < run->conn_count; i++)
		conn_forget_log(run->conns[i]);
}

static void conclude(struct bench *bench, struct job *job)
{
	bool keep = bench->battery->config.keep_timelines;

	job_conclude(job, bench->lossy);
	job->ended_ns = battery_now_ns(bench->battery);
	if (keep || job->judgement == JUDGE_FAIL || job->judgement == JUDGE_WARN ||
	    job->judgement == JUDGE_PATH || job->judgement == JUDGE_INCONCLUSIVE ||
	    job->judgement == JUDGE_ERROR || job->judgement == JUDGE_HARDENED)
		return;
	for (unsigned i = 0; i < job->attempts; i++)
		for (unsigned j = 0; j < job->tried[i]->conn_count; j++)
			conn_forget_timeline(job->tried[i]->conns[j]);
}

static void go_on(struct bench *bench, struct job *job)
{
	enum job_next next = job_next(job, bench->lossy);

	job->controlling = next == JOB_CONTROL;
	job->control_failed = job->control_failed || bench->given_up;
	if (bench_halts(bench) || next == JOB_DONE) {
		conclude(bench, job);
		bench_count(bench, job, -1);
	} else if (next == JOB_RUN) {
		bench_start(bench, job, job->scenario);
	} else {
		bench_start(bench, job,
			    catalogue_find(bench->battery->config.catalogue, "_control"));
	}
}

/* With --quick silence is not waited for again. */
static bool is_late(const struct bench *bench)
{
	return bench->world.quick &&
	       battery_now_ns(bench->battery) - bench->started_ns > QUICK_AGAIN_NS;
}

static void service_done(struct bench *bench, struct run *run)
{
	struct job *job = bench->service;

	job_tried(job, run, run->judgement);
	if (run->judgement == JUDGE_PASS) {
		job->state = JOB_IS_DONE;
		bench->stage = BENCH_MAIN;
	} else if (job->attempts < SERVICE_TRIES && !is_late(bench) && !bench->battery->stopping) {
		bench_start(bench, job, job->scenario);
	} else {
		job->state = JOB_IS_DONE;
		bench->error = strdup(bench->battery->stopping ? interrupted
				      : run->seen              ? run->seen
							       : "it does not answer");
		bench->stage = BENCH_REPORT;
	}
}

/* Where silence is what was to be seen, a server that has died looks like a good one. */
static void last_done(struct bench *bench, struct run *run)
{
	struct job *job = bench->last;

	job_tried(job, run, run->judgement);
	job->state = JOB_IS_DONE;
	if (run->judgement == JUDGE_PASS || bench->battery->stopping)
		return;
	if (job->attempts < SERVICE_TRIES)
		bench_start(bench, job, job->scenario);
	else
		bench->error = strdup("it stopped answering during the run: results that rest on "
				      "silence prove nothing");
}

void bench_run_done(struct bench *bench, struct job *job, struct run *run)
{
	sum_up(bench, run);
	forget_logs(run);
	bench->world.lossy = bench->lossy;
	job->run = NULL;
	bench_note(bench, run);
	if (job == bench->service) {
		service_done(bench, run);
	} else if (job == bench->last) {
		last_done(bench, run);
	} else if (job == bench->report) {
		job_tried(job, run, run->judgement);
		job->state = JOB_IS_DONE;
	} else if (job == bench->check) {
		bench_checked(bench, run);
	} else if (job->controlling) {
		job_controlled(job, run->judgement == JUDGE_PASS);
		bench_weigh(bench, run->judgement == JUDGE_PASS ? JUDGE_PASS : JUDGE_INCONCLUSIVE);
		run_free(run);
		go_on(bench, job);
	} else {
		job_tried(job, run, run->judgement);
		bench_weigh(bench, run->judgement);
		go_on(bench, job);
	}
	bench_advance(bench);
}

/* --- stages --- */

static bool stage_over(const struct bench *bench)
{
	for (unsigned i = 0; i < bench->job_count; i++) {
		const struct job *job = &bench->jobs[i];

		if (job->scenario->after_all == (bench->stage == BENCH_AFTER) &&
		    job->state != JOB_IS_DONE && !bench->battery->stopping)
			return false;
	}
	return bench->running == 0;
}

/* An accusation from before the path was known to lose segments is not sure enough. */
static void reopen(struct bench *bench)
{
	for (unsigned i = 0; bench->lossy && i < bench->job_count; i++) {
		struct job *job = &bench->jobs[i];

		if (job->state != JOB_IS_DONE || job->reported || job->scenario->after_all)
			continue;
		if (job_next(job, true) == JOB_DONE) {
			job_conclude(job, true);
			continue;
		}
		job->controlled_after = false; /* it is to come after the new runs */
		bench_count(bench, job, 1);
		go_on(bench, job);
	}
}

/* The last control, then the report: true while one of them runs. */
static bool closing(struct bench *bench)
{
	struct job *const jobs[] = {bench->last, bench->report};

	for (unsigned i = 0; i < 2; i++) {
		if (jobs[i]->state == JOB_RUNS)
			return true;
		if (jobs[i]->state == JOB_IS_DONE || !jobs[i]->scenario || bench->error ||
		    bench->battery->stopping)
			continue;
		bench_start(bench, jobs[i], jobs[i]->scenario);
		return jobs[i]->state == JOB_RUNS;
	}
	return false;
}

void bench_advance(struct bench *bench)
{
	if (bench->stage == BENCH_SERVICE && bench->service->state == JOB_WAITS)
		bench_start(bench, bench->service, bench->service->scenario);
	if (bench->stage == BENCH_MAIN || bench->stage == BENCH_AFTER) {
		if (!bench->battery->stopping)
			start_jobs(bench);
		bench_report(bench);
	}
	if (bench->stage == BENCH_MAIN && stage_over(bench)) {
		if (!bench_halts(bench))
			reopen(bench);
		if (bench->running > 0)
			return;
		bench->stage = BENCH_AFTER;
		bench_advance(bench);
		return;
	}
	if (bench->stage == BENCH_AFTER && stage_over(bench))
		bench->stage = BENCH_REPORT;
	if (bench->stage != BENCH_REPORT)
		return;
	if (closing(bench))
		return;
	bench->stage = BENCH_DONE;
	bench->battery->active--;
	bench->battery->done++;
	bench_end(bench);
}
