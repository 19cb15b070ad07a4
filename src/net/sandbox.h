/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: once everything is set up, only the system calls that the loop needs are left.
 * configure chooses sandbox.c (libseccomp), or sandbox_none.c where the library is missing or a
 * sanitizer, which needs more, is in the build.
 */
#ifndef SHAKEDOWN_NET_SANDBOX_H
#define SHAKEDOWN_NET_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

enum sandbox_extra {
	SANDBOX_PLAIN,
	SANDBOX_RENAME,  /* and replacing files by others that were written beside them */
	SANDBOX_REPLACE, /* likewise, and making those others */
};

/* To be called when targets are resolved, capture and senders open, output files open and
 * privileges given up. Afterwards: reading and writing what is open, opening files to read,
 * guards, route look-ups, memory, time, signals. Everything else fails with EPERM: new files,
 * names, programs, processes, executable memory. Returns -1 with `err` if the kernel has no
 * seccomp; going on without is then safe to choose. */
int sandbox_enter(enum sandbox_extra extra, struct err *err);

/* Whether this build has a filter at all. */
bool sandbox_is_built(void);

#endif
