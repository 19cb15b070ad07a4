/* SPDX-License-Identifier: BSD-2-Clause */
/* report, --update-expected: what was seen, and the old file -> a new one in its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/accepted_file.h"

/* Of a new file, and of one without a comment of its own. */
static const char heading[] =
    "# Accepted deviations, for shakedown test --expect: TARGET SCENARIO JUDGEMENT[,JUDGEMENT "
    "...]\n"
    "# The last line that matches wins; what no line matches is to pass.\n";

struct sighting {
	char *target, *id;
	unsigned judgements;
};

struct accepted_update {
	char *path, *temporary;
	FILE *out;
	struct accepted_file *file;
	struct sighting *seen;
	size_t count, room;
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "memory: out of it");
}

/* The old file's lines, and its permissions; it may be that there is none. */
static int read_old(struct accepted_update *update, mode_t *mode, struct err *err)
{
	struct stat status;

	if (stat(update->path, &status) == 0) {
		if (!S_ISREG(status.st_mode))
			return err_set(err, ERR_USAGE,
				       "%s: cannot replace it: it is no regular file",
				       update->path);
		*mode = status.st_mode & 0777;
		if (accepted_read(update->path, &update->file, err) < 0)
			return -1;
	} else if (errno != ENOENT) {
		return err_set(err, ERR_USAGE, "%s: cannot read it: %s", update->path,
			       strerror(errno));
	} else {
		update->file = calloc(1, sizeof(*update->file));
	}
	if (update->file && !update->file->head)
		update->file->head = strdup(heading);
	return update->file && update->file->head ? 0 : out_of_memory(err);
}

static int create(struct accepted_update *update, mode_t mode, struct err *err)
{
	int fd;

	if (asprintf(&update->temporary, "%s.%ld.new", update->path, (long)getpid()) < 0) {
		update->temporary = NULL;
		return out_of_memory(err);
	}
	fd = open(update->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		err_set(err, ERR_CANNOT, "%s: cannot create it: %s", update->temporary,
			strerror(errno));
		free(update->temporary); /* it may be another's */
		update->temporary = NULL;
		return -1;
	}
	update->out = fdopen(fd, "w");
	if (!update->out) {
		close(fd);
		return out_of_memory(err);
	}
	if (mode != 0 && fchmod(fd, mode) < 0)
		return err_set(err, ERR_CANNOT, "%s: cannot set its mode: %s", update->temporary,
			       strerror(errno));
	return 0;
}

struct accepted_update *accepted_update_open(const char *path, struct err *err)
{
	struct accepted_update *update = calloc(1, sizeof(*update));
	mode_t mode = 0;

	if (!update) {
		out_of_memory(err);
		return NULL;
	}
	/* What a symbolic link points to is replaced, not the link. */
	update->path = realpath(path, NULL);
	if (!update->path)
		update->path = strdup(path);
	if (!update->path)
		out_of_memory(err);
	else if (read_old(update, &mode, err) == 0 && create(update, mode, err) == 0)
		return update;
	accepted_update_close(update, false, NULL);
	return NULL;
}

int accepted_update_add(struct accepted_update *update, const char *target, const char *id,
			enum judgement judgement, struct err *err)
{
	struct sighting *seen;

	if (!accepted_tells(judgement))
		return 0;
	if (update->count == update->room) {
		size_t room = 2 * update->room + 64;

		seen = realloc(update->seen, room * sizeof(*seen));
		if (!seen)
			return out_of_memory(err);
		update->seen = seen;
		update->room = room;
	}
	seen = &update->seen[update->count++];
	seen->target = strdup(target);
	seen->id = strdup(id);
	seen->judgements = ACCEPTED_BIT(judgement);
	return seen->target && seen->id ? 0 : out_of_memory(err);
}

/* R2 comes before R10. */
static int compare_names(const char *target_a, const char *id_a, const char *target_b,
			 const char *id_b)
{
	int order = strverscmp(target_a, target_b);

	return order != 0 ? order : strverscmp(id_a, id_b);
}

static int compare_seen(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;

	return compare_names(x->target, x->id, y->target, y->id);
}

static int compare_lines(const void *a, const void *b)
{
	const struct accepted_line *const *x = a, *const *y = b;

	return compare_names((*x)->target, (*x)->id, (*y)->target, (*y)->id);
}

/* Sorts what was seen; what is there twice has all its judgements at its first place, and none at
 * the others. */
static void merge_seen(struct accepted_update *update)
{
	struct sighting *first = update->seen;

	if (update->count == 0)
		return;
	qsort(update->seen, update->count, sizeof(*update->seen), compare_seen);
	for (size_t i = 1; i < update->count; i++) {
		struct sighting *seen = &update->seen[i];

		if (compare_seen(first, seen) != 0) {
			first = seen;
			continue;
		}
		first->judgements |= seen->judgements;
		seen->judgements = 0;
	}
}

static const struct sighting *find_seen(const struct accepted_update *update,
					const struct accepted_line *line)
{
	struct sighting key = {.target = line->target, .id = line->id}, *found;

	if (update->count == 0)
		return NULL;
	found = bsearch(&key, update->seen, update->count, sizeof(key), compare_seen);
	while (found && found->judgements == 0) /* the first has them */
		found--;
	return found;
}

/* A plain line stays where it had a say and what it says was not seen to be otherwise. */
static bool line_stays(const struct accepted_update *update, const struct accepted_line *line)
{
	const struct sighting *seen;

	if (line->wild || accepted_winner(update->file, line->target, line->id, false) != line)
		return false;
	seen = find_seen(update, line);
	return !seen || accepted_expects(line, seen->judgements);
}

/* Plain lines of what was seen, where neither one that stays nor the wildcards say it. */
static int add_changed(struct accepted_update *update, struct accepted_file *fresh)
{
	for (size_t i = 0; i < update->count; i++) {
		const struct sighting *seen = &update->seen[i];
		const struct accepted_line *line, *wild;
		struct accepted_line *more;

		line = accepted_winner(update->file, seen->target, seen->id, false);
		wild = accepted_winner(update->file, seen->target, seen->id, true);
		if (seen->judgements == 0 || (line && accepted_expects(line, seen->judgements)) ||
		    accepted_expects(wild, seen->judgements))
			continue;
		more = accepted_add(fresh);
		if (!more)
			return -1;
		more->target = strdup(seen->target);
		more->id = strdup(seen->id);
		if (!more->target || !more->id || accepted_set(more, seen->judgements) < 0)
			return -1;
	}
	return 0;
}

static void put_line(FILE *out, const struct accepted_line *line)
{
	fprintf(out, "%s%s %s %s%s%s\n", line->above ? line->above : "", line->target, line->id,
		line->names, line->comment ? " " : "", line->comment ? line->comment : "");
}

/* The file's comments, wildcards, then the rest, sorted. */
static int put_file(const struct accepted_update *update, const struct accepted_file *fresh)
{
	const struct accepted_file *old = update->file;
	const struct accepted_line **lines = calloc(old->count + fresh->count + 1, sizeof(*lines));
	size_t count = 0, wild = 0;

	if (!lines)
		return -1;
	for (size_t i = 0; i < old->count; i++)
		if (line_stays(update, &old->lines[i]))
			lines[count++] = &old->lines[i];
	for (size_t i = 0; i < fresh->count; i++)
		lines[count++] = &fresh->lines[i];
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < old->count; i++)
		wild += old->lines[i].wild;
	fprintf(update->out, "%s%s", old->head, wild + count > 0 ? "\n" : "");
	for (size_t i = 0; i < old->count; i++)
		if (old->lines[i].wild)
			put_line(update->out, &old->lines[i]);
	if (wild > 0 && count > 0)
		putc('\n', update->out);
	for (size_t i = 0; i < count; i++)
		put_line(update->out, lines[i]);
	free(lines);
	return 0;
}

/* Writes it and puts it in its place. */
static int replace(struct accepted_update *update, struct err *err)
{
	struct accepted_file *fresh = calloc(1, sizeof(*fresh));
	int rc = -1;

	merge_seen(update);
	if (!fresh || add_changed(update, fresh) < 0 || put_file(update, fresh) < 0)
		out_of_memory(err);
	else if (fflush(update->out) != 0 || ferror(update->out) || fsync(fileno(update->out)) < 0)
		err_set(err, ERR_CANNOT, "%s: cannot write it: %s", update->temporary,
			strerror(errno));
	else if (rename(update->temporary, update->path) < 0)
		err_set(err, ERR_CANNOT, "%s: cannot replace it: %s", update->path,
			strerror(errno));
	else
		rc = 0;
	accepted_free(fresh);
	return rc;
}

int accepted_update_close(struct accepted_update *update, bool keep, struct err *err)
{
	int rc = 0;

	if (!update)
		return 0;
	if (keep)
		rc = replace(update, err);
	if (update->temporary && (!keep || rc < 0))
		unlink(update->temporary);
	if (update->out)
		fclose(update->out);
	for (size_t i = 0; i < update->count; i++) {
		free(update->seen[i].target);
		free(update->seen[i].id);
	}
	free(update->seen);
	accepted_free(update->file);
	free(update->temporary);
	free(update->path);
	free(update);
	return rc;
}
