/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture: wire -> octets + stamp, both directions, over libpcap with a kernel filter for our own
 * ports. Needs CAP_NET_RAW to open, nothing afterwards.
 */
#ifndef SHAKEDOWN_NET_CAPTURE_H
#define SHAKEDOWN_NET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/decode.h"

struct capture;

struct capture_config {
	const char *device;
	uint16_t port_first, port_last; /* our ports; ICMP and ICMPv6 errors pass as well */
	uint32_t snap_len;              /* octets of each frame */
	uint32_t ring_octets; /* size of the kernel's ring; opening 2 MiB costs 11 ms, nearly
			       * all of it one RCU grace period, 16 MiB up to 40 */
	bool immediate;       /* single probes; false: block mode for mass work */
	bool incoming;        /* what comes in alone, and of TCP what is for our ports: mass work,
			       * where a look at each SYN of ours costs more than to send it */
	int tstamp_type;      /* PCAP_TSTAMP_*, or -1 for the system's default */
};

struct frame {
	const uint8_t *octets;
	size_t captured, wire_len;
	int64_t stamp_ns; /* CLOCK_REALTIME, or the adapter's clock synchronised to it */
	enum link_type link;
};

struct capture_stats {
	uint64_t received;          /* frames handed to sinks */
	uint64_t dropped_ring;      /* lost because the ring was full */
	uint64_t dropped_interface; /* lost by the adapter or its driver, ours or not */
};

struct capture *capture_open(const struct capture_config *config, struct err *err);
void capture_close(struct capture *capture);

/* The link header of all its frames. */
enum link_type capture_link(const struct capture *capture);

/* A descriptor to poll() for POLLIN. */
int capture_fd(const struct capture *capture);

/* Hands each waiting frame, at most `max`, to `sink`; never blocks. Returns their number, or -1
 * with `err` (the interface went down or away). A frame is valid until `sink` returns. */
int capture_next(struct capture *capture, int max, void (*sink)(void *arg, const struct frame *),
		 void *arg, struct err *err);

void capture_statistics(struct capture *capture, struct capture_stats *stats);

/* Where the stamps come from, as records name it: "kernel", "adapter", "adapter_unsynced",
 * "host_hiprec"; a static string. */
const char *capture_stamp_source(const struct capture *capture);
bool capture_stamps_are_ns(const struct capture *capture);

#endif
