/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the engine of scans share: the loop, its sending, its answers, its setup. */
#ifndef SHAKEDOWN_SCAN_ENGINE_INTERNAL_H
#define SHAKEDOWN_SCAN_ENGINE_INTERNAL_H

#include "net/capture.h"
#include "net/route.h"
#include "scan/controls.h"
#include "scan/expect.h"
#include "scan/governor.h"
#include "scan/pacer.h"
#include "scan_engine.h"
#include "wire/template.h"

#define SCAN_PORTS_MAX 16 /* of ours; each is guarded */

/* What differs between the IP versions. */
struct scan_family {
	bool used;
	struct ip_addr src;
	struct tcb_path path;
	struct template syn, reset;
	int guards[SCAN_PORTS_MAX];
};

/* Targets to which nothing can be sent, in ascending order. */
/* Targets to which nothing can be sent: no route, not one host, this host itself while others are
 * not. What lies between two targets may be in it, too. */
struct scan_hole {
	struct ip_addr first, last;
	const char *why;
};

struct scan_holes {
	struct scan_hole *list;
	unsigned count, room;
	char *said; /* NULL: nothing */
};

struct scan_engine {
	struct scan_engine_config config;
	struct scan scan;
	struct flow_entry *entries;
	struct defer_entry *aside;
	uint32_t aside_size;
	struct census census;
	struct census_memory memory;
	struct controls *controls; /* NULL: none are asked for */
	struct bulk *bulk;
	struct capture *capture;
	struct pacer pacer;
	struct governor governor;
	struct expect expect; /* of connections */
	double governed_rate; /* the pacer's limit */
	struct scan_family four, six;
	struct scan_holes holes;
	uint8_t macs[2][6];
	uint16_t port_last; /* of ours; the first one is scan.config's */
	uint64_t results;
	uint64_t drops_seen;
	int64_t started_ns, tick_at_ns; /* monotonic */
	/* The wall clock, which stamps are of, less the monotonic one, which all timers live by: so
	 * a step of the former is nothing worse than a wrong round trip. */
	int64_t wall_offset_ns;
	bool stopping;
	bool broken; /* nothing can be sent, or heard, any more */
	struct err *err;
	struct scan_engine_stats stats;
};

static inline struct scan_family *scan_family(struct scan_engine *engine, enum ip_version version)
{
	return version == IP_V6 ? &engine->six : &engine->four;
}

/* --- scan_engine_send.c --- */

/* What is due is made a frame; scan_flush() lets it go. */
void scan_send_syn(struct scan_engine *engine, const struct scan_item *item);
/* To whoever sent `packet`: there is no connection. */
void scan_send_reset(struct scan_engine *engine, const struct packet *packet);
/* A segment of a connection. */
void scan_send_segment(void *engine, const struct flow *flow, const struct segment *seg);
void scan_flush(struct scan_engine *engine);

/* --- scan_engine_answers.c --- */

/* The clocks, and a frame's stamp (0: there is no frame). */
struct census_time scan_time(int64_t stamp_ns);
void scan_frame_arrived(void *engine, const struct frame *frame);
/* A connection is over: struct census_sink. */
bool scan_connection_over(void *engine, uint32_t number);
/* To the sink: what came of a target without a connection, as a frame of that stamp says; 0: now,
 * by silence or for want of a way. */
void scan_told(struct scan_engine *engine, const struct scan_item *item, int64_t stamp_ns);
/* Tells what was held back and can be told now. */
void scan_release(struct scan_engine *engine);

/* --- scan_engine_way.c --- */

/* The one way that all targets have: device, and the next hop (if it is one). */
struct scan_way {
	struct route first;
	bool found, one_hop, local;
	struct ip_addr hop;
};

/* Looks up the routes to all targets: the way, the source of each IP version, the holes. -1 with
 * `err`: nothing is left to send to, or it leaves by more than one interface. */
int scan_find_way(struct scan_engine *engine, struct scan_way *way, struct err *err);
/* Is this a target to which nothing can be sent? Quick: for each SYN. */
bool scan_has_hole(const struct scan_engine *engine, const struct ip_addr *addr);
void scan_free_holes(struct scan_engine *engine);

#endif
