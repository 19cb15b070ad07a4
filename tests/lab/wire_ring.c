/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: frames in (a PF_PACKET TPACKET_V2 ring with the kernel's stamps, our own sending left
 * out) and the descriptor by which they go out again.
 */
#include "labutil.h"
#include "wire.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { RING_LEN = 32 << 20, BLOCK_LEN = 1 << 18, HEADROOM = 256, SEND_BUFFER = 4 << 20 };

static _Noreturn void die(const char *device, const char *what)
{
	fprintf(stderr, "wire: %s: %s: %s\n", device, what, strerror(errno));
	exit(1);
}

static struct sockaddr_ll address(int fd, const char *device, size_t *mtu)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET};
	struct ifreq request = {0};

	if (strlen(device) >= sizeof(request.ifr_name)) {
		errno = ENODEV;
		die(device, "name");
	}
	memcpy(request.ifr_name, device, strlen(device));
	if (ioctl(fd, SIOCGIFMTU, &request) < 0)
		die(device, "no such interface");
	*mtu = (size_t)request.ifr_mtu;
	if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
		die(device, "no such interface");
	at.sll_ifindex = request.ifr_ifindex;
	return at;
}

static int open_socket(const char *device)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die(device, "packet socket");
	return fd;
}

void ring_open(struct ring *ring, const char *device)
{
	struct tpacket_req req = {.tp_block_size = BLOCK_LEN, .tp_block_nr = RING_LEN / BLOCK_LEN};
	int version = TPACKET_V2, one = 1;
	struct sockaddr_ll at;
	size_t mtu, size = 2048;

	ring->fd = open_socket(device);
	at = address(ring->fd, device, &mtu);
	while (size < mtu + HEADROOM && size < BLOCK_LEN)
		size *= 2;
	req.tp_frame_size = (unsigned int)size;
	req.tp_frame_nr = (unsigned int)(RING_LEN / size);
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0)
		die(device, "TPACKET_V2");
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0)
		die(device, "PACKET_IGNORE_OUTGOING");
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)) < 0)
		die(device, "PACKET_RX_RING");
	ring->map_len = RING_LEN;
	ring->map = mmap(NULL, RING_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->map == MAP_FAILED)
		die(device, "mmap");
	ring->frame_size = size;
	ring->frame_count = req.tp_frame_nr;
	at.sll_protocol = htons(ETH_P_ALL);
	if (bind(ring->fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die(device, "bind");
}

int out_open(const char *device)
{
	int fd = open_socket(device), len = SEND_BUFFER;
	size_t mtu;
	struct sockaddr_ll at = address(fd, device, &mtu);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die(device, "bind");
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &len, sizeof(len));
	return fd;
}

static struct tpacket2_hdr *slot(const struct ring *ring)
{
	return (void *)(ring->map + (size_t)ring->next * ring->frame_size);
}

const uint8_t *ring_next(struct ring *ring, size_t *len, size_t *wire_len, int64_t *stamp_ns)
{
	struct tpacket2_hdr *head = slot(ring);

	if (!(__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return NULL;
	*len = head->tp_snaplen;
	*wire_len = head->tp_len;
	*stamp_ns = (int64_t)head->tp_sec * NS_PER_S + head->tp_nsec;
	return (const uint8_t *)head + head->tp_mac;
}

void ring_done(struct ring *ring)
{
	__atomic_store_n(&slot(ring)->tp_status, (uint32_t)TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	ring->next = (ring->next + 1) % ring->frame_count;
}

uint64_t ring_drops(const struct ring *ring)
{
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	return stats.tp_drops;
}
