/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON object on one line, written member by member. Strings come out as valid UTF-8: octets
 * that are none are written as U+FFFD. */
#ifndef SHAKEDOWN_REPORT_JSON_H
#define SHAKEDOWN_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma;
};

void json_begin(struct json *json, FILE *out);                        /* { */
void json_end(struct json *json);                                     /* } and a newline */
void json_open(struct json *json, const char *key);                   /* "key":{ */
void json_close(struct json *json);                                   /* } */
void json_text(struct json *json, const char *key, const char *text); /* NULL -> null */
void json_int(struct json *json, const char *key, int64_t value);
void json_int_or_null(struct json *json, const char *key, bool known, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/* A number of JSON, true or false, as it stands; null for any other text. */
void json_literal(struct json *json, const char *key, const char *text);
/* "key":["a","b"] of the names whose bit is set */
void json_flags(struct json *json, const char *key, unsigned bits,
		const char *(*name)(unsigned bit));

/* Length of the UTF-8 sequence at `s` (RFC 3629), or 0 if there is no valid one. */
unsigned utf8_len(const unsigned char *s);

#endif
