/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control probes: hosts with an open port -> is that so for any port? A SYN proxy, a tarpit or a
 * load balancer may answer for every port; of such a host one port is told and the rest counted.
 *
 * A host is asked when its first open port is found: SYNs to three ports, chosen at random for each
 * host, outside of the ports that are scanned as far as there are such. What is found open
 * meanwhile is held back. Two SYN-ACKs make it a wildcard, two other answers, or silence, an
 * ordinary host. Costs memory for each host with an open port, and for what is held. The caller
 * brings the time, and sends.
 */
#ifndef SHAKEDOWN_SCAN_CONTROLS_H
#define SHAKEDOWN_SCAN_CONTROLS_H

#include "base/err.h"
#include "scan/scan.h"

#define CONTROLS_PORTS   3
#define CONTROLS_NO_SLOT UINT32_MAX

struct controls;

struct controls_config {
	const struct space *space;
	const struct match *cookie; /* its key makes the ISS */
	uint64_t seed;
	uint16_t source_port; /* of ours; for nothing else */
	unsigned tries;
	int64_t wait_ns;    /* as scan_config */
	uint32_t max_flows; /* SYNs awaited at once; a power of two */
};

enum controls_host { HOST_UNKNOWN, HOST_ASKED, HOST_ORDINARY, HOST_WILDCARD };

/* An open port that was held back. */
struct controls_held {
	struct scan_item item;
	int64_t stamp_ns;
	uint32_t slot; /* the caller's: of a connection that is over; or CONTROLS_NO_SLOT */
	bool first;    /* of its host */
	bool wildcard; /* what the host proved to be */
};

struct controls_counts {
	uint64_t sent, again, rejected;
	uint64_t hosts, wildcards;
	uint64_t held; /* at present */
};

/* NULL: no memory. */
struct controls *controls_new(const struct controls_config *config);
void controls_free(struct controls *controls);

enum controls_host controls_host(const struct controls *controls, const struct scan_item *item);

/* To be told when its host is known; the first one of a host has it asked. False: no memory. */
bool controls_hold(struct controls *controls, const struct controls_held *held);

/* SCAN_SEND: a control's SYN; SCAN_WAIT: nothing now; SCAN_DONE: nothing is awaited. */
enum scan_next controls_next(struct controls *controls, int64_t now_ns, bool may_send,
			     struct scan_item *item);
/* When controls_next() has something to do, if it may send; INT64_MAX: never. */
int64_t controls_next_ns(const struct controls *controls, int64_t now_ns);

/* True if the packet is for the controls' source port; `forged` if it is not believed. */
bool controls_arrived(struct controls *controls, const struct packet *packet, bool *forged);

/* Hands out, one by one, what was held of hosts that are known now. False: no more. */
bool controls_release(struct controls *controls, struct controls_held *held);

/* No more is asked: what is held comes out as an ordinary host's. */
void controls_stop(struct controls *controls);

/* What is held, for checkpoints. */
void controls_each_held(const struct controls *controls,
			void (*take)(void *arg, const struct controls_held *held), void *arg);

/* Hosts that are known to be wildcards, by number in the space: for checkpoints, and from one,
 * before the first is held. Such a host is not asked, and not counted as found. False: no memory,
 * or no such host. */
void controls_each_wildcard(const struct controls *controls,
			    void (*take)(void *arg, uint64_t number), void *arg);
bool controls_know_wildcard(struct controls *controls, uint64_t number);

struct controls_counts controls_counts(const struct controls *controls);

#endif
