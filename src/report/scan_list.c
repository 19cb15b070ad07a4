/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report, of scan, for pipes: ADDR:PORT, one open port a line. A host that answers on every port is
 * not there: none of its ports is known to be open.
 */
#include "report/scan_format.h"

void scan_list_record(void *state, const struct scan_style *style, const struct scan_record *record)
{
	const struct scan_item *item = record->item;
	bool brackets = item->addr.version == IP_V6;
	struct scan_line line = {.len = 0};

	(void)state;
	if (item->state != SCAN_OPEN || record->wildcard)
		return;
	line_put(&line, brackets ? "[" : "");
	line_addr(&line, &item->addr);
	line_put(&line, brackets ? "]:" : ":");
	line_number(&line, item->port);
	line_put(&line, "\n");
	line_write(&line, style->style->out);
}
