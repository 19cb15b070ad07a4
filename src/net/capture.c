/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture: wire -> octets + stamp, both directions, over libpcap. In: a device and our block of
 * ports. Out: each frame of ours with the kernel's stamp, in the order of the ring.
 */
#include "net/capture.h"

#include <assert.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/privilege.h"
#include "net/quickclose.h"

/* How long a block of the ring may wait for more frames where `immediate` is off. (Before
 * Linux 6.18 it was the next tick of the kernel: 4 ms, or 10.) */
#define BLOCK_WAIT_MS 1

struct capture {
	pcap_t *pcap;
	struct quickclose quickclose;
	char device[64];
	bool watched; /* the device has flags to look at; libpcap's "any" has none */
	enum link_type link;
	int64_t ns_per_fraction; /* of a stamp's second field: 1 or 1000 */
	const char *stamp_source;
	uint64_t received;
	uint64_t dropped_ring, dropped_interface;
	uint32_t seen_ring, seen_interface; /* libpcap's own counters, which wrap */
};

/* ICMP: unreachable, source quench, time exceeded, parameter problem. ICMPv6: its four errors.
 * An IPv6 extension header hides what follows from a filter: decode finds out. */
static const char filter_format[] =
    "tcp %sportrange %u-%u"
    " or icmp[0] == 3 or icmp[0] == 4 or icmp[0] == 11 or icmp[0] == 12"
    " or (icmp6 and ip6[40] >= 1 and ip6[40] <= 4)"
    " or (ip6 and (ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 51 or ip6[6] == 60))";

static const struct {
	int dlt;
	enum link_type link;
} link_types[] = {
    {DLT_EN10MB, LINK_ETHERNET}, {DLT_LINUX_SLL, LINK_COOKED1}, {DLT_LINUX_SLL2, LINK_COOKED2},
    {DLT_RAW, LINK_RAW},         {DLT_IPV4, LINK_RAW},          {DLT_IPV6, LINK_RAW},
    {DLT_NULL, LINK_NULL},       {DLT_LOOP, LINK_NULL},
};

static const struct {
	int type;
	const char *name;
} stamp_sources[] = {
    {PCAP_TSTAMP_HOST, "kernel"},
    {PCAP_TSTAMP_HOST_LOWPREC, "kernel"},
    {PCAP_TSTAMP_HOST_HIPREC, "host_hiprec"},
    {PCAP_TSTAMP_ADAPTER, "adapter"},
    {PCAP_TSTAMP_ADAPTER_UNSYNCED, "adapter_unsynced"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *stamp_source_name(int type)
{
	for (size_t i = 0; i < COUNT(stamp_sources); i++) {
		if (stamp_sources[i].type == type)
			return stamp_sources[i].name;
	}
	return "kernel"; /* -1: the system's default */
}

static int find_link_type(struct capture *capture, struct err *err)
{
	int dlt = pcap_datalink(capture->pcap);
	const char *name = pcap_datalink_val_to_name(dlt);

	for (size_t i = 0; i < COUNT(link_types); i++) {
		if (link_types[i].dlt == dlt) {
			capture->link = link_types[i].link;
			return 0;
		}
	}
	return err_set(err, ERR_CANNOT, "%s: capture: unknown link type %s (%d)", capture->device,
		       name ? name : "?", dlt);
}

static int refuse_activate(const struct capture *capture, int status, struct err *err)
{
	char remedy[PRIVILEGE_REMEDY_MAX];
	const char *detail = pcap_geterr(capture->pcap);

	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
		return err_set(err, ERR_CANNOT, "%s: capture: no CAP_NET_RAW: %s", capture->device,
			       privilege_remedy(remedy));
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return err_set(err, ERR_CANNOT, "%s: capture: no such device (see: ip link)",
			       capture->device);
	case PCAP_ERROR_IFACE_NOT_UP:
		return err_set(err, ERR_CANNOT,
			       "%s: capture: the device is down: sudo ip link set %s up",
			       capture->device, capture->device);
	default:
		return err_set(err, ERR_CANNOT, "%s: capture: %s", capture->device,
			       *detail ? detail : pcap_statustostr(status));
	}
}

static int refuse_stamps(const struct capture *capture, int type, struct err *err)
{
	return err_set(err, ERR_CANNOT,
		       "%s: capture: the device has no stamps of type %s: leave the type out (see: "
		       "ethtool -T %s)",
		       capture->device, pcap_tstamp_type_val_to_name(type), capture->device);
}

/* Everything that has to be said before the socket exists. */
static int configure(struct capture *capture, const struct capture_config *config, struct err *err)
{
	pcap_t *pcap = capture->pcap;

	if (pcap_set_snaplen(pcap, (int)config->snap_len) != 0 || pcap_set_promisc(pcap, 0) != 0 ||
	    pcap_set_timeout(pcap, BLOCK_WAIT_MS) != 0 ||
	    pcap_set_buffer_size(pcap, (int)config->ring_octets) != 0 ||
	    pcap_set_immediate_mode(pcap, config->immediate) != 0)
		return err_set(err, ERR_INTERNAL, "%s: capture: settings refused", capture->device);
	/* Where nanoseconds are not to be had, capture_stamps_are_ns() says so. */
	(void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	if (config->tstamp_type >= 0 && pcap_set_tstamp_type(pcap, config->tstamp_type) != 0)
		return refuse_stamps(capture, config->tstamp_type, err);
	return 0;
}

/* IFF_* flags of the device, or -1 if there is none of this name. */
static int device_flags(const struct capture *capture)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.*s", IF_NAMESIZE - 1,
		 capture->device);
	if (ioctl(pcap_fileno(capture->pcap), SIOCGIFFLAGS, &request) != 0)
		return -1;
	return (unsigned short)request.ifr_flags;
}

static int install_filter(struct capture *capture, const struct capture_config *config,
			  struct err *err)
{
	char text[sizeof(filter_format) + 24];
	struct bpf_program program;
	int rc;

	snprintf(text, sizeof(text), filter_format, config->incoming ? "dst " : "",
		 config->port_first, config->port_last);
	if (pcap_compile(capture->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return err_set(err, ERR_INTERNAL, "%s: capture: filter: %s", capture->device,
			       pcap_geterr(capture->pcap));
	rc = pcap_setfilter(capture->pcap, &program);
	pcap_freecode(&program);
	if (rc != 0)
		return err_set(err, ERR_CANNOT, "%s: capture: filter: %s", capture->device,
			       pcap_geterr(capture->pcap));
	return 0;
}

/* pcap_setdirection() looks at a frame that the kernel has copied already; this keeps it from being
 * copied. Linux before 4.20 has it not, and there the filter drops them, later. */
static void ignore_outgoing(const struct capture *capture)
{
	int one = 1;

	(void)setsockopt(pcap_fileno(capture->pcap), SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
			 sizeof(one));
}

static int start(struct capture *capture, const struct capture_config *config, struct err *err)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	int status;

	capture->pcap = pcap_create(config->device, why);
	if (!capture->pcap)
		return err_set(err, ERR_CANNOT, "%s: capture: %s", capture->device, why);
	if (configure(capture, config, err) != 0)
		return -1;
	status = pcap_activate(capture->pcap);
	if (status < 0)
		return refuse_activate(capture, status, err);
	if (status == PCAP_WARNING_TSTAMP_TYPE_NOTSUP)
		return refuse_stamps(capture, config->tstamp_type, err);
	quickclose_arm(&capture->quickclose, pcap_fileno(capture->pcap));
	if (pcap_setnonblock(capture->pcap, 1, why) != 0)
		return err_set(err, ERR_CANNOT, "%s: capture: %s", capture->device, why);
	if (config->incoming)
		ignore_outgoing(capture);
	capture->watched = device_flags(capture) >= 0;
	capture->stamp_source = stamp_source_name(config->tstamp_type);
	capture->ns_per_fraction =
	    pcap_get_tstamp_precision(capture->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	if (find_link_type(capture, err) != 0)
		return -1;
	return install_filter(capture, config, err);
}

struct capture *capture_open(const struct capture_config *config, struct err *err)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	assert(config->port_first <= config->port_last);
	if (!capture) {
		err_set(err, ERR_INTERNAL, "%s: capture: out of memory", config->device);
		return NULL;
	}
	capture->quickclose.loop = capture->quickclose.trigger = -1;
	snprintf(capture->device, sizeof(capture->device), "%s", config->device);
	if (start(capture, config, err) == 0)
		return capture;
	capture_close(capture);
	return NULL;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->pcap)
		pcap_close(capture->pcap);
	quickclose_release(&capture->quickclose);
	free(capture);
}

enum link_type capture_link(const struct capture *capture)
{
	return capture->link;
}

int capture_fd(const struct capture *capture)
{
	return pcap_get_selectable_fd(capture->pcap);
}

struct delivery {
	struct capture *capture;
	void (*sink)(void *arg, const struct frame *frame);
	void *arg;
};

static void deliver(u_char *user, const struct pcap_pkthdr *header, const u_char *octets)
{
	struct delivery *delivery = (struct delivery *)(void *)user;
	struct capture *capture = delivery->capture;
	struct frame frame = {
	    .octets = octets,
	    .captured = header->caplen,
	    .wire_len = header->len,
	    .stamp_ns = (int64_t)header->ts.tv_sec * 1000000000 +
			(int64_t)header->ts.tv_usec * capture->ns_per_fraction,
	    .link = capture->link,
	};

	capture->received++;
	delivery->sink(delivery->arg, &frame);
}

/* libpcap takes a device that goes down for one that is silent, since it may come up again: the
 * segments in between are lost without a word, so here it is an error. */
static int check_device(const struct capture *capture, struct err *err)
{
	int flags = device_flags(capture);

	if (flags < 0)
		return err_set(err, ERR_CANNOT, "%s: capture: the device is gone", capture->device);
	if (!(flags & IFF_UP))
		return err_set(err, ERR_CANNOT, "%s: capture: the device went down",
			       capture->device);
	return 0;
}

int capture_next(struct capture *capture, int max, void (*sink)(void *arg, const struct frame *),
		 void *arg, struct err *err)
{
	struct delivery delivery = {.capture = capture, .sink = sink, .arg = arg};
	int rc;

	assert(max > 0);
	rc = pcap_dispatch(capture->pcap, max, deliver, (u_char *)&delivery);
	if (rc == 0 && capture->watched)
		return check_device(capture, err);
	if (rc >= 0)
		return rc;
	return err_set(err, ERR_CANNOT, "%s: capture: %s", capture->device,
		       pcap_geterr(capture->pcap));
}

void capture_statistics(struct capture *capture, struct capture_stats *stats)
{
	struct pcap_stat now;

	if (pcap_stats(capture->pcap, &now) == 0) {
		capture->dropped_ring += (uint32_t)(now.ps_drop - capture->seen_ring);
		capture->dropped_interface += (uint32_t)(now.ps_ifdrop - capture->seen_interface);
		capture->seen_ring = now.ps_drop;
		capture->seen_interface = now.ps_ifdrop;
	}
	stats->received = capture->received;
	stats->dropped_ring = capture->dropped_ring;
	stats->dropped_interface = capture->dropped_interface;
}

const char *capture_stamp_source(const struct capture *capture)
{
	return capture->stamp_source;
}

bool capture_stamps_are_ns(const struct capture *capture)
{
	return capture->ns_per_fraction == 1;
}
