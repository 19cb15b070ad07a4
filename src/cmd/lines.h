/* SPDX-License-Identifier: BSD-2-Clause */
/* A file, line by line, of any length within reason: for what is read twice and may not fit into
 * memory. */
#ifndef SHAKEDOWN_CMD_LINES_H
#define SHAKEDOWN_CMD_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct lines {
	FILE *in;
	const char *path;
	char *text; /* the present line, its newline included, with a NUL behind it */
	size_t len, room;
	uint64_t number; /* of the present line, from 1 */
};

/* Only regular files: others cannot be read twice. */
int lines_open(struct lines *lines, const char *path, struct err *err);
/* 1: there is one more. 0: there is none. -1 with `err`. */
int lines_next(struct lines *lines, struct err *err);
/* The last line, and it has no newline: who wrote it did not come to its end. */
bool lines_cut(const struct lines *lines);
/* Octets of a NUL are in it: no text. */
bool lines_binary(const struct lines *lines);
void lines_close(struct lines *lines);

#endif
