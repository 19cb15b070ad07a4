/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown rtt --trace`: the same SYN with rising TTL -> the routers on the way. */
#ifndef SHAKEDOWN_CMD_TRACE_H
#define SHAKEDOWN_CMD_TRACE_H

#include "cmd/exit.h"
#include "cmd/rtt_settings.h"
#include "cmd/session.h"

/* Opens the session, traces, and writes the results; the session stays to be closed. 0 if the
 * server answered and nothing was left open, else 1; with `err`, what that says. */
enum exit_status trace_run(struct rtt_settings *settings, struct session *session, struct err *err);

#endif
