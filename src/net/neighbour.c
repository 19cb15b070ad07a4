/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours: device + next hop -> both link-layer addresses, from the kernel's own table (RFC 826,
 * RFC 4861 are its business, not ours).
 */
#include "net/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/rtnl.h"

#define DISCARD_PORT    9
#define POLL_MS         1
#define PROVOKE_EACH_NS INT64_C(1000000000) /* the kernel gives up after three seconds */

/* States in which the kernel itself would send to the address. */
#define USABLE (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

struct search {
	struct rtnl rtnl;
	struct rtnl_link link;
	const struct ip_addr *next_hop;
};

/* An empty datagram, so that the kernel looks for the neighbour. If it cannot go, nobody will
 * answer, which is said in the end. */
static void provoke(const struct search *search)
{
	const struct ip_addr *hop = search->next_hop;
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(DISCARD_PORT)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_port = htons(DISCARD_PORT),
				   .sin6_scope_id = search->link.ifindex};
	bool is_six = hop->version == IP_V6;
	int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	memcpy(&four.sin_addr, hop->octets, 4);
	memcpy(&six.sin6_addr, hop->octets, 16);
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, search->link.name,
		       (socklen_t)strlen(search->link.name) + 1) == 0)
		(void)sendto(fd, NULL, 0, 0,
			     is_six ? (const struct sockaddr *)&six
				    : (const struct sockaddr *)&four,
			     is_six ? sizeof(six) : sizeof(four));
	close(fd);
}

static int refuse(const struct search *search, int reason, const char *what, struct err *err)
{
	char text[ADDR_TEXT_MAX];

	return err_set(err, ERR_CANNOT, "%s: neighbour on %s: %s%s%s",
		       addr_text(search->next_hop, text), search->link.name, what,
		       reason ? ": " : "", reason ? strerror(reason) : "");
}

/* 1: it is known; 0: not yet; -1 with `err`. */
static int look(struct search *search, struct neighbour *out, struct err *err)
{
	struct rtnl_neighbour found;

	if (rtnl_neighbour(&search->rtnl, search->link.ifindex, search->next_hop, &found) != 0)
		return errno == ENOENT
			   ? 0
			   : refuse(search, errno, "cannot ask the kernel (netlink)", err);
	if (!found.known || !(found.state & USABLE))
		return 0;
	/* One that was known long ago is used, as the kernel would, and made to be asked again. */
	if (found.state & NUD_STALE)
		provoke(search);
	memcpy(out->theirs, found.address, sizeof(out->theirs));
	return 1;
}

static int wait_for(struct search *search, int wait_ms, struct neighbour *out, struct err *err)
{
	int64_t end = clock_monotonic_ns() + (int64_t)wait_ms * 1000000, provoked = INT64_MIN;

	for (;;) {
		int64_t now = clock_monotonic_ns();
		int found = look(search, out, err);

		if (found != 0)
			return found > 0 ? 0 : -1;
		if (now >= end)
			return refuse(search, 0, "nobody answers for it (see: ip neighbour)", err);
		if (provoked == INT64_MIN || now - provoked >= PROVOKE_EACH_NS) {
			provoke(search);
			provoked = now;
		}
		(void)poll(NULL, 0, POLL_MS);
	}
}

static int find(struct search *search, int wait_ms, struct neighbour *out, struct err *err)
{
	if (!search->link.up)
		return err_set(err, ERR_CANNOT, "%s: the device is down: sudo ip link set %s up",
			       search->link.name, search->link.name);
	if (search->link.type != ARPHRD_ETHER)
		return err_set(err, ERR_CANNOT, "%s: neighbour: not an Ethernet device",
			       search->link.name);
	memcpy(out->ours, search->link.address, sizeof(out->ours));
	return wait_for(search, wait_ms, out, err);
}

int neighbour_find(const char *device, const struct ip_addr *next_hop, int wait_ms,
		   struct neighbour *out, struct err *err)
{
	struct search search = {.next_hop = next_hop};
	int rc;

	if (rtnl_open(&search.rtnl) != 0)
		return err_set(err, ERR_CANNOT,
			       "%s: neighbour: cannot ask the kernel (netlink): %s", device,
			       strerror(errno));
	if (!*device || strlen(device) >= IF_NAMESIZE ||
	    rtnl_link(&search.rtnl, 0, device, &search.link) != 0)
		rc = err_set(err, ERR_CANNOT, "%s: no such device (see: ip link)", device);
	else
		rc = find(&search, wait_ms, out, err);
	rtnl_close(&search.rtnl);
	return rc;
}
