/* SPDX-License-Identifier: BSD-2-Clause */
/* One target of the battery: is it worth going on? Where run after run ends without a result, and a
 * plain handshake does not work either, what is left would take minutes to say the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/battery_internal.h"

#define PATIENCE      3 /* fruitless runs before the first check; twice as many after a good one */
#define CHECKS        2 /* that must fail, one after the other */
#define GIVEN_UP_ROOM 160

void bench_check_open(struct bench *bench, struct job *job)
{
	bench->check = job;
	bench->check->scenario = catalogue_find(bench->battery->config.catalogue, "_check");
	bench->patience = PATIENCE;
}

static bool anything_left(const struct bench *bench)
{
	for (unsigned i = 0; i < bench->job_count; i++)
		if (bench->jobs[i].state != JOB_IS_DONE)
			return true;
	return false;
}

static void begin(struct bench *bench)
{
	bench_count(bench, bench->check, 1);
	bench_start(bench, bench->check, bench->check->scenario);
	if (bench->check->state != JOB_RUNS) /* no memory for it */
		bench_count(bench, bench->check, -1);
}

void bench_weigh(struct bench *bench, enum judgement judgement)
{
	if (judgement != JUDGE_INCONCLUSIVE && judgement != JUDGE_ERROR)
		return;
	bench->fruitless++;
	if (bench->fruitless < bench->patience || !bench->check->scenario || bench->alone ||
	    bench->check->state == JOB_RUNS || bench_halts(bench) || !anything_left(bench))
		return;
	begin(bench);
}

/* What runs is ended, what waits is not begun. */
static void give_up(struct bench *bench, const char *why)
{
	struct battery *battery = bench->battery;
	char text[GIVEN_UP_ROOM];

	snprintf(text, sizeof(text), "given up: %s", why);
	bench->given_up = strdup(text);
	if (!bench->given_up)
		return;
	bench->error = strdup("it stopped answering during the run, and was given up: results "
			      "that rest on silence prove nothing");
	for (unsigned i = 0; i < bench->job_count; i++) {
		struct job *job = &bench->jobs[i];

		if (job->state != JOB_WAITS)
			continue;
		job->state = JOB_IS_DONE;
		job->judgement = JUDGE_INCONCLUSIVE;
		job->started_ns = job->ended_ns = battery_now_ns(battery);
	}
	for (unsigned i = 0; i < battery->run_count; i++)
		if (battery->runs[i]->world == &bench->world)
			run_stop(battery->runs[i], bench->given_up);
}

void bench_checked(struct bench *bench, struct run *run)
{
	bool failed = run->judgement == JUDGE_FAIL;

	bench_count(bench, bench->check, -1);
	bench->check->state = JOB_WAITS;
	bench->fruitless = 0;
	bench->failed_checks = failed ? bench->failed_checks + 1 : 0;
	if (!failed)
		bench->patience *= 2;
	else if (!bench_halts(bench) && anything_left(bench) && bench->failed_checks < CHECKS)
		begin(bench);
	else if (!bench_halts(bench) && anything_left(bench))
		give_up(bench, run->seen ? run->seen : "no plain handshake works");
	run_free(run);
}
