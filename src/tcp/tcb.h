/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine: TCB + event -> actions + a note saying why. RFC 9293 from the client's side.
 *
 * Pure: the caller owns clock, timers, randomness and the wire. The caller performs the actions in
 * the order given; a timer that is started anew replaces its earlier setting. Names are those of
 * RFC 9293 section 3.3.1 and RFC 6298; sequence numbers are in host order.
 */
#ifndef SHAKEDOWN_TCP_TCB_H
#define SHAKEDOWN_TCP_TCB_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/rto.h"
#include "wire/segment.h"

/* RFC 9293 section 3.3.2. LISTEN never happens to our own machine; it serves to name a server's
 * inferred state. */
enum tcb_state {
	TCB_CLOSED,
	TCB_LISTEN,
	TCB_SYN_SENT,
	TCB_SYN_RECEIVED,
	TCB_ESTABLISHED,
	TCB_FIN_WAIT_1,
	TCB_FIN_WAIT_2,
	TCB_CLOSE_WAIT,
	TCB_CLOSING,
	TCB_LAST_ACK,
	TCB_TIME_WAIT,
	TCB_STATE_COUNT
};

enum tcb_timer {
	TCB_TIMER_RETRANSMIT,
	TCB_TIMER_PERSIST, /* the peer's window is zero or silly (RFC 9293 section 3.8.6.1, .2.1) */
	TCB_TIMER_TIME_WAIT,
	TCB_TIMER_COUNT
};

enum tcb_event_type {
	EV_OPEN,    /* active OPEN; `iss` */
	EV_SEND,    /* `data`, `data_len`; the octets must live as long as the TCB */
	EV_CLOSE,   /* nothing more to send; FIN follows what is queued */
	EV_ABORT,   /* RST */
	EV_SEGMENT, /* `seg` arrived */
	EV_TIMER,   /* `timer` fired */
	EV_ICMP,    /* an ICMP error about a segment of ours: `icmp_hard`, `icmp_seq` */
	EV_COUNT
};

struct tcb_event {
	enum tcb_event_type type;
	int64_t now_ns; /* any clock that never steps back */
	const struct segment *seg;
	const uint8_t *data;
	uint32_t data_len;
	bool then_close; /* EV_SEND: CLOSE comes with it, so that the FIN rides on the last data */
	uint32_t iss;
	enum tcb_timer timer;
	bool icmp_hard;
	uint32_t icmp_seq;
};

enum tcb_action_type { ACT_SEND, ACT_TIMER_START, ACT_TIMER_STOP, ACT_DELIVER };

struct tcb_action {
	enum tcb_action_type type;
	bool retransmit;    /* ACT_SEND: these octets were sent before */
	unsigned timer;     /* enum tcb_timer; a caller may number its own from TCB_TIMER_COUNT */
	int64_t after_ns;   /* ACT_TIMER_START: from the event's now_ns */
	struct segment seg; /* ACT_SEND */
	uint32_t data_len;  /* ACT_DELIVER: octets that are in order now */
};

/* What happened to the event, and why. */
enum tcb_note {
	NOTE_NONE,
	NOTE_HANDSHAKE_DONE,    /* SYN-SENT or SYN-RECEIVED -> ESTABLISHED */
	NOTE_SIMULTANEOUS_OPEN, /* a bare SYN in SYN-SENT */
	NOTE_BAD_SYNACK,        /* acknowledges what we never sent: answered with RST */
	NOTE_REFUSED,           /* an acceptable RST in SYN-SENT or SYN-RECEIVED */
	NOTE_RESET,             /* an acceptable RST later */
	NOTE_RST_INVALID, /* a RST that must not be believed (no ACK in SYN-SENT, wrong ack) */
	NOTE_RST_OUT_OF_WINDOW, /* dropped in silence */
	NOTE_CHALLENGE_RST,     /* in window, not exact: challenge ACK (RFC 5961 section 3) */
	NOTE_CHALLENGE_SYN,     /* SYN in a synchronized state (RFC 5961 section 4) */
	NOTE_CHALLENGE_ACK,     /* ack too old or too new (RFC 5961 section 5) */
	NOTE_CHALLENGE_LIMITED, /* due a challenge ACK, but one was sent just now (section 7) */
	NOTE_UNACCEPTABLE,      /* outside the window: ACK sent, segment dropped */
	NOTE_SYNACK_AGAIN,      /* the SYN-ACK once more: our ACK was lost or ignored */
	NOTE_FIN_AGAIN,         /* the FIN once more: our ACK of it was lost */
	NOTE_OLD_DATA,          /* all of it was received before */
	NOTE_OUT_OF_ORDER,      /* kept; what comes before it is missing */
	NOTE_OUT_OF_ORDER_LOST, /* no room to keep it: dropped, acknowledged as missing */
	NOTE_NO_ACK_FLAG,       /* dropped in silence */
	NOTE_PAWS,              /* an old duplicate by its timestamp (RFC 7323 section 5) */
	NOTE_IN_ORDER,          /* new data */
	NOTE_FIN,               /* the peer's FIN, in order */
	NOTE_FIN_ACKED,         /* our FIN was acknowledged */
	NOTE_ACKED,             /* new data acknowledged */
	NOTE_RETRANSMITTED,     /* a timer fired and something was sent again */
	NOTE_WINDOW_PROBE,      /* the peer's window is too small: asked again, or used as it is */
	NOTE_GAVE_UP,           /* all retransmissions used up */
	NOTE_TIME_WAIT_OVER,    /* TIME-WAIT -> CLOSED */
	NOTE_SENT,              /* a user call was carried out */
	NOTE_NOT_NOW,           /* a user call that this state does not allow */
	NOTE_IGNORED,           /* no connection, or nothing that matters */
	NOTE_ICMP_SOFT,         /* an ICMP error that must not end the connection */
	NOTE_ICMP_HARD,         /* one that ends an attempt to connect */
	NOTE_COUNT
};

#define TCB_ACTIONS_MAX 20

struct tcb_result {
	enum tcb_note note;
	unsigned action_count;
	struct tcb_action actions[TCB_ACTIONS_MAX];
};

/* What is offered and how patient we are; shared by many TCBs, never changed by them. */
struct tcb_config {
	int mss;    /* octets, offered in the SYN; 0: no option; -1: what the path allows */
	int wscale; /* shift offered, 0..255 (over 14 only to see what happens); -1: no option */
	bool sack;  /* offer SACK-permitted */
	bool timestamps;      /* offer timestamps */
	bool ecn;             /* ECN-setup SYN (RFC 3168 section 6.1.1) */
	uint32_t rcv_wnd;     /* octets */
	unsigned retries;     /* retransmissions of one segment before giving up */
	unsigned syn_retries; /* and of the SYN */
	int64_t rto_initial_ns, rto_min_ns, rto_max_ns;
	int64_t last_wait_ns; /* wait this long after the last retransmission */
	int64_t time_wait_ns; /* 2MSL; 0: TIME-WAIT ends at once */
};

/* What differs from flow to flow. */
struct tcb_path {
	uint16_t path_mss;    /* octets behind the fixed TCP header that a packet of ours holds */
	uint16_t default_mss; /* of a peer without the option: 536, IPv6: 1220 (MUST-15) */
	uint32_t ts_offset;   /* added to the clock in our TSvals: a random number */
};

#define TCB_RANGES_MAX 8

struct tcb {
	const struct tcb_config *config;
	struct tcb_path path;
	enum tcb_state state;
	/* send sequence space */
	uint32_t iss, snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2;
	uint32_t max_snd_wnd; /* the largest SND.WND ever seen: MAX.SND.WND of RFC 5961 */
	uint32_t snd_mss;     /* data octets per segment, options already taken off */
	uint8_t snd_wscale;   /* to scale the peer's windows by */
	/* receive sequence space */
	uint32_t irs, rcv_nxt, rcv_wnd;
	uint8_t rcv_wscale;
	struct seq_range ranges[TCB_RANGES_MAX]; /* out of order; disjoint, ascending */
	unsigned range_count;
	uint32_t last_range_start; /* of the range that the latest segment fell into */
	uint32_t peer_fin_seq;     /* of a FIN seen, perhaps out of order */
	bool peer_fin_seen;
	/* options in force */
	bool timestamps_on, sack_on, ecn_on, wscale_on;
	uint32_t ts_recent, last_ack_sent;
	/* what the user asked to send: the data occupy [data_seq, data_seq + data_len) */
	const uint8_t *data;
	uint32_t data_seq, data_len;
	bool close_queued, fin_sent;
	bool fin_overtaken; /* the caller made our FIN itself: not to be sent again */
	uint32_t fin_seq;   /* of our FIN, once sent */
	/* RFC 6298 and RFC 5681 */
	struct rto rto;
	unsigned retransmits; /* of what is at SND.UNA now */
	bool timing;          /* one segment is being timed */
	uint32_t timed_end;   /* sequence number that ends it */
	int64_t timed_at_ns;
	uint32_t cwnd, ssthresh, recover;
	bool recovering;
	int64_t challenged_at_ns;
	bool challenged;
	uint8_t timers; /* bit n: timer n runs */
};

/* A closed TCB. */
void tcb_init(struct tcb *tcb, const struct tcb_config *config, const struct tcb_path *path);

/* The one door. `result` is overwritten. Never fails: what cannot be done is said by the note. */
void tcb_step(struct tcb *tcb, const struct tcb_event *event, struct tcb_result *result);

/* A keepalive-style question (RFC 9293 section 3.8.4): a bare ACK from just before SND.NXT, which a
 * peer that knows the connection must acknowledge, and one that does not must reset. Serves after
 * the connection has ended, too. */
void tcb_question(const struct tcb *tcb, int64_t now_ns, struct segment *seg);

/* What a SYN of this configuration offers; without the timestamps' values. */
void tcb_offer(const struct tcb_config *config, const struct tcb_path *path,
	       struct tcp_options *options);

/* The SYN of a connection that begins so; without sequence number and TSval. For those who send
 * SYNs before there is a connection. */
void tcb_syn(const struct tcb_config *config, const struct tcb_path *path, struct segment *syn);

/* What a route's MTU (octets of an IP packet) says of segments; without ts_offset. */
struct tcb_path tcb_path_of(uint32_t mtu, enum ip_version version);

/* The TSval of a segment sent now. */
uint32_t tcb_timestamp(const struct tcb *tcb, int64_t now_ns);

/* A segment that the caller made itself is on its way: if it begins at SND.NXT its octets count as
 * sent, its FIN as our FIN. Nothing of it is ever sent again by the machine. */
void tcb_overtake(struct tcb *tcb, const struct segment *seg);

/* Everything that we sent so far was acknowledged, the FIN included if one was sent. */
bool tcb_all_acked(const struct tcb *tcb);

/* Our FIN was sent and acknowledged. */
bool tcb_fin_acked(const struct tcb *tcb);

/* "SYN-SENT", as RFC 9293 spells it. */
const char *tcb_state_name(enum tcb_state state);
/* "challenge-ack-rst", ... for -v and records. */
const char *tcb_note_name(enum tcb_note note);
const char *tcb_timer_name(enum tcb_timer timer);

#endif
