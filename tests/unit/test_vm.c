/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of Lua for scripts, and their limits: without it a script could reach the host, or
 * one that runs wild could take all others with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/vm.h"

/* Loads the text as x.lua; true with "" or false with the reason. */
static bool run_text(const char *text, char why[VM_WHY_MAX])
{
	struct chunk chunk;
	struct vm vm;
	bool good;

	if (!vm_compile("x.lua", text, strlen(text), &chunk, why)) {
		chunk_free(&chunk);
		return false;
	}
	assert_true(vm_open(&vm));
	good = vm_load(&vm, &chunk, why);
	if (good)
		why[0] = '\0';
	assert_int_equal(lua_gettop(vm.lua), 0);
	assert_true(vm.used <= VM_MEMORY_MAX);
	vm_close(&vm);
	assert_int_equal(vm.used, 0);
	chunk_free(&chunk);
	return good;
}

static void runs(const char *text)
{
	char why[VM_WHY_MAX];

	if (!run_text(text, why))
		fail_msg("%s\nin: %.600s", why, text);
}

/* Fails unless the reason begins with `wanted`. */
static void stops(const char *text, const char *wanted)
{
	char why[VM_WHY_MAX];

	if (run_text(text, why))
		fail_msg("%s\nhas no error", text);
	if (strncmp(why, wanted, strlen(wanted)) != 0)
		fail_msg("%s\nnot %s\nin: %.600s", why, wanted, text);
}

/* Each name that a script can reach; what is not in this list was let in by mistake. Those behind
 * the ? a Lua has that was built to be compatible with its elders. */
static void nothing_but_what_is_listed(void **state)
{
	static const char list[] =
	    "local here = {}\n"
	    "for name, of in pairs(_G) do\n"
	    "  if type(of) == 'table' and of ~= _G then\n"
	    "    for inner in pairs(of) do here[name .. '.' .. inner] = true end\n"
	    "  else here[name] = true end\n"
	    "end\n"
	    "local listed, must, word = {}, true, ''\n"
	    "for _, code in utf8.codes([[_G _VERSION assert error getmetatable ipairs math.abs\n"
	    "math.acos math.asin math.atan math.ceil math.cos math.deg math.exp math.floor\n"
	    "math.fmod math.huge math.log math.max math.maxinteger math.min math.mininteger\n"
	    "math.modf math.pi math.rad math.random math.randomseed math.sin math.sqrt math.tan\n"
	    "math.tointeger math.type math.ult next pairs rawequal rawget rawlen rawset select\n"
	    "setmetatable string.byte string.char string.find string.format string.len\n"
	    "string.lower string.pack string.packsize string.rep string.reverse string.sub\n"
	    "string.unpack string.upper table.concat table.insert table.move table.pack\n"
	    "table.remove table.sort table.unpack tonumber tostring type utf8.char\n"
	    "utf8.charpattern utf8.codepoint utf8.codes utf8.len utf8.offset ?\n"
	    "math.atan2 math.cosh math.frexp math.ldexp math.log10 math.pow math.sinh\n"
	    "math.tanh ]]) do\n"
	    "  local c = utf8.char(code)\n"
	    "  if c == '?' then must = false\n"
	    "  elseif c ~= ' ' and c ~= '\\n' then word = word .. c\n"
	    "  elseif word ~= '' then\n"
	    "    if must and not here[word] then error(word .. ' is missing') end\n"
	    "    listed[word], word = true, ''\n"
	    "  end\n"
	    "end\n"
	    "for name in pairs(here) do\n"
	    "  if not listed[name] then error(name .. ' is there') end\n"
	    "end\n";

	(void)state;
	runs(list);
}

/* The usual ways round. */
static void no_way_out(void **state)
{
	static const char *const absent[] = {"io",
					     "os",
					     "debug",
					     "package",
					     "coroutine",
					     "require",
					     "load",
					     "loadfile",
					     "dofile",
					     "print",
					     "warn",
					     "pcall",
					     "xpcall",
					     "collectgarbage",
					     "loadstring",
					     "core",
					     "_ENV.io",
					     "_G.load",
					     "string.dump",
					     "string.match",
					     "string.gmatch",
					     "string.gsub",
					     "('').dump",
					     "('x').match",
					     "getmetatable('').load",
					     "getmetatable('').__index.match",
					     "getmetatable('').__index.dump",
					     "getmetatable(_G)",
					     "getmetatable(print)",
					     "getmetatable(error)"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		snprintf(text, sizeof(text), "assert(%s == nil)", absent[i]);
		runs(text);
	}
	stops("return ('x'):match('x')", "x.lua:1: attempt to call a nil value (method 'match')");
	stops("return ('x'):gsub('x', 'y')", "x.lua:1: attempt to call a nil value");
	stops("require 'io'", "x.lua:1: attempt to call a nil value (global 'require')");
}

/* A finalizer runs with no limit on it, and when the state is closed at last. */
static void no_finalizers(void **state)
{
	(void)state;
	stops("setmetatable({}, {__gc = function() while true do end end})",
	      "x.lua:1: setmetatable: there are no finalizers");
	stops("local m = {__gc = true}\nsetmetatable({}, m)\n"
	      "m.__gc = function() while true do end end",
	      "x.lua:2: setmetatable: there are no finalizers");
	runs("local m = {}\nsetmetatable({}, m)\nm.__gc = function() while true do end end");
	runs("local m = {__index = {a = 1}}\nlocal t = setmetatable({}, m)\n"
	     "assert(t.a == 1 and getmetatable(t) == m and setmetatable(t, nil) == t)");
	stops("local t = setmetatable({}, {__metatable = 1})\nsetmetatable(t, nil)",
	      "x.lua:2: cannot change a protected metatable");
	stops("setmetatable(1, {})", "x.lua:1: bad argument #1 to 'setmetatable'");
	stops("setmetatable({}, 1)", "x.lua:1: bad argument #2 to 'setmetatable'");
	stops("setmetatable({})", "x.lua:1: bad argument #2 to 'setmetatable'");
}

static void memory_limit(void **state)
{
	(void)state;
	stops("local t = {}\nwhile true do\n  t[#t + 1] = #t .. 'x'\nend", "x.lua:");
	stops("local s = ('x'):rep(1 << 30)", "x.lua: more than 16 MiB of memory");
	stops("local s = 'x'\n\nwhile true do s = s .. s end", "x.lua: more than 16 MiB of memory");
	runs("local s = ('x'):rep(1 << 20)\nfor i = 1, 100 do s = ('y'):rep(1 << 20) end");
}

static void instruction_limit(void **state)
{
	static const char why[] = "x.lua:2: runs on and on: more than 10 million instructions";

	(void)state;
	stops("local i = 0\nwhile true do i = i + 1 end", why);
	stops("local i = 0\nrepeat local x <close> = nil until i == 1", why);
	stops("local f\nf = function(n) return f(n + 1) end f(1)", why);
	stops("local t = {3, 2, 1}\nwhile true do table.sort(t) end", why);
	runs("for i = 1, 1000000 do end");
}

/* Library functions in which no instruction is counted, and so none may run for ever. */
static void what_cannot_be_interrupted(void **state)
{
	(void)state;
	runs("assert((''):rep(math.maxinteger) == '' and ('ab'):rep(3, ',') == 'ab,ab,ab')\n"
	     "assert((''):rep(3, ',') == ',,' and ('x'):rep(-1) == '')");
	stops("table.move({}, 1, math.maxinteger - 1, 2)",
	      "x.lua:1: bad argument #3 to 'move' (too many elements to move)");
	stops("table.move({}, math.mininteger, -1, 2)", "x.lua:1: bad argument #3 to 'move'");
	runs("local t = table.move({1, 2, 3}, 2, 3, 1)\nassert(t[1] == 2 and t[2] == 3)\n"
	     "table.move({}, 1, 0, 1)\nlocal u = table.move({5}, 1, 1, 2, {})\nassert(u[2] == 5)");
	for (int i = 0; i < 3; i++) {
		static const char *const calls[] = {"table.insert(t, 1, 1)", "table.remove(t, 1)",
						    "table.sort(t, math.type)"};
		char text[256];

		snprintf(text, sizeof(text),
			 "local t = setmetatable({}, {__len = function() return 2^30 | 0 end})\n%s",
			 calls[i]);
		stops(text, "x.lua:2: the length of this table is not its own");
	}
	runs("local t = {3, 1}\ntable.insert(t, 2)\ntable.sort(t)\nassert(table.remove(t) == 3)\n"
	     "table.sort(t, function(a, b) return a > b end)\nassert(t[1] == 2 and #t == 2)");
}

/* string.find is for plain text alone: a pattern could search for hours. */
static void plain_find(void **state)
{
	(void)state;
	runs("assert(('a.b'):find('.') == 2)\nassert(('a.b'):find('%a') == nil)");
	runs("local from, to = ('abcabc'):find('bc')\nassert(from == 2 and to == 3)\n"
	     "from, to = ('abcabc'):find('bc', 3)\nassert(from == 5 and to == 6)\n"
	     "from, to = ('abcabc'):find('bc', -2, true)\nassert(from == 5 and to == 6)");
	runs("assert(('abc'):find('') == 1 and ('abc'):find('', 4) == 4)\n"
	     "assert(('abc'):find('', 5) == nil and (''):find('x') == nil)\n"
	     "assert(('abc'):find('a', -100) == 1 and ('abc'):find('a', math.maxinteger) == nil)\n"
	     "assert(('abc'):find('a', math.mininteger) == 1)\n"
	     "assert(('a\\0b'):find('\\0b') == 2)");
}

/* Errors name file and line, and are one line of text. */
static void errors_name_their_place(void **state)
{
	(void)state;
	stops("local x = \n", "x.lua:2: unexpected symbol near <eof>");
	stops("\n\nlocal a = nil + 1", "x.lua:3: attempt to perform arithmetic on a nil value");
	stops("error('a\\nb\\tc')", "x.lua:1: a b c");
	stops("error({})", "x.lua:1: an error that is no text");
	stops("error('no place', 0)", "x.lua:1: no place");
	stops("error()", "x.lua:1: an error that is no text");
	stops("local function f() return f() + 1 end f()", "x.lua: more than 16 MiB of memory");
	stops("return ('x'):rep(-1, {})", "x.lua:1: bad argument #2 to 'rep' (string expected");
	stops("#!/usr/bin/lua\n", "x.lua:1: ");
}

/* Of a word that common.lua has, the place of its caller is what the author must see. */
static void errors_in_words_name_the_caller(void **state)
{
	static const char common[] = "\nfunction word(n)\n  return 1 + n\nend\n";
	static const char own[] = "local x = 1\nword()\n";
	struct chunk chunks[2];
	char why[VM_WHY_MAX];
	struct vm vm;

	(void)state;
	assert_true(vm_open(&vm));
	assert_true(vm_compile("common.lua", common, strlen(common), &chunks[0], why));
	assert_true(vm_compile("own.lua", own, strlen(own), &chunks[1], why));
	assert_true(vm_load(&vm, &chunks[0], why));
	assert_false(vm_load(&vm, &chunks[1], why));
	assert_string_equal(why, "own.lua:2: attempt to perform arithmetic on a nil value (local "
				 "'n') (common.lua:3)");
	vm_close(&vm);
	chunk_free(&chunks[0]);
	chunk_free(&chunks[1]);
}

/* Compiled code is not checked by Lua, and could do anything: of the user's files only text is
 * read.
 */
static void no_compiled_files(void **state)
{
	struct chunk chunk, again;
	char why[VM_WHY_MAX];

	(void)state;
	assert_true(vm_compile("a.lua", "return 1", 8, &chunk, why));
	assert_int_equal(chunk.octets[0], LUA_SIGNATURE[0]);
	assert_false(vm_compile("evil.lua", chunk.octets, chunk.len, &again, why));
	assert_string_equal(why, "evil.lua: attempt to load a binary chunk (mode is 't')");
	chunk_free(&chunk);
	chunk_free(&again);
}

/* Text where a compiled chunk should be, and a chunk that is cut: an error, no crash. */
static void damaged_chunks(void **state)
{
	char text[] = "return 1", why[VM_WHY_MAX];
	struct chunk plain = {.name = (char[]){"t.lua"}, .octets = text, .len = 8}, chunk;
	struct vm vm;

	(void)state;
	assert_true(vm_open(&vm));
	assert_false(vm_load(&vm, &plain, why));
	assert_true(vm_compile("a.lua", "local a = {1, 2, 'x'} return a", 30, &chunk, why));
	chunk.len /= 2;
	assert_false(vm_load(&vm, &chunk, why));
	assert_non_null(strstr(why, "truncated"));
	vm_close(&vm);
	chunk_free(&chunk);
}

/* The budget is for one resumption; vm_refill() gives a new one. */
static void refill(void **state)
{
	static const char text[] = "for i = 1, 7000000 do end";
	struct chunk chunk;
	char why[VM_WHY_MAX];
	struct vm vm;

	(void)state;
	assert_true(vm_open(&vm));
	assert_true(vm_compile("x.lua", text, strlen(text), &chunk, why));
	assert_true(vm_load(&vm, &chunk, why));
	assert_false(vm_load(&vm, &chunk, why));
	vm_refill(&vm);
	assert_true(vm_load(&vm, &chunk, why));
	vm_close(&vm);
	chunk_free(&chunk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_but_what_is_listed),
	    cmocka_unit_test(no_way_out),
	    cmocka_unit_test(no_finalizers),
	    cmocka_unit_test(memory_limit),
	    cmocka_unit_test(instruction_limit),
	    cmocka_unit_test(what_cannot_be_interrupted),
	    cmocka_unit_test(plain_find),
	    cmocka_unit_test(errors_name_their_place),
	    cmocka_unit_test(errors_in_words_name_the_caller),
	    cmocka_unit_test(no_compiled_files),
	    cmocka_unit_test(damaged_chunks),
	    cmocka_unit_test(refill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
