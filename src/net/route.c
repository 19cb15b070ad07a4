/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routes: destination -> device, source address, gateway, MTU, as the kernel's own look-up
 * answers. Rules, policy routing and learnt path MTUs are therefore all in the answer.
 */
#include "net/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtnl.h"

#define LOOPBACK_IFINDEX 1 /* in every network namespace */

struct route_table {
	struct rtnl rtnl;
	unsigned only_ifindex;   /* 0: any */
	struct ip_addr only_src; /* IP_NONE: the kernel's choice */
	struct rtnl_link *links; /* every device that was asked for */
	size_t link_count;
	const char *refusal; /* of the last look-up: what is wrong with its destination */
};

/* What the kernel's errno of a look-up means. */
static const struct {
	int reason;
	const char *text, *more;
} refusals[] = {
    {ENETUNREACH, "no route to it", " (see: ip route)"},
    {EHOSTUNREACH, "a route of this host says that it is unreachable", " (see: ip route)"},
    {EACCES, "a route or rule of this host prohibits it", " (see: ip route, ip rule)"},
    {EINVAL, "a blackhole route of this host swallows it", " (see: ip route)"},
    {EADDRNOTAVAIL, "not the address of one host", ": TCP needs one"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct route_table *route_open(struct err *err)
{
	struct route_table *table = calloc(1, sizeof(*table));

	if (!table) {
		err_set(err, ERR_INTERNAL, "routes: out of memory");
		return NULL;
	}
	if (rtnl_open(&table->rtnl) == 0)
		return table;
	err_set(err, ERR_CANNOT, "routes: cannot ask the kernel (netlink): %s", strerror(errno));
	free(table);
	return NULL;
}

void route_close(struct route_table *table)
{
	if (!table)
		return;
	rtnl_close(&table->rtnl);
	free(table->links);
	free(table);
}

/* The device with this index; each is asked for once. */
static const struct rtnl_link *find_link(struct route_table *table, unsigned ifindex,
					 struct err *err)
{
	struct rtnl_link *grown, link;

	for (size_t i = 0; i < table->link_count; i++) {
		if (table->links[i].ifindex == ifindex)
			return &table->links[i];
	}
	if (rtnl_link(&table->rtnl, ifindex, NULL, &link) != 0) {
		err_set(err, ERR_CANNOT, "device %u: routes: %s", ifindex, strerror(errno));
		return NULL;
	}
	grown = realloc(table->links, (table->link_count + 1) * sizeof(*grown));
	if (!grown) {
		err_set(err, ERR_INTERNAL, "routes: out of memory");
		return NULL;
	}
	table->links = grown;
	table->links[table->link_count] = link;
	return &table->links[table->link_count++];
}

static int refuse_down(const char *device, struct err *err)
{
	return err_set(err, ERR_CANNOT, "%s: the device is down: sudo ip link set %s up", device,
		       device);
}

static int refuse_scope(const char *text, struct err *err)
{
	return err_set(err, ERR_CANNOT,
		       "%s: a link-local address is on every link: name the device with -I", text);
}

/* Not by bind(): net.ipv4.ip_nonlocal_bind would let any address pass. */
static int constrain_src(struct route_table *table, const struct ip_addr *src, struct err *err)
{
	char text[ADDR_TEXT_MAX];
	unsigned ifindex = addr_is_link_local(src) ? table->only_ifindex : 0;
	struct rtnl_route answer;

	addr_text(src, text);
	if (addr_is_link_local(src) && !ifindex)
		return refuse_scope(text, err);
	if (rtnl_route(&table->rtnl, src, ifindex, NULL, &answer) != 0 || answer.type != RTN_LOCAL)
		return err_set(err, ERR_CANNOT,
			       "%s: source: not an address of this host%s (see: ip address)", text,
			       ifindex ? " on this device" : "");
	table->only_src = *src;
	return 0;
}

int route_constrain(struct route_table *table, const char *device, const struct ip_addr *src,
		    struct err *err)
{
	struct rtnl_link link;

	table->only_ifindex = 0;
	memset(&table->only_src, 0, sizeof(table->only_src));
	if (device) {
		if (!*device || strlen(device) >= IF_NAMESIZE ||
		    rtnl_link(&table->rtnl, 0, device, &link) != 0)
			return err_set(err, ERR_CANNOT, "%s: no such device (see: ip link)",
				       device);
		if (!link.up)
			return refuse_down(link.name, err);
		table->only_ifindex = link.ifindex;
	}
	return src ? constrain_src(table, src, err) : 0;
}

/* The type of a route that is no way, as the errno with which IPv4 answers in its place. */
static int reason_of_type(uint8_t type)
{
	switch (type) {
	case RTN_UNICAST:
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return 0;
	case RTN_BLACKHOLE:
		return EINVAL;
	case RTN_UNREACHABLE:
		return EHOSTUNREACH;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_BROADCAST:
	case RTN_MULTICAST:
		return EADDRNOTAVAIL;
	default:
		return ENETUNREACH;
	}
}

static int refuse_route(struct route_table *table, const struct ip_addr *dst, int reason,
			struct err *err)
{
	char text[ADDR_TEXT_MAX];

	addr_text(dst, text);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		if (refusals[i].reason != reason)
			continue;
		table->refusal = refusals[i].text;
		return err_set(err, ERR_CANNOT, "%s: route: %s%s", text, refusals[i].text,
			       refusals[i].more);
	}
	return err_set(err, ERR_CANNOT, "%s: route: %s", text,
		       reason == ENODEV ? "the device is gone (see: ip link)" : strerror(reason));
}

/* What a look-up may let pass, or call unreachable, but TCP has no use for; 0 or an errno. */
static int check_dst(const struct ip_addr *dst)
{
	static const uint8_t zero[16];
	bool four = dst->version == IP_V4;
	bool multicast = four ? (dst->octets[0] & 0xf0) == 0xe0 : dst->octets[0] == 0xff;
	bool unspecified = memcmp(dst->octets, zero, four ? 4 : 16) == 0;

	return multicast || unspecified ? EADDRNOTAVAIL : 0;
}

/* The question, with what the caller and the constraints say about it. */
static int look_up(struct route_table *table, const struct ip_addr *dst, unsigned scope_ifindex,
		   struct rtnl_route *answer, struct err *err)
{
	unsigned ifindex = table->only_ifindex ? table->only_ifindex : scope_ifindex;
	char text[ADDR_TEXT_MAX];
	int reason;

	addr_text(dst, text);
	if (table->only_src.version != IP_NONE && table->only_src.version != dst->version)
		return err_set(err, ERR_CANNOT,
			       "%s: route: the source address is IPv%d, this one IPv%d: leave the "
			       "source out, or give one of the same version",
			       text, table->only_src.version, dst->version);
	if (scope_ifindex && ifindex != scope_ifindex)
		return err_set(err, ERR_CANNOT, "%s: route: its %%DEVICE is not the one of -I",
			       text);
	if (addr_is_link_local(dst) && !ifindex)
		return refuse_scope(text, err);
	reason = check_dst(dst);
	if (reason == 0 && rtnl_route(&table->rtnl, dst, ifindex, &table->only_src, answer) != 0)
		reason = errno;
	if (reason == 0)
		reason = reason_of_type(answer->type);
	return reason == 0 ? 0 : refuse_route(table, dst, reason, err);
}

int route_lookup_scoped(struct route_table *table, const struct ip_addr *dst,
			unsigned scope_ifindex, struct route *out, struct err *err)
{
	char text[ADDR_TEXT_MAX];
	struct rtnl_route answer;
	const struct rtnl_link *link;

	memset(out, 0, sizeof(*out));
	table->refusal = NULL;
	if (look_up(table, dst, scope_ifindex, &answer, err) != 0)
		return -1;
	out->local = answer.type != RTN_UNICAST;
	/* IPv6 names the device that owns the address; its packets go over the loopback too. */
	out->ifindex = out->local ? LOOPBACK_IFINDEX : answer.ifindex;
	link = find_link(table, out->ifindex, err);
	if (!link)
		return -1;
	if (!link->up)
		return refuse_down(link->name, err);
	memcpy(out->device, link->name, sizeof(out->device));
	out->gateway = answer.gateway;
	out->mtu = answer.mtu ? answer.mtu : link->mtu;
	out->src = table->only_src.version != IP_NONE ? table->only_src : answer.src;
	if (out->src.version == dst->version)
		return 0;
	return err_set(err, ERR_CANNOT,
		       "%s: route: %s has no address to send from (see: ip address)",
		       addr_text(dst, text), out->device);
}

int route_lookup(struct route_table *table, const struct ip_addr *dst, struct route *out,
		 struct err *err)
{
	return route_lookup_scoped(table, dst, 0, out, err);
}

int route_lookup_why(struct route_table *table, const struct ip_addr *dst, struct route *out,
		     const char **why, struct err *err)
{
	int rc = route_lookup(table, dst, out, err);

	*why = table->refusal;
	return rc;
}
