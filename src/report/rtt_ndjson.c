/* SPDX-License-Identifier: BSD-2-Clause */
/* report, round-trip series for programs: one JSON object per line. doc/shakedown.schema.json. */
#include <math.h>

#include "report/json.h"
#include "report/rtt.h"

static void begin(struct json *json, const struct report_style *style, const char *type)
{
	jsonl_begin(json, style->out);
	jsonl_text(json, "type", type);
	jsonl_text(json, "schema", REPORT_SCHEMA);
}

void rtt_ndjson_run(const struct report_style *style, const struct run_info *info)
{
	struct json json;

	begin(&json, style, "run");
	jsonl_text(&json, "tool", "shakedown");
	jsonl_text(&json, "version", info->version);
	jsonl_text(&json, "command", "rtt");
	jsonl_int(&json, "started_ns", info->started_ns);
	jsonl_int(&json, "targets", (int64_t)info->targets);
	jsonl_text(&json, "close_mode", plan_close_name(info->plan->close));
	jsonl_int(&json, "close_wait_limit_ns", info->plan->close_wait_ns);
	jsonl_int(&json, "time_wait_ns", info->plan->tcb.time_wait_ns);
	jsonl_int(&json, "retries", info->plan->tcb.syn_retries);
	jsonl_end(&json);
}

void rtt_ndjson_where(struct json *json, const char *target, const struct endpoint *remote)
{
	char addr[ADDR_TEXT_MAX];
	bool known = remote->addr.version != IP_NONE;

	jsonl_text(json, "target", target);
	jsonl_text(json, "addr", known ? addr_text(&remote->addr, addr) : NULL);
	jsonl_int(json, "port", remote->port);
	jsonl_int_or_null(json, "family", known, remote->addr.version);
}

static void put_measurement(struct json *json, const struct rtt_measurement *measurement)
{
	char text[TOKEN_TEXT_MAX], from[ADDR_TEXT_MAX];
	bool answered = measurement->answer != RTT_ANSWER_NONE;

	jsonl_text(json, "answer", rtt_answer_text(measurement, text));
	jsonl_text(json, "answer_from", answered ? addr_text(&measurement->from, from) : NULL);
	jsonl_int_or_null(json, "sent_ns", measurement->sent_ns != 0, measurement->sent_ns);
	jsonl_int_or_null(json, "rtt_ns", measurement->rtt_ns >= 0, measurement->rtt_ns);
	jsonl_int_or_null(json, "path_rtt_ns", measurement->path_ns >= 0, measurement->path_ns);
	jsonl_int_or_null(json, "app_close_ns", measurement->close_ns >= 0, measurement->close_ns);
	jsonl_int(json, "syn_retransmits", measurement->retransmits);
	jsonl_int(json, "duplicates", measurement->duplicates);
}

static void put_no_measurement(struct json *json)
{
	static const char *const nulls[] = {"answer",          "answer_from", "sent_ns",
					    "rtt_ns",          "path_rtt_ns", "app_close_ns",
					    "syn_retransmits", "duplicates"};

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		jsonl_null(json, nulls[i]);
}

void rtt_ndjson_members(struct json *json, const struct rtt_record *record)
{
	rtt_ndjson_where(json, record->target, &record->remote);
	jsonl_int(json, "seq", (int64_t)record->seq);
	jsonl_int_or_null(json, "source_port", record->measurement != NULL, record->source_port);
	if (record->measurement)
		put_measurement(json, record->measurement);
	else
		put_no_measurement(json);
	jsonl_text(json, "stamp", record->stamp);
	jsonl_bool(json, "inconclusive", record->capture_dropped);
	jsonl_bool(json, "left_open", record->left_open);
	jsonl_text(json, "error", record->error);
}

void rtt_ndjson_probe(const struct report_style *style, const struct rtt_record *record)
{
	struct json json;

	begin(&json, style, "rtt");
	rtt_ndjson_members(&json, record);
	jsonl_end(&json);
}

static void put_samples(struct json *json, const char *key, struct samples *samples)
{
	bool any = samples_count(samples) > 0;
	int64_t low_ns = -1, high_ns = -1;

	jsonl_open(json, key);
	jsonl_int(json, "count", (int64_t)samples_count(samples));
	jsonl_int_or_null(json, "min_ns", any, samples_min(samples));
	jsonl_int_or_null(json, "avg_ns", any, llround(samples_mean(samples)));
	jsonl_int_or_null(json, "max_ns", any, samples_max(samples));
	jsonl_int_or_null(json, "mdev_ns", any, llround(samples_mdev(samples)));
	jsonl_int_or_null(json, "jitter_ns", samples_count(samples) > 1,
			  llround(samples_jitter(samples)));
	ndjson_quantiles(json, samples);
	any = samples_median_ci(samples, 0.95, &low_ns, &high_ns) == 0;
	jsonl_int_or_null(json, "median_low_ns", any, low_ns);
	jsonl_int_or_null(json, "median_high_ns", any, high_ns);
	jsonl_bool(json, "exact", samples_exact(samples));
	jsonl_close(json);
}

void rtt_ndjson_sum(const struct report_style *style, const struct rtt_sum *sum)
{
	const struct series *series = sum->series;
	struct json json;

	begin(&json, style, "rtt_summary");
	rtt_ndjson_where(&json, sum->target, &sum->remote);
	jsonl_int(&json, "sent", (int64_t)series->sent);
	jsonl_int(&json, "answered", (int64_t)series->answered);
	jsonl_int(&json, "lost", (int64_t)series->lost);
	jsonl_int(&json, "inconclusive", (int64_t)series->inconclusive);
	jsonl_int(&json, "retransmitted", (int64_t)series->retransmitted);
	jsonl_int(&json, "duplicates", (int64_t)series->duplicates);
	jsonl_int(&json, "late", (int64_t)series->late);
	jsonl_int(&json, "refused", (int64_t)series->refused);
	jsonl_int(&json, "icmp", (int64_t)series->icmp);
	jsonl_int(&json, "uncertain", (int64_t)series->uncertain);
	jsonl_int(&json, "elapsed_ns", sum->elapsed_ns);
	put_samples(&json, "rtt", &sum->series->rtt);
	put_samples(&json, "path", &sum->series->path);
	put_samples(&json, "close", &sum->series->close);
	jsonl_text(&json, "baseline",
		   sum->comparison ? compare_decision_name(sum->decision) : NULL);
	jsonl_end(&json);
}
