/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many connections the SYNs under way may still ask for: a census that has few places must not
 * send more. Of those whose answer is not overdue yet, the share that was open so far. Silence is
 * known late, so a SYN that has waited longer than answers take counts no more. Pure.
 */
#ifndef SHAKEDOWN_SCAN_EXPECT_H
#define SHAKEDOWN_SCAN_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

#define EXPECT_MS 4096 /* remembered: longer than that no answer is expected to take */

struct expect {
	uint32_t sent[EXPECT_MS]; /* first SYNs of a millisecond that were not answered */
	int64_t now_ms;
	uint32_t window_ms; /* as long as answers may take */
	uint64_t young;     /* sent within the window and not answered */
	uint64_t answers, open, silent;
	double rtt_ms, deviation_ms;
};

/* `wait_ns`: what an answer may take as long as there was none. */
void expect_init(struct expect *expect, int64_t wait_ns, int64_t now_ns);

void expect_sent(struct expect *expect, int64_t now_ns);
/* `first_ns`: when the target's first SYN left; -1: it was postponed. `rtt_ns`: -1: not known. */
void expect_answered(struct expect *expect, int64_t first_ns, int64_t rtt_ns, bool open);
void expect_silent(struct expect *expect);

/* Ports that are likely to turn out open, of those under way; and of those whose SYN left within
 * the last milliseconds, that is, in one burst. */
double expect_open(struct expect *expect, int64_t now_ns);
double expect_burst(struct expect *expect, int64_t now_ns);

#endif
