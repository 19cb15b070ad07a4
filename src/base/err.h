/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors that the outside world can cause.
 *
 * A function that can fail for such a reason takes a `struct err *` last, returns -1 on failure
 * and fills it with "who: what: why", and the remedy where there is one. Only cmd/ prints it.
 * `class` chooses the exit status; see cmd/exit.h.
 */
#ifndef SHAKEDOWN_BASE_ERR_H
#define SHAKEDOWN_BASE_ERR_H

enum err_class {
	ERR_NONE,
	ERR_USAGE,    /* the words of the command, or a file they name, make no sense */
	ERR_CANNOT,   /* this machine does not allow it: privileges, device, route, guard */
	ERR_INTERNAL, /* a bug, or memory ran out */
};

struct err {
	enum err_class class;
	char text[512];
};

/* Fills `err` as printf does and returns -1, so that a caller can `return err_set(...)`. The
 * first error set stays: later ones are consequences. `err` may be NULL. */
int err_set(struct err *err, enum err_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
