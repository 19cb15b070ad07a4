/* SPDX-License-Identifier: BSD-2-Clause */
/* command: argv -> one of the subcommands; and help. */
#include "cmd/command.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cmd/exit.h"
#include "cmd/merge.h"
#include "cmd/options.h"
#include "cmd/probe_settings.h"
#include "cmd/rtt_settings.h"
#include "cmd/scan_settings.h"
#include "cmd/test_settings.h"
#include "probe/verdict.h"

#define TOKEN_COLUMN 21

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

const struct command commands[] = {
    {"probe", "[options] HOST PORT | HOST:PORT | [V6]:PORT ...",
     "perform, time, draw and judge a handshake and a close", probe_options, cmd_probe},
    {"rtt", "[options] HOST PORT | HOST:PORT | [V6]:PORT ...",
     "measure the handshake's round trip, again and again", rtt_options, cmd_rtt},
    {"test", "[options] HOST PORT | HOST:PORT | [V6]:PORT ...",
     "judge, against the RFCs, how a server opens and closes connections", test_options, cmd_test},
    {"scan", "[options] HOST | NETWORK | RANGE ...",
     "find out which ports answer, and how the servers behind them close", scan_options, cmd_scan},
    {"merge", "[options] FILE ...", "put the results of a scan's shards together", merge_options,
     cmd_merge},
    {"list", "[options] scenarios", "what test can test", list_options, cmd_list},
    {"doctor", "", "is all in place here? what to do about it if not", NULL, cmd_doctor},
    {"help", "[SUBCOMMAND | tokens]", "this, or the options of a subcommand, or all verdict tokens",
     NULL, cmd_help},
    {"version", "", "the version", NULL, cmd_version},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, strcmp(name, "ping") == 0 ? "rtt" : name) == 0)
			return command;
	return NULL;
}

static void print_overview(FILE *out)
{
	fputs("shakedown performs, times and judges TCP handshakes and closes against real\n"
	      "servers, from segments that it builds itself, and leaves nothing behind.\n\n"
	      "usage: shakedown SUBCOMMAND ...\n\n",
	      out);
	for (const struct command *command = commands; command->name; command++)
		fprintf(out, "  %-10s%s\n", command->name, command->summary);
	fputs("\nStart with: shakedown doctor; shakedown probe HOST PORT\n"
	      "The manual: man shakedown. Probe only what you may: consent comes first.\n",
	      out);
}

static void print_tokens(FILE *out, enum token_kind kind, const char *heading)
{
	fprintf(out, "%s\n", heading);
	for (unsigned i = 1; i < TOKEN_COUNT; i++) {
		const struct token_info *info = token_info((enum token)i);

		if (info->kind == kind)
			options_wrap(info->meaning, fprintf(out, "  %s", info->name), TOKEN_COLUMN,
				     out);
	}
}

static void list_tokens(FILE *out, enum token_kind kind)
{
	for (unsigned i = 1; i < TOKEN_COUNT; i++) {
		const struct token_info *info = token_info((enum token)i);

		if (info->kind == kind)
			fprintf(out, "%s\t%s\n", info->name, info->meaning);
	}
}

static int help_topic(const char *topic)
{
	const struct command *command = command_find(topic);
	struct err err = {.class = ERR_NONE};

	if (strcmp(topic, "tokens") == 0) {
		print_tokens(stdout, TOKEN_KIND_HANDSHAKE, "Handshake:");
		print_tokens(stdout, TOKEN_KIND_CLOSE, "Close:");
		return EXIT_AS_ASKED;
	}
	if (!command) {
		err_set(&err, ERR_USAGE, "help: '%s' is no subcommand: see shakedown help", topic);
		return exit_with(&err);
	}
	printf("usage: shakedown %s %s\n\n%s\n", command->name, command->synopsis,
	       command->summary);
	if (command->options)
		options_help(command->options, stdout);
	return EXIT_AS_ASKED;
}

/* Lists for shells: "help --subcommands", "help --options SUBCOMMAND", "help --tokens KIND". */
static int help_for_shells(int argc, char **argv)
{
	const struct command *command = argc > 2 ? command_find(argv[2]) : NULL;

	if (strcmp(argv[1], "--subcommands") == 0)
		for (const struct command *at = commands; at->name; at++)
			printf("%s\t%s\n", at->name, at->summary);
	else if (strcmp(argv[1], "--options") == 0 && command && command->options)
		options_list(command->options, stdout);
	else if (strcmp(argv[1], "--tokens") == 0 && argc > 2)
		list_tokens(stdout, strcmp(argv[2], "close") == 0 ? TOKEN_KIND_CLOSE
								  : TOKEN_KIND_HANDSHAKE);
	return EXIT_AS_ASKED;
}

static int cmd_help(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stdout);
		return EXIT_AS_ASKED;
	}
	return argv[1][0] == '-' ? help_for_shells(argc, argv) : help_topic(argv[1]);
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("shakedown %s\n", SHAKEDOWN_VERSION);
	return EXIT_AS_ASKED;
}

/* A descriptor that is closed at the start would be given to the first socket, and results or
 * errors be written into that. What takes its place fails when it is used. */
static void fill_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int command_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *command;
	struct err err = {.class = ERR_NONE};

	fill_standard_streams();
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	command = command_find(name);
	if (!command) {
		err_set(&err, ERR_USAGE, "'%s' is no subcommand: see shakedown help", name);
		return exit_with(&err);
	}
	if (argc > 2 && !command->options &&
	    (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help_topic(name);
	return command->run(argc - 1, argv + 1);
}
