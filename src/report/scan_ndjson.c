/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scan, for programs: one JSON object per line. doc/shakedown.schema.json. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "report/json.h"
#include "report/scan_format.h"
#include "stats/samples_text.h"

struct ndjson {
	int64_t records;
};

static void begin(struct json *json, FILE *out, const char *type)
{
	json_begin(json, out);
	json_text(json, "type", type);
	json_text(json, "schema", REPORT_SCHEMA);
}

static void put_double(struct json *json, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.10g", value);
	json_literal(json, key, text);
}

void scan_ndjson_run(FILE *out, const struct scan_run *run)
{
	struct json json;
	char text[24];

	begin(&json, out, "run");
	json_text(&json, "tool", "shakedown");
	json_text(&json, "version", run->version);
	json_text(&json, "command", "scan");
	json_int(&json, "started_ns", run->started_ns);
	json_text(&json, "mode", scan_mode_name(run->mode));
	json_int(&json, "targets", (int64_t)run->targets);
	json_int(&json, "addresses", (int64_t)run->addresses);
	json_int(&json, "ports", run->ports);
	/* texts: not every reader of JSON has integers of 64 bits */
	snprintf(text, sizeof(text), "%" PRIu64, run->seed);
	json_text(&json, "seed", text);
	snprintf(text, sizeof(text), "%016" PRIx64, run->fingerprint);
	json_text(&json, "fingerprint", text);
	json_int(&json, "shard", run->shard);
	json_int(&json, "shards", run->shards);
	put_double(&json, "rate", run->rate);
	json_text(&json, "way", run->way);
	json_bool(&json, "resumed", run->resumed);
	json_int(&json, "merged", run->merged);
	json_end(&json);
}

void *scan_ndjson_open(const struct scan_style *style, const struct scan_run *run)
{
	scan_ndjson_run(style->style->out, run);
	return calloc(1, sizeof(struct ndjson));
}

/* --- a record: without the functions of json.h, which are too slow here --- */

static void put_known(struct scan_line *line, const char *key, bool known, int64_t value)
{
	line_put(line, key);
	if (known)
		line_number(line, (uint64_t)value);
	else
		line_put(line, "null");
}

static void put_bool(struct scan_line *line, const char *key, bool value)
{
	line_put(line, key);
	line_put(line, value ? "true" : "false");
}

/* Tokens need no escapes. */
static void put_token(struct scan_line *line, const char *key, const char *token)
{
	line_put(line, key);
	line_put(line, token ? "\"" : "null");
	if (token) {
		line_put(line, token);
		line_put(line, "\"");
	}
}

static void put_connection(struct scan_line *line, const struct scan_record *record)
{
	char text[TOKEN_TEXT_MAX];
	struct phase_times times;

	scan_phase_times(record, &times);
	put_token(line, ",\"handshake\":", scan_handshake_text(record, text));
	put_token(line, ",\"close\":", scan_close_text(record, text));
	put_known(line, ",\"handshake_rtt_ns\":", times.handshake_rtt_ns >= 0,
		  times.handshake_rtt_ns);
	put_known(line, ",\"fin_ack_ns\":", times.fin_ack_ns >= 0, times.fin_ack_ns);
	put_known(line, ",\"app_close_ns\":", times.app_close_ns >= 0, times.app_close_ns);
	put_known(line, ",\"close_ns\":", times.close_ns >= 0, times.close_ns);
	put_known(line, ",\"server_first_ns\":", times.server_first_ns >= 0, times.server_first_ns);
	put_bool(line, ",\"left_open\":", record->left_open);
}

void scan_ndjson_record(void *state, const struct scan_style *style,
			const struct scan_record *record)
{
	const struct scan_item *item = record->item;
	struct scan_line line = {.len = 0};
	struct ndjson *ndjson = state;
	char text[SCAN_REASON_MAX];

	if (!scan_shows(style, record))
		return;
	line_put(&line, "{\"type\":\"port\",\"schema\":\"" REPORT_SCHEMA "\",\"addr\":\"");
	line_addr(&line, &item->addr);
	line_put(&line, "\",\"port\":");
	line_number(&line, item->port);
	line_put(&line, item->addr.version == IP_V6 ? ",\"family\":6" : ",\"family\":4");
	put_token(&line, ",\"state\":", scan_state_name(item->state));
	put_token(&line, ",\"reason\":", scan_reason_text(item, text));
	put_known(&line, ",\"ttl\":", item->reason != REASON_SILENCE, item->ttl);
	put_known(&line, ",\"rtt_ns\":", item->rtt_ns >= 0, item->rtt_ns);
	put_known(&line, ",\"tries\":", true, item->tries);
	put_bool(&line, ",\"zero_window\":", item->zero_window);
	put_bool(&line, ",\"wildcard\":", record->wildcard);
	put_known(&line, ",\"time_ns\":", true, record->stamp_ns);
	if (style->mode != MODE_SYN)
		put_connection(&line, record);
	line_put(&line, "}\n");
	line_write(&line, style->style->out);
	if (ndjson)
		ndjson->records++;
}

/* --- the summary --- */

static void put_samples(struct json *json, const char *key, struct samples *samples)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {{"p50_ns", 0.5},
			 {"p90_ns", 0.9},
			 {"p95_ns", 0.95},
			 {"p99_ns", 0.99},
			 {"p99_9_ns", 0.999}};
	char *text;

	if (!samples || samples_count(samples) == 0) {
		json_null(json, key);
		return;
	}
	text = samples_to_text(samples);
	json_open(json, key);
	json_int(json, "count", (int64_t)samples_count(samples));
	json_int(json, "min_ns", samples_min(samples));
	json_int(json, "avg_ns", llround(samples_mean(samples)));
	json_int(json, "max_ns", samples_max(samples));
	json_int(json, "mdev_ns", llround(samples_mdev(samples)));
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		json_int(json, quantiles[i].name, samples_quantile(samples, quantiles[i].q));
	json_bool(json, "exact", samples_exact(samples));
	json_text(json, "sketch", text);
	json_close(json);
	free(text);
}

static void put_phases(struct json *json, const struct scan_summary *summary)
{
	json_open(json, "phases");
	for (unsigned i = 0; i < SCAN_PHASE_COUNT; i++) {
		json_open(json, scan_phase_name((enum scan_phase)i));
		for (unsigned token = 1; token < TOKEN_COUNT; token++) {
			struct samples *samples = summary->phases[i][token];

			if (samples && samples_count(samples) > 0)
				put_samples(json, token_info((enum token)token)->name, samples);
		}
		json_close(json);
	}
	json_close(json);
}

static void put_token_counts(struct json *json, const char *key, const uint64_t counts[TOKEN_COUNT])
{
	json_open(json, key);
	for (unsigned i = 1; i < TOKEN_COUNT; i++)
		if (counts[i] > 0)
			json_int(json, token_info((enum token)i)->name, (int64_t)counts[i]);
	json_close(json);
}

static void put_counts(struct json *json, const struct scan_summary *summary)
{
	const struct scan_counts *counts = &summary->counts;

	json_int(json, "probed", (int64_t)counts->new_sent);
	json_int(json, "syn_retransmits", (int64_t)counts->again_sent);
	json_int(json, "answered", (int64_t)counts->answered);
	json_int(json, "silent", (int64_t)counts->silent);
	json_int(json, "duplicates", (int64_t)counts->duplicates);
	json_int(json, "rejected", (int64_t)counts->rejected);
	json_int(json, "not_ours", (int64_t)counts->not_ours);
	json_open(json, "found");
	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		json_int(json, scan_state_name((enum scan_state)i), (int64_t)counts->states[i]);
	json_close(json);
	json_open(json, "states");
	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		json_int(json, scan_state_name((enum scan_state)i), (int64_t)summary->states[i]);
	json_close(json);
}

void scan_ndjson_summary(FILE *out, const struct scan_summary *summary, int64_t records)
{
	struct json json;

	begin(&json, out, "summary");
	json_int_or_null(&json, "records", records >= 0, records);
	put_counts(&json, summary);
	json_int(&json, "wildcards", (int64_t)summary->wildcards);
	json_int(&json, "zero_windows", (int64_t)summary->zero_windows);
	put_token_counts(&json, "handshakes", summary->handshakes);
	put_token_counts(&json, "closes", summary->closes);
	json_int(&json, "frames", (int64_t)summary->frames);
	json_int(&json, "frames_refused", (int64_t)summary->refused);
	json_int(&json, "frames_damaged", (int64_t)summary->damaged);
	json_int(&json, "capture_dropped", (int64_t)summary->dropped_ring);
	json_int(&json, "interface_dropped", (int64_t)summary->dropped_interface);
	json_int(&json, "send_again", (int64_t)summary->send_again);
	json_int(&json, "slowdowns", (int64_t)summary->slowdowns);
	json_int(&json, "left_open", (int64_t)summary->left_open);
	if (summary->loss_estimate >= 0)
		put_double(&json, "loss_estimate", summary->loss_estimate);
	else
		json_null(&json, "loss_estimate");
	put_samples(&json, "rtt", summary->rtt);
	put_phases(&json, summary);
	json_int(&json, "elapsed_ns", summary->elapsed_ns);
	json_bool(&json, "interrupted", summary->interrupted);
	json_bool(&json, "complete", summary->complete);
	json_end(&json);
}

void scan_ndjson_close(void *state, const struct scan_style *style,
		       const struct scan_summary *summary)
{
	const struct ndjson *ndjson = state;

	scan_ndjson_summary(style->style->out, summary, ndjson ? ndjson->records : -1);
	free(state);
}
