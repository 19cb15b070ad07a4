/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of round-trip series: measurements and their sums -> text, NDJSON, CSV. Each format is
 * one row of a table of functions.
 */
#ifndef SHAKEDOWN_REPORT_RTT_H
#define SHAKEDOWN_REPORT_RTT_H

#include "report/json.h"
#include "report/report.h"
#include "stats/compare.h"
#include "stats/series.h"

/* One measurement, as all formats see it. */
struct rtt_record {
	const char *target; /* as the user wrote it */
	struct endpoint remote;
	uint64_t seq;
	uint16_t source_port;
	const struct rtt_measurement *measurement; /* NULL: the probe could not start */
	const char *stamp, *error;
	bool capture_dropped, left_open;
};

/* The series of one target, at its end or in between. */
struct rtt_sum {
	const char *target;
	struct endpoint remote;
	struct series *series; /* its samples are sorted by reading them */
	int64_t elapsed_ns;
	bool histogram;
	const struct comparison *comparison; /* with a baseline; or NULL */
	enum compare_decision decision;
};

struct rtt_format {
	const char *name;
	void (*run)(const struct report_style *style, const struct run_info *info);
	void (*probe)(const struct report_style *style, const struct rtt_record *record);
	void (*sum)(const struct report_style *style, const struct rtt_sum *sum);
};

/* The format of that name ("text", "ndjson", "csv"), or NULL. */
const struct rtt_format *rtt_format_find(const char *name);

/* --- rtt_text.c --- */
void rtt_text_run(const struct report_style *style, const struct run_info *info);
void rtt_text_probe(const struct report_style *style, const struct rtt_record *record);
void rtt_text_sum(const struct report_style *style, const struct rtt_sum *sum);
/* One line for a terminal, to be written over and over: sparkline and figures so far. */
void rtt_text_live(const struct report_style *style, const struct rtt_sum *sum);

/* --- rtt_ndjson.c, rtt_csv.c --- */
void rtt_ndjson_run(const struct report_style *style, const struct run_info *info);
void rtt_ndjson_probe(const struct report_style *style, const struct rtt_record *record);
void rtt_ndjson_sum(const struct report_style *style, const struct rtt_sum *sum);
void rtt_csv_run(const struct report_style *style, const struct run_info *info);
void rtt_csv_probe(const struct report_style *style, const struct rtt_record *record);

/* The members of a record of one measurement, from "target" to "error". */
void rtt_ndjson_members(struct json *json, const struct rtt_record *record);
/* Of all records: "target", "addr", "port", "family". */
void rtt_ndjson_where(struct json *json, const char *target, const struct endpoint *remote);

/* "syn-ack", "rst", "icmp-11-0", "none" */
const char *rtt_answer_text(const struct rtt_measurement *measurement, char text[TOKEN_TEXT_MAX]);

#endif
