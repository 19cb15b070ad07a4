/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A governor: answers, and whether the first SYN was lost -> the rate that the path bears.
 *
 * Loss that is clearly above what is known of the path makes it try a lower rate: the rate that got
 * through. If less is lost there, the loss grows with the rate, and the scan stays slow; it goes up
 * again by small steps. If as much is lost, it is the path's own: the scan returns to its rate, and
 * that level does not count from then on. Nobody can tell the loss of a target that never answers:
 * where each is asked but once, nothing is known and nothing done. Pure; one clock, the caller's.
 */
#ifndef SHAKEDOWN_SCAN_GOVERNOR_H
#define SHAKEDOWN_SCAN_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#define GOVERNOR_EPOCHS 256 /* remembered, each an eighth of the wait for an answer */

enum governor_event {
	GOVERNOR_NOTHING,
	GOVERNOR_SLOWED,   /* more is lost than before */
	GOVERNOR_OWN_LOSS, /* as much is lost at the lower rate: back to the one before */
	GOVERNOR_RESTORED  /* the rate asked for is kept again */
};

struct governor_news {
	enum governor_event event;
	double loss;            /* share of the first SYNs, at `from_rate`; rough above 0.7 */
	double from_rate, rate; /* a second: really sent when that was lost, and allowed now */
};

/* SYNs sent in a while, and the targets asked first then: the first SYN was answered, or the second
 * one. Of many epochs, `epochs`. */
struct governor_epoch {
	uint32_t sent, answered, lost, epochs;
};

enum governor_phase {
	GOVERNOR_WATCHES,
	GOVERNOR_CONFIRMS, /* much was lost: was that but a burst? */
	GOVERNOR_TRIES     /* a lower rate, to compare with `before` */
};

struct governor {
	double asked, rate;
	double own;  /* the path's own: lost / (answered + lost) */
	double step; /* the next one upwards */
	double good; /* the rate before that step; 0: none, or it was not good either */
	double said; /* the rate that was told of */
	int64_t start_ns, epoch_ns, wait_ns;
	int64_t newest, from, known; /* epochs: now; the first at this rate; the first unknown */
	int64_t settled_ns, asked_ns, rtt_ns; /* see governor_rate(); the round trip, smoothed */
	int64_t hold_until_ns, patience_ns;
	uint64_t sent, slowdowns;
	enum governor_phase phase;
	unsigned slower;              /* steps down from `before_rate` */
	struct governor_epoch before; /* of `before_rate` */
	double before_rate;
	struct governor_news news;
	struct governor_epoch ring[GOVERNOR_EPOCHS];
};

/* `wait_ns`: before a SYN is sent again. */
void governor_init(struct governor *governor, int64_t wait_ns, double asked_rate, int64_t now_ns);

/* A SYN-ACK or RST (not an ICMP error: that is limited by itself) to SYN number `tries` of a target
 * whose first SYN left at `first_sent_ns`. That must be remembered: reckoned back from the second
 * one, which goes late when the rate falls, it would blame the lower rate for the higher one's
 * losses. */
void governor_answered(struct governor *governor, int64_t first_sent_ns, unsigned tries,
		       int64_t now_ns);

/* The rate that may be kept now. `sent`: SYNs so far, repeated ones too. `settled_ns`: whatever was
 * asked first before that has answered or was asked again (the oldest first SYN that is awaited;
 * `now_ns`: none is). To be called often. */
double governor_rate(struct governor *governor, int64_t now_ns, uint64_t sent, int64_t settled_ns);

/* What is worth a line since it was asked last; false: nothing. */
bool governor_news(struct governor *governor, struct governor_news *news);

#endif
