/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts: segments in capture order -> what was seen of the connection. */
#include "probe/facts.h"

#include "wire/seqno.h"

/* No server repeats its SYN-ACK earlier (RFC 6298 section 2.1: one second). */
#define SYNACK_REPEAT_MIN_NS INT64_C(900000000)
/* A first repeat as late as this is not that of its first timer, which is of one second. */
#define SYNACK_TIMER_PASSED_NS INT64_C(2500000000)
/* Copies closer than this were made by the network, not by a timer. */
#define NETWORK_COPY_NS INT64_C(100000000)

static void our_syn(struct facts *facts, const struct segment *seg, int64_t stamp_ns)
{
	if (facts->syn_count < FACTS_SYNS_MAX) {
		facts->syns[facts->syn_count].stamp_ns = stamp_ns;
		facts->syns[facts->syn_count].tsval = seg->options.tsval;
	}
	facts->syn_count++;
}

static void our_fin(struct facts *facts, const struct segment *seg, int64_t stamp_ns)
{
	if (facts->fin_count++ > 0)
		return;
	facts->fin_ns = stamp_ns;
	facts->fin_seq = seg->seq + seg->data_len;
	/* its FIN had reached this host, but not our machine, when ours left: they crossed */
	if (facts->peer_fin_ns != 0 && seq_lt(seg->ack, facts->peer_fin_end))
		facts->peer_fin_first = false;
}

void facts_saw_ours(struct facts *facts, const struct segment *seg, int64_t stamp_ns,
		    bool retransmit)
{
	facts->retransmits_ours += retransmit;
	if (seg->flags & TCP_RST)
		return;
	if (seg->flags & TCP_SYN) {
		our_syn(facts, seg, stamp_ns);
		return;
	}
	if (facts->third_ns == 0)
		facts->third_ns = stamp_ns;
	if (seg->data_len > 0) {
		facts->data_sent = true;
		facts->data_end = seg->seq + seg->data_len;
		facts->late_data = facts->late_data || facts->peer_fin_ns != 0;
	}
	if (seg->flags & TCP_FIN)
		our_fin(facts, seg, stamp_ns);
	/* an ACK of data may be captured behind a FIN that it had not seen */
	if (facts->peer_fin_ns != 0 && facts->last_ack_ns == 0 &&
	    seq_ge(seg->ack, facts->peer_fin_end))
		facts->last_ack_ns = stamp_ns;
}

/* Did the server's timer send this copy, or did the network make it? */
static bool repeated_by_server(int64_t gap_ns, const struct segment *seg, uint32_t first_tsval)
{
	if (seg->options.has_timestamps)
		return gap_ns >= NETWORK_COPY_NS && seg->options.tsval != first_tsval;
	return gap_ns >= NETWORK_COPY_NS;
}

static void their_synack(struct facts *facts, const struct packet *packet, int64_t stamp_ns)
{
	const struct segment *seg = &packet->seg;

	if (facts->synack_count++ == 0) {
		facts->synack_ns = stamp_ns;
		facts->synack_options = seg->options;
		facts->synack_ip = packet->ip;
		facts->synack_wnd = seg->wnd;
		facts->synack_tsecr = seg->options.tsecr;
		facts->synack_ece = seg->flags & TCP_ECE;
		facts->synack_cwr = seg->flags & TCP_CWR;
	} else if (stamp_ns - facts->synack_last_ns >= NETWORK_COPY_NS) {
		facts->synack_repeats++;
		if (!facts->data_sent && facts->fin_ns == 0 && facts->third_ns != 0)
			facts->synack_repeats_idle++;
		if (facts->synack_repeats == 1)
			facts->synack_timer_passed =
			    stamp_ns - facts->synack_ns >= SYNACK_TIMER_PASSED_NS;
	}
	facts->synack_last_ns = stamp_ns;
}

static void their_fin(struct facts *facts, const struct segment *seg, int64_t stamp_ns)
{
	if (facts->peer_fin_count++ > 0) {
		facts->peer_fin_repeats +=
		    repeated_by_server(stamp_ns - facts->peer_fin_ns, seg, facts->peer_fin_tsval);
		return;
	}
	facts->peer_fin_ns = stamp_ns;
	facts->peer_fin_tsval = seg->options.tsval;
	facts->peer_fin_end = seg->seq + segment_len(seg);
	facts->peer_fin_first = facts->fin_ns == 0;
	facts->peer_fin_acks_ours = facts->fin_ns != 0 && seq_gt(seg->ack, facts->fin_seq);
}

static void their_ack(struct facts *facts, const struct segment *seg, int64_t stamp_ns)
{
	if (facts->data_sent && seq_ge(seg->ack, facts->data_end)) {
		facts->data_acked = true;
		facts->late_acked = facts->late_data;
	}
	if (facts->fin_ns == 0 || seq_le(seg->ack, facts->fin_seq))
		return;
	/* a pure ACK from before its FIN, which overtook it on the way */
	if (facts->peer_fin_ns != 0 && segment_len(seg) == 0 &&
	    seq_lt(seg->seq, facts->peer_fin_end))
		facts->fin_acked_alone = true;
	if (facts->fin_acked_ns != 0)
		return;
	facts->fin_acked_ns = stamp_ns;
	facts->fin_acked_alone = !(seg->flags & TCP_FIN);
}

static void their_rst(struct facts *facts, const struct segment *seg, int64_t stamp_ns,
		      enum tcb_note note)
{
	if (note == NOTE_REFUSED && facts->synack_count == 0) {
		facts->refused = true;
		facts->refused_ns = stamp_ns;
		return;
	}
	if (note == NOTE_RST_INVALID)
		facts->invalid_reset = true;
	if (note != NOTE_RESET && note != NOTE_REFUSED)
		return;
	facts->reset = true;
	facts->reset_ns = stamp_ns;
	facts->reset_has_ack = seg->flags & TCP_ACK;
	facts->reset_acks_fin =
	    facts->reset_has_ack && facts->fin_ns != 0 && seq_gt(seg->ack, facts->fin_seq);
	facts->reset_late = facts->late_data;
}

static bool out_of_turn(enum tcb_note note)
{
	return note == NOTE_FIN_AGAIN || note == NOTE_OLD_DATA || note == NOTE_PAWS ||
	       note == NOTE_UNACCEPTABLE || note == NOTE_OUT_OF_ORDER ||
	       note == NOTE_OUT_OF_ORDER_LOST;
}

void facts_saw_theirs(struct facts *facts, const struct packet *packet, int64_t stamp_ns,
		      const struct tcb *tcb, enum tcb_note note)
{
	const struct segment *seg = &packet->seg;

	if (seg->flags & TCP_RST) {
		their_rst(facts, seg, stamp_ns, note);
		return;
	}
	facts->out_of_turn += out_of_turn(note);
	if (note == NOTE_SIMULTANEOUS_OPEN)
		facts->simultaneous_open = true;
	if (note == NOTE_BAD_SYNACK)
		facts->bad_synack = true;
	if (seg->flags & TCP_SYN) {
		if ((seg->flags & TCP_ACK) && seg->ack == tcb->iss + 1)
			their_synack(facts, packet, stamp_ns);
		return;
	}
	if (!(seg->flags & TCP_ACK) || facts->synack_count == 0)
		return;
	their_ack(facts, seg, stamp_ns);
	facts->zero_window = seg->wnd == 0;
	if (seg->flags & TCP_FIN)
		their_fin(facts, seg, stamp_ns);
}

void facts_saw_icmp(struct facts *facts, const struct packet *packet, int64_t stamp_ns)
{
	if (facts->icmp)
		return;
	facts->icmp = true;
	facts->icmp_version = packet->flow.src.addr.version;
	facts->icmp_type = packet->icmp.type;
	facts->icmp_code = packet->icmp.code;
	facts->icmp_ns = stamp_ns;
	facts->icmp_from = packet->flow.src.addr;
}

bool facts_is_copy(const struct facts *facts, const struct segment *seg, int64_t stamp_ns)
{
	return facts->synack_count > 0 && (seg->flags & TCP_SYN) &&
	       stamp_ns - facts->synack_last_ns < NETWORK_COPY_NS;
}

int64_t facts_handshake_rtt_ns(const struct facts *facts)
{
	int64_t answer_ns = facts->synack_ns ? facts->synack_ns : facts->refused_ns;
	uint32_t copies = 0;
	int64_t rtt_ns;

	if (answer_ns == 0 || facts->syn_count == 0 || facts->syn_count > FACTS_SYNS_MAX)
		return -1;
	while (copies < facts->syn_count && facts->syns[copies].stamp_ns <= answer_ns)
		copies++; /* one may have left while the answer was on its way up to us */
	if (copies == 0)
		return -1;
	rtt_ns = answer_ns - facts->syns[copies - 1].stamp_ns;
	if (copies == 1)
		return rtt_ns;
	if (facts->synack_ns == 0 || !facts->synack_options.has_timestamps ||
	    facts->synack_tsecr != facts->syns[copies - 1].tsval || rtt_ns >= SYNACK_REPEAT_MIN_NS)
		return -1;
	return rtt_ns;
}
