/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * send: IP packets -> wire, over libnet's raw sockets with the header included. The kernel routes
 * each packet; it fills in an IPv4 identification of 0 only where DF is off, and changes nothing
 * else (RFC 791 headers, RFC 8200 headers as crafted).
 */
#include "net/send.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libnet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/privilege.h"
#include "wire/addr.h"

struct sender {
	libnet_t *four, *six;
	char why_no_six[LIBNET_ERRBUF_SIZE];
};

/* Does not block, says when the queue is full (without IP_RECVERR the kernel keeps ENOBUFS to
 * itself), is not inherited, and leaves by `device` only. */
static int prepare(int fd, int level, int recverr, const char *device)
{
	int one = 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
	    setsockopt(fd, level, recverr, &one, sizeof(one)) != 0)
		return -1;
	if (!device)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1);
}

static int refuse_open(int reason, const char *what, struct err *err)
{
	char remedy[PRIVILEGE_REMEDY_MAX];

	if (reason == EPERM || reason == EACCES)
		return err_set(err, ERR_CANNOT, "send: no raw socket without CAP_NET_RAW: %s",
			       privilege_remedy(remedy));
	return err_set(err, ERR_CANNOT, "send: %s", what);
}

static int open_sockets(struct sender *sender, const char *device, struct err *err)
{
	char why[LIBNET_ERRBUF_SIZE] = "";

	errno = 0;
	sender->four = libnet_init(LIBNET_RAW4_ADV, NULL, why);
	if (!sender->four)
		return refuse_open(errno, why, err);
	sender->six = libnet_init(LIBNET_RAW6_ADV, NULL, sender->why_no_six);
	if (prepare(libnet_getfd(sender->four), IPPROTO_IP, IP_RECVERR, device) == 0 &&
	    (!sender->six ||
	     prepare(libnet_getfd(sender->six), IPPROTO_IPV6, IPV6_RECVERR, device) == 0))
		return 0;
	if (errno == ENODEV && device)
		return err_set(err, ERR_CANNOT, "%s: send: no such device (see: ip link)", device);
	return err_set(err, ERR_CANNOT, "%s: send: %s", device ? device : "raw socket",
		       strerror(errno));
}

struct sender *sender_open(const char *device, struct err *err)
{
	struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender) {
		err_set(err, ERR_INTERNAL, "send: out of memory");
		return NULL;
	}
	if (open_sockets(sender, device, err) == 0)
		return sender;
	sender_close(sender);
	return NULL;
}

int sender_bind(struct sender *sender, const struct ip_addr *src, struct err *err)
{
	libnet_t *socket = src->version == IP_V6 ? sender->six : sender->four;
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	const struct sockaddr *to = (const struct sockaddr *)&four;
	socklen_t len = sizeof(four);
	char text[ADDR_TEXT_MAX];

	memcpy(&four.sin_addr, src->octets, sizeof(four.sin_addr));
	if (src->version == IP_V6) {
		memcpy(&six.sin6_addr, src->octets, sizeof(six.sin6_addr));
		to = (const struct sockaddr *)&six;
		len = sizeof(six);
	}
	if (socket && bind(libnet_getfd(socket), to, len) == 0)
		return 0;
	return err_set(err, ERR_CANNOT, "%s: send: %s", addr_text(src, text), strerror(errno));
}

void sender_close(struct sender *sender)
{
	if (!sender)
		return;
	if (sender->four)
		libnet_destroy(sender->four);
	if (sender->six)
		libnet_destroy(sender->six);
	free(sender);
}

static const char *reason_text(int reason)
{
	switch (reason) {
	case EPERM:
		return "a firewall rule of this host drops it (see: nft list ruleset, iptables -S)";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "no route to it (see: ip route get)";
	case EACCES:
		return "a route or a security module prohibits it, or it is a broadcast address";
	case EMSGSIZE:
		return "the packet is longer than the MTU: send less data in a segment";
	case ENETDOWN:
	case ENXIO:
	case ENODEV:
		return "the device is down or gone (see: ip link)";
	case EADDRNOTAVAIL:
	case EINVAL:
		return "the kernel takes its addresses for invalid: not a unicast address, or not "
		       "one of this device";
	default:
		return strerror(reason);
	}
}

static void describe(const uint8_t *packet, int reason, struct err *err)
{
	struct ip_addr dst = {.version = packet[0] >> 4};
	char text[ADDR_TEXT_MAX];

	if (dst.version == IP_V4)
		memcpy(dst.octets, packet + 16, 4);
	else
		memcpy(dst.octets, packet + 24, 16);
	err_set(err, ERR_CANNOT, "%s: send: %s", addr_text(&dst, text), reason_text(reason));
}

enum send_result sender_send(struct sender *sender, const uint8_t *packet, size_t len,
			     struct err *err)
{
	int version = packet[0] >> 4;
	int sent;

	assert(len <= UINT16_MAX + 40u);
	assert((version == IP_V4 && len >= 20) || (version == IP_V6 && len >= 40));
	if (version == IP_V6 && !sender->six) {
		err_set(err, ERR_CANNOT, "send: no IPv6 on this host: %s", sender->why_no_six);
		return SEND_FAILED;
	}
	do {
		errno = 0;
		if (version == IP_V4)
			sent = libnet_adv_write_raw_ipv4(sender->four, packet, (uint32_t)len);
		else
			sent = libnet_write_raw_ipv6(sender->six, packet, (uint32_t)len);
	} while (sent < 0 && errno == EINTR);
	if (sent == (int)len)
		return SEND_OK;
	if (errno == ENOBUFS || errno == EAGAIN)
		return SEND_AGAIN;
	describe(packet, errno, err);
	return SEND_FAILED;
}
