/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown merge`: NDJSON of a scan's shards -> one stream. */
#include "cmd/merge.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/merge_shards.h"

struct merge_settings {
	const char *output;
	bool quiet, help;
};

static int set_output_of_merge(void *to, const char *value, int flag, struct err *err)
{
	struct merge_settings *settings = to;

	(void)flag;
	(void)err;
	settings->output = value;
	return 0;
}

static int set_toggle_of_merge(void *to, const char *value, int flag, struct err *err)
{
	struct merge_settings *settings = to;

	(void)value;
	(void)err;
	*(flag ? &settings->quiet : &settings->help) = true;
	return 0;
}

const struct option_row merge_options[] = {
    {"output", 'o', "FILE", "What and how:", "write there instead of to stdout",
     set_output_of_merge, 0},
    {"quiet", 'q', NULL, NULL, "no summary for people on stderr", set_toggle_of_merge, 1},
    {"help", 'h', NULL, NULL, "this", set_toggle_of_merge, 0},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};

/* Opening it would empty a file that is yet to be read. */
static int check_output(const char *output, char *const *paths, int count, struct err *err)
{
	struct stat there, in;

	if (!output || stat(output, &there) < 0)
		return 0;
	for (int i = 0; i < count; i++)
		if (stat(paths[i], &in) == 0 && in.st_dev == there.st_dev &&
		    in.st_ino == there.st_ino)
			return err_set(err, ERR_USAGE, "-o %s: it is one of the files to be merged",
				       output);
	return 0;
}

static int close_output(FILE *out, const char *path, struct err *err)
{
	bool failed = fflush(out) != 0 || ferror(out);
	int why = errno;

	if (out != stdout && fclose(out) != 0 && !failed) {
		failed = true;
		why = errno;
	}
	if (!failed)
		return 0;
	return err_set(err, ERR_CANNOT, "%s: results are incomplete: cannot write: %s",
		       path ? path : "stdout", strerror(why));
}

static void write_out(struct merge *merge, const struct merge_settings *settings, FILE *notes,
		      struct err *err)
{
	FILE *out = settings->output ? fopen(settings->output, "w") : stdout;

	if (!out) {
		err_set(err, ERR_CANNOT, "%s: cannot write it: %s", settings->output,
			strerror(errno));
		return;
	}
	merge_write(merge, out, notes, err);
	close_output(out, settings->output, err);
}

static enum exit_status carry_out(const struct merge_settings *settings, char *const *paths,
				  int count)
{
	FILE *nowhere = settings->quiet ? fopen("/dev/null", "w") : NULL;
	struct err err = {.class = ERR_NONE};
	struct merge *merge = NULL;
	bool whole = false;

	if (check_output(settings->output, paths, count, &err) == 0)
		merge = merge_read(paths, count, stderr, &err);
	if (merge) {
		whole = merge_is_whole(merge);
		write_out(merge, settings, nowhere ? nowhere : stderr, &err);
	}
	merge_free(merge);
	if (nowhere)
		fclose(nowhere);
	if (err.class != ERR_NONE)
		return exit_with(&err);
	return whole ? EXIT_AS_ASKED : EXIT_NOT_AS_ASKED;
}

int cmd_merge(int argc, char **argv)
{
	struct merge_settings settings = {.output = NULL};
	struct err err = {.class = ERR_NONE};
	int first;

	if (options_parse(merge_options, argc, argv, &settings, &first, &err) < 0)
		return exit_with(&err);
	if (settings.help) {
		char *help[] = {argv[0], argv[0]};

		return command_find("help")->run(2, help);
	}
	if (first == argc) {
		err_set(&err, ERR_USAGE,
			"merge: no files: name those that the shards of a scan wrote with --json");
		return exit_with(&err);
	}
	return carry_out(&settings, argv + first, argc - first);
}
