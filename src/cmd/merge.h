/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown merge FILE...`: its options, for the table of subcommands. */
#ifndef SHAKEDOWN_CMD_MERGE_H
#define SHAKEDOWN_CMD_MERGE_H

#include "cmd/options.h"

extern const struct option_row merge_options[];

int cmd_merge(int argc, char **argv);

#endif
