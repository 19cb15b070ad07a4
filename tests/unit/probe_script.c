/* SPDX-License-Identifier: BSD-2-Clause */
/* A probe without a network: see probe_script.h. */
#include "probe_script.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define MS_NS     INT64_C(1000000)

static const struct flow flow = {.src = {{IP_V4, {192, 0, 2, 1}}, 40000},
				 .dst = {{IP_V4, {192, 0, 2, 2}}, 80}};

void script_init(struct script *script, uint32_t iss, uint32_t irs)
{
	memset(script, 0, sizeof(*script));
	script->plan.tcb = (struct tcb_config){.mss = -1,
					       .wscale = 7,
					       .sack = true,
					       .timestamps = true,
					       .rcv_wnd = 64240,
					       .retries = 3,
					       .rto_initial_ns = SECOND_NS,
					       .rto_min_ns = SECOND_NS,
					       .rto_max_ns = 60 * SECOND_NS,
					       .last_wait_ns = SECOND_NS,
					       .time_wait_ns = SECOND_NS};
	script->plan.ip.ttl = 64;
	script->plan.answer_ns = SECOND_NS;
	script->plan.settle_ns = SECOND_NS / 10;
	script->plan.close_wait_ns = 10 * SECOND_NS;
	script->iss = iss;
	script->irs = irs;
	script->now_ms = 1000;
	for (unsigned i = 0; i < PROBE_TIMER_COUNT; i++)
		script->timers[i] = -1;
}

static int64_t now_ns(const struct script *script)
{
	return script->now_ms * MS_NS;
}

static void perform(struct script *script, const struct probe_output *out);

static void show(struct script *script, const struct segment *seg)
{
	struct packet packet = {.kind = PACKET_TCP, .flow = flow, .seg = *seg};
	struct probe_output out = {.count = 0};

	script->last = *seg;
	script->sent++;
	if (script->capture_blind)
		return;
	probe_left(&script->probe, &packet, now_ns(script), now_ns(script), &out);
	perform(script, &out);
}

static void perform(struct script *script, const struct probe_output *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct tcb_action *action = &out->actions[i];

		if (action->type == ACT_SEND)
			show(script, &action->seg);
		else if (action->type == ACT_TIMER_START)
			script->timers[action->timer] =
			    script->now_ms + (action->after_ns + MS_NS - 1) / MS_NS;
		else if (action->type == ACT_TIMER_STOP)
			script->timers[action->timer] = -1;
	}
}

void script_open(struct script *script)
{
	const struct tcb_path path = {.path_mss = 1460, .default_mss = 536, .ts_offset = 12345};
	struct probe_output out = {.count = 0};

	script->probe.timeline = (struct timeline){.moments = script->moments, .capacity = 64};
	probe_init(&script->probe, &script->plan, &flow, &path);
	probe_open(&script->probe, script->iss, now_ns(script), &out);
	perform(script, &out);
}

void script_server(struct script *script, int64_t after_ms, uint16_t flags, uint32_t seq,
		   uint32_t ack, uint32_t data_len)
{
	struct packet packet = {.kind = PACKET_TCP, .flow = flow_reverse(&flow)};
	struct probe_output out = {.count = 0};

	script_wait(script, after_ms);
	packet.seg = (struct segment){.flags = flags, .wnd = 500, .data_len = data_len};
	packet.seg.seq = flags & TCP_RST && seq == 0 ? 0 : script->irs + seq;
	packet.seg.ack = flags & TCP_ACK ? script->iss + ack : 0;
	packet.seg.options.has_timestamps = !(flags & TCP_RST);
	packet.seg.options.tsval = (uint32_t)script->now_ms;
	packet.seg.options.tsecr = script->last.options.tsval;
	if (flags & TCP_SYN) {
		packet.seg.wnd = 65000;
		packet.seg.options.has_mss = true;
		packet.seg.options.mss = 1460;
	}
	probe_arrived(&script->probe, &packet, now_ns(script), now_ns(script), &out);
	perform(script, &out);
}

void script_icmp(struct script *script, int64_t after_ms, uint8_t type, uint8_t code)
{
	struct packet packet = {.kind = PACKET_ICMP_ERROR};
	struct probe_output out = {.count = 0};

	script_wait(script, after_ms);
	packet.flow.src.addr = flow.dst.addr;
	packet.icmp = (struct icmp_error){
	    .type = type, .code = code, .quoted = flow, .quoted_seq = script->iss};
	probe_arrived(&script->probe, &packet, now_ns(script), now_ns(script), &out);
	perform(script, &out);
}

static int next_timer(const struct script *script)
{
	int next = -1;

	for (int i = 0; i < PROBE_TIMER_COUNT; i++)
		if (script->timers[i] >= 0 &&
		    (next < 0 || script->timers[i] < script->timers[next]))
			next = i;
	return next;
}

void script_wait(struct script *script, int64_t ms)
{
	int64_t until = script->now_ms + ms;
	int timer;

	while ((timer = next_timer(script)) >= 0 && script->timers[timer] <= until) {
		struct probe_output out = {.count = 0};

		if (script->timers[timer] > script->now_ms)
			script->now_ms = script->timers[timer];
		script->timers[timer] = -1;
		probe_timer(&script->probe, (unsigned)timer, now_ns(script), &out);
		perform(script, &out);
	}
	script->now_ms = until;
}

void script_handshake(struct script *script)
{
	script_open(script);
	script_server(script, 10, TCP_SYN | TCP_ACK, 0, 1, 0);
}

const char *script_handshake_token(const struct script *script)
{
	static const char *const none = "none";
	enum token token = verdict_handshake(&script->probe);

	return token == TOKEN_NONE ? none : token_info(token)->name;
}

const char *script_close_token(const struct script *script)
{
	enum token token = verdict_close(&script->probe);

	return token == TOKEN_NONE ? "none" : token_info(token)->name;
}
