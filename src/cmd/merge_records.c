/* SPDX-License-Identifier: BSD-2-Clause */
/* command: lines of NDJSON -> runs and sums of summaries. */
#include "cmd/merge_records.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "stats/samples_text.h"

#define COUNTER(key, member)                                                                       \
	{                                                                                          \
		key, offsetof(struct scan_summary, member)                                         \
	}

/* The counters of a summary: members of a record that are added. */
static const struct {
	const char *key;
	size_t offset;
} counters[] = {
    COUNTER("probed", counts.new_sent),       COUNTER("syn_retransmits", counts.again_sent),
    COUNTER("answered", counts.answered),     COUNTER("silent", counts.silent),
    COUNTER("no_route", counts.no_route),     COUNTER("duplicates", counts.duplicates),
    COUNTER("rejected", counts.rejected),     COUNTER("not_ours", counts.not_ours),
    COUNTER("wildcards", wildcards),          COUNTER("wildcard_ports", wildcard_ports),
    COUNTER("zero_windows", zero_windows),    COUNTER("frames", frames),
    COUNTER("frames_refused", refused),       COUNTER("frames_damaged", damaged),
    COUNTER("capture_dropped", dropped_ring), COUNTER("interface_dropped", dropped_interface),
    COUNTER("send_again", send_again),        COUNTER("slowdowns", slowdowns),
    COUNTER("left_open", left_open),
};

/* --- members --- */

static int bad(struct err *err, const char *key)
{
	return err_set(err, ERR_USAGE, "\"%s\" is missing, or not what a scan writes", key);
}

static int get_count(const json_t *record, const char *key, int64_t max, int64_t *value,
		     struct err *err)
{
	const json_t *member = json_object_get(record, key);

	if (!json_is_integer(member))
		return bad(err, key);
	*value = json_integer_value(member);
	return *value >= 0 && *value <= max ? 0 : bad(err, key);
}

static int get_text(const json_t *record, const char *key, char text[MERGE_TEXT_MAX],
		    struct err *err)
{
	const char *value = json_string_value(json_object_get(record, key));

	if (!value || strlen(value) >= MERGE_TEXT_MAX)
		return bad(err, key);
	strcpy(text, value);
	return 0;
}

static int get_bool(const json_t *record, const char *key, bool *value, struct err *err)
{
	const json_t *member = json_object_get(record, key);

	if (!json_is_boolean(member))
		return bad(err, key);
	*value = json_is_true(member);
	return 0;
}

/* Of 64 bits, which stand in texts. */
static int get_wide(const json_t *record, const char *key, int base, uint64_t *value,
		    struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	char text[MERGE_TEXT_MAX];

	if (get_text(record, key, text, err) < 0)
		return -1;
	if (!text[0] || strlen(text) > 20 || text[strspn(text, digits)])
		return bad(err, key);
	*value = strtoull(text, NULL, base);
	return 0;
}

/* --- run --- */

static int get_mode(const json_t *record, enum scan_mode *mode, struct err *err)
{
	char text[MERGE_TEXT_MAX];

	if (get_text(record, "mode", text, err) < 0)
		return -1;
	for (unsigned i = MODE_SYN; i <= MODE_CENSUS; i++)
		if (strcmp(text, scan_mode_name((enum scan_mode)i)) == 0) {
			*mode = (enum scan_mode)i;
			return 0;
		}
	return bad(err, "mode");
}

static int get_shard(const json_t *record, struct scan_run *run, struct err *err)
{
	int64_t shard, shards, merged, ports;

	if (get_count(record, "shards", MERGE_SHARDS_MAX, &shards, err) < 0 ||
	    get_count(record, "shard", shards, &shard, err) < 0 ||
	    get_count(record, "merged", MERGE_SHARDS_MAX, &merged, err) < 0 ||
	    get_count(record, "ports", 65535, &ports, err) < 0)
		return -1;
	if (shard == 0)
		return bad(err, "shard");
	run->shard = (uint32_t)shard;
	run->shards = (uint32_t)shards;
	run->merged = (uint32_t)merged;
	run->ports = (uint32_t)ports;
	return 0;
}

static int read_run(const json_t *record, struct merge_run *read, struct err *err)
{
	struct scan_run *run = &read->run;
	const char *command = json_string_value(json_object_get(record, "command"));
	int64_t targets, addresses;

	if (!command || strcmp(command, "scan") != 0)
		return err_set(err, ERR_USAGE, "a run of shakedown %s, not of a scan",
			       command ? command : "(nothing)");
	*run = (struct scan_run){.version = read->version, .way = read->way};
	if (get_text(record, "version", read->version, err) < 0 ||
	    get_text(record, "way", read->way, err) < 0 || get_mode(record, &run->mode, err) < 0 ||
	    get_count(record, "targets", INT64_MAX, &targets, err) < 0 ||
	    get_count(record, "addresses", INT64_MAX, &addresses, err) < 0 ||
	    get_wide(record, "seed", 10, &run->seed, err) < 0 ||
	    get_wide(record, "fingerprint", 16, &run->fingerprint, err) < 0 ||
	    get_shard(record, run, err) < 0 ||
	    get_count(record, "started_ns", INT64_MAX / 2, &run->started_ns, err) < 0 ||
	    get_bool(record, "resumed", &run->resumed, err) < 0)
		return -1;
	if (!json_is_number(json_object_get(record, "rate")))
		return bad(err, "rate");
	run->rate = json_number_value(json_object_get(record, "rate"));
	run->targets = (uint64_t)targets;
	run->addresses = (uint64_t)addresses;
	return 0;
}

/* --- summary --- */

static int add_count(const json_t *record, const char *key, uint64_t *to, struct err *err)
{
	int64_t value;

	if (get_count(record, key, INT64_MAX, &value, err) < 0)
		return -1;
	if (*to > (uint64_t)(INT64_MAX - value))
		return bad(err, key);
	*to += (uint64_t)value;
	return 0;
}

static int add_states(const json_t *record, const char *key, uint64_t to[SCAN_STATE_COUNT],
		      struct err *err)
{
	const json_t *states = json_object_get(record, key);

	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		if (add_count(states, scan_state_name((enum scan_state)i), &to[i], err) < 0)
			return bad(err, key);
	return 0;
}

/* Only those that occurred are there. */
static int add_tokens(const json_t *record, const char *key, enum token_kind kind,
		      uint64_t to[TOKEN_COUNT], struct err *err)
{
	json_t *tokens = json_object_get(record, key);

	if (!json_is_object(tokens))
		return bad(err, key);
	for (void *i = json_object_iter(tokens); i; i = json_object_iter_next(tokens, i)) {
		const char *name = json_object_iter_key(i);
		enum token token = strcmp(name, "icmp") == 0 && kind == TOKEN_KIND_HANDSHAKE
				       ? TOKEN_ICMP
				       : token_find(name, kind);

		if (token == TOKEN_NONE || add_count(tokens, name, &to[token], err) < 0)
			return bad(err, key);
	}
	return 0;
}

/* null: there were none. */
static int add_sketch(const json_t *figures, struct samples *to, struct err *err)
{
	const char *text = json_string_value(json_object_get(figures, "sketch"));
	struct samples samples;
	int rc;

	if (json_is_null(figures))
		return 0;
	samples_init(&samples, 0);
	if (!text || samples_from_text(&samples, text) < 0)
		return bad(err, "sketch");
	rc = samples_merge(to, &samples);
	samples_free(&samples);
	return rc == 0 ? 0 : err_set(err, ERR_INTERNAL, "memory: out of it, or too many values");
}

static int add_phases(const json_t *record, struct merge_sum *sum, struct err *err)
{
	const json_t *phases = json_object_get(record, "phases");

	for (unsigned i = 0; i < SCAN_PHASE_COUNT; i++) {
		json_t *phase = json_object_get(phases, scan_phase_name((enum scan_phase)i));

		if (!json_is_object(phase))
			return bad(err, "phases");
		for (void *at = json_object_iter(phase); at;
		     at = json_object_iter_next(phase, at)) {
			enum token token = token_find(json_object_iter_key(at), TOKEN_KIND_CLOSE);

			if (token == TOKEN_NONE)
				return bad(err, "phases");
			if (add_sketch(json_object_iter_value(at), &sum->phases[i][token], err) < 0)
				return -1;
		}
	}
	return 0;
}

/* The estimate of a shard counts by its answers. */
static int add_loss(const json_t *record, struct merge_sum *sum, struct err *err)
{
	const json_t *loss = json_object_get(record, "loss_estimate");
	int64_t answered;

	if (json_is_null(loss))
		return 0;
	if (!json_is_number(loss) || !(json_number_value(loss) >= 0) ||
	    get_count(record, "answered", INT64_MAX, &answered, err) < 0)
		return bad(err, "loss_estimate");
	sum->loss += json_number_value(loss) * (double)answered;
	sum->loss_answers += (uint64_t)answered;
	return 0;
}

static int read_end(const json_t *record, struct merge_sum *sum, struct err *err)
{
	bool interrupted = false;

	sum->records = -1;
	if (!json_is_null(json_object_get(record, "records")) &&
	    get_count(record, "records", INT64_MAX, &sum->records, err) < 0)
		return -1;
	if (get_count(record, "elapsed_ns", INT64_MAX / 2, &sum->elapsed_ns, err) < 0 ||
	    get_bool(record, "interrupted", &interrupted, err) < 0 ||
	    get_bool(record, "complete", &sum->complete, err) < 0)
		return -1;
	sum->summary.interrupted |= interrupted;
	return 0;
}

static int add_summary(const json_t *record, struct merge_sum *sum, struct err *err)
{
	struct scan_summary *summary = &sum->summary;

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		void *counter = (char *)summary + counters[i].offset;

		if (add_count(record, counters[i].key, counter, err) < 0)
			return -1;
	}
	if (add_states(record, "found", summary->counts.states, err) < 0 ||
	    add_states(record, "states", summary->states, err) < 0 ||
	    add_tokens(record, "handshakes", TOKEN_KIND_HANDSHAKE, summary->handshakes, err) < 0 ||
	    add_tokens(record, "closes", TOKEN_KIND_CLOSE, summary->closes, err) < 0 ||
	    add_loss(record, sum, err) < 0 || read_end(record, sum, err) < 0)
		return -1;
	if (!json_object_get(record, "rtt"))
		return bad(err, "rtt");
	return add_sketch(json_object_get(record, "rtt"), &sum->rtt, err) < 0
		   ? -1
		   : add_phases(record, sum, err);
}

/* --- records --- */

static enum merge_kind kind_of(const json_t *record, struct merge_run *run, struct merge_sum *sum,
			       struct err *err)
{
	const char *type = json_string_value(json_object_get(record, "type"));
	const char *schema = json_string_value(json_object_get(record, "schema"));

	if (!type || !schema || strcmp(schema, REPORT_SCHEMA) != 0) {
		err_set(err, ERR_USAGE, "no record of shakedown scan --json");
		return MERGE_BAD;
	}
	if (strcmp(type, "port") == 0)
		return MERGE_PORT;
	if (strcmp(type, "run") == 0)
		return read_run(record, run, err) < 0 ? MERGE_BAD : MERGE_RUN;
	if (strcmp(type, "summary") == 0)
		return add_summary(record, sum, err) < 0 ? MERGE_BAD : MERGE_SUMMARY;
	err_set(err, ERR_USAGE, "a record of type \"%s\" is none of a scan's", type);
	return MERGE_BAD;
}

/* --- port records, of which there may be a thousand million --- */

/* "text" of plain characters, without escapes; NULL if it is not that. */
static const char *skip_text(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (*at >= ' ' && *at <= '~' && *at != '"' && *at != '\\')
		at++;
	return *at == '"' ? at + 1 : NULL;
}

/* A text, an integer, true, false or null. */
static const char *skip_value(const char *at)
{
	static const char *const words[] = {"true", "false", "null"};

	if (*at == '"')
		return skip_text(at);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	if (*at == '0')
		return at + 1;
	return *at >= '1' && *at <= '9' ? at + strspn(at, "0123456789") : NULL;
}

/* A port's record as scans write it: JSON without doubt, and at a tenth of
 * jansson's price. */
static bool is_plain_port(const char *line)
{
	static const char head[] = "{\"type\":\"port\",\"schema\":\"" REPORT_SCHEMA "\"";
	const char *at = line + sizeof(head) - 1;

	if (strncmp(line, head, sizeof(head) - 1) != 0)
		return false;
	while (*at == ',') {
		at = skip_text(at + 1);
		at = at && *at == ':' ? skip_value(at + 1) : NULL;
		if (!at)
			return false;
	}
	return strcmp(at, "}\n") == 0;
}

/* --- the header's functions --- */

enum merge_kind merge_record(const char *line, struct merge_run *run, struct merge_sum *sum,
			     struct err *err)
{
	enum merge_kind kind;
	json_error_t why;
	json_t *record;

	if (is_plain_port(line))
		return MERGE_PORT;
	record = json_loads(line, JSON_REJECT_DUPLICATES, &why);
	if (!record) {
		err_set(err, ERR_USAGE, "no JSON: %s", why.text);
		return MERGE_BROKEN;
	}
	kind = kind_of(record, run, sum, err);
	json_decref(record);
	return kind;
}

void merge_sum_link(struct merge_sum *sum)
{
	sum->summary.rtt = &sum->rtt;
	for (unsigned i = 0; i < SCAN_PHASE_COUNT; i++)
		for (unsigned token = 0; token < TOKEN_COUNT; token++)
			sum->summary.phases[i][token] = &sum->phases[i][token];
}

void merge_sum_free(struct merge_sum *sum)
{
	samples_free(&sum->rtt);
	for (unsigned i = 0; i < SCAN_PHASE_COUNT; i++)
		for (unsigned token = 0; token < TOKEN_COUNT; token++)
			samples_free(&sum->phases[i][token]);
}
