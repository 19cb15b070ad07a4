/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, --expect: a project's accepted deviations, a file that is kept with its sources, so that
 * a CI fails only on change. A line is
 *
 *   TARGET SCENARIO JUDGEMENT[,JUDGEMENT ...] [# comment]
 *
 * TARGET as the user writes it (10.0.0.1:80), SCENARIO an id (R1); in both, "*" stands for any
 * characters, "?" for one, and nothing else is special. JUDGEMENT in either spelling, any case.
 *
 * The last line that matches a target and a scenario wins; the others say nothing. What the
 * scenario comes to must be among that line's judgements; where no line matches it must be PASS or
 * PASS-MAY. All else is a change, be it for the better. SKIP, INCONCLUSIVE and ERROR, which say
 * nothing of the server, are no change (an ERROR that is not listed still is an error).
 */
#ifndef SHAKEDOWN_REPORT_ACCEPTED_H
#define SHAKEDOWN_REPORT_ACCEPTED_H

#include "base/err.h"
#include "report/test.h"

struct accepted_file;

/* Reads the file; errors are "FILE:LINE: what: why". */
int accepted_read(const char *path, struct accepted_file **file, struct err *err);
void accepted_free(struct accepted_file *file); /* NULL is fine */

/* How a judgement stands against the file (NULL: there is none). `listed` is what the line says
 * ("FAIL,WARN"), NULL where no line matches; it lives as long as the file. */
enum accepted accepted_find(const struct accepted_file *file, const char *target, const char *id,
			    enum judgement judgement, const char **listed);

/*
 * --update-expected: the file anew, so that nothing that was seen is a change. A process in the
 * sandbox opens no files, so that it takes two steps: open() reads the old file, if there is one,
 * and creates another beside it, before the first packet; close() puts it in the old one's place,
 * by rename(), so that there is a whole file at any time.
 *
 * Lines with wildcards are the user's own: they stay, in their order, first. The other lines
 * follow, sorted. Those whose judgements still hold stay as they are, with their comments; so do
 * those of what was not seen in this run. What changed gets a new line, or none where it is a pass
 * now. SKIP, INCONCLUSIVE and ERROR are never listed and leave what is listed alone.
 *
 * A comment above a line belongs to it; the one at the file's top, and those with an empty line
 * after them, are the file's, and stay at its top.
 */
struct accepted_update;

struct accepted_update *accepted_update_open(const char *path, struct err *err);
/* What was seen; strings are copied. */
int accepted_update_add(struct accepted_update *update, const char *target, const char *id,
			enum judgement judgement, struct err *err);
/* Replaces the file, or, unless `keep`, leaves it as it was; frees `update` (NULL is fine). */
int accepted_update_close(struct accepted_update *update, bool keep, struct err *err);

#endif
