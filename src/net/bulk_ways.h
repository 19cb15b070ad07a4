/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways behind net/bulk.h: what each has to offer, and the ring of messages that those which use
 * sendmmsg have in common. Only bulk*.c include this.
 */
#ifndef SHAKEDOWN_NET_BULK_WAYS_H
#define SHAKEDOWN_NET_BULK_WAYS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/bulk.h"

/* `way` is what open() returned. */
struct bulk_functions {
	const char *name;
	bool ethernet;
	/* `device` exists and is up, and is of Ethernet's kind if `ethernet`; NULL for raw sockets
	 * alone. */
	void *(*open)(const char *device, struct err *err);
	void (*close)(void *way);
	uint8_t *(*next)(void *way);
	void (*commit)(void *way, uint32_t len);
	unsigned (*waiting)(const void *way);
	/* The number of frames that went, and in *reason what stopped it: 0 (nothing), or an errno;
	 * then the first one that waits is the one it speaks of. */
	unsigned (*flush)(void *way, int *reason);
	/* The first one that waits is given up; NULL: this way refuses no frame for its own sake.
	 */
	void (*drop)(void *way);
	const uint8_t *(*first)(const void *way, uint32_t *len);
};

extern const struct bulk_functions bulk_xdp, bulk_packet, bulk_raw;

/* Frames that wait, in order, as messages: a ring. */
struct bulk_ring {
	struct mmsghdr messages[BULK_BATCH];
	struct iovec vectors[BULK_BATCH];
	uint8_t frames[BULK_BATCH][BULK_FRAME_MAX];
	unsigned first, count;
};

void bulk_ring_init(struct bulk_ring *ring);
/* The place of the n-th frame that waits; `count` is that of the next one. */
unsigned bulk_ring_at(const struct bulk_ring *ring, unsigned n);
uint8_t *bulk_ring_next(struct bulk_ring *ring);
void bulk_ring_commit(struct bulk_ring *ring, uint32_t len);
void bulk_ring_drop(struct bulk_ring *ring);
/* Sends the first `run` of them, or those up to the end of the array: one call of sendmmsg. The
 * number that went, or 0 with *reason. */
unsigned bulk_ring_send(struct bulk_ring *ring, int fd, unsigned run, int *reason);

/* For descriptors that libnet opened: not inherited, and with as large a send queue as the system
 * lets us have. */
void bulk_prepare(int fd);

/* What privilege_check() says, if it is that; else `what`, or, where that is empty, `reason` (an
 * errno). */
int bulk_refuse(const char *device, int reason, const char *what, struct err *err);

#endif
