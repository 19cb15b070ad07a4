/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes of a scenario: one judgement with what was seen, and the connections that prove it.
 * The judgements are those of the catalogue; the table in result.c is their one home.
 */
#ifndef SHAKEDOWN_SCRIPT_RESULT_H
#define SHAKEDOWN_SCRIPT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

enum judgement {
	JUDGE_PASS,
	JUDGE_PASS_MAY,
	JUDGE_WARN,
	JUDGE_FAIL,
	JUDGE_HARDENED,
	JUDGE_APP,
	JUDGE_PATH,
	JUDGE_INCONCLUSIVE,
	JUDGE_SKIP,
	JUDGE_ERROR,
	JUDGE_COUNT
};

struct judgement_info {
	const char *name; /* "PASS-MAY"; in scripts and expectation files also "pass_may" */
	bool good;        /* the server was seen to do nothing wrong */
	const char *meaning;
};

const struct judgement_info *judgement_info(enum judgement judgement);
/* By either spelling, any case; JUDGE_COUNT if there is none. */
enum judgement judgement_find(const char *name);

enum profile { PROFILE_QUICK, PROFILE_DEFAULT, PROFILE_FULL, PROFILE_COUNT };
const char *profile_name(enum profile profile); /* "quick" */

/* What a scenario says of itself; the strings live as long as the catalogue. */
struct scenario {
	const char *id, *title, *rfc, *level, *sends;
	const char *family; /* the file's name without .lua: "handshake" */
	const char *needs;  /* "request", "partial", "greeting"; NULL: nothing */
	double takes_s;
	enum profile profile;
	bool intrusive, alone, after_all;
	bool hidden;     /* shakedown's own: service, control, report */
	unsigned file;   /* index into the catalogue's files */
	unsigned number; /* among the scenarios of that file */
};

/* A finding: note(key, value), as text. */
struct finding {
	char *key, *value;
	bool text; /* the value was a string, not a number or boolean */
};

/* One scenario, one target, all attempts. Times in nanoseconds. */
struct result {
	const struct scenario *scenario;
	enum judgement judgement;
	const char *seen;   /* one line */
	unsigned attempts;  /* runs of the scenario */
	unsigned agreeing;  /* of those, runs with this judgement */
	const char *doubt;  /* why it is INCONCLUSIVE though a run said more; or NULL */
	int64_t elapsed_ns; /* of all attempts */
	/* the connections of the attempt that decided, each with its timeline */
	const struct probe *const *connections;
	unsigned connection_count;
	const struct finding *findings; /* of that attempt */
	unsigned finding_count;
};

#endif
