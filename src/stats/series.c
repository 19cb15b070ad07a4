/* SPDX-License-Identifier: BSD-2-Clause */
/* A series: measurements -> counts and samples. */
#include "stats/series.h"

#include <errno.h>

void series_init(struct series *series, size_t capacity)
{
	*series = (struct series){.sent = 0};
	samples_init(&series->rtt, capacity);
	samples_init(&series->path, capacity);
	samples_init(&series->close, capacity);
}

void series_free(struct series *series)
{
	samples_free(&series->rtt);
	samples_free(&series->path);
	samples_free(&series->close);
}

static int add_known(struct samples *samples, int64_t value_ns)
{
	if (value_ns < 0 || samples_add(samples, value_ns) == 0 || errno == ERANGE)
		return 0;
	return -1;
}

static void count_answer(struct series *series, const struct rtt_measurement *measurement,
			 bool inconclusive)
{
	bool silent = measurement->answer == RTT_ANSWER_NONE;

	series->sent++;
	series->inconclusive += silent && inconclusive;
	series->lost += silent && !inconclusive;
	series->answered += !silent;
	series->refused += measurement->answer == RTT_ANSWER_RST;
	series->icmp += measurement->answer == RTT_ANSWER_ICMP;
	series->uncertain += !silent && measurement->rtt_ns < 0;
	series->retransmitted += measurement->retransmits > 0;
	series->duplicates += measurement->duplicates;
}

int series_add(struct series *series, const struct rtt_measurement *measurement, bool inconclusive)
{
	count_answer(series, measurement, inconclusive);
	series->recent_ns[series->recent_count++ % SERIES_RECENT] = measurement->rtt_ns;
	if (add_known(&series->rtt, measurement->rtt_ns) < 0 ||
	    add_known(&series->path, measurement->path_ns) < 0 ||
	    add_known(&series->close, measurement->close_ns) < 0)
		return -1;
	return 0;
}

size_t series_recent(const struct series *series, int64_t recent_ns[SERIES_RECENT])
{
	uint64_t count =
	    series->recent_count < SERIES_RECENT ? series->recent_count : SERIES_RECENT;

	for (uint64_t i = 0; i < count; i++)
		recent_ns[i] =
		    series->recent_ns[(series->recent_count - count + i) % SERIES_RECENT];
	return (size_t)count;
}

void series_figures(struct series *series, struct expect_figures *figures)
{
	*figures = (struct expect_figures){.rtt = &series->rtt,
					   .sent = series->sent,
					   .answered = series->answered,
					   .lost = series->lost,
					   .retransmitted = series->retransmitted,
					   .duplicates = series->duplicates,
					   .late = series->late};
}
