/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `shakedown doctor`: this host -> one line for each thing that probes rest on, and what to do
 * about what is not in place. It looks, and tests over loopback; it changes nothing.
 */
#include "cmd/doctor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/output.h"
#include "net/privilege.h"

#define TEXT_COLUMN   23 /* behind "PROBLEM  source ports  " */
#define REMEDY_COLUMN 17 /* behind "         remedy: " */

static const struct {
	const char *name;
	const char *colour;
} statuses[] = {
    [STATUS_OK] = {"ok", "32"},
    [STATUS_NOTE] = {"note", "33"},
    [STATUS_PROBLEM] = {"PROBLEM", "1;31"},
};
static_assert(sizeof(statuses) / sizeof(statuses[0]) == STATUS_COUNT, "a name for each status");

/* Words are wrapped; each further line of the remedy is a command, to be copied whole. */
static void print_remedy(const struct report_style *style, char *remedy)
{
	char *save = NULL;
	const char *part = strtok_r(remedy, "\n", &save);

	if (!part)
		return;
	style_wrap(style, REMEDY_COLUMN, "         remedy: ", part);
	while ((part = strtok_r(NULL, "\n", &save)) != NULL)
		fprintf(style->out, "%*s%s\n", REMEDY_COLUMN, "", part);
}

static void print_finding(const struct report_style *style, const char *name,
			  struct doctor_finding *finding)
{
	char on[16], label[TEXT_COLUMN + 32];

	snprintf(label, sizeof(label), "%s%-7s%s  %-12s  ",
		 style_on(style, statuses[finding->status].colour, on),
		 statuses[finding->status].name, style_off(style), name);
	style_wrap(style, TEXT_COLUMN, label, finding->text);
	print_remedy(style, finding->remedy);
}

/* The guards are tested as probes use them: after the privileges are gone. */
static int examine(struct doctor *doctor, struct err *err)
{
	host_interfaces(&doctor->interfaces, &doctor->interface_count, &doctor->interfaces_err);
	doctor->loopback_up = host_loopback_is_up();
	doctor->four.listener = doctor->six.listener = -1;
	if (privilege_check(&doctor->privilege) < 0)
		return 0;
	selftest_open(&doctor->four, IP_V4, &doctor->settings.plan);
	selftest_open(&doctor->six, IP_V6, &doctor->settings.plan);
	if (privilege_drop(false, err) < 0)
		return -1;
	selftest_run(&doctor->four);
	selftest_run(&doctor->six);
	return 0;
}

static enum exit_status report(const struct doctor *doctor, const struct report_style *style)
{
	enum exit_status status = EXIT_AS_ASKED;

	for (const struct doctor_check *check = doctor_checks; check->name; check++) {
		struct doctor_finding finding = {.status = STATUS_OK};

		check->look(doctor, &finding);
		print_finding(style, check->name, &finding);
		if (finding.status == STATUS_PROBLEM)
			status = EXIT_CANNOT;
	}
	return status;
}

int cmd_doctor(int argc, char **argv)
{
	struct err err = {.class = ERR_NONE};
	struct doctor doctor = {.interface_count = 0};
	enum exit_status status = EXIT_AS_ASKED;
	struct output output;

	if (argc > 1) {
		err_set(&err, ERR_USAGE, "doctor: '%s': it takes no options and no arguments",
			argv[1]);
		return (int)exit_with(&err);
	}
	probe_settings_init(&doctor.settings);
	if (examine(&doctor, &err) == 0 && output_open(&output, &doctor.settings, &err) == 0) {
		status = report(&doctor, &output.style);
		output_close(&output, &err);
	}
	/* The last first: an engine's janitor holds what was open when it was started. */
	selftest_close(&doctor.six);
	selftest_close(&doctor.four);
	free(doctor.interfaces);
	probe_settings_free(&doctor.settings);
	return (int)(err.class != ERR_NONE ? exit_with(&err) : status);
}
