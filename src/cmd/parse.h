/* SPDX-License-Identifier: BSD-2-Clause */
/* Words -> values: durations, numbers, escaped strings, files. All return -1 with `err`, which
 * says what is wrong with the word and what would do. */
#ifndef SHAKEDOWN_CMD_PARSE_H
#define SHAKEDOWN_CMD_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* "1.5" (seconds, as ping has it), "500ms", "20us", "100ns", "2s", "3m", "1h" -> nanoseconds. */
int parse_duration(const char *text, int64_t *ns, struct err *err);

/* A decimal number within min..max. */
int parse_number(const char *text, int64_t min, int64_t max, int64_t *value, struct err *err);

/* A port: 1..65535, or a service's name ("http"). */
int parse_port(const char *text, uint16_t *port, struct err *err);

/* C escapes (\n \r \t \0 \\ \" \xHH \OOO) -> octets, malloc'ed, NULs and all. */
int parse_escapes(const char *text, uint8_t **octets, size_t *len, struct err *err);

/* A whole file ("-": stdin), malloc'ed, of at most `max` octets. */
int parse_file(const char *path, size_t max, uint8_t **octets, size_t *len, struct err *err);

#endif
