/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scan: space, order and time -> which SYN goes next; answers -> what is known of a port. Pure:
 * the caller owns clock, wire and memory.
 *
 * Nothing is kept of a target but while its answer is awaited. The ISS of each SYN is a keyed hash
 * of its 4-tuple (RFC 6528), so an answer is believed only if it acknowledges exactly that: late,
 * doubled and forged ones are told apart and counted.
 */
#ifndef SHAKEDOWN_SCAN_SCAN_H
#define SHAKEDOWN_SCAN_SCAN_H

#include "probe/match.h"
#include "scan/defer.h"
#include "scan/flows.h"
#include "scan/permute.h"
#include "scan/space.h"
#include "wire/decode.h"

enum scan_mode {
	MODE_SYN,       /* SYN, then RST on SYN-ACK */
	MODE_HANDSHAKE, /* the whole handshake, then a graceful close */
	MODE_CENSUS,    /* likewise, and what came of it is told in full */
};

enum scan_state {
	SCAN_OPEN,
	SCAN_CLOSED,
	SCAN_FILTERED,    /* silence, or an ICMP error that says "prohibited" */
	SCAN_UNREACHABLE, /* an ICMP error that says that there is no way, or nobody */
	SCAN_STATE_COUNT
};

enum scan_reason {
	REASON_SYNACK,
	REASON_RESET,
	REASON_ICMP,
	REASON_SILENCE,
	REASON_NO_ROUTE, /* of this host: nothing was sent */
	REASON_COUNT
};

struct scan_config {
	const struct space *space;
	uint64_t seed;
	uint32_t shard, shards; /* 1-based */
	unsigned tries;         /* SYNs to one target, 1 .. FLOWS_TRIES_MAX */
	int64_t wait_ns;       /* for the answer to the first; twice as long for each further one */
	uint32_t max_per_host; /* awaited at once; 0: no limit */
	uint16_t port_first, port_count; /* our source ports */
	uint64_t key[2];                 /* random: the cookie's */
};

/* A target: what to send, or what came of it. */
struct scan_item {
	uint64_t index;
	struct ip_addr addr;
	uint16_t port, source_port;
	uint32_t iss;
	uint8_t tries; /* SYNs sent, this one included; since it was postponed, if it was */
	/* a result: */
	enum scan_state state;
	enum scan_reason reason;
	uint8_t icmp_type, icmp_code, ttl;
	bool zero_window; /* of the SYN-ACK: often a SYN proxy */
	int64_t first_ns; /* when its first SYN left, to a millisecond; -1: it was postponed */
	int64_t rtt_ns;   /* -1: silence, or nobody knows which SYN was answered (Karn) */
};

enum scan_next {
	SCAN_SEND,   /* the SYN of this item */
	SCAN_RESULT, /* this item is FILTERED: silence after the last try */
	SCAN_WAIT,   /* nothing to do before scan_next_ns(), or an answer */
	SCAN_DONE
};

enum scan_answer {
	ANSWER_RESULT,    /* this item's state is known now */
	ANSWER_DUPLICATE, /* of one that was answered, or given up, before */
	ANSWER_REJECTED,  /* forged, or of another time: not what our cookie says */
	ANSWER_NOT_OURS   /* no target of this scan, or no answer to a SYN */
};

struct scan_counts {
	uint64_t new_sent, again_sent, answered, silent, postponed, no_route;
	uint64_t duplicates, rejected, not_ours;
	uint64_t states[SCAN_STATE_COUNT];
};

#define SCAN_AHEAD 16

struct scan {
	struct scan_config config;
	struct permutation order;
	struct flows flows;
	struct match cookie;        /* the key alone */
	uint64_t ahead[SCAN_AHEAD]; /* the indices of some steps from `ahead_from` on */
	uint64_t ahead_from;
	uint64_t position, end; /* steps of this shard: the next new one, how many there are */
	const uint64_t *resume; /* indices that were awaited when it was interrupted */
	uint64_t resume_count, resumed;
	struct defer defer;
	bool hold_new; /* the caller's, at any time: no first SYNs now, only those sent again */
	struct scan_counts counts;
};

/* `entries`: `size` of them, a power of two. */
void scan_init(struct scan *scan, const struct scan_config *config, struct flow_entry *entries,
	       uint32_t size);

/* Memory for targets whose host has enough under way, so that they hold up no others: at most as
 * many as the space has. Without it, or when it is used up, the scan waits for that host. */
void scan_memory(struct scan *scan, struct defer_entry *entries, uint32_t size);

/* What to do now. `may_send`: the rate allows another SYN. */
enum scan_next scan_next(struct scan *scan, int64_t now_ns, bool may_send, struct scan_item *item);

/* After SCAN_SEND, of a first SYN: it cannot be sent. The item is UNREACHABLE then. */
void scan_refuse(struct scan *scan, struct scan_item *item);

/* When scan_next() with that `may_send` has something to do, if no answer comes before: `now_ns`:
 * at once; INT64_MAX: never. */
int64_t scan_next_ns(struct scan *scan, int64_t now_ns, bool may_send);

/* The oldest first SYN that is awaited still left then; now_ns: none is. */
int64_t scan_settled_ns(const struct scan *scan, int64_t now_ns);

/* A packet came; `now_ns` is its stamp, of the same clock as scan_next()'s. */
enum scan_answer scan_arrived(struct scan *scan, const struct packet *packet, int64_t now_ns,
			      struct scan_item *item);

/* After ANSWER_RESULT, SCAN_OPEN: nobody has time for it now. It is awaited again: after a while
 * its first SYN is sent anew, and until then its answers are duplicates. False: there is no room.
 */
bool scan_postpone(struct scan *scan, const struct scan_item *item, int64_t now_ns);

/* For resuming: the steps before `position` are done but for those that are awaited still, whose
 * indices are handed out. And the other way round: they are sent first; false if they are no
 * indices of this space. `awaited` must live as long as the scan. */
void scan_awaited(const struct scan *scan, void (*take)(void *arg, uint64_t index), void *arg);
uint64_t scan_awaited_count(const struct scan *scan);
bool scan_resume(struct scan *scan, uint64_t position, const uint64_t *awaited, uint64_t count);

const char *scan_state_name(enum scan_state state);
/* "syn-ack", "reset", "icmp-3-13", "silence" */
#define SCAN_REASON_MAX 16
const char *scan_reason_text(const struct scan_item *item, char text[SCAN_REASON_MAX]);

#endif
