/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of `shakedown scan --json`, read again: a line -> a run, a summary, or the knowledge that
 * it is a port's record. jansson reads the JSON. */
#ifndef SHAKEDOWN_CMD_MERGE_RECORDS_H
#define SHAKEDOWN_CMD_MERGE_RECORDS_H

#include "base/err.h"
#include "report/scan.h"

#define MERGE_SHARDS_MAX 1000000
#define MERGE_TEXT_MAX   64

enum merge_kind {
	MERGE_BROKEN, /* no JSON, or no object: `err` says why */
	MERGE_BAD,    /* JSON, but no record of a scan, or values that cannot be: `err` says why */
	MERGE_RUN,
	MERGE_PORT,
	MERGE_SUMMARY
};

/* The texts of a run that is read. */
struct merge_run {
	struct scan_run run; /* its texts are these: */
	char version[MERGE_TEXT_MAX], way[MERGE_TEXT_MAX];
};

/* What summaries add up to. Zeroed, it is an empty one; merge_sum_link() after it was moved. */
struct merge_sum {
	struct scan_summary summary;
	struct samples rtt, phases[SCAN_PHASE_COUNT][TOKEN_COUNT];
	double loss; /* loss estimates, each times its answers */
	uint64_t loss_answers;
	int64_t elapsed_ns, records; /* of the latest summary; records -1: not counted */
	bool complete;               /* the latest */
};

/* `run` is filled, `sum` added to, by a line of that kind. */
enum merge_kind merge_record(const char *line, struct merge_run *run, struct merge_sum *sum,
			     struct err *err);

/* Makes the summary point to the sketches. */
void merge_sum_link(struct merge_sum *sum);
void merge_sum_free(struct merge_sum *sum);

#endif
