/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of `shakedown scan`: answers -> a table by host, NDJSON, CSV, a list for pipes. Answers
 * are streamed; only the table keeps them, to group them by host at the end.
 */
#ifndef SHAKEDOWN_REPORT_SCAN_H
#define SHAKEDOWN_REPORT_SCAN_H

#include "probe/verdict.h"
#include "report/report.h"
#include "scan/scan.h"
#include "stats/samples.h"

/* One answer. */
struct scan_record {
	const struct scan_item *item; /* who, state, reason, ttl, rtt, tries */
	bool wildcard;                /* its host answers on every port: this stands for all */
	const struct probe *probe;    /* handshake and census: what came of it; else NULL */
	int64_t stamp_ns;             /* CLOCK_REALTIME */
	bool left_open;
};

struct scan_run {
	const char *version;
	enum scan_mode mode;
	uint64_t targets; /* (address, port) pairs of the whole space */
	uint64_t addresses;
	uint32_t ports;
	uint64_t seed;
	uint32_t shard, shards;
	double rate;
	uint64_t fingerprint; /* of the space */
	const char *way;      /* "AF_XDP", ... */
	int64_t started_ns;
	bool resumed;
	uint32_t merged; /* shards that `shakedown merge` put together; 0: it is no merge */
};

/* Phases of a close, of which there are quantiles: those of struct phase_times. */
enum scan_phase { SCAN_FIN_ACK, SCAN_APP_CLOSE, SCAN_CLOSE, SCAN_SERVER_FIRST, SCAN_PHASE_COUNT };

/* What shards sum up to; the sketches are merged by `shakedown merge`. */
struct scan_summary {
	struct scan_counts counts;
	uint64_t states[SCAN_STATE_COUNT];  /* reported */
	uint64_t wildcards, wildcard_ports; /* hosts; their open ports that are not told */
	uint64_t zero_windows;
	uint64_t closes[TOKEN_COUNT], handshakes[TOKEN_COUNT];
	uint64_t frames, refused, damaged, dropped_ring, dropped_interface;
	uint64_t send_again, slowdowns, left_open;
	/* Of SYNs or their answers, 0..1, from what only a repeated SYN found; -1: not known. */
	double loss_estimate;
	/* NULL, or empty: none. Quantiles sort them. */
	struct samples *rtt;
	struct samples *phases[SCAN_PHASE_COUNT][TOKEN_COUNT]; /* by close token */
	int64_t elapsed_ns;
	bool interrupted, complete;
};

struct scan_style {
	const struct report_style *style;
	enum scan_mode mode; /* the run's: closes and their times are told of a census alone */
	bool open_only;
};

struct scan_format {
	const char *name; /* "table", "ndjson", "csv", "list" */
	/* What the other two are to get; may be NULL. close() frees it. */
	void *(*open)(const struct scan_style *style, const struct scan_run *run);
	void (*record)(void *state, const struct scan_style *style,
		       const struct scan_record *record);
	void (*close)(void *state, const struct scan_style *style,
		      const struct scan_summary *summary);
};

const struct scan_format *scan_format_find(const char *name);

const char *scan_mode_name(enum scan_mode mode);    /* "syn", "handshake", "close-census" */
const char *scan_phase_name(enum scan_phase phase); /* "fin_ack", "app_close", ... */

/* "s" behind a word of which there are `count`, or "". */
const char *scan_plural(uint64_t count);

/* For people, on stderr. */
void scan_text_summary(FILE *out, const struct scan_run *run, const struct scan_summary *summary);

#endif
