/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory of its own for a test that deals with files: see place.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "place.h"

struct place {
	char dir[64];
};

int place_enter(void **state)
{
	static struct place place;

	snprintf(place.dir, sizeof(place.dir), "/tmp/shakedown-test.XXXXXX");
	*state = &place;
	return mkdtemp(place.dir) && chdir(place.dir) == 0 ? 0 : -1;
}

unsigned place_files(bool clean)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (clean)
			unlink(entry->d_name);
	}
	closedir(dir);
	return count;
}

int place_leave(void **state)
{
	const struct place *place = *state;

	place_files(true);
	return chdir("/") == 0 && rmdir(place->dir) == 0 ? 0 : -1;
}

void place_write(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

void place_check(const char *path, const char *wanted)
{
	static char text[65536];
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	if (strcmp(text, wanted) != 0)
		fail_msg("written:\n%s\nwanted:\n%s", text, wanted);
}
