/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown test`: what its options set, beside those that it has in common with probe. */
#ifndef SHAKEDOWN_CMD_TEST_SETTINGS_H
#define SHAKEDOWN_CMD_TEST_SETTINGS_H

#include "cmd/probe_settings.h"
#include "report/test.h"
#include "script/catalogue.h"

#define SCRIPTS_MAX 64

struct test_settings {
	struct probe_settings probe; /* first: setters of both take either */
	struct selection selection;
	char *scripts[SCRIPTS_MAX]; /* words of the command line */
	unsigned script_count;
	const char *app, *format; /* "text", "ndjson", "tap", "junit" */
	uint8_t *partial, *response;
	size_t partial_len, response_len;
	int64_t lanes, targets_at_once;
	enum test_ladders ladders;
	const char *expect;
	bool update_expected;
};

extern const struct option_row test_options[], list_options[];

void test_settings_init(struct test_settings *settings);
/* -1 with `err`; what contradicts itself is refused. */
int test_settings_read(struct test_settings *settings, int argc, char **argv, struct err *err);

#endif
