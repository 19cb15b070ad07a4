/* SPDX-License-Identifier: BSD-2-Clause */
/* A scan's answers: packets against the cookie -> what is known of a port. */
#include "scan/scan_internal.h"

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
	item->first_ns = entry->flags == SCAN_POSTPONED ? -1 : flows_first_ns(entry, now_ns);
	/* (of one that was postponed, an earlier SYN may be meant) */
	if (entry->tries == 1 && entry->flags != SCAN_POSTPONED && item->reason != REASON_ICMP &&
	    now_ns >= entry->sent_ns)
		item->rtt_ns = now_ns - entry->sent_ns;
	flows_remove(&scan->flows, item->index);
	defer_ended(&scan->defer, scan_host_of(&item->addr));
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

	if (!scan_recognise(scan, remote, item)) {
		scan->counts.not_ours++;
		return ANSWER_NOT_OURS;
	}
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
	entry = flows_find(&scan->flows, item->index);
	if (!entry || entry->tries == FLOWS_RESTING) {
		scan->counts.duplicates++;
		return ANSWER_DUPLICATE;
	}
	finish(scan, entry, now_ns, item);
	return ANSWER_RESULT;
}

/* What was counted of it is taken back. */
bool scan_postpone(struct scan *scan, const struct scan_item *item, int64_t now_ns)
{
	struct flow_entry *entry = flows_rest(&scan->flows, item->index, now_ns);

	if (!entry)
		return false;
	entry->flags = SCAN_POSTPONED;
	defer_begun(&scan->defer, scan_host_of(&item->addr));
	scan->counts.answered--;
	scan->counts.states[item->state]--;
	scan->counts.postponed++;
	return true;
}
