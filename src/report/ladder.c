/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, the ladder: timeline -> the textbook's picture of this very exchange, in 80 columns:
 * time, our state, the segment in packetdrill's notation on its arrow, the server's inferred state.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/report.h"

#define ZONE_MIN  38 /* columns between the two states */
#define ZONE_MAX  64
#define STATE_COL 12
#define TIME_COL  10

#define OURS   "36"
#define THEIRS "32"
#define RESET  "1;31"
#define AGAIN  "33"
#define DIM    "2"

struct glyphs {
	const char *line, *left, *right;
};
static const struct glyphs glyphs_unicode = {"\u2500", "\u25c0", "\u25b6"};
static const struct glyphs glyphs_ascii = {"-", "<", ">"};

struct label {
	char text[128];
	size_t len;
};

static void add(struct label *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct label *to, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(to->text + to->len, sizeof(to->text) - to->len, format, ap);
	va_end(ap);
	if (n > 0)
		to->len += (size_t)n;
	if (to->len >= sizeof(to->text))
		to->len = sizeof(to->text) - 1;
}

static int zone_width(const struct report_style *style)
{
	int zone = style->width - TIME_COL - 2 * (STATE_COL + 1) - 4;

	return zone < ZONE_MIN ? ZONE_MIN : zone > ZONE_MAX ? ZONE_MAX : zone;
}

/* What must strike the eye, by what the machine said of the segment. */
static const char *const marks[NOTE_COUNT] = {
    [NOTE_CHALLENGE_RST] = " (challenged)",
    [NOTE_CHALLENGE_SYN] = " (challenged)",
    [NOTE_CHALLENGE_ACK] = " (challenged)",
    [NOTE_OUT_OF_ORDER] = " (early)",
    [NOTE_PAWS] = " (old)",
    [NOTE_RST_INVALID] = " (not believed)",
    [NOTE_RST_OUT_OF_WINDOW] = " (not believed)",
    [NOTE_BAD_SYNACK] = " (bad ack)",
};

static const char *mark(const struct moment *moment)
{
	if (moment->foreign)
		return " (not by us)";
	if (marks[moment->note])
		return marks[moment->note];
	return moment->retransmit ? " (again)" : "";
}

/* "F. 1:1(0) ack 1", numbers relative to the two initial ones. */
static void segment_label(const struct probe *probe, const struct moment *moment, struct label *to)
{
	const struct segment *seg = &moment->seg;
	uint32_t seq_base = moment->ours ? probe->tcb.iss : probe->tcb.irs;
	uint32_t ack_base = moment->ours ? probe->tcb.irs : probe->tcb.iss;
	int32_t seq = (int32_t)(seg->seq - seq_base); /* before the first one, too */
	char flags[FLAGS_TEXT_MAX];

	add(to, "%s %" PRId32 ":%" PRId32 "(%" PRIu32 ")", flags_text(seg->flags, flags), seq,
	    seq + (int32_t)seg->data_len, seg->data_len);
	if (seg->flags & TCP_ACK)
		add(to, " ack %" PRId32, (int32_t)(seg->ack - ack_base));
	if (!(seg->flags & TCP_RST) && seg->wnd == 0)
		add(to, " win 0");
	add(to, "%s", mark(moment));
}

static void icmp_label(const struct moment *moment, struct label *to)
{
	char from[ADDR_TEXT_MAX];

	add(to, "ICMP %u/%u from %s", moment->icmp_type, moment->icmp_code,
	    addr_text(&moment->icmp_from, from));
}

/* What the SYNs agreed on; other segments' options do not matter here, but for SACK. */
static void options_label(const struct moment *moment, struct label *to)
{
	const struct tcp_options *options = &moment->seg.options;
	char text[SYN_TEXT_MAX];

	if (moment->kind != MOMENT_SEGMENT)
		return;
	for (unsigned i = 0; i < options->sack_count; i++)
		add(to, "%ssack block", i ? ", " : "");
	if (!(moment->seg.flags & TCP_SYN))
		return;
	add(to, "%s", syn_text(&moment->seg, text));
}

static const char *colour_of(const struct moment *moment)
{
	if (moment->kind == MOMENT_ICMP || moment->seg.flags & TCP_RST)
		return RESET;
	if (moment->retransmit)
		return AGAIN;
	return moment->ours ? OURS : THEIRS;
}

static void print_arrow(const struct report_style *style, const struct moment *moment,
			const struct label *label)
{
	const struct glyphs *glyphs = style->unicode ? &glyphs_unicode : &glyphs_ascii;
	int fill = zone_width(style) - (int)label->len - 5;
	char on[16];

	fputs(style_on(style, colour_of(moment), on), style->out);
	fprintf(style->out, "%s%s ", moment->ours ? glyphs->line : glyphs->left, glyphs->line);
	fprintf(style->out, "%s ", label->text);
	for (int i = 0; i < fill; i++)
		fputs(glyphs->line, style->out);
	fprintf(style->out, "%s%s", moment->ours ? glyphs->right : glyphs->line, style_off(style));
}

static void peer_text(const struct peer *peer, char text[STATE_COL + 4])
{
	snprintf(text, STATE_COL + 4, "%s%s", peer->known ? tcb_state_name(peer->state) : "",
		 peer->known && peer->assumed ? "?" : "");
}

static void print_moment(const struct report_style *style, const struct record *record,
			 const struct moment *moment)
{
	const struct probe *probe = record->probe;
	int64_t start_ns = probe->timeline.moments[0].stamp_ns;
	struct label label = {.len = 0}, options = {.len = 0};
	char peer[STATE_COL + 4], on[16];

	if (moment->kind == MOMENT_ICMP)
		icmp_label(moment, &label);
	else
		segment_label(probe, moment, &label);
	options_label(moment, &options);
	peer_text(&moment->peer, peer);
	fprintf(style->out, "%*.3f  %-*s ", TIME_COL, (double)(moment->stamp_ns - start_ns) / 1e6,
		STATE_COL, tcb_state_name(moment->our_state));
	print_arrow(style, moment, &label);
	fprintf(style->out, "%s%s\n", peer[0] ? " " : "", peer);
	if (options.len > 0)
		fprintf(style->out, "%*s%s%s%s\n", TIME_COL + STATE_COL + 6, "",
			style_on(style, DIM, on), options.text, style_off(style));
}

static void print_explanation(const struct report_style *style, const struct record *record,
			      const struct moment *moment)
{
	char text[EXPLAIN_MAX], on[16];

	explain_moment(record->probe, moment, text);
	if (!text[0])
		return;
	fputs(style_on(style, DIM, on), style->out);
	style_wrap(style, TIME_COL + 2, "", text);
	fprintf(style->out, "%s\n", style_off(style));
}

static bool anything_assumed(const struct timeline *timeline)
{
	for (uint32_t i = 0; i < timeline->count; i++)
		if (timeline->moments[i].peer.known && timeline->moments[i].peer.assumed)
			return true;
	return false;
}

void ladder_print(const struct report_style *style, const struct record *record)
{
	const struct timeline *timeline = &record->probe->timeline;
	char on[16];

	if (timeline->count == 0) {
		fputs("  no segment was seen by the capture\n", style->out);
		return;
	}
	fprintf(style->out, "%s%*s  %-*s %-*s %s%s\n", style_on(style, "1", on), TIME_COL, "ms",
		STATE_COL, "we are", zone_width(style), "", "server is", style_off(style));
	for (uint32_t i = 0; i < timeline->count; i++) {
		print_moment(style, record, &timeline->moments[i]);
		if (style->explain)
			print_explanation(style, record, &timeline->moments[i]);
	}
	if (timeline->left_out > 0)
		fprintf(style->out, "%*s  and %" PRIu32 " segments more\n", TIME_COL, "",
			timeline->left_out);
	if (anything_assumed(timeline))
		fprintf(style->out, "%s%*s  ? if our segment arrived: nothing has shown it yet%s\n",
			style_on(style, DIM, on), TIME_COL, "", style_off(style));
}
