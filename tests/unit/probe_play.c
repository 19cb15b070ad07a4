/* SPDX-License-Identifier: BSD-2-Clause */
/* A probe without a network: see probe_play.h. */
#include "probe_play.h"

#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define MS_NS     INT64_C(1000000)

static const struct flow flow = {.src = {{IP_V4, {192, 0, 2, 1}}, 40000},
				 .dst = {{IP_V4, {192, 0, 2, 2}}, 80}};

void play_init(struct play *play, uint32_t iss, uint32_t irs)
{
	memset(play, 0, sizeof(*play));
	play->plan.tcb = (struct tcb_config){.mss = -1,
					     .wscale = 7,
					     .sack = true,
					     .timestamps = true,
					     .rcv_wnd = 64240,
					     .retries = 3,
					     .syn_retries = 3,
					     .rto_initial_ns = SECOND_NS,
					     .rto_min_ns = SECOND_NS,
					     .rto_max_ns = 60 * SECOND_NS,
					     .last_wait_ns = SECOND_NS,
					     .time_wait_ns = SECOND_NS};
	play->plan.ip.ttl = 64;
	play->plan.answer_ns = SECOND_NS;
	play->plan.settle_ns = SECOND_NS / 10;
	play->plan.close_wait_ns = 10 * SECOND_NS;
	play->plan.reset_retries = 3;
	play->plan.reset_silent_retries = 3;
	play->iss = iss;
	play->irs = irs;
	play->now_ms = 1000;
	for (unsigned i = 0; i < PROBE_TIMER_COUNT; i++)
		play->timers[i] = -1;
}

static int64_t now_ns(const struct play *play)
{
	return play->now_ms * MS_NS;
}

static void perform(struct play *play, const struct probe_output *out);

static void show(struct play *play, const struct segment *seg)
{
	struct packet packet = {.kind = PACKET_TCP, .flow = flow, .seg = *seg};
	struct probe_output out = {.count = 0};

	play->last = *seg;
	play->sent++;
	if (play->capture_blind)
		return;
	probe_left(&play->probe, &packet, now_ns(play), now_ns(play), &out);
	perform(play, &out);
}

static void perform(struct play *play, const struct probe_output *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct tcb_action *action = &out->actions[i];

		if (action->type == ACT_SEND)
			show(play, &action->seg);
		else if (action->type == ACT_TIMER_START)
			play->timers[action->timer] =
			    play->now_ms + (action->after_ns + MS_NS - 1) / MS_NS;
		else if (action->type == ACT_TIMER_STOP)
			play->timers[action->timer] = -1;
	}
}

void play_open(struct play *play)
{
	const struct tcb_path path = {.path_mss = 1460, .default_mss = 536, .ts_offset = 12345};
	struct probe_output out = {.count = 0};

	play->probe.timeline = (struct timeline){.moments = play->moments, .capacity = 64};
	probe_init(&play->probe, &play->plan, &flow, &path);
	probe_open(&play->probe, play->iss, now_ns(play), &out);
	perform(play, &out);
}

void play_server(struct play *play, int64_t after_ms, uint16_t flags, uint32_t seq, uint32_t ack,
		 uint32_t data_len)
{
	struct packet packet = {.kind = PACKET_TCP, .flow = flow_reverse(&flow)};
	struct probe_output out = {.count = 0};

	play_wait(play, after_ms);
	packet.seg = (struct segment){.flags = flags, .wnd = 500, .data_len = data_len};
	packet.seg.seq = flags & TCP_RST && seq == 0 ? 0 : play->irs + seq;
	packet.seg.ack = flags & TCP_ACK ? play->iss + ack : 0;
	packet.seg.options.has_timestamps = !(flags & TCP_RST);
	packet.seg.options.tsval = (uint32_t)play->now_ms;
	packet.seg.options.tsecr = play->last.options.tsval;
	if (flags & TCP_SYN) {
		packet.seg.wnd = 65000;
		packet.seg.options.has_mss = true;
		packet.seg.options.mss = 1460;
	}
	probe_arrived(&play->probe, &packet, now_ns(play), now_ns(play), &out);
	perform(play, &out);
}

void play_icmp(struct play *play, int64_t after_ms, uint8_t type, uint8_t code)
{
	struct packet packet = {.kind = PACKET_ICMP_ERROR};
	struct probe_output out = {.count = 0};

	play_wait(play, after_ms);
	packet.flow.src.addr = flow.dst.addr;
	packet.icmp = (struct icmp_error){
	    .type = type, .code = code, .quoted = flow, .quoted_seq = play->iss};
	probe_arrived(&play->probe, &packet, now_ns(play), now_ns(play), &out);
	perform(play, &out);
}

static int next_timer(const struct play *play)
{
	int next = -1;

	for (int i = 0; i < PROBE_TIMER_COUNT; i++)
		if (play->timers[i] >= 0 && (next < 0 || play->timers[i] < play->timers[next]))
			next = i;
	return next;
}

void play_wait(struct play *play, int64_t ms)
{
	int64_t until = play->now_ms + ms;
	int timer;

	while ((timer = next_timer(play)) >= 0 && play->timers[timer] <= until) {
		struct probe_output out = {.count = 0};

		if (play->timers[timer] > play->now_ms)
			play->now_ms = play->timers[timer];
		play->timers[timer] = -1;
		probe_timer(&play->probe, (unsigned)timer, now_ns(play), &out);
		perform(play, &out);
	}
	play->now_ms = until;
}

void play_handshake(struct play *play)
{
	play_open(play);
	play_server(play, 10, TCP_SYN | TCP_ACK, 0, 1, 0);
}

const char *play_handshake_token(const struct play *play)
{
	static const char *const none = "none";
	enum token token = verdict_handshake(&play->probe);

	return token == TOKEN_NONE ? none : token_info(token)->name;
}

const char *play_close_token(const struct play *play)
{
	enum token token = verdict_close(&play->probe);

	return token == TOKEN_NONE ? "none" : token_info(token)->name;
}
