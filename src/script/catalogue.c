/* SPDX-License-Identifier: BSD-2-Clause */
/* The catalogue: files -> compiled, and asked what scenarios they have. */
#include "script/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20)

/* Families in the order of the manual; others come after them by name. */
static const char *const order[] = {
    "common",         "tools",        "handshake",  "synack", "negotiation", "syn",      "close",
    "unacknowledged", "server_close", "validation", "flags",  "data",        "middlebox"};
#define ORDERED (sizeof(order) / sizeof(order[0]))

static unsigned rank(const char *family)
{
	unsigned i = 0;

	while (i < ORDERED && strcmp(order[i], family) != 0)
		i++;
	return i;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	char one[256], two[256];
	unsigned first, second;

	snprintf(one, sizeof(one), "%.*s", (int)strlen((*a)->d_name) - 4, (*a)->d_name);
	snprintf(two, sizeof(two), "%.*s", (int)strlen((*b)->d_name) - 4, (*b)->d_name);
	first = rank(one);
	second = rank(two);
	return first == second ? strcmp(one, two) : (int)first - (int)second;
}

static int is_lua(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static char *read_file(const char *path, size_t *len, struct err *err)
{
	FILE *in = fopen(path, "re");
	char *text = in ? malloc(FILE_MAX) : NULL;

	if (!in) {
		err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
		return NULL;
	}
	*len = text ? fread(text, 1, FILE_MAX, in) : 0;
	if (!text || ferror(in) || *len == FILE_MAX) {
		err_set(err, ERR_USAGE, "%s: %s", path,
			!text || ferror(in) ? strerror(errno)
					    : "larger than a scenario file may be (1 MiB)");
		free(text);
		text = NULL;
	}
	fclose(in);
	return text;
}

static int add_file(struct catalogue *catalogue, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	unsigned n = catalogue->file_count;
	char why[VM_WHY_MAX], *text;
	char **families = realloc(catalogue->families, (n + 1) * sizeof(char *));
	struct chunk *files = realloc(catalogue->files, (n + 1) * sizeof(*files));
	size_t len;
	bool good;

	if (families)
		catalogue->families = families;
	if (files)
		catalogue->files = files;
	if (!families || !files)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	text = read_file(path, &len, err);
	if (!text)
		return -1;
	good = vm_compile(name, text, len, &files[n], why);
	free(text);
	families[n] = strndup(name, strcspn(name, "."));
	catalogue->file_count++;
	return good ? 0 : err_set(err, ERR_USAGE, "%s", why);
}

static int read_directory(struct catalogue *catalogue, const char *directory, struct err *err)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_lua, compare_names), rc = 0;

	if (count < 0)
		return err_set(err, ERR_CANNOT,
			       "%s: %s: the scenarios are not there: install shakedown, or set "
			       "SHAKEDOWN_SCENARIOS to their directory",
			       directory, strerror(errno));
	for (int i = 0; i < count; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (rc == 0)
			rc = add_file(catalogue, path, err);
		free(entries[i]);
	}
	free(entries);
	if (rc == 0 && (count == 0 || strcmp(catalogue->files[0].name, "common.lua") != 0))
		return err_set(err, ERR_CANNOT, "%s: there is no common.lua", directory);
	return rc;
}

/* --- what each scenario says of itself --- */

/* Of the table on top of the stack; the copy is the catalogue's. */
static const char *text_of(lua_State *lua, const char *key)
{
	const char *text = NULL;

	if (lua_getfield(lua, -1, key) == LUA_TSTRING)
		text = strdup(lua_tostring(lua, -1));
	lua_pop(lua, 1);
	return text;
}

static bool truth_of(lua_State *lua, const char *key)
{
	bool truth = lua_getfield(lua, -1, key) != LUA_TNIL && lua_toboolean(lua, -1);

	lua_pop(lua, 1);
	return truth;
}

static enum profile profile_of(lua_State *lua)
{
	const char *name;
	enum profile profile = PROFILE_DEFAULT;

	lua_getfield(lua, -1, "profile");
	name = lua_tostring(lua, -1);
	if (name && name[0] != 'd')
		profile = name[0] == 'q' ? PROFILE_QUICK : PROFILE_FULL;
	lua_pop(lua, 1);
	return profile;
}

/* One field after the other: what is there already is freed with the catalogue if one fails. */
static void take_scenario(lua_State *lua, struct scenario *out)
{
	out->id = text_of(lua, "id");
	out->title = text_of(lua, "title");
	out->rfc = text_of(lua, "rfc");
	out->level = text_of(lua, "level");
	out->sends = text_of(lua, "sends");
	out->needs = text_of(lua, "needs");
	out->profile = profile_of(lua);
	out->intrusive = truth_of(lua, "intrusive");
	out->alone = truth_of(lua, "alone");
	out->after_all = truth_of(lua, "after");
	out->hidden = truth_of(lua, "hidden");
	lua_getfield(lua, -1, "takes");
	out->takes_s = lua_tonumber(lua, -1);
	lua_pop(lua, 1);
}

/* What take_scenarios() is called with. */
struct inquiry {
	struct catalogue *catalogue;
	unsigned file;
};

static struct scenario *add_scenario(struct catalogue *catalogue)
{
	struct scenario *grown =
	    realloc(catalogue->scenarios, (catalogue->count + 1) * sizeof(*grown));

	if (!grown)
		return NULL;
	catalogue->scenarios = grown;
	grown[catalogue->count] = (struct scenario){.id = NULL};
	return &grown[catalogue->count++];
}

/* For lua_pcall, with `core` and the inquiry: a script can leave traps in its tables. */
static int take_scenarios(lua_State *lua)
{
	const struct inquiry *inquiry = lua_touserdata(lua, 2);
	struct catalogue *catalogue = inquiry->catalogue;
	unsigned from = 0, count;

	lua_settop(lua, 1);
	lua_getfield(lua, -1, "scenarios");
	count = (unsigned)lua_rawlen(lua, -1);
	for (unsigned i = 0; inquiry->file > 0 && i < catalogue->count; i++)
		from += catalogue->scenarios[i].file == 0; /* those of common.lua come first */
	for (unsigned i = from; i < count; i++) {
		struct scenario *to = add_scenario(catalogue);

		if (!to)
			return luaL_error(lua, "memory: out of it");
		to->file = inquiry->file;
		to->number = i + 1;
		to->family = catalogue->families[inquiry->file];
		lua_rawgeti(lua, -1, i + 1);
		take_scenario(lua, to);
		lua_pop(lua, 1);
		if (!to->id)
			return luaL_error(lua, "a scenario has no id");
		if (catalogue_find(catalogue, to->id) != to)
			return luaL_error(lua, "%s: scenario %s is there twice",
					  catalogue->files[inquiry->file].name, to->id);
	}
	return 0;
}

static int64_t no_time(void *arg)
{
	(void)arg;
	return 0;
}

/* What is on the stack, and `argument` behind it -> one result in their place. */
static bool call(lua_State *lua, lua_CFunction function, void *argument, char why[VM_WHY_MAX])
{
	lua_pushcfunction(lua, function);
	lua_insert(lua, 1);
	lua_pushlightuserdata(lua, argument);
	if (lua_pcall(lua, lua_gettop(lua) - 1, 1, 0) == LUA_OK)
		return true;
	vm_error(lua, why);
	return false;
}

static const struct chunk *tools_of(const struct catalogue *catalogue)
{
	return catalogue->own_from > 1 && strcmp(catalogue->files[1].name, "tools.lua") == 0
		   ? &catalogue->files[1]
		   : NULL;
}

/* Loads the file, after those that come before any, into a state of its own, and looks at what it
 * declares. */
static int ask_file(struct catalogue *catalogue, unsigned file, struct err *err)
{
	const struct stage stage = {.now_ns = no_time};
	const struct run_world world = {.stage = &stage, .host = ""};
	struct inquiry inquiry = {.catalogue = catalogue, .file = file};
	const struct chunk *tools = tools_of(catalogue);
	struct run run = {.world = &world}, *self = &run;
	char why[VM_WHY_MAX] = "out of memory";
	bool good;

	if (!vm_open(&run.vm))
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	memcpy(lua_getextraspace(run.vm.lua), &self, sizeof(self));
	words_open(&run);
	good = vm_load(&run.vm, &catalogue->files[0], why) &&
	       call(run.vm.lua, words_take, NULL, why) &&
	       (!tools || file == 0 || vm_load(&run.vm, tools, why)) &&
	       (file == 0 || &catalogue->files[file] == tools ||
		vm_load(&run.vm, &catalogue->files[file], why)) &&
	       call(run.vm.lua, take_scenarios, &inquiry, why);
	if (!good)
		err_set(err, ERR_USAGE, "%s", why);
	vm_close(&run.vm);
	return good ? 0 : -1;
}

int catalogue_read(struct catalogue *catalogue, const char *directory, char *const *scripts,
		   unsigned script_count, struct err *err)
{
	*catalogue = (struct catalogue){.files = NULL};
	if (read_directory(catalogue, directory, err) < 0)
		return -1;
	catalogue->own_from = catalogue->file_count;
	for (unsigned i = 0; i < script_count; i++)
		if (add_file(catalogue, scripts[i], err) < 0)
			return -1;
	for (unsigned file = 0; file < catalogue->file_count; file++)
		if (ask_file(catalogue, file, err) < 0)
			return -1;
	return 0;
}

void catalogue_free(struct catalogue *catalogue)
{
	for (unsigned i = 0; i < catalogue->count; i++) {
		const struct scenario *of = &catalogue->scenarios[i];
		const char *const texts[] = {of->id,    of->title, of->rfc,
					     of->level, of->sends, of->needs};

		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++)
			free((char *)(uintptr_t)texts[j]);
	}
	for (unsigned i = 0; i < catalogue->file_count; i++) {
		chunk_free(&catalogue->files[i]);
		free(catalogue->families[i]);
	}
	free(catalogue->files);
	free(catalogue->families);
	free(catalogue->scenarios);
}

const struct scenario *catalogue_find(const struct catalogue *catalogue, const char *id)
{
	for (unsigned i = 0; id && i < catalogue->count; i++)
		if (strcmp(catalogue->scenarios[i].id, id) == 0)
			return &catalogue->scenarios[i];
	return NULL;
}

struct run_files catalogue_files(const struct catalogue *catalogue, const struct scenario *scenario)
{
	return (struct run_files){.common = &catalogue->files[0],
				  .tools = tools_of(catalogue),
				  .own = scenario->file > 0 ? &catalogue->files[scenario->file]
							    : NULL};
}
