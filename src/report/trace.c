/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of a trace: the table of formats, and what both need to know. */
#include "report/trace.h"

#include <string.h>

static const struct trace_format formats[] = {
    {"text", trace_text_begin, trace_text_end},
    {"ndjson", trace_ndjson_begin, trace_ndjson_end},
};

const struct trace_format *trace_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const struct trace_probe *trace_probe_at(const struct trace *trace, unsigned ttl, unsigned seq)
{
	return &trace->probes[(size_t)(ttl - 1) * trace->count + seq];
}

unsigned trace_last_ttl(const struct trace *trace)
{
	unsigned i = trace->max_hops * trace->count;

	if (trace->end != TRACE_UNKNOWN)
		return trace->end_ttl;
	while (i > 0 && !trace->probes[i - 1].known)
		i--;
	return (i + trace->count - 1) / trace->count;
}
