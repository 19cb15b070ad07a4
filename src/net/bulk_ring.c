/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ways of bulk have in common: frames that wait -> sendmmsg; refusals in words. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "net/bulk_ways.h"
#include "net/privilege.h"

#define SEND_QUEUE_OCTETS (4 << 20)

void bulk_ring_init(struct bulk_ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	for (unsigned i = 0; i < BULK_BATCH; i++) {
		ring->vectors[i].iov_base = ring->frames[i];
		ring->messages[i].msg_hdr.msg_iov = &ring->vectors[i];
		ring->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

unsigned bulk_ring_at(const struct bulk_ring *ring, unsigned n)
{
	return (ring->first + n) % BULK_BATCH;
}

uint8_t *bulk_ring_next(struct bulk_ring *ring)
{
	if (ring->count == BULK_BATCH)
		return NULL;
	return ring->frames[bulk_ring_at(ring, ring->count)];
}

void bulk_ring_commit(struct bulk_ring *ring, uint32_t len)
{
	assert(ring->count < BULK_BATCH);
	ring->vectors[bulk_ring_at(ring, ring->count)].iov_len = len;
	ring->count++;
}

static void advance(struct bulk_ring *ring, unsigned by)
{
	ring->count -= by;
	/* An empty ring begins anew, so that a batch is one call. */
	ring->first = ring->count > 0 ? bulk_ring_at(ring, by) : 0;
}

void bulk_ring_drop(struct bulk_ring *ring)
{
	assert(ring->count > 0);
	advance(ring, 1);
}

unsigned bulk_ring_send(struct bulk_ring *ring, int fd, unsigned run, int *reason)
{
	unsigned to_end = BULK_BATCH - ring->first;
	int sent;

	assert(run > 0 && run <= ring->count);
	do
		sent = sendmmsg(fd, &ring->messages[ring->first], run < to_end ? run : to_end,
				MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent <= 0) {
		*reason = sent < 0 ? errno : EAGAIN;
		return 0;
	}
	advance(ring, (unsigned)sent);
	return (unsigned)sent;
}

/* The kernel cuts the size to net.core.wmem_max; what there is will do. */
void bulk_prepare(int fd)
{
	int octets = SEND_QUEUE_OCTETS;

	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets));
}

/* libnet leaves its reason in words alone, so whether it is this one is found out otherwise. */
int bulk_refuse(const char *device, int reason, const char *what, struct err *err)
{
	struct err privilege = {0};

	if (privilege_check(&privilege) != 0)
		return err_set(err, privilege.class, "%s", privilege.text);
	return err_set(err, ERR_CANNOT, "%s: send: %s", device,
		       what && *what ? what : strerror(reason));
}
