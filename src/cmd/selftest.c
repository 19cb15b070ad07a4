/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard's self-test: a listener on loopback and the engine -> a handshake that opens, a reset
 * that is confirmed, and no RST but ours; or why not.
 */
#include "cmd/selftest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/host.h"
#include "probe/verdict.h"

#define SNAP_LEN    2048
#define RETRIES     1 /* over loopback nothing is lost by chance */
#define DEADLINE_NS INT64_C(10000000000)

static void on_outcome(void *arg, const struct engine_outcome *outcome)
{
	struct selftest *test = arg;
	const struct probe *probe = outcome->probe;
	char evidence[EVIDENCE_MAX], token[TOKEN_TEXT_MAX];
	const char *seen;
	enum token handshake;

	test->result = SELFTEST_FAILED;
	if (outcome->error || !probe) {
		snprintf(test->why, sizeof(test->why), "%s",
			 outcome->error ? outcome->error : "not started");
		return;
	}
	handshake = verdict_handshake(probe);
	test->rtt_ns = facts_handshake_rtt_ns(&probe->facts);
	verdict_evidence(probe, evidence);
	seen = verdict_text(probe, handshake, token);
	if (!token_info(handshake)->graceful)
		snprintf(test->why, sizeof(test->why),
			 "no handshake with a listener over loopback: %s: %s",
			 seen ? seen : "unfinished", evidence);
	else if (!probe->reset_confirmed)
		snprintf(test->why, sizeof(test->why),
			 "a reset over loopback was not confirmed: %s", evidence);
	else
		test->result = SELFTEST_PASSED;
}

void selftest_open(struct selftest *test, enum ip_version version, const struct plan *like)
{
	struct err err = {.class = ERR_NONE};
	struct engine_config config = {.plan = &test->plan,
				       .targets = &test->target,
				       .target_count = 1,
				       .key_fd = -1,
				       .rounds = 1,
				       .rate = 1,
				       .max_live = 1,
				       .deadline_ns = DEADLINE_NS,
				       .snap_len = SNAP_LEN,
				       .tstamp_type = -1,
				       .guard = true,
				       .signals = &test->signals,
				       .sink = {.arg = test, .outcome = on_outcome}};

	*test = (struct selftest){.plan = *like, .result = SELFTEST_CANNOT, .rtt_ns = -1};
	test->plan.close = PLAN_CLOSE_RST;
	test->plan.tcb.retries = RETRIES;
	test->plan.tcb.syn_retries = RETRIES;
	test->plan.reset_retries = RETRIES;
	test->plan.reset_silent_retries = RETRIES;
	test->listener = host_listen(version, &test->target.addr, &test->target.port);
	if (test->listener < 0) {
		if (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)
			test->result = SELFTEST_NO_ADDRESS;
		snprintf(test->why, sizeof(test->why), "listener on loopback: %s", strerror(errno));
		return;
	}
	test->engine = engine_open(&config, &err);
	if (!test->engine)
		snprintf(test->why, sizeof(test->why), "%s", err.text);
}

void selftest_run(struct selftest *test)
{
	struct err err = {.class = ERR_NONE};
	const char *text = err.text;
	int len;

	if (!test->engine || engine_run(test->engine, &err) == 0)
		return;
	/* The error of a broken guard says where it was found, and sends people to us. */
	if (strncmp(text, "guard: ", strlen("guard: ")) == 0)
		text += strlen("guard: ");
	len = (int)(strstr(text, "; `") ? strstr(text, "; `") - text : (ptrdiff_t)strlen(text));
	test->result = SELFTEST_FAILED;
	snprintf(test->why, sizeof(test->why), "%.*s", len, text);
}

void selftest_close(struct selftest *test)
{
	engine_close(test->engine);
	host_listen_end(test->listener);
	free(test->target.error);
}
