/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the formats of `shakedown scan` share. A scan has hundreds of thousands of answers a second:
 * a record is put together in a line of its own, from texts and integers, and written at once.
 */
#ifndef SHAKEDOWN_REPORT_SCAN_FORMAT_H
#define SHAKEDOWN_REPORT_SCAN_FORMAT_H

#include "report/scan.h"

/* Room for the longest record; what does not fit would be cut off. */
struct scan_line {
	size_t len;
	char text[1280];
};

void line_put(struct scan_line *line, const char *text);
void line_number(struct scan_line *line, uint64_t number);
void line_addr(struct scan_line *line, const struct ip_addr *addr);
void line_write(struct scan_line *line, FILE *out);

/* The record is to be shown in this style. */
bool scan_shows(const struct scan_style *style, const struct scan_record *record);

/* There is a packet that says so: not silence, nor that there is no route. */
bool scan_answered(enum scan_reason reason);

/* Verdict tokens. A port that no connection was opened to has the handshake's as well. NULL: none.
 */
const char *scan_handshake_text(const struct scan_record *record, char text[TOKEN_TEXT_MAX]);
const char *scan_close_text(const struct scan_record *record, char text[TOKEN_TEXT_MAX]);

/* Times of a record's connection, -1 each if there was none. */
void scan_phase_times(const struct scan_record *record, struct phase_times *times);

void *scan_table_open(const struct scan_style *style, const struct scan_run *run);
void scan_table_record(void *state, const struct scan_style *style,
		       const struct scan_record *record);
void scan_table_close(void *state, const struct scan_style *style,
		      const struct scan_summary *summary);
void *scan_ndjson_open(const struct scan_style *style, const struct scan_run *run);
void scan_ndjson_record(void *state, const struct scan_style *style,
			const struct scan_record *record);
void scan_ndjson_close(void *state, const struct scan_style *style,
		       const struct scan_summary *summary);
void *scan_csv_open(const struct scan_style *style, const struct scan_run *run);
void scan_csv_record(void *state, const struct scan_style *style, const struct scan_record *record);
void scan_list_record(void *state, const struct scan_style *style,
		      const struct scan_record *record);

/* The summary's record by itself; `records`: port records of this run, -1: not counted. */
void scan_ndjson_summary(FILE *out, const struct scan_summary *summary, int64_t records);
/* The run's record. */
void scan_ndjson_run(FILE *out, const struct scan_run *run);

#endif
