/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port guard: address + block of ports -> a socket that reserves one port and silently drops
 * whatever the kernel would otherwise answer with a RST. See guard.h for why this works.
 */
#include "net/guard.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* The one file of /proc that is read: this setting has no other interface. */
#define RANGE_FILE "/proc/sys/net/ipv4/ip_local_port_range"
/* The kernel's default, for where /proc is not mounted. */
#define RANGE_FIRST 32768u
#define RANGE_LAST  60999u

/* Ports below are bound by CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start). */
#define PRIVILEGED_PORTS 1024

static void read_ephemeral_range(unsigned *first, unsigned *last)
{
	FILE *file = fopen(RANGE_FILE, "re");
	unsigned low, high;

	*first = RANGE_FIRST;
	*last = RANGE_LAST;
	if (!file)
		return;
	if (fscanf(file, "%5u %5u", &low, &high) == 2 && low >= 1 && low <= high &&
	    high <= UINT16_MAX) {
		*first = low;
		*last = high;
	}
	fclose(file);
}

int guard_block_choose(struct port_block *block, uint32_t count, struct err *err)
{
	unsigned first, last;
	uint32_t size, places;
	uint64_t dice;

	assert(count > 0);
	read_ephemeral_range(&first, &last);
	size = last - first + 1;
	if (count > size)
		count = size;
	places = size - count + 1;
	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		return err_set(err, ERR_CANNOT, "guard: random numbers: %s", strerror(errno));
	block->first = (uint16_t)(first + dice % places);
	block->last = (uint16_t)(block->first + count - 1);
	block->next = block->first;
	return 0;
}

static bool drop_everything(int fd)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog program = {.len = 1, .filter = code};
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)) == 0;
}

/*
 * The second way, for kernels that keep the first for CAP_NET_ADMIN: a TCP MD5 signature (RFC 2385)
 * is demanded of every peer (a prefix of 0 bits), with a key that nobody knows. It is looked for
 * before the listener is asked, and a segment without it is dropped as silently.
 */
static bool demand_signatures(int fd, int family)
{
	struct tcp_md5sig demand = {.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX,
				    .tcpm_prefixlen = 0,
				    .tcpm_keylen = TCP_MD5SIG_MAXKEYLEN};

	demand.tcpm_addr.ss_family = (sa_family_t)family;
	return getrandom(demand.tcpm_key, TCP_MD5SIG_MAXKEYLEN, 0) == TCP_MD5SIG_MAXKEYLEN &&
	       setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &demand, sizeof(demand)) == 0;
}

/* Either way; false with errno, ENOPROTOOPT if this process can have neither. */
static bool make_deaf(int fd, int family)
{
	if (drop_everything(fd))
		return true;
	if (errno != EPERM)
		return false;
	if (demand_signatures(fd, family))
		return true;
	errno = ENOPROTOOPT;
	return false;
}

/* The address, with port 0, as bind() wants it; returns its length. */
static socklen_t socket_address(const struct ip_addr *addr, unsigned scope_ifindex,
				struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (addr->version == IP_V4) {
		struct sockaddr_in *four = (struct sockaddr_in *)out;

		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, addr->octets, sizeof(four->sin_addr));
		return sizeof(*four);
	}
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	six->sin6_family = AF_INET6;
	six->sin6_scope_id = scope_ifindex;
	memcpy(&six->sin6_addr, addr->octets, sizeof(six->sin6_addr));
	return sizeof(*six);
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

/* A TCP socket that drops everything, not bound yet; -1 with errno. Deafness comes before the bind,
 * so that there is no moment at which the listener would answer. */
static int open_deaf_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	if (make_deaf(fd, family) &&
	    (family != AF_INET6 ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0))
		return fd;
	int reason = errno;

	close(fd);
	errno = reason;
	return -1;
}

/* Binds to the block's next free port and stores it; false with errno. */
static bool bind_next(struct port_block *block, int fd, struct sockaddr_storage *address,
		      socklen_t len, uint16_t *port)
{
	uint32_t left = (uint32_t)block->last - block->first + 1;

	for (; left > 0; left--) {
		*port = block->next;
		block->next =
		    block->next == block->last ? block->first : (uint16_t)(block->next + 1);
		set_port(address, *port);
		if (bind(fd, (struct sockaddr *)address, len) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
	}
	errno = EADDRINUSE;
	return false;
}

static int refuse_bind(const struct port_block *block, const struct ip_addr *addr, uint16_t port,
		       int reason, struct err *err)
{
	char text[ADDR_TEXT_MAX];

	addr_text(addr, text);
	if (reason == EADDRNOTAVAIL)
		return err_set(err, ERR_CANNOT,
			       "%s: port guard: not an address of this host (see: ip address)",
			       text);
	if (reason == EADDRINUSE && block->first == block->last)
		return err_set(err, ERR_CANNOT,
			       "%s port %u: port guard: in use already: choose another source "
			       "port (see: ss -tan sport = %u)",
			       text, port, port);
	if (reason == EADDRINUSE)
		return err_set(err, ERR_CANNOT,
			       "%s ports %u-%u: port guard: all in use: run fewer probes at a time",
			       text, block->first, block->last);
	if (reason == EACCES && port < PRIVILEGED_PORTS)
		return err_set(err, ERR_CANNOT,
			       "%s port %u: port guard: a port under %d needs "
			       "CAP_NET_BIND_SERVICE: choose a higher source port, run as root, "
			       "or add cap_net_bind_service to the program's file capabilities",
			       text, port, PRIVILEGED_PORTS);
	return err_set(err, ERR_CANNOT, "%s port %u: port guard: %s", text, port, strerror(reason));
}

static int refuse_socket(int reason, struct err *err)
{
	if (reason == EMFILE)
		return err_set(err, ERR_CANNOT,
			       "port guard: too many open files: raise the limit (ulimit -n) or "
			       "run fewer probes at a time");
	if (reason == ENFILE)
		return err_set(err, ERR_CANNOT,
			       "port guard: the system's table of open files is full (sysctl "
			       "fs.file-max): run fewer probes at a time");
	if (reason == ENOPROTOOPT)
		return err_set(
		    err, ERR_CANNOT,
		    "port guard: this kernel keeps socket filters for CAP_NET_ADMIN and has "
		    "no TCP MD5 signatures either: it needs CONFIG_TCP_MD5SIG");
	if (reason == EAFNOSUPPORT)
		return err_set(err, ERR_CANNOT, "port guard: this kernel has no IPv6");
	return err_set(err, ERR_CANNOT, "port guard: socket: %s", strerror(reason));
}

int guard_open(struct port_block *block, const struct ip_addr *addr, unsigned scope_ifindex,
	       uint16_t *port, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len = socket_address(addr, scope_ifindex, &address);
	int fd;

	assert(addr->version != IP_NONE);
	assert(block->first <= block->next && block->next <= block->last);
	fd = open_deaf_socket(address.ss_family);
	if (fd < 0)
		return refuse_socket(errno, err);
	if (bind_next(block, fd, &address, len, port) && listen(fd, 1) == 0)
		return fd;
	int reason = errno;

	close(fd);
	return refuse_bind(block, addr, *port, reason, err);
}

const char *guard_method(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *method = NULL;

	if (fd < 0)
		return NULL;
	if (drop_everything(fd))
		method = "socket filter";
	else if (demand_signatures(fd, AF_INET))
		method = "TCP MD5 signature";
	close(fd);
	return method;
}

void guard_close(int guard)
{
	if (guard >= 0)
		close(guard);
}
