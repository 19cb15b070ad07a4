/* SPDX-License-Identifier: BSD-2-Clause */
/* Words: segments between the log, the wire and Lua's tables. Numbers are relative there. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/run.h"

/* --- what came -> a table --- */

static void set_integer(lua_State *lua, const char *key, lua_Integer value)
{
	lua_pushinteger(lua, value);
	lua_setfield(lua, -2, key);
}

static void set_number(lua_State *lua, const char *key, double value)
{
	lua_pushnumber(lua, value);
	lua_setfield(lua, -2, key);
}

static void set_text(lua_State *lua, const char *key, const char *value)
{
	lua_pushstring(lua, value);
	lua_setfield(lua, -2, key);
}

static void set_boolean(lua_State *lua, const char *key, bool value)
{
	lua_pushboolean(lua, value);
	lua_setfield(lua, -2, key);
}

static void push_blocks(lua_State *lua, const struct conn *conn, const struct tcp_options *options)
{
	lua_createtable(lua, options->sack_count, 0);
	for (unsigned i = 0; i < options->sack_count; i++) {
		lua_createtable(lua, 2, 0);
		lua_pushinteger(lua, conn_relative_ours(conn, options->sack[i].start));
		lua_rawseti(lua, -2, 1);
		lua_pushinteger(lua, conn_relative_ours(conn, options->sack[i].end));
		lua_rawseti(lua, -2, 2);
		lua_rawseti(lua, -2, i + 1);
	}
}

static void push_options(lua_State *lua, const struct conn *conn, const struct tcp_options *options)
{
	lua_createtable(lua, 0, 8);
	if (options->has_mss)
		set_integer(lua, "mss", options->mss);
	if (options->has_wscale)
		set_integer(lua, "wscale", options->wscale);
	if (options->has_sack_permitted)
		set_boolean(lua, "sack", true);
	if (options->has_timestamps) {
		set_integer(lua, "ts_val", options->tsval);
		set_integer(lua, "ts_ecr", options->tsecr);
	}
	if (options->has_fast_open) {
		lua_pushlstring(lua, (const char *)options->fast_open, options->fast_open_len);
		lua_setfield(lua, -2, "fast_open");
	}
	if (options->sack_count > 0) {
		push_blocks(lua, conn, options);
		lua_setfield(lua, -2, "blocks");
	}
	set_integer(lua, "unknown", options->unknown_count);
	set_boolean(lua, "malformed", options->malformed);
}

static const char *checksum_text(enum checksum_state state)
{
	static const char *const names[] = {[CHECKSUM_GOOD] = "good",
					    [CHECKSUM_PARTIAL] = "partial",
					    [CHECKSUM_BAD] = "bad",
					    [CHECKSUM_UNKNOWN] = "unknown"};

	return names[state];
}

static void push_tcp(lua_State *lua, const struct conn *conn, const struct packet *packet)
{
	const struct segment *seg = &packet->seg;
	char flags[FLAGS_TEXT_MAX];

	set_text(lua, "flags", flags_text(seg->flags, flags));
	set_integer(lua, "seq", conn_relative_theirs(conn, seg->seq));
	set_integer(lua, "raw_seq", seg->seq);
	if (seg->flags & TCP_ACK)
		set_integer(lua, "ack", conn_relative_ours(conn, seg->ack));
	set_integer(lua, "raw_ack", seg->ack);
	set_integer(lua, "len", seg->data_len);
	set_integer(lua, "wnd", seg->wnd);
	set_integer(lua, "urp", seg->urp);
	set_integer(lua, "reserved", (seg->flags & TCP_RESERVED) >> 9);
	lua_pushlstring(lua, (const char *)seg->data, seg->data_captured);
	lua_setfield(lua, -2, "data");
	push_options(lua, conn, &seg->options);
	lua_setfield(lua, -2, "options");
}

static void push_icmp(lua_State *lua, const struct packet *packet)
{
	char from[ADDR_TEXT_MAX];

	lua_createtable(lua, 0, 3);
	set_integer(lua, "type", packet->icmp.type);
	set_integer(lua, "code", packet->icmp.code);
	set_text(lua, "from", addr_text(&packet->flow.src.addr, from));
	lua_setfield(lua, -2, "icmp");
}

/* core.entry(conn, n): the n-th segment that came, as a table. */
int word_entry(lua_State *lua)
{
	const struct conn *conn = word_conn(lua, 1);
	lua_Integer number = luaL_checkinteger(lua, 2);
	const struct logged *entry;

	if (number < 1 || number > conn->count)
		return 0;
	entry = conn->log[number - 1];
	lua_createtable(lua, 0, 24);
	set_number(lua, "time", (double)(entry->stamp_ns - conn->first_ns) / 1e9);
	if (entry->since_ours_ns >= 0)
		set_number(lua, "dt", (double)entry->since_ours_ns / 1e9);
	set_integer(lua, "ttl", entry->packet.ip.ttl);
	set_integer(lua, "ip_id", entry->packet.ip.id);
	set_integer(lua, "tos", entry->packet.ip.tos);
	set_boolean(lua, "df", entry->packet.ip.df);
	set_text(lua, "checksum", checksum_text(entry->packet.tcp_checksum));
	set_text(lua, "note", tcb_note_name(entry->note));
	if (entry->packet.kind == PACKET_TCP)
		push_tcp(lua, conn, &entry->packet);
	else
		push_icmp(lua, &entry->packet);
	return 1;
}

/* --- a table -> what is sent --- */

static bool get_integer(lua_State *lua, int table, const char *key, lua_Integer *value)
{
	int type = lua_getfield(lua, table, key);
	int exact = 0;

	if (type == LUA_TNUMBER)
		*value = lua_tointegerx(lua, -1, &exact);
	lua_pop(lua, 1);
	if (type != LUA_TNIL && type != LUA_TBOOLEAN && !exact)
		luaL_error(lua, "send: %s must be a whole number", key);
	return exact;
}

static bool get_truth(lua_State *lua, int table, const char *key, bool otherwise)
{
	bool value = lua_getfield(lua, table, key) == LUA_TNIL ? otherwise : lua_toboolean(lua, -1);

	lua_pop(lua, 1);
	return value;
}

static uint16_t flags_of(lua_State *lua, const char *text)
{
	uint16_t flags = 0;

	if (!flags_parse(text, &flags))
		luaL_error(lua, "send: '%s' are no flags: S F R P . U E W A, or -", text);
	return flags;
}

static void take_options(lua_State *lua, int table, struct stage_segment *out,
			 uint8_t raw[OPTIONS_OCTETS_MAX])
{
	struct tcp_options *options = &out->seg.options;
	lua_Integer value;
	size_t len;

	if (lua_type(lua, table) == LUA_TSTRING) {
		const char *octets = lua_tolstring(lua, table, &len);

		if (len > OPTIONS_OCTETS_MAX)
			luaL_error(lua, "send: options: more than %d octets", OPTIONS_OCTETS_MAX);
		memset(raw, 0, OPTIONS_OCTETS_MAX);
		memcpy(raw, octets, len);
		out->faults.options_raw = raw;
		out->faults.options_raw_len = (len + 3) / 4 * 4;
		return;
	}
	luaL_checktype(lua, table, LUA_TTABLE);
	*options = (struct tcp_options){.tsval = options->tsval, .tsecr = options->tsecr};
	options->has_mss = get_integer(lua, table, "mss", &value);
	options->mss = options->has_mss ? (uint16_t)value : 0;
	options->has_wscale = get_integer(lua, table, "wscale", &value);
	options->wscale = options->has_wscale ? (uint8_t)value : 0;
	options->has_sack_permitted = get_truth(lua, table, "sack", false);
	options->has_timestamps = get_truth(lua, table, "ts", false);
}

/* The options that the machine would send; a SYN's where there is a SYN. */
static void usual_options(const struct conn *conn, int64_t now_ns, struct segment *seg)
{
	struct tcp_options *options = &seg->options;

	options->tsval = tcb_timestamp(&conn->probe->tcb, now_ns);
	options->tsecr = seg->flags & TCP_ACK ? conn->probe->tcb.ts_recent : 0;
	if (!(seg->flags & TCP_SYN)) {
		options->has_timestamps = conn->probe->tcb.timestamps_on && !(seg->flags & TCP_RST);
		return;
	}
	tcb_offer(&conn->plan.tcb, &conn->probe->tcb.path, options);
}

static void take_timestamps(lua_State *lua, int table, struct segment *seg)
{
	lua_Integer shift;

	if (get_integer(lua, table, "ts", &shift)) {
		seg->options.has_timestamps = true;
		seg->options.tsval += (uint32_t)shift;
	} else if (!get_truth(lua, table, "ts", true)) {
		seg->options.has_timestamps = false;
	}
}

static void take_numbers(lua_State *lua, int table, const struct conn *conn,
			 struct stage_segment *out)
{
	struct segment *seg = &out->seg;
	lua_Integer value;

	if (get_integer(lua, table, "seq", &value))
		seg->seq = conn_absolute_ours(conn, value);
	if (seg->flags & TCP_ACK)
		seg->ack = conn->probe->tcb.rcv_nxt;
	if (get_integer(lua, table, "ack", &value) && (seg->flags & TCP_ACK))
		seg->ack = conn_absolute_theirs(conn, value);
	if (get_integer(lua, table, "wnd", &value))
		seg->wnd = (uint16_t)value;
	if (get_integer(lua, table, "urp", &value))
		seg->urp = (uint16_t)value;
	if (get_integer(lua, table, "ttl", &value))
		out->ip.ttl = (uint8_t)value;
	if (get_integer(lua, table, "tos", &value))
		out->ip.tos = (uint8_t)value;
	if (get_integer(lua, table, "reserved", &value))
		seg->flags = (uint16_t)(seg->flags | ((lua_Unsigned)value << 9 & TCP_RESERVED));
	if (get_integer(lua, table, "data_offset", &value))
		out->faults.data_offset = value < 0 || value > 15 ? 15 : (uint8_t)value;
	out->faults.bad_checksum = get_truth(lua, table, "bad_checksum", false);
}

static void take_data(lua_State *lua, int table, struct segment *seg)
{
	size_t len = 0;

	if (lua_getfield(lua, table, "data") == LUA_TSTRING) {
		seg->data = (const uint8_t *)lua_tolstring(lua, -1, &len);
		seg->data_len = (uint32_t)len;
		seg->data_captured = seg->data_len;
	}
	if (len > 60000)
		luaL_error(lua, "send: data: more than 60000 octets do not fit into a segment");
	/* the string stays on the stack, and so alive, until the segment is sent */
}

/* Part of the conversation, unless it was placed or spoiled on purpose. */
static bool counts(lua_State *lua, int table, const struct conn *conn,
		   const struct stage_segment *segment)
{
	const struct craft_faults *faults = &segment->faults;
	bool placed = lua_getfield(lua, table, "seq") != LUA_TNIL && !conn->probe->raw;
	bool spoiled = faults->bad_checksum || faults->data_offset ||
		       (!(segment->seg.flags & TCP_ACK) && !conn->probe->raw) ||
		       (faults->options_raw && !conn->probe->raw);

	lua_pop(lua, 1);
	return get_truth(lua, table, "count", !placed && !spoiled);
}

/* core.send(conn, { ... }) */
int word_send(lua_State *lua)
{
	struct conn *conn = word_conn(lua, 1);
	const struct run_world *world = run_of(lua)->world;
	struct stage_segment out = {.ip = conn->plan.ip};
	int64_t now_ns = world->stage->now_ns(world->stage->arg);
	uint8_t raw[OPTIONS_OCTETS_MAX];

	luaL_checktype(lua, 2, LUA_TTABLE);
	if (!conn->live)
		return 0;
	tcb_question(&conn->probe->tcb, now_ns, &out.seg);
	out.seg.seq++;
	lua_getfield(lua, 2, "flags");
	out.seg.flags = flags_of(lua, luaL_optstring(lua, -1, "."));
	out.seg.ack = 0;
	if (conn->probe->raw || out.seg.flags & TCP_SYN)
		out.seg.wnd =
		    (uint16_t)(conn->plan.tcb.rcv_wnd > UINT16_MAX ? UINT16_MAX
								   : conn->plan.tcb.rcv_wnd);
	out.seg.options = (struct tcp_options){.has_mss = false};
	usual_options(conn, now_ns, &out.seg);
	take_timestamps(lua, 2, &out.seg);
	take_numbers(lua, 2, conn, &out);
	if (lua_getfield(lua, 2, "options") != LUA_TNIL)
		take_options(lua, lua_gettop(lua), &out, raw);
	take_data(lua, 2, &out.seg);
	out.count = counts(lua, 2, conn, &out);
	world->stage->send(world->stage->arg, conn->handle, &out);
	return 0;
}
