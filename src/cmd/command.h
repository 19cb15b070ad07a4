/* SPDX-License-Identifier: BSD-2-Clause */
/* command: argv -> the one table of subcommands. */
#ifndef SHAKEDOWN_CMD_COMMAND_H
#define SHAKEDOWN_CMD_COMMAND_H

struct option_row;

struct command {
	const char *name;
	const char *synopsis; /* behind the name */
	const char *summary;
	const struct option_row *options;  /* ends with a row without a name; may be NULL */
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns an exit status */
};

/* Ends with a row without a name. */
extern const struct command commands[];

const struct command *command_find(const char *name);

/* Runs the subcommand that argv names; returns the process's exit status. */
int command_main(int argc, char **argv);

int cmd_probe(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_rtt(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_scan(int argc, char **argv);

#endif
