/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scan, as CSV (RFC 4180): a heading, then a row per answer; unknown is empty. */
#include "report/scan_format.h"

void *scan_csv_open(const struct scan_style *style, const struct scan_run *run)
{
	if (run->resumed)
		return NULL; /* the heading is there */
	fputs("addr,port,state,reason,ttl,rtt_ns,tries,zero_window,wildcard,time_ns",
	      style->style->out);
	if (style->mode == MODE_HANDSHAKE)
		fputs(",handshake,handshake_rtt_ns,left_open", style->style->out);
	else if (style->mode == MODE_CENSUS)
		fputs(",handshake,close,handshake_rtt_ns,fin_ack_ns,app_close_ns,close_ns,"
		      "server_first_ns,left_open",
		      style->style->out);
	fputc('\n', style->style->out);
	return NULL;
}

static void put_known(struct scan_line *line, bool known, int64_t value)
{
	line_put(line, ",");
	if (known)
		line_number(line, (uint64_t)value);
}

static void put_connection(struct scan_line *line, const struct scan_record *record, bool census)
{
	char text[TOKEN_TEXT_MAX];
	struct phase_times times;
	const char *token = scan_handshake_text(record, text);

	scan_phase_times(record, &times);
	line_put(line, ",");
	line_put(line, token ? token : "");
	if (census) {
		token = scan_close_text(record, text);
		line_put(line, ",");
		line_put(line, token ? token : "");
	}
	put_known(line, times.handshake_rtt_ns >= 0, times.handshake_rtt_ns);
	if (census) {
		put_known(line, times.fin_ack_ns >= 0, times.fin_ack_ns);
		put_known(line, times.app_close_ns >= 0, times.app_close_ns);
		put_known(line, times.close_ns >= 0, times.close_ns);
		put_known(line, times.server_first_ns >= 0, times.server_first_ns);
	}
	line_put(line, record->left_open ? ",true" : ",false");
}

void scan_csv_record(void *state, const struct scan_style *style, const struct scan_record *record)
{
	const struct scan_item *item = record->item;
	struct scan_line line = {.len = 0};
	char text[SCAN_REASON_MAX];

	(void)state;
	if (!scan_shows(style, record))
		return;
	line_addr(&line, &item->addr);
	line_put(&line, ",");
	line_number(&line, item->port);
	line_put(&line, ",");
	line_put(&line, scan_state_name(item->state));
	line_put(&line, ",");
	line_put(&line, scan_reason_text(item, text));
	put_known(&line, scan_answered(item->reason), item->ttl);
	put_known(&line, item->rtt_ns >= 0, item->rtt_ns);
	put_known(&line, true, item->reason == REASON_NO_ROUTE ? 0 : item->tries);
	line_put(&line, item->zero_window ? ",true" : ",false");
	line_put(&line, record->wildcard ? ",true," : ",false,");
	line_number(&line, (uint64_t)record->stamp_ns);
	if (style->mode != MODE_SYN)
		put_connection(&line, record, style->mode == MODE_CENSUS);
	line_put(&line, "\n");
	line_write(&line, style->style->out);
}
