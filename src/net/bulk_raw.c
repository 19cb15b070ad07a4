/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk over libnet's raw sockets with the header included: the kernel routes each packet, by the
 * destination that it carries, and finds the neighbour. The kernel fills in an IPv4 identification
 * of 0 where DF is off, and changes nothing else.
 */
#include <assert.h>
#include <errno.h>
#include <libnet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/bulk_ways.h"
#include "wire/addr.h"

union destination {
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

struct raw_way {
	libnet_t *four, *six; /* six: NULL in a kernel without IPv6 */
	union destination to[BULK_BATCH];
	struct bulk_ring ring;
};

static void raw_close(void *way)
{
	struct raw_way *raw = way;

	if (raw->four)
		libnet_destroy(raw->four);
	if (raw->six)
		libnet_destroy(raw->six);
	free(raw);
}

/* Without IP_RECVERR the kernel keeps to itself that a queue is full. */
static int prepare(int fd, int level, int recverr, const char *device)
{
	int one = 1;

	bulk_prepare(fd);
	if (setsockopt(fd, level, recverr, &one, sizeof(one)) != 0)
		return -1;
	if (!device)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device) + 1);
}

static int open_sockets(struct raw_way *raw, const char *device, struct err *err)
{
	const char *who = device ? device : "raw socket";
	char why[LIBNET_ERRBUF_SIZE] = "", no_six[LIBNET_ERRBUF_SIZE];

	raw->four = libnet_init(LIBNET_RAW4_ADV, NULL, why);
	if (!raw->four)
		return bulk_refuse(who, 0, why, err);
	raw->six = libnet_init(LIBNET_RAW6_ADV, NULL, no_six);
	if (prepare(libnet_getfd(raw->four), IPPROTO_IP, IP_RECVERR, device) == 0 &&
	    (!raw->six || prepare(libnet_getfd(raw->six), IPPROTO_IPV6, IPV6_RECVERR, device) == 0))
		return 0;
	return bulk_refuse(who, errno, NULL, err);
}

static void *raw_open(const char *device, struct err *err)
{
	struct raw_way *raw = calloc(1, sizeof(*raw));

	if (!raw) {
		err_set(err, ERR_INTERNAL, "send: out of memory");
		return NULL;
	}
	bulk_ring_init(&raw->ring);
	if (open_sockets(raw, device, err) == 0)
		return raw;
	raw_close(raw);
	return NULL;
}

static uint8_t *raw_next(void *way)
{
	struct raw_way *raw = way;

	return bulk_ring_next(&raw->ring);
}

static int version_at(const struct raw_way *raw, unsigned n)
{
	return raw->ring.frames[bulk_ring_at(&raw->ring, n)][0] >> 4;
}

static void raw_commit(void *way, uint32_t len)
{
	struct raw_way *raw = way;
	unsigned at = bulk_ring_at(&raw->ring, raw->ring.count);
	const uint8_t *packet = raw->ring.frames[at];
	struct msghdr *message = &raw->ring.messages[at].msg_hdr;
	union destination *to = &raw->to[at];

	memset(to, 0, sizeof(*to));
	message->msg_name = to;
	if (packet[0] >> 4 == IP_V4) {
		assert(len >= 20);
		to->four.sin_family = AF_INET;
		memcpy(&to->four.sin_addr, packet + 16, 4);
		message->msg_namelen = sizeof(to->four);
	} else {
		assert(len >= 40 && packet[0] >> 4 == IP_V6);
		to->six.sin6_family = AF_INET6;
		memcpy(&to->six.sin6_addr, packet + 24, 16);
		message->msg_namelen = sizeof(to->six);
	}
	bulk_ring_commit(&raw->ring, len);
}

static unsigned raw_waiting(const void *way)
{
	const struct raw_way *raw = way;

	return raw->ring.count;
}

/* The number of packets at the head that are of one version. */
static unsigned run_len(const struct raw_way *raw)
{
	unsigned run = 1;

	while (run < raw->ring.count && version_at(raw, run) == version_at(raw, 0))
		run++;
	return run;
}

static unsigned raw_flush(void *way, int *reason)
{
	struct raw_way *raw = way;
	unsigned sent = 0;

	*reason = 0;
	while (raw->ring.count > 0 && *reason == 0) {
		libnet_t *libnet = version_at(raw, 0) == IP_V6 ? raw->six : raw->four;

		if (libnet)
			sent +=
			    bulk_ring_send(&raw->ring, libnet_getfd(libnet), run_len(raw), reason);
		else
			*reason = EAFNOSUPPORT;
	}
	return sent;
}

static void raw_drop(void *way)
{
	struct raw_way *raw = way;

	bulk_ring_drop(&raw->ring);
}

static const uint8_t *raw_first(const void *way, uint32_t *len)
{
	const struct raw_way *raw = way;

	*len = (uint32_t)raw->ring.vectors[raw->ring.first].iov_len;
	return raw->ring.frames[raw->ring.first];
}

const struct bulk_functions bulk_raw = {
    .name = "raw socket",
    .ethernet = false,
    .open = raw_open,
    .close = raw_close,
    .next = raw_next,
    .commit = raw_commit,
    .waiting = raw_waiting,
    .flush = raw_flush,
    .drop = raw_drop,
    .first = raw_first,
};
