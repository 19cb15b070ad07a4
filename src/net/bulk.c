/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk: frames -> wire, by the way that was asked for or the fastest that works; what is common to
 * all ways: the choice, the state of the device, what an errno means, the counts.
 */
#include "net/bulk.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net/bulk_ways.h"

struct bulk {
	struct bulk_config config;
	char device[IF_NAMESIZE]; /* "": any */
	const struct bulk_functions *functions;
	void *way;
	int watch; /* a socket to ask for the device's flags */
	struct bulk_stats stats;
	char why[1024];
};

/* The fastest first. */
static const struct {
	enum bulk_way way;
	const struct bulk_functions *functions;
} ways[] = {
    {BULK_XDP, &bulk_xdp},
    {BULK_PACKET, &bulk_packet},
    {BULK_RAW, &bulk_raw},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- the device --- */

static int ask_device(const struct bulk *bulk, unsigned long question, struct ifreq *answer)
{
	memset(answer, 0, sizeof(*answer));
	memcpy(answer->ifr_name, bulk->device, sizeof(bulk->device));
	return ioctl(bulk->watch, question, answer);
}

static int refuse_gone(const struct bulk *bulk, struct err *err)
{
	return err_set(err, ERR_CANNOT, "%s: send: no such device (see: ip link)", bulk->device);
}

/* Where it has no carrier the kernel swallows what is sent, without a word. */
static int check_device(const struct bulk *bulk, struct err *err)
{
	struct ifreq answer;

	if (!*bulk->device)
		return 0;
	if (ask_device(bulk, SIOCGIFFLAGS, &answer) != 0)
		return refuse_gone(bulk, err);
	if (!(answer.ifr_flags & IFF_UP))
		return err_set(err, ERR_CANNOT,
			       "%s: send: the device is down: sudo ip link set %s up", bulk->device,
			       bulk->device);
	if (!(answer.ifr_flags & IFF_RUNNING))
		return err_set(err, ERR_CANNOT,
			       "%s: send: the device has no carrier: the other end is off or not "
			       "connected (see: ip link)",
			       bulk->device);
	return 0;
}

static bool is_ethernet(const struct bulk *bulk)
{
	struct ifreq answer;

	return *bulk->device && ask_device(bulk, SIOCGIFHWADDR, &answer) == 0 &&
	       answer.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

/* --- opening --- */

static int open_way(struct bulk *bulk, const struct bulk_functions *functions, struct err *err)
{
	if (functions->ethernet && !is_ethernet(bulk))
		return err_set(err, ERR_CANNOT, "%s: send: not an Ethernet device", bulk->device);
	bulk->way = functions->open(*bulk->device ? bulk->device : NULL, err);
	if (!bulk->way)
		return -1;
	bulk->functions = functions;
	return 0;
}

static void note_why(struct bulk *bulk, const char *name, const char *text)
{
	size_t len = strlen(bulk->why);

	snprintf(bulk->why + len, sizeof(bulk->why) - len, "%s%s: %s", len > 0 ? "\n" : "", name,
		 text);
}

static int choose(struct bulk *bulk, struct err *err)
{
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct err why = {0};

		if (bulk->config.way != BULK_AUTO && bulk->config.way != ways[i].way)
			continue;
		if (open_way(bulk, ways[i].functions, &why) == 0)
			return 0;
		note_why(bulk, ways[i].functions->name, why.text);
		/* the last way is the one that asks for least */
		if (bulk->config.way != BULK_AUTO || i + 1 == COUNT(ways))
			return err_set(err, why.class, "%s", why.text);
	}
	return -1;
}

static int start(struct bulk *bulk, struct err *err)
{
	const char *device = bulk->config.device;

	assert(device || bulk->config.way == BULK_RAW);
	if (device && strlen(device) >= sizeof(bulk->device))
		return err_set(err, ERR_CANNOT, "%s: send: no such device (see: ip link)", device);
	snprintf(bulk->device, sizeof(bulk->device), "%s", device ? device : "");
	bulk->watch = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bulk->watch < 0)
		return err_set(err, ERR_CANNOT, "send: no socket: %s", strerror(errno));
	if (check_device(bulk, err) != 0)
		return -1;
	return choose(bulk, err);
}

struct bulk *bulk_open(const struct bulk_config *config, struct err *err)
{
	struct bulk *bulk = calloc(1, sizeof(*bulk));

	if (!bulk) {
		err_set(err, ERR_INTERNAL, "send: out of memory");
		return NULL;
	}
	bulk->config = *config;
	bulk->watch = -1;
	if (start(bulk, err) == 0)
		return bulk;
	bulk_close(bulk);
	return NULL;
}

void bulk_close(struct bulk *bulk)
{
	if (!bulk)
		return;
	if (bulk->way)
		bulk->functions->close(bulk->way);
	if (bulk->watch >= 0)
		close(bulk->watch);
	free(bulk);
}

/* --- sending --- */

const char *bulk_name(const struct bulk *bulk)
{
	return bulk->functions->name;
}

bool bulk_ethernet(const struct bulk *bulk)
{
	return bulk->functions->ethernet;
}

const char *bulk_why(const struct bulk *bulk)
{
	return bulk->why;
}

uint8_t *bulk_next(struct bulk *bulk)
{
	return bulk->functions->next(bulk->way);
}

void bulk_commit(struct bulk *bulk, uint32_t len)
{
	assert(len > 0 && len <= BULK_FRAME_MAX);
	bulk->functions->commit(bulk->way, len);
}

unsigned bulk_waiting(const struct bulk *bulk)
{
	return bulk->functions->waiting(bulk->way);
}

enum meaning { AGAIN, DEVICE, FRAME };

static enum meaning meaning_of(int reason)
{
	switch (reason) {
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return AGAIN;
	case ENETDOWN:
	case ENXIO:
	case ENODEV:
		return DEVICE;
	default:
		return FRAME;
	}
}

static void refuse_frame(struct bulk *bulk, int reason)
{
	const struct bulk_functions *functions = bulk->functions;
	uint32_t len;
	const uint8_t *frame = functions->first(bulk->way, &len);

	bulk->stats.refused++;
	if (bulk->config.refused)
		bulk->config.refused(bulk->config.arg, frame, len, reason);
	functions->drop(bulk->way);
}

/* The device's own words first: it may have gone down since it was looked at. */
static int refuse_device(const struct bulk *bulk, int reason, struct err *err)
{
	if (check_device(bulk, err) != 0)
		return -1;
	return err_set(err, ERR_CANNOT, "%s: send: %s", *bulk->device ? bulk->device : "raw socket",
		       strerror(reason));
}

int bulk_flush(struct bulk *bulk, struct err *err)
{
	int reason, sent = 0;

	if (check_device(bulk, err) != 0)
		return -1;
	if (bulk_waiting(bulk) > 0)
		bulk->stats.batches++;
	for (;;) {
		unsigned went = bulk->functions->flush(bulk->way, &reason);

		sent += (int)went;
		bulk->stats.sent += went;
		if (reason == 0)
			return sent;
		if (meaning_of(reason) == AGAIN) {
			bulk->stats.again++;
			return sent;
		}
		if (meaning_of(reason) == DEVICE || !bulk->functions->drop)
			return refuse_device(bulk, reason, err);
		refuse_frame(bulk, reason);
	}
}

void bulk_statistics(const struct bulk *bulk, struct bulk_stats *stats)
{
	*stats = bulk->stats;
}
