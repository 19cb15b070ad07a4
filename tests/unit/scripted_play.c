/* SPDX-License-Identifier: BSD-2-Clause */
/* A play whose probe is steered as a script would: see scripted_play.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scripted_play.h"

static const uint32_t numbers[][2] = {
    {1000, 5000},    {0xffffffff, 0xffffffff}, {0xfffffffe, 0x7fffffff}, {0x7ffffffe, 0xfffffff0},
    {0x80000000, 0}, {0, 0x80000000},
};
#define COUNT (sizeof(numbers) / sizeof(numbers[0]))

void at_each(void (*test)(uint32_t iss, uint32_t irs))
{
	for (size_t i = 0; i < COUNT; i++)
		test(numbers[i][0], numbers[i][1]);
}

/* What the calls of scripted.h asked for: timers are set, segments shown to the capture. */
static void perform(struct play *play, const struct probe_output *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct tcb_action *action = &out->actions[i];
		struct packet packet = {.kind = PACKET_TCP, .flow = play->probe.flow};
		struct probe_output more = {.count = 0};

		packet.seg = action->seg;
		if (action->type == ACT_TIMER_START)
			play->timers[action->timer] = play->now_ms + action->after_ns / MS;
		if (action->type == ACT_TIMER_STOP)
			play->timers[action->timer] = -1;
		if (action->type != ACT_SEND)
			continue;
		play->last = action->seg;
		play->sent++;
		assert_int_equal(
		    probe_left(&play->probe, &packet, play->now_ms * MS, play->now_ms * MS, &more),
		    SIGHTING_OURS);
		perform(play, &more);
	}
}

void begin(struct play *play, uint32_t iss, uint32_t irs)
{
	play_init(play, iss, irs);
	play->plan.close = PLAN_CLOSE_SCRIPT;
	play_handshake(play);
	assert_int_equal(play->probe.phase, PHASE_SCRIPT);
	assert_int_equal(play->probe.tcb.state, TCB_ESTABLISHED);
}

void begin_raw(struct play *play, uint32_t iss, uint32_t irs)
{
	const struct tcb_path path = {.path_mss = 1460, .default_mss = 536};
	const struct flow flow = {.src = {{IP_V4, {192, 0, 2, 1}}, 40000},
				  .dst = {{IP_V4, {192, 0, 2, 2}}, 80}};

	play_init(play, iss, irs);
	play->plan.close = PLAN_CLOSE_SCRIPT;
	play->probe.timeline = (struct timeline){.moments = play->moments, .capacity = 64};
	probe_init(&play->probe, &play->plan, &flow, &path);
	scripted_begin_raw(&play->probe, iss);
}

void call(struct play *play,
	  void (*what)(struct probe *probe, int64_t now_ns, struct probe_output *out))
{
	struct probe_output out = {.count = 0};

	what(&play->probe, play->now_ms * MS, &out);
	perform(play, &out);
}

bool write_data(struct play *play, const char *data, uint32_t len)
{
	struct probe_output out = {.count = 0};
	bool taken =
	    scripted_write(&play->probe, (const uint8_t *)data, len, play->now_ms * MS, &out);

	perform(play, &out);
	return taken;
}

void craft(struct play *play, uint16_t flags, uint32_t seq, uint32_t len, bool count)
{
	struct packet packet = {.kind = PACKET_TCP, .flow = play->probe.flow};
	struct probe_output out = {.count = 0};

	packet.seg = (struct segment){.seq = play->iss + seq,
				      .ack = play->irs + 1,
				      .flags = flags,
				      .data_len = len,
				      .data = (const uint8_t *)"crafted octets"};
	scripted_crafted(&play->probe, &packet.seg, count);
	assert_int_equal(
	    probe_left(&play->probe, &packet, play->now_ms * MS, play->now_ms * MS, &out),
	    SIGHTING_OURS);
	perform(play, &out);
}

void numbers_are(const struct play *play, uint32_t snd_una, uint32_t snd_nxt, uint32_t rcv_nxt)
{
	const struct tcb *tcb = &play->probe.tcb;

	assert_int_equal(tcb->snd_una - play->iss, snd_una);
	assert_int_equal(tcb->snd_nxt - play->iss, snd_nxt);
	assert_int_equal(tcb->rcv_nxt - play->irs, rcv_nxt);
}
