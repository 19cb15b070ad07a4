/* SPDX-License-Identifier: BSD-2-Clause */
/* report, its looks: colours as a layer over the same text, and wrapped lines. */
#include <stdio.h>
#include <string.h>

#include "report/report.h"

const char *style_on(const struct report_style *style, const char *sgr, char text[16])
{
	text[0] = '\0';
	if (style->colour && sgr)
		snprintf(text, 16, "\033[%sm", sgr);
	return text;
}

const char *style_off(const struct report_style *style)
{
	return style->colour ? "\033[0m" : "";
}

/* Octets of the first line: up to the last blank that fits, or the whole word if none does. */
static size_t line_len(const char *text, size_t room)
{
	size_t len = strlen(text), cut = 0;

	if (len <= room)
		return len;
	for (size_t i = 0; i <= room; i++)
		if (text[i] == ' ')
			cut = i;
	return cut > 0 ? cut : strcspn(text, " ");
}

void style_wrap(const struct report_style *style, int indent, const char *label, const char *text)
{
	size_t room = style->width > indent + 20 ? (size_t)(style->width - indent) : 20;

	while (*text) {
		size_t len = line_len(text, room);

		fprintf(style->out, "%-*s%.*s\n", indent, label, (int)len, text);
		label = "";
		text += len;
		text += strspn(text, " ");
	}
}
