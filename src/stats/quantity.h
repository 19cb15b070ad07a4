/* SPDX-License-Identifier: BSD-2-Clause */
/* A number with its unit, from and to text: "20ms", "1%", "3". */
#ifndef SHAKEDOWN_STATS_QUANTITY_H
#define SHAKEDOWN_STATS_QUANTITY_H

enum quantity_unit { QUANTITY_COUNT, QUANTITY_TIME, QUANTITY_PERCENT, QUANTITY_UNITS };

#define QUANTITY_TEXT 40

/* A decimal number, not negative, without an exponent, and directly after it nothing (a count), a
 * percent sign, or ns, us, ms, s; times come out in nanoseconds. Returns -1 if it is not that. */
int quantity_parse(const char *text, double *value, enum quantity_unit *unit);

/* "23.412345 ms": the unit by the size of the value, down to the nanosecond; "1.25 %", "3". */
const char *quantity_text(double value, enum quantity_unit unit, char text[QUANTITY_TEXT]);

#endif
