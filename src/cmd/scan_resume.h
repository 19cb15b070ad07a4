/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `shakedown scan --resume`: results file, engine and checkpoint, in step. What the checkpoint says
 * is done is in the results file up to the length that it says; what was written behind that is cut
 * off when the scan goes on, and done again. So a kill at any moment loses and repeats nothing.
 */
#ifndef SHAKEDOWN_CMD_SCAN_RESUME_H
#define SHAKEDOWN_CMD_SCAN_RESUME_H

#include <stdio.h>

#include "cmd/checkpoint.h"
#include "cmd/scan_settings.h"
#include "scan_engine.h"

struct scan_resume {
	const char *path;       /* NULL: no --resume; then all of these do nothing */
	struct checkpoint past; /* as it was found; what it awaited is the engine's to read */
	struct checkpoint now;
	struct scan_engine *engine;
	FILE *out;
	int writing;  /* a checkpoint that is on its way to the disk; -1: none */
	bool resumed; /* something is in the results file already */
	bool held;    /* it was interrupted: what comes now is not reported, but done again */
	bool told;
	int64_t due_ns, gap_ns; /* monotonic */
};

/* Reads the checkpoint, if it is there: then the settings' seed is its seed. One that has nothing
 * left to go on with is refused. First of these, ever. */
int scan_resume_read(struct scan_resume *resume, struct scan_settings *settings,
		     const struct space *space, struct err *err);

/* With the settings as they are now, an engine that does not run yet, and the results file as it
 * was left. Afterwards the checkpoint is there, and the file is cut. */
int scan_resume_begin(struct scan_resume *resume, const struct scan_settings *settings,
		      struct scan_engine *engine, FILE *out, struct err *err);

/* Segments that the kernel refused in the runs before this one. */
uint64_t scan_resume_not_taken(const struct scan_resume *resume);

/* Now and then: begins a checkpoint when one is due, and ends it the next time, so that nobody
 * waits for a disk. Failure is told once on stderr. */
void scan_resume_tick(struct scan_resume *resume);

/* Before connections are cut short. */
void scan_resume_hold(struct scan_resume *resume);

/* After the last of the results. -1 with `err` if they, or the checkpoint, cannot be written. */
int scan_resume_end(struct scan_resume *resume, bool complete, struct err *err);

void scan_resume_free(struct scan_resume *resume);

#endif
