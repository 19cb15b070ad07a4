/* SPDX-License-Identifier: BSD-2-Clause */
/* infer: timeline -> the server's state and its evidence. RFC 9293 section 3.3.2. */
#include "probe/peer.h"

#include <string.h>

#include "wire/seqno.h"

void peer_init(struct peer *peer, uint32_t iss)
{
	memset(peer, 0, sizeof(*peer));
	peer->iss = iss;
	peer->evidence = "nothing has come from the server";
}

static void conclude(struct peer *peer, enum tcb_state state, bool assumed, const char *evidence)
{
	peer->known = true;
	peer->state = state;
	peer->assumed = assumed;
	peer->evidence = evidence;
}

static void conclude_open(struct peer *peer)
{
	if (!peer->third)
		conclude(peer, TCB_SYN_RECEIVED, false, "it sent SYN-ACK and waits for our ACK");
	else if (peer->established)
		conclude(peer, TCB_ESTABLISHED, false, "it went on after our ACK of its SYN");
	else
		conclude(peer, TCB_ESTABLISHED, true, "our ACK of its SYN was sent");
}

/* We closed first, or the server did not close yet. */
static void conclude_passive(struct peer *peer)
{
	if (!peer->their_fin && peer->our_fin_acked)
		conclude(peer, TCB_CLOSE_WAIT, false, "it acknowledged our FIN and sent none");
	else if (!peer->their_fin)
		conclude(peer, TCB_CLOSE_WAIT, true, "our FIN was sent");
	else if (!peer->their_fin_acked)
		conclude(peer, TCB_LAST_ACK, false,
			 "it sent its FIN after ours and waits for our ACK");
	else
		conclude(peer, TCB_CLOSED, true, "our ACK of its FIN was sent");
}

/* The server closed first. */
static void conclude_active(struct peer *peer)
{
	if (!peer->their_fin_acked)
		conclude(peer, TCB_FIN_WAIT_1, false, "it sent its FIN and waits for our ACK");
	else if (!peer->our_fin)
		conclude(peer, TCB_FIN_WAIT_2, true, "our ACK of its FIN was sent");
	else if (peer->our_fin_acked)
		conclude(peer, TCB_TIME_WAIT, false, "it closed first and acknowledged our FIN");
	else
		conclude(peer, TCB_TIME_WAIT, true, "it closed first and our FIN was sent");
}

/* Both FINs crossed: figure 13. */
static void conclude_crossed(struct peer *peer)
{
	if (peer->their_fin_acked)
		conclude(peer, TCB_TIME_WAIT, !peer->our_fin_acked,
			 "both FINs crossed and our ACK of its FIN was sent");
	else
		conclude(peer, TCB_CLOSING, !peer->our_fin_acked, "both FINs crossed");
}

static void infer(struct peer *peer)
{
	if (peer->reset_by_them)
		conclude(peer, TCB_CLOSED, false, "it sent RST");
	else if (peer->reset_by_us && peer->synack)
		conclude(peer, TCB_CLOSED, true, "our RST was sent");
	else if (!peer->synack)
		return;
	else if (!peer->our_fin && !peer->their_fin)
		conclude_open(peer);
	else if (peer->their_fin && peer->their_fin_first)
		conclude_active(peer);
	else if (peer->their_fin && !peer->their_fin_acks_ours)
		conclude_crossed(peer);
	else
		conclude_passive(peer);
}

void peer_saw_ours(struct peer *peer, const struct segment *seg)
{
	bool acks_syn = (seg->flags & TCP_ACK) && peer->synack && seq_gt(seg->ack, peer->irs);

	if (seg->flags & TCP_RST) {
		peer->reset_by_us = true;
		infer(peer);
		return;
	}
	if (acks_syn && !peer->third) {
		peer->third = true;
		peer->server_knows = PROOF_ALL;
	}
	if (peer->their_fin && (seg->flags & TCP_ACK) && seq_ge(seg->ack, peer->their_fin_end))
		peer->their_fin_acked = true;
	if (seg->flags & TCP_FIN) {
		/* its FIN had reached this host, but not our machine, when ours left: they crossed
		 */
		if (!peer->our_fin && peer->their_fin && !peer->their_fin_acked)
			peer->their_fin_first = false;
		peer->our_fin = true;
		peer->our_fin_end = seg->seq + segment_len(seg);
	}
	infer(peer);
}

static void saw_synack(struct peer *peer, const struct segment *seg)
{
	if (peer->synack && !peer->established) {
		peer->third = false; /* it repeats itself: our ACK did not count */
		peer->server_knows = PROOF_CLIENT_SENDS | PROOF_SERVER_RECEIVES;
	}
	if (peer->synack)
		return;
	peer->synack = true;
	peer->irs = seg->seq;
	peer->client_knows = PROOF_ALL;
	peer->server_knows = PROOF_CLIENT_SENDS | PROOF_SERVER_RECEIVES;
}

static void saw_fin(struct peer *peer, const struct segment *seg)
{
	if (peer->their_fin) { /* it repeats itself: our ACK had not come, unless it has gone on */
		if (!peer->their_fin_first || !peer->our_fin_acked)
			peer->their_fin_acked = false;
		return;
	}
	peer->their_fin = true;
	peer->their_fin_end = seg->seq + segment_len(seg);
	peer->their_fin_first = !peer->our_fin;
	peer->their_fin_acks_ours = peer->our_fin && seq_ge(seg->ack, peer->our_fin_end);
}

/* A bare ACK of no more than our SYN proves nothing: a server in SYN-RECEIVED, too, answers a SYN
 * that it takes for old like that. */
static bool shows_established(const struct peer *peer, const struct segment *seg)
{
	return segment_len(seg) > 0 || seq_gt(seg->ack, peer->iss + 1) ||
	       seq_gt(seg->seq, peer->irs + 1);
}

void peer_saw_theirs(struct peer *peer, const struct segment *seg, bool believed)
{
	if (seg->flags & TCP_RST) {
		peer->reset_by_them = peer->reset_by_them || believed;
		infer(peer);
		return;
	}
	if ((seg->flags & TCP_SYN) && !(seg->flags & TCP_ACK) && !peer->synack) {
		conclude(peer, TCB_SYN_SENT, false, "it sent a SYN of its own");
		return;
	}
	if ((seg->flags & TCP_SYN) && (peer->synack || seg->ack == peer->iss + 1))
		saw_synack(peer, seg);
	else if (peer->synack && !(seg->flags & TCP_SYN) && shows_established(peer, seg))
		peer->established = true;
	if (!peer->synack)
		return;
	if (peer->established) {
		peer->third = true;
		peer->server_knows = PROOF_ALL;
	}
	if (peer->our_fin && (seg->flags & TCP_ACK) && seq_ge(seg->ack, peer->our_fin_end))
		peer->our_fin_acked = true;
	if (seg->flags & TCP_FIN)
		saw_fin(peer, seg);
	infer(peer);
}

const char *proof_name(enum proof proof)
{
	switch (proof) {
	case PROOF_CLIENT_SENDS:
		return "client sends";
	case PROOF_SERVER_RECEIVES:
		return "server receives";
	case PROOF_SERVER_SENDS:
		return "server sends";
	case PROOF_CLIENT_RECEIVES:
		return "client receives";
	case PROOF_ALL:
		break;
	}
	return "all";
}
