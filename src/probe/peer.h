/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * infer: timeline -> the server's state and its evidence, and what each side has proved.
 *
 * What was seen and what is concluded are kept apart: `assumed` says that the state holds if our
 * latest segment arrived, which nothing has shown yet. RFC 9293 section 3.3.2 and figures 5 to 14.
 */
#ifndef SHAKEDOWN_PROBE_PEER_H
#define SHAKEDOWN_PROBE_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcb.h"

/* The four abilities that a full-duplex connection needs. */
enum proof {
	PROOF_CLIENT_SENDS = 1,
	PROOF_SERVER_RECEIVES = 2,
	PROOF_SERVER_SENDS = 4,
	PROOF_CLIENT_RECEIVES = 8,
	PROOF_ALL = 15
};

struct peer {
	enum tcb_state state;
	bool known;           /* false: nothing has come from there yet */
	bool assumed;         /* true if our latest segment arrived */
	const char *evidence; /* a static sentence */
	/* enum proof bits: what the client knows, and what the server knows */
	uint8_t client_knows, server_knows;
	/* what the inference lives on */
	uint32_t iss, irs, our_fin_end, their_fin_end;
	bool synack, third, established; /* `established`: shown, not assumed */
	bool our_fin, our_fin_acked;     /* sent; acknowledged */
	bool their_fin, their_fin_first; /* seen; before ours was sent */
	bool their_fin_acks_ours, their_fin_acked;
	bool reset_by_us, reset_by_them;
};

void peer_init(struct peer *peer, uint32_t iss);

/* A segment of ours, as the capture saw it leave. */
void peer_saw_ours(struct peer *peer, const struct segment *seg);

/* A segment of the server's, as it arrived. A RST counts only if `believed`. */
void peer_saw_theirs(struct peer *peer, const struct segment *seg, bool believed);

/* "client sends", ... */
const char *proof_name(enum proof proof);

#endif
