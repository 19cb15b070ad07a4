/* SPDX-License-Identifier: BSD-2-Clause */
/* command: words and the services database -> ports. */
#include "cmd/scan_ports.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"

#define SERVICES_MAX 1000000 /* lines of a database that does not end */
#define PORT_LAST    65535

/* "80-90", "-1024", "60000-", "-"; `dash` is in it. */
static int parse_range(const char *word, const char *dash, uint16_t *first, uint16_t *last,
		       struct err *err)
{
	char text[8];
	size_t len = (size_t)(dash - word);

	*first = 1;
	*last = PORT_LAST;
	if (len >= sizeof(text))
		return err_set(err, ERR_USAGE, "'%s' is no range of ports: write 80-90", word);
	memcpy(text, word, len);
	text[len] = '\0';
	if ((text[0] && parse_port(text, first, err) < 0) ||
	    (dash[1] && parse_port(dash + 1, last, err) < 0))
		return -1;
	if (*first > *last)
		return err_set(err, ERR_USAGE, "'%s': the first port is above the last", word);
	return 0;
}

static int add_word(struct space *space, const char *word, struct err *err)
{
	const char *dash = strchr(word, '-');
	uint16_t first, last;

	if (strchr(word, ':'))
		return err_set(err, ERR_USAGE,
			       "'%s': no protocols, all is TCP; and a range is written 80-90",
			       word);
	/* names of services have dashes, too */
	if (dash && word[strspn(word, "0123456789-")] == '\0') {
		if (parse_range(word, dash, &first, &last, err) < 0)
			return -1;
	} else {
		if (parse_port(word, &first, err) < 0)
			return -1;
		last = first;
	}
	space_add_ports(space, first, last);
	return 0;
}

int scan_ports_add(struct space *space, const char *list, struct err *err)
{
	char *text = strdup(list), *rest = text, *word;
	int rc = 0;

	if (!text)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	while (rc == 0 && (word = strsep(&rest, ",")))
		rc = *word ? add_word(space, word, err)
			   : err_set(err, ERR_USAGE,
				     "'%s': a port is missing there: write 22,80-90,http or - for "
				     "all",
				     list);
	free(text);
	return rc;
}

int scan_ports_add_top(struct space *space, int64_t wanted, struct err *err)
{
	uint8_t seen[(PORT_LAST + 1) / 8] = {0};
	int found = 0;
	const struct servent *service;

	setservent(1);
	for (unsigned lines = 0; found < wanted && lines < SERVICES_MAX; lines++) {
		uint16_t port;

		service = getservent();
		if (!service)
			break;
		port = ntohs((uint16_t)service->s_port);
		if (strcmp(service->s_proto, "tcp") != 0 || port == 0 ||
		    seen[port / 8] & 1 << port % 8)
			continue;
		seen[port / 8] |= (uint8_t)(1 << port % 8);
		space_add_ports(space, port, port);
		found++;
	}
	endservent();
	if (found == 0)
		return err_set(err, ERR_CANNOT,
			       "--top-ports: the system's services database has no TCP services: "
			       "install it (Debian: netbase), or name ports with -p");
	return found;
}
