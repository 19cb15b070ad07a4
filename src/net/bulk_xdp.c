/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk over AF_XDP in copy mode, by libxdp: frames are written into memory that the kernel shares,
 * and a call starts the sending of all that are named in a ring. No XDP program is loaded: nothing
 * is received this way, and the device works on as before. The frames pass by netfilter, the
 * queueing discipline and all taps, our own capture included. It sends from the device's first
 * queue.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#include "net/bulk_ways.h"
#include "net/quickclose.h"

#define FRAME_LEN    2048 /* the least that the kernel takes */
#define FRAMES       1024
#define MEMORY_LEN   ((size_t)FRAME_LEN * FRAMES)
#define RING_LEN     1024 /* a frame is in one ring at most: none overflows */
#define CALLS_MAX    64   /* the kernel takes at least one frame in each, usually 32 */
#define BUSY_TRIES   20
#define BUSY_WAIT_MS 10
#define NO_FRAME     UINT64_MAX

struct xdp_way {
	uint8_t *memory;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct quickclose quickclose; /* closing it waits for an RCU grace period as well */
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons completion;
	uint64_t free[FRAMES]; /* offsets into the memory */
	unsigned free_count;
	uint64_t next;         /* the frame that bulk_next() gave; NO_FRAME: none */
	unsigned committed;    /* in the ring, not yet shown to the kernel */
	uint32_t shown, taken; /* frames shown to the kernel, and taken by it; both wrap */
};

static void xdp_close(void *way)
{
	struct xdp_way *xdp = way;

	if (xdp->socket)
		xsk_socket__delete(xdp->socket);
	if (xdp->umem)
		(void)xsk_umem__delete(xdp->umem);
	quickclose_release(&xdp->quickclose);
	if (xdp->memory != MAP_FAILED)
		munmap(xdp->memory, MEMORY_LEN);
	free(xdp);
}

/* What libxdp has to say it says by its results too. */
static int say_nothing(enum libxdp_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

/* 0, or an errno. */
static int make_memory(struct xdp_way *xdp)
{
	const struct xsk_umem_config config = {
	    .fill_size = RING_LEN, .comp_size = RING_LEN, .frame_size = FRAME_LEN};

	xdp->memory = mmap(NULL, MEMORY_LEN, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (xdp->memory == MAP_FAILED)
		return errno;
	for (unsigned i = 0; i < FRAMES; i++)
		xdp->free[i] = (uint64_t)(FRAMES - 1 - i) * FRAME_LEN;
	xdp->free_count = FRAMES;
	return -xsk_umem__create(&xdp->umem, xdp->memory, MEMORY_LEN, &xdp->fill, &xdp->completion,
				 &config);
}

/* A socket that was closed just now keeps its queue for a while: the kernel cleans up later. */
static int make_socket(struct xdp_way *xdp, const char *device)
{
	const struct xsk_socket_config config = {
	    .tx_size = RING_LEN,
	    .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	    .bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
	};

	int reason = EBUSY;

	for (int i = 0; i < BUSY_TRIES; i++) {
		reason = -xsk_socket__create(&xdp->socket, device, 0, xdp->umem, NULL, &xdp->tx,
					     &config);
		if (reason != EBUSY)
			break;
		(void)poll(NULL, 0, BUSY_WAIT_MS);
	}
	return reason;
}

static const char *reason_text(int reason)
{
	switch (reason) {
	case EBUSY:
		return "another program has the device's first queue";
	case EAFNOSUPPORT:
		return "the kernel has no AF_XDP (CONFIG_XDP_SOCKETS)";
	case ENOBUFS:
		return "not allowed to lock 2 MiB of memory (see: ulimit -l)";
	default:
		return NULL;
	}
}

static void *xdp_open(const char *device, struct err *err)
{
	struct xdp_way *xdp = calloc(1, sizeof(*xdp));
	int reason;

	if (!xdp) {
		err_set(err, ERR_INTERNAL, "%s: send: out of memory", device);
		return NULL;
	}
	libxdp_set_print(say_nothing);
	xdp->next = NO_FRAME;
	xdp->quickclose = (struct quickclose){.loop = -1, .trigger = -1};
	reason = make_memory(xdp);
	if (reason == 0)
		reason = make_socket(xdp, device);
	if (reason == 0) {
		bulk_prepare(xsk_socket__fd(xdp->socket));
		quickclose_arm(&xdp->quickclose, xsk_socket__fd(xdp->socket));
		return xdp;
	}
	bulk_refuse(device, reason, reason_text(reason), err);
	xdp_close(xdp);
	return NULL;
}

/* Frames that have left come back to us. */
static void reap(struct xdp_way *xdp)
{
	uint32_t at, count = xsk_ring_cons__peek(&xdp->completion, FRAMES, &at);

	for (uint32_t i = 0; i < count; i++)
		xdp->free[xdp->free_count++] = *xsk_ring_cons__comp_addr(&xdp->completion, at + i);
	if (count > 0)
		xsk_ring_cons__release(&xdp->completion, count);
}

static unsigned xdp_waiting(const void *way)
{
	const struct xdp_way *xdp = way;

	return xdp->committed + (xdp->shown - xdp->taken);
}

static uint8_t *xdp_next(void *way)
{
	struct xdp_way *xdp = way;

	if (xdp->next == NO_FRAME) {
		if (xdp_waiting(xdp) >= BULK_BATCH)
			return NULL;
		if (xdp->free_count == 0)
			reap(xdp);
		if (xdp->free_count == 0)
			return NULL;
		xdp->next = xdp->free[--xdp->free_count];
	}
	return xdp->memory + xdp->next;
}

/* There is room in the ring: it holds all frames that there are. */
static void put(struct xdp_way *xdp, uint64_t frame, uint32_t len)
{
	uint32_t at = 0;
	struct xdp_desc *slot;

	(void)xsk_ring_prod__reserve(&xdp->tx, 1, &at);
	slot = xsk_ring_prod__tx_desc(&xdp->tx, at);
	slot->addr = frame;
	slot->len = len;
	slot->options = 0;
	xdp->committed++;
}

static void xdp_commit(void *way, uint32_t len)
{
	struct xdp_way *xdp = way;

	put(xdp, xdp->next, len);
	xdp->next = NO_FRAME;
}

/* EBUSY: the driver had no room for the last frame that the kernel took, and dropped it. Its octets
 * are still there, and its place in the ring: it goes again, in a frame of its own, since the first
 * one comes back by the completion ring. */
static void again(struct xdp_way *xdp)
{
	const struct xdp_desc dropped = *xsk_ring_prod__tx_desc(&xdp->tx, xdp->taken - 1);
	uint64_t frame;

	if (xdp->free_count == 0)
		reap(xdp);
	if (xdp->free_count == 0)
		return; /* cannot be: the dropped one has come back */
	frame = xdp->free[--xdp->free_count];
	if (frame != dropped.addr)
		memcpy(xdp->memory + frame, xdp->memory + dropped.addr, dropped.len);
	put(xdp, frame, dropped.len);
}

/* One call; 0 or an errno. How many frames the kernel has taken is to be read in the ring, but for
 * one case: if the first frame of a call is dropped, the kernel counts it only the next time. */
static int kick(struct xdp_way *xdp)
{
	uint32_t told, before = xdp->taken;
	int reason = 0;

	if (xsk_ring_prod__needs_wakeup(&xdp->tx) &&
	    sendto(xsk_socket__fd(xdp->socket), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
		reason = errno;
	told = __atomic_load_n(xdp->tx.consumer, __ATOMIC_ACQUIRE);
	if ((int32_t)(told - xdp->taken) > 0)
		xdp->taken = told;
	else if (reason == EBUSY)
		xdp->taken++;
	if (reason == EBUSY)
		return EBUSY;
	return xdp->taken != before ? 0 : reason ? reason : EAGAIN;
}

static unsigned xdp_flush(void *way, int *reason)
{
	struct xdp_way *xdp = way;
	unsigned waited = xdp_waiting(xdp);

	*reason = 0;
	if (xdp->committed > 0)
		xsk_ring_prod__submit(&xdp->tx, xdp->committed);
	xdp->shown += xdp->committed;
	xdp->committed = 0;
	for (int i = 0; i < CALLS_MAX && *reason == 0 && xdp->shown != xdp->taken; i++)
		*reason = kick(xdp);
	if (*reason == EBUSY)
		again(xdp);
	if (*reason == EBUSY || *reason == EINTR)
		*reason = EAGAIN;
	reap(xdp);
	return waited - xdp_waiting(xdp);
}

const struct bulk_functions bulk_xdp = {
    .name = "AF_XDP",
    .ethernet = true,
    .open = xdp_open,
    .close = xdp_close,
    .next = xdp_next,
    .commit = xdp_commit,
    .waiting = xdp_waiting,
    .flush = xdp_flush,
};
