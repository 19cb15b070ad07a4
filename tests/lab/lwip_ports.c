/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwip_server's ports: connections of lwIP -> greetings, echoes, answers and ways of closing, by
 * the port's mode. lwIP calls back; a callback that has aborted its connection must say ERR_ABRT.
 */
#include "lwip_server.h"

#include <stdlib.h>
#include <string.h>

#include "lwip/tcp.h"
#include "lwip/timeouts.h"

struct conn {
	const struct lwip_port *port;
	struct tcp_pcb *pcb;
	struct pbuf *owed; /* to be echoed still */
	uint16_t from_port;
	unsigned blank; /* octets of "\r\n\r\n" seen in a row */
	bool eof;
};

static const struct lwip_mode modes[] = {
    {.name = "close",
     .meaning = "throws data away, closes soon after the end of stream, as from another thread",
     .close_after_ms = 5},
    {.name = "close-now", .meaning = "closes from the very callback that tells the end of stream"},
    {.name = "echo", .meaning = "sends all back, closes at the end of stream", .echo = true},
    {.name = "greet",
     .meaning = "speaks first, then as close-now",
     .greeting = "220 lwIP is here\r\n"},
    {.name = "banner",
     .meaning = "speaks first and closes first",
     .greeting = "lwIP was here\r\n",
     .close_greeted = true},
    {.name = "http",
     .meaning = "answers a request, whatever it is, and closes",
     .answer = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"},
    {.name = "abort", .meaning = "resets at the end of stream", .abort_at_eof = true},
    {.name = "never", .meaning = "never closes", .deaf_to_eof = true},
};

enum { MODES = sizeof(modes) / sizeof(modes[0]) };

const struct lwip_mode *lwip_mode_find(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

void lwip_mode_list(FILE *out)
{
	for (size_t i = 0; i < MODES; i++)
		fprintf(out, "%-8s %s\n", modes[i].name, modes[i].meaning);
}

static void log_event(const struct conn *conn, const char *event, unsigned len)
{
	const struct lwip_port *port = conn->port;

	if (port->log)
		fprintf(port->log,
			"{\"event\":\"%s\",\"port\":%u,\"from_port\":%u,\"data_len\":%u}\n", event,
			port->number, conn->from_port, len);
}

static void close_late(void *arg);

/* lwIP keeps the connection until TCP is done with it, but nobody here knows it any more. */
static void forget(struct conn *conn)
{
	sys_untimeout(close_late, conn);
	if (conn->pcb) {
		tcp_arg(conn->pcb, NULL);
		tcp_recv(conn->pcb, NULL);
		tcp_sent(conn->pcb, NULL);
		tcp_err(conn->pcb, NULL);
	}
	if (conn->owed)
		pbuf_free(conn->owed);
	free(conn);
}

static err_t abort_conn(struct conn *conn)
{
	struct tcp_pcb *pcb = conn->pcb;

	log_event(conn, "abort", 0);
	forget(conn);
	tcp_abort(pcb);
	return ERR_ABRT;
}

static err_t close_conn(struct conn *conn)
{
	struct tcp_pcb *pcb = conn->pcb;

	log_event(conn, "close", 0);
	forget(conn);
	if (tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

static void close_late(void *arg)
{
	close_conn(arg);
}

/* As much of what is owed as fits; the window opens for as much. */
static err_t pay(struct conn *conn)
{
	while (conn->owed && tcp_sndbuf(conn->pcb)) {
		u16_t len = conn->owed->len;

		if (len > tcp_sndbuf(conn->pcb))
			len = (u16_t)tcp_sndbuf(conn->pcb);
		if (tcp_write(conn->pcb, conn->owed->payload, len, TCP_WRITE_FLAG_COPY) != ERR_OK)
			break; /* its queue is full: when something is acknowledged, again */
		tcp_recved(conn->pcb, len);
		conn->owed = pbuf_free_header(conn->owed, len);
	}
	tcp_output(conn->pcb);
	return conn->eof && !conn->owed ? close_conn(conn) : ERR_OK;
}

static err_t say(struct conn *conn, const char *text, bool then_close)
{
	if (tcp_write(conn->pcb, text, (u16_t)strlen(text), TCP_WRITE_FLAG_COPY) != ERR_OK)
		return abort_conn(conn);
	if (then_close)
		return close_conn(conn);
	tcp_output(conn->pcb);
	return ERR_OK;
}

/* Does an empty line end in this data? */
static bool request_ends(struct conn *conn, const struct pbuf *data)
{
	static const char end[] = "\r\n\r\n";

	for (; data; data = data->next) {
		const char *octets = data->payload;

		for (u16_t i = 0; i < data->len && conn->blank < sizeof(end) - 1; i++) {
			if (octets[i] == end[conn->blank])
				conn->blank++;
			else
				conn->blank = octets[i] == '\r';
		}
	}
	return conn->blank == sizeof(end) - 1;
}

static err_t on_data(struct conn *conn, struct pbuf *data)
{
	const struct lwip_mode *mode = conn->port->mode;
	bool answer = mode->answer && request_ends(conn, data);

	log_event(conn, "data", data->tot_len);
	if (mode->echo) {
		if (conn->owed)
			pbuf_cat(conn->owed, data);
		else
			conn->owed = data;
		return pay(conn);
	}
	tcp_recved(conn->pcb, data->tot_len);
	pbuf_free(data);
	return answer ? say(conn, mode->answer, true) : ERR_OK;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t err)
{
	struct conn *conn = arg;

	(void)pcb;
	(void)err;
	if (data)
		return on_data(conn, data);
	log_event(conn, "eof", 0);
	conn->eof = true;
	if (conn->port->mode->abort_at_eof)
		return abort_conn(conn);
	if (conn->port->mode->deaf_to_eof || conn->owed)
		return ERR_OK;
	if (!conn->port->mode->close_after_ms)
		return close_conn(conn);
	sys_timeout(conn->port->mode->close_after_ms, close_late, conn);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct conn *conn = arg;

	(void)pcb;
	(void)len;
	return conn->owed ? pay(conn) : ERR_OK;
}

/* The connection is gone already: reset, or given up. */
static void on_error(void *arg, err_t err)
{
	struct conn *conn = arg;

	log_event(conn, err == ERR_RST ? "reset" : "error", 0);
	conn->pcb = NULL;
	forget(conn);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	const struct lwip_port *port = arg;
	struct conn *conn;

	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	conn = calloc(1, sizeof(*conn));
	if (!conn)
		return ERR_MEM;
	conn->port = port;
	conn->pcb = pcb;
	conn->from_port = pcb->remote_port;
	tcp_arg(pcb, conn);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_nagle_disable(pcb);
	log_event(conn, "accept", 0);
	return port->mode->greeting ? say(conn, port->mode->greeting, port->mode->close_greeted)
				    : ERR_OK;
}

bool lwip_port_listen(struct lwip_port *port)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY), *listener;

	if (!pcb)
		return false;
	if (tcp_bind(pcb, IP_ANY_TYPE, port->number) != ERR_OK ||
	    !(listener = tcp_listen_with_backlog(pcb, TCP_DEFAULT_LISTEN_BACKLOG))) {
		tcp_abort(pcb);
		return false;
	}
	tcp_arg(listener, port);
	tcp_accept(listener, on_accept);
	return true;
}
