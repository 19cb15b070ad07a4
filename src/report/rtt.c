/* SPDX-License-Identifier: BSD-2-Clause */
/* report, round-trip series: the table of formats, and what all of them say alike. */
#include "report/rtt.h"

#include <string.h>

static const struct rtt_format formats[] = {
    {"text", rtt_text_run, rtt_text_probe, rtt_text_sum},
    {"ndjson", rtt_ndjson_run, rtt_ndjson_probe, rtt_ndjson_sum},
    {"csv", rtt_csv_run, rtt_csv_probe, NULL},
};

const struct rtt_format *rtt_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *rtt_answer_text(const struct rtt_measurement *measurement, char text[TOKEN_TEXT_MAX])
{
	if (measurement->answer != RTT_ANSWER_ICMP)
		return rtt_answer_name(measurement->answer);
	snprintf(text, TOKEN_TEXT_MAX, "icmp-%u-%u", measurement->icmp_type,
		 measurement->icmp_code);
	return text;
}
