/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The catalogue: directory of scenario files -> compiled chunks and what each scenario says of
 * itself. Files of the user's come in beside them. Everything that it hands out lives as long as
 * it.
 */
#ifndef SHAKEDOWN_SCRIPT_CATALOGUE_H
#define SHAKEDOWN_SCRIPT_CATALOGUE_H

#include "base/err.h"
#include "script/result.h"
#include "script/run.h"

struct catalogue {
	struct chunk *files; /* the first is common.lua; the second, if so named, tools.lua */
	char **families;     /* of each file: "handshake" */
	unsigned file_count;
	struct scenario *scenarios; /* in the order of the house: handshake first */
	unsigned count;
	unsigned own_from; /* files from this index on are the user's */
};

/* Reads common.lua and all other .lua files of `directory`, and the user's `scripts`. -1 with an
 * error that names file and line. */
int catalogue_read(struct catalogue *catalogue, const char *directory, char *const *scripts,
		   unsigned script_count, struct err *err);
void catalogue_free(struct catalogue *catalogue);

const struct scenario *catalogue_find(const struct catalogue *catalogue, const char *id);

/* The files of this scenario, for run_new(). */
struct run_files catalogue_files(const struct catalogue *catalogue,
				 const struct scenario *scenario);

/* Which scenarios to run; the lists are of patterns (fnmatch), separated by commas, or NULL. */
struct selection {
	enum profile profile;
	const char *only; /* these, whatever their profile */
	const char *skip;
	bool intrusive;
};

/* Fills `chosen`, which has room for all, in the catalogue's order. The number of them; -1 with an
 * error where a pattern fits nothing, or nothing is left. The user's own scripts come alone. */
int catalogue_select(const struct catalogue *catalogue, const struct selection *selection,
		     const struct scenario **chosen, struct err *err);

#endif
