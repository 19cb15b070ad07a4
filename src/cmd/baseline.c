/* SPDX-License-Identifier: BSD-2-Clause */
/* command: an earlier run's NDJSON -> round-trip times by target. jansson reads the JSON. */
#include "cmd/baseline.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *target;
	struct samples samples;
};

struct baseline {
	struct entry *entries;
	size_t count;
};

static struct entry *entry_for(struct baseline *baseline, const char *target)
{
	struct entry *more;

	for (size_t i = 0; i < baseline->count; i++)
		if (strcmp(baseline->entries[i].target, target) == 0)
			return &baseline->entries[i];
	more = realloc(baseline->entries, (baseline->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	baseline->entries = more;
	more = &baseline->entries[baseline->count];
	more->target = strdup(target);
	if (!more->target)
		return NULL;
	samples_init(&more->samples, 0);
	baseline->count++;
	return more;
}

/* A record of another type, or without a time, adds nothing. */
static int take_record(struct baseline *baseline, const json_t *record, struct err *err)
{
	const char *type = json_string_value(json_object_get(record, "type"));
	const char *target = json_string_value(json_object_get(record, "target"));
	const json_t *rtt = json_object_get(record, "rtt_ns");
	struct entry *entry;

	if (!type || strcmp(type, "rtt") != 0 || !target || !json_is_integer(rtt))
		return 0;
	entry = entry_for(baseline, target);
	if (!entry || samples_add(&entry->samples, json_integer_value(rtt)) < 0)
		return err_set(err, ERR_USAGE, "round-trip time out of range, or memory out");
	return 0;
}

static int take_lines(struct baseline *baseline, FILE *in, struct err *err)
{
	char *line = NULL;
	size_t room = 0, number = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &room, in) > 0) {
		json_error_t why;
		json_t *record = json_loads(line, 0, &why);

		number++;
		if (!record)
			rc = err_set(err, ERR_USAGE, "line %zu: no JSON: %s", number, why.text);
		else
			rc = take_record(baseline, record, err);
		json_decref(record);
	}
	if (rc == 0 && ferror(in))
		rc = err_set(err, ERR_USAGE, "cannot read it: %s", strerror(errno));
	free(line);
	return rc;
}

struct baseline *baseline_read(const char *path, struct err *err)
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));
	FILE *in = fopen(path, "r");
	struct err why = {.class = ERR_NONE};

	if (!baseline || !in)
		err_set(&why, ERR_USAGE, "%s", strerror(errno));
	else if (take_lines(baseline, in, &why) == 0 && baseline->count == 0)
		err_set(&why, ERR_USAGE,
			"no round-trip times in it: write it with shakedown rtt -J -o FILE");
	if (in)
		fclose(in);
	if (why.class == ERR_NONE)
		return baseline;
	err_set(err, why.class, "--baseline: %s: %s", path, why.text);
	baseline_free(baseline);
	return NULL;
}

void baseline_free(struct baseline *baseline)
{
	if (!baseline)
		return;
	for (size_t i = 0; i < baseline->count; i++) {
		free(baseline->entries[i].target);
		samples_free(&baseline->entries[i].samples);
	}
	free(baseline->entries);
	free(baseline);
}

struct samples *baseline_of(struct baseline *baseline, const char *target)
{
	for (size_t i = 0; i < baseline->count; i++)
		if (strcmp(baseline->entries[i].target, target) == 0)
			return &baseline->entries[i].samples;
	return NULL;
}
