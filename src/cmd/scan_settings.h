/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan`: what its options set, beside those that it has in common with probe. */
#ifndef SHAKEDOWN_CMD_SCAN_SETTINGS_H
#define SHAKEDOWN_CMD_SCAN_SETTINGS_H

#include "cmd/probe_settings.h"
#include "cmd/scan_targets.h"
#include "net/bulk.h"
#include "scan/scan.h"

#define EXCLUDES_MAX 256
#define SYN_BITS     (78 * 8) /* with Ethernet's header and checksum */
#define SYN6_BITS    (98 * 8)

struct scan_settings {
	struct probe_settings probe; /* first: setters of both take either */
	struct scan_words words;
	char *excludes[EXCLUDES_MAX];
	const char *file, *format; /* "table", "ndjson", "csv", "list" */
	const char *resume;        /* the checkpoint's file; NULL: none */
	enum scan_mode mode;
	enum bulk_way way;
	uint64_t seed;
	bool has_seed;
	uint32_t shard, shards;
	int64_t tries, wait_ns, max_per_host, connections;
	int64_t max_runtime_ns, max_results;
	double rate, bandwidth; /* a second; bits a second, 0: no limit */
	bool yes, dry_run, open_only;
	bool controls; /* hosts that answer on every port are to be found out */
};

extern const struct option_row scan_options[];

void scan_settings_init(struct scan_settings *settings);
/* -1 with `err`; what contradicts itself is refused. */
int scan_settings_read(struct scan_settings *settings, int argc, char **argv, struct err *err);
/* Lowers the rate to what the bandwidth allows, for the longest SYN that this space needs. */
void scan_settings_pace(struct scan_settings *settings, const struct space *space);

#endif
