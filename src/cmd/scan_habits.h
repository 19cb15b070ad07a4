/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan`: what users of nmap, zmap and masscan write -> what it is called here. */
#ifndef SHAKEDOWN_CMD_SCAN_HABITS_H
#define SHAKEDOWN_CMD_SCAN_HABITS_H

#include "base/err.h"

/* -1 with `err`: what `refused` says about this command line; if that is an option that is not
 * there, and is one of theirs, with what to write instead. */
int scan_habit(int argc, char *const *argv, const struct err *refused, struct err *err);

#endif
