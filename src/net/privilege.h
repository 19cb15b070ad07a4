/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileges: what is needed (CAP_NET_RAW, to open raw and packet sockets), whether it is here,
 * and giving all of it up once the sockets are open.
 */
#ifndef SHAKEDOWN_NET_PRIVILEGE_H
#define SHAKEDOWN_NET_PRIVILEGE_H

#include <stdbool.h>

#include "base/err.h"

/* 0 if CAP_NET_RAW is effective in the user namespace that owns our network namespace; otherwise
 * -1 with `err`, which names the exact setcap command for this executable. */
int privilege_check(struct err *err);

/* Writes what to do about a missing CAP_NET_RAW, with the path of this executable: "run it as
 * root, or give it the capability once: sudo setcap cap_net_raw+ep /usr/bin/shakedown"; returns
 * `text`. */
#define PRIVILEGE_REMEDY_MAX 384
const char *privilege_remedy(char text[PRIVILEGE_REMEDY_MAX]);

/* Gives up every capability (libcap-ng: effective, permitted, inheritable, ambient, bounding
 * where possible), sets no_new_privs, and goes back to the real user of a set-user-ID program.
 * `keep_bind` keeps CAP_NET_BIND_SERVICE, for guards on ports under 1024. */
int privilege_drop(bool keep_bind, struct err *err);

/* Raises RLIMIT_NOFILE to at least `wanted` descriptors where the hard limit lets us; returns
 * the soft limit that is in force. */
unsigned long privilege_raise_files(unsigned long wanted);

#endif
