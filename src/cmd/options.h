/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options: one table per subcommand, from which the parsing (getopt_long), --help, the shell
 * completions and the check of the manual all derive.
 */
#ifndef SHAKEDOWN_CMD_OPTIONS_H
#define SHAKEDOWN_CMD_OPTIONS_H

#include <stdio.h>

#include "base/err.h"

struct option_row {
	const char *name;  /* long, without dashes; NULL ends the table */
	char letter;       /* short; 0: none */
	const char *value; /* what the value is called, "[PATH]" if optional, NULL if none */
	const char *group; /* heading in --help; NULL: as the row before */
	const char *help;
	/* Takes the value (NULL if there is none); -1 with `err`, which says what is wrong with
	 * it; the option's name is put before it. `flag` is the row's. */
	int (*set)(void *settings, const char *value, int flag, struct err *err);
	int flag;
};

/* Parses argv[1..]; the words that are no options are moved to the end, and `*first_word` tells
 * where they begin. -1 with `err`. */
int options_parse(const struct option_row *rows, int argc, char **argv, void *settings,
		  int *first_word, struct err *err);

/* The options for people, in groups, 80 columns. */
void options_help(const struct option_row *rows, FILE *out);

/* Text from column `indent` to 80, where `column` columns have been printed already; on a new line
 * if they reach as far. */
void options_wrap(const char *text, int column, int indent, FILE *out);

/* One line per option for shells: "--name<TAB>-n<TAB>VALUE<TAB>help". */
void options_list(const struct option_row *rows, FILE *out);

#endif
