/* SPDX-License-Identifier: BSD-2-Clause */
/* judge: facts -> one verdict token each for handshake and close. */
#include "probe/verdict.h"

#include <assert.h>
#include <stdio.h>

static const char *const close_names[] = {
    [PLAN_CLOSE_FIN] = "fin",       [PLAN_CLOSE_RST] = "rst",
    [PLAN_CLOSE_SERVER] = "server", [PLAN_CLOSE_HALF_OPEN] = "half-open",
    [PLAN_CLOSE_SCRIPT] = "script",
};
static_assert(sizeof(close_names) / sizeof(close_names[0]) == PLAN_CLOSE_COUNT, "every close");

const char *plan_close_name(enum plan_close close)
{
	return close_names[close];
}

/* The server went on after the third segment: it is ESTABLISHED beyond doubt. */
static bool went_on(const struct facts *facts)
{
	return facts->data_acked || facts->fin_acked_ns != 0 || facts->data_in > 0 ||
	       facts->peer_fin_ns != 0;
}

/* A deferred accept repeats its SYN-ACK by a timer although each copy was acknowledged. One repeat
 * may come of a lost ACK, two in a row while we were silent hardly. Linux repeats only once, when
 * the time is nearly over, and takes our bare ACK then: what tells is that its earlier timers
 * passed in silence. */
static bool deferred(const struct facts *facts)
{
	return (facts->synack_repeats_idle >= 2 ||
		(facts->synack_repeats_idle == 1 && facts->synack_timer_passed)) &&
	       facts->synack_repeats == facts->synack_repeats_idle;
}

static bool reset_before_our_fin(const struct facts *facts)
{
	return facts->reset && (facts->fin_ns == 0 || facts->reset_ns < facts->fin_ns ||
				(facts->reset_has_ack && !facts->reset_acks_fin));
}

static enum token handshake_after_synack(const struct probe *probe)
{
	const struct facts *facts = &probe->facts;

	if (went_on(facts))
		return deferred(facts) ? TOKEN_DEFERRED_ACCEPT : TOKEN_ESTABLISHED;
	if (reset_before_our_fin(facts))
		return TOKEN_ESTABLISHED_RESET;
	if (probe->gave_up)
		return facts->synack_repeats > 0 ? TOKEN_ACCEPT_DROPPED : TOKEN_MUTE;
	if (facts->reset) /* it knew of the connection, or of its end */
		return facts->reset_acks_fin ? TOKEN_ESTABLISHED : TOKEN_OPEN;
	return facts->synack_wnd == 0 ? TOKEN_OPEN_ZERO_WINDOW : TOKEN_OPEN;
}

enum token verdict_handshake(const struct probe *probe)
{
	const struct facts *facts = &probe->facts;

	if (facts->simultaneous_open)
		return TOKEN_SIMULTANEOUS_OPEN;
	if (facts->synack_count > 0)
		return handshake_after_synack(probe);
	if (facts->refused)
		return TOKEN_CLOSED;
	if (facts->bad_synack)
		return TOKEN_BAD_SYNACK;
	if (facts->icmp)
		return TOKEN_ICMP;
	if (facts->invalid_reset)
		return TOKEN_INVALID_RESET;
	return probe->gave_up ? TOKEN_FILTERED : TOKEN_NONE;
}

static enum token close_by_reset(const struct facts *facts)
{
	if (facts->reset_late)
		return TOKEN_LATE_DATA_RESET;
	if (reset_before_our_fin(facts))
		return TOKEN_SERVER_RESET;
	return facts->reset_has_ack ? TOKEN_RESET_ABORT : TOKEN_RESET_GONE;
}

static enum token close_by_fin(const struct facts *facts)
{
	if (facts->peer_fin_first)
		return facts->late_acked ? TOKEN_LATE_DATA_ACKED : TOKEN_SERVER_FIRST;
	if (!facts->peer_fin_acks_ours)
		return TOKEN_SIMULTANEOUS;
	if (facts->data_in_after_fin > 0)
		return TOKEN_DATA_THEN_FIN;
	return facts->fin_acked_alone ? TOKEN_FOUR_SEGMENT : TOKEN_THREE_SEGMENT;
}

enum token verdict_close(const struct probe *probe)
{
	const struct facts *facts = &probe->facts;

	if (facts->synack_count == 0)
		return TOKEN_NONE;
	if (facts->reset && (facts->peer_fin_ns == 0 || facts->reset_late))
		return close_by_reset(facts);
	if (facts->peer_fin_ns != 0)
		return close_by_fin(facts);
	if (probe->waited_in_vain && (facts->fin_ns == 0 || facts->fin_acked_ns != 0))
		return TOKEN_HELD_OPEN;
	if (probe->gave_up)
		return facts->fin_ns != 0 ? TOKEN_SILENT : TOKEN_NONE;
	if ((probe->plan->close == PLAN_CLOSE_RST || probe->plan->close == PLAN_CLOSE_HALF_OPEN) &&
	    probe->reset_sent && !probe->stopped)
		return TOKEN_CLIENT_RESET;
	return TOKEN_NONE;
}

const char *verdict_text(const struct probe *probe, enum token token, char text[TOKEN_TEXT_MAX])
{
	if (token == TOKEN_NONE)
		return NULL;
	if (token != TOKEN_ICMP)
		return token_info(token)->name;
	snprintf(text, TOKEN_TEXT_MAX, "icmp-%u-%u", probe->facts.icmp_type,
		 probe->facts.icmp_code);
	return text;
}

bool verdict_as_asked(const struct probe *probe)
{
	enum token close = verdict_close(probe);

	if (!token_info(verdict_handshake(probe))->graceful || probe->error)
		return false;
	switch (probe->plan->close) {
	case PLAN_CLOSE_RST:
	case PLAN_CLOSE_HALF_OPEN:
		return close == TOKEN_CLIENT_RESET;
	case PLAN_CLOSE_SERVER:
		return probe->facts.peer_fin_first && token_info(close)->graceful;
	case PLAN_CLOSE_FIN:
	case PLAN_CLOSE_SCRIPT:
	case PLAN_CLOSE_COUNT:
		break;
	}
	return token_info(close)->graceful;
}

bool verdict_saw_loss(const struct probe *probe)
{
	const struct facts *facts = &probe->facts;

	return facts->retransmits_ours > 0 || facts->synack_repeats > 0 ||
	       facts->peer_fin_repeats > 0 || facts->out_of_turn > 0;
}
