/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of all subcommands that probe: the functions behind the rows of their tables. Each takes
 * settings that begin with a struct probe_settings, the option's value, and a flag that says which
 * of several like things is meant.
 */
#ifndef SHAKEDOWN_CMD_SETTERS_H
#define SHAKEDOWN_CMD_SETTERS_H

#include "cmd/probe_settings.h"

/* The rows that store one thing name it by these. */
enum duration { AWAIT, CLOSE_WAIT, SETTLE, TIMEOUT, DEADLINE, INTERVAL, RTO_MAX };
enum number { MSS, WSCALE, TTL, WINDOW, RETRIES, COUNT, RATE, PARALLEL, SOURCE_PORT };
enum toggle {
	HALF_CLOSE,
	SACK_ON,
	SACK_OFF,
	TS_ON,
	TS_OFF,
	ECN,
	NO_GUARD,
	NO_SANDBOX,
	QUIET,
	VERBOSE,
	DATES,
	NUMERIC,
	LADDER,
	NO_LADDER,
	EXPLAIN,
	NDJSON,
	SEGMENTS,
	HELP,
};

enum text_place { FROM, OUTPUT, PCAP };

int set_duration(void *to, const char *value, int flag, struct err *err);
int set_number(void *to, const char *value, int flag, struct err *err);
int set_toggle(void *to, const char *value, int flag, struct err *err);
int set_no_wscale(void *to, const char *value, int flag, struct err *err);
int set_send(void *to, const char *value, int flag, struct err *err);
int set_http(void *to, const char *value, int flag, struct err *err);
int set_close(void *to, const char *value, int flag, struct err *err);
int set_time_wait(void *to, const char *value, int flag, struct err *err);
int set_version(void *to, const char *value, int flag, struct err *err);
int set_text(void *to, const char *value, int flag, struct err *err);
int set_targets_file(void *to, const char *value, int flag, struct err *err);
int set_tstamp(void *to, const char *value, int flag, struct err *err);
int set_expect(void *to, const char *value, int flag, struct err *err);

#endif
