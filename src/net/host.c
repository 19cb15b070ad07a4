/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: /proc/sys, ethtool's ioctl, libpcap's lists, a listener on loopback -> facts about this
 * host. What cannot be found out counts as absent.
 */
#include "net/host.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 8
#define STRICT         1 /* rp_filter's value */

int64_t host_setting(const char *name, unsigned which)
{
	char path[128];
	int64_t value = HOST_UNKNOWN;
	FILE *file;
	int got = 1;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	file = fopen(path, "re");
	if (!file)
		return HOST_UNKNOWN;
	for (unsigned i = 0; i <= which && got == 1; i++)
		got = fscanf(file, "%19" SCNd64, &value);
	fclose(file);
	return got == 1 ? value : HOST_UNKNOWN;
}

/* IFF_* flags of the interface; 0 if it is gone. */
static unsigned interface_flags(int fd, const char *name)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
		return 0;
	return (unsigned short)request.ifr_flags;
}

/* The answer to one of ethtool's questions for a number; 0 where the interface has none. */
static uint32_t ask_ethtool(int fd, const char *name, uint32_t question)
{
	struct ethtool_value value = {.cmd = question};
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = (void *)&value;
	return ioctl(fd, SIOCETHTOOL, &request) == 0 ? value.data : 0;
}

static void find_offloads(int fd, struct host_interface *at)
{
	at->gro = ask_ethtool(fd, at->name, ETHTOOL_GGRO) != 0;
	at->lro = (ask_ethtool(fd, at->name, ETHTOOL_GFLAGS) & ETH_FLAG_LRO) != 0;
	at->splits = ask_ethtool(fd, at->name, ETHTOOL_GTSO) != 0 ||
		     ask_ethtool(fd, at->name, ETHTOOL_GGSO) != 0;
	at->checksums = ask_ethtool(fd, at->name, ETHTOOL_GTXCSUM) != 0;
}

static void add_stamp_type(struct host_interface *at, int type)
{
	const char *name = pcap_tstamp_type_val_to_name(type);
	size_t len = strlen(at->stamps);

	snprintf(at->stamps + len, sizeof(at->stamps) - len, "%s%s", len > 0 ? ", " : "",
		 name ? name : "?");
}

/* The capture is not activated: so nothing but the lists is looked at. */
static void find_stamps(struct host_interface *at)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_create(at->name, why);
	int *types = NULL;
	int count;

	if (!pcap)
		return;
	at->stamps_ns = pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
	count = pcap_list_tstamp_types(pcap, &types);
	for (int i = 0; i < count; i++)
		add_stamp_type(at, types[i]);
	if (count > 0)
		pcap_free_tstamp_types(types);
	else
		add_stamp_type(at, PCAP_TSTAMP_HOST); /* the default has no list */
	pcap_close(pcap);
}

/* The kernel takes the stricter of the two; 2 is "loose". */
static void find_path_filter(struct host_interface *at)
{
	int64_t all = host_setting("net/ipv4/conf/all/rp_filter", 0), own;
	char name[64 + IF_NAMESIZE];

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/rp_filter", at->name);
	own = host_setting(name, 0);
	at->strict_path = (own > all ? own : all) == STRICT;
}

static size_t find_interfaces(int fd, const struct if_nameindex *names, struct host_interface *out)
{
	size_t count = 0;

	for (; names->if_index != 0; names++) {
		struct host_interface *at = &out[count];
		unsigned flags = interface_flags(fd, names->if_name);

		if (!(flags & IFF_UP) || (flags & IFF_LOOPBACK))
			continue;
		snprintf(at->name, sizeof(at->name), "%s", names->if_name);
		find_stamps(at);
		find_offloads(fd, at);
		find_path_filter(at);
		count++;
	}
	return count;
}

int host_interfaces(struct host_interface **found, size_t *count, struct err *err)
{
	struct if_nameindex *names = if_nameindex();
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	int rc = -1;

	*found = NULL;
	if (!names || fd < 0) {
		err_set(err, ERR_CANNOT, "interfaces: cannot be listed: %s", strerror(errno));
		goto out;
	}
	while (names[n].if_index != 0)
		n++;
	*found = calloc(n + 1, sizeof(**found));
	if (!*found) {
		err_set(err, ERR_INTERNAL, "interfaces: out of memory");
		goto out;
	}
	*count = find_interfaces(fd, names, *found);
	rc = 0;
out:
	if (fd >= 0)
		close(fd);
	if (names)
		if_freenameindex(names);
	return rc;
}

bool host_loopback_is_up(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned flags = fd >= 0 ? interface_flags(fd, "lo") : 0;

	if (fd >= 0)
		close(fd);
	return (flags & IFF_UP) != 0;
}

static int open_listener(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, address, len) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	int reason = errno;

	close(fd);
	errno = reason;
	return -1;
}

static int listen4(struct ip_addr *addr, uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = open_listener((struct sockaddr *)&address, len);

	*addr = (struct ip_addr){.version = IP_V4};
	memcpy(addr->octets, &address.sin_addr, sizeof(address.sin_addr));
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		*port = ntohs(address.sin_port);
	return fd;
}

static int listen6(struct ip_addr *addr, uint16_t *port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	socklen_t len = sizeof(address);
	int fd = open_listener((struct sockaddr *)&address, len);

	*addr = (struct ip_addr){.version = IP_V6};
	memcpy(addr->octets, &address.sin6_addr, sizeof(address.sin6_addr));
	if (fd >= 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		*port = ntohs(address.sin6_port);
	return fd;
}

int host_listen(enum ip_version version, struct ip_addr *addr, uint16_t *port)
{
	return version == IP_V4 ? listen4(addr, port) : listen6(addr, port);
}

void host_listen_end(int listener)
{
	if (listener >= 0)
		close(listener);
}
