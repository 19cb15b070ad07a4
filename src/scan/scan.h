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
#include "scan/flows.h"
#include "scan/permute.h"
#include "scan/space.h"
#include "wire/decode.h"

#define SCAN_HOSTS_MAX 65536 /* places for counting what is under way to each host */

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

enum scan_reason { REASON_SYNACK, REASON_RESET, REASON_ICMP, REASON_SILENCE, REASON_COUNT };

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
	uint8_t tries; /* SYNs sent, this one included */
	/* a result: */
	enum scan_state state;
	enum scan_reason reason;
	uint8_t icmp_type, icmp_code, ttl;
	bool zero_window; /* of the SYN-ACK: often a SYN proxy */
	int64_t rtt_ns;   /* -1: silence, or nobody knows which SYN was answered (Karn) */
};

enum scan_next {
	SCAN_SEND,   /* the SYN of this item */
	SCAN_RESULT, /* this item is FILTERED: silence after the last try */
	SCAN_WAIT,   /* nothing to do before scan_due_ns(), or an answer */
	SCAN_DONE
};

enum scan_answer {
	ANSWER_RESULT,    /* this item's state is known now */
	ANSWER_DUPLICATE, /* of one that was answered, or given up, before */
	ANSWER_REJECTED,  /* forged, or of another time: not what our cookie says */
	ANSWER_NOT_OURS   /* no target of this scan, or no answer to a SYN */
};

struct scan_counts {
	uint64_t new_sent, again_sent, answered, silent;
	uint64_t duplicates, rejected, not_ours;
	uint64_t states[SCAN_STATE_COUNT];
};

struct scan {
	struct scan_config config;
	struct permutation order;
	struct flows flows;
	struct match cookie;    /* the key alone */
	uint64_t position, end; /* steps of this shard: the next new one, how many there are */
	const uint64_t *resume; /* indices that were awaited when it was interrupted */
	uint64_t resume_count, resumed;
	uint16_t hosts[SCAN_HOSTS_MAX];
	struct scan_counts counts;
};

/* `entries`: `size` of them, a power of two. */
void scan_init(struct scan *scan, const struct scan_config *config, struct flow_entry *entries,
	       uint32_t size);

/* What to do now. `may_send`: the rate allows another SYN. */
enum scan_next scan_next(struct scan *scan, int64_t now_ns, bool may_send, struct scan_item *item);

/* When something is due without an answer; INT64_MAX: never. */
int64_t scan_due_ns(const struct scan *scan);

/* A packet came; `now_ns` is its stamp, of the same clock as scan_next()'s. */
enum scan_answer scan_arrived(struct scan *scan, const struct packet *packet, int64_t now_ns,
			      struct scan_item *item);

/* For resuming: the steps before `position` are done but for those that are awaited still, whose
 * indices are handed out. And the other way round: they are sent first; false if they are no
 * indices of this space. `awaited` must live as long as the scan. */
void scan_awaited(const struct scan *scan, void (*take)(void *arg, uint64_t index), void *arg);
bool scan_resume(struct scan *scan, uint64_t position, const uint64_t *awaited, uint64_t count);

const char *scan_state_name(enum scan_state state);
/* "syn-ack", "reset", "icmp-3-13", "silence" */
#define SCAN_REASON_MAX 16
const char *scan_reason_text(const struct scan_item *item, char text[SCAN_REASON_MAX]);

#endif
