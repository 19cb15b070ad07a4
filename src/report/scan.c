/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scan: the table of formats, and what they share. */
#include "report/scan_format.h"

#include <assert.h>
#include <string.h>

static void *open_nothing(const struct scan_style *style, const struct scan_run *run)
{
	(void)style;
	(void)run;
	return NULL;
}

static void close_nothing(void *state, const struct scan_style *style,
			  const struct scan_summary *summary)
{
	(void)state;
	(void)style;
	(void)summary;
}

static const struct scan_format formats[] = {
    {"table", scan_table_open, scan_table_record, scan_table_close},
    {"ndjson", scan_ndjson_open, scan_ndjson_record, scan_ndjson_close},
    {"csv", scan_csv_open, scan_csv_record, close_nothing},
    {"list", open_nothing, scan_list_record, close_nothing},
};

const struct scan_format *scan_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *scan_mode_name(enum scan_mode mode)
{
	static const char *const names[] = {
	    [MODE_SYN] = "syn", [MODE_HANDSHAKE] = "handshake", [MODE_CENSUS] = "close-census"};

	return names[mode];
}

const char *scan_phase_name(enum scan_phase phase)
{
	static const char *const names[] = {[SCAN_FIN_ACK] = "fin_ack",
					    [SCAN_APP_CLOSE] = "app_close",
					    [SCAN_CLOSE] = "close",
					    [SCAN_SERVER_FIRST] = "server_first"};

	static_assert(sizeof(names) / sizeof(names[0]) == SCAN_PHASE_COUNT, "every phase");
	return names[phase];
}

/* --- lines --- */

void line_put(struct scan_line *line, const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof(line->text) - line->len)
		len = sizeof(line->text) - line->len;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

void line_number(struct scan_line *line, uint64_t number)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	line_put(line, digits + at);
}

void line_addr(struct scan_line *line, const struct ip_addr *addr)
{
	char text[ADDR_TEXT_MAX];

	if (addr->version != IP_V4) {
		line_put(line, addr_text(addr, text));
		return;
	}
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			line_put(line, ".");
		line_number(line, addr->octets[i]);
	}
}

void line_write(struct scan_line *line, FILE *out)
{
	fwrite(line->text, 1, line->len, out);
	line->len = 0;
}

/* --- records --- */

bool scan_shows(const struct scan_style *style, const struct scan_record *record)
{
	return !style->open_only || record->item->state == SCAN_OPEN;
}

bool scan_answered(enum scan_reason reason)
{
	return reason != REASON_SILENCE && reason != REASON_NO_ROUTE;
}

const char *scan_handshake_text(const struct scan_record *record, char text[TOKEN_TEXT_MAX])
{
	const struct scan_item *item = record->item;

	if (record->probe)
		return verdict_text(record->probe, verdict_handshake(record->probe), text);
	if (item->reason == REASON_ICMP)
		return scan_reason_text(item, text);
	if (item->reason == REASON_NO_ROUTE)
		return NULL;
	if (item->reason == REASON_SYNACK)
		return token_info(item->zero_window ? TOKEN_OPEN_ZERO_WINDOW : TOKEN_OPEN)->name;
	return token_info(item->reason == REASON_RESET ? TOKEN_CLOSED : TOKEN_FILTERED)->name;
}
static_assert(SCAN_REASON_MAX <= TOKEN_TEXT_MAX, "a reason fits where a token does");

const char *scan_close_text(const struct scan_record *record, char text[TOKEN_TEXT_MAX])
{
	return record->probe ? verdict_text(record->probe, verdict_close(record->probe), text)
			     : NULL;
}

void scan_phase_times(const struct scan_record *record, struct phase_times *times)
{
	*times = (struct phase_times){-1, -1, -1, -1, -1};
	if (record->probe)
		phase_times(record->probe, times);
}
