/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: facts -> one verdict token for the handshake and one for the close, with the reason.
 *
 * The tokens are what users see, in text, in records and in --expect-...; they are stable, and the
 * table in verdict_tokens.c is their one home.
 */
#ifndef SHAKEDOWN_PROBE_VERDICT_H
#define SHAKEDOWN_PROBE_VERDICT_H

#include <stddef.h>

#include "probe/probe.h"

enum token {
	TOKEN_NONE, /* unknown: the probe did not come that far */
	/* handshake */
	TOKEN_OPEN,
	TOKEN_OPEN_ZERO_WINDOW,
	TOKEN_OPEN_COOKIE,
	TOKEN_CLOSED,
	TOKEN_INVALID_RESET,
	TOKEN_FILTERED,
	TOKEN_ICMP, /* written icmp-TYPE-CODE */
	TOKEN_BAD_SYNACK,
	TOKEN_SIMULTANEOUS_OPEN,
	TOKEN_ESTABLISHED,
	TOKEN_ESTABLISHED_RESET,
	TOKEN_DEFERRED_ACCEPT,
	TOKEN_ACCEPT_DROPPED,
	TOKEN_MUTE,
	/* close, client first */
	TOKEN_THREE_SEGMENT,
	TOKEN_FOUR_SEGMENT,
	TOKEN_DATA_THEN_FIN,
	TOKEN_HELD_OPEN,
	TOKEN_RESET_ABORT,
	TOKEN_RESET_GONE,
	TOKEN_SILENT,
	TOKEN_SIMULTANEOUS,
	TOKEN_CLIENT_RESET,
	/* close, server first */
	TOKEN_SERVER_FIRST,
	TOKEN_SERVER_RESET,
	TOKEN_LATE_DATA_ACKED,
	TOKEN_LATE_DATA_RESET,
	TOKEN_TIME_WAIT_HELD,
	TOKEN_TIME_WAIT_GONE,
	TOKEN_COUNT
};

enum token_kind { TOKEN_KIND_NONE, TOKEN_KIND_HANDSHAKE, TOKEN_KIND_CLOSE };

struct token_info {
	const char *name;
	enum token_kind kind;
	bool graceful; /* a handshake that opened, a close with both FINs */
	const char *meaning;
};

const struct token_info *token_info(enum token token);

/* The token of that name and kind; TOKEN_NONE if there is none. "icmp-3-13" is TOKEN_ICMP. */
enum token token_find(const char *name, enum token_kind kind);

enum token verdict_handshake(const struct probe *probe);
enum token verdict_close(const struct probe *probe);

/* The token as users see it: its name, or icmp-TYPE-CODE; NULL for TOKEN_NONE. `text` is used
 * where needed. */
#define TOKEN_TEXT_MAX 32
const char *verdict_text(const struct probe *probe, enum token token, char text[TOKEN_TEXT_MAX]);

/* The probe did what its plan asked for. */
bool verdict_as_asked(const struct probe *probe);

/* One sentence or more: what the tokens rest on, in words and times. */
#define EVIDENCE_MAX 400
void verdict_evidence(const struct probe *probe, char text[EVIDENCE_MAX]);

/* Was any segment seen twice or sent again? Then tokens speak of what arrived. */
bool verdict_saw_loss(const struct probe *probe);

#endif
