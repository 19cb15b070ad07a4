/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scan, for programs: one JSON object per line. doc/shakedown.schema.json. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/json.h"
#include "report/scan_format.h"
#include "stats/samples_text.h"

struct ndjson {
	int64_t records;
};

static void begin(struct json *json, FILE *out, const char *type)
{
	jsonl_begin(json, out);
	jsonl_text(json, "type", type);
	jsonl_text(json, "schema", REPORT_SCHEMA);
}

static void put_double(struct json *json, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.10g", value);
	jsonl_literal(json, key, text);
}

void scan_ndjson_run(FILE *out, const struct scan_run *run)
{
	struct json json;
	char text[24];

	begin(&json, out, "run");
	jsonl_text(&json, "tool", "shakedown");
	jsonl_text(&json, "version", run->version);
	jsonl_text(&json, "command", "scan");
	jsonl_int(&json, "started_ns", run->started_ns);
	jsonl_text(&json, "mode", scan_mode_name(run->mode));
	jsonl_int(&json, "targets", (int64_t)run->targets);
	jsonl_int(&json, "addresses", (int64_t)run->addresses);
	jsonl_int(&json, "ports", run->ports);
	/* texts: not every reader of JSON has integers of 64 bits */
	snprintf(text, sizeof(text), "%" PRIu64, run->seed);
	jsonl_text(&json, "seed", text);
	snprintf(text, sizeof(text), "%016" PRIx64, run->fingerprint);
	jsonl_text(&json, "fingerprint", text);
	jsonl_int(&json, "shard", run->shard);
	jsonl_int(&json, "shards", run->shards);
	put_double(&json, "rate", run->rate);
	jsonl_text(&json, "way", run->way);
	jsonl_bool(&json, "resumed", run->resumed);
	jsonl_int(&json, "merged", run->merged);
	jsonl_end(&json);
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

static void put_connection(struct scan_line *line, const struct scan_record *record, bool census)
{
	char text[TOKEN_TEXT_MAX];
	struct phase_times times;

	scan_phase_times(record, &times);
	put_token(line, ",\"handshake\":", scan_handshake_text(record, text));
	if (census)
		put_token(line, ",\"close\":", scan_close_text(record, text));
	put_known(line, ",\"handshake_rtt_ns\":", times.handshake_rtt_ns >= 0,
		  times.handshake_rtt_ns);
	if (census) {
		put_known(line, ",\"fin_ack_ns\":", times.fin_ack_ns >= 0, times.fin_ack_ns);
		put_known(line, ",\"app_close_ns\":", times.app_close_ns >= 0, times.app_close_ns);
		put_known(line, ",\"close_ns\":", times.close_ns >= 0, times.close_ns);
		put_known(line, ",\"server_first_ns\":", times.server_first_ns >= 0,
			  times.server_first_ns);
	}
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
	put_known(&line, ",\"ttl\":", scan_answered(item->reason), item->ttl);
	put_known(&line, ",\"rtt_ns\":", item->rtt_ns >= 0, item->rtt_ns);
	put_known(&line, ",\"tries\":", true, item->reason == REASON_NO_ROUTE ? 0 : item->tries);
	put_bool(&line, ",\"zero_window\":", item->zero_window);
	put_bool(&line, ",\"wildcard\":", record->wildcard);
	put_known(&line, ",\"time_ns\":", true, record->stamp_ns);
	if (style->mode != MODE_SYN)
		put_connection(&line, record, style->mode == MODE_CENSUS);
	line_put(&line, "}\n");
	line_write(&line, style->style->out);
	if (ndjson)
		ndjson->records++;
}

/* --- the summary --- */

static void put_samples(struct json *json, const char *key, struct samples *samples)
{
	char *text;

	if (!samples || samples_count(samples) == 0) {
		jsonl_null(json, key);
		return;
	}
	text = samples_to_text(samples);
	jsonl_open(json, key);
	jsonl_int(json, "count", (int64_t)samples_count(samples));
	jsonl_int(json, "min_ns", samples_min(samples));
	jsonl_int(json, "avg_ns", llround(samples_mean(samples)));
	jsonl_int(json, "max_ns", samples_max(samples));
	jsonl_int(json, "mdev_ns", llround(samples_mdev(samples)));
	ndjson_quantiles(json, samples);
	jsonl_bool(json, "exact", samples_exact(samples));
	jsonl_text(json, "sketch", text);
	jsonl_close(json);
	free(text);
}

static void put_phases(struct json *json, const struct scan_summary *summary)
{
	jsonl_open(json, "phases");
	for (unsigned i = 0; i < SCAN_PHASE_COUNT; i++) {
		jsonl_open(json, scan_phase_name((enum scan_phase)i));
		for (unsigned token = 1; token < TOKEN_COUNT; token++) {
			struct samples *samples = summary->phases[i][token];

			if (samples && samples_count(samples) > 0)
				put_samples(json, token_info((enum token)token)->name, samples);
		}
		jsonl_close(json);
	}
	jsonl_close(json);
}

static void put_counts(struct json *json, const struct scan_summary *summary)
{
	const struct scan_counts *counts = &summary->counts;

	jsonl_int(json, "probed", (int64_t)counts->new_sent);
	jsonl_int(json, "syn_retransmits", (int64_t)counts->again_sent);
	jsonl_int(json, "answered", (int64_t)counts->answered);
	jsonl_int(json, "silent", (int64_t)counts->silent);
	jsonl_int(json, "no_route", (int64_t)counts->no_route);
	jsonl_int(json, "duplicates", (int64_t)counts->duplicates);
	jsonl_int(json, "rejected", (int64_t)counts->rejected);
	jsonl_int(json, "not_ours", (int64_t)counts->not_ours);
	jsonl_open(json, "found");
	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		jsonl_int(json, scan_state_name((enum scan_state)i), (int64_t)counts->states[i]);
	jsonl_close(json);
	jsonl_open(json, "states");
	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		jsonl_int(json, scan_state_name((enum scan_state)i), (int64_t)summary->states[i]);
	jsonl_close(json);
}

void scan_ndjson_summary(FILE *out, const struct scan_summary *summary, int64_t records)
{
	struct json json;

	begin(&json, out, "summary");
	jsonl_int_or_null(&json, "records", records >= 0, records);
	put_counts(&json, summary);
	jsonl_int(&json, "wildcards", (int64_t)summary->wildcards);
	jsonl_int(&json, "wildcard_ports", (int64_t)summary->wildcard_ports);
	jsonl_int(&json, "zero_windows", (int64_t)summary->zero_windows);
	ndjson_token_counts(&json, "handshakes", summary->handshakes);
	ndjson_token_counts(&json, "closes", summary->closes);
	jsonl_int(&json, "frames", (int64_t)summary->frames);
	jsonl_int(&json, "frames_refused", (int64_t)summary->refused);
	jsonl_int(&json, "frames_damaged", (int64_t)summary->damaged);
	jsonl_int(&json, "capture_dropped", (int64_t)summary->dropped_ring);
	jsonl_int(&json, "interface_dropped", (int64_t)summary->dropped_interface);
	jsonl_int(&json, "send_again", (int64_t)summary->send_again);
	jsonl_int(&json, "slowdowns", (int64_t)summary->slowdowns);
	jsonl_int(&json, "left_open", (int64_t)summary->left_open);
	if (summary->loss_estimate >= 0)
		put_double(&json, "loss_estimate", summary->loss_estimate);
	else
		jsonl_null(&json, "loss_estimate");
	put_samples(&json, "rtt", summary->rtt);
	put_phases(&json, summary);
	jsonl_int(&json, "elapsed_ns", summary->elapsed_ns);
	jsonl_bool(&json, "interrupted", summary->interrupted);
	jsonl_bool(&json, "complete", summary->complete);
	jsonl_end(&json);
}

void scan_ndjson_close(void *state, const struct scan_style *style,
		       const struct scan_summary *summary)
{
	const struct ndjson *ndjson = state;
	struct scan_summary shown = *summary;

	if (style->mode != MODE_CENSUS) { /* as in its records */
		memset(shown.closes, 0, sizeof(shown.closes));
		memset(shown.phases, 0, sizeof(shown.phases));
	}
	scan_ndjson_summary(style->style->out, &shown, ndjson ? ndjson->records : -1);
	free(state);
}
