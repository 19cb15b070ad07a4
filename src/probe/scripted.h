/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A probe that a script steers: the plan's close is PLAN_CLOSE_SCRIPT, and instead of phases the
 * calls below say what happens next. The machine answers as ever, unless it is muted, or there is
 * none (`raw`): then the numbers follow what is sent and what comes. Pure.
 */
#ifndef SHAKEDOWN_PROBE_SCRIPTED_H
#define SHAKEDOWN_PROBE_SCRIPTED_H

#include "probe/probe.h"

/* Begins a connection without a machine: nothing is sent. */
void scripted_begin_raw(struct probe *probe, uint32_t iss);

/* A segment that the script made is about to be sent. `count`: it is part of the conversation, so
 * that SND.NXT and the inference follow it. It never goes to `out`: the caller sends it. */
void scripted_crafted(struct probe *probe, const struct segment *seg, bool count);

/* For a connection without a machine: what came moves its numbers. */
void scripted_arrived(struct probe *probe, const struct segment *seg);

/* Data through the machine; they must live as long as the probe. False if it takes none now. */
bool scripted_write(struct probe *probe, const uint8_t *data, uint32_t len, int64_t now_ns,
		    struct probe_output *out);

/* The machine's FIN; the script goes on. */
void scripted_fin(struct probe *probe, int64_t now_ns, struct probe_output *out);

/* Hands the connection over to the plan's way of closing gracefully: the probe ends by itself. */
void scripted_close(struct probe *probe, int64_t now_ns, struct probe_output *out);

/* The script is through with it: what may be open is reset, and the server asked whether it is. */
void scripted_end(struct probe *probe, int64_t now_ns, struct probe_output *out);

#endif
