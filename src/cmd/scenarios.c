/* SPDX-License-Identifier: BSD-2-Clause */
/* The scenarios' directory: environment, source tree, installation. */
#include "cmd/scenarios.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* build/src/shakedown -> build/../scenarios, where configure made a build directory in the tree. */
static bool of_source_tree(char path[PATH_MAX])
{
	char self[PATH_MAX - 32];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len < 0)
		return false;
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (!slash || slash - self < 4 || strncmp(slash - 4, "/src", 4) != 0)
		return false;
	slash[-4] = '\0';
	if (snprintf(path, PATH_MAX, "%s/../scenarios/common.lua", self) >= PATH_MAX ||
	    access(path, R_OK) != 0)
		return false;
	snprintf(path, PATH_MAX, "%s/../scenarios", self);
	return true;
}

const char *scenarios_directory(char path[PATH_MAX])
{
	const char *directory = getenv("SHAKEDOWN_SCENARIOS");

	if (directory && directory[0])
		return directory;
	return of_source_tree(path) ? path : SHAKEDOWN_DATADIR "/scenarios";
}
