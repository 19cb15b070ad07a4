/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Lua 5.4 state of its own for each run of a scenario, with limits: what goes wrong in one cannot
 * touch another. Of Lua's libraries there is what computes, and nothing that reaches the world,
 * loads code, or cannot be interrupted (patterns).
 */
#ifndef SHAKEDOWN_SCRIPT_VM_H
#define SHAKEDOWN_SCRIPT_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_MEMORY_MAX       (UINT32_C(16) << 20)
#define VM_INSTRUCTIONS_MAX INT64_C(10000000) /* without a wait */

struct vm {
	lua_State *lua;
	size_t used;  /* octets */
	int64_t left; /* instructions until the next wait */
};

/* A compiled file. */
struct chunk {
	char *name; /* "handshake.lua", as messages name it */
	char *octets;
	size_t len;
};

/* False: no memory. */
bool vm_open(struct vm *vm);
void vm_close(struct vm *vm);

/* Compiles Lua text; false with the reason in `why`. */
#define VM_WHY_MAX 400
bool vm_compile(const char *name, const char *text, size_t len, struct chunk *chunk,
		char why[VM_WHY_MAX]);
void chunk_free(struct chunk *chunk);

/* Runs a chunk to its end, as a file is loaded; false with the reason. */
bool vm_load(struct vm *vm, const struct chunk *chunk, char why[VM_WHY_MAX]);

/* The budget begins anew: to be called before each resumption. */
void vm_refill(struct vm *vm);

/* The error on top of the stack as one line of text, with file and line; never fails, pops it. */
void vm_error(lua_State *lua, char why[VM_WHY_MAX]);

#endif
