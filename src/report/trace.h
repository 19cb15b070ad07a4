/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of a trace: the answers to SYNs of rising TTL -> text, NDJSON. */
#ifndef SHAKEDOWN_REPORT_TRACE_H
#define SHAKEDOWN_REPORT_TRACE_H

#include "probe/rtt.h"
#include "report/report.h"

/* In the order of what counts for more. */
enum trace_end {
	TRACE_UNKNOWN, /* not seen */
	TRACE_REFUSED, /* a device on the way, or the server's host, says "unreachable" */
	TRACE_REACHED, /* SYN-ACK or RST */
};

struct trace_probe {
	bool known; /* it was sent, and what came of it is known */
	struct rtt_measurement measurement;
	uint16_t source_port;
	enum token close;
	bool left_open, capture_dropped;
	const char *stamp;
	char *error; /* or NULL */
};

struct trace {
	const char *target; /* as the user wrote it */
	struct endpoint remote;
	unsigned max_hops, count;   /* TTLs; probes of each */
	struct trace_probe *probes; /* those of TTL 1, those of TTL 2, ... */
	enum trace_end end;
	unsigned end_ttl, end_seq; /* the first probe of the least TTL with that end */
};

struct trace_format {
	const char *name;
	void (*begin)(const struct report_style *style, const struct run_info *info,
		      const struct trace *trace);
	void (*end)(const struct report_style *style, const struct trace *trace);
};

/* The format of that name ("text", "ndjson"), or NULL. */
const struct trace_format *trace_format_find(const char *name);

/* The last TTL to be shown: that of the end, or the last that was tried; 0: none. */
unsigned trace_last_ttl(const struct trace *trace);

/* The probe of that TTL, from 1, and number, from 0. */
const struct trace_probe *trace_probe_at(const struct trace *trace, unsigned ttl, unsigned seq);

/* --- trace_text.c --- */
void trace_text_begin(const struct report_style *style, const struct run_info *info,
		      const struct trace *trace);
void trace_text_hops(const struct report_style *style, const struct trace *trace);
void trace_text_end(const struct report_style *style, const struct trace *trace);

/* --- trace_ndjson.c --- */
void trace_ndjson_begin(const struct report_style *style, const struct run_info *info,
			const struct trace *trace);
void trace_ndjson_end(const struct report_style *style, const struct trace *trace);

#endif
