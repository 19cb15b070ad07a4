/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words: what shakedown offers to common.lua, as the table `core`. Few and plain; what scenarios
 * have is made of them there.
 */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "probe/verdict.h"
#include "script/run.h"

#define SECONDS_MAX 1e6

/* Of a script that runs; one that is only being loaded has no target yet. */
static struct run *acting_run(lua_State *lua)
{
	struct run *run = run_of(lua);

	if (!run->thread)
		luaL_error(lua, "only within a scenario's run function");
	return run;
}

#define BUSY_NS INT64_C(60000000) /* common.lua waits so long when all ports are in use */

static int64_t now_of(const struct run *run)
{
	return run->world->stage->now_ns(run->world->stage->arg);
}

struct conn *word_conn(lua_State *lua, int at)
{
	struct run *run = run_of(lua);
	lua_Integer number = luaL_checkinteger(lua, at);

	if (number < 1 || number > run->conn_count)
		luaL_error(lua, "no such connection");
	if (!run->conns[number - 1]->probe)
		luaL_error(lua, "memory: the connection could not be kept");
	return run->conns[number - 1];
}

/* core.now(): seconds since the run began. */
static int word_now(lua_State *lua)
{
	const struct run *run = run_of(lua);

	lua_pushnumber(lua, (double)(now_of(run) - run->started_ns) / 1e9);
	return 1;
}

/* core.pause(t): until something happens, or it is t. */
static int word_pause(lua_State *lua)
{
	struct run *run = acting_run(lua);
	double at_s = luaL_checknumber(lua, 1);

	if (!(at_s < SECONDS_MAX))
		at_s = SECONDS_MAX;
	if (at_s < 0)
		at_s = 0;
	run->wake_ns = run->started_ns + (int64_t)(at_s * 1e9) + 1;
	return lua_yield(lua, 0);
}

/* core.verdict(name, seen): the end. */
static int word_verdict(lua_State *lua)
{
	struct run *run = acting_run(lua);
	enum judgement judgement = judgement_find(luaL_checkstring(lua, 1));

	if (judgement == JUDGE_COUNT)
		return luaL_error(lua, "there is no verdict of that name");
	run_judge(run, judgement, luaL_checkstring(lua, 2));
	lua_pushliteral(lua, "over");
	return lua_error(lua);
}

static struct finding *finding_of(struct run *run, const char *key)
{
	for (unsigned i = 0; i < run->finding_count; i++)
		if (strcmp(run->findings[i].key, key) == 0)
			return &run->findings[i];
	if (run->finding_count == RUN_FINDINGS_MAX)
		return NULL;
	run->findings[run->finding_count].key = strdup(key);
	return &run->findings[run->finding_count++];
}

/* core.note(key, value) */
static int word_note(lua_State *lua)
{
	struct run *run = acting_run(lua);
	const char *key = luaL_checkstring(lua, 1), *text;
	int type = lua_type(lua, 2);
	struct finding *finding;

	if (type != LUA_TSTRING && type != LUA_TNUMBER && type != LUA_TBOOLEAN)
		return luaL_error(lua, "note: %s: a string, number or boolean is wanted", key);
	text = luaL_tolstring(lua, 2, NULL);
	finding = finding_of(run, key);
	if (!finding)
		return luaL_error(lua, "note: more than %d findings", RUN_FINDINGS_MAX);
	free(finding->value);
	finding->value = strdup(text);
	finding->text = type == LUA_TSTRING;
	return 0;
}

static void push_finding(lua_State *lua, const struct finding *finding)
{
	if (!finding || !finding->value)
		lua_pushnil(lua);
	else if (finding->text)
		lua_pushstring(lua, finding->value);
	else if (strcmp(finding->value, "true") == 0 || strcmp(finding->value, "false") == 0)
		lua_pushboolean(lua, finding->value[0] == 't');
	else
		lua_stringtonumber(lua, finding->value);
}

/* core.found(key) */
static int word_found(lua_State *lua)
{
	const struct run *run = acting_run(lua);
	const char *key = luaL_checkstring(lua, 1);

	for (unsigned i = 0; i < run->finding_count; i++)
		if (strcmp(run->findings[i].key, key) == 0) {
			push_finding(lua, &run->findings[i]);
			return 1;
		}
	push_finding(lua, run->world->found(run->world->arg, key));
	return 1;
}

/* --- connections --- */

static lua_Integer number_in(lua_State *lua, const char *key, lua_Integer otherwise,
			     lua_Integer most)
{
	lua_Integer value = otherwise;

	if (lua_getfield(lua, 1, key) != LUA_TNIL) {
		int exact;

		value = lua_tointegerx(lua, -1, &exact);
		if (!exact || value < 0 || value > most)
			luaL_error(lua, "open: %s: a whole number of at most %I is wanted", key,
				   most);
	}
	lua_pop(lua, 1);
	return value;
}

/* The same, or false: `off`. */
static int option_in(lua_State *lua, const char *key, int otherwise, lua_Integer most, int off)
{
	bool is_off = lua_getfield(lua, 1, key) == LUA_TBOOLEAN && !lua_toboolean(lua, -1);

	lua_pop(lua, 1);
	return is_off ? off : (int)number_in(lua, key, otherwise, most);
}

static bool truth_in(lua_State *lua, const char *key, bool otherwise)
{
	bool value = lua_getfield(lua, 1, key) == LUA_TNIL ? otherwise : lua_toboolean(lua, -1);

	lua_pop(lua, 1);
	return value;
}

static void make_plan(lua_State *lua, const struct plan *usual, struct plan *plan)
{
	*plan = *usual;
	plan->close = PLAN_CLOSE_SCRIPT;
	plan->tcb.mss = option_in(lua, "mss", usual->tcb.mss, UINT16_MAX, 0);
	plan->tcb.wscale = option_in(lua, "wscale", usual->tcb.wscale, 255, -1);
	plan->tcb.rcv_wnd = (uint32_t)number_in(lua, "window", usual->tcb.rcv_wnd, 1 << 20);
	plan->tcb.sack = truth_in(lua, "sack", usual->tcb.sack);
	plan->tcb.timestamps = truth_in(lua, "timestamps", usual->tcb.timestamps);
	plan->tcb.ecn = truth_in(lua, "ecn", usual->tcb.ecn);
}

static struct conn *add_connection(lua_State *lua)
{
	struct run *run = run_of(lua);
	struct conn **conns;

	if (run->conn_count == RUN_CONNECTIONS_MAX)
		luaL_error(lua, "open: more than %d connections", RUN_CONNECTIONS_MAX);
	conns = realloc(run->conns, (run->conn_count + 1) * sizeof(struct conn *));
	if (!conns)
		luaL_error(lua, "memory: out of it");
	run->conns = conns;
	run->conns[run->conn_count] = conn_new(run);
	if (!run->conns[run->conn_count])
		luaL_error(lua, "memory: out of it");
	return run->conns[run->conn_count++];
}

/* core.turn(): seconds to wait before the next open(). They are not the scenario's. */
static int word_turn(lua_State *lua)
{
	struct run *run = acting_run(lua);
	int64_t wait_ns = run->world->turn_ns(run->world->arg);

	run->limit_ns += wait_ns;
	lua_pushnumber(lua, (double)wait_ns / 1e9);
	return 1;
}

/* core.open{...}: its number; nil, why; or nothing: not now. */
static int word_open(lua_State *lua)
{
	struct run *run = acting_run(lua);
	const struct run_world *world = run->world;
	struct stage_open open = {.target = world->target};
	const char *error = NULL;
	struct probe *probe;
	struct conn *conn;

	luaL_checktype(lua, 1, LUA_TTABLE);
	open.remote_port = (uint16_t)number_in(lua, "dport", 0, UINT16_MAX);
	open.raw = !truth_in(lua, "syn", true);
	conn = add_connection(lua);
	make_plan(lua, world->plan, &conn->plan);
	open.plan = &conn->plan;
	open.connection = conn;
	conn->live = true;
	probe = world->stage->open(world->stage->arg, &open, &conn->handle, &error);
	if (probe && conn->live) {
		conn->probe = probe;
		probe->withhold_third = !truth_in(lua, "third", true);
		lua_pushinteger(lua, run->conn_count);
		return 1;
	}
	lua_pushnil(lua);
	if (probe) { /* it has ended already: its SYN could not be sent */
		lua_pushstring(lua, conn->error ? conn->error : "it ended at once");
		return 2;
	}
	if (!error)
		run->limit_ns += BUSY_NS; /* it will ask again; that is not its time */
	conn->live = false;
	run->conn_count--;
	conn_free(conn);
	lua_pushstring(lua, error); /* NULL: nil */
	return 2;
}

/* core.call(conn, what, seconds) */
static int word_call(lua_State *lua)
{
	struct conn *conn = word_conn(lua, 1);
	const char *what = luaL_checkstring(lua, 2);
	const struct stage *stage = run_of(lua)->world->stage;
	struct probe_output out = {.count = 0};
	int64_t now_ns = now_of(run_of(lua));

	if (!conn->live)
		return 0;
	if (strcmp(what, "mute") == 0 || strcmp(what, "unmute") == 0)
		conn->probe->muted = what[0] == 'm';
	else if (strcmp(what, "fin") == 0)
		scripted_fin(conn->probe, now_ns, &out);
	else if (strcmp(what, "abort") == 0)
		scripted_end(conn->probe, now_ns, &out);
	else {
		double within_s = luaL_checknumber(lua, 3);

		conn->plan.close_wait_ns =
		    (int64_t)((within_s >= 0 && within_s < SECONDS_MAX ? within_s : SECONDS_MAX) *
			      1e9);
		scripted_close(conn->probe, now_ns, &out);
	}
	stage->settle(stage->arg, conn->handle, &out);
	return 0;
}

/* core.write(conn, data): true if the machine took it. */
static int word_write(lua_State *lua)
{
	struct conn *conn = word_conn(lua, 1);
	const struct stage *stage = run_of(lua)->world->stage;
	struct probe_output out = {.count = 0};
	const uint8_t *kept;
	const char *data;
	size_t len;

	data = luaL_checklstring(lua, 2, &len);
	kept = conn->live && len <= (1 << 20) ? conn_keep(conn, data, len) : NULL;
	if (!kept) {
		lua_pushboolean(lua, false);
		return 1;
	}
	lua_pushboolean(
	    lua, scripted_write(conn->probe, kept, (uint32_t)len, now_of(run_of(lua)), &out));
	stage->settle(stage->arg, conn->handle, &out);
	return 1;
}

/* core.count(conn): segments that came. */
static int word_count(lua_State *lua)
{
	lua_pushinteger(lua, word_conn(lua, 1)->count);
	return 1;
}

static void set_words(lua_State *lua)
{
	static const luaL_Reg words[] = {
	    {"now", word_now},     {"pause", word_pause}, {"verdict", word_verdict},
	    {"note", word_note},   {"found", word_found}, {"open", word_open},
	    {"call", word_call},   {"write", word_write}, {"count", word_count},
	    {"entry", word_entry}, {"send", word_send},   {"get", word_get},
	    {"turn", word_turn},   {NULL, NULL},
	};

	luaL_setfuncs(lua, words, 0);
}

static void set_text(lua_State *lua, const char *key, const char *text, size_t len)
{
	if (!text)
		return;
	lua_pushlstring(lua, text, len);
	lua_setfield(lua, -2, key);
}

static void set_info(lua_State *lua, const struct run_world *world)
{
	const struct service_given *service = &world->service;

	lua_createtable(lua, 0, 8);
	lua_pushinteger(lua, world->family);
	lua_setfield(lua, -2, "family");
	lua_pushinteger(lua, world->port);
	lua_setfield(lua, -2, "port");
	lua_pushboolean(lua, world->intrusive);
	lua_setfield(lua, -2, "intrusive");
	lua_pushboolean(lua, world->quick);
	lua_setfield(lua, -2, "quick");
	lua_pushboolean(lua, world->full);
	lua_setfield(lua, -2, "full");
	if (world->rtt_ns > 0) {
		lua_pushnumber(lua, (double)world->rtt_ns / 1e9);
		lua_setfield(lua, -2, "rtt");
	}
	set_text(lua, "host", world->host, strlen(world->host));
	set_text(lua, "app", service->app, service->app ? strlen(service->app) : 0);
	set_text(lua, "request", service->request, service->request_len);
	set_text(lua, "partial", service->partial, service->partial_len);
	set_text(lua, "response", service->response, service->response_len);
}

int words_take(lua_State *lua)
{
	lua_getglobal(lua, "core");
	lua_pushnil(lua);
	lua_setglobal(lua, "core");
	return 1;
}

static int make_core(lua_State *lua)
{
	lua_createtable(lua, 0, 16);
	set_words(lua);
	set_info(lua, run_of(lua)->world);
	lua_setfield(lua, -2, "info");
	lua_createtable(lua, 0, 0);
	lua_setfield(lua, -2, "scenarios");
	lua_setglobal(lua, "core");
	return 0;
}

/* Without memory there is no table, and loading common.lua says so. */
void words_open(struct run *run)
{
	lua_pushcfunction(run->vm.lua, make_core);
	if (lua_pcall(run->vm.lua, 0, 0, 0) != LUA_OK)
		lua_pop(run->vm.lua, 1);
}
