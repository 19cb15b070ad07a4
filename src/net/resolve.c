/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resolve: a target's name -> one address, over getaddrinfo(). Literals never reach a name server.
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

/* Takes the first address of a list that is one of ours; false if there is none. */
static bool take_first(const struct addrinfo *list, struct ip_addr *out, unsigned *scope_ifindex)
{
	memset(out, 0, sizeof(*out));
	*scope_ifindex = 0;
	for (; list; list = list->ai_next) {
		if (list->ai_family == AF_INET) {
			struct sockaddr_in four;

			memcpy(&four, list->ai_addr, sizeof(four));
			memcpy(out->octets, &four.sin_addr, 4);
			out->version = IP_V4;
			return true;
		}
		if (list->ai_family == AF_INET6) {
			struct sockaddr_in6 six;

			memcpy(&six, list->ai_addr, sizeof(six));
			memcpy(out->octets, &six.sin6_addr, 16);
			out->version = IP_V6;
			*scope_ifindex = six.sin6_scope_id;
			return true;
		}
	}
	return false;
}

/* 0, or getaddrinfo's error. */
static int ask(const char *host, enum ip_version want, struct ip_addr *out, unsigned *scope_ifindex)
{
	struct addrinfo hints = {.ai_family = family_of(want), .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, NULL, &hints, &list);

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
	rc = *host ? ask(host, want, out, scope_ifindex) : EAI_NONAME;
	return rc == 0 ? 0 : refuse(host, want, rc, err);
}
