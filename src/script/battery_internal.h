/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the battery share, and nobody else. */
#ifndef SHAKEDOWN_SCRIPT_BATTERY_INTERNAL_H
#define SHAKEDOWN_SCRIPT_BATTERY_INTERNAL_H

#include "script/battery.h"

#define BENCH_HIDDEN_JOBS 4 /* service, last, report, check: see below */

enum bench_stage { BENCH_WAITS, BENCH_SERVICE, BENCH_MAIN, BENCH_AFTER, BENCH_REPORT, BENCH_DONE };

/* One target, its jobs and what was found. */
struct bench {
	struct battery *battery;
	uint32_t number;
	enum bench_stage stage;
	struct run_world world;
	struct job *jobs; /* one for each scenario, and the hidden ones at the end */
	struct job *service, *last, *report; /* `last`: does it answer still, in the end? */
	struct job *check;                   /* likewise, on the way; no scenario: never asked */
	unsigned job_count;                  /* without the hidden ones */
	unsigned fruitless, patience;        /* runs without a result; so many before a check */
	unsigned failed_checks;              /* in a row */
	char *given_up;                      /* why; or NULL */
	unsigned next_report;
	struct finding *findings;
	unsigned finding_count;
	unsigned connections;
	unsigned running, running_long;
	bool alone;        /* a scenario runs that wants no other beside it */
	bool lossy, begun; /* begun: its heading was reported */
	int64_t started_ns, next_open_ns;
	char *error;
};

struct battery {
	struct battery_config config;
	struct bench *benches;
	struct job *jobs;
	uint32_t first_waiting; /* benches before it have begun */
	unsigned active;        /* benches that have begun and are not done */
	unsigned done;
	struct run **runs; /* under way, of all targets */
	unsigned run_count, run_room;
	int64_t next_open_ns;
	int64_t tick_at_ns;
	bool stopping;
};

/* --- battery.c --- */
/* Begins a run of this scenario for the job; false: no memory. */
bool battery_begin(struct bench *bench, struct job *job, const struct scenario *scenario);
int64_t battery_now_ns(const struct battery *battery);

/* --- bench.c --- */
bool bench_open(struct battery *battery, struct bench *bench, uint32_t number, struct job *jobs);
void bench_free(struct bench *bench);
/* Starts what may start, and goes on to the next stage where one is over. */
void bench_advance(struct bench *bench);
/* A run of it is done; it is the job's from now on, or freed. */
void bench_run_done(struct bench *bench, struct job *job, struct run *run);

void bench_start(struct bench *bench, struct job *job, const struct scenario *scenario);
/* One more that runs (1), or one less (-1). */
void bench_count(struct bench *bench, const struct job *job, int by);
/* Nothing new is begun: the user stops, or the target was given up. */
bool bench_halts(const struct bench *bench);

/* --- bench_check.c --- */
void bench_check_open(struct bench *bench, struct job *job);
/* A run or a control said this: is it time to see whether the target does the plain thing? */
void bench_weigh(struct bench *bench, enum judgement judgement);
/* It was seen; the run is freed. */
void bench_checked(struct bench *bench, struct run *run);

/* --- bench_report.c --- */
void bench_note(struct bench *bench, const struct run *run);
const struct finding *bench_found(const struct bench *bench, const char *key);
/* Reports the jobs that are done, in order, as far as they are. */
void bench_report(struct bench *bench);
void bench_end(struct bench *bench);

#endif
