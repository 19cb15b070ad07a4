/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve: a target's name -> its addresses, over getaddrinfo(). Literals never reach a name
 * server.
 */
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static int family_of(enum ip_version version)
{
	return version == IP_V4 ? AF_INET : version == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

static enum ip_version other_version(enum ip_version version)
{
	return version == IP_V4 ? IP_V6 : IP_V4;
}

/* False if it is none of ours. */
static bool take_address(const struct addrinfo *info, struct ip_addr *out, unsigned *scope_ifindex)
{
	memset(out, 0, sizeof(*out));
	*scope_ifindex = 0;
	if (info->ai_family == AF_INET) {
		struct sockaddr_in four;

		memcpy(&four, info->ai_addr, sizeof(four));
		memcpy(out->octets, &four.sin_addr, 4);
		out->version = IP_V4;
	} else if (info->ai_family == AF_INET6) {
		struct sockaddr_in6 six;

		memcpy(&six, info->ai_addr, sizeof(six));
		memcpy(out->octets, &six.sin6_addr, 16);
		out->version = IP_V6;
		*scope_ifindex = six.sin6_scope_id;
	}
	return out->version != IP_NONE;
}

/* Takes the first address of a list that is one of ours; false if there is none. */
static bool take_first(const struct addrinfo *list, struct ip_addr *out, unsigned *scope_ifindex)
{
	for (; list; list = list->ai_next)
		if (take_address(list, out, scope_ifindex))
			return true;
	return false;
}

static int look_up(const char *host, enum ip_version want, struct addrinfo **list)
{
	struct addrinfo hints = {.ai_family = family_of(want), .ai_socktype = SOCK_STREAM};

	*list = NULL;
	return *host ? getaddrinfo(host, NULL, &hints, list) : EAI_NONAME;
}

/* 0, or getaddrinfo's error. */
static int ask(const char *host, enum ip_version want, struct ip_addr *out, unsigned *scope_ifindex)
{
	struct addrinfo *list;
	int rc = look_up(host, want, &list);

	if (rc == 0 && !take_first(list, out, scope_ifindex))
		rc = EAI_NONAME;
	if (list)
		freeaddrinfo(list);
	return rc;
}

static int refuse(const char *host, enum ip_version want, int rc, struct err *err)
{
	const char *why = rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc);
	struct ip_addr other;
	unsigned scope;

	if (strchr(host, '%'))
		return err_set(err, ERR_USAGE,
			       "%s: cannot resolve: %s: what follows the %% must be an interface "
			       "of this host (see: ip link)",
			       host, why);
	if (want != IP_NONE && rc != EAI_AGAIN &&
	    ask(host, other_version(want), &other, &scope) == 0)
		return err_set(
		    err, ERR_CANNOT,
		    "%s: cannot resolve: no IPv%d address, but it has an IPv%d one: leave "
		    "out -%d",
		    host, (int)want, (int)other.version, (int)want);
	return err_set(err, ERR_CANNOT, "%s: cannot resolve: %s", host, why);
}

int resolve_host(const char *host, enum ip_version want, struct ip_addr *out,
		 unsigned *scope_ifindex, struct err *err)
{
	int rc;

	*scope_ifindex = 0;
	if (addr_parse(host, out)) {
		if (want == IP_NONE || (int)want == out->version)
			return 0;
		return err_set(err, ERR_USAGE,
			       "%s: cannot resolve: it is an IPv%d address: leave out -%d", host,
			       out->version, (int)want);
	}
	rc = ask(host, want, out, scope_ifindex);
	return rc == 0 ? 0 : refuse(host, want, rc, err);
}

int resolve_all(const char *host, enum ip_version want,
		int (*take)(void *arg, const struct ip_addr *addr), void *arg, struct err *err)
{
	struct addrinfo *list;
	int rc = look_up(host, want, &list), status = 0;
	bool any = false;

	if (rc != 0)
		return refuse(host, want, rc, err);
	for (const struct addrinfo *info = list; info && status == 0; info = info->ai_next) {
		struct ip_addr addr;
		unsigned scope;

		if (!take_address(info, &addr, &scope))
			continue;
		any = true;
		status = scope == 0
			     ? take(arg, &addr)
			     : err_set(err, ERR_USAGE,
				       "%s: a link-local address with its interface: there is "
				       "no place for it here",
				       host);
	}
	freeaddrinfo(list);
	return any ? status : refuse(host, want, EAI_NONAME, err);
}
