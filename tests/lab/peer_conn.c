/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: one connection. In: epoll events. Out: calls of its mode's handlers, octets, a way of
 * closing, and a line in the log for each thing that happened.
 */
#include "labutil.h"
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void log_head(struct peer *peer, const struct conn *conn, const char *event)
{
	fprintf(peer->log,
		"{\"time_ns\":%" PRId64 ",\"event\":\"%s\",\"port\":%u,\"mode\":\"%s\","
		"\"peer\":\"%s\",\"peer_port\":%u",
		labutil_now_ns(CLOCK_REALTIME), event, conn->port->number, conn->port->mode->name,
		conn->name, conn->name_port);
}

void conn_log(struct peer *peer, const struct conn *conn, const char *event, const char *key,
	      const char *value)
{
	if (!peer->log)
		return;
	log_head(peer, conn, event);
	if (key)
		fprintf(peer->log, ",\"%s\":\"%s\"", key, value);
	fputs("}\n", peer->log);
}

void conn_log_len(struct peer *peer, const struct conn *conn, const char *event, size_t len)
{
	if (!peer->log)
		return;
	log_head(peer, conn, event);
	fprintf(peer->log, ",\"len\":%zu}\n", len);
}

static void watch(struct peer *peer, struct conn *conn)
{
	struct epoll_event ev = {.data.u64 = (uint64_t)conn->fd};

	/* nothing new is read before the old has been sent: memory stays bounded */
	ev.events = conn->out ? EPOLLOUT : conn->watching ? EPOLLIN : 0;
	epoll_ctl(peer->epoll, EPOLL_CTL_MOD, conn->fd, &ev);
}

static void forget(struct peer *peer, struct conn *conn)
{
	close(conn->fd);
	peer->conns[conn->fd] = NULL;
	free(conn->out);
	free(conn);
}

static void fail(struct peer *peer, struct conn *conn, int error)
{
	conn->port->errors++;
	conn_log(peer, conn, "error", "error", strerror(error));
	forget(peer, conn);
}

void conn_open(struct peer *peer, int fd, struct port *port, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *in4 = (const void *)from;
	const struct sockaddr_in6 *in6 = (const void *)from;
	struct epoll_event ev = {.data.u64 = (uint64_t)fd};
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn || fd >= peer->conn_limit) {
		free(conn);
		close(fd);
		return;
	}
	conn->fd = fd;
	conn->port = port;
	conn->watching = !port->mode->no_read;
	if (from->ss_family == AF_INET)
		inet_ntop(AF_INET, &in4->sin_addr, conn->name, sizeof(conn->name));
	else
		inet_ntop(AF_INET6, &in6->sin6_addr, conn->name, sizeof(conn->name));
	conn->name_port = ntohs(from->ss_family == AF_INET ? in4->sin_port : in6->sin6_port);
	peer->conns[fd] = conn;
	if (fd >= peer->conn_top)
		peer->conn_top = fd + 1;
	ev.events = conn->watching ? EPOLLIN : 0;
	epoll_ctl(peer->epoll, EPOLL_CTL_ADD, fd, &ev);
	port->accepted++;
	conn_log(peer, conn, "accept", NULL, NULL);
	if (port->mode->opened)
		port->mode->opened(peer, conn);
}

/* Keep what the socket does not take. */
static void keep(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	char *more = realloc(conn->out, conn->out_len + len);

	if (!more)
		return;
	memcpy(more + conn->out_len, data, len);
	conn->out = more;
	conn->out_len += len;
	watch(peer, conn);
}

void conn_send(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	ssize_t n = 0;

	if (!conn->out) {
		n = send(conn->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN) {
			conn_log(peer, conn, "error", "error", strerror(errno));
			return; /* epoll tells the rest */
		}
		if (n < 0)
			n = 0;
	}
	conn->port->sent_len += len;
	conn_log_len(peer, conn, "sent", len);
	if ((size_t)n < len)
		keep(peer, conn, data + n, len - (size_t)n);
}

static void let_go(struct peer *peer, struct conn *conn, bool reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	int unread = 0;

	/* Linux resets too when it closes on top of unread data (RFC 2525, 2.17). */
	ioctl(conn->fd, FIONREAD, &unread);
	if (reset)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (reset || unread > 0)
		conn->port->reset++;
	conn->port->closed++;
	conn_log(peer, conn, "close", "how", reset || unread > 0 ? "rst" : "fin");
	forget(peer, conn);
}

void conn_close(struct peer *peer, struct conn *conn)
{
	if (conn->out) {
		conn->closing = true;
		return;
	}
	let_go(peer, conn, false);
}

void conn_reset(struct peer *peer, struct conn *conn)
{
	let_go(peer, conn, true);
}

void conn_shutdown(struct peer *peer, struct conn *conn)
{
	shutdown(conn->fd, SHUT_WR);
	conn_log(peer, conn, "shutdown", NULL, NULL);
}

void conn_ignore(struct peer *peer, struct conn *conn)
{
	conn->watching = false;
	watch(peer, conn);
}

void conn_timer(struct peer *peer, struct conn *conn, int64_t after_ns)
{
	conn->due_ns = labutil_now_ns(CLOCK_MONOTONIC) + after_ns;
	if (conn->due_ns < peer->next_due_ns)
		peer->next_due_ns = conn->due_ns;
}

static void flush(struct peer *peer, struct conn *conn)
{
	ssize_t n = send(conn->fd, conn->out + conn->out_off, conn->out_len - conn->out_off,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		conn->out_off += (size_t)n;
	if (conn->out_off < conn->out_len)
		return;
	free(conn->out);
	conn->out = NULL;
	conn->out_len = conn->out_off = 0;
	if (conn->closing)
		let_go(peer, conn, false);
	else
		watch(peer, conn);
}

static void read_some(struct peer *peer, struct conn *conn)
{
	const struct mode *mode = conn->port->mode;
	static char data[65536];
	ssize_t n = recv(conn->fd, data, sizeof(data), MSG_DONTWAIT | (mode->peek ? MSG_PEEK : 0));

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(peer, conn, errno);
		return;
	}
	if (n > 0) {
		conn->port->data_len += (uint64_t)n;
		conn_log_len(peer, conn, "data", (size_t)n);
		if (mode->got)
			mode->got(peer, conn, data, (size_t)n);
		return;
	}
	conn->port->eof++;
	conn_log(peer, conn, "eof", NULL, NULL);
	conn_ignore(peer, conn);
	if (mode->ended)
		mode->ended(peer, conn);
}

void conn_event(struct peer *peer, struct conn *conn, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (events & EPOLLERR) {
		getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		fail(peer, conn, error);
	} else if (events & EPOLLIN) {
		read_some(peer, conn);
	} else if ((events & EPOLLOUT) && conn->out) {
		flush(peer, conn);
	} else if (events & EPOLLHUP) {
		/* both directions are closed, and the mode holds on to the socket */
		epoll_ctl(peer->epoll, EPOLL_CTL_DEL, conn->fd, NULL);
	}
}
