/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: the table of modes, what each one does, and the table of their options.
 * In: what happened on a connection. Out: calls of conn_*().
 */
#include "labutil.h"
#include "peer.h"

#include <string.h>

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define MS         1000000LL

static void send_back(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	conn_send(peer, conn, data, len);
}

static void close_later(struct peer *peer, struct conn *conn)
{
	conn_timer(peer, conn, conn->port->opts.after_ns);
}

static void ignore_end(struct peer *peer, struct conn *conn)
{
	conn_ignore(peer, conn);
}

/* size octets of a..z, in pieces that the stack can hold */
static void send_size(struct peer *peer, struct conn *conn)
{
	char block[4096];
	int64_t left = conn->port->opts.size;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)('a' + i % 26);
	while (left > 0) {
		size_t len = left < (int64_t)sizeof(block) ? (size_t)left : sizeof(block);

		conn_send(peer, conn, block, len);
		left -= (int64_t)len;
	}
}

/* data-then-fin: `stage` counts the pieces that are out */
static void send_piece(struct peer *peer, struct conn *conn)
{
	const struct opts *opts = &conn->port->opts;

	while (conn->stage < opts->count) {
		send_size(peer, conn);
		conn->stage++;
		if (opts->gap_ns && conn->stage < opts->count) {
			conn_timer(peer, conn, opts->gap_ns);
			return;
		}
	}
	conn_close(peer, conn);
}

static void send_greeting(struct peer *peer, struct conn *conn)
{
	static const char text[] = "220 shakedown test peer ready\r\n";

	conn_send(peer, conn, text, sizeof(text) - 1);
}

/* Whatever arrives in one read is a request: tests send theirs in one segment. */
static void answer(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	char head[64];
	int head_len =
	    snprintf(head, sizeof(head), "HTTP/1.0 200 OK\r\nContent-Length: %lld\r\n\r\n",
		     (long long)conn->port->opts.size);

	(void)data;
	(void)len;
	conn_send(peer, conn, head, (size_t)head_len);
	send_size(peer, conn);
}

static void answer_and_close(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	answer(peer, conn, data, len);
	conn_close(peer, conn);
}

static void start_over(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	(void)data;
	(void)len;
	conn_timer(peer, conn, conn->port->opts.after_ns);
}

static void leave_unread(struct peer *peer, struct conn *conn, const char *data, size_t len)
{
	conn_ignore(peer, conn);
	start_over(peer, conn, data, len);
}

/* fin-late-wait: stage 0 waits to shut down, stage 1 to let go of the descriptor */
static void shutdown_then_hold(struct peer *peer, struct conn *conn)
{
	if (conn->stage++) {
		conn_close(peer, conn);
		return;
	}
	conn_shutdown(peer, conn);
	conn_timer(peer, conn, conn->port->opts.hold_ns);
}

static const struct mode MODES[] = {
    {.name = "echo",
     .what = "sends back what it reads; closes at end of stream",
     .got = send_back,
     .ended = conn_close},
    {.name = "close", .what = "closes at once at end of stream", .ended = conn_close},
    {.name = "close-late",
     .what = "closes a while after end of stream (after=1s)",
     .defaults = {.after_ns = 1000 * MS},
     .ended = close_later,
     .timer = conn_close},
    {.name = "never", .what = "reads, but never closes", .ended = ignore_end},
    {.name = "no-read", .what = "accepts, never reads, never closes", .no_read = true},
    {.name = "no-accept",
     .what = "never accepts (backlog=1; fill=1: fills its own queue first)",
     .defaults = {.backlog = 1},
     .no_accept = true},
    {.name = "data-then-fin",
     .what = "at end of stream sends count=5 pieces of size=100, gap=0 apart, then closes",
     .defaults = {.count = 5, .size = 100},
     .ended = send_piece,
     .timer = send_piece},
    {.name = "reset-on-fin", .what = "resets at end of stream (SO_LINGER 0)", .ended = conn_reset},
    {.name = "reset-at-accept", .what = "resets at once after accept", .opened = conn_reset},
    {.name = "close-at-accept", .what = "closes at once after accept", .opened = conn_close},
    {.name = "banner",
     .what = "sends a greeting; closes at end of stream",
     .opened = send_greeting,
     .ended = conn_close},
    {.name = "half-close",
     .what = "shuts its sending side at accept, reads on; closes at end of stream",
     .opened = conn_shutdown,
     .ended = conn_close},
    {.name = "answer-close",
     .what = "answers a request (HTTP, body size=3) and closes first",
     .defaults = {.size = 3},
     .got = answer_and_close,
     .ended = conn_close},
    {.name = "answer",
     .what = "answers requests (HTTP, body size=3); closes at end of stream",
     .defaults = {.size = 3},
     .got = answer,
     .ended = conn_close},
    {.name = "idle-close",
     .what = "closes when nothing came for after=1s, or at end of stream",
     .defaults = {.after_ns = 1000 * MS},
     .opened = close_later,
     .got = start_over,
     .ended = conn_close,
     .timer = conn_close},
    {.name = "linger-unread",
     .what = "leaves the first data unread and closes (after=0) on top of it: a reset",
     .peek = true,
     .got = leave_unread,
     .ended = conn_close,
     .timer = conn_close},
    {.name = "fin-late-wait",
     .what = "shuts its sending side after=1s, holds the socket for hold=60s, closes",
     .defaults = {.after_ns = 1000 * MS, .hold_ns = 60000 * MS},
     .opened = close_later,
     .ended = ignore_end,
     .timer = shutdown_then_hold},
    {.name = "defer",
     .what = "echo behind TCP_DEFER_ACCEPT (after=5s)",
     .defaults = {.after_ns = 5000 * MS},
     .defer = true,
     .got = send_back,
     .ended = conn_close},
    {.name = "zero-window",
     .what = "never reads, with a small receive buffer (rcvbuf=2304): its window closes",
     .defaults = {.rcvbuf = 2304},
     .no_read = true},
};

static const struct {
	const char *name, *what;
	size_t at;
	bool duration;
} OPTIONS[] = {
    {"after", "a delay, see the mode", offsetof(struct opts, after_ns), true},
    {"hold", "how long the socket is held", offsetof(struct opts, hold_ns), true},
    {"gap", "between two pieces of data", offsetof(struct opts, gap_ns), true},
    {"count", "pieces of data", offsetof(struct opts, count), false},
    {"size", "octets in a piece or a body", offsetof(struct opts, size), false},
    {"backlog", "listen()'s argument", offsetof(struct opts, backlog), false},
    {"fill", "1: the queue is filled from loopback", offsetof(struct opts, fill), false},
    {"rcvbuf", "SO_RCVBUF", offsetof(struct opts, rcvbuf), false},
    {"fastopen", "TCP_FASTOPEN queue length", offsetof(struct opts, fastopen), false},
    {"linger2", "TCP_LINGER2, seconds", offsetof(struct opts, linger2_s), false},
    {"user-timeout", "TCP_USER_TIMEOUT", offsetof(struct opts, user_timeout_ns), true},
    {"keepalive", "SO_KEEPALIVE, idle and interval", offsetof(struct opts, keepalive_ns), true},
};

const struct mode *mode_find(const char *name)
{
	for (size_t i = 0; i < LEN(MODES); i++)
		if (!strcmp(MODES[i].name, name))
			return &MODES[i];
	return NULL;
}

void mode_list(FILE *to)
{
	for (size_t i = 0; i < LEN(MODES); i++)
		fprintf(to, "%-16s %s\n", MODES[i].name, MODES[i].what);
	fprintf(to, "\noptions of a port:\n");
	for (size_t i = 0; i < LEN(OPTIONS); i++)
		fprintf(to, "%-16s %s\n", OPTIONS[i].name, OPTIONS[i].what);
}

bool mode_option(struct opts *opts, const char *name, const char *value)
{
	for (size_t i = 0; i < LEN(OPTIONS); i++) {
		int64_t *field = (int64_t *)(void *)((char *)opts + OPTIONS[i].at);

		if (!strcmp(OPTIONS[i].name, name))
			return OPTIONS[i].duration ? labutil_duration(value, field)
						   : labutil_number(value, field);
	}
	return false;
}
