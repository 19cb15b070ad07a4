/* SPDX-License-Identifier: BSD-2-Clause */
/* report, round-trip series for people: a line per probe, as ping has it; sums; the live line. */
#include "report/rtt.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "report/histogram.h"

static double in_ms(double ns)
{
	return ns / 1e6;
}

static void print_date(const struct report_style *style, int64_t sent_ns)
{
	if (style->dates)
		fprintf(style->out, "[%" PRId64 ".%06" PRId64 "] ", sent_ns / 1000000000,
			sent_ns % 1000000000 / 1000);
}

void rtt_text_run(const struct report_style *style, const struct run_info *info)
{
	(void)style;
	(void)info;
}

static void print_times(const struct report_style *style, const struct rtt_measurement *measurement)
{
	if (measurement->rtt_ns >= 0)
		fprintf(style->out, " rtt=%.3f ms", in_ms((double)measurement->rtt_ns));
	else
		fputs(" rtt=? (sent more than once)", style->out);
	if (measurement->path_ns >= 0)
		fprintf(style->out, " path=%.3f ms", in_ms((double)measurement->path_ns));
	if (measurement->close_ns >= 0)
		fprintf(style->out, " close=%.3f ms", in_ms((double)measurement->close_ns));
}

static void print_remarks(const struct report_style *style, const struct rtt_record *record)
{
	const struct rtt_measurement *measurement = record->measurement;
	char text[TOKEN_TEXT_MAX], from[ADDR_TEXT_MAX];

	if (measurement->answer == RTT_ANSWER_RST)
		fputs(" closed port", style->out);
	if (measurement->answer == RTT_ANSWER_ICMP)
		fprintf(style->out, " %s from %s", rtt_answer_text(measurement, text),
			addr_text(&measurement->from, from));
	if (measurement->retransmits > 0)
		fprintf(style->out, " (SYN sent %u times)", measurement->retransmits + 1);
	if (measurement->duplicates > 0)
		fprintf(style->out, " (%u duplicate)", measurement->duplicates);
}

void rtt_text_probe(const struct report_style *style, const struct rtt_record *record)
{
	const struct rtt_measurement *measurement = record->measurement;

	if (style->quiet)
		return;
	print_date(style, measurement ? measurement->sent_ns : 0);
	fprintf(style->out, "%s: seq=%" PRIu64, record->target, record->seq);
	if (style->verbose && measurement)
		fprintf(style->out, " source_port=%u", record->source_port);
	if (!measurement) {
		fprintf(style->out, " %s\n", record->error ? record->error : "not started");
		return;
	}
	if (measurement->answer == RTT_ANSWER_NONE)
		fputs(record->capture_dropped ? " inconclusive: the capture dropped frames"
					      : " no answer",
		      style->out);
	else
		print_times(style, measurement);
	print_remarks(style, record);
	if (record->error)
		fprintf(style->out, " (%s)", record->error);
	putc('\n', style->out);
}

static void print_samples(const struct report_style *style, const char *name,
			  struct samples *samples)
{
	int64_t low_ns, high_ns;

	if (samples_count(samples) == 0)
		return;
	fprintf(style->out, "%s min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", name,
		in_ms((double)samples_min(samples)), in_ms(samples_mean(samples)),
		in_ms((double)samples_max(samples)), in_ms(samples_mdev(samples)));
	fprintf(style->out, "%s p50/p90/p95/p99/p99.9 = %.3f/%.3f/%.3f/%.3f/%.3f ms", name,
		in_ms((double)samples_quantile(samples, 0.5)),
		in_ms((double)samples_quantile(samples, 0.9)),
		in_ms((double)samples_quantile(samples, 0.95)),
		in_ms((double)samples_quantile(samples, 0.99)),
		in_ms((double)samples_quantile(samples, 0.999)));
	if (samples_jitter(samples) >= 0)
		fprintf(style->out, ", jitter %.3f ms", in_ms(samples_jitter(samples)));
	putc('\n', style->out);
	if (samples_median_ci(samples, 0.95, &low_ns, &high_ns) == 0)
		fprintf(style->out, "%s median is within %.3f..%.3f ms (95 %%)\n", name,
			in_ms((double)low_ns), in_ms((double)high_ns));
}

static void print_comparison(const struct report_style *style, const struct rtt_sum *sum)
{
	const struct comparison *comparison = sum->comparison;
	const struct compare_shift *shift = &comparison->shift;

	fprintf(style->out, "baseline: %" PRIu64 " values, median %.3f ms; now %+.3f ms (%+.1f %%)",
		comparison->baseline_count, in_ms((double)comparison->baseline_median_ns),
		in_ms((double)shift->ns), shift->percent);
	if (shift->low_known && shift->high_known)
		fprintf(style->out, ", 95 %%: %+.3f..%+.3f ms", in_ms((double)shift->low_ns),
			in_ms((double)shift->high_ns));
	fprintf(style->out, ", p=%.2g\n", comparison->p);
	for (int i = 0; i < COMPARE_QUANTILES; i++)
		fprintf(style->out, "  %-4s %9.3f -> %9.3f ms (%+.1f %%)\n",
			comparison->quantiles[i].name,
			in_ms((double)comparison->quantiles[i].baseline_ns),
			in_ms((double)comparison->quantiles[i].current_ns),
			comparison->quantiles[i].shift.percent);
	fprintf(style->out, "verdict: %s\n", compare_decision_name(sum->decision));
}

/* --explain: what each of the three distances measures, and what it does not. */
static void print_explanations(const struct report_style *style, struct series *series)
{
	style_wrap(style, 7, "rtt",
		   "SYN to SYN-ACK: the way there and back, and the server's TCP setting up "
		   "a connection. No application is involved. [RFC 9293 section 3.5]");
	if (samples_count(&series->path) > 0)
		style_wrap(style, 7, "path",
			   "a segment with an old number to its acknowledgment: the way "
			   "there and back, with the least work at the server. [RFC 9293 "
			   "section 3.8.4]");
	if (samples_count(&series->close) > 0)
		style_wrap(style, 7, "close",
			   "our FIN to the server's FIN: the way, and how long the "
			   "application took to notice the end and to close. Our FIN to "
			   "its ACK would be no round trip: that ACK may be delayed by up "
			   "to half a second. [RFC 9293 sections 3.6, 3.8.6.3]");
}

void rtt_text_sum(const struct report_style *style, const struct rtt_sum *sum)
{
	struct series *series = sum->series;
	double loss = series->sent > 0 ? 100.0 * (double)series->lost / (double)series->sent : 0;

	fprintf(style->out, "\n--- %s handshake round trips ---\n", sum->target);
	fprintf(style->out,
		"%" PRIu64 " probe%s sent, %" PRIu64 " answered, %" PRIu64
		" lost (%.3g %%), time %.0f ms\n",
		series->sent, series->sent == 1 ? "" : "s", series->answered, series->lost, loss,
		in_ms((double)sum->elapsed_ns));
	fprintf(style->out,
		"%" PRIu64 " SYNs retransmitted, %" PRIu64 " duplicate and %" PRIu64
		" late answers\n",
		series->retransmitted, series->duplicates, series->late);
	if (series->refused > 0 || series->icmp > 0)
		fprintf(style->out, "of the answers: %" PRIu64 " by RST, %" PRIu64 " by ICMP\n",
			series->refused, series->icmp);
	if (series->uncertain > 0)
		fprintf(style->out,
			"%" PRIu64
			" answers without a time: it is not certain which SYN they answer\n",
			series->uncertain);
	if (series->inconclusive > 0)
		fprintf(style->out,
			"%" PRIu64 " inconclusive: the capture dropped frames meanwhile\n",
			series->inconclusive);
	print_samples(style, "rtt", &series->rtt);
	print_samples(style, "path", &series->path);
	print_samples(style, "close", &series->close);
	if (style->explain)
		print_explanations(style, series);
	if (sum->histogram && samples_count(&series->rtt) > 0)
		histogram_print(style, &series->rtt);
	if (sum->comparison)
		print_comparison(style, sum);
}

void rtt_text_live(const struct report_style *style, const struct rtt_sum *sum)
{
	struct series *series = sum->series;
	int64_t recent_ns[SERIES_RECENT];
	char line[SPARKLINE_SIZE(SERIES_RECENT)];
	size_t count = series_recent(series, recent_ns), room = SERIES_RECENT;

	if (style->width < 120)
		room = 30;
	if (count > room)
		memmove(recent_ns, recent_ns + count - room, room * sizeof(recent_ns[0]));
	if (count > room)
		count = room;
	sparkline(style, recent_ns, count, line, sizeof(line));
	fprintf(style->out, "\r%s %s %" PRIu64 "/%" PRIu64 " p50 %.3f p99 %.3f ms\033[K",
		sum->target, line, series->answered, series->sent,
		in_ms((double)samples_quantile(&series->rtt, 0.5)),
		in_ms((double)samples_quantile(&series->rtt, 0.99)));
	fflush(style->out);
}
