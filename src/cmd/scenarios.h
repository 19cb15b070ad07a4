/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the scenarios are. */
#ifndef SHAKEDOWN_CMD_SCENARIOS_H
#define SHAKEDOWN_CMD_SCENARIOS_H

#include <limits.h>

/* $SHAKEDOWN_SCENARIOS; else, for a program that was built and not installed, those of its source
 * tree; else where they were installed. `path` is used where needed. */
const char *scenarios_directory(char path[PATH_MAX]);

#endif
