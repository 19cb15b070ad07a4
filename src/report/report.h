/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: finished probes -> text, ladder, NDJSON, savefile. Each format is one row of a table of
 * functions; results go to one stream, which is stdout or the file of -o.
 */
#ifndef SHAKEDOWN_REPORT_REPORT_H
#define SHAKEDOWN_REPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "probe/probe.h"
#include "probe/verdict.h"

#define REPORT_SCHEMA "shakedown/1"

/* How text looks. */
struct report_style {
	FILE *out;
	bool colour;  /* the terminal has it, and NO_COLOR is not set */
	bool unicode; /* box characters */
	bool header;  /* a heading line: on a terminal */
	bool ladder;
	bool explain;
	bool segments; /* a record for each segment */
	bool quiet;    /* no line per target */
	bool verbose;  /* evidence under each line */
	bool dates;    /* -D: the time of day before each line */
	int width;     /* columns */
};

/* One finished probe, as all formats see it. */
struct record {
	const char *target; /* as the user wrote it */
	struct endpoint remote;
	uint32_t round;
	const struct probe *probe; /* NULL: it could not start */
	const char *error;         /* or NULL */
	const char *stamp;
	bool capture_dropped;
	bool as_asked;
};

struct run_info {
	const char *version;
	uint64_t targets;
	int64_t started_ns; /* CLOCK_REALTIME */
	const struct plan *plan;
};

struct run_summary {
	uint64_t targets, probes, as_asked, not_as_asked, errors, left_open, unfinished;
	uint64_t frames, refused, damaged, unmatched, dropped_ring, dropped_interface;
	uint64_t handshakes[TOKEN_COUNT], closes[TOKEN_COUNT]; /* by token */
	int64_t elapsed_ns;
	bool interrupted, quiet; /* quiet: nothing else tells the tokens */
};

struct report_format {
	const char *name;
	void (*run)(const struct report_style *style, const struct run_info *info);
	void (*probe)(const struct report_style *style, const struct record *record);
	void (*summary)(const struct report_style *style, const struct run_summary *summary);
};

/* The format of that name ("text", "ndjson"), or NULL. */
const struct report_format *report_find(const char *name);

/* --- text.c --- */
void text_run(const struct report_style *style, const struct run_info *info);
void text_probe(const struct report_style *style, const struct record *record);
/* The summary for people, to any stream (stderr). */
void text_summary(FILE *out, const struct run_summary *summary);
/* "closes: 3 four-segment, 1 held-open"; nothing where all are 0. */
void text_tokens(FILE *out, const char *label, const uint64_t counts[TOKEN_COUNT]);
/* What came of the probe, in words: under the ladder, or with -v. */
void text_verdict(const struct report_style *style, const struct record *record);

/* --- ladder.c, explain.c --- */
void ladder_print(const struct report_style *style, const struct record *record);
/* What this moment proves and why, in one plain sentence with its RFC section. */
#define EXPLAIN_MAX 512
void explain_moment(const struct probe *probe, const struct moment *moment, char text[EXPLAIN_MAX]);

/* --- ndjson.c --- */
void ndjson_run(const struct report_style *style, const struct run_info *info);
void ndjson_probe(const struct report_style *style, const struct record *record);
void ndjson_summary(const struct report_style *style, const struct run_summary *summary);
struct json;
struct samples;
/* An object: how many of each token, without those that are 0. */
void ndjson_token_counts(struct json *json, const char *key, const uint64_t counts[TOKEN_COUNT]);
/* "p50_ns" to "p99_9_ns"; null where there are no samples. */
void ndjson_quantiles(struct json *json, struct samples *samples);
/* The members of a segment's record, from "source_port" to its end. */
void ndjson_segment_members(struct json *json, const struct probe *probe, const struct moment *m);

/* --- style.c --- */
/* Start and end of a colour, "" without colour: "1;31" and the like. */
const char *style_on(const struct report_style *style, const char *sgr, char text[16]);
const char *style_off(const struct report_style *style);
/* Prints `text` in lines of at most `style->width` columns, the first behind `label`, which is
 * padded to `indent` columns, the others behind as many spaces. */
void style_wrap(const struct report_style *style, int indent, const char *label, const char *text);

/* Phase times of a probe in nanoseconds, -1 where unknown; the one place that makes them. */
struct phase_times {
	int64_t handshake_rtt_ns; /* SYN to its answer, under the rules of facts.h */
	int64_t fin_ack_ns;       /* our FIN to its first acknowledgment */
	int64_t app_close_ns;     /* our FIN to the server's FIN, when we closed first */
	int64_t close_ns;         /* our FIN to our ACK of the server's FIN, when we closed first */
	int64_t server_first_ns;  /* our third segment to the server's FIN, when it closed first */
};
void phase_times(const struct probe *probe, struct phase_times *times);

#endif
