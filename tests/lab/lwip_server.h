/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwip_server: its parts. lwip_tap.c is the host (a TAP device and lwIP's addresses on it),
 * lwip_ports.c the ports and their connections, lwip_server.c the command line and the loop.
 */
#ifndef LAB_LWIP_SERVER_H
#define LAB_LWIP_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lwip/netif.h"

struct lwip_host {
	struct netif netif;
	int fd; /* of the TAP device */
	ip4_addr_t ip4, netmask, gateway4;
	ip6_addr_t ip6, gateway6;
	bool has_ip4, has_ip6;
};

/* What a port does; NULL and false: does not. */
struct lwip_mode {
	const char *name, *meaning;
	const char *greeting; /* said at once */
	const char *answer;   /* said when an empty line ends what came; then it closes */
	bool close_greeted;   /* closes behind the greeting */
	bool echo;
	bool abort_at_eof;
	bool deaf_to_eof;        /* never closes: CLOSE-WAIT for ever */
	unsigned close_after_ms; /* of the end of stream; 0: before lwIP has answered it */
};

struct lwip_port {
	const struct lwip_mode *mode;
	uint16_t number;
	FILE *log; /* NULL: none */
};

/* Opens (or makes) the device and gives it to lwIP. Returns NULL, or what went wrong: errno. */
const char *lwip_tap_open(struct lwip_host *host, const char *device);
/* Reads the frames that have come. False: the device is gone. */
bool lwip_tap_read(struct lwip_host *host);

const struct lwip_mode *lwip_mode_find(const char *name);
void lwip_mode_list(FILE *out);
/* The port must live as long as the program. False: lwIP would not. */
bool lwip_port_listen(struct lwip_port *port);

#endif
