/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown probe`: what its options set. */
#ifndef SHAKEDOWN_CMD_PROBE_SETTINGS_H
#define SHAKEDOWN_CMD_PROBE_SETTINGS_H

#include <stdbool.h>

#include "cmd/options.h"
#include "cmd/targets.h"
#include "probe/plan.h"

#define EXPECT_MAX 16

/* Tokens that a --expect-... names; an empty list expects nothing. */
struct expectation {
	char *list; /* the words, cut apart */
	const char *tokens[EXPECT_MAX];
	unsigned count;
};

enum choice { CHOICE_AUTO, CHOICE_YES, CHOICE_NO };

struct probe_settings {
	struct plan plan;
	/* the request */
	uint8_t *send;
	size_t send_len;
	const char *http_path; /* NULL: no HTTP */
	/* targets and the way to them */
	struct targets targets;
	enum ip_version version; /* IP_NONE: either */
	const char *from;        /* -I: a device or an address of this host */
	int64_t source_port;     /* 0: any */
	bool no_guard, no_sandbox;
	bool replaces_file; /* at the end, by rename() */
	/* pace */
	int64_t count, interval_ns, deadline_ns, rate, parallel;
	/* output */
	enum choice ladder;
	bool explain, ndjson, segments, quiet, verbose, dates;
	const char *output, *pcap;
	int tstamp_type;
	struct expectation expect_handshake, expect_close;
	bool help;
};

extern const struct option_row probe_options[];

/* The defaults: a polite client that looks like a current Linux. */
void probe_settings_init(struct probe_settings *settings);

/* Reads the command line; what contradicts itself is refused. -1 with `err`. */
int probe_settings_read(struct probe_settings *settings, int argc, char **argv, struct err *err);
void probe_settings_free(struct probe_settings *settings);

#endif
