/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine: plan + targets -> probes carried out. One loop; the only place where the world (net/)
 * and the logic (probe/, tcp/, wire/) meet.
 *
 * Use: engine_open() (needs privileges), give the privileges up, engine_run(), engine_close().
 */
#ifndef SHAKEDOWN_ENGINE_H
#define SHAKEDOWN_ENGINE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/capture.h"
#include "probe/probe.h"
#include "script/stage.h"

struct engine;

/* Set by signal handlers, read by the loop; the signals are blocked but while it waits. */
struct engine_signals {
	volatile sig_atomic_t stop; /* 1: end every live probe; more: leave at once after resets */
	volatile sig_atomic_t interim; /* a summary is asked for */
};

struct engine_target {
	/* set by the caller */
	struct ip_addr addr;
	uint16_t port;
	unsigned scope_ifindex; /* IPv6 link-local; else 0 */
	const uint8_t *request; /* NULL: nothing is sent */
	uint32_t request_len;
	const struct plan *plan; /* NULL: the run's */
	bool skip; /* no more probes of it; may be set during a run whose rounds have an end */
	/* set by engine_open() */
	struct ip_addr src;
	uint32_t mtu;
	int capture; /* index; -1: there is no way to it, and `error` says why */
	char *error; /* malloc'ed; set by the caller already where there is no address */
};

/* What a finished probe is reported with. */
struct engine_outcome {
	uint32_t target;           /* index into the targets */
	uint32_t round;            /* 0 for the first probe of this target */
	const struct probe *probe; /* NULL when it could not even start */
	const char *error;         /* or NULL */
	const char *stamp;         /* where the times come from */
	bool capture_dropped;      /* the capture lost frames meanwhile: silence proves nothing */
};

struct engine_stats {
	uint64_t started, finished, left_open, frames, refused, damaged, unmatched, late,
	    send_again;
	uint64_t dropped_ring, dropped_interface;
};

struct engine_sink {
	void *arg;
	void (*outcome)(void *arg, const struct engine_outcome *outcome);
	void (*frame)(void *arg, const struct frame *frame); /* of our flows; or NULL */
	/* an answer to a probe that was reported already: to one given up, or (`duplicate`) the
	 * network's copy of an answer that had come; or NULL */
	void (*late)(void *arg, uint32_t target, bool duplicate);
	void (*interim)(void *arg, const struct engine_stats *stats);
};

struct engine_config {
	const struct plan *plan;
	struct engine_target *targets;
	uint32_t target_count;
	uint32_t rounds;            /* probes of each target; 0: without end */
	int64_t interval_ns;        /* between the rounds */
	uint32_t rate;              /* probes started per second, at most */
	uint32_t max_live;          /* probes at once, at most */
	uint32_t window;            /* of them not reported yet, at most; 0: all */
	int64_t deadline_ns;        /* for the whole run; 0: none */
	const char *device;         /* NULL: as routes say */
	const struct ip_addr *src;  /* NULL: as routes say */
	uint16_t source_port;       /* 0: any; else one probe at a time */
	int64_t linger_ns;          /* listen so long for the late answer to a silent probe */
	int key_fd;                 /* what comes here asks for an interim summary; -1: none */
	uint32_t timeline_capacity; /* segments kept of each probe; 0: none */
	uint32_t snap_len;
	int tstamp_type; /* PCAP_TSTAMP_*; -1: default */
	bool guard;      /* false only to show what the kernel then does */
	const struct engine_signals *signals;
	struct engine_sink sink;
	/* Scripts that open connections as they please, in place of rounds: the sink's outcome is
	 * not called then. NULL: none. */
	const struct stage_player *player;
};

struct engine *engine_open(const struct engine_config *config, struct err *err);
void engine_close(struct engine *engine);

/* Carries out every probe. 0, or -1 with `err`: the guard is broken, or the capture failed;
 * even then every live connection has been reset. */
int engine_run(struct engine *engine, struct err *err);

/* What the engine does for the player of its configuration. */
void engine_stage(struct engine *engine, struct stage *stage);

/* Ends every live probe, as a signal would; to be called from the sink. */
void engine_stop(struct engine *engine);

void engine_statistics(const struct engine *engine, struct engine_stats *stats);

/* The link header that all captures have, or LINK_RAW if they differ; for savefiles. */
enum link_type engine_link_type(const struct engine *engine);

#endif
