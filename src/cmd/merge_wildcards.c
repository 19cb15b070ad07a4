/* SPDX-License-Identifier: BSD-2-Clause */
/* command: port records of hosts that answer on every port -> a tree of their addresses. */
#include "cmd/merge_wildcards.h"

#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "wire/addr.h"

/* Few records are parsed: there may be a thousand million others. */
static bool may_be_one(const char *line)
{
	static const char key[] = "\"wildcard\"";
	const char *at = strstr(line, key);

	if (!at)
		return false;
	at += sizeof(key) - 1;
	return strncmp(at + strspn(at, " \t:"), "true", 4) == 0;
}

static bool get_address(const char *line, struct ip_addr *addr)
{
	json_t *record = json_loads(line, 0, NULL);
	const char *text = json_string_value(json_object_get(record, "addr"));
	bool found =
	    text && json_is_true(json_object_get(record, "wildcard")) && addr_parse(text, addr);

	json_decref(record);
	return found;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

enum merge_wildcard merge_wildcards_take(struct merge_wildcards *wildcards, const char *line)
{
	struct ip_addr addr, *added;
	void *node;

	if (!may_be_one(line) || !get_address(line, &addr))
		return WILDCARD_NOT;
	if (tfind(&addr, &wildcards->root, compare))
		return WILDCARD_AGAIN;
	added = malloc(sizeof(*added));
	if (added)
		*added = addr;
	node = added ? tsearch(added, &wildcards->root, compare) : NULL;
	if (!node) {
		free(added);
		return WILDCARD_NO_MEMORY;
	}
	wildcards->hosts++;
	return WILDCARD_FIRST;
}

void merge_wildcards_forget(struct merge_wildcards *wildcards)
{
	tdestroy(wildcards->root, free);
	*wildcards = (struct merge_wildcards){.root = NULL};
}
