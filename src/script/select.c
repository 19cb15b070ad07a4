/* SPDX-License-Identifier: BSD-2-Clause */
/* The catalogue, chosen from: profile and patterns -> the scenarios of a run. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "script/catalogue.h"

#define PATTERN_MAX 64

/* The next pattern of a list; false at its end. */
static bool next_pattern(const char **list, char pattern[PATTERN_MAX])
{
	size_t len = strcspn(*list, ",");

	if (len == 0 && **list == '\0')
		return false;
	snprintf(pattern, PATTERN_MAX, "%.*s", (int)len, *list);
	*list += len;
	*list += **list == ',';
	return true;
}

static bool listed(const char *list, const char *id)
{
	char pattern[PATTERN_MAX];

	while (list && next_pattern(&list, pattern))
		if (fnmatch(pattern, id, 0) == 0)
			return true;
	return false;
}

/* A pattern that fits nothing is a mistake. */
static int check_patterns(const struct catalogue *catalogue, const char *option, const char *list,
			  struct err *err)
{
	char pattern[PATTERN_MAX];

	while (list && next_pattern(&list, pattern)) {
		bool fits = false;

		for (unsigned i = 0; i < catalogue->count; i++)
			fits = fits || (!catalogue->scenarios[i].hidden &&
					fnmatch(pattern, catalogue->scenarios[i].id, 0) == 0);
		if (!fits)
			return err_set(err, ERR_USAGE,
				       "%s: %s: there is no such scenario: see shakedown list "
				       "scenarios",
				       option, pattern);
	}
	return 0;
}

static bool wanted(const struct catalogue *catalogue, const struct selection *selection,
		   const struct scenario *scenario)
{
	bool own = catalogue->own_from < catalogue->file_count;

	if (scenario->hidden || (own && scenario->file < catalogue->own_from) ||
	    (scenario->intrusive && !selection->intrusive) || listed(selection->skip, scenario->id))
		return false;
	if (selection->only)
		return listed(selection->only, scenario->id);
	return own || scenario->profile <= selection->profile;
}

int catalogue_select(const struct catalogue *catalogue, const struct selection *selection,
		     const struct scenario **chosen, struct err *err)
{
	int count = 0;

	if (check_patterns(catalogue, "--only", selection->only, err) < 0 ||
	    check_patterns(catalogue, "--skip", selection->skip, err) < 0)
		return -1;
	for (unsigned i = 0; i < catalogue->count; i++)
		if (wanted(catalogue, selection, &catalogue->scenarios[i]))
			chosen[count++] = &catalogue->scenarios[i];
	if (count == 0)
		return err_set(err, ERR_USAGE,
			       "test: no scenario is left: those that could disturb need "
			       "--intrusive; see shakedown list scenarios");
	return count;
}
