/* SPDX-License-Identifier: BSD-2-Clause */
/* A script's connection: segments as they come -> a log, and a copy of the probe at its end. */
#include "script/conn.h"

#include <stdlib.h>
#include <string.h>

struct conn *conn_new(void *run)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn)
		conn->run = run;
	return conn;
}

void conn_free(struct conn *conn)
{
	if (!conn)
		return;
	conn_forget_log(conn);
	while (conn->written) {
		struct written *next = conn->written->next;

		free(conn->written);
		conn->written = next;
	}
	if (!conn->live && conn->probe) {
		free(conn->probe->timeline.moments);
		free(conn->probe);
	}
	free(conn->error);
	free(conn);
}

void conn_forget_log(struct conn *conn)
{
	for (uint32_t i = 0; i < conn->count; i++)
		free(conn->log[i]);
	free(conn->log);
	conn->log = NULL;
	conn->count = 0;
	conn->room = 0;
}

static bool make_room(struct conn *conn)
{
	uint32_t room = conn->room ? 2 * conn->room : 16;
	struct logged **log;

	if (conn->count < conn->room)
		return true;
	if (room > CONN_LOG_MAX)
		return false;
	log = realloc(conn->log, room * sizeof(struct logged *));
	if (!log)
		return false;
	conn->log = log;
	conn->room = room;
	return true;
}

static enum tcb_note latest_note(const struct conn *conn)
{
	const struct timeline *timeline = &conn->probe->timeline;

	return timeline->count > 0 && timeline->left_out == 0
		   ? timeline->moments[timeline->count - 1].note
		   : NOTE_NONE;
}

/* What does not fit is not logged: a script that waits for it meets silence. */
void conn_seen(struct conn *conn, const struct packet *packet, int64_t stamp_ns, bool ours)
{
	uint32_t data_len = packet->seg.data_captured;
	struct logged *entry;

	if (conn->first_ns == 0)
		conn->first_ns = stamp_ns;
	if (ours) {
		conn->ours_ns = stamp_ns;
		return;
	}
	if (packet->kind != PACKET_TCP)
		data_len = 0;
	if (data_len > CONN_DATA_MAX)
		data_len = CONN_DATA_MAX;
	entry = make_room(conn) ? malloc(sizeof(*entry) + data_len) : NULL;
	if (!entry)
		return;
	entry->packet = *packet;
	entry->stamp_ns = stamp_ns;
	entry->since_ours_ns = conn->ours_ns ? stamp_ns - conn->ours_ns : -1;
	entry->note = latest_note(conn);
	if (data_len > 0)
		memcpy(entry->data, packet->seg.data, data_len);
	entry->packet.seg.data = entry->data;
	entry->packet.seg.data_captured = data_len;
	conn->log[conn->count++] = entry;
}

void conn_ended(struct conn *conn, const struct probe *probe, const char *error,
		bool capture_dropped)
{
	size_t size = probe->timeline.count * sizeof(struct moment);
	struct probe *copy = malloc(sizeof(*copy));
	struct moment *moments = malloc(size + 1);

	conn->live = false;
	conn->capture_dropped = capture_dropped;
	conn->error = error ? strdup(error) : NULL;
	conn->probe = copy;
	if (!copy || !moments) {
		free(copy);
		free(moments);
		conn->probe = NULL;
		return;
	}
	*copy = *probe;
	if (size > 0)
		memcpy(moments, probe->timeline.moments, size);
	copy->timeline.moments = moments;
	copy->timeline.capacity = probe->timeline.count;
}

void conn_forget_timeline(struct conn *conn)
{
	if (conn->live || !conn->probe)
		return;
	free(conn->probe->timeline.moments);
	conn->probe->timeline = (struct timeline){.moments = NULL};
}

bool conn_synchronized(const struct conn *conn)
{
	const struct probe *probe = conn->probe;

	return probe && (probe->raw ? probe->raw_synchronized : probe->facts.synack_count > 0);
}

int64_t conn_relative_ours(const struct conn *conn, uint32_t seq)
{
	return (int32_t)(seq - conn->probe->tcb.iss);
}

int64_t conn_relative_theirs(const struct conn *conn, uint32_t seq)
{
	if (!conn_synchronized(conn))
		return seq;
	return (int32_t)(seq - conn->probe->tcb.irs);
}

uint32_t conn_absolute_ours(const struct conn *conn, int64_t seq)
{
	return conn->probe->tcb.iss + (uint32_t)seq;
}

uint32_t conn_absolute_theirs(const struct conn *conn, int64_t seq)
{
	return (conn_synchronized(conn) ? conn->probe->tcb.irs : 0) + (uint32_t)seq;
}

bool conn_over(const struct conn *conn)
{
	const struct probe *probe = conn->probe;

	if (!conn->live || !probe || probe->gave_up)
		return true;
	return !probe->raw && (probe->tcb.state == TCB_CLOSED || probe->tcb.state == TCB_TIME_WAIT);
}

const uint8_t *conn_keep(struct conn *conn, const char *data, size_t len)
{
	struct written *written = malloc(sizeof(*written) + len);

	if (!written)
		return NULL;
	memcpy(written->octets, data, len);
	written->next = conn->written;
	conn->written = written;
	return written->octets;
}
