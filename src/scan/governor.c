/* SPDX-License-Identifier: BSD-2-Clause */
/* A governor: does the loss grow with the rate? Each lower rate is an experiment. */
#include "scan/governor.h"

#define EPOCHS_A_WAIT 8
#define EPOCHS_LEAST  6    /* that a rate is judged by */
#define EPOCHS_MOST   128  /* then so few answer that it is decided anyhow */
#define LEAST         50   /* answers: fewer decide nothing */
#define ENOUGH        400  /* more tell of the past rather than of now */
#define FEW           30.0 /* answers: where they are as few, twice as much may be lost */
#define TOLERATED     0.05 /* at any rate */
#define NOTABLE       0.03 /* above what is known of the path */
#define LITTLE        0.17 /* where more is lost, one lower rate is not believed */
#define TOO_MUCH      0.9  /* lost once, and then not? No: the wait is too short */
#define POSSIBLY      0.5  /* standard deviations */
#define LIKELY        2.0
#define CLEARLY       3.0
#define SURELY        4.0  /* for what is looked at often */
#define MARGIN        0.95 /* below the rate that got through */
#define BELOW_GOOD    0.9  /* the rate that seemed good, but more than that did not */
#define STEEPEST      0.25 /* at most so much slower at once */
#define STEP_LEAST    0.05 /* upwards; doubled with each */
#define STEP_MOST     0.2
#define USED          0.8 /* of the rate: where less is sent, another limit holds */
#define WORTH_A_LINE  0.8
#define SLOWEST       100.0
#define PATIENCE      4 /* waits, before it goes up again: at first, at most */
#define PATIENCE_MOST 16
#define CALM          32 /* then it is as at first */

void governor_init(struct governor *governor, int64_t wait_ns, double asked_rate, int64_t now_ns)
{
	*governor = (struct governor){.asked = asked_rate,
				      .rate = asked_rate,
				      .step = STEP_LEAST,
				      .start_ns = now_ns,
				      .epoch_ns = wait_ns / EPOCHS_A_WAIT,
				      .wait_ns = wait_ns,
				      .settled_ns = now_ns,
				      .asked_ns = now_ns,
				      .said = asked_rate,
				      .patience_ns = PATIENCE * wait_ns};
}

static int64_t epoch_of(const struct governor *governor, int64_t at_ns)
{
	return at_ns < governor->start_ns ? -1 : (at_ns - governor->start_ns) / governor->epoch_ns;
}

void governor_answered(struct governor *governor, int64_t first_sent_ns, unsigned tries,
		       int64_t now_ns)
{
	int64_t at = epoch_of(governor, first_sent_ns);
	struct governor_epoch *epoch = &governor->ring[(at < 0 ? 0 : at) % GOVERNOR_EPOCHS];

	if (at < 0 || at > governor->newest || at <= governor->newest - GOVERNOR_EPOCHS)
		return;
	if (tries == 1) {
		epoch->answered++;
		governor->rtt_ns += (now_ns - first_sent_ns - governor->rtt_ns) / 16;
	} else if (tries == 2) { /* the third one's come too late to be of use */
		epoch->lost++;
	}
}

/* --- what is known --- */

/* The latest epochs of this rate, as many as it takes. */
static struct governor_epoch gather(const struct governor *governor)
{
	int64_t oldest = governor->newest - GOVERNOR_EPOCHS + 1;
	struct governor_epoch sum = {0};

	if (oldest < governor->from)
		oldest = governor->from;
	for (int64_t at = governor->known - 1; at >= oldest; at--) {
		const struct governor_epoch *epoch = &governor->ring[at % GOVERNOR_EPOCHS];

		if (sum.epochs >= EPOCHS_MOST ||
		    (sum.epochs >= EPOCHS_LEAST && sum.answered + sum.lost >= ENOUGH))
			break;
		sum.epochs++;
		sum.sent += epoch->sent;
		sum.answered += epoch->answered;
		sum.lost += epoch->lost;
	}
	return sum;
}

static double answers(const struct governor_epoch *sum)
{
	return sum->answered + sum->lost;
}

static double share(const struct governor_epoch *sum)
{
	return answers(sum) > 0 ? sum->lost / answers(sum) : 0;
}

/* Of targets that answer, 1 - p answer the first SYN and p (1 - p) the second. */
static double loss_of(double lost_share)
{
	return lost_share >= 0.5 ? 1 : lost_share / (1 - lost_share);
}

/* What may be lost: where few answer, more than it seems. */
static double suspected(const struct governor_epoch *sum)
{
	return loss_of(share(sum) * (1 + FEW / answers(sum)));
}

static double rate_of(const struct governor *governor, const struct governor_epoch *sum)
{
	return sum->sent * 1e9 / ((double)governor->epoch_ns * sum->epochs);
}

static bool above(double x, double y, double variance, double deviations)
{
	return x > y && (x - y) * (x - y) > deviations * deviations * variance;
}

/* More was lost in `x` than a level says. */
static bool above_level(const struct governor_epoch *x, double level, double deviations)
{
	return above(share(x), level, level * (1 - level) / answers(x), deviations);
}

/* The same of two proportions. */
static bool above_other(const struct governor_epoch *x, const struct governor_epoch *y)
{
	double all = answers(x) + answers(y), p = (x->lost + y->lost) / all;

	return above(share(x), share(y), p * (1 - p) * all / (answers(x) * answers(y)), CLEARLY);
}

/* --- what is done --- */

static void tell(struct governor *governor, enum governor_event event,
		 const struct governor_epoch *sum)
{
	double loss = loss_of(share(sum)), most = (1 + share(sum)) / 2;

	governor->news = (struct governor_news){.event = event,
						.loss = loss < most ? loss : most,
						.from_rate = rate_of(governor, sum),
						.rate = governor->rate};
}

static void set_rate(struct governor *governor, double rate, enum governor_phase phase)
{
	governor->rate = rate;
	governor->phase = phase;
	governor->from = governor->newest + 1;
}

/* To what got through of what was sent, the path's own loss aside. */
static void slow_down(struct governor *governor, const struct governor_epoch *sum)
{
	double own = loss_of(governor->own);
	double part = own < 1 ? MARGIN * (1 - suspected(sum)) / (1 - own) : MARGIN;
	double rate = rate_of(governor, sum);
	double least = governor->asked < SLOWEST ? governor->asked : SLOWEST;

	if (rate > governor->rate)
		rate = governor->rate;
	rate *= part < STEEPEST ? STEEPEST : part > MARGIN ? MARGIN : part;
	if (rate < BELOW_GOOD * governor->good)
		rate = BELOW_GOOD * governor->good;
	governor->good = 0;
	if (rate < least)
		rate = least;
	if (rate >= governor->rate) { /* no slower than this */
		governor->phase = GOVERNOR_WATCHES;
		return;
	}
	if (governor->phase != GOVERNOR_TRIES) {
		governor->before = *sum;
		governor->before_rate = governor->rate;
	}
	governor->slower = governor->phase == GOVERNOR_TRIES ? governor->slower + 1 : 1;
	set_rate(governor, rate, GOVERNOR_TRIES);
	governor->step = STEP_LEAST;
	governor->slowdowns++;
	if (rate < WORTH_A_LINE * governor->said) {
		governor->said = rate;
		tell(governor, GOVERNOR_SLOWED, sum);
	}
}

/* As much is lost at any rate, or nobody can tell. */
static void take_as_own(struct governor *governor, double own, const struct governor_epoch *sum)
{
	governor->own = own < TOO_MUCH ? own : TOO_MUCH;
	set_rate(governor, governor->before_rate, GOVERNOR_WATCHES);
	governor->said = governor->rate;
	tell(governor, GOVERNOR_OWN_LOSS, sum);
}

/* Half way between what is lost if the rate does not matter, and if only so much gets through. */
static double half_way(const struct governor *governor, const struct governor_epoch *sum)
{
	const struct governor_epoch *before = &governor->before;
	double faster = rate_of(governor, before) / rate_of(governor, sum);
	double loss = 1 - (1 - suspected(before)) * (faster > 1 ? faster : 1);

	return ((loss > 0 ? loss / (1 + loss) : 0) + share(before)) / 2;
}

/* The outcome of an experiment. */
static void compare(struct governor *governor, const struct governor_epoch *sum, int64_t now_ns)
{
	const struct governor_epoch *before = &governor->before;
	bool late = sum->epochs >= EPOCHS_MOST;
	bool alike = above_level(sum, half_way(governor, sum), late ? POSSIBLY : LIKELY);

	if (above_other(before, sum)) { /* it is the rate */
		governor->phase = GOVERNOR_CONFIRMS;
		governor->hold_until_ns = now_ns + governor->patience_ns;
		if (governor->patience_ns < PATIENCE_MOST * governor->wait_ns)
			governor->patience_ns *= 2;
	} else if (above_other(sum, before)) { /* it grows by itself: compare with now */
		governor->before = *sum;
		governor->slower = 0;
		slow_down(governor, sum);
	} else if (alike && (share(sum) < LITTLE || governor->slower > 1)) {
		take_as_own(governor, (before->lost + sum->lost) / (answers(before) + answers(sum)),
			    sum);
	} else if (alike || answers(sum) >= ENOUGH || late) {
		slow_down(governor, sum); /* further away, it is easier to tell */
	}
}

static void climb(struct governor *governor, const struct governor_epoch *sum, int64_t now_ns)
{
	if (governor->rate >= governor->asked || now_ns < governor->hold_until_ns ||
	    rate_of(governor, sum) < USED * governor->rate)
		return;
	governor->good = governor->rate;
	set_rate(governor, governor->rate * (1 + governor->step), GOVERNOR_WATCHES);
	governor->step *= 2;
	if (governor->step > STEP_MOST)
		governor->step = STEP_MOST;
	if (governor->rate >= governor->asked) {
		governor->rate = governor->asked;
		if (governor->said < governor->asked)
			tell(governor, GOVERNOR_RESTORED, sum);
	}
	if (governor->rate > governor->said)
		governor->said = governor->rate;
}

static void look(struct governor *governor, int64_t now_ns)
{
	const struct governor_epoch sum = gather(governor);
	double level = governor->own + NOTABLE;

	if (level < TOLERATED)
		level = TOLERATED;
	if (answers(&sum) < LEAST || sum.epochs < EPOCHS_LEAST || share(&sum) > TOO_MUCH) {
		if (governor->phase == GOVERNOR_TRIES &&
		    governor->known - governor->from >= EPOCHS_MOST)
			take_as_own(governor, share(&governor->before), &governor->before);
		return;
	}
	if (governor->phase == GOVERNOR_TRIES)
		compare(governor, &sum, now_ns);
	if (governor->phase == GOVERNOR_TRIES || governor->from >= governor->known)
		return;
	if (above_level(&sum, level, CLEARLY)) {
		if (governor->phase == GOVERNOR_CONFIRMS) {
			slow_down(governor, &sum);
			return;
		}
		governor->phase = GOVERNOR_CONFIRMS;
		governor->from = governor->known;
		return;
	}
	governor->phase = GOVERNOR_WATCHES;
	if (share(&sum) > level)
		return;
	if (now_ns - governor->hold_until_ns > CALM * governor->wait_ns)
		governor->patience_ns = PATIENCE * governor->wait_ns;
	if (above(governor->own, share(&sum), governor->own / answers(&sum), SURELY))
		governor->own = (governor->own + share(&sum)) / 2;
	climb(governor, &sum, now_ns);
}

double governor_rate(struct governor *governor, int64_t now_ns, uint64_t sent, int64_t settled_ns)
{
	int64_t now = epoch_of(governor, now_ns), known;
	int64_t margin_ns = 2 * governor->rtt_ns + governor->epoch_ns / 2;

	if (now > governor->newest + GOVERNOR_EPOCHS)
		governor->newest = now - GOVERNOR_EPOCHS;
	while (governor->newest < now)
		governor->ring[++governor->newest % GOVERNOR_EPOCHS] = (struct governor_epoch){0};
	governor->ring[governor->newest % GOVERNOR_EPOCHS].sent +=
	    (uint32_t)(sent - governor->sent);
	governor->sent = sent;
	/* The answer to what was asked again comes a round trip later. */
	if (now_ns - governor->asked_ns <
	    (margin_ns < governor->wait_ns ? margin_ns : governor->wait_ns))
		return governor->rate;
	known = epoch_of(governor, governor->settled_ns);
	governor->settled_ns = settled_ns < now_ns ? settled_ns : now_ns;
	governor->asked_ns = now_ns;
	if (known > governor->known) {
		governor->known = known;
		look(governor, now_ns);
	}
	return governor->rate;
}

bool governor_news(struct governor *governor, struct governor_news *news)
{
	*news = governor->news;
	governor->news.event = GOVERNOR_NOTHING;
	return news->event != GOVERNOR_NOTHING;
}
