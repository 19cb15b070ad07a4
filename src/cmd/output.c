/* SPDX-License-Identifier: BSD-2-Clause */
/* command: settings and terminal -> stream, format, style. */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80

static int terminal_width(FILE *stream)
{
	struct winsize size = {.ws_col = 0};

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		return size.ws_col;
	return COLUMNS_DEFAULT;
}

static bool terminal_has_colour(void)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	return (!no_colour || !no_colour[0]) && term && strcmp(term, "dumb") != 0;
}

static void choose_style(struct report_style *style, const struct probe_settings *settings)
{
	bool terminal = isatty(fileno(style->out));
	bool one = settings->targets.count == 1 && settings->count == 1;

	style->colour = terminal && terminal_has_colour();
	style->unicode = terminal && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	style->header = terminal;
	style->width = terminal ? terminal_width(style->out) : COLUMNS_DEFAULT;
	style->explain = settings->explain;
	style->ladder = settings->explain || settings->ladder == CHOICE_YES ||
			(settings->ladder == CHOICE_AUTO && terminal && one && !settings->quiet);
	style->segments = settings->segments;
	style->quiet = settings->quiet;
	style->verbose = settings->verbose;
	style->dates = settings->dates;
}

/* A pipe that nobody reads is an error then, not a wait. */
static FILE *open_kept(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int open_as(struct output *output, const struct probe_settings *settings, bool kept,
		   struct err *err)
{
	*output = (struct output){.path = settings->output};
	output->format = report_find(settings->ndjson ? "ndjson" : "text");
	output->style.out = stdout;
	if (output->path)
		output->style.out = kept ? open_kept(output->path) : fopen(output->path, "w");
	if (!output->style.out)
		return err_set(err, ERR_CANNOT, "%s: cannot write it: %s", output->path,
			       strerror(errno));
	choose_style(&output->style, settings);
	return 0;
}

int output_open(struct output *output, const struct probe_settings *settings, struct err *err)
{
	return open_as(output, settings, false, err);
}

int output_open_kept(struct output *output, const struct probe_settings *settings, struct err *err)
{
	return open_as(output, settings, true, err);
}

int output_close(struct output *output, struct err *err)
{
	FILE *out = output->style.out;
	bool failed = fflush(out) != 0 || ferror(out);
	int why = errno;

	if (out != stdout && fclose(out) != 0) {
		failed = true;
		why = errno;
	}
	if (!failed)
		return 0;
	return err_set(err, ERR_CANNOT, "%s: results are incomplete: cannot write: %s",
		       output->path ? output->path : "stdout", strerror(why));
}
