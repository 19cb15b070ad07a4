/* SPDX-License-Identifier: BSD-2-Clause */
/* Where results go and how they look there: stream, format, style. */
#ifndef SHAKEDOWN_CMD_OUTPUT_H
#define SHAKEDOWN_CMD_OUTPUT_H

#include "cmd/probe_settings.h"
#include "report/report.h"

struct output {
	const struct report_format *format;
	struct report_style style;
	const char *path; /* NULL: stdout */
};

/* Opens the file of -o, if any, and finds out what the terminal can do. */
int output_open(struct output *output, const struct probe_settings *settings, struct err *err);

/* Likewise, but what is in the file stays there; writing begins in front of it. */
int output_open_kept(struct output *output, const struct probe_settings *settings, struct err *err);

/* -1 with `err` if anything could not be written. */
int output_close(struct output *output, struct err *err);

#endif
