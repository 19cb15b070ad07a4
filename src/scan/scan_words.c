/* SPDX-License-Identifier: BSD-2-Clause */
/* A scan's words: states and reasons as records name them. */
#include <stdio.h>

#include "scan/scan.h"

const char *scan_state_name(enum scan_state state)
{
	static const char *const names[] = {[SCAN_OPEN] = "open",
					    [SCAN_CLOSED] = "closed",
					    [SCAN_FILTERED] = "filtered",
					    [SCAN_UNREACHABLE] = "unreachable"};

	return names[state];
}

const char *scan_reason_text(const struct scan_item *item, char text[SCAN_REASON_MAX])
{
	static const char *const names[] = {[REASON_SYNACK] = "syn-ack",
					    [REASON_RESET] = "reset",
					    [REASON_SILENCE] = "silence",
					    [REASON_NO_ROUTE] = "no-route"};

	if (item->reason != REASON_ICMP)
		return names[item->reason];
	snprintf(text, SCAN_REASON_MAX, "icmp-%u-%u", item->icmp_type, item->icmp_code);
	return text;
}
