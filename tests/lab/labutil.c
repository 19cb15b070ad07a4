/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lab's C programs: clocks, and numbers from the command line.
 */
#include "labutil.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t labutil_now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

bool labutil_duration(const char *text, int64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}};
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || errno || !(value >= 0) || value > 1e6)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name)) {
			*ns = (int64_t)(value * units[i].ns + 0.5);
			return true;
		}
	return false;
}

bool labutil_number(const char *text, int64_t *value)
{
	char *end;
	long long got;

	errno = 0;
	got = strtoll(text, &end, 10);
	if (end == text || *end || errno || got < 0)
		return false;
	*value = got;
	return true;
}

bool labutil_percent(const char *text, uint64_t *parts)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (*end == '%')
		end++;
	if (end == text || *end || errno || !(value >= 0 && value <= 100))
		return false;
	*parts = (uint64_t)(value / 100 * 4294967296.0);
	return true;
}
