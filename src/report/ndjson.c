/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, for programs: one JSON object per line. doc/shakedown.schema.json describes them; a field
 * is never renamed, only added. Unknown is null; numbers are numbers; the unit is in the name.
 */
#include <stdio.h>

#include "report/json.h"
#include "report/report.h"
#include "stats/samples.h"

static const char *const checksum_names[] = {
    [CHECKSUM_GOOD] = "good",
    [CHECKSUM_PARTIAL] = "partial",
    [CHECKSUM_BAD] = "bad",
    [CHECKSUM_UNKNOWN] = "unknown",
};

static const char *proof_bit(unsigned bit)
{
	return proof_name((enum proof)bit);
}

static void begin(struct json *json, const struct report_style *style, const char *type)
{
	jsonl_begin(json, style->out);
	jsonl_text(json, "type", type);
	jsonl_text(json, "schema", REPORT_SCHEMA);
}

void ndjson_run(const struct report_style *style, const struct run_info *info)
{
	struct json json;

	begin(&json, style, "run");
	jsonl_text(&json, "tool", "shakedown");
	jsonl_text(&json, "version", info->version);
	jsonl_text(&json, "command", "probe");
	jsonl_int(&json, "started_ns", info->started_ns);
	jsonl_int(&json, "targets", (int64_t)info->targets);
	jsonl_text(&json, "close_mode", plan_close_name(info->plan->close));
	jsonl_int(&json, "close_wait_limit_ns", info->plan->close_wait_ns);
	jsonl_int(&json, "time_wait_ns", info->plan->tcb.time_wait_ns);
	jsonl_int(&json, "retries", info->plan->tcb.retries);
	jsonl_end(&json);
}

static void put_where(struct json *json, const struct record *record)
{
	char addr[ADDR_TEXT_MAX];
	bool known = record->remote.addr.version != IP_NONE;

	jsonl_text(json, "target", record->target);
	jsonl_text(json, "addr", known ? addr_text(&record->remote.addr, addr) : NULL);
	jsonl_int(json, "port", record->remote.port);
	jsonl_int_or_null(json, "family", known, record->remote.addr.version);
	jsonl_int(json, "round", record->round);
}

static void put_times(struct json *json, const struct probe *probe)
{
	struct phase_times times = {-1, -1, -1, -1, -1};

	if (probe)
		phase_times(probe, &times);
	jsonl_int_or_null(json, "handshake_rtt_ns", times.handshake_rtt_ns >= 0,
			  times.handshake_rtt_ns);
	jsonl_int_or_null(json, "fin_ack_ns", times.fin_ack_ns >= 0, times.fin_ack_ns);
	jsonl_int_or_null(json, "app_close_ns", times.app_close_ns >= 0, times.app_close_ns);
	jsonl_int_or_null(json, "close_ns", times.close_ns >= 0, times.close_ns);
	jsonl_int_or_null(json, "server_first_ns", times.server_first_ns >= 0,
			  times.server_first_ns);
}

static uint32_t repeats(uint32_t count)
{
	return count > 0 ? count - 1 : 0;
}

static void put_counts(struct json *json, const struct probe *probe)
{
	jsonl_int(json, "syn_retransmits", repeats(probe->facts.syn_count));
	jsonl_int(json, "fin_retransmits", repeats(probe->facts.fin_count));
	jsonl_int(json, "peer_syn_ack_retransmits", probe->facts.synack_repeats);
	jsonl_int(json, "peer_fin_retransmits", probe->facts.peer_fin_repeats);
	jsonl_int(json, "received_octets", (int64_t)probe->facts.data_in);
	jsonl_int(json, "received_after_fin_octets", (int64_t)probe->facts.data_in_after_fin);
}

static void put_peer(struct json *json, const struct probe *probe)
{
	const struct facts *facts = &probe->facts;
	const struct tcp_options *options = &facts->synack_options;

	if (facts->synack_count == 0) {
		jsonl_null(json, "peer");
		return;
	}
	jsonl_open(json, "peer");
	jsonl_int_or_null(json, "mss", options->has_mss, options->mss);
	jsonl_int_or_null(json, "wscale", options->has_wscale, options->wscale);
	jsonl_bool(json, "sack", options->has_sack_permitted);
	jsonl_bool(json, "timestamps", options->has_timestamps);
	jsonl_bool(json, "ecn", facts->synack_ece && !facts->synack_cwr);
	jsonl_int(json, "window", facts->synack_wnd);
	jsonl_int(json, "ttl", facts->synack_ip.ttl);
	jsonl_close(json);
}

static void put_proved(struct json *json, uint8_t client, uint8_t server)
{
	jsonl_open(json, "proved");
	jsonl_flags(json, "client", client, proof_bit);
	jsonl_flags(json, "server", server, proof_bit);
	jsonl_close(json);
}

static void put_inference(struct json *json, const struct probe *probe)
{
	const struct peer *peer = &probe->peer;

	jsonl_text(json, "final_state", tcb_state_name(probe->final_state));
	jsonl_text(json, "peer_state", peer->known ? tcb_state_name(peer->state) : NULL);
	jsonl_bool(json, "peer_state_assumed", peer->known && peer->assumed);
	jsonl_text(json, "peer_state_evidence", peer->evidence);
	put_proved(json, peer->client_knows, peer->server_knows);
}

static void put_tokens(struct json *json, const struct probe *probe)
{
	char handshake[TOKEN_TEXT_MAX], close[TOKEN_TEXT_MAX], evidence[EVIDENCE_MAX];

	jsonl_text(json, "handshake", verdict_text(probe, verdict_handshake(probe), handshake));
	jsonl_text(json, "close", verdict_text(probe, verdict_close(probe), close));
	verdict_evidence(probe, evidence);
	jsonl_text(json, "evidence", evidence);
}

static void put_reset(struct json *json, const struct probe *probe)
{
	jsonl_bool(json, "reset_sent", probe->reset_sent);
	if (probe->reset_sent)
		jsonl_bool(json, "reset_confirmed", probe->reset_confirmed);
	else
		jsonl_null(json, "reset_confirmed");
}

static void put_moment_segment(struct json *json, const struct probe *probe, const struct moment *m)
{
	const struct segment *seg = &m->seg;
	const struct tcp_options *options = &seg->options;
	uint32_t seq_base = m->ours ? probe->tcb.iss : probe->tcb.irs;
	uint32_t ack_base = m->ours ? probe->tcb.irs : probe->tcb.iss;
	bool ack = seg->flags & TCP_ACK;
	char flags[FLAGS_TEXT_MAX];

	jsonl_text(json, "flags", flags_text(seg->flags, flags));
	jsonl_int(json, "seq", seg->seq);
	jsonl_int_or_null(json, "ack", ack, seg->ack);
	jsonl_int(json, "seq_relative", (uint32_t)(seg->seq - seq_base));
	jsonl_int_or_null(json, "ack_relative", ack, (int32_t)(seg->ack - ack_base));
	jsonl_int(json, "data_len", seg->data_len);
	jsonl_int(json, "window", seg->wnd);
	jsonl_int_or_null(json, "mss", options->has_mss, options->mss);
	jsonl_int_or_null(json, "wscale", options->has_wscale, options->wscale);
	jsonl_int_or_null(json, "tsval", options->has_timestamps, options->tsval);
	jsonl_int_or_null(json, "tsecr", options->has_timestamps, options->tsecr);
	jsonl_int(json, "sack_blocks", options->sack_count);
	jsonl_text(json, "tcp_checksum", checksum_names[m->tcp_checksum]);
}

static void put_moment_icmp(struct json *json, const struct moment *m)
{
	char from[ADDR_TEXT_MAX];

	jsonl_int(json, "icmp_type", m->icmp_type);
	jsonl_int(json, "icmp_code", m->icmp_code);
	jsonl_text(json, "icmp_from", addr_text(&m->icmp_from, from));
}

void ndjson_segment_members(struct json *json, const struct probe *probe, const struct moment *m)
{
	jsonl_int(json, "source_port", probe->flow.src.port);
	jsonl_int(json, "time_ns", m->stamp_ns);
	jsonl_int(json, "since_first_ns", m->stamp_ns - probe->timeline.moments[0].stamp_ns);
	jsonl_text(json, "direction", m->ours ? "out" : "in");
	if (m->kind == MOMENT_ICMP)
		put_moment_icmp(json, m);
	else
		put_moment_segment(json, probe, m);
	jsonl_int(json, "ttl", m->ip.ttl);
	jsonl_int(json, "tos", m->ip.tos);
	jsonl_int(json, "ip_id", m->ip.id);
	jsonl_bool(json, "df", m->ip.df);
	jsonl_text(json, "note", tcb_note_name(m->note));
	jsonl_bool(json, "retransmit", m->retransmit);
	jsonl_text(json, "our_state", tcb_state_name(m->our_state));
	jsonl_text(json, "peer_state", m->peer.known ? tcb_state_name(m->peer.state) : NULL);
	jsonl_bool(json, "peer_state_assumed", m->peer.known && m->peer.assumed);
}

static void print_moment(const struct report_style *style, const struct record *record,
			 const struct moment *m)
{
	struct json json;

	begin(&json, style, "segment");
	put_where(&json, record);
	ndjson_segment_members(&json, record->probe, m);
	jsonl_end(&json);
}

/* A probe that never started has the same members, with nothing in them. */
static void put_nothing(struct json *json)
{
	static const char *const nulls[] = {"source_port",
					    "handshake",
					    "close",
					    "evidence",
					    "syn_retransmits",
					    "fin_retransmits",
					    "peer_syn_ack_retransmits",
					    "peer_fin_retransmits",
					    "received_octets",
					    "received_after_fin_octets",
					    "peer",
					    "final_state",
					    "peer_state",
					    "peer_state_evidence",
					    "stamp",
					    "reset_confirmed"};

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		jsonl_null(json, nulls[i]);
	put_times(json, NULL);
	jsonl_bool(json, "peer_state_assumed", false);
	put_proved(json, 0, 0);
	jsonl_bool(json, "reset_sent", false);
	jsonl_bool(json, "left_open", false);
}

void ndjson_probe(const struct report_style *style, const struct record *record)
{
	const struct probe *probe = record->probe;
	struct json json;

	if (probe && style->segments)
		for (uint32_t i = 0; i < probe->timeline.count; i++)
			print_moment(style, record, &probe->timeline.moments[i]);
	begin(&json, style, "probe");
	put_where(&json, record);
	if (probe) {
		jsonl_int(&json, "source_port", probe->flow.src.port);
		put_tokens(&json, probe);
		put_times(&json, probe);
		put_counts(&json, probe);
		put_peer(&json, probe);
		put_inference(&json, probe);
		jsonl_text(&json, "stamp", record->stamp);
		put_reset(&json, probe);
		jsonl_bool(&json, "left_open", probe_left_open(probe));
	} else {
		put_nothing(&json);
	}
	jsonl_bool(&json, "inconclusive", record->capture_dropped);
	jsonl_bool(&json, "as_asked", record->as_asked);
	jsonl_text(&json, "error", record->error);
	jsonl_end(&json);
}

void ndjson_token_counts(struct json *json, const char *key, const uint64_t counts[TOKEN_COUNT])
{
	jsonl_open(json, key);
	for (unsigned i = 1; i < TOKEN_COUNT; i++)
		if (counts[i] > 0)
			jsonl_int(json, token_info((enum token)i)->name, (int64_t)counts[i]);
	jsonl_close(json);
}

void ndjson_quantiles(struct json *json, struct samples *samples)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = {{"p50_ns", 0.5},
			 {"p90_ns", 0.9},
			 {"p95_ns", 0.95},
			 {"p99_ns", 0.99},
			 {"p99_9_ns", 0.999}};

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		jsonl_int_or_null(json, quantiles[i].name, samples_count(samples) > 0,
				  samples_quantile(samples, quantiles[i].q));
}

void ndjson_summary(const struct report_style *style, const struct run_summary *summary)
{
	struct json json;

	begin(&json, style, "summary");
	jsonl_int(&json, "targets", (int64_t)summary->targets);
	jsonl_int(&json, "probes", (int64_t)summary->probes);
	jsonl_int(&json, "as_asked", (int64_t)summary->as_asked);
	jsonl_int(&json, "not_as_asked", (int64_t)summary->not_as_asked);
	jsonl_int(&json, "errors", (int64_t)summary->errors);
	jsonl_int(&json, "unfinished", (int64_t)summary->unfinished);
	jsonl_int(&json, "left_open", (int64_t)summary->left_open);
	ndjson_token_counts(&json, "handshakes", summary->handshakes);
	ndjson_token_counts(&json, "closes", summary->closes);
	jsonl_int(&json, "frames", (int64_t)summary->frames);
	jsonl_int(&json, "frames_refused", (int64_t)summary->refused);
	jsonl_int(&json, "frames_damaged", (int64_t)summary->damaged);
	jsonl_int(&json, "frames_unmatched", (int64_t)summary->unmatched);
	jsonl_int(&json, "capture_dropped", (int64_t)summary->dropped_ring);
	jsonl_int(&json, "interface_dropped", (int64_t)summary->dropped_interface);
	jsonl_int(&json, "elapsed_ns", summary->elapsed_ns);
	jsonl_bool(&json, "interrupted", summary->interrupted);
	jsonl_end(&json);
}
