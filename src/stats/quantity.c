/* SPDX-License-Identifier: BSD-2-Clause */
/* A number with its unit, from and to text. */
#include "stats/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 30

static const struct unit {
	const char *name;
	enum quantity_unit unit;
	double factor;
	int decimals; /* down to the nanosecond */
} units[] = {
    {"", QUANTITY_COUNT, 1, 0},    {"%", QUANTITY_PERCENT, 1, 4}, {"ns", QUANTITY_TIME, 1, 0},
    {"us", QUANTITY_TIME, 1e3, 3}, {"ms", QUANTITY_TIME, 1e6, 6}, {"s", QUANTITY_TIME, 1e9, 9},
};
#define UNITS (sizeof(units) / sizeof(units[0]))

int quantity_parse(const char *text, double *value, enum quantity_unit *unit)
{
	size_t len = strspn(text, "0123456789.");
	char *end;

	if (len == 0 || len > DIGITS_MAX || !isdigit((unsigned char)text[len - 1]))
		return -1;
	*value = strtod(text, &end);
	for (size_t i = 0; end == text + len && i < UNITS; i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		*value *= units[i].factor;
		/* 1.001 * 1e6 is not quite 1001000. */
		if (units[i].unit == QUANTITY_TIME)
			*value = round(*value * 1e3) / 1e3;
		*unit = units[i].unit;
		return 0;
	}
	return -1;
}

static void trim_zeros(char *number)
{
	char *end = number + strlen(number);

	if (!strchr(number, '.'))
		return;
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
}

/* The row to write a value with: the greatest unit that is not greater than it. */
static const struct unit *unit_for(double value, enum quantity_unit unit)
{
	const struct unit *found = NULL;

	for (size_t i = 0; i < UNITS; i++)
		if (units[i].unit == unit && (!found || fabs(value) >= units[i].factor))
			found = &units[i];
	return found;
}

const char *quantity_text(double value, enum quantity_unit unit, char text[QUANTITY_TEXT])
{
	const struct unit *row = unit_for(value, unit);
	char number[QUANTITY_TEXT - 8];

	if ((size_t)snprintf(number, sizeof(number), "%.*f", row->decimals, value / row->factor) >=
	    sizeof(number))
		snprintf(number, sizeof(number), "%.9g", value / row->factor);
	trim_zeros(number);
	snprintf(text, QUANTITY_TEXT, "%s%s%s", number, row->name[0] ? " " : "", row->name);
	return text;
}
