/* SPDX-License-Identifier: BSD-2-Clause */
/* report: the table of formats, and the phase times that all of them tell. */
#include "report/report.h"

#include <string.h>

static const struct report_format formats[] = {
    {"text", text_run, text_probe, NULL},
    {"ndjson", ndjson_run, ndjson_probe, ndjson_summary},
};

const struct report_format *report_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

/* -1 unless both were seen, in this order. */
static int64_t between(int64_t from_ns, int64_t to_ns)
{
	return from_ns != 0 && to_ns != 0 && to_ns >= from_ns ? to_ns - from_ns : -1;
}

void phase_times(const struct probe *probe, struct phase_times *times)
{
	const struct facts *facts = &probe->facts;

	*times = (struct phase_times){-1, -1, -1, -1, -1};
	times->handshake_rtt_ns = facts_handshake_rtt_ns(facts);
	times->fin_ack_ns = between(facts->fin_ns, facts->fin_acked_ns);
	if (facts->peer_fin_first) {
		times->server_first_ns = between(facts->third_ns, facts->peer_fin_ns);
		return;
	}
	times->app_close_ns = between(facts->fin_ns, facts->peer_fin_ns);
	times->close_ns = between(facts->fin_ns, facts->last_ack_ns);
}
