/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: joins two network interfaces and delays, loses, duplicates, reorders and corrupts frames.
 * Shared by wire.c (command line, loop, summary), wire_ring.c (frames in and out of the kernel),
 * wire_fate.c (what happens to a frame, decided by seed, direction and number), wire_queue.c
 * (frames under way, ordered by departure) and wire_log.c (what is in a frame, and the log).
 */
#ifndef LAB_WIRE_H
#define LAB_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What is done to frames; percentages are parts of 2^32. */
struct impair {
	int64_t delay_ns, jitter_ns, reorder_delay_ns;
	uint64_t loss, duplicate, reorder, corrupt;
	int64_t seed;
	bool all; /* not only TCP */
};

/* What was decided for one frame. */
struct fate {
	bool drop, duplicate, reorder, corrupt;
	int64_t jitter_ns;
	uint64_t bit; /* a random number: the flipped bit is this modulo the packet's bits */
};

/* What wire_log.c finds in a frame. */
struct summary {
	int version;                /* 4, 6, or 0: no IP packet */
	bool tcp;                   /* the rest is filled in only then */
	size_t ip_at, ip_len;       /* of the IP packet in the frame */
	char src[INET6_ADDRSTRLEN]; /* filled in only for a log */
	char dst[INET6_ADDRSTRLEN];
	uint16_t sport, dport;
	uint32_t seq, ack;
	size_t len; /* octets of data */
	char flags[10];
};

struct frame {
	int64_t rx_ns;  /* the kernel's receive stamp */
	int64_t due_ns; /* when it departs; both CLOCK_REALTIME */
	uint64_t order; /* first come, first served among equals */
	uint64_t number;
	struct fate fate;
	bool copy;
	size_t flipped; /* bit of the frame, if fate.corrupt */
	size_t len;
	uint8_t octets[];
};

struct queue {
	struct frame **heap;
	size_t count, room;
	uint64_t order;
};

struct ring {
	int fd;
	uint8_t *map;
	size_t map_len, frame_size;
	unsigned int frame_count, next;
};

struct counters {
	uint64_t received, eligible, sent, dropped, duplicated, reordered, corrupted;
	uint64_t truncated, queue_drops, send_errors, ring_drops;
	int64_t late_max_ns;
};

/* One direction: in at one interface, out at the other. */
struct way {
	const char *name;
	int index; /* 0: a to b, 1: b to a */
	struct ring ring;
	int out;
	struct queue queue;
	int64_t last_due_ns;
	struct counters count;
};

/* wire_ring.c; failures end the program with a message */
void ring_open(struct ring *ring, const char *device);
int out_open(const char *device);
/* The next frame, or NULL. *wire_len is its length on the wire; ring_done() gives it back. */
const uint8_t *ring_next(struct ring *ring, size_t *len, size_t *wire_len, int64_t *stamp_ns);
void ring_done(struct ring *ring);
uint64_t ring_drops(const struct ring *ring);

/* wire_fate.c */
struct fate fate_decide(const struct impair *impair, int way, uint64_t number);
/* Flip the bit frame->flipped; and once more, to have it back as it was. */
void fate_flip(struct frame *frame);

/* wire_queue.c */
bool queue_add(struct queue *queue, struct frame *frame); /* false: full, or no memory */
struct frame *queue_first(const struct queue *queue);
struct frame *queue_take(struct queue *queue);

/* wire_log.c */
void log_look(const uint8_t *octets, size_t len, bool names, struct summary *summary);
/* The line tells what the frame was before a bit of it was flipped. */
void log_frame(FILE *to, const struct way *way, struct frame *frame, int64_t tx_ns);

#endif
