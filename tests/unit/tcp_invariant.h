/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold of the machine after each event, whatever the event was: for tests with random
 * events, simulations, and the fuzzer.
 */
#ifndef SHAKEDOWN_TESTS_TCP_INVARIANT_H
#define SHAKEDOWN_TESTS_TCP_INVARIANT_H

#include "tcp/tcb.h"

/* The largest rcv_wnd that can be watched. */
#define WATCH_WINDOW_MAX 16384

struct watch {
	struct tcb tcb;
	struct tcb_config config;
	struct tcb_path path;
	struct tcb_result result;
	int64_t now_ns;
	uint32_t running; /* the timers by their actions */
	int64_t due_ns[TCB_TIMER_COUNT];
	uint32_t largest_wnd;       /* that any segment of the peer has offered */
	bool got[WATCH_WINDOW_MAX]; /* text that arrived: a ring by sequence number */
	uint64_t delivered;
	uint32_t syn_mss;          /* of the peer; 0: none */
	unsigned long states_seen; /* bit n: state n was entered */
};

/* `watch->config` and `watch->path` are set before. */
void watch_init(struct watch *watch, int64_t now_ns);

/* One step of the machine, timers kept. NULL, or the rule that was broken. */
const char *watch_step(struct watch *watch, struct tcb_event *event);

/* As watch_step() for the running timer that is due first; time goes on to it. False if none runs.
 */
bool watch_fire_next(struct watch *watch, const char **broken);

#endif
