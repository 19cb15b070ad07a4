/* SPDX-License-Identifier: BSD-2-Clause */
/* Scripts for the machine: lines -> events, actions -> what the lines ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tcp_script.h"
#include "wire/seqno.h"

#define PATTERN_MAX 200000

static uint8_t pattern[PATTERN_MAX]; /* all that scripts send: the octet after ISS is pattern[0] */

/* Both edges of the sequence space and of its signed half; and, some octets before the edges, such
 * that a wrap falls inside the data. */
static const uint32_t edges[] = {
    0,          1,          0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0x80000002, 0x7ffff830,
    0x7ffffd44, 0xfffff830, 0xfffffd44, 0xfffffe02, 0xffffff6a, 0xfffffff0, 0xfffffffe, 0xffffffff,
};
#define EDGE_COUNT   (sizeof(edges) / sizeof(edges[0]))
#define RANDOM_PAIRS 40

static __attribute__((noreturn, format(printf, 2, 3))) void complain(const struct script *s,
								     const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_error("line %u, ISS %#x, IRS %#x, %s, note %s: %s\n", s->line, s->iss, s->irs,
		    tcb_state_name(s->tcb.state), tcb_note_name(s->result.note), text);
	fail();
	abort();
}

/* The caller's timers, as the actions say. */
static void perform_timers(struct script *s)
{
	for (unsigned i = 0; i < s->result.action_count; i++) {
		const struct tcb_action *action = &s->result.actions[i];

		if (action->type == ACT_TIMER_START) {
			s->running |= 1U << action->timer;
			s->due_ns[action->timer] = s->now_ns + action->after_ns;
		} else if (action->type == ACT_TIMER_STOP) {
			if (!(s->running & 1U << action->timer))
				complain(s, "stops a timer that does not run");
			s->running &= ~(1U << action->timer);
		}
	}
	if (s->running != s->tcb.timers)
		complain(s, "timers %#x, by the actions %#x", s->tcb.timers, s->running);
}

/* The next action that a line must ask for, or NULL. */
static const struct tcb_action *next_action(struct script *s)
{
	while (s->cursor < s->result.action_count) {
		const struct tcb_action *action = &s->result.actions[s->cursor++];

		if (action->type == ACT_SEND || action->type == ACT_DELIVER)
			return action;
	}
	return NULL;
}

void script_nothing(struct script *s, unsigned line)
{
	const struct tcb_action *action = next_action(s);
	char text[300];

	s->line = line;
	if (!action)
		return;
	if (action->type == ACT_DELIVER)
		complain(s, "unexpected: %u octets delivered", action->data_len);
	script_format(&action->seg, s->iss, s->irs, text, sizeof(text));
	complain(s, "unexpected: %s", text);
}

static void step(struct script *s, struct tcb_event *event, unsigned line)
{
	script_nothing(s, line);
	event->now_ns = s->now_ns;
	tcb_step(&s->tcb, event, &s->result);
	s->cursor = 0;
	perform_timers(s);
}

void script_open(struct script *s, unsigned line)
{
	struct tcb_event event = {.type = EV_OPEN, .iss = s->iss};

	tcb_init(&s->tcb, &s->config, &s->path);
	step(s, &event, line);
}

void script_server(struct script *s, const char *text, unsigned line)
{
	struct script_line parsed;
	struct tcb_event event = {.type = EV_SEGMENT, .seg = &parsed.seg};

	s->line = line;
	if (!script_parse(text, &parsed))
		complain(s, "cannot read \"%s\"", text);
	parsed.seg.seq += s->irs;
	parsed.seg.ack += parsed.seg.flags & TCP_ACK ? s->iss : 0;
	for (unsigned i = 0; i < parsed.seg.options.sack_count; i++) {
		parsed.seg.options.sack[i].start += s->iss;
		parsed.seg.options.sack[i].end += s->iss;
	}
	step(s, &event, line);
}

void script_send(struct script *s, uint32_t len, bool then_close, unsigned line)
{
	uint32_t from = s->tcb.snd_nxt - (s->iss + 1);
	struct tcb_event event = {.type = EV_SEND, .data_len = len, .then_close = then_close};

	s->line = line;
	if (from < PATTERN_MAX)
		event.data = pattern + from;
	step(s, &event, line);
}

void script_call(struct script *s, enum tcb_event_type type, unsigned line)
{
	struct tcb_event event = {.type = type, .iss = s->iss};

	step(s, &event, line);
}

void script_icmp(struct script *s, bool hard, int32_t seq, unsigned line)
{
	struct tcb_event event = {.type = EV_ICMP, .icmp_hard = hard};

	event.icmp_seq = s->iss + (uint32_t)seq;
	step(s, &event, line);
}

void script_fire(struct script *s, enum tcb_timer timer, unsigned line)
{
	struct tcb_event event = {.type = EV_TIMER, .timer = timer};

	s->line = line;
	if (!(s->running & 1U << timer))
		complain(s, "the %s timer does not run", tcb_timer_name(timer));
	s->running &= ~(1U << timer);
	if (s->due_ns[timer] > s->now_ns)
		s->now_ns = s->due_ns[timer];
	step(s, &event, line);
}

void script_pass(struct script *s, int64_t after_ns, unsigned line)
{
	script_nothing(s, line);
	s->now_ns += after_ns;
}

static bool options_equal(const struct tcp_options *a, const struct tcp_options *b, uint32_t irs)
{
	if (a->has_mss != b->has_mss || a->mss != b->mss || a->has_wscale != b->has_wscale ||
	    a->has_sack_permitted != b->has_sack_permitted ||
	    a->has_timestamps != b->has_timestamps || a->sack_count != b->sack_count)
		return false;
	if ((a->has_wscale && a->wscale != b->wscale) || a->tsval != b->tsval ||
	    a->tsecr != b->tsecr)
		return false;
	for (unsigned i = 0; i < a->sack_count; i++)
		if (a->sack[i].start + irs != b->sack[i].start ||
		    a->sack[i].end + irs != b->sack[i].end)
			return false;
	return true;
}

static bool as_written(const struct script *s, const struct script_line *want,
		       const struct segment *seg)
{
	return want->seg.flags == seg->flags && want->seg.seq + s->iss == seg->seq &&
	       want->seg.data_len == seg->data_len &&
	       (!(seg->flags & TCP_ACK) || want->seg.ack + s->irs == seg->ack) &&
	       (seg->flags & TCP_ACK || seg->ack == 0) &&
	       (!want->has_wnd || want->seg.wnd == seg->wnd) &&
	       (!want->has_options || options_equal(&want->seg.options, &seg->options, s->irs));
}

void script_client(struct script *s, const char *text, bool again, unsigned line)
{
	const struct tcb_action *action = next_action(s);
	struct script_line want;
	char got[300];

	s->line = line;
	if (!script_parse(text, &want))
		complain(s, "cannot read \"%s\"", text);
	if (!action || action->type != ACT_SEND)
		complain(s, "\"%s\" was not sent", text);
	script_format(&action->seg, s->iss, s->irs, got, sizeof(got));
	if (!as_written(s, &want, &action->seg))
		complain(s, "sent \"%s\" instead of \"%s\"", got, text);
	if (action->retransmit != again)
		complain(s, "\"%s\" is%s marked as a retransmission", got, again ? " not" : "");
	if (action->seg.data_len > 0 &&
	    memcmp(action->seg.data, pattern + (action->seg.seq - s->iss - 1),
		   action->seg.data_len) != 0)
		complain(s, "\"%s\" has other octets than the user gave", got);
}

void script_delivered(struct script *s, uint32_t len, unsigned line)
{
	const struct tcb_action *action = next_action(s);

	s->line = line;
	if (!action || action->type != ACT_DELIVER)
		complain(s, "%u octets were not delivered", len);
	if (action->data_len != len)
		complain(s, "%u octets delivered instead of %u", action->data_len, len);
}

void script_state(const struct script *s, enum tcb_state state, unsigned line)
{
	if (s->tcb.state != state)
		complain(s, "line %u: not in %s", line, tcb_state_name(state));
}

void script_note(const struct script *s, enum tcb_note note, unsigned line)
{
	if (s->result.note != note)
		complain(s, "line %u: the note is not %s", line, tcb_note_name(note));
}

void script_runs(const struct script *s, enum tcb_timer timer, int64_t in_ns, unsigned line)
{
	if (!(s->running & 1U << timer))
		complain(s, "line %u: the %s timer does not run", line, tcb_timer_name(timer));
	if (in_ns >= 0 && s->due_ns[timer] != s->now_ns + in_ns)
		complain(s, "line %u: %s in %lld ns, not in %lld", line, tcb_timer_name(timer),
			 (long long)(s->due_ns[timer] - s->now_ns), (long long)in_ns);
}

void script_stopped(const struct script *s, enum tcb_timer timer, unsigned line)
{
	if (s->running & 1U << timer)
		complain(s, "line %u: the %s timer runs", line, tcb_timer_name(timer));
}

void script_check(const struct script *s, bool holds, const char *what, unsigned line)
{
	if (!holds)
		complain(s, "line %u: %s", line, what);
}

void script_established(struct script *s)
{
	open(s);
	client(s, "S 0:0(0)");
	server(s, "S. 0:0(0) ack 1 win 10000 <mss 1000>");
	client(s, ". 1:1(0) ack 1");
	state(s, TCB_ESTABLISHED);
}

static void reach_after_fin(struct script *s, enum tcb_state wanted)
{
	call(s, EV_CLOSE);
	client(s, "F. 1:1(0) ack 1");
	if (wanted == TCB_FIN_WAIT_1)
		return;
	if (wanted == TCB_CLOSING) {
		server(s, "F. 1:1(0) ack 1");
		client(s, ". 2:2(0) ack 2");
		return;
	}
	server(s, ". 1:1(0) ack 2");
	if (wanted == TCB_FIN_WAIT_2)
		return;
	server(s, "F. 1:1(0) ack 2");
	client(s, ". 2:2(0) ack 2");
}

void script_reach(struct script *s, enum tcb_state wanted)
{
	if (wanted == TCB_CLOSED) {
		tcb_init(&s->tcb, &s->config, &s->path);
		return;
	}
	if (wanted == TCB_SYN_SENT || wanted == TCB_SYN_RECEIVED) {
		open(s);
		client(s, "S 0:0(0)");
		if (wanted == TCB_SYN_RECEIVED) {
			server(s, "S 0:0(0) win 10000 <mss 1000>");
			client(s, "S. 0:0(0) ack 1");
		}
		return;
	}
	script_established(s);
	if (wanted == TCB_CLOSE_WAIT || wanted == TCB_LAST_ACK) {
		server(s, "F. 1:1(0) ack 1");
		client(s, ". 1:1(0) ack 2");
		if (wanted == TCB_LAST_ACK) {
			call(s, EV_CLOSE);
			client(s, "F. 1:1(0) ack 2");
		}
	} else if (wanted != TCB_ESTABLISHED) {
		reach_after_fin(s, wanted);
	}
	state(s, wanted);
}

static void run_at(script_body *body, uint32_t iss, uint32_t irs)
{
	struct script s = {
	    .config = {.mss = 1000,
		       .wscale = -1,
		       .rcv_wnd = 5000,
		       .retries = 3,
		       .syn_retries = 3,
		       .rto_initial_ns = SEC,
		       .rto_min_ns = 200 * MS,
		       .rto_max_ns = 60 * SEC,
		       .last_wait_ns = 5 * SEC,
		       .time_wait_ns = 60 * SEC},
	    .path = {.path_mss = 1460, .default_mss = 536, .ts_offset = 1000},
	    .now_ns = 10 * SEC,
	    .iss = iss,
	    .irs = irs,
	};

	body(&s);
	script_nothing(&s, s.line);
}

void script_run(void **state)
{
	const struct script_entry *entry = *state;
	uint32_t random = 20250101;

	for (uint32_t i = 0; i < PATTERN_MAX; i++)
		pattern[i] = (uint8_t)((i * 2654435761U) >> 24);
	for (unsigned i = 0; i < EDGE_COUNT; i++)
		for (unsigned j = 0; j < EDGE_COUNT; j++)
			run_at(entry->body, edges[i], edges[j]);
	for (unsigned i = 0; i < RANDOM_PAIRS; i++) {
		uint32_t iss = random = random * 1664525 + 1013904223;
		uint32_t irs = random = random * 1664525 + 1013904223;

		run_at(entry->body, iss, irs);
	}
}
