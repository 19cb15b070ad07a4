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
	json_begin(json, style->style->out);
	json_text(json, "type", type);
	json_text(json, "schema", REPORT_SCHEMA);
}

void test_ndjson_run(const struct test_style *style, const struct test_run_info *info)
{
	struct json json;

	begin(&json, style, "run");
	json_text(&json, "tool", "shakedown");
	json_text(&json, "version", info->version);
	json_text(&json, "command", "test");
	json_int(&json, "started_ns", info->started_ns);
	json_int(&json, "targets", (int64_t)info->targets);
	json_int(&json, "scenarios", info->scenarios);
	json_text(&json, "profile", info->profile);
	json_end(&json);
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
		json_text(&json, "scenario", record->result->scenario->id);
		json_int(&json, "connection", number + 1);
		ndjson_segment_members(&json, probe, &probe->timeline.moments[i]);
		json_end(&json);
	}
}

/* What is noted twice under one key has its latest value, and is there once. */
static void put_findings(struct json *json, const struct finding *findings, unsigned count)
{
	json_open(json, "findings");
	for (unsigned i = 0; i < count; i++) {
		bool again = false;

		for (unsigned j = i + 1; j < count && !again; j++)
			again = strcmp(findings[i].key, findings[j].key) == 0;
		if (again)
			continue;
		if (findings[i].text)
			json_text(json, findings[i].key, findings[i].value);
		else
			json_literal(json, findings[i].key, findings[i].value);
	}
	json_close(json);
}

static void put_scenario(struct json *json, const struct scenario *scenario)
{
	json_text(json, "scenario", scenario->id);
	json_text(json, "title", scenario->title);
	json_text(json, "group", scenario->family);
	json_text(json, "rfc", scenario->rfc);
	json_text(json, "level", scenario->level);
	json_text(json, "sends", scenario->sends);
	json_text(json, "profile", profile_names[scenario->profile]);
}

static void put_accepted(struct json *json, const struct test_record *record)
{
	static const char *const names[] = {
	    [ACCEPTED_NOT_ASKED] = NULL,
	    [ACCEPTED_AS_LISTED] = "as-listed",
	    [ACCEPTED_CHANGED] = "changed",
	};

	json_text(json, "accepted", names[record->accepted]);
	json_text(json, "listed", record->listed);
	json_bool(json, "as_asked", record->as_asked);
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
	json_text(&json, "judgement", judgement_info(result->judgement)->name);
	json_text(&json, "seen", result->seen);
	json_text(&json, "doubt", result->doubt);
	json_int(&json, "attempts", result->attempts);
	json_int(&json, "agreeing", result->agreeing);
	json_int(&json, "connections", result->connection_count);
	put_findings(&json, result->findings, result->finding_count);
	put_accepted(&json, record);
	json_int(&json, "elapsed_ns", result->elapsed_ns);
	json_end(&json);
}

/* Of those judgements that were given. */
static void put_judgement(struct json *json, unsigned judgement, uint64_t count)
{
	if (count > 0)
		json_int(json, judgement_info((enum judgement)judgement)->name, (int64_t)count);
}

void test_ndjson_end(const struct test_style *style, const struct test_end *end)
{
	struct json json;

	begin(&json, style, "target");
	put_target(&json, end->target);
	json_text(&json, "service", end->target->service);
	json_text(&json, "close_report", end->close_report);
	put_findings(&json, end->findings, end->finding_count);
	json_open(&json, "judgements");
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		put_judgement(&json, i, end->counts[i]);
	json_close(&json);
	json_int(&json, "changed", end->changed);
	json_int(&json, "connections", end->connections);
	json_int(&json, "left_open", end->left_open);
	json_bool(&json, "lossy", end->lossy);
	json_int(&json, "elapsed_ns", end->elapsed_ns);
	json_text(&json, "error", end->error);
	json_end(&json);
}

void test_ndjson_summary(const struct test_style *style, const struct test_summary *summary)
{
	struct json json;

	begin(&json, style, "summary");
	json_int(&json, "targets", (int64_t)summary->targets);
	json_int(&json, "untestable", (int64_t)summary->untestable);
	json_int(&json, "results", (int64_t)summary->results);
	json_int(&json, "not_as_asked", (int64_t)summary->not_as_asked);
	json_int(&json, "changed", (int64_t)summary->changed);
	json_open(&json, "judgements");
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		put_judgement(&json, i, summary->counts[i]);
	json_close(&json);
	json_int(&json, "connections", (int64_t)summary->connections);
	json_int(&json, "left_open", (int64_t)summary->left_open);
	json_int(&json, "frames", (int64_t)summary->frames);
	json_int(&json, "frames_refused", (int64_t)summary->refused);
	json_int(&json, "frames_damaged", (int64_t)summary->damaged);
	json_int(&json, "frames_unmatched", (int64_t)summary->unmatched);
	json_int(&json, "capture_dropped", (int64_t)summary->dropped_ring);
	json_int(&json, "interface_dropped", (int64_t)summary->dropped_interface);
	json_int(&json, "elapsed_ns", summary->elapsed_ns);
	json_bool(&json, "interrupted", summary->interrupted);
	json_end(&json);
}
