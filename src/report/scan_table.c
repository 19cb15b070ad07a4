/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of scan, for people: a table grouped by host, as users of nmap know it. Answers are kept
 * to the end, to be sorted, in bounded memory: when ROWS_MAX are there, those that are not open
 * make room and are only counted from then on; when that many are open, the rest is.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/scan_format.h"

#define ROWS_MAX   1000000 /* of 48 octets */
#define ROWS_FIRST 256
#define SAME_MAX   25 /* rows of one host in one state, not open; beyond that they are counted */
#define TIME_MAX   24

/* What is kept of an answer. */
struct kept {
	struct ip_addr addr;
	uint16_t port;
	uint8_t state, reason, icmp_type, icmp_code, ttl;
	uint8_t handshake, close; /* enum token */
	bool zero_window, wildcard, left_open;
	int64_t rtt_ns, app_close_ns;
};

struct table {
	struct kept *rows;
	uint32_t count, room;
	bool crowded; /* those that are not open had to go */
	uint64_t dropped[SCAN_STATE_COUNT];
};

void *scan_table_open(const struct scan_style *style, const struct scan_run *run)
{
	(void)style;
	(void)run;
	return calloc(1, sizeof(struct table));
}

/* --- keeping --- */

/* Those that are not open make room. */
static void drop_not_open(struct table *table)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < table->count; i++) {
		if (table->rows[i].state == SCAN_OPEN)
			table->rows[kept++] = table->rows[i];
		else
			table->dropped[table->rows[i].state]++;
	}
	table->count = kept;
	table->crowded = true;
}

/* False: there is no room, and none to be had. */
static bool make_room(struct table *table)
{
	uint32_t room = table->room ? 2 * table->room : ROWS_FIRST;
	struct kept *rows;

	if (table->count < table->room)
		return true;
	if (room > ROWS_MAX)
		room = ROWS_MAX;
	rows = room > table->room ? realloc(table->rows, room * sizeof(*rows)) : NULL;
	if (rows) {
		table->rows = rows;
		table->room = room;
		return true;
	}
	if (!table->crowded)
		drop_not_open(table);
	return table->count < table->room;
}

static void take_connection(struct kept *row, const struct scan_record *record)
{
	const struct probe *probe = record->probe;
	struct phase_times times;

	if (!probe)
		return;
	scan_phase_times(record, &times);
	row->app_close_ns = times.app_close_ns;
	row->handshake = (uint8_t)verdict_handshake(probe);
	row->close = (uint8_t)verdict_close(probe);
	if (row->handshake == TOKEN_ICMP) {
		row->icmp_type = probe->facts.icmp_type;
		row->icmp_code = probe->facts.icmp_code;
	}
}

void scan_table_record(void *state, const struct scan_style *style,
		       const struct scan_record *record)
{
	const struct scan_item *item = record->item;
	struct table *table = state;
	struct kept *row;

	if (!table || !scan_shows(style, record))
		return;
	if ((table->crowded && item->state != SCAN_OPEN) || !make_room(table) ||
	    (table->crowded && item->state != SCAN_OPEN)) {
		table->dropped[item->state]++;
		return;
	}
	row = &table->rows[table->count++];
	*row = (struct kept){.addr = item->addr,
			     .port = item->port,
			     .state = (uint8_t)item->state,
			     .reason = (uint8_t)item->reason,
			     .icmp_type = item->icmp_type,
			     .icmp_code = item->icmp_code,
			     .ttl = item->ttl,
			     .zero_window = item->zero_window,
			     .wildcard = record->wildcard,
			     .left_open = record->left_open,
			     .rtt_ns = item->rtt_ns,
			     .app_close_ns = -1};
	take_connection(row, record);
}

/* --- showing --- */

static int by_host_and_port(const void *a, const void *b)
{
	const struct kept *one = a, *two = b;
	int order =
	    (one->addr.version > two->addr.version) - (one->addr.version < two->addr.version);

	if (order == 0)
		order = memcmp(one->addr.octets, two->addr.octets, sizeof(one->addr.octets));
	return order != 0 ? order : (one->port > two->port) - (one->port < two->port);
}

static const char *time_text(int64_t ns, char text[TIME_MAX])
{
	if (ns < 0)
		return "-";
	snprintf(text, TIME_MAX, "%.3f ms", (double)ns / 1e6);
	return text;
}

static void print_heading(const struct scan_style *style)
{
	FILE *out = style->style->out;

	fprintf(out, "%-6s %-11s %-12s %3s %12s", "PORT", "STATE", "REASON", "TTL", "RTT");
	if (style->mode == MODE_HANDSHAKE)
		fputs("  HANDSHAKE", out);
	else if (style->mode == MODE_CENSUS)
		fprintf(out, "  %-17s %-15s %12s", "HANDSHAKE", "CLOSE", "FIN>FIN");
	fputc('\n', out);
}

/* The same as scan_handshake_text(), from what was kept. */
static const char *handshake_of(const struct kept *row, char text[TOKEN_TEXT_MAX])
{
	const struct scan_item item = {
	    .reason = REASON_ICMP, .icmp_type = row->icmp_type, .icmp_code = row->icmp_code};
	enum token token = (enum token)row->handshake;

	if (token == TOKEN_ICMP || (token == TOKEN_NONE && row->reason == REASON_ICMP))
		return scan_reason_text(&item, text);
	if (token != TOKEN_NONE)
		return token_info(token)->name;
	if (row->reason == REASON_NO_ROUTE)
		return "-";
	if (row->reason == REASON_SYNACK)
		return token_info(row->zero_window ? TOKEN_OPEN_ZERO_WINDOW : TOKEN_OPEN)->name;
	return token_info(row->reason == REASON_RESET ? TOKEN_CLOSED : TOKEN_FILTERED)->name;
}

static void print_connection(FILE *out, const struct kept *row)
{
	const char *close = token_info((enum token)row->close)->name;
	char text[TOKEN_TEXT_MAX], time[TIME_MAX];

	fprintf(out, "  %-17s %-15s %12s", handshake_of(row, text), *close ? close : "-",
		time_text(row->app_close_ns, time));
}

static void print_row(const struct scan_style *style, const struct kept *row)
{
	const struct scan_item item = {.reason = (enum scan_reason)row->reason,
				       .icmp_type = row->icmp_type,
				       .icmp_code = row->icmp_code};
	char port[8] = "any", ttl[8] = "-", reason[SCAN_REASON_MAX], time[TIME_MAX], on[16];
	char token[TOKEN_TEXT_MAX];
	FILE *out = style->style->out;

	if (!row->wildcard)
		snprintf(port, sizeof(port), "%u", row->port);
	if (scan_answered((enum scan_reason)row->reason))
		snprintf(ttl, sizeof(ttl), "%u", row->ttl);
	fprintf(out, "%-6s %s%-11s%s %-12s %3s %12s", port,
		style_on(style->style, row->state == SCAN_OPEN ? "32" : NULL, on),
		scan_state_name((enum scan_state)row->state),
		row->state == SCAN_OPEN ? style_off(style->style) : "",
		scan_reason_text(&item, reason), ttl, time_text(row->rtt_ns, time));
	if (style->mode == MODE_HANDSHAKE)
		fprintf(out, "  %s", handshake_of(row, token));
	else if (style->mode == MODE_CENSUS)
		print_connection(out, row);
	if (row->wildcard)
		fputs("  answers on every port", out);
	if (row->zero_window)
		fputs("  zero window: often a SYN proxy", out);
	if (row->left_open)
		fputs("  left open", out);
	fputc('\n', out);
}

/* " 65530 closed, 3 filtered" */
static void print_counts(FILE *out, const uint64_t counts[SCAN_STATE_COUNT])
{
	const char *before = " ";

	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++) {
		if (counts[i] == 0)
			continue;
		fprintf(out, "%s%" PRIu64 " %s", before, counts[i],
			scan_state_name((enum scan_state)i));
		before = ", ";
	}
}

/* Rows from..to are one host's. */
static void print_host(const struct scan_style *style, const struct kept *rows, uint32_t count)
{
	uint64_t same[SCAN_STATE_COUNT] = {0}, hidden[SCAN_STATE_COUNT] = {0}, sum = 0;
	FILE *out = style->style->out;
	char addr[ADDR_TEXT_MAX], on[16];
	bool heading = false;

	for (uint32_t i = 0; i < count; i++)
		same[rows[i].state]++;
	fprintf(out, "%s%s%s\n", style_on(style->style, "1", on), addr_text(&rows->addr, addr),
		style_off(style->style));
	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		if (i != SCAN_OPEN && same[i] > SAME_MAX)
			sum += hidden[i] = same[i];
	if (sum > 0) {
		fputs("not shown:", out);
		print_counts(out, hidden);
		fputc('\n', out);
	}
	for (uint32_t i = 0; i < count; i++) {
		if (hidden[rows[i].state] > 0)
			continue;
		if (!heading)
			print_heading(style);
		heading = true;
		print_row(style, &rows[i]);
	}
	fputc('\n', out);
}

static bool all_silent(const struct kept *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (scan_answered((enum scan_reason)rows[i].reason))
			return false;
	return true;
}

/* Hosts that gave no answer at all are counted, unless there is nothing else. */
static void print_hosts(const struct table *table, const struct scan_style *style)
{
	uint32_t silent = 0, hosts = 0, end;

	for (uint32_t i = 0; i < table->count; i = end) {
		for (end = i + 1; end < table->count; end++)
			if (!addr_equal(&table->rows[i].addr, &table->rows[end].addr))
				break;
		hosts++;
		if (end - i < table->count && all_silent(&table->rows[i], end - i))
			silent++;
		else
			print_host(style, &table->rows[i], end - i);
	}
	if (silent > 0)
		fprintf(style->style->out, "%" PRIu32 " of %" PRIu32 " hosts gave no answer\n",
			silent, hosts);
}

void scan_table_close(void *state, const struct scan_style *style,
		      const struct scan_summary *summary)
{
	struct table *table = state;
	FILE *out = style->style->out;

	(void)summary;
	if (!table) {
		fputs("no table: memory ran out\n", out);
		return;
	}
	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(*table->rows), by_host_and_port);
	print_hosts(table, style);
	if (table->crowded) {
		fputs("left out of this table, which has no room for more:", out);
		print_counts(out, table->dropped);
		fputs(" (NDJSON and CSV have them all)\n", out);
	}
	free(table->rows);
	free(table);
}
