/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage: what scripts ask of the engine, and what it tells them. Scripts know no network and no
 * clock but through this; the engine knows nothing of scripts. Times in nanoseconds, of a clock
 * that never steps back, but stamps, which are the capture's.
 *
 * Nothing is called from within a call of the other side: what the engine reports is only noted,
 * and acted upon in the player's turn.
 */
#ifndef SHAKEDOWN_SCRIPT_STAGE_H
#define SHAKEDOWN_SCRIPT_STAGE_H

#include "probe/scripted.h"
#include "wire/craft.h"

struct stage_open {
	uint32_t target;
	const struct plan *plan; /* must live as long as the connection */
	uint16_t remote_port;    /* 0: the target's */
	bool raw;                /* without a machine: nothing is sent */
	void *connection;        /* whose it is: comes back in the player's calls */
};

struct stage_segment {
	struct segment seg;
	struct ip_fields ip;
	struct craft_faults faults;
	bool count; /* part of the conversation */
};

/* What the engine does for the player. */
struct stage {
	void *arg;
	int64_t (*now_ns)(void *arg);
	/* The connection's probe, which stays where it is until `ended`; NULL with `error` (which
	 * lives until the next call), or without: there is no room just now. */
	struct probe *(*open)(void *arg, const struct stage_open *open, uint32_t *handle,
			      const char **error);
	/* Sends a crafted segment. */
	void (*send)(void *arg, uint32_t handle, const struct stage_segment *segment);
	/* Carries out what a call of scripted.h put there. */
	void (*settle)(void *arg, uint32_t handle, const struct probe_output *out);
};

/* What the engine tells the player. */
struct stage_player {
	void *arg;
	/* A segment or ICMP error of the connection, after its probe took it. */
	void (*seen)(void *arg, void *connection, const struct packet *packet, int64_t stamp_ns,
		     bool ours);
	/* Its probe is done, and its memory is gone after this. */
	void (*ended)(void *arg, void *connection, const struct probe *probe, const char *error,
		      bool capture_dropped);
	/* Once in each turn of the loop: do what is due. */
	void (*turn)(void *arg);
	/* When the next thing is due; INT64_MAX: nothing is. */
	int64_t (*next_ns)(const void *arg);
	/* No more connections: the run is to end. */
	void (*stop)(void *arg);
	/* Nothing is left to do. */
	bool (*done)(const void *arg);
};

#endif
