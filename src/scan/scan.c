/* SPDX-License-Identifier: BSD-2-Clause */
/* A scan: the next SYN, its repetition, its silence; answers against the cookie. */
#include "scan/scan.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void scan_init(struct scan *scan, const struct scan_config *config, struct flow_entry *entries,
	       uint32_t size)
{
	uint64_t all = space_size(config->space);

	memset(scan, 0, sizeof(*scan));
	scan->config = *config;
	memcpy(scan->cookie.key, config->key, sizeof(scan->cookie.key));
	permute_init(&scan->order, all, config->seed);
	flows_init(&scan->flows, entries, size, config->key[0]);
	scan->end = permute_shard_size(all, config->shard, config->shards);
}

/* --- who it is --- */

static uint32_t mix(const struct ip_addr *addr)
{
	uint32_t x = 0x811c9dc5;

	for (unsigned i = 0; i < (addr->version == IP_V6 ? 16U : 4U); i++)
		x = (x ^ addr->octets[i]) * 0x01000193;
	return x ^ x >> 15;
}

/* Counted by a hash: two hosts that share a place are spared a little more. */
static uint16_t *host_of(struct scan *scan, const struct ip_addr *addr)
{
	return &scan->hosts[mix(addr) % SCAN_HOSTS_MAX];
}

static void describe(const struct scan *scan, uint64_t index, struct scan_item *item)
{
	struct flow flow = {.src.port = 0};

	*item = (struct scan_item){.index = index, .rtt_ns = -1};
	space_at(scan->config.space, index, &item->addr, &item->port);
	item->source_port = (uint16_t)(scan->config.port_first +
				       (mix(&item->addr) + item->port) % scan->config.port_count);
	flow.dst.addr = item->addr;
	flow.dst.port = item->port;
	flow.src.port = item->source_port;
	item->iss = match_iss(&scan->cookie, &flow);
}

/* --- what to do next --- */

static int64_t wait_ns(const struct scan *scan, unsigned tries)
{
	return scan->config.wait_ns << (tries - 1);
}

static void leave_host(struct scan *scan, const struct ip_addr *addr)
{
	uint16_t *host = host_of(scan, addr);

	if (*host > 0)
		(*host)--;
}

/* One that has waited long enough: again, or silence. */
static enum scan_next overdue(struct scan *scan, int64_t now_ns, bool may_send,
			      struct scan_item *item)
{
	for (unsigned tries = scan->config.tries; tries >= 1; tries--) {
		struct flow_entry *entry = flows_oldest(&scan->flows, (uint8_t)tries);

		if (!entry || entry->sent_ns + wait_ns(scan, tries) > now_ns)
			continue;
		if (tries < scan->config.tries && !may_send)
			continue;
		describe(scan, entry->index, item);
		item->tries = (uint8_t)tries;
		if (tries < scan->config.tries) {
			flows_again(&scan->flows, entry, now_ns);
			item->tries++;
			scan->counts.again_sent++;
			return SCAN_SEND;
		}
		item->state = SCAN_FILTERED;
		item->reason = REASON_SILENCE;
		flows_remove(&scan->flows, item->index);
		leave_host(scan, &item->addr);
		scan->counts.silent++;
		scan->counts.states[SCAN_FILTERED]++;
		return SCAN_RESULT;
	}
	return SCAN_WAIT;
}

/* What was awaited when the scan was interrupted comes first. */
static uint64_t next_index(const struct scan *scan)
{
	if (scan->resumed < scan->resume_count)
		return scan->resume[scan->resumed];
	return permute(&scan->order,
		       permute_shard_step(scan->position, scan->config.shard, scan->config.shards));
}

/* The next target; false if its host has enough under way, or there is no room. */
static bool take_new(struct scan *scan, int64_t now_ns, struct scan_item *item)
{
	uint16_t *host;

	if (scan->flows.count >= scan->flows.limit)
		return false;
	describe(scan, next_index(scan), item);
	host = host_of(scan, &item->addr);
	if (scan->config.max_per_host > 0 && *host >= scan->config.max_per_host)
		return false;
	if (*host < UINT16_MAX)
		(*host)++;
	flows_add(&scan->flows, item->index, now_ns);
	if (scan->resumed < scan->resume_count)
		scan->resumed++;
	else
		scan->position++;
	scan->counts.new_sent++;
	item->tries = 1;
	return true;
}

enum scan_next scan_next(struct scan *scan, int64_t now_ns, bool may_send, struct scan_item *item)
{
	enum scan_next next = overdue(scan, now_ns, may_send, item);

	if (next != SCAN_WAIT)
		return next;
	if (scan->position == scan->end && scan->resumed == scan->resume_count)
		return scan->flows.count > 0 ? SCAN_WAIT : SCAN_DONE;
	return may_send && take_new(scan, now_ns, item) ? SCAN_SEND : SCAN_WAIT;
}

int64_t scan_due_ns(const struct scan *scan)
{
	int64_t due_ns = INT64_MAX;

	for (unsigned tries = 1; tries <= scan->config.tries; tries++) {
		uint32_t at = scan->flows.heads[tries];
		int64_t at_ns;

		if (at == FLOWS_NONE)
			continue;
		at_ns = scan->flows.entries[at].sent_ns + wait_ns(scan, tries);
		if (at_ns < due_ns)
			due_ns = at_ns;
	}
	return due_ns;
}

/* --- answers --- */

/* RFC 792 and RFC 1812 section 5.2.7.1; RFC 4443 section 3.1: which errors say "prohibited". */
static bool icmp_prohibits(const struct ip_addr *addr, uint8_t type, uint8_t code)
{
	if (addr->version == IP_V4)
		return type == 3 && (code == 9 || code == 10 || code == 13);
	return type == 1 && (code == 1 || code == 5 || code == 6);
}

static bool judge_tcp(const struct segment *seg, struct scan_item *item)
{
	const unsigned synack = TCP_SYN | TCP_ACK;

	if (!(seg->flags & TCP_ACK) || seg->ack != item->iss + 1)
		return false;
	if (seg->flags & TCP_RST) {
		item->state = SCAN_CLOSED;
		item->reason = REASON_RESET;
		return true;
	}
	if ((seg->flags & synack) != synack)
		return false;
	item->state = SCAN_OPEN;
	item->reason = REASON_SYNACK;
	item->zero_window = seg->wnd == 0;
	return true;
}

static bool judge_icmp(const struct icmp_error *icmp, struct scan_item *item)
{
	if (icmp->quoted_seq != item->iss)
		return false;
	item->state =
	    icmp_prohibits(&item->addr, icmp->type, icmp->code) ? SCAN_FILTERED : SCAN_UNREACHABLE;
	item->reason = REASON_ICMP;
	item->icmp_type = icmp->type;
	item->icmp_code = icmp->code;
	return true;
}

static void finish(struct scan *scan, struct flow_entry *entry, int64_t now_ns,
		   struct scan_item *item)
{
	item->tries = entry->tries;
	if (entry->tries == 1 && item->reason != REASON_ICMP && now_ns >= entry->sent_ns)
		item->rtt_ns = now_ns - entry->sent_ns;
	flows_remove(&scan->flows, item->index);
	leave_host(scan, &item->addr);
	scan->counts.answered++;
	scan->counts.states[item->state]++;
}

enum scan_answer scan_arrived(struct scan *scan, const struct packet *packet, int64_t now_ns,
			      struct scan_item *item)
{
	bool tcp = packet->kind == PACKET_TCP;
	const struct endpoint *remote = tcp ? &packet->flow.src : &packet->icmp.quoted.dst;
	uint16_t ours = tcp ? packet->flow.dst.port : packet->icmp.quoted.src.port;
	struct flow_entry *entry;
	uint64_t index;

	if (!space_find(scan->config.space, &remote->addr, remote->port, &index)) {
		scan->counts.not_ours++;
		return ANSWER_NOT_OURS;
	}
	describe(scan, index, item);
	if (tcp && !(packet->seg.flags & (TCP_SYN | TCP_RST)) && item->source_port == ours) {
		scan->counts.duplicates++; /* of a connection that is over */
		return ANSWER_DUPLICATE;
	}
	if (item->source_port != ours ||
	    !(tcp ? judge_tcp(&packet->seg, item) : judge_icmp(&packet->icmp, item))) {
		scan->counts.rejected++;
		return ANSWER_REJECTED;
	}
	item->ttl = packet->ip.ttl;
	entry = flows_find(&scan->flows, index);
	if (!entry) {
		scan->counts.duplicates++;
		return ANSWER_DUPLICATE;
	}
	finish(scan, entry, now_ns, item);
	return ANSWER_RESULT;
}

/* --- resuming --- */

void scan_awaited(const struct scan *scan, void (*take)(void *arg, uint64_t index), void *arg)
{
	for (unsigned tries = 1; tries <= scan->config.tries; tries++)
		for (uint32_t at = scan->flows.heads[tries]; at != FLOWS_NONE;
		     at = scan->flows.entries[at].next)
			take(arg, scan->flows.entries[at].index);
	for (uint64_t i = scan->resumed; i < scan->resume_count; i++)
		take(arg, scan->resume[i]);
}

bool scan_resume(struct scan *scan, uint64_t position, const uint64_t *awaited, uint64_t count)
{
	const uint64_t size = space_size(scan->config.space);

	for (uint64_t i = 0; i < count; i++)
		if (awaited[i] >= size)
			return false;
	if (position > scan->end)
		return false;
	scan->resume = awaited;
	scan->resume_count = count;
	scan->position = position;
	return true;
}

/* --- words --- */

const char *scan_state_name(enum scan_state state)
{
	static const char *const names[] = {[SCAN_OPEN] = "open",
					    [SCAN_CLOSED] = "closed",
					    [SCAN_FILTERED] = "filtered",
					    [SCAN_UNREACHABLE] = "unreachable"};

	return names[state];
}

const char *scan_reason_text(const struct scan_item *item, char text[SCAN_REASON_MAX])
{
	static const char *const names[] = {
	    [REASON_SYNACK] = "syn-ack", [REASON_RESET] = "reset", [REASON_SILENCE] = "silence"};

	if (item->reason != REASON_ICMP)
		return names[item->reason];
	snprintf(text, SCAN_REASON_MAX, "icmp-%u-%u", item->icmp_type, item->icmp_code);
	return text;
}
