/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwip_server's host: frames of a TAP device -> lwIP, and back. A router is known by its address
 * alone, for both IP versions: lwIP would learn one for IPv6 only from router advertisements.
 */
#include "lwip_server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "netif/ethernet.h"

enum { FRAME_MAX = 2048, MTU = 1500, FRAMES_AT_ONCE = 256 };

static err_t send_frame(struct netif *netif, struct pbuf *frame)
{
	const struct lwip_host *host = netif->state;
	uint8_t octets[FRAME_MAX];
	u16_t len = pbuf_copy_partial(frame, octets, sizeof(octets), 0);

	return write(host->fd, octets, len) == len ? ERR_OK : ERR_IF;
}

/* What is not on the link goes to the router. */
static err_t send_ip6(struct netif *netif, struct pbuf *packet, const ip6_addr_t *to)
{
	const struct lwip_host *host = netif->state;
	bool here =
	    ip6_addr_islinklocal(to) || ip6_addr_ismulticast(to) || ip6_addr_netcmp(to, &host->ip6);

	if (!here && ip6_addr_isany(&host->gateway6))
		return ERR_RTE;
	return ethip6_output(netif, packet, here ? to : &host->gateway6);
}

static err_t set_up(struct netif *netif)
{
	static const uint8_t hwaddr[ETH_HWADDR_LEN] = {2, 0, 0, 0, 0, 2};

	netif->name[0] = 't';
	netif->name[1] = 'p';
	netif->output = etharp_output;
	netif->output_ip6 = send_ip6;
	netif->linkoutput = send_frame;
	netif->mtu = MTU;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, hwaddr, sizeof(hwaddr));
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_MLD6; /* or it would not hear neighbour solicitations */
	return ERR_OK;
}

/* Addresses without duplicate address detection: the test would have to wait for it. */
static void add_ip6(struct lwip_host *host)
{
	netif_create_ip6_linklocal_address(&host->netif, 1);
	netif_ip6_addr_set_state(&host->netif, 0, IP6_ADDR_PREFERRED);
	netif_ip6_addr_set(&host->netif, 1, &host->ip6);
	netif_ip6_addr_set_state(&host->netif, 1, IP6_ADDR_PREFERRED);
}

const char *lwip_tap_open(struct lwip_host *host, const char *device)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	if (strlen(device) >= sizeof(request.ifr_name)) {
		errno = ENAMETOOLONG;
		return device;
	}
	strcpy(request.ifr_name, device);
	host->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (host->fd < 0)
		return "/dev/net/tun";
	if (ioctl(host->fd, TUNSETIFF, &request) < 0)
		return device;
	if (!netif_add(&host->netif, &host->ip4, &host->netmask, &host->gateway4, host, set_up,
		       ethernet_input)) {
		errno = ENODEV;
		return "netif_add";
	}
	netif_set_default(&host->netif);
	netif_set_link_up(&host->netif);
	netif_set_up(&host->netif);
	if (host->has_ip6)
		add_ip6(host);
	return NULL;
}

bool lwip_tap_read(struct lwip_host *host)
{
	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		uint8_t octets[FRAME_MAX];
		ssize_t len = read(host->fd, octets, sizeof(octets));
		struct pbuf *frame;

		/* EIO: the device is down, as it is until the test sets it up */
		if (len <= 0)
			return len < 0 && (errno == EAGAIN || errno == EINTR || errno == EIO);
		/* PBUF_POOL is not to be had: Debian's 2.1.3 writes long frames past its end */
		frame = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_RAM);
		if (!frame)
			return true;
		pbuf_take(frame, octets, (u16_t)len);
		if (host->netif.input(frame, &host->netif) != ERR_OK)
			pbuf_free(frame);
	}
	return true;
}
