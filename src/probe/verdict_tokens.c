/* SPDX-License-Identifier: BSD-2-Clause */
/* judge, its words: the one table of verdict tokens. The manual's list is checked against it. */
#include <assert.h>
#include <string.h>

#include "probe/verdict.h"

#define HANDSHAKE TOKEN_KIND_HANDSHAKE
#define CLOSE     TOKEN_KIND_CLOSE

static const struct token_info tokens[] = {
    [TOKEN_NONE] = {"", TOKEN_KIND_NONE, false, ""},
    [TOKEN_OPEN] = {"open", HANDSHAKE, true,
		    "SYN-ACK came; nothing later was acknowledged or had to be"},
    [TOKEN_OPEN_ZERO_WINDOW] = {"open-zero-window", HANDSHAKE, true,
				"SYN-ACK with a window of zero: often a SYN proxy"},
    [TOKEN_OPEN_COOKIE] = {"open-cookie", HANDSHAKE, true,
			   "SYN-ACK with the marks of a SYN cookie"},
    [TOKEN_CLOSED] = {"closed", HANDSHAKE, false, "RST that acknowledges our SYN"},
    [TOKEN_INVALID_RESET] = {"invalid-reset", HANDSHAKE, false,
			     "only RSTs that must not be believed: no ACK, or a wrong one"},
    [TOKEN_FILTERED] = {"filtered", HANDSHAKE, false, "silence after all tries"},
    [TOKEN_ICMP] = {"icmp", HANDSHAKE, false,
		    "an ICMP error, written icmp-TYPE-CODE, and no other answer"},
    [TOKEN_BAD_SYNACK] = {"bad-synack", HANDSHAKE, false,
			  "SYN-ACK that acknowledges what was never sent"},
    [TOKEN_SIMULTANEOUS_OPEN] = {"simultaneous-open", HANDSHAKE, false,
				 "a bare SYN in answer to ours"},
    [TOKEN_ESTABLISHED] = {"established", HANDSHAKE, true,
			   "open, and the server went on: it acknowledged, sent or closed"},
    [TOKEN_ESTABLISHED_RESET] = {"established-reset", HANDSHAKE, false,
				 "RST right after the third segment"},
    [TOKEN_DEFERRED_ACCEPT] = {"deferred-accept", HANDSHAKE, true,
			       "SYN-ACK repeated though acknowledged, later data taken"},
    [TOKEN_ACCEPT_DROPPED] =
	{"accept-dropped", HANDSHAKE, false,
	 "SYN-ACK repeated though acknowledged, nothing later taken: accept queue full, "
	 "or our ACK is filtered"},
    [TOKEN_MUTE] = {"mute", HANDSHAKE, false,
		    "SYN-ACK once, and nothing later acknowledged: often a middlebox"},
    [TOKEN_THREE_SEGMENT] = {"three-segment", CLOSE, true,
			     "the first answer to our FIN acknowledged it and was a FIN itself"},
    [TOKEN_FOUR_SEGMENT] = {"four-segment", CLOSE, true,
			    "our FIN was acknowledged first, the server's FIN came later"},
    [TOKEN_DATA_THEN_FIN] = {"data-then-fin", CLOSE, true, "data after our FIN, then its FIN"},
    [TOKEN_HELD_OPEN] = {"held-open", CLOSE, false,
			 "our FIN was acknowledged, no FIN came in the time allowed: CLOSE-WAIT"},
    [TOKEN_RESET_ABORT] = {"reset-abort", CLOSE, false,
			   "our FIN was answered with RST,ACK: the application aborted"},
    [TOKEN_RESET_GONE] = {"reset-gone", CLOSE, false,
			  "our FIN was answered with a bare RST: no such connection any more"},
    [TOKEN_SILENT] = {"silent", CLOSE, false, "our FIN and its copies were never acknowledged"},
    [TOKEN_SIMULTANEOUS] = {"simultaneous", CLOSE, true, "both FINs crossed on their way"},
    [TOKEN_CLIENT_RESET] = {"client-reset", CLOSE, false, "we reset the connection, as asked"},
    [TOKEN_SERVER_FIRST] = {"server-first", CLOSE, true, "the server's FIN came before ours"},
    [TOKEN_SERVER_RESET] = {"server-reset", CLOSE, false, "the server's RST came before our FIN"},
    [TOKEN_LATE_DATA_ACKED] = {"late-data-acked", CLOSE, true,
			       "the server closed first and acknowledged data sent after that"},
    [TOKEN_LATE_DATA_RESET] =
	{"late-data-reset", CLOSE, false,
	 "the server closed first and answered data sent after that with RST"},
    [TOKEN_TIME_WAIT_HELD] = {"time-wait-held", CLOSE, true,
			      "the server, which closed first, still answered from TIME-WAIT"},
    [TOKEN_TIME_WAIT_GONE] = {"time-wait-gone", CLOSE, true,
			      "the server, which closed first, had left TIME-WAIT already"},
};
static_assert(sizeof(tokens) / sizeof(tokens[0]) == TOKEN_COUNT, "every token");

const struct token_info *token_info(enum token token)
{
	return &tokens[token];
}

enum token token_find(const char *name, enum token_kind kind)
{
	if (kind == TOKEN_KIND_HANDSHAKE && strncmp(name, "icmp-", 5) == 0)
		return TOKEN_ICMP;
	for (unsigned i = 1; i < TOKEN_COUNT; i++)
		if (tokens[i].kind == kind && strcmp(tokens[i].name, name) == 0)
			return (enum token)i;
	return TOKEN_NONE;
}
