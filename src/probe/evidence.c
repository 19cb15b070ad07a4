/* SPDX-License-Identifier: BSD-2-Clause */
/* judge, its reasons: facts -> what the tokens rest on, in plain sentences with times. */
#include <stdarg.h>
#include <stdio.h>

#include "probe/verdict.h"

struct sentence {
	char *text;
	size_t size, len;
};

static void say(struct sentence *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct sentence *to, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(to->text + to->len, to->size - to->len, format, ap);
	va_end(ap);
	if (n > 0)
		to->len += (size_t)n;
	if (to->len >= to->size)
		to->len = to->size - 1;
}

static double ms(int64_t from_ns, int64_t to_ns)
{
	return (double)(to_ns - from_ns) / 1e6;
}

static void say_closed(const struct probe *probe, struct sentence *to)
{
	(void)probe;
	say(to, "RST acknowledging our SYN");
}

static void say_filtered(const struct probe *probe, struct sentence *to)
{
	say(to, "%u SYNs, no answer", probe->facts.syn_count);
}

static void say_icmp(const struct probe *probe, struct sentence *to)
{
	say(to, "ICMP error type %u code %u, no other answer", probe->facts.icmp_type,
	    probe->facts.icmp_code);
}

static void say_bad_synack(const struct probe *probe, struct sentence *to)
{
	(void)probe;
	say(to, "SYN-ACK acknowledging a number never sent; answered with RST");
}

static void say_invalid_reset(const struct probe *probe, struct sentence *to)
{
	(void)probe;
	say(to, "RST without a valid acknowledgment of our SYN; not believed");
}

static void say_deferred(const struct probe *probe, struct sentence *to)
{
	say(to, "SYN-ACK repeated %u times though acknowledged, then it went on",
	    probe->facts.synack_repeats);
}

static void say_accept_dropped(const struct probe *probe, struct sentence *to)
{
	say(to, "SYN-ACK repeated %u times though acknowledged, nothing later acknowledged",
	    probe->facts.synack_repeats);
}

static void say_mute(const struct probe *probe, struct sentence *to)
{
	(void)probe;
	say(to, "nothing acknowledged after the SYN-ACK");
}

static void say_zero_window(const struct probe *probe, struct sentence *to)
{
	(void)probe;
	say(to, "SYN-ACK with window 0");
}

static void say_simultaneous_open(const struct probe *probe, struct sentence *to)
{
	(void)probe;
	say(to, "a SYN of its own in answer to ours");
}

static double app_ms(const struct facts *facts)
{
	return ms(facts->fin_ns, facts->peer_fin_ns);
}

static void say_three(const struct probe *probe, struct sentence *to)
{
	say(to, "FIN,ACK %.3f ms after our FIN, no separate ACK before it", app_ms(&probe->facts));
}

static void say_four(const struct probe *probe, struct sentence *to)
{
	const struct facts *facts = &probe->facts;

	say(to, "ACK %.3f ms and FIN %.3f ms after our FIN", ms(facts->fin_ns, facts->fin_acked_ns),
	    app_ms(facts));
}

static void say_data_then_fin(const struct probe *probe, struct sentence *to)
{
	say(to, "%llu octets after our FIN, then FIN after %.3f ms",
	    (unsigned long long)probe->facts.data_in_after_fin, app_ms(&probe->facts));
}

static void say_simultaneous(const struct probe *probe, struct sentence *to)
{
	double after_ms = app_ms(&probe->facts);

	say(to, "its FIN, %.3f ms %s ours, does not acknowledge ours",
	    after_ms < 0 ? -after_ms : after_ms, after_ms < 0 ? "before" : "after");
}

static void say_held_open(const struct probe *probe, struct sentence *to)
{
	const struct facts *facts = &probe->facts;
	double limit_s = (double)probe->plan->close_wait_ns / 1e9;

	if (facts->fin_acked_ns == 0)
		say(to, "%s for %.1f s, so that our FIN could not leave",
		    facts->zero_window ? "its window stayed zero" : "our data were not taken",
		    limit_s);
	else
		say(to, "FIN acknowledged after %.3f ms, no FIN from the server within %.1f s",
		    ms(facts->fin_ns, facts->fin_acked_ns), limit_s);
	if (facts->fin_acked_ns != 0)
		say(to, probe->still_there ? "; asked again, it had sent nothing more"
					   : "; asked again, it did not answer");
	say(to,
	    probe->reset_confirmed ? "; then reset by us" : "; then reset by us, not confirmed");
}

static void say_reset_abort(const struct probe *probe, struct sentence *to)
{
	say(to, "RST,ACK %.3f ms after our FIN", ms(probe->facts.fin_ns, probe->facts.reset_ns));
}

static void say_reset_gone(const struct probe *probe, struct sentence *to)
{
	say(to, "RST without ACK %.3f ms after our FIN",
	    ms(probe->facts.fin_ns, probe->facts.reset_ns));
}

static void say_silent(const struct probe *probe, struct sentence *to)
{
	say(to, "%u FINs, none acknowledged", probe->facts.fin_count);
}

/* The capture may have lost it. */
static void say_since_third(const struct facts *facts, int64_t stamp_ns, struct sentence *to)
{
	if (facts->third_ns != 0)
		say(to, " %.3f ms after our third segment", ms(facts->third_ns, stamp_ns));
}

static void say_server_reset(const struct probe *probe, struct sentence *to)
{
	say(to, "RST");
	say_since_third(&probe->facts, probe->facts.reset_ns, to);
	say(to, ", before our FIN");
}

static void say_client_reset(const struct probe *probe, struct sentence *to)
{
	say(to, "our RST, %s",
	    probe->reset_confirmed ? "after which the server knew of no connection"
				   : "not confirmed by the server");
}

static const char *late_data_met(const struct facts *facts)
{
	if (facts->reset_late)
		return "RST";
	return facts->late_acked ? "an acknowledgment" : "silence";
}

static void say_server_first(const struct probe *probe, struct sentence *to)
{
	const struct facts *facts = &probe->facts;

	say(to, "the server's FIN came");
	say_since_third(facts, facts->peer_fin_ns, to);
	say(to, ", %s", facts->data_in > 0 ? "behind its data" : "with no data before it");
	if (facts->late_data)
		say(to, "; data sent after it met %s", late_data_met(facts));
	else if (facts->reset)
		say(to, "; our FIN met RST");
	else if (facts->fin_ns != 0 && facts->fin_acked_ns == 0)
		say(to, "; our FIN met silence");
}

/* A token without a row needs no reason beyond its meaning. */
static void (*const reasons[TOKEN_COUNT])(const struct probe *, struct sentence *) = {
    [TOKEN_OPEN_ZERO_WINDOW] = say_zero_window,
    [TOKEN_CLOSED] = say_closed,
    [TOKEN_INVALID_RESET] = say_invalid_reset,
    [TOKEN_FILTERED] = say_filtered,
    [TOKEN_ICMP] = say_icmp,
    [TOKEN_BAD_SYNACK] = say_bad_synack,
    [TOKEN_SIMULTANEOUS_OPEN] = say_simultaneous_open,
    [TOKEN_DEFERRED_ACCEPT] = say_deferred,
    [TOKEN_ACCEPT_DROPPED] = say_accept_dropped,
    [TOKEN_MUTE] = say_mute,
    [TOKEN_THREE_SEGMENT] = say_three,
    [TOKEN_FOUR_SEGMENT] = say_four,
    [TOKEN_DATA_THEN_FIN] = say_data_then_fin,
    [TOKEN_HELD_OPEN] = say_held_open,
    [TOKEN_RESET_ABORT] = say_reset_abort,
    [TOKEN_RESET_GONE] = say_reset_gone,
    [TOKEN_SILENT] = say_silent,
    [TOKEN_SIMULTANEOUS] = say_simultaneous,
    [TOKEN_CLIENT_RESET] = say_client_reset,
    [TOKEN_SERVER_FIRST] = say_server_first,
    [TOKEN_SERVER_RESET] = say_server_reset,
    [TOKEN_LATE_DATA_ACKED] = say_server_first,
    [TOKEN_LATE_DATA_RESET] = say_server_first,
};

static void say_reason(const struct probe *probe, enum token token, struct sentence *to)
{
	if (!reasons[token])
		return;
	reasons[token](probe, to);
	say(to, ". ");
}

void verdict_evidence(const struct probe *probe, char text[EVIDENCE_MAX])
{
	struct sentence to = {.text = text, .size = EVIDENCE_MAX};

	text[0] = '\0';
	say_reason(probe, verdict_handshake(probe), &to);
	say_reason(probe, verdict_close(probe), &to);
	if (probe->server_did_not_close)
		say(&to, "The server did not close first within %.1f s. ",
		    (double)probe->plan->close_wait_ns / 1e9);
	if (probe->facts.synack_count > 0 && verdict_saw_loss(probe))
		say(&to,
		    "Segments were lost or repeated on the way; tokens speak of what arrived. ");
	if (to.len > 0 && text[to.len - 1] == ' ')
		text[to.len - 1] = '\0';
}
