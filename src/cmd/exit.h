/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit statuses: the one table of them. The manual's EXIT STATUS is checked against it. */
#ifndef SHAKEDOWN_CMD_EXIT_H
#define SHAKEDOWN_CMD_EXIT_H

#include "base/err.h"

enum exit_status {
	EXIT_AS_ASKED = 0,     /* every target did what was asked */
	EXIT_NOT_AS_ASKED = 1, /* at least one did not */
	EXIT_USAGE = 2,        /* the command line, or a file it names, makes no sense */
	EXIT_CANNOT = 3,       /* cannot run here: privileges, device, route, guard, output */
	EXIT_INTERNAL = 4,     /* a bug, or memory ran out */
};

/* Prints "shakedown: TEXT" on stderr and returns the status that the error's class calls for. */
enum exit_status exit_with(const struct err *err);

#endif
