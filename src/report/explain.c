/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, --explain: a moment of the timeline -> what it proves and why, in one plain sentence with
 * its source. One table, read from the top: the first row whose question is answered yes counts.
 */
#include <stdio.h>

#include "report/report.h"

static bool has(const struct moment *m, unsigned flags)
{
	return m->kind == MOMENT_SEGMENT && (m->seg.flags & flags) == flags;
}

static bool icmp(const struct moment *m)
{
	return m->kind == MOMENT_ICMP;
}

static bool our_syn_again(const struct moment *m)
{
	return m->ours && has(m, TCP_SYN) && m->retransmit;
}

static bool our_syn(const struct moment *m)
{
	return m->ours && has(m, TCP_SYN);
}

static bool foreign_reset(const struct moment *m)
{
	return m->foreign;
}

static bool our_reset_of_stale(const struct moment *m)
{
	return m->ours && has(m, TCP_RST) && m->our_state == TCB_SYN_SENT;
}

static bool our_reset(const struct moment *m)
{
	return m->ours && has(m, TCP_RST);
}

static bool bad_synack(const struct moment *m)
{
	return m->note == NOTE_BAD_SYNACK;
}

static bool synack_again(const struct moment *m)
{
	return m->note == NOTE_SYNACK_AGAIN;
}

static bool synack(const struct moment *m)
{
	return !m->ours && has(m, TCP_SYN | TCP_ACK) && m->note == NOTE_HANDSHAKE_DONE;
}

static bool refused(const struct moment *m)
{
	return m->note == NOTE_REFUSED;
}

static bool reset_not_believed(const struct moment *m)
{
	return m->note == NOTE_RST_INVALID || m->note == NOTE_RST_OUT_OF_WINDOW ||
	       m->note == NOTE_CHALLENGE_RST;
}

static bool reset_after_ours(const struct moment *m)
{
	return !m->ours && has(m, TCP_RST) && m->note == NOTE_IGNORED;
}

static bool reset_with_ack(const struct moment *m)
{
	return !m->ours && has(m, TCP_RST | TCP_ACK);
}

static bool reset_bare(const struct moment *m)
{
	return !m->ours && has(m, TCP_RST);
}

static bool their_fin_again(const struct moment *m)
{
	return m->note == NOTE_FIN_AGAIN;
}

static bool our_fin_again(const struct moment *m)
{
	return m->ours && has(m, TCP_FIN) && m->retransmit;
}

static bool our_last_fin(const struct moment *m)
{
	return m->ours && has(m, TCP_FIN) && m->our_state == TCB_LAST_ACK;
}

static bool our_fin_with_data(const struct moment *m)
{
	return m->ours && has(m, TCP_FIN) && m->seg.data_len > 0;
}

static bool our_fin(const struct moment *m)
{
	return m->ours && has(m, TCP_FIN);
}

static bool their_fin_first(const struct moment *m)
{
	return !m->ours && has(m, TCP_FIN) && m->peer.their_fin_first;
}

static bool their_fin_crossed(const struct moment *m)
{
	return !m->ours && has(m, TCP_FIN) && !m->peer.our_fin_acked;
}

static bool their_fin_merged(const struct moment *m)
{
	return !m->ours && has(m, TCP_FIN) && m->note == NOTE_FIN && m->seg.data_len == 0 &&
	       m->peer.their_fin_acks_ours;
}

static bool their_fin(const struct moment *m)
{
	return !m->ours && has(m, TCP_FIN);
}

static bool our_ack_of_fin(const struct moment *m)
{
	return m->ours && m->our_state == TCB_TIME_WAIT;
}

static bool our_ack_before_our_fin(const struct moment *m)
{
	return m->ours && m->our_state == TCB_CLOSE_WAIT && m->seg.data_len == 0;
}

static bool our_question(const struct moment *m)
{
	return m->ours && m->our_state == TCB_CLOSED && has(m, TCP_ACK);
}

static bool our_question_about_fin(const struct moment *m)
{
	return m->ours && m->our_state == TCB_FIN_WAIT_2 && m->peer.our_fin &&
	       m->seg.seq == m->peer.our_fin_end - 1;
}

static bool their_answer_no_fin(const struct moment *m)
{
	return !m->ours && m->our_state == TCB_FIN_WAIT_2 && m->note == NOTE_NONE;
}

static bool our_data(const struct moment *m)
{
	return m->ours && m->seg.data_len > 0;
}

static bool third(const struct moment *m)
{
	return m->ours && m->our_state == TCB_ESTABLISHED && m->peer.third && !m->peer.established;
}

static bool fin_acked_last(const struct moment *m)
{
	return !m->ours && m->note == NOTE_FIN_ACKED && m->our_state == TCB_CLOSED;
}

static bool fin_acked_alone(const struct moment *m)
{
	return !m->ours && m->note == NOTE_FIN_ACKED;
}

static bool their_late_data(const struct moment *m)
{
	return !m->ours && m->seg.data_len > 0 && m->peer.our_fin;
}

static bool their_data(const struct moment *m)
{
	return !m->ours && m->seg.data_len > 0;
}

static bool our_ack(const struct moment *m)
{
	return m->ours && has(m, TCP_ACK);
}

static bool anything_else(const struct moment *m)
{
	return m->kind == MOMENT_SEGMENT;
}

struct explanation {
	bool (*applies)(const struct moment *m);
	const char *text;
	const char *source;
};

static const struct explanation explanations[] = {
    {icmp, "A device on the way, or the host itself, says that our segment did not get through.",
     "RFC 792, RFC 4443"},
    {our_syn_again,
     "No answer in time, so the same SYN goes once more. From here on a round trip counts only if "
     "it "
     "is certain which copy was answered.",
     "RFC 6298 section 5"},
    {our_syn,
     "We ask to open, and tell the number that our octets will be counted from. Nothing is proved "
     "yet.",
     "RFC 9293 section 3.5"},
    {foreign_reset,
     "The kernel of this host knows of no such connection and answers as it must. The port guard "
     "is there "
     "to keep it quiet.",
     "RFC 9293 section 3.10.7.1"},
    {our_reset_of_stale,
     "That answer was for a SYN that we never sent, or sent long ago, so we refuse it and stay "
     "where "
     "we are. This is why there are three segments: with two, the server would take a stale SYN "
     "for a "
     "connection.",
     "RFC 9293 section 3.5, figure 8"},
    {our_reset, "We end the connection at once: the server forgets it, unsent data and all.",
     "RFC 9293 section 3.10.5"},
    {bad_synack, "This SYN-ACK acknowledges a number that we never sent: it is not for our SYN.",
     "RFC 9293 section 3.10.7.3"},
    {synack_again,
     "The SYN-ACK once more: for the server our third segment was lost, or it does not count it "
     "yet. It "
     "is in SYN-RECEIVED still.",
     "RFC 9293 section 3.5"},
    {synack,
     "The server has our SYN and sends its own in the same segment. Now we know that both "
     "directions "
     "work. The server knows one half: that we send and it receives.",
     "RFC 9293 section 3.5, figure 6"},
    {refused,
     "Nobody listens on this port: the host refuses, and acknowledges our SYN to show that it "
     "means this very attempt.",
     "RFC 9293 section 3.10.7.1"},
    {reset_not_believed,
     "A RST that does not fit our numbers exactly. Anybody could have sent it, so it ends nothing.",
     "RFC 5961 section 3"},
    {reset_after_ours,
     "The server knows of no such connection any more: our RST arrived, and nothing is left there.",
     "RFC 9293 section 3.10.7.1"},
    {reset_with_ack,
     "The server's application aborted, perhaps with data unread: its TCP resets in place of "
     "closing.",
     "RFC 9293 section 3.10.5, RFC 2525 section 2.17"},
    {reset_bare, "The host knows no such connection: what was there has been forgotten before.",
     "RFC 9293 section 3.10.7.1"},
    {their_fin_again,
     "The server's FIN once more: our ACK of it was lost. For this case TIME-WAIT exists.",
     "RFC 9293 section 3.10.7.4"},
    {our_fin_again, "Our FIN was not acknowledged in time, so it goes once more.",
     "RFC 6298 section 5"},
    {our_last_fin,
     "We have nothing more to send either. The server, which closed first, is the one to stay in "
     "TIME-WAIT.",
     "RFC 9293 section 3.6, figure 12"},
    {our_fin_with_data,
     "Our last data and our FIN in one segment: we have nothing more to send, but go on listening.",
     "RFC 9293 section 3.6"},
    {our_fin,
     "We have nothing more to send. That closes one direction alone: the server may go on sending "
     "for as "
     "long as it likes.",
     "RFC 9293 section 3.6"},
    {their_fin_first, "The server closes first: it has nothing more to send. We could go on.",
     "RFC 9293 section 3.6, case 2"},
    {their_fin_crossed,
     "The server's FIN does not acknowledge ours: the two crossed on their way, each side "
     "believing "
     "itself the first.",
     "RFC 9293 section 3.6, figure 13"},
    {their_fin_merged,
     "ACK and FIN in one: the server's application closed before its TCP had to acknowledge ours "
     "by "
     "itself, so that the four steps take three segments.",
     "RFC 9293 section 3.6"},
    {their_fin, "The server has nothing more to send: the second direction closes.",
     "RFC 9293 section 3.6, figure 12"},
    {our_ack_of_fin,
     "The last ACK. It may be lost, and nobody acknowledges an ACK: so we stay in TIME-WAIT to "
     "answer the "
     "FIN again, and to let old segments die before the ports are used anew (2MSL).",
     "RFC 9293 section 3.6.1"},
    {our_ack_before_our_fin, "We have the server's FIN; our own direction is open still.",
     "RFC 9293 section 3.3.2"},
    {our_question,
     "A RST is never acknowledged, so we ask: a segment with an old number, which a server that "
     "forgot "
     "us answers with RST.",
     "RFC 9293 section 3.10.7.1"},
    {our_question_about_fin,
     "The time is over and no FIN has come. Was it lost? A segment with an old number makes the "
     "server "
     "say where it stands.",
     "RFC 9293 section 3.10.7.4"},
    {their_answer_no_fin,
     "It knows the connection and has sent nothing that we lack: its application holds it open.",
     "RFC 9293 section 3.3.2"},
    {our_data, "Our data. Only their acknowledgment will show that they arrived.",
     "RFC 9293 section 3.8"},
    {third,
     "Now the server, too, can know that both directions work: that it sends and we receive. That "
     "is the "
     "third segment's whole purpose.",
     "RFC 9293 section 3.5, figure 6"},
    {fin_acked_last, "Our FIN is acknowledged: we are done, and hold nothing more.",
     "RFC 9293 section 3.10.7.4"},
    {fin_acked_alone,
     "The server's TCP has our FIN; its application has not closed yet. That is CLOSE-WAIT, and "
     "why a "
     "close may take four segments.",
     "RFC 9293 section 3.6, figure 12"},
    {their_late_data, "Data after our FIN: the other direction is open, and the server uses it.",
     "RFC 9293 section 3.6.1"},
    {their_data, "Data from the server: it is ESTABLISHED beyond doubt.", "RFC 9293 section 3.8"},
    {our_ack, "We acknowledge what came.", "RFC 9293 section 3.8.6"},
    {anything_else, "The server acknowledges what it has.", "RFC 9293 section 3.8.6"},
};

static const char *knows(uint8_t bits)
{
	return bits == PROOF_ALL ? "both directions" : bits ? "client to server" : "nothing";
}

/* Only where it is news: the handshake's segments. */
static bool proof_is_news(const struct moment *m)
{
	return our_syn(m) || synack(m) || third(m);
}

void explain_moment(const struct probe *probe, const struct moment *moment, char text[EXPLAIN_MAX])
{
	(void)probe;
	text[0] = '\0';
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++) {
		const struct explanation *row = &explanations[i];
		int n;

		if (!row->applies(moment))
			continue;
		n = snprintf(text, EXPLAIN_MAX, "%s [%s]", row->text, row->source);
		if (proof_is_news(moment) && n > 0 && n < EXPLAIN_MAX)
			snprintf(text + n, (size_t)(EXPLAIN_MAX - n),
				 " Proved to us: %s; to the server: %s.",
				 knows(moment->peer.client_knows),
				 knows(moment->peer.server_knows));
		return;
	}
}
