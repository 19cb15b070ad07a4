/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scenarios, for programs: one JSON object per line. doc/shakedown.schema.json. */
#include <string.h>

#include "report/json.h"
#include "report/rtt.h"
#include "report/test.h"

static const char *const profile_names[] = {
    [PROFILE_QUICK] = "quick",
    [PROFILE_DEFAULT] = "default",
    [PROFILE_FULL] = "full",
};

static void begin(struct json *json, const struct test_style *style, const char *type)
{
	jsonl_begin(json, style->style->out);
	jsonl_text(json, "type", type);
	jsonl_text(json, "schema", REPORT_SCHEMA);
}

void test_ndjson_run(const struct test_style *style, const struct test_run_info *info)
{
	struct json json;

	begin(&json, style, "run");
	jsonl_text(&json, "tool", "shakedown");
	jsonl_text(&json, "version", info->version);
	jsonl_text(&json, "command", "test");
	jsonl_int(&json, "started_ns", info->started_ns);
	jsonl_int(&json, "targets", (int64_t)info->targets);
	jsonl_int(&json, "scenarios", info->scenarios);
	jsonl_text(&json, "profile", info->profile);
	jsonl_end(&json);
}

static void put_target(struct json *json, const struct test_target *target)
{
	rtt_ndjson_where(json, target->name, &target->remote);
}

static void put_segments(const struct test_style *style, const struct test_record *record,
			 unsigned number)
{
	const struct probe *probe = record->result->connections[number];

	for (uint32_t i = 0; i < probe->timeline.count; i++) {
		struct json json;

		begin(&json, style, "segment");
		put_target(&json, record->target);
		jsonl_text(&json, "scenario", record->result->scenario->id);
		jsonl_int(&json, "connection", number + 1);
		ndjson_segment_members(&json, probe, &probe->timeline.moments[i]);
		jsonl_end(&json);
	}
}

/* What is noted twice under one key has its latest value, and is there once. */
static void put_findings(struct json *json, const struct finding *findings, unsigned count)
{
	jsonl_open(json, "findings");
	for (unsigned i = 0; i < count; i++) {
		bool again = false;

		for (unsigned j = i + 1; j < count && !again; j++)
			again = strcmp(findings[i].key, findings[j].key) == 0;
		if (again)
			continue;
		if (findings[i].text)
			jsonl_text(json, findings[i].key, findings[i].value);
		else
			jsonl_literal(json, findings[i].key, findings[i].value);
	}
	jsonl_close(json);
}

static void put_scenario(struct json *json, const struct scenario *scenario)
{
	jsonl_text(json, "scenario", scenario->id);
	jsonl_text(json, "title", scenario->title);
	jsonl_text(json, "group", scenario->family);
	jsonl_text(json, "rfc", scenario->rfc);
	jsonl_text(json, "level", scenario->level);
	jsonl_text(json, "sends", scenario->sends);
	jsonl_text(json, "profile", profile_names[scenario->profile]);
}

static void put_accepted(struct json *json, const struct test_record *record)
{
	static const char *const names[] = {
	    [ACCEPTED_NOT_ASKED] = NULL,
	    [ACCEPTED_AS_LISTED] = "as-listed",
	    [ACCEPTED_CHANGED] = "changed",
	};

	jsonl_text(json, "accepted", names[record->accepted]);
	jsonl_text(json, "listed", record->listed);
	jsonl_bool(json, "as_asked", record->as_asked);
}

void test_ndjson_result(const struct test_style *style, const struct test_record *record)
{
	const struct result *result = record->result;
	struct json json;

	for (unsigned i = 0; style->style->segments && i < result->connection_count; i++)
		put_segments(style, record, i);
	begin(&json, style, "scenario");
	put_target(&json, record->target);
	put_scenario(&json, result->scenario);
	jsonl_text(&json, "judgement", judgement_info(result->judgement)->name);
	jsonl_text(&json, "seen", result->seen);
	jsonl_text(&json, "doubt", result->doubt);
	jsonl_int(&json, "attempts", result->attempts);
	jsonl_int(&json, "agreeing", result->agreeing);
	jsonl_int(&json, "connections", result->connection_count);
	put_findings(&json, result->findings, result->finding_count);
	put_accepted(&json, record);
	jsonl_int(&json, "elapsed_ns", result->elapsed_ns);
	jsonl_end(&json);
}

/* Of those judgements that were given. */
static void put_judgement(struct json *json, unsigned judgement, uint64_t count)
{
	if (count > 0)
		jsonl_int(json, judgement_info((enum judgement)judgement)->name, (int64_t)count);
}

void test_ndjson_end(const struct test_style *style, const struct test_end *end)
{
	struct json json;

	begin(&json, style, "target");
	put_target(&json, end->target);
	jsonl_text(&json, "service", end->target->service);
	jsonl_text(&json, "close_report", end->close_report);
	put_findings(&json, end->findings, end->finding_count);
	jsonl_open(&json, "judgements");
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		put_judgement(&json, i, end->counts[i]);
	jsonl_close(&json);
	jsonl_int(&json, "changed", end->changed);
	jsonl_int(&json, "connections", end->connections);
	jsonl_int(&json, "left_open", end->left_open);
	jsonl_bool(&json, "lossy", end->lossy);
	jsonl_int(&json, "elapsed_ns", end->elapsed_ns);
	jsonl_text(&json, "error", end->error);
	jsonl_end(&json);
}

void test_ndjson_summary(const struct test_style *style, const struct test_summary *summary)
{
	struct json json;

	begin(&json, style, "summary");
	jsonl_int(&json, "targets", (int64_t)summary->targets);
	jsonl_int(&json, "untestable", (int64_t)summary->untestable);
	jsonl_int(&json, "results", (int64_t)summary->results);
	jsonl_int(&json, "not_as_asked", (int64_t)summary->not_as_asked);
	jsonl_int(&json, "changed", (int64_t)summary->changed);
	jsonl_open(&json, "judgements");
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		put_judgement(&json, i, summary->counts[i]);
	jsonl_close(&json);
	jsonl_int(&json, "connections", (int64_t)summary->connections);
	jsonl_int(&json, "left_open", (int64_t)summary->left_open);
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
