/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk: many frames -> wire, in batches (mass work). One header, several ways: AF_XDP (copy mode,
 * where libxdp works) and AF_PACKET with sendmmsg on the descriptor of a libnet link-layer context,
 * both past the routing and netfilter; and, for devices without Ethernet or where the next hop is
 * not one neighbour, libnet's raw sockets, routed by the kernel. Needs CAP_NET_RAW to open, nothing
 * afterwards.
 *
 * A full queue is no loss: bulk_flush() keeps what did not go and says so. Frames may overtake each
 * other then.
 */
#ifndef SHAKEDOWN_NET_BULK_H
#define SHAKEDOWN_NET_BULK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define BULK_BATCH     64
#define BULK_FRAME_MAX 256

enum bulk_way { BULK_AUTO, BULK_XDP, BULK_PACKET, BULK_RAW };

struct bulk;

struct bulk_config {
	enum bulk_way way; /* BULK_AUTO: the fastest that works here */
	/* BULK_RAW alone goes without: NULL, as the routes say. With a device it takes what has no
	 * route for a neighbour there, and never learns that it has none. */
	const char *device;
	/* The kernel will not take this frame, for its own sake: no route to it, a firewall rule,
	 * too long for the device (`reason`: errno). It is given up; called from bulk_flush(). May
	 * be NULL: then they are counted only. */
	void (*refused)(void *arg, const uint8_t *frame, uint32_t len, int reason);
	void *arg;
};

/* NULL with `err`: no way works, the device does not exist, is down or has no carrier. */
struct bulk *bulk_open(const struct bulk_config *config, struct err *err);
void bulk_close(struct bulk *bulk);

/* "AF_XDP", "AF_PACKET", "raw socket" */
const char *bulk_name(const struct bulk *bulk);
/* Frames begin with an Ethernet header; else with the IP header. */
bool bulk_ethernet(const struct bulk *bulk);
/* Why BULK_AUTO did not take a faster way, a line for each ("AF_XDP: why"); "" if it took the
 * fastest, or had no choice. */
const char *bulk_why(const struct bulk *bulk);

/* Room for the next frame (BULK_FRAME_MAX octets), which is written in place; NULL: flush first.
 * Until it is committed, the next call gives the same room. */
uint8_t *bulk_next(struct bulk *bulk);
/* The frame that was written there has `len` octets: a whole Ethernet or IP header at least. */
void bulk_commit(struct bulk *bulk, uint32_t len);

/* Sends what is waiting; never blocks. The number of frames that went; those that did not are kept,
 * and go with the next flush (the queue is full: the caller slows down). -1 with `err`: the device
 * is gone, down or without carrier; what is waiting is kept. */
int bulk_flush(struct bulk *bulk, struct err *err);

/* Frames that wait still. */
unsigned bulk_waiting(const struct bulk *bulk);

struct bulk_stats {
	uint64_t sent, batches;
	uint64_t again;   /* flushes that the kernel's queue was too full for */
	uint64_t refused; /* frames that the kernel would not take; see bulk_config */
};
void bulk_statistics(const struct bulk *bulk, struct bulk_stats *stats);

#endif
