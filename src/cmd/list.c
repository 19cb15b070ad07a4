/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown list scenarios`: the catalogue -> text or NDJSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/options.h"
#include "cmd/scenarios.h"
#include "cmd/test_settings.h"
#include "report/json.h"

#define ID_COLUMN 5

struct list_settings {
	bool json, help;
	char *scripts[SCRIPTS_MAX];
	unsigned script_count;
};

static int set_toggle_of_list(void *to, const char *value, int flag, struct err *err)
{
	struct list_settings *settings = to;

	(void)value;
	(void)err;
	*(flag ? &settings->json : &settings->help) = true;
	return 0;
}

static int set_script_of_list(void *to, const char *value, int flag, struct err *err)
{
	struct list_settings *settings = to;

	(void)flag;
	if (settings->script_count == SCRIPTS_MAX)
		return err_set(err, ERR_USAGE, "at most %d files", SCRIPTS_MAX);
	settings->scripts[settings->script_count++] = (char *)(uintptr_t)value;
	return 0;
}

const struct option_row list_options[] = {
    {"json", 'J', NULL, "What and how:", "NDJSON: one JSON object a line", set_toggle_of_list, 1},
    {"script", 0, "FILE", NULL, "those of this file too; may come again", set_script_of_list, 0},
    {"help", 'h', NULL, NULL, "this", set_toggle_of_list, 0},
    {NULL, 0, NULL, NULL, NULL, NULL, 0},
};

static void print_text(const struct scenario *scenario)
{
	int column = printf("  %s ", scenario->id);

	options_wrap(scenario->title, column, ID_COLUMN + 2, stdout);
	printf("%*s%s; %s, %.3g s at most%s\n", ID_COLUMN + 2, "", scenario->rfc,
	       profile_name(scenario->profile), scenario->takes_s,
	       scenario->intrusive ? ", intrusive" : "");
}

static void print_json(const struct scenario *scenario)
{
	struct json json;

	jsonl_begin(&json, stdout);
	jsonl_text(&json, "type", "scenario_info");
	jsonl_text(&json, "schema", REPORT_SCHEMA);
	jsonl_text(&json, "id", scenario->id);
	jsonl_text(&json, "family", scenario->family);
	jsonl_text(&json, "title", scenario->title);
	jsonl_text(&json, "rfc", scenario->rfc);
	jsonl_text(&json, "level", scenario->level);
	jsonl_text(&json, "sends", scenario->sends);
	jsonl_text(&json, "profile", profile_name(scenario->profile));
	jsonl_int(&json, "takes_ms", (int64_t)(scenario->takes_s * 1000));
	jsonl_bool(&json, "intrusive", scenario->intrusive);
	jsonl_text(&json, "needs", scenario->needs);
	jsonl_end(&json);
}

static void print_all(const struct catalogue *catalogue, bool json)
{
	const char *family = "";

	for (unsigned i = 0; i < catalogue->count; i++) {
		const struct scenario *scenario = &catalogue->scenarios[i];

		if (scenario->hidden)
			continue;
		if (json) {
			print_json(scenario);
			continue;
		}
		if (strcmp(family, scenario->family) != 0)
			printf("\n%s\n", scenario->family);
		family = scenario->family;
		print_text(scenario);
	}
}

int cmd_list(int argc, char **argv)
{
	struct list_settings settings = {.json = false};
	struct catalogue catalogue = {.files = NULL};
	struct err err = {.class = ERR_NONE};
	char path[PATH_MAX];
	int first;

	if (options_parse(list_options, argc, argv, &settings, &first, &err) < 0)
		return exit_with(&err);
	if (settings.help) {
		char *help[] = {argv[0], argv[0]};

		return command_find("help")->run(2, help);
	}
	if (argc - first != 1 || strcmp(argv[first], "scenarios") != 0) {
		err_set(&err, ERR_USAGE,
			"list: there are only scenarios to list: shakedown list "
			"scenarios");
		return exit_with(&err);
	}
	if (catalogue_read(&catalogue, scenarios_directory(path), settings.scripts,
			   settings.script_count, &err) == 0) {
		if (!settings.json)
			printf("Scenarios in %s\n", scenarios_directory(path));
		print_all(&catalogue, settings.json);
	}
	catalogue_free(&catalogue);
	return exit_with(&err);
}
