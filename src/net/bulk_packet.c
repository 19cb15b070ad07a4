/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk over AF_PACKET: libnet opens its link-layer context, and we send by sendmmsg on the
 * descriptor of it, since libnet itself asks the kernel for the device's number before each frame.
 */
#include <errno.h>
#include <libnet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/bulk_ways.h"

struct packet_way {
	libnet_t *libnet;
	struct bulk_ring ring;
};

static void packet_close(void *way)
{
	struct packet_way *packet = way;

	if (packet->libnet)
		libnet_destroy(packet->libnet);
	free(packet);
}

/* libnet's socket listens to every frame of every device, our own SYNs too, for which the kernel
 * would make a copy each. It is told to listen to this device alone (bind() with protocol 0 leaves
 * the protocol as it is), to keep nothing, and not to look at what goes out. */
static int send_only(int fd, const char *device)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &none};
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	int one = 1;

	to.sll_ifindex = (int)if_nametoindex(device);
	if (to.sll_ifindex == 0)
		return -1;
	/* without these it is slower, no more (Linux before 4.20 lacks the second) */
	(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	(void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	return bind(fd, (const struct sockaddr *)&to, sizeof(to));
}

static void *packet_open(const char *device, struct err *err)
{
	char why[LIBNET_ERRBUF_SIZE] = "";
	struct packet_way *packet = calloc(1, sizeof(*packet));

	if (!packet) {
		err_set(err, ERR_INTERNAL, "%s: send: out of memory", device);
		return NULL;
	}
	bulk_ring_init(&packet->ring);
	packet->libnet = libnet_init(LIBNET_LINK_ADV, device, why);
	if (packet->libnet && send_only(libnet_getfd(packet->libnet), device) == 0) {
		bulk_prepare(libnet_getfd(packet->libnet));
		return packet;
	}
	bulk_refuse(device, packet->libnet ? errno : 0, why, err);
	packet_close(packet);
	return NULL;
}

static uint8_t *packet_next(void *way)
{
	struct packet_way *packet = way;

	return bulk_ring_next(&packet->ring);
}

static void packet_commit(void *way, uint32_t len)
{
	struct packet_way *packet = way;

	bulk_ring_commit(&packet->ring, len);
}

static unsigned packet_waiting(const void *way)
{
	const struct packet_way *packet = way;

	return packet->ring.count;
}

static unsigned packet_flush(void *way, int *reason)
{
	struct packet_way *packet = way;
	unsigned sent = 0;

	*reason = 0;
	while (packet->ring.count > 0 && *reason == 0)
		sent += bulk_ring_send(&packet->ring, libnet_getfd(packet->libnet),
				       packet->ring.count, reason);
	return sent;
}

static void packet_drop(void *way)
{
	struct packet_way *packet = way;

	bulk_ring_drop(&packet->ring);
}

static const uint8_t *packet_first(const void *way, uint32_t *len)
{
	const struct packet_way *packet = way;

	*len = (uint32_t)packet->ring.vectors[packet->ring.first].iov_len;
	return packet->ring.frames[packet->ring.first];
}

const struct bulk_functions bulk_packet = {
    .name = "AF_PACKET",
    .ethernet = true,
    .open = packet_open,
    .close = packet_close,
    .next = packet_next,
    .commit = packet_commit,
    .waiting = packet_waiting,
    .flush = packet_flush,
    .drop = packet_drop,
    .first = packet_first,
};
