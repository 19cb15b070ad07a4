/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of a trace, for programs: a record per probe, by TTL, then one of the whole. */
#include "report/json.h"
#include "report/rtt.h"
#include "report/trace.h"

static const char *const end_names[] = {
    [TRACE_UNKNOWN] = "unknown",
    [TRACE_REFUSED] = "refused",
    [TRACE_REACHED] = "reached",
};

static void begin(struct json *json, const struct report_style *style, const char *type)
{
	jsonl_begin(json, style->out);
	jsonl_text(json, "type", type);
	jsonl_text(json, "schema", REPORT_SCHEMA);
}

void trace_ndjson_begin(const struct report_style *style, const struct run_info *info,
			const struct trace *trace)
{
	(void)trace;
	rtt_ndjson_run(style, info);
}

static void put_hop(const struct report_style *style, const struct trace *trace, unsigned ttl,
		    unsigned seq)
{
	const struct trace_probe *probe = trace_probe_at(trace, ttl, seq);
	const struct rtt_record record = {.target = trace->target,
					  .remote = trace->remote,
					  .seq = seq,
					  .source_port = probe->source_port,
					  .measurement = &probe->measurement,
					  .stamp = probe->stamp,
					  .error = probe->error,
					  .capture_dropped = probe->capture_dropped,
					  .left_open = probe->left_open};
	struct json json;

	begin(&json, style, "hop");
	jsonl_int(&json, "ttl", ttl);
	rtt_ndjson_members(&json, &record);
	jsonl_text(&json, "close",
		   probe->close != TOKEN_NONE ? token_info(probe->close)->name : NULL);
	jsonl_end(&json);
}

void trace_ndjson_end(const struct report_style *style, const struct trace *trace)
{
	unsigned last = trace_last_ttl(trace);
	struct json json;

	for (unsigned ttl = 1; ttl <= last; ttl++)
		for (unsigned seq = 0; seq < trace->count; seq++)
			if (trace_probe_at(trace, ttl, seq)->known)
				put_hop(style, trace, ttl, seq);
	begin(&json, style, "trace_summary");
	rtt_ndjson_where(&json, trace->target, &trace->remote);
	jsonl_int(&json, "max_hops", trace->max_hops);
	jsonl_int(&json, "probes_per_hop", trace->count);
	jsonl_text(&json, "end", end_names[trace->end]);
	jsonl_int(&json, "hops", last);
	jsonl_end(&json);
}
