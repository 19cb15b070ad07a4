/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown rtt`: what its options set. */
#ifndef SHAKEDOWN_CMD_RTT_SETTINGS_H
#define SHAKEDOWN_CMD_RTT_SETTINGS_H

#include "cmd/probe_settings.h"
#include "stats/compare.h"
#include "stats/expect.h"

struct rtt_settings {
	struct probe_settings probe; /* first: the setters that all subcommands share rely on it */
	bool csv, histogram, trace;
	int64_t max_hops;           /* --trace */
	const char *baseline;       /* an NDJSON file of an earlier run; NULL: none */
	struct compare_limit limit; /* --max-regression */
	bool has_limit;
	struct expect expect;
	int64_t linger_ns; /* listen so long for late answers */
};

extern const struct option_row rtt_options[];

void rtt_settings_init(struct rtt_settings *settings);

/* Reads the command line; what contradicts itself is refused. -1 with `err`. */
int rtt_settings_read(struct rtt_settings *settings, int argc, char **argv, struct err *err);

#endif
