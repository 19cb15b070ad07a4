/* SPDX-License-Identifier: BSD-2-Clause */
/* The battery: the engine's news -> runs and their turns; what each target does next is bench.c's.
 */
#include "script/battery.h"

#include <stdlib.h>
#include <string.h>

#include "script/battery_internal.h"

#define TICK_NS INT64_C(1000000000)

int64_t battery_now_ns(const struct battery *battery)
{
	return battery->config.stage->now_ns(battery->config.stage->arg);
}

struct battery *battery_open(const struct battery_config *config)
{
	struct battery *battery = calloc(1, sizeof(*battery));
	size_t jobs = config->scenario_count + BENCH_HIDDEN_JOBS;

	if (!battery)
		return NULL;
	battery->config = *config;
	battery->benches = calloc(config->target_count, sizeof(*battery->benches));
	battery->jobs = calloc(config->target_count * jobs, sizeof(*battery->jobs));
	if (!battery->benches || !battery->jobs) {
		battery_close(battery);
		return NULL;
	}
	for (uint32_t i = 0; i < config->target_count; i++)
		if (!bench_open(battery, &battery->benches[i], i, &battery->jobs[i * jobs])) {
			battery_close(battery);
			return NULL;
		}
	return battery;
}

void battery_close(struct battery *battery)
{
	if (!battery)
		return;
	for (uint32_t i = 0; battery->benches && i < battery->config.target_count; i++)
		bench_free(&battery->benches[i]);
	for (unsigned i = 0; i < battery->run_count; i++)
		run_free(battery->runs[i]);
	free(battery->runs);
	free(battery->benches);
	free(battery->jobs);
	free(battery);
}

bool battery_begin(struct bench *bench, struct job *job, const struct scenario *scenario)
{
	struct battery *battery = bench->battery;
	const struct run_files files = catalogue_files(battery->config.catalogue, scenario);
	struct run *run;

	if (battery->run_count == battery->run_room) {
		unsigned room = battery->run_room ? 2 * battery->run_room : 64;
		struct run **runs = realloc(battery->runs, room * sizeof(struct run *));

		if (!runs)
			return false;
		battery->runs = runs;
		battery->run_room = room;
	}
	run = run_new(&bench->world, scenario, &files);
	if (!run)
		return false;
	run->job = job;
	job->run = run;
	job->state = JOB_RUNS;
	battery->runs[battery->run_count++] = run;
	return true;
}

/* --- the engine's calls --- */

static void seen(void *arg, void *connection, const struct packet *packet, int64_t stamp_ns,
		 bool ours)
{
	struct conn *conn = connection;
	struct run *run = conn->run;

	(void)arg;
	conn_seen(conn, packet, stamp_ns, ours);
	run->ready = true;
}

static void ended(void *arg, void *connection, const struct probe *probe, const char *error,
		  bool capture_dropped)
{
	struct conn *conn = connection;
	struct run *run = conn->run;

	(void)arg;
	conn_ended(conn, probe, error, capture_dropped);
	run->ready = true;
}

static struct bench *bench_of(struct battery *battery, const struct run *run)
{
	return &battery->benches[run->world->target];
}

/* A run that is done makes room for others, so the loop looks at each place again. */
static void take_turns(struct battery *battery)
{
	for (unsigned i = 0; i < battery->run_count;) {
		struct run *run = battery->runs[i];

		run_turn(run);
		if (!run_done(run)) {
			i++;
			continue;
		}
		battery->runs[i] = battery->runs[--battery->run_count];
		bench_run_done(bench_of(battery, run), run->job, run);
	}
}

static void begin_targets(struct battery *battery)
{
	while (!battery->stopping && battery->first_waiting < battery->config.target_count &&
	       battery->active < battery->config.targets_at_once) {
		struct bench *bench = &battery->benches[battery->first_waiting++];

		battery->active++;
		bench->started_ns = battery_now_ns(battery);
		bench->stage = BENCH_SERVICE;
		bench_advance(bench);
	}
}

static void tick(struct battery *battery)
{
	int64_t now_ns = battery_now_ns(battery);

	if (!battery->config.sink.tick || now_ns < battery->tick_at_ns)
		return;
	battery->tick_at_ns = now_ns + TICK_NS;
	battery->config.sink.tick(battery->config.sink.arg);
}

static void turn(void *arg)
{
	struct battery *battery = arg;

	tick(battery);
	begin_targets(battery);
	take_turns(battery);
}

static int64_t next_ns(const void *arg)
{
	const struct battery *battery = arg;
	int64_t next = battery->config.sink.tick ? battery->tick_at_ns : INT64_MAX;

	if (!battery->stopping && battery->first_waiting < battery->config.target_count &&
	    battery->active < battery->config.targets_at_once)
		return 0;
	for (unsigned i = 0; i < battery->run_count; i++) {
		const struct run *run = battery->runs[i];

		if (run->ready || (run->over && !run->ending))
			return 0;
		if (!run->over && run->wake_ns > 0 && run->wake_ns < next)
			next = run->wake_ns;
		if (!run->over && run->limit_ns < next)
			next = run->limit_ns;
	}
	return next;
}

static void stop(void *arg)
{
	struct battery *battery = arg;

	battery->stopping = true;
	for (unsigned i = 0; i < battery->run_count; i++)
		run_stop(battery->runs[i], "interrupted");
}

static bool done(const void *arg)
{
	const struct battery *battery = arg;

	return battery->run_count == 0 &&
	       (battery->stopping || battery->done == battery->config.target_count);
}

void battery_player(struct battery *battery, struct stage_player *player)
{
	*player = (struct stage_player){.arg = battery,
					.seen = seen,
					.ended = ended,
					.turn = turn,
					.next_ns = next_ns,
					.stop = stop,
					.done = done};
}

void battery_progress(const struct battery *battery, struct battery_progress *progress)
{
	int64_t now_ns = battery_now_ns(battery);

	*progress = (struct battery_progress){.stopped = battery->stopping,
					      .targets_done = battery->done,
					      .runs = battery->run_count};
	for (uint32_t i = 0; i < battery->config.target_count; i++) {
		const struct bench *bench = &battery->benches[i];

		progress->jobs += bench->job_count;
		for (unsigned j = 0; j < bench->job_count; j++)
			progress->jobs_done += bench->jobs[j].state == JOB_IS_DONE;
	}
	for (unsigned i = 0; i < battery->run_count; i++) {
		const struct run *run = battery->runs[i];
		double left_s = run->scenario->takes_s - (double)(now_ns - run->started_ns) / 1e9;

		if (left_s > progress->longest_s)
			progress->longest_s = left_s;
	}
}
