/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The census: ports that answered a scan's SYN -> whole connections, each carried through handshake
 * and close by the machine of a probe. Pure; the caller sends, and brings the time.
 *
 * A probe is made only when the SYN-ACK has come: until then a flow costs what a scan keeps of it.
 * What leaves is taken as captured when it is handed to the sender: stamps of sends are that
 * clock's.
 */
#ifndef SHAKEDOWN_SCAN_CENSUS_H
#define SHAKEDOWN_SCAN_CENSUS_H

#include "base/wheel.h"
#include "probe/match.h"
#include "probe/probe.h"
#include "scan/scan.h"

struct census_slot {
	struct probe probe;
	struct scan_item item;
	uint32_t next_free;
};

struct census_sink {
	void *arg;
	/* To be crafted and sent; the segment's memory is the caller's only during the call. */
	void (*send)(void *arg, const struct flow *flow, const struct segment *seg);
	/* The connection in that slot is over. False: the slot is needed until census_free(). */
	bool (*over)(void *arg, uint32_t number);
};

struct census {
	const struct plan *plan;
	struct census_sink sink;
	struct census_slot *slots;
	uint32_t count, free_slot;
	uint32_t live, used; /* connections; slots, those that are over and needed still too */
	struct match match;
	struct wheel wheel;
};

/* `nodes`: count * PROBE_TIMER_COUNT; `places`: a power of two, at least 2 * count. */
struct census_memory {
	struct census_slot *slots;
	uint32_t count;
	struct wheel_node *nodes;
	struct match_slot *places;
	uint32_t place_count;
};

/* Clocks: now_ns is the timers' (never steps back); of the capture's, stamp_ns is the frame's
 * stamp, clock_ns the present time, which what is sent now gets. */
struct census_time {
	int64_t now_ns, stamp_ns, clock_ns;
};

void census_init(struct census *census, const struct plan *plan, const struct census_memory *memory,
		 const struct census_sink *sink, int64_t now_ns);

/* The SYN of `item` was answered by `packet`. False: no room; the caller resets the server's half.
 * `ts_offset` and `path` are those with which the SYN was made. */
struct census_begin {
	const struct scan_item *item;
	const struct ip_addr *src;
	const struct packet *packet; /* the SYN-ACK */
	struct tcb_path path;
	int64_t sent_stamp_ns; /* of the SYN */
};
bool census_begin(struct census *census, const struct census_begin *begin, struct census_time time);

/* True if the packet belongs to one of its connections. */
bool census_arrived(struct census *census, const struct packet *packet, struct census_time time);

/* What is in a slot: of a connection that is over, in over() and until census_free(). */
const struct census_slot *census_slot(const struct census *census, uint32_t number);
void census_free(struct census *census, uint32_t number);

/* The indices of the targets whose connections are not over: for checkpoints. */
void census_awaited(const struct census *census, void (*take)(void *arg, uint64_t index),
		    void *arg);

void census_timers(struct census *census, struct census_time time);
int64_t census_due_ns(const struct census *census);

/* Resets all of them; they end as soon as that is sure. */
void census_stop(struct census *census, struct census_time time);

#endif
