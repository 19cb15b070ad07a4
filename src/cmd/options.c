/* SPDX-License-Identifier: BSD-2-Clause */
/* command: a table of options + argv -> settings; and the table -> help. */
#include "cmd/options.h"

#include <getopt.h>
#include <string.h>

#define OPTIONS_MAX  96
#define HELP_COLUMN  30
#define LINE_COLUMNS 80
#define LONG_BASE    256 /* getopt's value of row n without a letter: LONG_BASE + n */

static int argument_kind(const struct option_row *row)
{
	if (!row->value)
		return no_argument;
	return row->value[0] == '[' ? optional_argument : required_argument;
}

static size_t count_rows(const struct option_row *rows)
{
	size_t n = 0;

	while (rows[n].name)
		n++;
	return n;
}

static void make_tables(const struct option_row *rows, struct option *longs, char *shorts)
{
	size_t n = count_rows(rows);

	*shorts++ = ':';
	for (size_t i = 0; i < n; i++) {
		int kind = argument_kind(&rows[i]);

		longs[i] = (struct option){rows[i].name, kind, NULL, LONG_BASE + (int)i};
		if (!rows[i].letter)
			continue;
		*shorts++ = rows[i].letter;
		if (kind != no_argument)
			*shorts++ = ':';
		if (kind == optional_argument)
			*shorts++ = ':';
	}
	longs[n] = (struct option){NULL, 0, NULL, 0};
	*shorts = '\0';
}

static const struct option_row *row_of(const struct option_row *rows, int got)
{
	if (got >= LONG_BASE)
		return &rows[got - LONG_BASE];
	for (; rows->name; rows++)
		if (rows->letter == got)
			return rows;
	return NULL;
}

static int refuse(char *const *argv, int got, struct err *err)
{
	const char *word = argv[optind - 1];
	char letter[3] = {'-', (char)optopt, '\0'};

	if (optopt > 0 && optopt < LONG_BASE)
		word = letter;
	if (got == ':')
		return err_set(err, ERR_USAGE, "%s: needs a value: see --help", word);
	if (optopt >= LONG_BASE)
		return err_set(err, ERR_USAGE, "%s: takes no value: see --help", word);
	return err_set(err, ERR_USAGE, "%s: no such option, or an ambiguous one: see --help", word);
}

int options_parse(const struct option_row *rows, int argc, char **argv, void *settings,
		  int *first_word, struct err *err)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[3 * OPTIONS_MAX + 2];
	int got;

	make_tables(rows, longs, shorts);
	optind = 0; /* a GNU word for "start afresh" */
	opterr = 0;
	while ((got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = got == '?' || got == ':' ? NULL : row_of(rows, got);
		struct err why = {.class = ERR_NONE};

		if (!row)
			return refuse(argv, got, err);
		if (row->set(settings, optarg, row->flag, &why) < 0)
			return err_set(err, why.class, "--%s: %s", row->name, why.text);
	}
	*first_word = optind;
	return 0;
}

/* "  -W, --timeout DURATION" */
static int print_names(const struct option_row *row, FILE *out)
{
	int n = row->letter ? fprintf(out, "  -%c, --%s", row->letter, row->name)
			    : fprintf(out, "      --%s", row->name);

	if (row->value)
		n += row->value[0] == '[' ? fprintf(out, "[=%s", row->value + 1)
					  : fprintf(out, " %s", row->value);
	return n;
}

void options_wrap(const char *text, int column, int indent, FILE *out)
{
	size_t room = (size_t)(LINE_COLUMNS - indent);

	if (column >= indent) {
		putc('\n', out);
		column = 0;
	}
	while (*text) {
		size_t len = strlen(text);

		if (len > room)
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
		fprintf(out, "%*s%.*s\n", indent - column, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
		column = 0;
	}
}

void options_help(const struct option_row *rows, FILE *out)
{
	for (; rows->name; rows++) {
		if (rows->group)
			fprintf(out, "\n%s\n", rows->group);
		options_wrap(rows->help, print_names(rows, out), HELP_COLUMN, out);
	}
}

void options_list(const struct option_row *rows, FILE *out)
{
	for (; rows->name; rows++) {
		char letter[3] = {'-', rows->letter, '\0'};

		fprintf(out, "--%s\t%s\t%s\t%s\n", rows->name, rows->letter ? letter : "",
			rows->value ? rows->value : "", rows->help);
	}
}
