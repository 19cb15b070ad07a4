/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A job: one scenario against one target until its judgement is sure. Pure bookkeeping: what the
 * runs said -> what to do next, and in the end one judgement.
 *
 * No accusation (FAIL, WARN, PATH) rests on one run: it must come again on fresh connections, two
 * of three, or all of five where the path loses segments; and a plain handshake and close must work
 * before and after. Else the result is what the other runs said, or INCONCLUSIVE with the reason.
 */
#ifndef SHAKEDOWN_SCRIPT_JOB_H
#define SHAKEDOWN_SCRIPT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "script/result.h"

#define JOB_ATTEMPTS_MAX 5
#define JOB_DOUBT_MAX    160

struct run;

enum job_state { JOB_WAITS, JOB_RUNS, JOB_IS_DONE };

struct job {
	const struct scenario *scenario;
	enum job_state state;
	struct run *run;                     /* under way: of the scenario or a control */
	struct run *tried[JOB_ATTEMPTS_MAX]; /* runs of the scenario that have ended */
	unsigned attempts, tally[JUDGE_COUNT];
	bool controlling, controlled_before, controlled_after, control_failed;
	int64_t started_ns, ended_ns;
	/* in the end */
	enum judgement judgement;
	unsigned agreeing;
	char doubt[JOB_DOUBT_MAX];
	bool reported;
};

enum job_next { JOB_RUN, JOB_CONTROL, JOB_DONE };

/* Of the profile that takes minutes: it runs beside all others. */
bool job_is_long(const struct job *job);

/* A run of the scenario has ended with this. */
void job_tried(struct job *job, struct run *run, enum judgement judgement);
void job_controlled(struct job *job, bool good);

/* What is to be done now; `lossy`: the path loses or doubles segments. */
enum job_next job_next(const struct job *job, bool lossy);

/* The end: fills in judgement, agreeing, doubt. */
void job_conclude(struct job *job, bool lossy);

/* Which of the runs shows it: an index into `tried`; -1: there was none. */
int job_shown_by(const struct job *job, enum judgement (*of)(const struct run *run));

#endif
