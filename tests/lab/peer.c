/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * peer: a kernel-socket TCP server whose way of closing is chosen per port.
 * In: PORT:MODE[,option=value...] and the connections of a test. Out: "ready" on stdout once it
 * listens (IPv4 and IPv6), a log of what its sockets saw (NDJSON), a summary at its end.
 */
#define _GNU_SOURCE 1 /* accept4() */
#include "peer.h"
#include "labutil.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	MAX_PORTS = 65536,
	MAX_ACCEPTS = 512,
	MAX_EVENTS = 512,
	DEFAULT_BACKLOG = 4096,
	LONGEST_WAIT = 100000000
};

static volatile sig_atomic_t stop_asked;

struct args {
	bool stats;
	int64_t runtime_ns;
};

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

static _Noreturn void die(const char *who, const char *why)
{
	fprintf(stderr, "peer: %s: %s\n", who, why);
	exit(1);
}

/* --- the command line --- */

static void add_ports(struct peer *peer, char *text)
{
	char *mode_name = strchr(text, ':'), *option, *save = NULL, *dash;
	int64_t low, high;
	struct port port = {0};

	if (!mode_name)
		die(text, "not PORT:MODE[,option=value...]");
	*mode_name++ = '\0';
	dash = strchr(text, '-');
	if (dash)
		*dash++ = '\0';
	if (!labutil_number(text, &low) || !labutil_number(dash ? dash : text, &high) || low < 1 ||
	    high > 65535 || low > high)
		die(text, "not a port or a range of ports");
	mode_name = strtok_r(mode_name, ",", &save);
	port.mode = mode_name ? mode_find(mode_name) : NULL;
	if (!port.mode)
		die(mode_name ? mode_name : "", "no such mode (see peer --modes)");
	port.opts = port.mode->defaults;
	while ((option = strtok_r(NULL, ",", &save))) {
		char *value = strchr(option, '=');

		if (value)
			*value++ = '\0';
		if (!value || !mode_option(&port.opts, option, value))
			die(option, "no such option, or a bad value (see peer --modes)");
	}
	for (; low <= high && peer->port_count < MAX_PORTS; low++) {
		port.number = (uint16_t)low;
		peer->ports[peer->port_count++] = port;
	}
}

static void parse(struct peer *peer, struct args *args, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--modes")) {
			mode_list(stdout);
			exit(0);
		} else if (!strcmp(argv[i], "--stats")) {
			args->stats = true;
		} else if (!strcmp(argv[i], "--log") && i + 1 < argc) {
			peer->log = fopen(argv[++i], "we");
			if (!peer->log)
				die(argv[i], strerror(errno));
			setvbuf(peer->log, NULL, _IOLBF, 0);
		} else if (!strcmp(argv[i], "--runtime") && i + 1 < argc) {
			if (!labutil_duration(argv[++i], &args->runtime_ns))
				die(argv[i], "not a duration");
		} else if (argv[i][0] == '-') {
			die(argv[i], "usage: peer [--modes] [--log FILE] [--runtime DUR] [--stats]"
				     " PORT[-PORT]:MODE[,option=value...] ...");
		} else {
			add_ports(peer, argv[i]);
		}
	}
	if (!peer->port_count)
		die("nothing to do", "say PORT:MODE (see peer --modes)");
}

/* --- listeners --- */

static void set(int fd, int level, int option, int64_t value)
{
	int number = (int)value;

	if (setsockopt(fd, level, option, &number, sizeof(number)) < 0)
		die("setsockopt", strerror(errno));
}

/* What a listener has, its connections inherit. */
static void set_options(int fd, const struct port *port)
{
	const struct opts *opts = &port->opts;

	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (opts->rcvbuf)
		set(fd, SOL_SOCKET, SO_RCVBUF, opts->rcvbuf);
	if (opts->linger2_s)
		set(fd, IPPROTO_TCP, TCP_LINGER2, opts->linger2_s);
	if (opts->user_timeout_ns)
		set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, opts->user_timeout_ns / 1000000);
	if (port->mode->defer)
		set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, (opts->after_ns + NS_PER_S - 1) / NS_PER_S);
	if (opts->keepalive_ns) {
		int64_t seconds = (opts->keepalive_ns + NS_PER_S - 1) / NS_PER_S;

		set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		set(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
		set(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
		set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	}
}

static socklen_t any_or_loopback(struct sockaddr_storage *to, int family, uint16_t port, bool loop)
{
	struct sockaddr_in *in4 = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		in4->sin_port = htons(port);
		in4->sin_addr.s_addr = htonl(loop ? INADDR_LOOPBACK : INADDR_ANY);
		return sizeof(*in4);
	}
	in6->sin6_port = htons(port);
	in6->sin6_addr = loop ? in6addr_loopback : in6addr_any;
	return sizeof(*in6);
}

/* backlog + 1 connections from ourselves: the next one finds the queue full. */
static void fill_queue(int family, const struct port *port)
{
	struct timeval limit = {.tv_usec = 500000};
	struct sockaddr_storage to;
	socklen_t len = any_or_loopback(&to, family, port->number, true);

	for (int64_t i = 0; i <= port->opts.backlog; i++) {
		int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (fd < 0 || connect(fd, (struct sockaddr *)&to, len) < 0)
			die("cannot fill the queue", strerror(errno));
	}
}

static void listen_on(struct peer *peer, size_t index, int family)
{
	const struct port *port = &peer->ports[index];
	struct epoll_event ev = {.events = EPOLLIN};
	struct sockaddr_storage at;
	socklen_t len = any_or_loopback(&at, family, port->number, false);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 && family == AF_INET6 && errno == EAFNOSUPPORT)
		return;
	if (fd < 0)
		die("socket", strerror(errno));
	set_options(fd, port);
	if (family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (port->opts.fastopen)
		set(fd, IPPROTO_TCP, TCP_FASTOPEN, port->opts.fastopen);
	if (bind(fd, (struct sockaddr *)&at, len) < 0)
		die("bind", strerror(errno));
	if (listen(fd, port->opts.backlog ? (int)port->opts.backlog : DEFAULT_BACKLOG) < 0)
		die("listen", strerror(errno));
	if (port->opts.fill)
		fill_queue(family, port);
	ev.data.u64 = (uint64_t)(index + 1) << 32 | (uint32_t)fd;
	if (!port->mode->no_accept && epoll_ctl(peer->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl", strerror(errno));
}

/* --- the loop --- */

static void accept_some(struct peer *peer, int listener, struct port *port)
{
	for (int i = 0; i < MAX_ACCEPTS; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof(from);
		int fd =
		    accept4(listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			conn_open(peer, fd, port, &from);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			/* out of descriptors, most likely: say so, and do not spin */
			fprintf(stderr, "peer: accept: %s\n", strerror(errno));
			poll(NULL, 0, 20);
		}
		return;
	}
}

static void run_timers(struct peer *peer)
{
	int64_t now_ns = labutil_now_ns(CLOCK_MONOTONIC);

	if (now_ns < peer->next_due_ns)
		return;
	peer->next_due_ns = INT64_MAX;
	for (int fd = 0; fd < peer->conn_top; fd++) {
		struct conn *conn = peer->conns[fd];

		if (!conn || !conn->due_ns)
			continue;
		if (conn->due_ns > now_ns) {
			if (conn->due_ns < peer->next_due_ns)
				peer->next_due_ns = conn->due_ns;
			continue;
		}
		conn->due_ns = 0;
		if (conn->port->mode->timer)
			conn->port->mode->timer(peer, conn);
	}
}

/* A signal can slip in just before the wait: so it is a short one. */
static int wait_ms(const struct peer *peer, int64_t end_ns)
{
	int64_t until_ns = peer->next_due_ns < end_ns ? peer->next_due_ns : end_ns;
	int64_t left_ns = until_ns - labutil_now_ns(CLOCK_MONOTONIC);

	if (left_ns > LONGEST_WAIT)
		left_ns = LONGEST_WAIT;
	return left_ns <= 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

static void serve(struct peer *peer, int64_t end_ns)
{
	static struct epoll_event events[MAX_EVENTS];

	while (!stop_asked && labutil_now_ns(CLOCK_MONOTONIC) < end_ns) {
		int n = epoll_wait(peer->epoll, events, MAX_EVENTS, wait_ms(peer, end_ns));

		for (int i = 0; i < n; i++) {
			size_t index = events[i].data.u64 >> 32;
			int fd = (int)(events[i].data.u64 & 0xffffffff);

			if (index)
				accept_some(peer, fd, &peer->ports[index - 1]);
			else if (peer->conns[fd])
				conn_event(peer, peer->conns[fd], events[i].events);
		}
		run_timers(peer);
	}
}

static void print_stats(const struct peer *peer)
{
	printf("{\"ports\":[");
	for (size_t i = 0; i < peer->port_count; i++) {
		const struct port *port = &peer->ports[i];

		printf("%s{\"port\":%u,\"mode\":\"%s\",\"accepted\":%" PRIu64 ",\"eof\":%" PRIu64
		       ",\"closed\":%" PRIu64 ",\"reset\":%" PRIu64 ",\"errors\":%" PRIu64
		       ",\"open\":%" PRIu64 ",\"data_len\":%" PRIu64 ",\"sent_len\":%" PRIu64 "}",
		       i ? "," : "", port->number, port->mode->name, port->accepted, port->eof,
		       port->closed, port->reset, port->errors,
		       port->accepted - port->closed - port->errors, port->data_len,
		       port->sent_len);
	}
	printf("]}\n");
}

static void raise_limit(struct peer *peer)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	peer->conn_limit = limit.rlim_cur > 1048576 ? 1048576 : (int)limit.rlim_cur;
	peer->conns = calloc((size_t)peer->conn_limit, sizeof(*peer->conns));
	peer->ports = calloc(MAX_PORTS, sizeof(*peer->ports));
	peer->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!peer->conns || !peer->ports || peer->epoll < 0)
		die("start", strerror(errno));
}

int main(int argc, char **argv)
{
	static struct peer peer = {.next_due_ns = INT64_MAX};
	struct args args = {.runtime_ns = 600 * NS_PER_S};
	struct sigaction action = {.sa_handler = on_signal};
	int64_t end_ns;

	raise_limit(&peer);
	parse(&peer, &args, argc, argv);
	end_ns = labutil_now_ns(CLOCK_MONOTONIC) + args.runtime_ns;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	for (size_t i = 0; i < peer.port_count; i++) {
		listen_on(&peer, i, AF_INET);
		listen_on(&peer, i, AF_INET6);
	}
	printf("ready\n");
	fflush(stdout);
	serve(&peer, end_ns);
	if (args.stats)
		print_stats(&peer);
	return 0;
}
