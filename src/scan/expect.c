/* SPDX-License-Identifier: BSD-2-Clause */
/* What may still be answered: SYNs counted by the millisecond, answers taken off again. */
#include "scan/expect.h"

#include <string.h>

#define MS        INT64_C(1000000)
#define GAIN      0.125 /* of the smoothed round trip and its deviation: RFC 6298 */
#define SLACK_MS  10.0  /* a capture in blocks tells late */
#define DEVIATION 4.0
#define BURST_MS  4

static void set_window(struct expect *expect, double ms)
{
	uint32_t window = ms >= EXPECT_MS - 1 ? EXPECT_MS - 1 : (uint32_t)ms + 1;

	if (window == expect->window_ms)
		return;
	expect->window_ms = window;
	expect->young = 0;
	for (uint32_t i = 0; i < window; i++)
		expect->young += expect->sent[(uint64_t)(expect->now_ms - i) % EXPECT_MS];
}

void expect_init(struct expect *expect, int64_t wait_ns, int64_t now_ns)
{
	memset(expect, 0, sizeof(*expect));
	expect->now_ms = now_ns / MS;
	set_window(expect, (double)wait_ns / MS);
}

/* The clock goes on: what becomes older than the window is young no more. */
static void advance(struct expect *expect, int64_t now_ns)
{
	int64_t now_ms = now_ns / MS;

	if (now_ms - expect->now_ms >= EXPECT_MS) {
		memset(expect->sent, 0, sizeof(expect->sent));
		expect->young = 0;
		expect->now_ms = now_ms;
	}
	while (expect->now_ms < now_ms) {
		int64_t leaves = ++expect->now_ms - expect->window_ms;

		expect->young -= expect->sent[(uint64_t)leaves % EXPECT_MS];
		expect->sent[(uint64_t)expect->now_ms % EXPECT_MS] = 0;
	}
}

void expect_sent(struct expect *expect, int64_t now_ns)
{
	advance(expect, now_ns);
	expect->sent[(uint64_t)expect->now_ms % EXPECT_MS]++;
	expect->young++;
}

static void measure(struct expect *expect, double rtt_ms)
{
	double off = rtt_ms - expect->rtt_ms;

	if (expect->answers == 1) {
		expect->rtt_ms = rtt_ms;
		expect->deviation_ms = rtt_ms / 2;
	} else {
		expect->rtt_ms += GAIN * off;
		expect->deviation_ms += GAIN * ((off < 0 ? -off : off) - expect->deviation_ms);
	}
	set_window(expect, expect->rtt_ms + DEVIATION * expect->deviation_ms + SLACK_MS);
}

void expect_answered(struct expect *expect, int64_t first_ns, int64_t rtt_ns, bool open)
{
	int64_t age_ms = expect->now_ms - first_ns / MS;
	uint32_t *sent = &expect->sent[(uint64_t)(first_ns / MS) % EXPECT_MS];

	expect->answers++;
	expect->open += open;
	if (first_ns >= 0 && age_ms >= 0 && age_ms<EXPECT_MS && * sent> 0) {
		(*sent)--;
		expect->young -= age_ms < expect->window_ms;
	}
	if (rtt_ns >= 0)
		measure(expect, (double)rtt_ns / MS);
}

void expect_silent(struct expect *expect)
{
	expect->silent++;
}

static double share(const struct expect *expect)
{
	return ((double)expect->open + 1) / ((double)(expect->answers + expect->silent) + 1);
}

double expect_open(struct expect *expect, int64_t now_ns)
{
	advance(expect, now_ns);
	return (double)expect->young * share(expect);
}

double expect_burst(struct expect *expect, int64_t now_ns)
{
	uint64_t sent = 0;

	advance(expect, now_ns);
	for (uint32_t i = 0; i < BURST_MS; i++)
		sent += expect->sent[(uint64_t)(expect->now_ms - i) % EXPECT_MS];
	return (double)sent * share(expect);
}
