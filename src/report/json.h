/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON object on one line, written member by member. Strings come out as valid UTF-8: octets
 * that are none are written as U+FFFD. "jsonl", since names with json_ are libjansson's, which is
 * linked in too. */
#ifndef SHAKEDOWN_REPORT_JSON_H
#define SHAKEDOWN_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma;
};

void jsonl_begin(struct json *json, FILE *out);                        /* { */
void jsonl_end(struct json *json);                                     /* } and a newline */
void jsonl_open(struct json *json, const char *key);                   /* "key":{ */
void jsonl_close(struct json *json);                                   /* } */
void jsonl_text(struct json *json, const char *key, const char *text); /* NULL -> null */
void jsonl_int(struct json *json, const char *key, int64_t value);
void jsonl_int_or_null(struct json *json, const char *key, bool known, int64_t value);
void jsonl_bool(struct json *json, const char *key, bool value);
void jsonl_null(struct json *json, const char *key);
/* A number of JSON, true or false, as it stands; null for any other text. */
void jsonl_literal(struct json *json, const char *key, const char *text);
/* "key":["a","b"] of the names whose bit is set */
void jsonl_flags(struct json *json, const char *key, unsigned bits,
		 const char *(*name)(unsigned bit));

/* Length of the UTF-8 sequence at `s` (RFC 3629), or 0 if there is no valid one. */
unsigned utf8_len(const unsigned char *s);

#endif
