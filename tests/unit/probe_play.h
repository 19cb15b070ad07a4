/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A probe without a network: a script plays the server and the capture. Numbers are relative to the
 * initial ones, times in milliseconds; each segment of the probe is shown to it by the capture at
 * the play's present time as soon as it was sent.
 */
#ifndef SHAKEDOWN_TESTS_PROBE_PLAY_H
#define SHAKEDOWN_TESTS_PROBE_PLAY_H

#include "probe/probe.h"
#include "probe/verdict.h"

struct play {
	struct plan plan;
	struct probe probe;
	struct moment moments[64];
	int64_t now_ms;
	int64_t timers[PROBE_TIMER_COUNT]; /* ms; -1: stopped */
	uint32_t iss, irs;
	struct segment last; /* the latest segment of the probe's */
	unsigned sent;
	bool capture_blind; /* the capture shows nothing of ours */
};

/* A fresh probe with the plan of `shakedown probe`'s defaults, not yet opened: change play->plan
 * first if need be. */
void play_init(struct play *play, uint32_t iss, uint32_t irs);
void play_open(struct play *play);

/* A segment of the server's arrives `after_ms` later. */
void play_server(struct play *play, int64_t after_ms, uint16_t flags, uint32_t seq, uint32_t ack,
		 uint32_t data_len);
void play_icmp(struct play *play, int64_t after_ms, uint8_t type, uint8_t code);

/* Time passes; timers fire in order. */
void play_wait(struct play *play, int64_t ms);

/* SYN, SYN-ACK 10 ms later, ACK. */
void play_handshake(struct play *play);

const char *play_handshake_token(const struct play *play);
const char *play_close_token(const struct play *play);

#endif
