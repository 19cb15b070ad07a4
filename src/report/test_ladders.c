/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scenarios: the connections that prove a result -> one ladder each. */
#include <stdlib.h>

#include "report/test.h"

bool test_ladders_wanted(const struct test_style *style, const struct test_record *record)
{
	const struct result *result = record->result;

	if (style->ladders == LADDERS_NONE || result->connection_count == 0)
		return false;
	return style->ladders == LADDERS_ALL || record->accepted == ACCEPTED_CHANGED ||
	       (!judgement_info(result->judgement)->good && result->judgement != JUDGE_SKIP);
}

void test_ladders_print(const struct report_style *style, const struct result *result)
{
	for (unsigned i = 0; i < result->connection_count; i++) {
		const struct probe *probe = result->connections[i];
		const struct record record = {.probe = probe};

		if (result->connection_count > 1)
			fprintf(style->out, "%sconnection %u of %u, port %u\n", i > 0 ? "\n" : "",
				i + 1, result->connection_count, probe->flow.src.port);
		ladder_print(style, &record);
	}
}

char *test_ladders_text(const struct test_style *style, const struct test_record *record)
{
	struct report_style plain = *style->style;
	char *text = NULL;
	size_t len;

	if (!test_ladders_wanted(style, record))
		return NULL;
	plain.out = open_memstream(&text, &len);
	if (!plain.out)
		return NULL;
	plain.colour = false;
	plain.unicode = false;
	plain.width = 80;
	test_ladders_print(&plain, record->result);
	if (fclose(plain.out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
