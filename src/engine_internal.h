/* SPDX-License-Identifier: BSD-2-Clause */
/* What engine.c (the loop) and engine_setup.c (opening and closing) share, and nobody else. */
#ifndef SHAKEDOWN_ENGINE_INTERNAL_H
#define SHAKEDOWN_ENGINE_INTERNAL_H

#include <net/if.h>

#include "base/wheel.h"
#include "engine.h"
#include "net/guard.h"
#include "net/janitor.h"
#include "net/send.h"
#include "probe/match.h"
#include "wire/craft.h"

#define ENGINE_CAPTURES_MAX 16

/* A probe under way. */
struct live {
	struct probe probe;
	bool started;   /* the slot is in use and the flow is in the table */
	bool lingering; /* reported already; kept for late answers */
	int guard;      /* -1: none */
	uint32_t target, round;
	uint64_t drops_at_start;
	struct err err;   /* sending failed */
	void *connection; /* the player's; NULL: a job */
};

struct engine {
	struct engine_config config;
	struct sender *sender;
	struct janitor *janitor;
	struct capture *captures[ENGINE_CAPTURES_MAX];
	unsigned capture_ifindex[ENGINE_CAPTURES_MAX];
	enum link_type capture_link[ENGINE_CAPTURES_MAX];
	unsigned capture_count;
	struct port_block ports;
	struct match match;
	struct match_slot *match_slots;
	struct wheel wheel;
	struct wheel_node *wheel_nodes; /* PROBE_TIMER_COUNT for each live probe */
	struct live *live;
	struct moment *moments;
	uint32_t *free_slots; /* a stack */
	uint32_t max_live, free_count, lingering;
	uint64_t next_job, job_count, skipped;
	int64_t started_ns;  /* of the run, monotonic */
	int64_t schedule_ns; /* when the first job was due; later, if turns were missed */
	bool stop_asked, stopping, key_pressed;
	struct err *err; /* of the run */
	struct engine_stats stats;
	uint8_t packet[65600];
};

/* --- engine_live.c: one probe's life in its slot --- */

/* Starts the probe of the next job in a free slot. */
void live_start(struct engine *engine);
/* Opens a connection for the player in a free slot. */
struct probe *live_open(struct engine *engine, const struct stage_open *open, uint32_t *slot);
/* Sends one segment of the probe in this slot. */
void live_send(struct engine *engine, struct live *live, const struct craft_request *request);
/* Does what the probe asks for, and ends it if it is done or can send no more. */
void live_settle(struct engine *engine, uint32_t slot, const struct probe_output *out);
/* Reports the probe and frees its slot, or keeps that for late answers. */
void live_finish(struct engine *engine, uint32_t slot);
/* A segment came for a probe that was reported already. */
void live_late(struct engine *engine, uint32_t slot, const struct packet *packet, int64_t stamp_ns);
void live_release(struct engine *engine, uint32_t slot);

#endif
