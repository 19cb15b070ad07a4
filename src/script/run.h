/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run: one scenario against one target, once. A coroutine in a Lua state of its own; its waiting;
 * its connections, each of which ends closed or reset whatever the script does; its verdict.
 */
#ifndef SHAKEDOWN_SCRIPT_RUN_H
#define SHAKEDOWN_SCRIPT_RUN_H

#include "script/conn.h"
#include "script/result.h"
#include "script/vm.h"

#define RUN_CONNECTIONS_MAX 2048
#define RUN_FINDINGS_MAX    64

/* What the user says of the service; NULL: nothing. */
struct service_given {
	const char *app;
	const char *request, *partial, *response;
	size_t request_len, partial_len, response_len;
};

/* What a run may know of its target, and ask of whoever plays it. */
struct run_world {
	const struct stage *stage;
	const struct plan *plan; /* what connections are like by default */
	uint32_t target;
	const char *host; /* as the user wrote it */
	uint16_t port;
	int family;                  /* 4 or 6 */
	bool intrusive, quick, full; /* what the user allows, and asks for */
	struct service_given service;
	int64_t rtt_ns; /* of the path, as known so far; 0: not known */
	bool lossy;     /* the path is known to lose segments */
	void *arg;
	/* How long to wait until another connection may be opened: each call is a place in a row.
	 */
	int64_t (*turn_ns)(void *arg);
	/* The finding of that name, or NULL. */
	const struct finding *(*found)(void *arg, const char *key);
};

struct run {
	const struct run_world *world;
	const struct scenario *scenario;
	void *job; /* the caller's */
	struct vm vm;
	lua_State *thread;
	struct conn **conns;
	unsigned conn_count;
	struct finding findings[RUN_FINDINGS_MAX];
	unsigned finding_count;
	enum judgement judgement;
	char *seen;
	int64_t started_ns, wake_ns, limit_ns; /* of the stage's clock */
	bool ready;                            /* something happened: resume */
	bool judged, over;                     /* the script has said its verdict; is at its end */
	bool ending;                           /* its connections are being ended */
};

/* What is loaded, in this order: the words, what scenarios share, the scenario's own file. The last
 * two may be NULL: there is none, the scenario is in common.lua. */
struct run_files {
	const struct chunk *common, *tools, *own;
};

/* NULL: no memory. Errors in the script are its judgement. The run goes on at its first turn. */
struct run *run_new(const struct run_world *world, const struct scenario *scenario,
		    const struct run_files *files);
void run_free(struct run *run);

/* Resumes the script if there is reason to, and ends its connections after it. */
void run_turn(struct run *run);

/* The script and all its connections have ended. */
bool run_done(const struct run *run);

/* Ends it now: its connections are reset, the judgement is INCONCLUSIVE for that reason. */
void run_stop(struct run *run, const char *why);

/* --- for the words --- */
void run_judge(struct run *run, enum judgement judgement, const char *seen);
struct run *run_of(lua_State *lua);

/* --- words.c: the table `core`, and what of the target is in it --- */
void words_open(struct run *run);
/* For lua_pcall: takes the table out of the globals, so that no script finds it, and returns it. */
int words_take(lua_State *lua);
struct conn *word_conn(lua_State *lua, int at);
/* --- words_segment.c --- */
int word_entry(lua_State *lua);
int word_send(lua_State *lua);
/* --- words_state.c --- */
int word_get(lua_State *lua);

#endif
