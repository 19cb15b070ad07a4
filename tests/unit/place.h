/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory of its own for a test that deals with files; the test stands in it. */
#ifndef SHAKEDOWN_TESTS_UNIT_PLACE_H
#define SHAKEDOWN_TESTS_UNIT_PLACE_H

#include <stdbool.h>

/* For cmocka: makes it and goes there; leaves and removes it. */
int place_enter(void **state);
int place_leave(void **state);

/* How many files there are; each is removed if `clean`. */
unsigned place_files(bool clean);

void place_write(const char *path, const char *text);
/* Fails unless the file is exactly so. */
void place_check(const char *path, const char *wanted);

#endif
