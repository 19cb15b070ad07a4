/* SPDX-License-Identifier: BSD-2-Clause */
/* Words: core.get(conn, key): what is known of a connection. One table of keys. */
#include <lauxlib.h>
#include <string.h>

#include "probe/verdict.h"
#include "script/run.h"

static void push_snd_nxt(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn_relative_ours(conn, conn->probe->tcb.snd_nxt));
}

static void push_snd_una(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn_relative_ours(conn, conn->probe->tcb.snd_una));
}

static void push_snd_wnd(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn->probe->tcb.snd_wnd);
}

static void push_rcv_nxt(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn_relative_theirs(conn, conn->probe->tcb.rcv_nxt));
}

static void push_rcv_wnd(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn->probe->tcb.rcv_wnd);
}

static void push_state(lua_State *lua, const struct conn *conn)
{
	lua_pushstring(lua,
		       tcb_state_name(conn->probe->phase == PHASE_DONE ? conn->probe->final_state
								       : conn->probe->tcb.state));
}

static void push_peer(lua_State *lua, const struct conn *conn)
{
	if (conn->probe->peer.known)
		lua_pushstring(lua, tcb_state_name(conn->probe->peer.state));
	else
		lua_pushnil(lua);
}

static void push_over(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn_over(conn));
}

static void push_done(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, !conn->live);
}

static void push_reset(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn->probe->facts.reset || conn->probe->facts.refused);
}

static void push_established(lua_State *lua, const struct conn *conn)
{
	enum tcb_state state = conn->probe->tcb.state;

	lua_pushboolean(lua, conn->live && state >= TCB_ESTABLISHED);
}

static void push_synacked(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn->live && conn->probe->facts.synack_count > 0);
}

static void push_fin_acked(lua_State *lua, const struct conn *conn)
{
	const struct probe *probe = conn->probe;

	lua_pushboolean(lua, tcb_fin_acked(&probe->tcb) || probe->facts.fin_acked_ns != 0);
}

static void push_peer_fin(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn->probe->facts.peer_fin_ns != 0);
}

static void push_received(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, (lua_Integer)conn->probe->facts.data_in);
}

static void push_rtt(lua_State *lua, const struct conn *conn)
{
	int64_t rtt_ns = facts_handshake_rtt_ns(&conn->probe->facts);

	if (rtt_ns >= 0)
		lua_pushnumber(lua, (double)rtt_ns / 1e9);
	else
		lua_pushnil(lua);
}

static void push_mss(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn->probe->tcb.snd_mss);
}

static void push_ts(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn->probe->tcb.timestamps_on);
}

static void push_sack(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn->probe->tcb.sack_on);
}

static void push_ecn(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, conn->probe->tcb.ecn_on);
}

static void push_port(lua_State *lua, const struct conn *conn)
{
	lua_pushinteger(lua, conn->probe->flow.src.port);
}

static void push_token(lua_State *lua, const struct conn *conn, enum token token)
{
	char text[TOKEN_TEXT_MAX];

	lua_pushstring(lua, verdict_text(conn->probe, token, text)); /* NULL: nil */
}

static void push_handshake(lua_State *lua, const struct conn *conn)
{
	push_token(lua, conn, verdict_handshake(conn->probe));
}

static void push_closing(lua_State *lua, const struct conn *conn)
{
	push_token(lua, conn, verdict_close(conn->probe));
}

static void push_evidence(lua_State *lua, const struct conn *conn)
{
	char text[EVIDENCE_MAX];

	verdict_evidence(conn->probe, text);
	lua_pushstring(lua, text);
}

static void push_lossy(lua_State *lua, const struct conn *conn)
{
	lua_pushboolean(lua, verdict_saw_loss(conn->probe));
}

static const struct {
	const char *key;
	void (*push)(lua_State *lua, const struct conn *conn);
} keys[] = {
    {"snd_nxt", push_snd_nxt},
    {"snd_una", push_snd_una},
    {"snd_wnd", push_snd_wnd},
    {"rcv_nxt", push_rcv_nxt},
    {"rcv_wnd", push_rcv_wnd},
    {"state", push_state},
    {"peer", push_peer},
    {"over", push_over},
    {"done", push_done},
    {"reset", push_reset},
    {"established", push_established},
    {"synacked", push_synacked},
    {"fin_acked", push_fin_acked},
    {"peer_fin", push_peer_fin},
    {"received", push_received},
    {"rtt", push_rtt},
    {"mss", push_mss},
    {"ts", push_ts},
    {"sack", push_sack},
    {"ecn", push_ecn},
    {"port", push_port},
    {"handshake", push_handshake},
    {"closing", push_closing},
    {"evidence", push_evidence},
    {"lossy", push_lossy},
};

/* core.get(conn, key) */
int word_get(lua_State *lua)
{
	const struct conn *conn = word_conn(lua, 1);
	const char *key = luaL_checkstring(lua, 2);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i].key) == 0) {
			keys[i].push(lua, conn);
			return 1;
		}
	return luaL_error(lua, "a connection has no %s", key);
}
