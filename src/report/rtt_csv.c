/* SPDX-License-Identifier: BSD-2-Clause */
/* report, round-trip series as CSV (RFC 4180): a heading, then a row per probe; unknown is empty.
 */
#include <inttypes.h>
#include <string.h>

#include "report/rtt.h"

void rtt_csv_run(const struct report_style *style, const struct run_info *info)
{
	(void)info;
	fputs("target,addr,port,seq,source_port,sent_ns,answer,rtt_ns,path_rtt_ns,app_close_ns,"
	      "syn_retransmits,duplicates,stamp,inconclusive,error\n",
	      style->out);
}

static void put_text(FILE *out, const char *text)
{
	if (!text)
		text = "";
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_known(FILE *out, int64_t value)
{
	if (value >= 0)
		fprintf(out, "%" PRId64, value);
	putc(',', out);
}

void rtt_csv_probe(const struct report_style *style, const struct rtt_record *record)
{
	static const struct rtt_measurement nothing = {
	    .sent_ns = -1, .rtt_ns = -1, .path_ns = -1, .close_ns = -1};
	const struct rtt_measurement *measurement =
	    record->measurement ? record->measurement : &nothing;
	char text[TOKEN_TEXT_MAX], addr[ADDR_TEXT_MAX];
	FILE *out = style->out;

	put_text(out, record->target);
	fprintf(out, ",%s,%u,%" PRIu64 ",%u,",
		record->remote.addr.version != IP_NONE ? addr_text(&record->remote.addr, addr) : "",
		record->remote.port, record->seq, record->source_port);
	put_known(out, measurement->sent_ns);
	fprintf(out, "%s,", record->measurement ? rtt_answer_text(measurement, text) : "");
	put_known(out, measurement->rtt_ns);
	put_known(out, measurement->path_ns);
	put_known(out, measurement->close_ns);
	fprintf(out, "%u,%u,%s,%s,", measurement->retransmits, measurement->duplicates,
		record->stamp ? record->stamp : "", record->capture_dropped ? "true" : "false");
	put_text(out, record->error);
	putc('\n', out);
}
