/* SPDX-License-Identifier: BSD-2-Clause */
/* command: `scan --resume`: the engine's state -> a checkpoint, and back. */
#include "cmd/scan_resume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/clock.h"
#include "report/scan.h"

/* At first often, so that a scan that is killed soon after has got on at all. */
#define GAP_FIRST_NS INT64_C(250000000)
#define GAP_MOST_NS  INT64_C(4000000000)
#define COST_FACTOR  20 /* gaps are at least so many times as long as writing took */

/* All was sent, and some of it did not leave: which, nobody knows. */
static bool nothing_left(const struct checkpoint *checkpoint, uint64_t end)
{
	return checkpoint->not_taken > 0 && checkpoint->awaited.count == 0 &&
	       checkpoint->position == end;
}

int scan_resume_read(struct scan_resume *resume, struct scan_settings *settings,
		     const struct space *space, struct err *err)
{
	struct checkpoint_scan *here = &resume->now.scan;
	int found;

	resume->writing = -1;
	resume->path = settings->resume;
	if (!resume->path)
		return 0;
	snprintf(here->mode, sizeof(here->mode), "%s", scan_mode_name(settings->mode));
	snprintf(here->format, sizeof(here->format), "%s", settings->format);
	here->open_only = settings->open_only;
	here->controls = settings->controls;
	here->fingerprint = space_fingerprint(space);
	here->seed = settings->seed;
	here->shard = settings->shard;
	here->shards = settings->shards;
	found = checkpoint_read(&resume->past, resume->path, err);
	if (found <= 0)
		return found;
	if (checkpoint_fits(&resume->past, resume->path, here, settings->has_seed, err) < 0)
		return -1;
	if (nothing_left(&resume->past,
			 permute_shard_size(space_size(space), here->shard, here->shards)))
		return err_set(err, ERR_USAGE,
			       "--resume: %s: that scan came to its end, but %" PRIu64
			       " segment%s did not leave this host: there is nothing to go on "
			       "with; remove that file for a new scan",
			       resume->path, resume->past.not_taken,
			       scan_plural(resume->past.not_taken));
	settings->seed = resume->past.scan.seed;
	settings->has_seed = true;
	resume->resumed = resume->past.results_len > 0;
	return 0;
}

/* --- the results file --- */

static int check_results(const struct scan_resume *resume, const char *path, struct err *err)
{
	struct stat results, checkpoint;
	int fd = fileno(resume->out);

	if (fstat(fd, &results) < 0 || !S_ISREG(results.st_mode))
		return err_set(err, ERR_USAGE,
			       "--resume: %s: results must go to a regular file: see -o", path);
	if (stat(resume->path, &checkpoint) == 0 && checkpoint.st_ino == results.st_ino &&
	    checkpoint.st_dev == results.st_dev)
		return err_set(err, ERR_USAGE,
			       "--resume: %s: results and checkpoint are one file: name two", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, ERR_CANNOT,
			       "--resume: %s: another scan is writing it at this moment", path);
	if ((uint64_t)results.st_size < resume->past.results_len)
		return err_set(err, ERR_USAGE,
			       "--resume: %s: the checkpoint knows of %" PRIu64 " octet%s of "
			       "results, the file has %" PRIu64 ": it is not that scan's file",
			       path, resume->past.results_len,
			       scan_plural(resume->past.results_len), (uint64_t)results.st_size);
	return 0;
}

static int cut_results(const struct scan_resume *resume, const char *path, struct err *err)
{
	off_t len = (off_t)resume->past.results_len;

	if (ftruncate(fileno(resume->out), len) < 0 || fseeko(resume->out, len, SEEK_SET) < 0)
		return err_set(err, ERR_CANNOT, "--resume: %s: cannot cut it back: %s", path,
			       strerror(errno));
	return 0;
}

/* What earlier runs left to do, and what they told for all ports of its host. */
static int hand_over(struct scan_resume *resume, struct err *err)
{
	const struct checkpoint *past = &resume->past;
	struct controls *controls = scan_engine_controls(resume->engine);

	if (!scan_resume(scan_engine_scan(resume->engine), past->position, past->awaited.numbers,
			 past->awaited.count))
		return err_set(err, ERR_USAGE,
			       "--resume: %s: the checkpoint makes no sense: it is further than "
			       "the scan is long",
			       resume->path);
	for (uint64_t i = 0; controls && i < past->wildcards.count; i++)
		if (!controls_know_wildcard(controls, past->wildcards.numbers[i]))
			return err_set(err, ERR_USAGE,
				       "--resume: %s: the checkpoint makes no sense, or there is "
				       "no memory for it: it knows hosts that are not scanned",
				       resume->path);
	return 0;
}

/* Only when the checkpoint can be written is anything of the file given up. */
int scan_resume_begin(struct scan_resume *resume, const struct scan_settings *settings,
		      struct scan_engine *engine, FILE *out, struct err *err)
{
	const char *path = settings->probe.output;
	const struct checkpoint *past = &resume->past;

	if (!resume->path)
		return 0;
	resume->engine = engine;
	resume->out = out;
	resume->now.scan.seed = settings->seed;
	resume->now.position = past->position;
	resume->now.results_len = past->results_len;
	resume->now.not_taken = past->not_taken;
	resume->gap_ns = GAP_FIRST_NS;
	if (check_results(resume, path, err) < 0)
		return -1;
	if (hand_over(resume, err) < 0)
		return -1;
	/* the one that is there says more than `now` does yet */
	if (past->position + past->awaited.count + past->results_len == 0 &&
	    checkpoint_write(&resume->now, resume->path, err) < 0)
		return -1;
	return cut_results(resume, path, err);
}

/* --- checkpoints --- */

struct taking {
	struct checkpoint_list *to;
	bool failed;
};

static void take(void *arg, uint64_t number)
{
	struct taking *taking = arg;

	taking->failed |= !checkpoint_add(taking->to, number);
}

static int gather(struct scan_resume *resume, struct err *err)
{
	struct controls *controls = scan_engine_controls(resume->engine);
	struct taking awaited = {.to = &resume->now.awaited};
	struct taking wildcards = {.to = &resume->now.wildcards};
	struct scan_engine_stats stats;

	scan_engine_statistics(resume->engine, &stats);
	resume->now.not_taken = resume->past.not_taken + stats.not_taken;
	awaited.to->count = wildcards.to->count = 0;
	resume->now.position = scan_engine_scan(resume->engine)->position;
	scan_engine_awaited(resume->engine, take, &awaited);
	if (controls)
		controls_each_wildcard(controls, take, &wildcards);
	if (awaited.failed || wildcards.failed)
		return err_set(err, ERR_INTERNAL, "memory: none for a checkpoint");
	return 0;
}

static int flush_results(struct scan_resume *resume, struct err *err)
{
	off_t len;

	if (fflush(resume->out) != 0 || ferror(resume->out))
		return err_set(err, ERR_CANNOT, "--resume: results cannot be written: %s",
			       strerror(errno));
	len = ftello(resume->out);
	if (len < 0)
		return err_set(err, ERR_CANNOT, "--resume: results: %s", strerror(errno));
	resume->now.results_len = (uint64_t)len;
	return 0;
}

static int begin(struct scan_resume *resume, struct err *err)
{
	if (gather(resume, err) < 0 || flush_results(resume, err) < 0)
		return -1;
	return checkpoint_begin(&resume->now, resume->path, &resume->writing, err);
}

static int sync_results(const struct scan_resume *resume, struct err *err)
{
	if (fsync(fileno(resume->out)) == 0)
		return 0;
	return err_set(err, ERR_CANNOT, "--resume: results cannot be written: %s", strerror(errno));
}

/* Results first: those that the checkpoint counts are on the disk before it is. */
static int commit(struct scan_resume *resume, struct err *err)
{
	int fd = resume->writing;

	resume->writing = -1;
	if (sync_results(resume, err) < 0) {
		close(fd);
		return -1;
	}
	return checkpoint_commit(resume->path, fd, err);
}

/* What is on its way is out of date. */
static void give_up(struct scan_resume *resume)
{
	if (resume->writing >= 0)
		close(resume->writing);
	resume->writing = -1;
}

static void tell_once(struct scan_resume *resume, const struct err *err)
{
	if (!resume->told)
		fprintf(stderr, "shakedown: %s; the last checkpoint stays\n", err->text);
	resume->told = true;
}

void scan_resume_tick(struct scan_resume *resume)
{
	int64_t begin_ns = clock_monotonic_ns(), end_ns;
	struct err err = {.class = ERR_NONE};

	if (!resume->path || resume->held)
		return;
	/* little by little, or there would be much to wait for at the checkpoint; where it cannot,
	 * there is */
	sync_file_range(fileno(resume->out), 0, 0, SYNC_FILE_RANGE_WRITE);
	if (resume->writing >= 0) {
		if (commit(resume, &err) < 0)
			tell_once(resume, &err);
	} else if (begin_ns >= resume->due_ns) {
		if (begin(resume, &err) < 0)
			tell_once(resume, &err);
		resume->due_ns = begin_ns + resume->gap_ns;
		if (resume->gap_ns < GAP_MOST_NS)
			resume->gap_ns *= 2;
	} else {
		return;
	}
	end_ns = clock_monotonic_ns();
	if (resume->due_ns < end_ns + COST_FACTOR * (end_ns - begin_ns))
		resume->due_ns = end_ns + COST_FACTOR * (end_ns - begin_ns);
}

void scan_resume_hold(struct scan_resume *resume)
{
	struct err err = {.class = ERR_NONE};

	if (!resume->path || resume->held)
		return;
	give_up(resume);
	if (begin(resume, &err) < 0 || commit(resume, &err) < 0)
		tell_once(resume, &err);
	resume->held = true;
}

/* --- the end --- */

uint64_t scan_resume_not_taken(const struct scan_resume *resume)
{
	return resume->past.not_taken;
}

int scan_resume_end(struct scan_resume *resume, bool complete, struct err *err)
{
	if (!resume->path)
		return 0;
	give_up(resume);
	if (complete) {
		if (flush_results(resume, err) < 0 || sync_results(resume, err) < 0)
			return -1;
		checkpoint_remove(resume->path);
		return 0;
	}
	/* where it was held, it was gathered then: since then only the summary has come */
	if ((!resume->held && gather(resume, err) < 0) || flush_results(resume, err) < 0 ||
	    checkpoint_begin(&resume->now, resume->path, &resume->writing, err) < 0 ||
	    commit(resume, err) < 0)
		return -1;
	if (nothing_left(&resume->now, scan_engine_scan(resume->engine)->end))
		fprintf(stderr,
			"--resume: %s: nothing is left to go on with: only a new scan can tell "
			"more; remove that file for it\n",
			resume->path);
	return 0;
}

void scan_resume_free(struct scan_resume *resume)
{
	checkpoint_free(&resume->past);
	checkpoint_free(&resume->now);
}
