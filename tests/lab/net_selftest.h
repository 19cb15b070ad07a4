/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_selftest: does src/net/ do what its headers say on this kernel? The program's parts share
 * this. It runs in a network namespace that net_selftest.sh lays out:
 *
 *   here: lo                              there: (a namespace of its own)
 *         sdv0 192.0.2.1/24 ------------- sdv1 192.0.2.2/24
 *              2001:db8:0:1::1/64              2001:db8:0:1::2/64
 *         sdw0 (a veth to be set down)
 */
#ifndef LAB_NET_SELFTEST_H
#define LAB_NET_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/capture.h"
#include "net/guard.h"
#include "net/send.h"
#include "wire/addr.h"

struct tap {
	int count, failed;
};

/* One TAP line; returns `passed`. */
bool tap_ok(struct tap *tap, bool passed, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tap_note(const struct err *err);

/* An address of the layout, which must be well-formed. */
struct ip_addr lab_addr(const char *text);

/* A hand-made TCP segment without options or data: independent of wire/craft. */
struct lab_segment {
	struct endpoint src, dst;
	uint32_t seq, ack;
	uint8_t flags;
};

#define LAB_PACKET_MAX 2048
#define LAB_SYN        0x02
#define LAB_RST        0x04
#define LAB_ACK        0x10

/* Writes the IP packet with unusual header fields (TOS or class 0xb8, TTL 7, DF, ID 0); returns
 * its length. */
size_t lab_packet(const struct lab_segment *seg, uint8_t out[LAB_PACKET_MAX]);

/* What a capture brought of one exchange. */
#define LAB_SEEN_MAX 16
struct lab_seen {
	struct {
		uint8_t octets[512]; /* of the IP packet */
		size_t len;
		int64_t stamp_ns;
		uint16_t src_port;
		uint8_t flags;
	} frames[LAB_SEEN_MAX];
	size_t count;
};

/* Collects for `wait_ms`, or until `enough` frames have come; false if the capture failed. */
bool lab_collect(struct capture *capture, size_t enough, int wait_ms, struct lab_seen *seen);

struct capture *lab_capture(const char *device, uint16_t first, uint16_t last, bool immediate);

/* The parts; each prints its own TAP lines. */
void check_guard(struct tap *tap, struct sender *sender, struct capture *capture,
		 struct port_block block, enum ip_version version);
void check_guard_addresses(struct tap *tap);
void check_capture(struct tap *tap, struct sender *sender, enum ip_version version);
void check_capture_block(struct tap *tap, struct sender *sender);
void check_capture_end(struct tap *tap);
void check_sender(struct tap *tap, struct sender *sender);
void check_routes(struct tap *tap);
void check_route_constraints(struct tap *tap);
void check_resolve(struct tap *tap);
void check_unprivileged(struct tap *tap, struct sender *sender);

/* Sends a SYN to a closed port on the far side of the veth: are it and its RST captured? */
bool lab_exchange_works(struct sender *sender, struct capture *capture, enum ip_version version);
/* The ports of lab_exchange_works(). */
#define LAB_PORT        41000
#define LAB_CLOSED_PORT 9

#endif
