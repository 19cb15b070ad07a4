/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard's self-test, for `shakedown doctor`: a real probe over loopback, of a listener of this
 * process -> does the guard hold here?
 */
#ifndef SHAKEDOWN_CMD_SELFTEST_H
#define SHAKEDOWN_CMD_SELFTEST_H

#include "engine.h"

enum selftest_result {
	SELFTEST_PASSED,
	SELFTEST_NO_ADDRESS, /* there is no loopback address of this IP version */
	SELFTEST_CANNOT,     /* it could not even be opened: `why` */
	SELFTEST_FAILED,     /* a firewall or the kernel meddles: `why` */
};

struct selftest {
	struct plan plan;
	struct engine_signals signals; /* nobody sets them: a signal just ends the process */
	struct engine_target target;
	struct engine *engine;
	int listener;
	enum selftest_result result;
	char why[768];
	int64_t rtt_ns; /* of the handshake; -1: unknown */
};

/* Opens all that needs privileges, which may be given up then. `like`: the plan that probes have
 * by default. */
void selftest_open(struct selftest *test, enum ip_version version, const struct plan *like);
void selftest_run(struct selftest *test);
void selftest_close(struct selftest *test);

#endif
