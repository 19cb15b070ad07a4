/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One probe: a plan carried out on one connection. Pure: what arrived, what the capture saw leave,
 * which timer fired -> segments to send and timers to set.
 */
#ifndef SHAKEDOWN_PROBE_PROBE_H
#define SHAKEDOWN_PROBE_PROBE_H

#include "probe/facts.h"
#include "probe/peer.h"
#include "probe/plan.h"
#include "probe/timeline.h"
#include "tcp/tcb.h"
#include "wire/decode.h"

enum probe_phase {
	PHASE_IDLE,
	PHASE_HANDSHAKE,
	PHASE_SCRIPT,       /* a script decides; see scripted.h */
	PHASE_MEASURE,      /* a question is out, its answer is timed */
	PHASE_AWAIT,        /* the server may speak first */
	PHASE_ANSWER,       /* the request is out */
	PHASE_SERVER_CLOSE, /* the server is to close */
	PHASE_CLOSE,        /* our FIN is out or queued */
	PHASE_ASK,          /* the server's FIN is overdue: was it lost? */
	PHASE_RESET,        /* our RST is out; is the connection gone? */
	PHASE_DRAIN,        /* done, but the capture has not shown our last segment yet */
	PHASE_DONE,
	PHASE_COUNT
};

/* The machine's timers and the probe's own, in one numbering. */
enum probe_timer {
	PROBE_TIMER_STEP = TCB_TIMER_COUNT, /* the present phase has lasted long enough */
	PROBE_TIMER_RESET,                  /* ask again whether the connection is gone */
	PROBE_TIMER_COUNT
};

/* Segments that were handed to the sender and not yet seen by the capture. */
#define PROBE_SENT_MAX 32
struct sent {
	uint32_t seq, data_len;
	uint16_t flags;
	bool retransmit;
	bool odd;             /* crafted by a script, and no part of the conversation */
	enum tcb_state state; /* ours, after sending */
	enum tcb_note note;
};

struct probe {
	const struct plan *plan;
	const uint8_t *request; /* NULL: nothing is sent; must live as long as the probe */
	uint32_t request_len;
	struct flow flow; /* ours: src is this host */
	struct tcb tcb;
	enum probe_phase phase;
	struct facts facts;
	struct peer peer;
	struct timeline timeline;
	struct sent sent[PROBE_SENT_MAX];
	uint32_t sent_head, sent_count;
	bool muted;                          /* the machine hears, but sends nothing */
	bool withhold_third;                 /* to be muted when the SYN-ACK comes */
	bool raw;                            /* there is no machine: a script sends everything */
	bool raw_synchronized;               /* and the server's SYN has come */
	bool crafted;                        /* a script sent what the machine did not */
	bool heard;                          /* something else than a RST came */
	bool reopened;                       /* a later SYN of the script's met a SYN-ACK: */
	uint32_t reopened_seq, reopened_ack; /* our numbers in that connection */
	bool server_did_not_close;           /* PLAN_CLOSE_SERVER waited in vain */
	bool waited_in_vain;                 /* no FIN from the server within close_wait_ns */
	bool stopped;                        /* ended by deadline or signal */
	bool gave_up;                        /* the machine used up its retransmissions */
	enum tcb_state final_state; /* ours, when the connection ended; not the RST's CLOSED */
	/* the question whether the server's FIN was lost */
	enum probe_phase asked_in;
	unsigned ask_tries, ask_answers, asked_in_vain;
	int64_t ask_wait_ns;
	bool ask_answered; /* the latest question was */
	bool still_there;  /* it answered, and had sent nothing that we lack */
	/* the RST's own little dialogue */
	bool reset_sent, reset_confirmed;
	bool reset_refused, reset_was_refused; /* to the latest question; to any */
	unsigned reset_tries;
	int64_t reset_wait_ns;
	const char *error; /* static text, or NULL */
};

/* What the caller is to do, in this order. */
#define PROBE_ACTIONS_MAX (3 * TCB_ACTIONS_MAX)
struct probe_output {
	unsigned count;
	struct tcb_action actions[PROBE_ACTIONS_MAX];
};

/* Makes an idle probe without a request; the timeline that the caller gave it stays, emptied. */
void probe_init(struct probe *probe, const struct plan *plan, const struct flow *flow,
		const struct tcb_path *path);

/* Each appends to `out`, which the caller has emptied. `now_ns` is the timers' clock, `stamp_ns`
 * the capture's. */
void probe_open(struct probe *probe, uint32_t iss, int64_t now_ns, struct probe_output *out);
void probe_arrived(struct probe *probe, const struct packet *packet, int64_t stamp_ns,
		   int64_t now_ns, struct probe_output *out);
void probe_timer(struct probe *probe, unsigned timer, int64_t now_ns, struct probe_output *out);

/* Ends the probe: an open connection is reset. */
void probe_stop(struct probe *probe, int64_t now_ns, struct probe_output *out);

/* A segment of ours was seen leaving. A RST that we did not send is the kernel's: the guard is
 * broken, and no result may be built on this probe. */
enum probe_sighting { SIGHTING_OURS, SIGHTING_FOREIGN, SIGHTING_FOREIGN_RST };
enum probe_sighting probe_left(struct probe *probe, const struct packet *packet, int64_t stamp_ns,
			       int64_t now_ns, struct probe_output *out);

bool probe_done(const struct probe *probe);

/* The connection may still stand at the server: not closed, not reset, or the RST not heeded. */
bool probe_left_open(const struct probe *probe);

#endif
