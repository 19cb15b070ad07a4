/* SPDX-License-Identifier: BSD-2-Clause */
/* command: "I/N", or the environment of a job array's task -> a shard. */
#include "cmd/scan_shard.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"

#define SLURM "SLURM_ARRAY_TASK_"

/* A whole number of the environment. */
static int get(const char *name, int64_t *value, struct err *err)
{
	const char *text = getenv(name);
	struct err why = {.class = ERR_NONE};

	if (!text)
		return err_set(err, ERR_USAGE, "auto: %s is not set", name);
	if (parse_number(text, 0, UINT32_MAX, value, &why) < 0)
		return err_set(err, ERR_USAGE, "auto: %s: %s", name, why.text);
	return 0;
}

/* The indices of an array may begin anywhere and have steps. Slurm does not list them, and calls
 * the step of any list (1,3,7) 1; but if they are as many as a row with these ends and steps has,
 * and each task's is in that row, they are that row: no shard is taken twice, or by nobody. */
static int of_slurm(int64_t *shard, int64_t *shards, struct err *err)
{
	int64_t id, first, last, step = 1;

	if (get(SLURM "ID", &id, err) < 0 || get(SLURM "COUNT", shards, err) < 0 ||
	    get(SLURM "MIN", &first, err) < 0 || get(SLURM "MAX", &last, err) < 0 ||
	    (getenv(SLURM "STEP") && get(SLURM "STEP", &step, err) < 0))
		return -1;
	if (step < 1 || *shards == 1)
		step = 1;
	if (id < first || id > last || (id - first) % step != 0 ||
	    last - first != (*shards - 1) * step)
		return err_set(err, ERR_USAGE,
			       "auto: the indices of this job array are no regular row: %" PRId64
			       " of them, from %" PRId64 " to %" PRId64 " in steps of %" PRId64
			       ", this one %" PRId64 ": submit it with --array=1-%" PRId64
			       ", or say which shard this is with --shard I/%" PRId64,
			       *shards, first, last, step, id, *shards, *shards);
	*shard = (id - first) / step + 1;
	return 0;
}

/* An indexed Job: from 0; how many there are only the manifest can say. */
static int of_kubernetes(int64_t *shard, int64_t *shards, struct err *err)
{
	if (get("JOB_COMPLETION_INDEX", shard, err) < 0)
		return -1;
	if (!getenv("SHARDS"))
		return err_set(err, ERR_USAGE,
			       "auto: JOB_COMPLETION_INDEX is set, but SHARDS is not: the manifest "
			       "has to set it to the number of the Job's completions");
	if (get("SHARDS", shards, err) < 0)
		return -1;
	if (++*shard > *shards)
		return err_set(err, ERR_USAGE,
			       "auto: JOB_COMPLETION_INDEX, which counts from 0, is %" PRId64
			       ", and there are only %" PRId64
			       " SHARDS: set it to the number of the Job's completions",
			       *shard - 1, *shards);
	return 0;
}

static int of_environment(int64_t *shard, int64_t *shards, struct err *err)
{
	int rc;

	if (getenv(SLURM "ID"))
		rc = of_slurm(shard, shards, err);
	else if (getenv("JOB_COMPLETION_INDEX"))
		rc = of_kubernetes(shard, shards, err);
	else
		rc = err_set(err, ERR_USAGE,
			     "auto: neither " SLURM "ID (a job array of Slurm) nor "
			     "JOB_COMPLETION_INDEX (an indexed Job of Kubernetes) is set");
	if (rc == 0 && *shards > SHARDS_MAX)
		rc = err_set(err, ERR_USAGE, "auto: %" PRId64 " shards: %d is the most", *shards,
			     SHARDS_MAX);
	return rc;
}

static int of_words(const char *text, int64_t *shard, int64_t *shards)
{
	const char *slash = strchr(text, '/');
	char first[12];

	if (!slash || slash - text >= (int)sizeof(first))
		return -1;
	memcpy(first, text, (size_t)(slash - text));
	first[slash - text] = '\0';
	if (parse_number(slash + 1, 1, SHARDS_MAX, shards, NULL) < 0)
		return -1;
	return parse_number(first, 1, *shards, shard, NULL);
}

int scan_shard_parse(const char *text, uint32_t *shard, uint32_t *shards, struct err *err)
{
	int64_t i, n;

	if (strcmp(text, "auto") == 0) {
		if (of_environment(&i, &n, err) < 0)
			return -1;
	} else if (of_words(text, &i, &n) < 0) {
		return err_set(err, ERR_USAGE,
			       "'%s' is no shard: I/N, I from 1 to N, N up to %d, as in 3/8; or "
			       "auto",
			       text, SHARDS_MAX);
	}
	*shard = (uint32_t)i;
	*shards = (uint32_t)n;
	return 0;
}
