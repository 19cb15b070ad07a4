/* SPDX-License-Identifier: BSD-2-Clause */
/* What doctor.c (asking and printing) and doctor_checks.c (judging) share, and nobody else. */
#ifndef SHAKEDOWN_CMD_DOCTOR_H
#define SHAKEDOWN_CMD_DOCTOR_H

#include "cmd/probe_settings.h"
#include "cmd/selftest.h"
#include "net/host.h"

enum doctor_status { STATUS_OK, STATUS_NOTE, STATUS_PROBLEM, STATUS_COUNT };

/* What a check found. In the remedy, a new line begins a command, which is never broken. */
struct doctor_finding {
	enum doctor_status status;
	char text[1024];
	char remedy[512]; /* empty: there is none, or none is needed */
};

/* All that was asked and tested. */
struct doctor {
	struct probe_settings settings; /* the defaults */
	struct err privilege;           /* ERR_NONE: it is here */
	struct selftest four, six;      /* opened only with the privilege */
	bool loopback_up;
	struct host_interface *interfaces; /* without loopback */
	size_t interface_count;
	struct err interfaces_err;
};

struct doctor_check {
	const char *name;
	void (*look)(const struct doctor *doctor, struct doctor_finding *finding);
};

/* Ends with a row without a name. */
extern const struct doctor_check doctor_checks[];

#endif
