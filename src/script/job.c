/* SPDX-License-Identifier: BSD-2-Clause */
/* A job: runs' judgements -> is it sure? */
#include "script/job.h"

#include <stdio.h>

#define TRIES_INCONCLUSIVE 3
#define CHEAP_S            30 /* what takes no longer can be run again, whatever its profile */

static const enum judgement accusations[] = {JUDGE_FAIL, JUDGE_WARN, JUDGE_PATH};
static const enum judgement others[] = {JUDGE_PASS, JUDGE_PASS_MAY, JUDGE_HARDENED, JUDGE_APP,
					JUDGE_SKIP};

static enum judgement most(const struct job *job, const enum judgement *of, unsigned count)
{
	enum judgement best = JUDGE_COUNT;

	for (unsigned i = 0; i < count; i++)
		if (job->tally[of[i]] > (best == JUDGE_COUNT ? 0 : job->tally[best]))
			best = of[i];
	return best;
}

static enum judgement accusation(const struct job *job)
{
	return most(job, accusations, sizeof(accusations) / sizeof(accusations[0]));
}

static enum judgement other(const struct job *job)
{
	return most(job, others, sizeof(others) / sizeof(others[0]));
}

bool job_is_long(const struct job *job)
{
	return job->scenario->profile == PROFILE_FULL;
}

/* It takes minutes, and to run it again would take as many. */
static bool is_costly(const struct job *job)
{
	return job_is_long(job) && job->scenario->takes_s > CHEAP_S;
}

/* How many runs must agree, of how many. Long ones cost minutes: only a FAIL is worth those. */
static void demand(const struct job *job, bool lossy, unsigned *agree, unsigned *of)
{
	*agree = lossy ? 5 : 2;
	*of = lossy ? 5 : 3;
	if (is_costly(job) && accusation(job) != JUDGE_FAIL)
		*agree = *of = 1;
	else if (is_costly(job))
		*agree = *of = 2;
}

void job_tried(struct job *job, struct run *run, enum judgement judgement)
{
	job->tried[job->attempts++] = run;
	job->tally[judgement]++;
}

void job_controlled(struct job *job, bool good)
{
	if (!job->controlled_before)
		job->controlled_before = true;
	else
		job->controlled_after = true;
	job->control_failed = job->control_failed || !good;
}

enum job_next job_next(const struct job *job, bool lossy)
{
	enum judgement accused = accusation(job);
	unsigned agree, of;

	if (job->attempts == 0)
		return JOB_RUN;
	if (job->tally[JUDGE_ERROR] > 0)
		return JOB_DONE;
	if (accused == JUDGE_COUNT)
		return other(job) == JUDGE_COUNT && job->attempts < TRIES_INCONCLUSIVE &&
			       !is_costly(job)
			   ? JOB_RUN
			   : JOB_DONE;
	if (is_costly(job) && lossy)
		return JOB_DONE; /* it will not be believed */
	demand(job, lossy, &agree, &of);
	if (!job->controlled_before)
		return JOB_CONTROL;
	if (job->tally[accused] < agree && job->attempts < of &&
	    job->tally[accused] + (of - job->attempts) >= agree)
		return JOB_RUN;
	return job->tally[accused] >= agree && !job->controlled_after ? JOB_CONTROL : JOB_DONE;
}

static enum judgement without_accusation(const struct job *job)
{
	return other(job) == JUDGE_COUNT ? JUDGE_INCONCLUSIVE : other(job);
}

static void acquit(struct job *job, enum judgement accused)
{
	job->judgement = without_accusation(job);
	snprintf(job->doubt, sizeof(job->doubt), "%u of %u runs said %s", job->tally[accused],
		 job->attempts, judgement_info(accused)->name);
}

static void doubt(struct job *job, enum judgement accused, const char *but)
{
	job->judgement = JUDGE_INCONCLUSIVE;
	snprintf(job->doubt, sizeof(job->doubt), "said %s, but %s", judgement_info(accused)->name,
		 but);
}

void job_conclude(struct job *job, bool lossy)
{
	enum judgement accused = accusation(job);
	unsigned agree, of;

	job->state = JOB_IS_DONE;
	job->doubt[0] = '\0';
	demand(job, lossy, &agree, &of);
	if (job->tally[JUDGE_ERROR] > 0)
		job->judgement = JUDGE_ERROR;
	else if (accused == JUDGE_COUNT)
		job->judgement = without_accusation(job);
	else if (is_costly(job) && lossy)
		doubt(job, accused, "the path loses segments, and it takes too long to say again");
	else if (job->tally[accused] < agree)
		acquit(job, accused);
	else if (job->control_failed)
		doubt(job, accused, "a plain handshake and close did not work either");
	else
		job->judgement = accused;
	job->agreeing = job->tally[job->judgement];
}

int job_shown_by(const struct job *job, enum judgement (*of)(const struct run *run))
{
	for (unsigned i = job->attempts; i > 0; i--)
		if (of(job->tried[i - 1]) == job->judgement)
			return (int)i - 1;
	return (int)job->attempts - 1;
}
