/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quickclose: lets the kernel close a packet socket in the background.
 *
 * Closing a packet socket, or an AF_XDP one, waits for RCU grace periods, some 25 ms, whether
 * close() does it or the end of the process: most of what a single probe costs. Closing from a
 * kernel worker costs the process nothing, and there is one that closes files: the collector of
 * Unix sockets that only refer to themselves (unix_gc). So a socket is put into the queue of a Unix
 * socket which is in its own queue as well: no one but this process keeps the two alive, and when
 * it closes them, or ends in whatever way, the collector closes both. Kernels whose collector runs
 * in the caller (before 6.9) are as slow as without.
 */
#ifndef SHAKEDOWN_NET_QUICKCLOSE_H
#define SHAKEDOWN_NET_QUICKCLOSE_H

struct quickclose {
	int loop;    /* the Unix socket that holds itself and the other one */
	int trigger; /* its peer: closing this wakes the collector up */
};

/* Puts `fd` under it. It is only a gain in time: where the kernel refuses, nothing happens. */
void quickclose_arm(struct quickclose *quickclose, int fd);

/* To be called after `fd` itself has been closed. */
void quickclose_release(struct quickclose *quickclose);

#endif
