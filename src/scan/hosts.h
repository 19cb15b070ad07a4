/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts that something is known of: a table that grows, by the number of the host in the space.
 * Only hosts with an open port come in, so its size is that of what is found, not of what is
 * scanned.
 */
#ifndef SHAKEDOWN_SCAN_HOSTS_H
#define SHAKEDOWN_SCAN_HOSTS_H

#include <stdint.h>

#define HOSTS_NONE UINT32_MAX

struct host {
	uint64_t number_plus_1; /* 0: the place is free */
	uint32_t head, tail;    /* the caller's: a list */
	uint8_t state;          /* the caller's; 0 at first, and so are these: */
	uint8_t open, other;
};

struct hosts {
	struct host *places;
	uint32_t count, size; /* a power of two */
};

/* -1: no memory. */
int hosts_init(struct hosts *hosts);
void hosts_free(struct hosts *hosts);

/* A pointer is good until the next hosts_have(). NULL: it is not there; no memory. */
struct host *hosts_find(const struct hosts *hosts, uint64_t number);
struct host *hosts_have(struct hosts *hosts, uint64_t number);

/* For tables keyed by numbers that are anything but random. */
uint64_t hosts_mix(uint64_t number);

#endif
