/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtnetlink: question -> answer, over libmnl. In: a device or a destination. Out: what RTM_GETLINK,
 * RTM_GETROUTE and RTM_GETNEIGH say about it; or the destinations of all routes and rules.
 */
#include "net/rtnl.h"

#include <assert.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_MAX     32768
#define REQUEST_MAX    256
#define STALE_MAX      8     /* answers to earlier requests that are passed over */
#define DUMP_READS_MAX 65536 /* of ANSWER_MAX at most: many millions of routes */
#define ANSWER_WAIT_S  2     /* the kernel answers at once; this is for when it never does */

int rtnl_open(struct rtnl *rtnl)
{
	struct timeval wait = {.tv_sec = ANSWER_WAIT_S};

	rtnl->seq = 0;
	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket)
		return -1;
	if (mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(rtnl->socket), SOL_SOCKET, SO_RCVTIMEO, &wait,
		       sizeof(wait)) == 0)
		return 0;
	int reason = errno;

	rtnl_close(rtnl);
	errno = reason;
	return -1;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	rtnl->socket = NULL;
}

/* One question, one answer. */
static int ask(struct rtnl *rtnl, struct nlmsghdr *request, mnl_cb_t parse, void *arg)
{
	alignas(struct nlmsghdr) char answer[ANSWER_MAX];
	unsigned port = mnl_socket_get_portid(rtnl->socket);

	request->nlmsg_flags = NLM_F_REQUEST;
	request->nlmsg_seq = ++rtnl->seq;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -1;
	for (int i = 0; i < STALE_MAX; i++) {
		ssize_t len = mnl_socket_recvfrom(rtnl->socket, answer, sizeof(answer));

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			errno = errno == EAGAIN ? ETIMEDOUT : errno;
			return -1;
		}
		if (mnl_cb_run(answer, (size_t)len, rtnl->seq, port, parse, arg) >= 0)
			return 0;
		if (errno != EPROTO) /* that is: an answer to an earlier request */
			return -1;
	}
	errno = EPROTO;
	return -1;
}

/* (libmnl's loop macros do not compile under this project's warnings; its callbacks do.) */
static int read_link_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_link *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME)
		snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(attr));
	else if (mnl_attr_get_type(attr) == IFLA_MTU)
		link->mtu = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == IFLA_ADDRESS &&
		 mnl_attr_get_payload_len(attr) == sizeof(link->address))
		memcpy(link->address, mnl_attr_get_payload(attr), sizeof(link->address));
	return MNL_CB_OK;
}

static int parse_link(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct rtnl_link *link = arg;

	link->ifindex = (unsigned)info->ifi_index;
	link->type = info->ifi_type;
	link->up = (info->ifi_flags & IFF_UP) != 0;
	mnl_attr_parse(message, sizeof(*info), read_link_attr, link);
	return MNL_CB_STOP;
}

int rtnl_link(struct rtnl *rtnl, unsigned ifindex, const char *name, struct rtnl_link *out)
{
	alignas(struct nlmsghdr) char buffer[REQUEST_MAX];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	memset(out, 0, sizeof(*out));
	request->nlmsg_type = RTM_GETLINK;
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)ifindex;
	if (!ifindex)
		mnl_attr_put_strz(request, IFLA_IFNAME, name);
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return ask(rtnl, request, parse_link, out);
}

static void read_addr(const uint8_t *octets, size_t len, struct ip_addr *out)
{
	if (len != 4 && len != 16)
		return;
	memset(out, 0, sizeof(*out));
	out->version = len == 4 ? IP_V4 : IP_V6;
	memcpy(out->octets, octets, len);
}

/* A gateway of the other IP version (struct rtvia): the address behind its family. */
static void read_via(const uint8_t *octets, size_t len, struct ip_addr *out)
{
	size_t offset = offsetof(struct rtvia, rtvia_addr);

	if (len > offset)
		read_addr(octets + offset, len - offset, out);
}

static int read_metric(const struct nlattr *attr, void *arg)
{
	uint32_t *mtu = arg;

	if (mnl_attr_get_type(attr) == RTAX_MTU)
		*mtu = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int read_route_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_route *route = arg;
	const uint8_t *octets = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	switch (mnl_attr_get_type(attr)) {
	case RTA_OIF:
		route->ifindex = mnl_attr_get_u32(attr);
		break;
	case RTA_PREFSRC:
		read_addr(octets, len, &route->src);
		break;
	case RTA_GATEWAY:
		read_addr(octets, len, &route->gateway);
		break;
	case RTA_VIA:
		read_via(octets, len, &route->gateway);
		break;
	case RTA_METRICS:
		mnl_attr_parse_nested(attr, read_metric, &route->mtu);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int parse_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct rtnl_route *route = arg;

	route->type = header->rtm_type;
	mnl_attr_parse(message, sizeof(*header), read_route_attr, route);
	return MNL_CB_STOP;
}

int rtnl_route(struct rtnl *rtnl, const struct ip_addr *dst, unsigned ifindex,
	       const struct ip_addr *src, struct rtnl_route *out)
{
	alignas(struct nlmsghdr) char buffer[REQUEST_MAX];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	size_t len = dst->version == IP_V4 ? 4 : 16;

	memset(out, 0, sizeof(*out));
	request->nlmsg_type = RTM_GETROUTE;
	header->rtm_family = dst->version == IP_V4 ? AF_INET : AF_INET6;
	header->rtm_dst_len = (unsigned char)(len * 8);
	mnl_attr_put(request, RTA_DST, len, dst->octets);
	if (ifindex)
		mnl_attr_put_u32(request, RTA_OIF, ifindex);
	if (src && src->version != IP_NONE) {
		header->rtm_src_len = header->rtm_dst_len;
		mnl_attr_put(request, RTA_SRC, len, src->octets);
	}
	return ask(rtnl, request, parse_route, out);
}

/* --- all destinations --- */

struct dump {
	enum ip_version version;
	void (*take)(void *arg, const struct rtnl_prefix *prefix);
	void *arg;
	struct ip_addr addr; /* of the present message */
};

static int read_dst(const struct nlattr *attr, void *arg)
{
	struct dump *dump = arg;

	static_assert((int)FRA_DST == (int)RTA_DST, "one reader for routes and rules");
	if (mnl_attr_get_type(attr) == RTA_DST)
		read_addr(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), &dump->addr);
	return MNL_CB_OK;
}

/* A rule's header (struct fib_rule_hdr) begins as a route's, and is as long. A kernel without IPv6
 * answers for other families, hence the look at the version. */
static int parse_dst(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct dump *dump = arg;

	static_assert(sizeof(struct fib_rule_hdr) == sizeof(struct rtmsg), "one header");
	dump->addr.version = IP_NONE;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) || header->rtm_dst_len == 0 ||
	    header->rtm_family != (dump->version == IP_V4 ? AF_INET : AF_INET6))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*header), read_dst, dump);
	if (dump->addr.version == dump->version)
		dump->take(dump->arg,
			   &(struct rtnl_prefix){.addr = dump->addr, .len = header->rtm_dst_len});
	return MNL_CB_OK;
}

/* One question, answers to the end. */
static int read_dump(struct rtnl *rtnl, uint16_t type, struct dump *dump)
{
	alignas(struct nlmsghdr) char buffer[ANSWER_MAX];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	unsigned port = mnl_socket_get_portid(rtnl->socket);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = ++rtnl->seq;
	header->rtm_family = dump->version == IP_V4 ? AF_INET : AF_INET6;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -1;
	for (int i = 0; i < DUMP_READS_MAX; i++) {
		ssize_t len = mnl_socket_recvfrom(rtnl->socket, buffer, sizeof(buffer));
		int rc;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0) {
			errno = errno == EAGAIN ? ETIMEDOUT : errno;
			return -1;
		}
		rc = mnl_cb_run(buffer, (size_t)len, rtnl->seq, port, parse_dst, dump);
		if (rc <= MNL_CB_STOP)
			return rc;
	}
	errno = EOVERFLOW;
	return -1;
}

int rtnl_prefixes(enum ip_version version, void (*take)(void *arg, const struct rtnl_prefix *),
		  void *arg)
{
	static const uint16_t types[] = {RTM_GETROUTE, RTM_GETRULE};
	struct dump dump = {.version = version, .take = take, .arg = arg};
	int rc = 0, reason = 0;

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]) && rc == 0; i++) {
		struct rtnl rtnl; /* a new one: of a dump that failed, the rest would be in it */

		if (rtnl_open(&rtnl) != 0)
			return -1;
		rc = read_dump(&rtnl, types[i], &dump);
		reason = errno;
		rtnl_close(&rtnl);
		/* no rules, or no such IP version, in this kernel */
		if (rc < 0 && (reason == EOPNOTSUPP || reason == EAFNOSUPPORT))
			rc = 0;
	}
	errno = reason;
	return rc;
}

/* --- neighbours --- */

static int read_neighbour_attr(const struct nlattr *attr, void *arg)
{
	struct rtnl_neighbour *neighbour = arg;

	if (mnl_attr_get_type(attr) != NDA_LLADDR ||
	    mnl_attr_get_payload_len(attr) != sizeof(neighbour->address))
		return MNL_CB_OK;
	memcpy(neighbour->address, mnl_attr_get_payload(attr), sizeof(neighbour->address));
	neighbour->known = true;
	return MNL_CB_OK;
}

static int parse_neighbour(const struct nlmsghdr *message, void *arg)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	struct rtnl_neighbour *neighbour = arg;

	neighbour->state = header->ndm_state;
	mnl_attr_parse(message, sizeof(*header), read_neighbour_attr, neighbour);
	return MNL_CB_STOP;
}

int rtnl_neighbour(struct rtnl *rtnl, unsigned ifindex, const struct ip_addr *addr,
		   struct rtnl_neighbour *out)
{
	alignas(struct nlmsghdr) char buffer[REQUEST_MAX];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));

	memset(out, 0, sizeof(*out));
	request->nlmsg_type = RTM_GETNEIGH;
	header->ndm_family = addr->version == IP_V4 ? AF_INET : AF_INET6;
	header->ndm_ifindex = (int)ifindex;
	mnl_attr_put(request, NDA_DST, addr->version == IP_V4 ? 4 : 16, addr->octets);
	return ask(rtnl, request, parse_neighbour, out);
}
