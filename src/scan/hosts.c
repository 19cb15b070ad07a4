/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts that something is known of: open addressing, doubled when three quarters are taken. */
#include "scan/hosts.h"

#include <stdlib.h>

#define FIRST_SIZE 64

uint64_t hosts_mix(uint64_t number)
{
	number = (number ^ number >> 33) * UINT64_C(0xff51afd7ed558ccd);
	number = (number ^ number >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return number ^ number >> 33;
}

int hosts_init(struct hosts *hosts)
{
	*hosts = (struct hosts){.size = FIRST_SIZE};
	hosts->places = calloc(FIRST_SIZE, sizeof(*hosts->places));
	return hosts->places ? 0 : -1;
}

void hosts_free(struct hosts *hosts)
{
	free(hosts->places);
	hosts->places = NULL;
}

/* Its place, or the free one where it would be. */
static struct host *place(const struct hosts *hosts, uint64_t number)
{
	uint32_t mask = hosts->size - 1, at = (uint32_t)hosts_mix(number) & mask;

	while (hosts->places[at].number_plus_1 != 0 &&
	       hosts->places[at].number_plus_1 != number + 1)
		at = (at + 1) & mask;
	return &hosts->places[at];
}

static int grow(struct hosts *hosts)
{
	struct hosts more = {.size = hosts->size * 2, .count = hosts->count};

	more.places = more.size > 0 ? calloc(more.size, sizeof(*more.places)) : NULL;
	if (!more.places)
		return -1;
	for (uint32_t i = 0; i < hosts->size; i++)
		if (hosts->places[i].number_plus_1 != 0)
			*place(&more, hosts->places[i].number_plus_1 - 1) = hosts->places[i];
	free(hosts->places);
	*hosts = more;
	return 0;
}

struct host *hosts_find(const struct hosts *hosts, uint64_t number)
{
	struct host *host = place(hosts, number);

	return host->number_plus_1 != 0 ? host : NULL;
}

struct host *hosts_have(struct hosts *hosts, uint64_t number)
{
	struct host *host;

	if (hosts->count >= hosts->size / 4 * 3 && grow(hosts) < 0)
		return NULL;
	host = place(hosts, number);
	if (host->number_plus_1 == 0) {
		*host = (struct host){
		    .number_plus_1 = number + 1, .head = HOSTS_NONE, .tail = HOSTS_NONE};
		hosts->count++;
	}
	return host;
}
