/* SPDX-License-Identifier: BSD-2-Clause */
/* net_selftest, the host's part: routes, names, privileges, sandbox -> TAP lines. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/guard.h"
#include "net/privilege.h"
#include "net/resolve.h"
#include "net/route.h"
#include "net/sandbox.h"
#include "net_selftest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One look-up and what must come of it. */
struct route_case {
	const char *dst, *device, *src, *gateway;
	uint32_t mtu;
	bool local;
};

static const struct route_case found[] = {
    {"127.0.0.1", "lo", "127.0.0.1", NULL, 65536, true},
    {"192.0.2.1", "lo", "192.0.2.1", NULL, 65536, true},
    {"192.0.2.2", "sdv0", "192.0.2.1", NULL, 1500, false},
    {"198.51.100.1", "sdv0", "192.0.2.1", "192.0.2.2", 1300, false},
    {"::1", "lo", "::1", NULL, 65536, true},
    {"2001:db8:0:1::1", "lo", "2001:db8:0:1::1", NULL, 65536, true},
    {"2001:db8:0:1::2", "sdv0", "2001:db8:0:1::1", NULL, 1500, false},
    {"2001:db8:0:2::1", "sdv0", "2001:db8:0:1::1", "2001:db8:0:1::2", 1400, false},
    {"198.51.100.65", "sdv0", "192.0.2.1", "2001:db8:0:1::2", 1500, false},
};

static const struct {
	const char *dst, *says;
} refused[] = {
    {"203.0.113.1", "unreachable"},     {"203.0.113.65", "blackhole"},
    {"203.0.113.129", "prohibits"},     {"198.51.100.200", "no route"},
    {"192.0.2.255", "not the address"}, {"224.0.0.1", "not the address"},
    {"0.0.0.0", "not the address"},     {"2001:db8:0:3::1", "unreachable"},
    {"2001:db8:0:4::1", "blackhole"},   {"2001:db8:0:5::1", "prohibits"},
    {"2001:db8:0:6::1", "no route"},    {"ff02::1", "not the address"},
    {"::", "not the address"},          {"fe80::1", "-I"},
};

static bool route_is(const struct route *route, const struct route_case *want)
{
	struct ip_addr src = lab_addr(want->src);
	struct ip_addr gateway = {0};

	if (want->gateway)
		gateway = lab_addr(want->gateway);
	return strcmp(route->device, want->device) == 0 && route->mtu == want->mtu &&
	       route->local == want->local && addr_equal(&route->src, &src) &&
	       route->gateway.version == gateway.version &&
	       (!want->gateway || addr_equal(&route->gateway, &gateway));
}

void check_routes(struct tap *tap)
{
	struct err err = {0};
	struct route_table *table = route_open(&err);
	struct route route;

	if (!tap_ok(tap, table, "routes: netlink opens"))
		return;
	for (size_t i = 0; i < COUNT(found); i++) {
		struct ip_addr dst = lab_addr(found[i].dst);
		int rc = route_lookup(table, &dst, &route, &err);

		if (!tap_ok(tap, rc == 0 && route_is(&route, &found[i]), "route to %s",
			    found[i].dst))
			printf("# device %s mtu %u local %d gateway IPv%d\n", route.device,
			       route.mtu, route.local, route.gateway.version);
		tap_note(&err);
	}
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct ip_addr dst = lab_addr(refused[i].dst);

		memset(&err, 0, sizeof(err));
		tap_ok(tap,
		       route_lookup(table, &dst, &route, &err) != 0 && err.class == ERR_CANNOT &&
			   strstr(err.text, refused[i].says),
		       "refused: %s", err.text);
	}
	route_close(table);
}

static bool refuses(struct route_table *table, const char *device, const char *src,
		    const char *says)
{
	struct ip_addr addr = {0};
	struct err err = {0};
	bool right;

	if (src)
		addr = lab_addr(src);
	right =
	    route_constrain(table, device, src ? &addr : NULL, &err) != 0 && strstr(err.text, says);
	tap_note(&err);
	return right;
}

/* A foreign source, although the setting lets bind() take it. */
static bool refuses_nonlocal(struct route_table *table)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_nonlocal_bind", "we");
	struct port_block block = {.first = LAB_PORT, .last = LAB_PORT, .next = LAB_PORT};
	struct ip_addr foreign = lab_addr("192.0.2.77");
	struct err err = {0};
	uint16_t port;
	int guard;

	if (!file)
		return false;
	fputs("1", file);
	fclose(file);
	guard = guard_open(&block, &foreign, 0, &port, &err); /* the trap is really there */
	guard_close(guard);
	return guard >= 0 && refuses(table, NULL, "192.0.2.77", "not an address of this host");
}

void check_route_constraints(struct tap *tap)
{
	struct err err = {0};
	struct route_table *table = route_open(&err);
	struct ip_addr src = lab_addr("127.0.0.5");
	struct ip_addr dst = lab_addr("127.0.0.1");
	struct ip_addr six = lab_addr("2001:db8:0:1::2");
	struct ip_addr link_local = lab_addr("fe80::2");
	struct route route;

	tap_ok(tap, refuses_nonlocal(table), "source: foreign, with ip_nonlocal_bind = 1: refused");
	tap_ok(tap, refuses(table, "nosuch0", NULL, "no such device"), "device: unknown: refused");
	tap_ok(tap, refuses(table, "a-name-that-is-far-too-long", NULL, "no such device"),
	       "device: name too long: refused");
	tap_ok(tap, refuses(table, "sdw0", NULL, "is down"), "device: down: refused");
	tap_ok(tap, refuses(table, NULL, "fe80::77", "-I"),
	       "source: link-local without -I: refused");
	tap_ok(tap, refuses(table, "sdv0", "fe80::77", "on this device"),
	       "source: link-local, foreign: refused");
	tap_ok(tap,
	       route_constrain(table, NULL, &src, &err) == 0 &&
		   route_lookup(table, &dst, &route, &err) == 0 && addr_equal(&route.src, &src),
	       "source: our choice of 127.0.0.0/8 is kept");
	tap_ok(tap, route_lookup(table, &six, &route, &err) != 0, "source: %s", err.text);
	memset(&err, 0, sizeof(err));
	tap_ok(tap,
	       route_constrain(table, "sdv0", NULL, &err) == 0 &&
		   route_lookup(table, &link_local, &route, &err) == 0 &&
		   strcmp(route.device, "sdv0") == 0,
	       "link-local destination with -I");
	tap_note(&err);
	memset(&err, 0, sizeof(err));
	tap_ok(tap,
	       route_constrain(table, NULL, NULL, &err) == 0 &&
		   route_lookup_scoped(table, &link_local, if_nametoindex("sdv0"), &route, &err) ==
		       0 &&
		   strcmp(route.device, "sdv0") == 0,
	       "link-local destination with %%sdv0");
	tap_note(&err);
	route_close(table);
}

void check_resolve(struct tap *tap)
{
	struct ip_addr got, want = lab_addr("2001:db8::1");
	struct err err = {0};
	unsigned scope;

	tap_ok(tap,
	       resolve_host("2001:db8::1", IP_NONE, &got, &scope, &err) == 0 &&
		   addr_equal(&got, &want) && scope == 0,
	       "resolve: a literal");
	tap_ok(tap,
	       resolve_host("fe80::1%sdv0", IP_V6, &got, &scope, &err) == 0 &&
		   got.version == IP_V6 && scope == if_nametoindex("sdv0"),
	       "resolve: a literal with its link");
	tap_ok(tap, resolve_host("192.0.2.1", IP_V6, &got, &scope, &err) != 0, "resolve: %s",
	       err.text);
	memset(&err, 0, sizeof(err));
	tap_ok(tap, resolve_host("fe80::1%nosuch0", IP_NONE, &got, &scope, &err) != 0,
	       "resolve: %s", err.text);
	memset(&err, 0, sizeof(err));
	tap_ok(tap, resolve_host("", IP_NONE, &got, &scope, &err) != 0, "resolve: nothing%s",
	       err.text);
}

/* A line of /proc/self/status, as a number in this base. */
static unsigned long long status_value(const char *key, int base)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long value = 12345;
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoull(line + strlen(key), NULL, base);
	}
	if (file)
		fclose(file);
	return value;
}

static bool is_denied(int rc)
{
	if (rc < 0)
		return errno == EPERM;
	close(rc);
	return false;
}

static void check_denials(struct tap *tap)
{
	int fd;
	void *memory;

	tap_ok(tap, is_denied(open("/tmp/net_selftest.out", O_WRONLY | O_CREAT, 0600)),
	       "sandbox: no new file");
	tap_ok(tap, is_denied(socket(AF_UNIX, SOCK_STREAM, 0)), "sandbox: no Unix socket");
	tap_ok(tap, is_denied(fork()), "sandbox: no new process");
	memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tap_ok(tap, memory == MAP_FAILED, "sandbox: no executable memory");
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	tap_ok(tap, fd >= 0, "sandbox: files can be read");
	if (fd >= 0)
		close(fd);
}

/* What the loop does all the time: guards, look-ups, counters. */
static void check_loop_works(struct tap *tap, struct sender *sender, struct route_table *table,
			     struct capture *lo, struct capture *veth)
{
	struct port_block block = {.first = LAB_PORT, .last = LAB_PORT + 3, .next = LAB_PORT};
	struct ip_addr dst = lab_addr("192.0.2.2");
	struct capture_stats stats;
	struct route route;
	struct err err = {0};

	tap_ok(tap,
	       lab_exchange_works(sender, veth, IP_V4) && lab_exchange_works(sender, veth, IP_V6),
	       "sending and capturing work");
	check_guard(tap, sender, lo, block, IP_V4);
	check_guard(tap, sender, lo, block, IP_V6);
	tap_ok(tap, route_lookup(table, &dst, &route, &err) == 0, "routes are looked up");
	capture_statistics(veth, &stats);
	tap_ok(tap, stats.received > 0, "the capture counts");
	tap_note(&err);
}

void check_unprivileged(struct tap *tap, struct sender *sender)
{
	struct capture *veth = lab_capture("sdv0", LAB_PORT, LAB_PORT, true);
	struct capture *lo = lab_capture("lo", LAB_PORT, LAB_PORT + 3, true);
	struct err err = {0};
	struct route_table *table = route_open(&err);
	unsigned long files = privilege_raise_files(100);

	if (!tap_ok(tap, veth && lo && table, "two captures and a route table are open"))
		return;
	tap_ok(tap, files >= 100, "limits: %lu open files", files);
	if (!tap_ok(tap, privilege_drop(false, &err) == 0, "privileges: given up"))
		tap_note(&err);
	tap_ok(tap,
	       status_value("CapEff:", 16) == 0 && status_value("CapPrm:", 16) == 0 &&
		   status_value("CapInh:", 16) == 0 && status_value("CapAmb:", 16) == 0 &&
		   status_value("CapBnd:", 16) == 0 && status_value("NoNewPrivs:", 10) == 1,
	       "privileges: none is left in any set, and none can come back");
	tap_ok(tap, is_denied(socket(AF_PACKET, SOCK_RAW, 0)), "privileges: no new packet socket");
	tap_ok(tap, privilege_check(&err) != 0, "privileges: %s", err.text);
	memset(&err, 0, sizeof(err));
	printf("# without privileges\n");
	check_loop_works(tap, sender, table, lo, veth);
	tap_ok(tap, sandbox_enter(SANDBOX_PLAIN, &err) == 0, "sandbox: entered%s", err.text);
	if (sandbox_is_built())
		check_denials(tap);
	printf("# in the sandbox\n");
	check_loop_works(tap, sender, table, lo, veth);
	route_close(table);
	capture_close(lo);
	capture_close(veth);
}
