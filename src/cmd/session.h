/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session: settings -> targets resolved, engine open, privileges given up, outputs open. What
 * every subcommand that probes has in common.
 */
#ifndef SHAKEDOWN_CMD_SESSION_H
#define SHAKEDOWN_CMD_SESSION_H

#include "cmd/output.h"
#include "cmd/probe_settings.h"
#include "engine.h"
#include "report/savefile.h"

struct session {
	struct probe_settings *settings;
	struct output output;
	struct engine_target *targets; /* one for each of the settings' */
	struct engine *engine;
	struct savefile *savefile;
	struct ip_addr from; /* -I with an address */
};

/* Looks the targets' names up and writes their requests. -1 with `err`. */
int session_targets(struct session *session, struct probe_settings *settings, struct err *err);

/* Fills in what the settings say of the engine; the sink and what differs are the caller's. */
void session_config(struct session *session, struct engine_config *config);

/* Opens engine, results, capture file; gives privileges and system calls up. -1 with `err`. */
int session_open(struct session *session, const struct engine_config *config, struct err *err);

/* For the engine's sink, with the session as `arg`: frames into the capture file. */
void session_frame(void *arg, const struct frame *frame);

/* Closes and frees all, the settings too; what could not be written goes into `err`. */
void session_close(struct session *session, struct err *err);

#endif
