/* SPDX-License-Identifier: BSD-2-Clause */
/* A Lua state with limits, and what scripts may use of Lua's own libraries. */
#include "script/vm.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOOK_INSTRUCTIONS 10000
#define COMMON            "common.lua"
#define PLACE_MAX         (LUA_IDSIZE + 16)
#define ELEMENTS_MAX      (1 << 20) /* moved in one call: more could not be interrupted */

static void *allocate(void *arg, void *old, size_t old_size, size_t size)
{
	struct vm *vm = arg;
	size_t freed = old ? old_size : 0;
	void *memory;

	if (size == 0) {
		free(old);
		vm->used -= freed;
		return NULL;
	}
	if (size > freed && vm->used + (size - freed) > VM_MEMORY_MAX)
		return NULL;
	memory = realloc(old, size);
	if (memory)
		vm->used += size - freed;
	return memory;
}

static void count_instructions(lua_State *lua, lua_Debug *where)
{
	void *arg;
	struct vm *vm;

	lua_getallocf(lua, &arg);
	vm = arg;
	vm->left -= HOOK_INSTRUCTIONS;
	if (vm->left >= 0)
		return;
	lua_getinfo(lua, "Sl", where);
	lua_pushfstring(lua,
			"%s:%d: runs on and on: more than %d million instructions without a wait",
			where->short_src, where->currentline, (int)(VM_INSTRUCTIONS_MAX / 1000000));
	lua_error(lua);
}

/* string.find for plain text alone: the match of a pattern cannot be interrupted. */
static int plain_find(lua_State *lua)
{
	size_t len, wanted_len;
	const char *text = luaL_checklstring(lua, 1, &len);
	const char *wanted = luaL_checklstring(lua, 2, &wanted_len);
	lua_Integer from = luaL_optinteger(lua, 3, 1);
	const char *at = NULL;

	if (from < 0)
		from += (lua_Integer)len + 1;
	if (from < 1)
		from = 1;
	if ((size_t)from <= len + 1)
		at = memmem(text + from - 1, len - (size_t)from + 1, wanted, wanted_len);
	if (!at) {
		lua_pushnil(lua);
		return 1;
	}
	lua_pushinteger(lua, at - text + 1);
	lua_pushinteger(lua, at - text + (lua_Integer)wanted_len);
	return 2;
}

/* Calls the library's own function, which the wrapper has as its upvalue, as it was called itself.
 */
static int call_original(lua_State *lua)
{
	lua_pushvalue(lua, lua_upvalueindex(1));
	lua_insert(lua, 1);
	lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
	return lua_gettop(lua);
}

/* string.rep: nothing, repeated for ever, would meet no limit of memory. */
static int bounded_rep(lua_State *lua)
{
	size_t len, separator_len;

	luaL_checklstring(lua, 1, &len);
	luaL_checkinteger(lua, 2);
	luaL_optlstring(lua, 3, "", &separator_len);
	if (len + separator_len > 0)
		return call_original(lua);
	lua_pushliteral(lua, "");
	return 1;
}

/* table.insert, remove, sort walk over as many elements as a table claims to have. */
static int bounded_walk(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	if (luaL_getmetafield(lua, 1, "__len") != LUA_TNIL)
		return luaL_error(lua, "the length of this table is not its own (__len)");
	return call_original(lua);
}

/* table.move: a range of nothing can be of any length. */
static int bounded_move(lua_State *lua)
{
	lua_Integer from = luaL_checkinteger(lua, 2), to = luaL_checkinteger(lua, 3);

	luaL_argcheck(lua, to < from || (lua_Unsigned)to - (lua_Unsigned)from < ELEMENTS_MAX, 3,
		      "too many elements to move");
	return call_original(lua);
}

/* Finalizers would run where no limit holds, even when the state is closed: there are none. */
static int set_metatable(lua_State *lua)
{
	int type = lua_type(lua, 2);

	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_argcheck(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
	if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
		return luaL_error(lua, "cannot change a protected metatable");
	lua_settop(lua, 2);
	if (type == LUA_TTABLE) {
		lua_pushliteral(lua, "__gc");
		if (lua_rawget(lua, 2) != LUA_TNIL)
			return luaL_error(lua, "setmetatable: there are no finalizers (__gc) here");
		lua_settop(lua, 2);
	}
	lua_setmetatable(lua, 1);
	return 1;
}

/* Puts `around` into the place of a library's function. */
static void wrap(lua_State *lua, const char *library, const char *name, lua_CFunction around)
{
	lua_getglobal(lua, library);
	lua_getfield(lua, -1, name);
	lua_pushcclosure(lua, around, 1);
	lua_setfield(lua, -2, name);
	lua_pop(lua, 1);
}

static void forget(lua_State *lua, int table, const char *const *names)
{
	for (; *names; names++) {
		lua_pushnil(lua);
		lua_setfield(lua, table, *names);
	}
}

static int open_libraries(lua_State *lua)
{
	static const char *const basics[] = {"load",    "loadfile", "dofile", "loadstring",
					     "require", "pcall",    "xpcall", "collectgarbage",
					     "print",   "warn",     NULL};
	static const char *const strings[] = {"match", "gmatch", "gsub", "dump", NULL};

	luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
	luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
	luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
	luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 1);
	luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
	lua_pushglobaltable(lua);
	forget(lua, lua_gettop(lua), basics);
	lua_pop(lua, 1);
	forget(lua, lua_gettop(lua), strings);
	lua_pushcfunction(lua, plain_find);
	lua_setfield(lua, -2, "find");
	wrap(lua, LUA_STRLIBNAME, "rep", bounded_rep);
	wrap(lua, LUA_TABLIBNAME, "insert", bounded_walk);
	wrap(lua, LUA_TABLIBNAME, "remove", bounded_walk);
	wrap(lua, LUA_TABLIBNAME, "sort", bounded_walk);
	wrap(lua, LUA_TABLIBNAME, "move", bounded_move);
	lua_pushcfunction(lua, set_metatable);
	lua_setglobal(lua, "setmetatable");
	return 0;
}

bool vm_open(struct vm *vm)
{
	*vm = (struct vm){.left = VM_INSTRUCTIONS_MAX};
	vm->lua = lua_newstate(allocate, vm);
	if (!vm->lua)
		return false;
	lua_pushcfunction(vm->lua, open_libraries);
	if (lua_pcall(vm->lua, 0, 0, 0) != LUA_OK) {
		vm_close(vm);
		return false;
	}
	lua_sethook(vm->lua, count_instructions, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
	return true;
}

void vm_close(struct vm *vm)
{
	if (vm->lua)
		lua_close(vm->lua);
	vm->lua = NULL;
}

void vm_refill(struct vm *vm)
{
	vm->left = VM_INSTRUCTIONS_MAX;
}

/* The innermost place in a script; `own`: of those that are not common.lua's. */
static bool find_place(lua_State *lua, bool own, char place[PLACE_MAX])
{
	lua_Debug where;

	for (int level = 0; lua_getstack(lua, level, &where); level++) {
		if (!lua_getinfo(lua, "Sl", &where) || where.currentline < 0 ||
		    (own && strcmp(where.short_src, COMMON) == 0))
			continue;
		snprintf(place, PLACE_MAX, "%s:%d", where.short_src, where.currentline);
		return true;
	}
	return false;
}

/* Does the text begin with the file of this place? */
static bool names_file(const char *text, const char *place)
{
	size_t len = (size_t)(strrchr(place, ':') - place) + 1;

	return strncmp(text, place, len) == 0;
}

/* What was wrong is said of the place in the script itself: the words that it used are in
 * common.lua. An error for want of memory has no place in it. */
static void explain(lua_State *lua, const char *text, char why[VM_WHY_MAX])
{
	const char *behind = strstr(text, ": ");
	char place[PLACE_MAX];

	snprintf(why, VM_WHY_MAX, "%s", text);
	if (strcmp(text, "not enough memory") == 0 && find_place(lua, false, place))
		snprintf(why, VM_WHY_MAX, "%s: more than %u MiB of memory", place,
			 VM_MEMORY_MAX >> 20);
	else if (find_place(lua, true, place) && !names_file(text, place)) {
		if (behind && names_file(text, COMMON ":"))
			snprintf(why, VM_WHY_MAX, "%s: %s (%.*s)", place, behind + 2,
				 (int)(behind - text), text);
		else
			snprintf(why, VM_WHY_MAX, "%s: %s", place, text);
	}
	for (char *at = why; *at; at++)
		if ((unsigned char)*at < ' ')
			*at = ' ';
}

static const char *error_text(lua_State *lua)
{
	const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : NULL;

	return text ? text : "an error that is no text";
}

void vm_error(lua_State *lua, char why[VM_WHY_MAX])
{
	explain(lua, error_text(lua), why);
	lua_pop(lua, 1);
}

/* For lua_pcall: while the stack still tells the place. */
static int error_with_place(lua_State *lua)
{
	char why[VM_WHY_MAX];

	explain(lua, error_text(lua), why);
	lua_pushstring(lua, why);
	return 1;
}

/* What names no file gets this one's name. */
static void name_file(const char *name, char why[VM_WHY_MAX])
{
	char text[VM_WHY_MAX];

	snprintf(text, sizeof(text), "%s", why);
	if (strcmp(text, "not enough memory") == 0)
		snprintf(why, VM_WHY_MAX, "%.120s: more than %u MiB of memory", name,
			 VM_MEMORY_MAX >> 20);
	else if (!strstr(text, ".lua:") && strncmp(text, name, strlen(name)) != 0)
		snprintf(why, VM_WHY_MAX, "%.120s: %.270s", name, text);
}

static int add_octets(lua_State *lua, const void *octets, size_t len, void *arg)
{
	struct chunk *chunk = arg;
	char *grown = realloc(chunk->octets, chunk->len + len + 1);

	(void)lua;
	if (!grown)
		return 1;
	memcpy(grown + chunk->len, octets, len);
	chunk->octets = grown;
	chunk->len += len;
	return 0;
}

bool vm_compile(const char *name, const char *text, size_t len, struct chunk *chunk,
		char why[VM_WHY_MAX])
{
	char named[128];
	struct vm vm;
	bool good = false;

	*chunk = (struct chunk){.name = strdup(name)};
	snprintf(why, VM_WHY_MAX, "out of memory");
	if (!chunk->name || !vm_open(&vm))
		return false;
	snprintf(named, sizeof(named), "@%s", name);
	if (luaL_loadbufferx(vm.lua, text, len, named, "t") != LUA_OK) {
		vm_error(vm.lua, why);
		name_file(name, why);
	} else {
		good = lua_dump(vm.lua, add_octets, chunk, 0) == 0;
	}
	vm_close(&vm);
	return good;
}

void chunk_free(struct chunk *chunk)
{
	free(chunk->name);
	free(chunk->octets);
	*chunk = (struct chunk){.name = NULL};
}

bool vm_load(struct vm *vm, const struct chunk *chunk, char why[VM_WHY_MAX])
{
	int base = lua_gettop(vm->lua);
	bool good;

	lua_pushcfunction(vm->lua, error_with_place);
	good = luaL_loadbufferx(vm->lua, chunk->octets, chunk->len, chunk->name, "b") == LUA_OK &&
	       lua_pcall(vm->lua, 0, 0, base + 1) == LUA_OK;
	if (!good) {
		vm_error(vm->lua, why);
		name_file(chunk->name, why);
	}
	lua_settop(vm->lua, base);
	return good;
}
