/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers of a scan, made by hand: each kind that a format treats in a way of its own. Connections
 * are those of probe_play.
 */
#ifndef SHAKEDOWN_TESTS_SCAN_CAST_H
#define SHAKEDOWN_TESTS_SCAN_CAST_H

#include "probe_play.h"
#include "report/scan.h"

enum {
	CAST_OPEN,
	CAST_CLOSED,
	CAST_PROHIBITED,  /* ICMP */
	CAST_UNREACHABLE, /* ICMP */
	CAST_SILENT,
	CAST_WILDCARD,
	CAST_ZERO_WINDOW, /* IPv6, round trip unknown */
	CAST_CLOSES,      /* a connection that closes; SYN mode: open */
	CAST_HOLDS,       /* one that does not, and is left open */
	CAST_COUNT
};

struct scan_cast {
	struct play plays[2];
	struct scan_item items[CAST_COUNT];
	struct scan_record records[CAST_COUNT];
	struct scan_run run;
	struct scan_summary summary;
	struct samples rtt, close;
	struct report_style look;
	struct scan_style style;
};

void scan_cast_init(struct scan_cast *cast, enum scan_mode mode);
void scan_cast_free(struct scan_cast *cast);

/* What `format` writes for records first..last; to be freed. */
char *scan_cast_report(struct scan_cast *cast, const char *format, unsigned first, unsigned last);

#endif
