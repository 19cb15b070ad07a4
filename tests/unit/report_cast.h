/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results of scenarios, made by hand: each kind that a format treats in a way of its own, octets of
 * a hostile server included. 192.0.2.2:80 is tested; its connections are those of probe_play.
 */
#ifndef SHAKEDOWN_TESTS_REPORT_CAST_H
#define SHAKEDOWN_TESTS_REPORT_CAST_H

#include "probe_play.h"
#include "report/test.h"

enum {
	CAST_PASS,         /* with findings */
	CAST_SKIP,         /* needs a request */
	CAST_FAIL,         /* two connections, two of three runs */
	CAST_KNOWN,        /* FAIL, as listed */
	CAST_CHANGED,      /* PASS-MAY, listed as FAIL */
	CAST_NEW,          /* WARN, not listed */
	CAST_ERROR,        /* a connection that the capture did not see */
	CAST_INCONCLUSIVE, /* hostile; of a script of the user's */
	CAST_COUNT
};

struct cast {
	struct play plays[2];
	struct probe blind;
	const struct probe *connections[2], *nothing[1];
	struct result results[CAST_COUNT];
	struct test_record records[CAST_COUNT];
	struct test_target target;
	struct test_end end;
	struct test_run_info info;
	struct test_summary summary;
	struct report_style look;
	struct test_style style;
};

/* All of them, in an 80-column style without colours, ladders of what did not pass. */
void cast_init(struct cast *cast);

/* What `format` writes for records `first` to `last`, counted anew, or for a target that cannot be
 * tested (first > last), between `run` and `summary`. To be freed. */
char *cast_report(struct cast *cast, const char *format, unsigned first, unsigned last);

#endif
