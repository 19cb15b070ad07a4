/* SPDX-License-Identifier: BSD-2-Clause */
/* A run: a scenario's coroutine, resumed when something happened or its time has come. */
#include "script/run.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS    INT64_C(1000000000)
#define GRACE_NS     (10 * SECOND_NS)
#define HIDDEN_LIMIT (60 * SECOND_NS)
#define TAKES_MAX_S  86400.0

struct run *run_of(lua_State *lua)
{
	struct run *run;

	memcpy(&run, lua_getextraspace(lua), sizeof(run));
	return run;
}

void run_judge(struct run *run, enum judgement judgement, const char *seen)
{
	if (run->judged)
		return;
	run->judged = true;
	run->judgement = judgement;
	run->seen = strdup(seen);
}

/* For lua_pcall: a coroutine of core.start, which common.lua defines, with the scenario's number as
 * its argument. Scripts have the words, not what is behind them: `core` is gone from here on. */
static int make_thread(lua_State *lua)
{
	lua_State *thread = lua_newthread(lua);

	words_take(lua);
	if (!lua_istable(lua, -1) || lua_getfield(lua, -1, "start") != LUA_TFUNCTION)
		return luaL_error(lua, "common.lua: it defines no core.start");
	lua_xmove(lua, thread, 1);
	lua_pushinteger(thread, run_of(lua)->scenario->number);
	lua_settop(lua, 1);
	return 1;
}

static bool make_ready(struct run *run, char why[VM_WHY_MAX])
{
	lua_pushcfunction(run->vm.lua, make_thread);
	if (lua_pcall(run->vm.lua, 0, 1, 0) == LUA_OK)
		return true;
	vm_error(run->vm.lua, why);
	return false;
}

/* The script can take all memory that there is: what is needed to run it is made before. */
static bool load_files(struct run *run, const struct run_files *files, char why[VM_WHY_MAX])
{
	if (!vm_load(&run->vm, files->common, why) || !make_ready(run, why) ||
	    (files->tools && !vm_load(&run->vm, files->tools, why)) ||
	    (files->own && !vm_load(&run->vm, files->own, why)))
		return false;
	run->thread = lua_tothread(run->vm.lua, 1); /* stays on the stack, and so alive */
	return true;
}

/* Twice what it says, within reason. */
static int64_t limit_of(const struct scenario *scenario)
{
	double takes_s = scenario->takes_s > 0 ? scenario->takes_s : 0;

	if (scenario->hidden)
		return HIDDEN_LIMIT;
	return (int64_t)((takes_s < TAKES_MAX_S ? takes_s : TAKES_MAX_S) * 2e9) + GRACE_NS;
}

struct run *run_new(const struct run_world *world, const struct scenario *scenario,
		    const struct run_files *files)
{
	struct run *run = calloc(1, sizeof(*run));
	char why[VM_WHY_MAX];

	if (!run || !vm_open(&run->vm)) {
		free(run);
		return NULL;
	}
	run->world = world;
	run->scenario = scenario;
	run->started_ns = world->stage->now_ns(world->stage->arg);
	run->limit_ns = run->started_ns + limit_of(scenario);
	run->ready = true;
	memcpy(lua_getextraspace(run->vm.lua), &run, sizeof(run));
	words_open(run);
	if (!load_files(run, files, why)) {
		run_judge(run, JUDGE_ERROR, why);
		run->over = true;
	}
	return run;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	for (unsigned i = 0; i < run->conn_count; i++)
		conn_free(run->conns[i]);
	for (unsigned i = 0; i < run->finding_count; i++) {
		free(run->findings[i].key);
		free(run->findings[i].value);
	}
	vm_close(&run->vm);
	free(run->conns);
	free(run->seen);
	free(run);
}

static void resume(struct run *run)
{
	char why[VM_WHY_MAX];
	int results, status;

	run->wake_ns = 0;
	vm_refill(&run->vm);
	status =
	    lua_resume(run->thread, run->vm.lua,
		       lua_gettop(run->thread) > 0 && lua_status(run->thread) == LUA_OK, &results);
	if (status == LUA_YIELD)
		return;
	if (status != LUA_OK && !run->judged) {
		vm_error(run->thread, why);
		run_judge(run, JUDGE_ERROR, why);
	}
	run_judge(run, JUDGE_ERROR, "it ended without a verdict");
	run->over = true;
}

static void end_connections(struct run *run)
{
	const struct stage *stage = run->world->stage;

	run->ending = true;
	for (unsigned i = 0; i < run->conn_count; i++) {
		struct conn *conn = run->conns[i];
		struct probe_output out = {.count = 0};

		if (!conn->live)
			continue;
		scripted_end(conn->probe, stage->now_ns(stage->arg), &out);
		stage->settle(stage->arg, conn->handle, &out);
	}
	vm_close(&run->vm); /* all that is left is to see the connections end */
}

void run_turn(struct run *run)
{
	int64_t now_ns = run->world->stage->now_ns(run->world->stage->arg);
	bool due = run->ready || (run->wake_ns && now_ns >= run->wake_ns);

	run->ready = false;
	if (!run->over && now_ns >= run->limit_ns) {
		run_judge(run, run->world->lossy ? JUDGE_INCONCLUSIVE : JUDGE_ERROR,
			  run->world->lossy ? "it took too long: the path loses segments"
					    : "it took far longer than it says (takes)");
		run->over = true;
	}
	if (!run->over && due)
		resume(run);
	if (run->over && !run->ending)
		end_connections(run);
}

bool run_done(const struct run *run)
{
	if (!run->ending)
		return false;
	for (unsigned i = 0; i < run->conn_count; i++)
		if (run->conns[i]->live)
			return false;
	return true;
}

void run_stop(struct run *run, const char *why)
{
	run_judge(run, JUDGE_INCONCLUSIVE, why);
	run->over = true;
	if (!run->ending)
		end_connections(run);
}
