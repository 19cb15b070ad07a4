/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a file of accepted deviations, shared by its reader and its writer. */
#ifndef SHAKEDOWN_REPORT_ACCEPTED_FILE_H
#define SHAKEDOWN_REPORT_ACCEPTED_FILE_H

#include "report/accepted.h"

#define ACCEPTED_BIT(judgement) (1u << (judgement))

struct accepted_line {
	char *target, *id;   /* as written */
	bool wild;           /* one of them has wildcards */
	unsigned judgements; /* ACCEPTED_BIT() of each */
	char *names;         /* the same as text: "FAIL,WARN" */
	char *comment;       /* "# ...", at its end; or NULL */
	char *above;         /* whole lines of comment; or NULL */
};

struct accepted_file {
	struct accepted_line *lines;
	size_t count;
	char *head; /* comments of the file as a whole; or NULL */
};

/* Adds an empty line, to be filled in; NULL: out of memory. */
struct accepted_line *accepted_add(struct accepted_file *file);
/* Sets judgements and their text; -1: out of memory. */
int accepted_set(struct accepted_line *line, unsigned judgements);

/* The line that wins, or the one that would if there were only those with wildcards; or NULL. */
const struct accepted_line *accepted_winner(const struct accepted_file *file, const char *target,
					    const char *id, bool only_wild);

/* Are all of these judgements expected by this line, or by its absence (NULL)? */
bool accepted_expects(const struct accepted_line *line, unsigned judgements);
/* Does it say something of the server? */
bool accepted_tells(enum judgement judgement);

#endif
