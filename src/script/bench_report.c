/* SPDX-License-Identifier: BSD-2-Clause */
/* One target of the battery: what was found out, and its results in order. */
#include <stdlib.h>
#include <string.h>

#include "script/battery_internal.h"

const struct finding *bench_found(const struct bench *bench, const char *key)
{
	for (unsigned i = 0; i < bench->finding_count; i++)
		if (strcmp(bench->findings[i].key, key) == 0)
			return &bench->findings[i];
	return NULL;
}

static struct finding *place_for(struct bench *bench, const char *key)
{
	struct finding *grown;

	for (unsigned i = 0; i < bench->finding_count; i++)
		if (strcmp(bench->findings[i].key, key) == 0)
			return &bench->findings[i];
	grown = realloc(bench->findings, (bench->finding_count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	bench->findings = grown;
	grown[bench->finding_count] = (struct finding){.key = strdup(key)};
	return &grown[bench->finding_count++];
}

void bench_note(struct bench *bench, const struct run *run)
{
	for (unsigned i = 0; i < run->finding_count; i++) {
		const struct finding *from = &run->findings[i];
		struct finding *to = place_for(bench, from->key);

		if (!to || !from->value)
			continue;
		free(to->value);
		to->value = strdup(from->value);
		to->text = from->text;
	}
}

static enum judgement judgement_of(const struct run *run)
{
	return run->judgement;
}

/* `otherwise` is said of what was never run. */
static void make_result(const struct job *job, const char *otherwise, struct result *result)
{
	int shown = job_shown_by(job, judgement_of);
	const struct run *run = shown >= 0 ? job->tried[shown] : NULL;
	unsigned count = run ? run->conn_count : 0;
	const struct probe **connections = calloc(count + 1, sizeof(struct probe *));

	*result = (struct result){.scenario = job->scenario,
				  .judgement = job->judgement,
				  .seen = run && run->seen ? run->seen : otherwise,
				  .attempts = job->attempts,
				  .agreeing = job->agreeing,
				  .doubt = job->doubt[0] ? job->doubt : NULL,
				  .elapsed_ns = job->ended_ns - job->started_ns,
				  .connections = connections};
	for (unsigned i = 0; connections && i < count; i++)
		if (run->conns[i]->probe)
			connections[result->connection_count++] = run->conns[i]->probe;
	result->findings = run ? run->findings : NULL;
	result->finding_count = run ? run->finding_count : 0;
}

static void job_reported(struct job *job, struct result *result)
{
	free((void *)(uintptr_t)result->connections);
	job->reported = true;
	for (unsigned i = 0; i < job->attempts; i++)
		run_free(job->tried[i]);
	job->attempts = 0;
}

static const char *service_name(const struct bench *bench)
{
	const struct finding *service = bench_found(bench, "service");

	return service && !bench->error ? service->value : NULL;
}

static void begin(struct bench *bench)
{
	const struct battery_sink *sink = &bench->battery->config.sink;

	if (!bench->begun)
		sink->begin(sink->arg, bench->number, service_name(bench));
	bench->begun = true;
}

static void report_one(struct bench *bench, struct job *job)
{
	const struct battery_sink *sink = &bench->battery->config.sink;
	struct result result;

	make_result(job, bench->given_up ? bench->given_up : "", &result);
	sink->result(sink->arg, bench->number, &result);
	job_reported(job, &result);
}

void bench_report(struct bench *bench)
{
	if (!bench->battery->config.stream)
		return;
	begin(bench);
	while (bench->next_report < bench->job_count &&
	       bench->jobs[bench->next_report].state == JOB_IS_DONE)
		report_one(bench, &bench->jobs[bench->next_report++]);
}

/* After an interruption there are jobs that are not done. */
static void report_rest(struct bench *bench, struct battery_end *end)
{
	const struct battery_sink *sink = &bench->battery->config.sink;
	struct result *results = calloc(bench->job_count + 1, sizeof(*results));
	struct job **jobs = calloc(bench->job_count + 1, sizeof(struct job *));

	for (unsigned i = 0; results && jobs && i < bench->job_count; i++) {
		struct job *job = &bench->jobs[i];

		if (job->reported || job->state != JOB_IS_DONE)
			continue;
		if (bench->battery->config.stream) {
			report_one(bench, job);
			continue;
		}
		jobs[end->result_count] = job;
		make_result(job, bench->given_up ? bench->given_up : "",
			    &results[end->result_count++]);
	}
	end->results = results;
	sink->end(sink->arg, bench->number, end);
	for (unsigned i = 0; i < end->result_count; i++)
		job_reported(jobs[i], &results[i]);
	free(results);
	free(jobs);
}

void bench_end(struct bench *bench)
{
	const struct finding *text = bench_found(bench, "close_report");
	struct battery_end end = {.error = bench->error,
				  .close_report = text ? text->value : NULL,
				  .findings = bench->findings,
				  .finding_count = bench->finding_count,
				  .connections = bench->connections,
				  .lossy = bench->lossy};

	if (bench->battery->stopping && !bench->error)
		end.error = "interrupted";
	end.elapsed_ns = battery_now_ns(bench->battery) - bench->started_ns;
	begin(bench);
	report_rest(bench, &end);
}
