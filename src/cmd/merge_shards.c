/* SPDX-License-Identifier: BSD-2-Clause */
/* command: shards' files of NDJSON -> checked, summed up, copied into one. */
#include "cmd/merge_shards.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/lines.h"
#include "cmd/merge_records.h"
#include "cmd/merge_wildcards.h"
#include "report/scan_format.h"

#define MISSING_MAX 20 /* told one by one */

struct shard {
	bool begun;    /* its first part is there */
	bool complete; /* one of its parts says so */
	bool damaged;  /* lines are missing in one of its parts */
	bool resumed;  /* a later part is there */
	int file;      /* of the first part */
};

struct merge {
	char *const *paths;
	int count;
	uint64_t *line_counts; /* of each file, as it was read first */
	struct merge_run run;
	struct shard *shards; /* NULL: no run was read yet */
	bool whole;
	struct merge_sum sum;
	int64_t first_ns, last_ns;
	uint64_t records; /* to be written */
	struct merge_wildcards wildcards;
	/* the part that is being read */
	struct merge_run part;
	bool in_part;
	uint64_t part_records;
	uint64_t part_doubled; /* of these, of hosts that another record stands for */
};

/* --- checking --- */

static int refuse(const struct lines *lines, const char *what, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s:%" PRIu64 ": %s", lines->path, lines->number, what);
}

static int check_same(const struct merge *merge, const struct lines *lines,
		      const struct scan_run *run, struct err *err)
{
	const struct scan_run *first = &merge->run.run;
	const char *what = NULL;

	if (run->fingerprint != first->fingerprint || run->targets != first->targets)
		what = "other targets or ports";
	else if (run->seed != first->seed)
		what = "another seed";
	else if (run->shards != first->shards)
		what = "another number of shards";
	else if (run->mode != first->mode)
		what = "another mode";
	if (!what)
		return 0;
	return err_set(err, ERR_USAGE, "%s:%" PRIu64 ": a shard of another scan: %s than in %s",
		       lines->path, lines->number, what, merge->paths[0]);
}

static int begin_merge(struct merge *merge, struct err *err)
{
	struct merge_run *run = &merge->run;

	*run = merge->part;
	run->run.version = run->version;
	run->run.way = run->way;
	run->run.rate = 0;
	merge->first_ns = INT64_MAX;
	merge->shards = calloc(run->run.shards, sizeof(*merge->shards));
	return merge->shards ? 0 : err_set(err, ERR_INTERNAL, "memory: out of it");
}

/* Each shard has one first part. */
static int begin_shard(struct merge *merge, const struct lines *lines, int file, struct err *err)
{
	const struct scan_run *run = &merge->part.run;
	struct shard *shard = &merge->shards[run->shard - 1];

	if (run->resumed) {
		shard->resumed = true;
		return 0;
	}
	if (shard->begun)
		return err_set(
		    err, ERR_USAGE,
		    "%s:%" PRIu64 ": shard %" PRIu32 " of %" PRIu32 " once more: %s has it already",
		    lines->path, lines->number, run->shard, run->shards, merge->paths[shard->file]);
	shard->begun = true;
	shard->file = file;
	merge->run.run.rate += run->rate;
	return 0;
}

static void end_part(struct merge *merge, const struct lines *lines, FILE *notes)
{
	if (merge->in_part)
		fprintf(notes,
			"%s: shard %" PRIu32 ": ends without a summary: the sums lack what it "
			"counted\n",
			lines->path, merge->part.run.shard);
	merge->in_part = false;
}

static int take_run(struct merge *merge, const struct lines *lines, int file, FILE *notes,
		    struct err *err)
{
	const struct scan_run *run = &merge->part.run;

	end_part(merge, lines, notes);
	if (!merge->shards && begin_merge(merge, err) < 0)
		return -1;
	if (check_same(merge, lines, run, err) < 0 || begin_shard(merge, lines, file, err) < 0)
		return -1;
	merge->in_part = true;
	merge->part_records = merge->part_doubled = 0;
	if (run->started_ns < merge->first_ns)
		merge->first_ns = run->started_ns;
	if (run->started_ns > merge->last_ns)
		merge->last_ns = run->started_ns;
	if (strcmp(merge->run.way, merge->part.way) != 0)
		strcpy(merge->run.way, "several");
	return 0;
}

/* Ports that were told as their host's first are left out of the merge, as its others are. */
static void leave_out_doubled(struct merge *merge)
{
	struct scan_summary *summary = &merge->sum.summary;
	uint64_t *open = &summary->states[SCAN_OPEN];
	uint64_t doubled = merge->part_doubled < *open ? merge->part_doubled : *open;

	*open -= doubled;
	summary->wildcard_ports += doubled;
}

static void take_summary(struct merge *merge, const struct lines *lines, FILE *notes)
{
	const struct merge_sum *sum = &merge->sum;
	struct shard *shard = &merge->shards[merge->part.run.shard - 1];
	int64_t end_ns = merge->part.run.started_ns + sum->elapsed_ns;

	merge->in_part = false;
	leave_out_doubled(merge);
	if (end_ns > merge->last_ns)
		merge->last_ns = end_ns;
	if (sum->records >= 0 && (uint64_t)sum->records != merge->part_records) {
		fprintf(notes,
			"%s:%" PRIu64 ": shard %" PRIu32 ": %" PRIu64 " port record%s, but %" PRId64
			" %s written\n",
			lines->path, lines->number, merge->part.run.shard, merge->part_records,
			scan_plural(merge->part_records), sum->records,
			sum->records == 1 ? "was" : "were");
		shard->damaged = true;
	}
	shard->complete |= sum->complete;
}

static int take_port(struct merge *merge, const struct lines *lines, struct err *err)
{
	enum merge_wildcard wildcard = merge_wildcards_take(&merge->wildcards, lines->text);

	if (wildcard == WILDCARD_NO_MEMORY)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	merge->part_records++;
	if (wildcard == WILDCARD_AGAIN)
		merge->part_doubled++;
	else
		merge->records++;
	return 0;
}

static int take_line(struct merge *merge, const struct lines *lines, int file, FILE *notes,
		     struct err *err)
{
	struct err why = {.class = ERR_NONE};
	enum merge_kind kind = MERGE_BROKEN;

	if (lines_binary(lines))
		err_set(&why, ERR_USAGE, "no text: NULs are in it");
	else
		kind = merge_record(lines->text, &merge->part, &merge->sum, &why);

	if (kind == MERGE_RUN)
		return take_run(merge, lines, file, notes, err);
	/* it was being written when the scan was killed */
	if (kind == MERGE_BROKEN && lines_cut(lines)) {
		fprintf(notes, "%s:%" PRIu64 ": cut short, and left out\n", lines->path,
			lines->number);
		merge->line_counts[file]--;
		return 0;
	}
	if (kind == MERGE_BROKEN || kind == MERGE_BAD)
		return err_set(err, why.class, "%s:%" PRIu64 ": %s", lines->path, lines->number,
			       why.text);
	if (!merge->in_part)
		return refuse(lines, "a record of no run: there is no run's record before it", err);
	if (kind == MERGE_PORT)
		return take_port(merge, lines, err);
	take_summary(merge, lines, notes);
	return 0;
}

static int read_file(struct merge *merge, int file, FILE *notes, struct err *err)
{
	struct lines lines;
	int rc;

	if (lines_open(&lines, merge->paths[file], err) < 0)
		return -1;
	while ((rc = lines_next(&lines, err)) > 0) {
		merge->line_counts[file]++;
		if (take_line(merge, &lines, file, notes, err) < 0) {
			rc = -1;
			break;
		}
	}
	if (rc == 0 && merge->line_counts[file] == 0)
		fprintf(notes, "%s: nothing in it\n", lines.path);
	if (rc == 0)
		end_part(merge, &lines, notes);
	lines_close(&lines);
	return rc;
}

/* --- what is missing --- */

static const char *lacks(const struct shard *shard)
{
	if (!shard->begun)
		return shard->resumed ? "has lost its first part: only a resumed one is there"
				      : "is missing";
	if (shard->damaged)
		return "has lost lines";
	return shard->complete ? NULL : "is incomplete";
}

static void find_missing(struct merge *merge, FILE *notes)
{
	uint32_t shards = merge->run.run.shards, more = 0, told = 0;

	for (uint32_t i = 0; i < shards; i++) {
		const char *what = lacks(&merge->shards[i]);

		if (!what)
			continue;
		if (told++ < MISSING_MAX)
			fprintf(notes, "shard %" PRIu32 " of %" PRIu32 " %s\n", i + 1, shards,
				what);
		else
			more++;
	}
	if (more > 0)
		fprintf(notes, "and so on: %" PRIu32 " more\n", more);
	merge->whole = told == 0;
}

/* --- the header's functions --- */

bool merge_is_whole(const struct merge *merge)
{
	return merge->whole;
}

static void sum_up(struct merge *merge)
{
	struct scan_run *run = &merge->run.run;
	struct merge_sum *sum = &merge->sum;
	uint32_t there = 0;

	for (uint32_t i = 0; i < run->shards; i++)
		there += merge->shards[i].begun || merge->shards[i].resumed;
	merge_sum_link(sum);
	sum->summary.loss_estimate =
	    sum->loss_answers > 0 ? sum->loss / (double)sum->loss_answers : -1;
	sum->summary.wildcards = merge->wildcards.hosts;
	sum->summary.elapsed_ns = merge->last_ns - merge->first_ns;
	sum->summary.complete = merge->whole;
	sum->summary.interrupted &= !merge->whole;
	run->started_ns = merge->first_ns;
	run->merged = there;
	run->shard = run->shards = 1;
	run->resumed = false;
}

struct merge *merge_read(char *const *paths, int count, FILE *notes, struct err *err)
{
	struct merge *merge = calloc(1, sizeof(*merge));
	int rc = 0;

	if (!merge || !(merge->line_counts = calloc((size_t)count, sizeof(*merge->line_counts))))
		rc = err_set(err, ERR_INTERNAL, "memory: out of it");
	else
		merge->paths = paths;
	for (int i = 0; rc == 0 && i < count; i++) {
		merge->count++;
		rc = read_file(merge, i, notes, err);
	}
	if (rc == 0 && !merge->shards)
		rc = err_set(err, ERR_USAGE, "%s: no scan in it", paths[0]);
	if (rc == 0) {
		find_missing(merge, notes);
		return merge;
	}
	merge_free(merge);
	return NULL;
}

/* As a scan writes it, or else: what does it say? */
static bool is_port(const char *line)
{
	static const char port[] = "{\"type\":\"port\",";
	struct err why = {.class = ERR_NONE};
	struct merge_run run;
	struct merge_sum sum = {.records = 0};
	enum merge_kind kind;

	if (strncmp(line, port, sizeof(port) - 1) == 0)
		return true;
	kind = merge_record(line, &run, &sum, &why);
	merge_sum_free(&sum);
	return kind == MERGE_PORT;
}

/* `told`: wildcards of what was copied. */
static int copy_file(const struct merge *merge, int file, struct merge_wildcards *told, FILE *out,
		     struct err *err)
{
	enum merge_wildcard wildcard;
	struct lines lines;
	int rc = 0;

	if (lines_open(&lines, merge->paths[file], err) < 0)
		return -1;
	while (lines.number < merge->line_counts[file] && (rc = lines_next(&lines, err)) > 0) {
		if (!is_port(lines.text))
			continue;
		wildcard = merge_wildcards_take(told, lines.text);
		if (wildcard == WILDCARD_AGAIN)
			continue;
		if (wildcard == WILDCARD_NO_MEMORY) {
			rc = err_set(err, ERR_INTERNAL, "memory: out of it");
			break;
		}
		fwrite(lines.text, 1, lines.len, out);
		if (lines_cut(&lines))
			fputc('\n', out);
	}
	lines_close(&lines);
	return rc < 0 ? -1 : 0;
}

int merge_write(struct merge *merge, FILE *out, FILE *notes, struct err *err)
{
	const struct scan_summary *summary = &merge->sum.summary;
	struct merge_wildcards told = {.root = NULL};
	int rc = 0;

	sum_up(merge);
	scan_ndjson_run(out, &merge->run.run);
	for (int i = 0; i < merge->count && rc == 0; i++)
		rc = copy_file(merge, i, &told, out, err);
	merge_wildcards_forget(&told);
	if (rc < 0)
		return -1;
	scan_ndjson_summary(out, summary, (int64_t)merge->records);
	scan_text_summary(notes, &merge->run.run, summary);
	return 0;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;
	merge_sum_free(&merge->sum);
	merge_wildcards_forget(&merge->wildcards);
	free(merge->shards);
	free(merge->line_counts);
	free(merge);
}
