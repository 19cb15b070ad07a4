/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: a kernel-socket TCP server whose way of closing is chosen per port.
 * Shared by peer.c (command line, listeners, loop), peer_conn.c (one connection: reading,
 * sending, closing, the log) and peer_modes.c (the table of modes, and what each one does).
 */
#ifndef LAB_PEER_H
#define LAB_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct peer;
struct conn;

/* The options of a port; durations in ns. A mode brings its own defaults. */
struct opts {
	int64_t after_ns, hold_ns, gap_ns;
	int64_t count, size, backlog, fill, rcvbuf;
	int64_t fastopen, linger2_s, user_timeout_ns, keepalive_ns;
};

/* What a port does. Handlers that are NULL do nothing; `got` gets what was read. */
struct mode {
	const char *name, *what;
	struct opts defaults;
	bool no_accept; /* nobody accepts: connections stay in the kernel's queue */
	bool no_read;   /* nothing is ever read */
	bool peek;      /* incoming data is noticed, but left in the socket */
	bool defer;     /* TCP_DEFER_ACCEPT for after_ns */
	void (*opened)(struct peer *peer, struct conn *conn);
	void (*got)(struct peer *peer, struct conn *conn, const char *data, size_t len);
	void (*ended)(struct peer *peer, struct conn *conn);
	void (*timer)(struct peer *peer, struct conn *conn);
};

struct port {
	uint16_t number;
	const struct mode *mode;
	struct opts opts;
	uint64_t accepted, eof, closed, reset, errors, data_len, sent_len;
};

struct conn {
	int fd;
	struct port *port;
	char name[INET6_ADDRSTRLEN];
	uint16_t name_port;
	bool watching;      /* wants to read */
	bool closing;       /* closes as soon as `out` is empty */
	int64_t due_ns;     /* CLOCK_MONOTONIC; 0: no timer */
	unsigned int stage; /* the mode's own */
	char *out;          /* what the socket would not take yet */
	size_t out_len, out_off;
};

struct peer {
	int epoll;
	FILE *log;
	struct port *ports;
	size_t port_count;
	struct conn **conns; /* by descriptor */
	int conn_limit, conn_top;
	int64_t next_due_ns; /* INT64_MAX: none */
};

/* peer_conn.c */
void conn_open(struct peer *peer, int fd, struct port *port, const struct sockaddr_storage *from);
void conn_event(struct peer *peer, struct conn *conn, uint32_t events);
void conn_send(struct peer *peer, struct conn *conn, const char *data, size_t len);
void conn_close(struct peer *peer, struct conn *conn); /* after all of `out` has gone */
void conn_reset(struct peer *peer, struct conn *conn); /* now, with a RST */
void conn_shutdown(struct peer *peer, struct conn *conn);
void conn_ignore(struct peer *peer, struct conn *conn); /* reads no more */
void conn_timer(struct peer *peer, struct conn *conn, int64_t after_ns);
void conn_log(struct peer *peer, const struct conn *conn, const char *event, const char *key,
	      const char *value);
void conn_log_len(struct peer *peer, const struct conn *conn, const char *event, size_t len);

/* peer_modes.c */
const struct mode *mode_find(const char *name);
void mode_list(FILE *to);
bool mode_option(struct opts *opts, const char *name, const char *value);

#endif
