/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_client: connections by the kernel's sockets, as fast as one thread can: the peer of the
 * census. Each is opened, shut down for writing as soon as it is established, read to its end and
 * closed; one to each address of a span, in turn. In: NETWORK/PREFIX PORT COUNT IN-FLIGHT. Out: one
 * line of JSON. bench_census.py runs it beside `shakedown scan --close-census`; see there.
 *
 * Six system calls a connection, and what is shared of epoll_wait(): each descriptor is named to
 * epoll once, edge-triggered, for all that it will ever tell, and forgotten by its close. Nothing
 * is allocated. The kernel chooses source address and port in connect(), by the whole 4-tuple:
 * bind() with IP_BIND_ADDRESS_NO_PORT would come to the same with two calls more.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS     5
#define IN_FLIGHT_MAX 4096
#define DESCRIPTORS   (IN_FLIGHT_MAX + 16)
#define EVENTS        512
#define SILENCE_MS    5000
#define READS_MAX     64

struct client {
	struct sockaddr_in to;
	uint32_t network, hosts; /* host byte order; addresses in the span, a power of two */
	uint64_t count, begun, done, failed;
	unsigned in_flight, live;
	int epoll;
	bool shut[DESCRIPTORS]; /* the descriptor's connection was established, and shut down */
};

static void close_one(struct client *client, int fd, bool failed)
{
	close(fd); /* epoll forgets it too */
	client->live--;
	client->done++;
	client->failed += failed;
}

/* False: no more can be begun now, or ever. */
static bool begin(struct client *client)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLIN | EPOLLRDHUP | EPOLLET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || fd >= DESCRIPTORS) {
		perror("kernel_client: socket");
		exit(EXIT_FAILURE);
	}
	client->to.sin_addr.s_addr =
	    htonl(client->network + (uint32_t)(client->begun++ & (client->hosts - 1)));
	client->shut[fd] = false;
	client->live++;
	event.data.fd = fd;
	if (connect(fd, (struct sockaddr *)&client->to, sizeof(client->to)) < 0 &&
	    errno != EINPROGRESS) {
		close_one(client, fd, true);
		return false;
	}
	if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		perror("kernel_client: epoll_ctl");
		exit(EXIT_FAILURE);
	}
	return true;
}

static void read_to_end(struct client *client, int fd)
{
	static char octets[4096];

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = read(fd, octets, sizeof(octets));

		if (n > 0)
			continue;
		if (n == 0 || errno != EAGAIN)
			close_one(client, fd, n < 0);
		return;
	}
	close_one(client, fd, true); /* it does not end */
}

static void happened(struct client *client, int fd, uint32_t events)
{
	if (events & EPOLLERR) {
		close_one(client, fd, true);
		return;
	}
	if (!client->shut[fd] && (events & EPOLLOUT)) {
		client->shut[fd] = true;
		if (shutdown(fd, SHUT_WR) < 0) {
			close_one(client, fd, true);
			return;
		}
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
		read_to_end(client, fd);
}

static void run(struct client *client)
{
	static struct epoll_event events[EVENTS];

	while (client->done < client->count) {
		int n;

		while (client->begun < client->count && client->live < client->in_flight &&
		       begin(client))
			;
		n = epoll_wait(client->epoll, events, EVENTS, SILENCE_MS);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		for (int i = 0; i < n; i++)
			happened(client, events[i].data.fd, events[i].events);
	}
	client->failed += client->count - client->done;
}

static bool parse(struct client *client, int argc, char **argv)
{
	char *slash = argc == ARGUMENTS ? strchr(argv[1], '/') : NULL;
	long prefix = slash ? strtol(slash + 1, NULL, 10) : -1;
	struct in_addr network;

	if (prefix < 1 || prefix > 32)
		return false;
	*slash = '\0';
	if (inet_pton(AF_INET, argv[1], &network) != 1)
		return false;
	client->network = ntohl(network.s_addr);
	client->hosts = UINT32_C(1) << (32 - prefix);
	client->to.sin_family = AF_INET;
	client->to.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
	client->count = strtoull(argv[3], NULL, 10);
	client->in_flight = (unsigned)strtoul(argv[4], NULL, 10);
	return client->in_flight >= 1 && client->in_flight <= IN_FLIGHT_MAX;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct client client;
	struct rlimit limit = {.rlim_cur = DESCRIPTORS, .rlim_max = DESCRIPTORS};
	double start;

	if (!parse(&client, argc, argv)) {
		fprintf(stderr, "kernel_client NETWORK/PREFIX PORT COUNT IN-FLIGHT\n");
		return EXIT_FAILURE;
	}
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	client.epoll = epoll_create1(EPOLL_CLOEXEC);
	start = now_s();
	run(&client);
	printf("{\"connections\": %" PRIu64 ", \"failures\": %" PRIu64 ", \"seconds\": %.6f}\n",
	       client.count, client.failed, now_s() - start);
	return client.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
