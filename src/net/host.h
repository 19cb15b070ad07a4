/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: the kernel and its interfaces -> facts about this host, for `shakedown doctor`. It only
 * asks: nothing is changed, and no privilege is needed.
 */
#ifndef SHAKEDOWN_NET_HOST_H
#define SHAKEDOWN_NET_HOST_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/addr.h"

/* The `which`th number (from 0) of a file in /proc/sys, which is named as there:
 * "net/ipv4/ip_local_port_range". HOST_UNKNOWN where there is none. */
#define HOST_UNKNOWN (-1)
int64_t host_setting(const char *name, unsigned which);

#define HOST_STAMPS_MAX 80
struct host_interface {
	char name[IF_NAMESIZE];
	char stamps[HOST_STAMPS_MAX]; /* kinds of time stamps, as --timestamp-type has them */
	bool stamps_ns;               /* nanoseconds are to be had */
	bool gro, lro;                /* received segments are merged, by the kernel, the adapter */
	bool splits;                  /* TSO or GSO: segments are made late, of longer ones */
	bool checksums;               /* TCP checksums are made late */
	bool strict_path;             /* IPv4: rp_filter is strict */
};

/* All interfaces that are up, without loopback, malloc'ed in `*found`. 0, or -1 with `err`. */
int host_interfaces(struct host_interface **found, size_t *count, struct err *err);

bool host_loopback_is_up(void);

/* A kernel socket that listens on a free port of the loopback address of that version, which both
 * are stored. Nobody accepts: the kernel completes handshakes by itself. To be closed with
 * host_listen_end(). -1 with errno, EADDRNOTAVAIL or EAFNOSUPPORT where there is no such
 * address. */
int host_listen(enum ip_version version, struct ip_addr *addr, uint16_t *port);
void host_listen_end(int listener);

#endif
