/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: what to open, what to do on the connection, when and how to close it. One plan serves
 * many probes; none of them changes it. Times in nanoseconds.
 */
#ifndef SHAKEDOWN_PROBE_PLAN_H
#define SHAKEDOWN_PROBE_PLAN_H

#include "tcp/tcb.h"

enum plan_close {
	PLAN_CLOSE_FIN,       /* we close */
	PLAN_CLOSE_RST,       /* we reset */
	PLAN_CLOSE_SERVER,    /* the server closes; after close_wait_ns we do */
	PLAN_CLOSE_HALF_OPEN, /* RST in answer to the SYN-ACK: no connection at all */
	PLAN_CLOSE_SCRIPT,    /* when and as a script says */
	PLAN_CLOSE_COUNT
};

struct plan {
	struct tcb_config tcb;
	struct ip_fields ip;
	enum plan_close close;
	bool half_close;       /* the FIN goes with the request */
	bool measure_path;     /* time a keepalive-style question after the handshake */
	bool stop_at_icmp;     /* the first ICMP error ends an attempt to connect: for tracing */
	int64_t await_ns;      /* let the server speak first for this long; 0: do not */
	int64_t answer_ns;     /* wait this long for the answer's first octet */
	int64_t settle_ns;     /* the answer is over after this long without new data */
	int64_t close_wait_ns; /* how long to wait for the server's FIN */
	/* reset again so often a server that says it is still there, or that says nothing */
	unsigned reset_retries, reset_silent_retries;
};

const char *plan_close_name(enum plan_close close);

#endif
