/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of scans: a space on the wire. One loop as engine.h's, for a plan so simple that a
 * flow costs less than 64 octets: templates and batches in place of crafted single segments, a
 * capture in blocks, no stamps of our own segments. Like that one it sees both the world (net/) and
 * the logic.
 */
#ifndef SHAKEDOWN_SCAN_ENGINE_H
#define SHAKEDOWN_SCAN_ENGINE_H

#include "base/err.h"
#include "engine.h"
#include "net/bulk.h"
#include "scan/census.h"
#include "scan/controls.h"
#include "scan/governor.h"

struct scan_engine;

struct scan_engine_stats {
	struct scan_counts counts;
	uint64_t frames, refused_frames, damaged;
	uint64_t dropped_ring, dropped_interface;
	uint64_t sent, again,
	    not_taken; /* frames; flushes that met a full queue; refused by the kernel */
	uint64_t slowdowns, resets;
	uint64_t wildcards;
	uint64_t wildcard_ports; /* open, of hosts that answer on every port, and not told */
	uint64_t awaited, live, left_open; /* flows; connections */
	uint64_t position, end;            /* steps of the shard */
	uint64_t set_aside; /* of those before the position, for their host has enough */
	double rate;        /* asked for, less what loss has cost */
	int64_t elapsed_ns;
};

/* What came of a target. */
struct scan_outcome {
	const struct scan_item *item;
	const struct probe *probe; /* of a connection that is over; else NULL */
	int64_t stamp_ns;
	bool wildcard; /* its host answers on every port: this one stands for all */
};

struct scan_sink {
	void *arg;
	void (*answer)(void *arg, const struct scan_outcome *outcome);
	/* Every tick_ns. */
	void (*tick)(void *arg);
	/* The scan slows down, or may go faster again; may be NULL. */
	void (*news)(void *arg, const struct governor_news *news);
	/* Before connections are cut short, because it is to stop; may be NULL. */
	void (*stopping)(void *arg);
};

struct scan_engine_config {
	struct scan_config scan; /* ports and key are the engine's to choose */
	enum scan_mode mode;
	bool controls;             /* ask hosts with an open port whether any port is */
	const struct plan *plan;   /* of connections; of the SYN in any mode */
	uint32_t flows;            /* awaited at once, at most; a power of two */
	uint32_t connections;      /* at once, at most */
	const char *device;        /* NULL: as routes say */
	const struct ip_addr *src; /* NULL: as routes say */
	enum bulk_way way;
	double rate;
	int64_t max_runtime_ns; /* 0: none */
	uint64_t max_results;   /* answers; 0: no limit */
	int64_t tick_ns;
	const struct engine_signals *signals;
	struct scan_sink sink;
};

struct scan_engine *scan_engine_open(const struct scan_engine_config *config, struct err *err);
void scan_engine_close(struct scan_engine *engine);

/* 0, or -1 with `err`; even then no connection is left open. */
int scan_engine_run(struct scan_engine *engine, struct err *err);

void scan_engine_statistics(const struct scan_engine *engine, struct scan_engine_stats *stats);

/* For checkpoints; before and while it runs. */
struct scan *scan_engine_scan(struct scan_engine *engine);
/* As scan_awaited(), with the targets whose connections are not over. */
void scan_engine_awaited(const struct scan_engine *engine, void (*take)(void *arg, uint64_t index),
			 void *arg);

/* For what is asked before and while it runs; NULL: there are none. */
struct controls *scan_engine_controls(struct scan_engine *engine);

/* Lines for people about routes, and about targets that nothing can be sent to, ready to be
 * printed;
 * "": there are none. */
const char *scan_engine_said(const struct scan_engine *engine);

/* "AF_XDP", and why no faster way was taken. */
const char *scan_engine_way(const struct scan_engine *engine);
const char *scan_engine_why(const struct scan_engine *engine);

#endif
