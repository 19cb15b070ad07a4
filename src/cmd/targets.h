/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets: words and files -> hosts and ports, and their addresses.
 *
 * "HOST PORT" (two words, one target), or any number of "HOST:PORT", "V4:PORT", "[V6]:PORT". In a
 * file: one target a line, in either form; empty lines and what follows '#' are ignored.
 */
#ifndef SHAKEDOWN_CMD_TARGETS_H
#define SHAKEDOWN_CMD_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

struct target {
	char *text; /* as the user wrote it, "HOST:PORT" where it was two words */
	char *host;
	uint16_t port;
	struct ip_addr addr;
	unsigned scope_ifindex;
	char *error; /* the name does not resolve; NULL otherwise */
};

struct targets {
	struct target *at;
	size_t count, room;
};

int targets_add_words(struct targets *targets, int argc, char **argv, struct err *err);
int targets_add_file(struct targets *targets, const char *path, struct err *err);

/* Looks all names up. What cannot be resolved is marked, and fails alone. */
void targets_resolve(struct targets *targets, enum ip_version want);
void targets_free(struct targets *targets);

#endif
