/* SPDX-License-Identifier: BSD-2-Clause */
/* command: a file -> its lines. */
#include "cmd/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST_ROOM 4096
#define ROOM_MAX   ((size_t)64 << 20)

int lines_open(struct lines *lines, const char *path, struct err *err)
{
	struct stat status;

	*lines = (struct lines){.path = path, .in = fopen(path, "r")};
	if (!lines->in)
		return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	if (fstat(fileno(lines->in), &status) == 0 && S_ISREG(status.st_mode))
		return 0;
	fclose(lines->in);
	return err_set(err, ERR_USAGE, "%s: no regular file, but it must be read twice", path);
}

static int grow(struct lines *lines, struct err *err)
{
	size_t room = lines->room ? 2 * lines->room : FIRST_ROOM;
	char *text = room <= ROOM_MAX ? realloc(lines->text, room) : NULL;

	if (!text)
		return err_set(err, ERR_USAGE, "%s:%" PRIu64 ": too long a line", lines->path,
			       lines->number);
	lines->text = text;
	lines->room = room;
	return 0;
}

int lines_next(struct lines *lines, struct err *err)
{
	int c = 0;

	lines->len = 0;
	lines->number++;
	while (c != '\n' && (c = getc_unlocked(lines->in)) != EOF) {
		if (lines->room - lines->len < 2 && grow(lines, err) < 0)
			return -1;
		lines->text[lines->len++] = (char)c;
	}
	if (ferror(lines->in))
		return err_set(err, ERR_USAGE, "%s: cannot read it: %s", lines->path,
			       strerror(errno));
	if (lines->len == 0)
		return 0;
	lines->text[lines->len] = '\0';
	return 1;
}

bool lines_cut(const struct lines *lines)
{
	return lines->text[lines->len - 1] != '\n';
}

bool lines_binary(const struct lines *lines)
{
	return strlen(lines->text) != lines->len;
}

void lines_close(struct lines *lines)
{
	fclose(lines->in);
	free(lines->text);
}
