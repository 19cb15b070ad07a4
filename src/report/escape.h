/* SPDX-License-Identifier: BSD-2-Clause */
/* Any octets -> text that cannot leave its place: what a server sent ends up in results. Octets
 * that are no UTF-8 come out as U+FFFD, or as "?" where they stand for people. */
#ifndef SHAKEDOWN_REPORT_ESCAPE_H
#define SHAKEDOWN_REPORT_ESCAPE_H

#include <stdio.h>

enum escape {
	ESCAPE_LINE,      /* one line for people: a blank for white space, "?" for controls */
	ESCAPE_ASCII,     /* the same, "?" for whatever is not ASCII, too */
	ESCAPE_TAP,       /* one line in which "#" begins no directive: "\#" */
	ESCAPE_QUOTED,    /* what stands between double quotes in YAML and JSON */
	ESCAPE_XML,       /* character data of XML 1.0 */
	ESCAPE_ATTRIBUTE, /* an attribute's value in XML 1.0, white space kept */
	ESCAPE_COUNT
};

void escape_put(FILE *out, enum escape how, const char *text);

#endif
