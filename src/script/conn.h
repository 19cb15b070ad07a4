/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A script's connection: a probe on the stage, the log of what came, and numbers relative to the
 * initial ones. Outlives its probe, of which it keeps a copy.
 */
#ifndef SHAKEDOWN_SCRIPT_CONN_H
#define SHAKEDOWN_SCRIPT_CONN_H

#include "script/stage.h"

#define CONN_DATA_MAX 512  /* octets of data kept of a segment */
#define CONN_LOG_MAX  8192 /* segments */

struct logged {
	struct packet packet; /* its data are `data` */
	int64_t stamp_ns;
	int64_t since_ours_ns; /* since the latest segment of ours; -1: there was none */
	enum tcb_note note;
	uint8_t data[];
};

struct conn {
	void *run; /* whose it is */
	struct plan plan;
	struct probe *probe; /* on the stage, or the copy; NULL: it never came so far */
	uint32_t handle;
	bool live; /* on the stage */
	bool capture_dropped;
	char *error;
	struct logged **log;
	uint32_t count, room;
	int64_t first_ns, ours_ns; /* stamps: of the first segment; of our latest */
	struct written {
		struct written *next;
		uint8_t octets[];
	} * written; /* what write() was given, for retransmission */
};

/* NULL: no memory. */
struct conn *conn_new(void *run);
void conn_free(struct conn *conn);

/* The stage's news. */
void conn_seen(struct conn *conn, const struct packet *packet, int64_t stamp_ns, bool ours);
void conn_ended(struct conn *conn, const struct probe *probe, const char *error,
		bool capture_dropped);

/* The log is the script's, and needed no longer than it runs. */
void conn_forget_log(struct conn *conn);

/* Timelines are needed only where they are shown. */
void conn_forget_timeline(struct conn *conn);

/* Is the server's initial number known? */
bool conn_synchronized(const struct conn *conn);

/* Relative numbers, as scripts have them, and back. */
int64_t conn_relative_ours(const struct conn *conn, uint32_t seq);
int64_t conn_relative_theirs(const struct conn *conn, uint32_t seq);
uint32_t conn_absolute_ours(const struct conn *conn, int64_t seq);
uint32_t conn_absolute_theirs(const struct conn *conn, int64_t seq);

/* Closed, reset or given up: nothing more comes by itself. */
bool conn_over(const struct conn *conn);

/* A copy of the data that lives as long as the connection; NULL: no memory. */
const uint8_t *conn_keep(struct conn *conn, const char *data, size_t len);

#endif
