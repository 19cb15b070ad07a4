/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwip_server: a host whose TCP is lwIP's, on a TAP device; its way of closing is chosen per port.
 * In: the device, addresses, PORT:MODE, and frames. Out: "ready" on stdout once it listens, frames,
 * a log of what its applications saw (NDJSON). lwIP runs in this one thread, as without an
 * operating system: its packaged build does that, too, as long as tcpip_init() is never called.
 */
#include "lwip_server.h"
#include "labutil.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/init.h"
#include "lwip/timeouts.h"

enum { MAX_PORTS = 64, LONGEST_WAIT_MS = 100, DOWN_WAIT_MS = 20 };

static volatile sig_atomic_t stop_asked;

struct args {
	const char *device;
	int64_t runtime_ns;
	FILE *log;
	struct lwip_port ports[MAX_PORTS];
	size_t port_count;
};

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

static _Noreturn void die(const char *who, const char *why)
{
	fprintf(stderr, "lwip_server: %s: %s\n", who, why);
	exit(1);
}

/* "10.9.0.2/24,10.9.0.1": address, length of the prefix, and the router, if there is one. */
static void add_address(struct lwip_host *host, char *text)
{
	char *save = NULL, *address = strtok_r(text, "/", &save);
	char *prefix = strtok_r(NULL, ",", &save), *gateway = strtok_r(NULL, "", &save);
	int64_t bits;

	if (!address || !prefix || !labutil_number(prefix, &bits))
		die(text, "not ADDRESS/PREFIX[,ROUTER]");
	if (strchr(address, ':')) {
		/* lwIP knows no other length */
		host->has_ip6 = bits == 64 && ip6addr_aton(address, &host->ip6) &&
				(!gateway || ip6addr_aton(gateway, &host->gateway6));
		if (!host->has_ip6)
			die(address, "not an IPv6 address with /64");
		return;
	}
	host->has_ip4 = bits >= 1 && bits <= 32 && ip4addr_aton(address, &host->ip4) &&
			(!gateway || ip4addr_aton(gateway, &host->gateway4));
	if (!host->has_ip4)
		die(address, "not an IPv4 address with its prefix");
	ip4_addr_set_u32(&host->netmask, lwip_htonl((u32_t)(0xffffffff << (32 - bits))));
}

static void add_port(struct args *args, char *text)
{
	struct lwip_port *port = &args->ports[args->port_count];
	char *mode = strchr(text, ':');
	int64_t number;

	if (args->port_count == MAX_PORTS)
		die(text, "too many ports");
	if (!mode)
		die(text, "neither PORT:MODE nor ADDRESS/PREFIX[,ROUTER]");
	*mode++ = '\0';
	if (!labutil_number(text, &number) || number < 1 || number > 65535)
		die(text, "not a port");
	port->number = (uint16_t)number;
	port->mode = lwip_mode_find(mode);
	if (!port->mode)
		die(mode, "no such mode (see lwip_server --modes)");
	args->port_count++;
}

static void parse(struct args *args, struct lwip_host *host, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--modes")) {
			lwip_mode_list(stdout);
			exit(0);
		} else if (!strcmp(argv[i], "--log") && i + 1 < argc) {
			args->log = fopen(argv[++i], "we");
			if (!args->log)
				die(argv[i], strerror(errno));
			setvbuf(args->log, NULL, _IOLBF, 0);
		} else if (!strcmp(argv[i], "--runtime") && i + 1 < argc) {
			if (!labutil_duration(argv[++i], &args->runtime_ns))
				die(argv[i], "not a duration");
		} else if (argv[i][0] == '-') {
			die(argv[i], "usage: lwip_server [--modes] [--log FILE] [--runtime DUR]"
				     " DEVICE ADDRESS/PREFIX[,ROUTER] ... PORT:MODE ...");
		} else if (!args->device) {
			args->device = argv[i];
		} else if (strchr(argv[i], '/')) {
			add_address(host, argv[i]);
		} else {
			add_port(args, argv[i]);
		}
	}
	if (!args->port_count || !(host->has_ip4 || host->has_ip6))
		die("nothing to do", "say DEVICE ADDRESS/PREFIX[,ROUTER] PORT:MODE");
}

static void start(struct args *args, struct lwip_host *host)
{
	const char *what;

	lwip_init();
	what = lwip_tap_open(host, args->device);
	if (what)
		die(what, strerror(errno));
	for (size_t i = 0; i < args->port_count; i++) {
		args->ports[i].log = args->log;
		if (!lwip_port_listen(&args->ports[i]))
			die(args->ports[i].mode->name, "cannot listen: a port twice?");
	}
	printf("ready\n");
	fflush(stdout);
}

static void serve(struct lwip_host *host, int64_t end_ns)
{
	struct pollfd wanted = {.fd = host->fd, .events = POLLIN};

	while (!stop_asked && labutil_now_ns(CLOCK_MONOTONIC) < end_ns) {
		u32_t sleep_ms = sys_timeouts_sleeptime();

		/* a signal can slip in just before the wait: so it is a short one */
		poll(&wanted, 1, sleep_ms < LONGEST_WAIT_MS ? (int)sleep_ms : LONGEST_WAIT_MS);
		if (wanted.revents & POLLERR)
			poll(NULL, 0, DOWN_WAIT_MS); /* the device is down: do not spin */
		if (!lwip_tap_read(host))
			die("the device", strerror(errno));
		sys_check_timeouts();
	}
}

int main(int argc, char **argv)
{
	static struct lwip_host host;
	static struct args args = {.runtime_ns = 600 * NS_PER_S};
	struct sigaction action = {.sa_handler = on_signal};
	int64_t end_ns;

	parse(&args, &host, argc, argv);
	end_ns = labutil_now_ns(CLOCK_MONOTONIC) + args.runtime_ns;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	start(&args, &host);
	serve(&host, end_ns);
	return 0;
}
