/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets of a scan: words -> a space. "10.0.0.0/16", "10.0.0-3.1-254", "10.0.0.5-10.0.0.9", names,
 * addresses, "[fd00::]/112" and "fd00::/112"; ports "22,80-90,http,-". Names mean all of their
 * addresses of the version asked for.
 */
#ifndef SHAKEDOWN_CMD_SCAN_TARGETS_H
#define SHAKEDOWN_CMD_SCAN_TARGETS_H

#include "base/err.h"
#include "scan/space.h"

struct scan_words {
	char **targets; /* of the command line */
	int target_count;
	const char *file;  /* -f; NULL: none */
	const char *ports; /* -p; NULL: --top-ports */
	int64_t top_ports; /* the N first of the services database by its own order; 0: none */
	char **exclude;    /* --exclude, each a list with commas */
	unsigned exclude_count;
	const char *exclude_file;
	enum ip_version version; /* IP_NONE: both */
	bool special;            /* --special: do not leave out the special-purpose ranges */
};

/* -1 with `err`, which names word or FILE:LINE. `said` gets lines for people about what was left
 * out (special-purpose ranges, and why); to be freed. The space is finished. */
int scan_targets(const struct scan_words *words, struct space **space, char **said,
		 struct err *err);

#endif
