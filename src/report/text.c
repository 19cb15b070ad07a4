/* SPDX-License-Identifier: BSD-2-Clause */
/* report, for people: one line per probe with the essentials; and the summary. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "report/report.h"

#define GOOD "32"
#define BAD  "31"

static const char *time_text(int64_t ns, char text[24])
{
	if (ns < 0)
		snprintf(text, 24, "-");
	else
		snprintf(text, 24, "%.3f ms", (double)ns / 1e6);
	return text;
}

static void print_date(const struct report_style *style)
{
	struct timespec now;

	if (!style->dates)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(style->out, "[%" PRId64 ".%06ld] ", (int64_t)now.tv_sec, now.tv_nsec / 1000);
}

void text_run(const struct report_style *style, const struct run_info *info)
{
	(void)info;
	if (style->header && !style->quiet && !style->ladder)
		fprintf(style->out, "%-22s %-17s %10s  %-15s %10s\n", "TARGET", "HANDSHAKE", "RTT",
			"CLOSE", "FIN>FIN");
}

/* "10.0.0.2:80", or "name:80" as it was written. */
static void print_line(const struct report_style *style, const struct record *record)
{
	char rtt[24], fin[24], on[16], hs_text[TOKEN_TEXT_MAX], cl_text[TOKEN_TEXT_MAX];
	const struct probe *probe = record->probe;
	const char *handshake, *close;
	struct phase_times times;

	print_date(style);
	if (!probe) {
		fprintf(style->out, "%-22s %s%s%s\n", record->target, style_on(style, BAD, on),
			record->error ? record->error : "not started", style_off(style));
		return;
	}
	phase_times(probe, &times);
	handshake = verdict_text(probe, verdict_handshake(probe), hs_text);
	close = verdict_text(probe, verdict_close(probe), cl_text);
	fprintf(style->out, "%-22s %s%-17s%s %10s", record->target,
		style_on(style, record->as_asked ? GOOD : BAD, on),
		handshake ? handshake : "unfinished", style_off(style),
		time_text(times.handshake_rtt_ns, rtt));
	if (close)
		fprintf(style->out, "  %s%-15s%s %10s", on, close, style_off(style),
			time_text(times.app_close_ns, fin));
	if (record->error)
		fprintf(style->out, "  %s", record->error);
	if (record->capture_dropped)
		fputs("  (capture dropped frames: inconclusive)", style->out);
	putc('\n', style->out);
}

static void verdict_row(const struct report_style *style, const char *key, const char *token,
			const char *rest)
{
	char on[16];

	fprintf(style->out, "  %-10s%s%s%s%s%s\n", key, style_on(style, "1", on),
		token ? token : "-", style_off(style), rest[0] ? "  " : "", rest);
}

static void state_row(const struct report_style *style, const struct probe *probe)
{
	char text[200];

	snprintf(text, sizeof(text), "%s%s: %s.",
		 probe->peer.known ? tcb_state_name(probe->peer.state) : "unknown",
		 probe->peer.assumed ? " (if our last segment arrived)" : "", probe->peer.evidence);
	style_wrap(style, 12, "  server", text);
}

void text_verdict(const struct report_style *style, const struct record *record)
{
	const struct probe *probe = record->probe;
	char evidence[EVIDENCE_MAX], token[TOKEN_TEXT_MAX], rest[120], a[24], b[24];
	struct phase_times times;

	if (!probe)
		return;
	phase_times(probe, &times);
	rest[0] = '\0';
	if (times.handshake_rtt_ns >= 0)
		snprintf(rest, sizeof(rest), "round trip %s", time_text(times.handshake_rtt_ns, a));
	verdict_row(style, "handshake", verdict_text(probe, verdict_handshake(probe), token), rest);
	rest[0] = '\0';
	if (times.app_close_ns >= 0)
		snprintf(rest, sizeof(rest), "FIN to FIN %s, to our last ACK %s",
			 time_text(times.app_close_ns, a), time_text(times.close_ns, b));
	if (probe->facts.synack_count > 0)
		verdict_row(style, "close", verdict_text(probe, verdict_close(probe), token), rest);
	verdict_evidence(probe, evidence);
	if (evidence[0]) {
		style_wrap(style, 12, "  because", evidence);
	}
	state_row(style, probe);
	verdict_row(style, "left open", probe_left_open(probe) ? "yes" : "nothing", "");
}

void text_probe(const struct report_style *style, const struct record *record)
{
	if (!style->quiet)
		print_line(style, record);
	if (style->ladder && record->probe) {
		putc('\n', style->out);
		ladder_print(style, record);
		putc('\n', style->out);
	}
	if ((style->ladder || style->verbose) && record->probe)
		text_verdict(style, record);
	if (style->ladder)
		putc('\n', style->out);
}

void text_tokens(FILE *out, const char *label, const uint64_t counts[TOKEN_COUNT])
{
	bool any = false;

	for (unsigned i = 1; i < TOKEN_COUNT; i++) {
		if (counts[i] == 0)
			continue;
		fprintf(out, "%s %" PRIu64 " %s", any ? "," : label, counts[i],
			token_info((enum token)i)->name);
		any = true;
	}
	if (any)
		putc('\n', out);
}

void text_summary(FILE *out, const struct run_summary *summary)
{
	fprintf(out,
		"%" PRIu64 " target%s, %" PRIu64 " probe%s, %" PRIu64 " as asked, %" PRIu64
		" not, in %.3f s\n",
		summary->targets, summary->targets == 1 ? "" : "s", summary->probes,
		summary->probes == 1 ? "" : "s", summary->as_asked, summary->not_as_asked,
		(double)summary->elapsed_ns / 1e9);
	if (summary->probes > 1 || summary->quiet) {
		text_tokens(out, "handshakes:", summary->handshakes);
		text_tokens(out, "closes:", summary->closes);
	}
	fprintf(out,
		"connections left open: %" PRIu64 ", frames dropped by the capture: %" PRIu64 "\n",
		summary->left_open, summary->dropped_ring + summary->dropped_interface);
	if (summary->unfinished > 0)
		fprintf(out, "interrupted: %" PRIu64 " probe%s not carried out\n",
			summary->unfinished, summary->unfinished == 1 ? " was" : "s were");
}
