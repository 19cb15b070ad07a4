/* SPDX-License-Identifier: BSD-2-Clause */
/* report, --expect: a file of accepted deviations -> what was expected of a scenario. */
#include "report/accepted.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "report/accepted_file.h"

#define BLANKS      " \t\r\n"
#define LINE_OCTETS 1024
#define LINES_MAX   1000000
#define WORD_MAX    (2 * LINE_OCTETS)

/* While a file is read. */
struct reader {
	const char *path;
	struct accepted_file *file;
	char *above; /* comment lines that may belong to the line after them */
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "memory: out of it");
}

struct accepted_line *accepted_add(struct accepted_file *file)
{
	struct accepted_line *more = realloc(file->lines, (file->count + 1) * sizeof(*file->lines));

	if (!more)
		return NULL;
	file->lines = more;
	more[file->count] = (struct accepted_line){.target = NULL};
	return &more[file->count++];
}

int accepted_set(struct accepted_line *line, unsigned judgements)
{
	size_t len;
	FILE *out = open_memstream(&line->names, &len);

	if (!out)
		return -1;
	line->judgements = judgements;
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		if (judgements & ACCEPTED_BIT(i))
			fprintf(out, "%s%s", ftell(out) > 0 ? "," : "",
				judgement_info((enum judgement)i)->name);
	return fclose(out) == 0 ? 0 : -1;
}

/* Appends to a string that may be NULL. */
static int append(char **to, const char *text)
{
	size_t len = *to ? strlen(*to) : 0;
	char *more = realloc(*to, len + strlen(text) + 1);

	if (!more)
		return -1;
	strcpy(more + len, text);
	*to = more;
	return 0;
}

/* Comments that belong to no line: each block with an empty line before the next. */
static int move_to_head(struct reader *reader)
{
	struct accepted_file *file = reader->file;

	if (!reader->above)
		return 0;
	if ((file->head && append(&file->head, "\n") < 0) || append(&file->head, reader->above) < 0)
		return -1;
	free(reader->above);
	reader->above = NULL;
	return 0;
}

static int bad_judgement(const char *word, struct err *err)
{
	char names[160];
	size_t len = 0;

	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? ", " : "",
					judgement_info((enum judgement)i)->name);
	return err_set(err, ERR_USAGE, "'%s': no such judgement; there are %s", word, names);
}

/* "FAIL, warn" */
static int read_judgements(struct accepted_line *line, char *text, struct err *err)
{
	unsigned bits = 0;
	char *word;

	while ((word = strsep(&text, ","))) {
		enum judgement judgement;

		word += strspn(word, BLANKS);
		for (size_t n = strlen(word); n > 0 && strchr(BLANKS, word[n - 1]); n--)
			word[n - 1] = '\0';
		judgement = judgement_find(word);
		if (judgement == JUDGE_COUNT)
			return bad_judgement(word, err);
		bits |= ACCEPTED_BIT(judgement);
	}
	return accepted_set(line, bits) < 0 ? out_of_memory(err) : 0;
}

static int read_entry(struct reader *reader, char *text, struct err *err)
{
	char *rest = text, *target = strtok_r(text, BLANKS, &rest);
	char *id = strtok_r(NULL, BLANKS, &rest);
	struct accepted_line *line;

	if (!id || !rest || rest[strspn(rest, BLANKS)] == '\0')
		return err_set(err, ERR_USAGE,
			       "'%s': a line is TARGET SCENARIO JUDGEMENT[,JUDGEMENT ...]", target);
	/* What begins the file is about the file. */
	if (reader->file->count == 0 && !reader->file->head && move_to_head(reader) < 0)
		return out_of_memory(err);
	line = accepted_add(reader->file);
	if (!line)
		return out_of_memory(err);
	line->above = reader->above;
	reader->above = NULL;
	line->target = strdup(target);
	line->id = strdup(id);
	if (!line->target || !line->id)
		return out_of_memory(err);
	line->wild = strpbrk(target, "*?") || strpbrk(id, "*?");
	return read_judgements(line, rest, err);
}

static int read_line(struct reader *reader, char *text, struct err *err)
{
	char *comment = strchr(text, '#');
	size_t count = reader->file->count;

	text[strcspn(text, "\r\n")] = '\0';
	if (text[strspn(text, BLANKS)] == '\0')
		return move_to_head(reader) < 0 ? out_of_memory(err) : 0;
	if (comment == text + strspn(text, BLANKS)) {
		if (append(&reader->above, comment) < 0 || append(&reader->above, "\n") < 0)
			return out_of_memory(err);
		return 0;
	}
	if (comment) {
		comment = strdup(comment);
		if (!comment)
			return out_of_memory(err);
		*strchr(text, '#') = '\0';
	}
	if (read_entry(reader, text, err) < 0) {
		free(comment);
		return -1;
	}
	reader->file->lines[count].comment = comment;
	return 0;
}

static int read_lines(struct reader *reader, FILE *in, struct err *err)
{
	char text[LINE_OCTETS];

	for (unsigned number = 1; fgets(text, sizeof(text), in); number++) {
		struct err why = {.class = ERR_NONE};

		if (number > LINES_MAX || (!strchr(text, '\n') && !feof(in)))
			err_set(&why, ERR_USAGE, "the line: it is too long, or this is no text");
		else
			read_line(reader, text, &why);
		if (why.class != ERR_NONE)
			return err_set(err, why.class, "%s:%u: %s", reader->path, number, why.text);
	}
	if (ferror(in))
		return err_set(err, ERR_USAGE, "%s: cannot read it: %s", reader->path,
			       strerror(errno));
	return move_to_head(reader) < 0 ? out_of_memory(err) : 0;
}

int accepted_read(const char *path, struct accepted_file **file, struct err *err)
{
	struct reader reader = {.path = path};
	FILE *in = fopen(path, "re");
	int rc;

	*file = NULL;
	if (!in)
		return err_set(err, ERR_USAGE, "%s: cannot read it: %s", path, strerror(errno));
	reader.file = calloc(1, sizeof(*reader.file));
	rc = reader.file ? read_lines(&reader, in, err) : out_of_memory(err);
	fclose(in);
	free(reader.above);
	if (rc == 0)
		*file = reader.file;
	else
		accepted_free(reader.file);
	return rc;
}

void accepted_free(struct accepted_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->count; i++) {
		struct accepted_line *line = &file->lines[i];

		free(line->target);
		free(line->id);
		free(line->names);
		free(line->comment);
		free(line->above);
	}
	free(file->lines);
	free(file->head);
	free(file);
}

/* For fnmatch() a bracket would begin a class of characters; here it is that of [::1]:80. */
static bool matches(const char *pattern, const char *text)
{
	char plain[WORD_MAX];
	size_t len = 0;

	for (; *pattern && len + 2 < sizeof(plain); pattern++) {
		if (*pattern == '[' || *pattern == '\\')
			plain[len++] = '\\';
		plain[len++] = *pattern;
	}
	plain[len] = '\0';
	return fnmatch(plain, text, 0) == 0;
}

static bool line_matches(const struct accepted_line *line, const char *target, const char *id)
{
	if (line->wild)
		return matches(line->id, id) && matches(line->target, target);
	return strcmp(line->id, id) == 0 && strcmp(line->target, target) == 0;
}

const struct accepted_line *accepted_winner(const struct accepted_file *file, const char *target,
					    const char *id, bool only_wild)
{
	for (size_t i = file->count; i-- > 0;)
		if ((file->lines[i].wild || !only_wild) &&
		    line_matches(&file->lines[i], target, id))
			return &file->lines[i];
	return NULL;
}

bool accepted_expects(const struct accepted_line *line, unsigned judgements)
{
	unsigned expected = ACCEPTED_BIT(JUDGE_PASS) | ACCEPTED_BIT(JUDGE_PASS_MAY);

	if (line)
		expected = line->judgements;
	return (judgements & ~expected) == 0;
}

bool accepted_tells(enum judgement judgement)
{
	return judgement != JUDGE_SKIP && judgement != JUDGE_INCONCLUSIVE &&
	       judgement != JUDGE_ERROR;
}

enum accepted accepted_find(const struct accepted_file *file, const char *target, const char *id,
			    enum judgement judgement, const char **listed)
{
	const struct accepted_line *line = file ? accepted_winner(file, target, id, false) : NULL;

	*listed = line ? line->names : NULL;
	if (line && accepted_expects(line, ACCEPTED_BIT(judgement)))
		return ACCEPTED_AS_LISTED;
	if (!file || !accepted_tells(judgement) || accepted_expects(line, ACCEPTED_BIT(judgement)))
		return ACCEPTED_NOT_ASKED;
	return ACCEPTED_CHANGED;
}
