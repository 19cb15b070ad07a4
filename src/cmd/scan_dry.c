/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scan would do: settings and space -> its plan, its first SYNs, the first one's octets. */
#include "cmd/scan_dry.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "net/route.h"
#include "report/scan.h"
#include "scan/permute.h"
#include "wire/craft.h"

#define SHOWN       8
#define PORT_SHOWN  40000 /* ours: chosen among those that are free when it runs */
#define HEX_PER_ROW 16

static void print_plan(const struct scan_settings *settings, const struct space *space,
		       uint64_t mine)
{
	uint64_t size = space_size(space), addresses = space_addresses(space);
	uint64_t rate = (uint64_t)llround(settings->rate);
	uint32_t ports = space_ports(space);

	printf("%" PRIu64 " target%s: %" PRIu64 " address%s, %u port%s; shard %u of %u has %" PRIu64
	       "\nseed %" PRIu64 ", %" PRIu64 " SYN%s a second: %.0f s without repetitions\n",
	       size, scan_plural(size), addresses, addresses == 1 ? "" : "es", ports,
	       scan_plural(ports), settings->shard, settings->shards, mine, settings->seed, rate,
	       scan_plural(rate), (double)mine / settings->rate);
}

static void print_octets(const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (i % HEX_PER_ROW == 0)
			printf("    %04zx ", i);
		printf(" %02x%s", octets[i],
		       i % HEX_PER_ROW == HEX_PER_ROW - 1 || i + 1 == len ? "\n" : "");
	}
}

/* The SYN on its way by `route`; with its octets. */
static void print_syn(const struct plan *plan, const struct route *route,
		      const struct endpoint *target, bool octets)
{
	const struct tcb_path path = tcb_path_of(route->mtu, (enum ip_version)target->addr.version);
	const struct flow flow = {.src = {.addr = route->src, .port = PORT_SHOWN}, .dst = *target};
	struct segment syn;
	const struct craft_request request = {.flow = &flow, .ip = &plan->ip, .seg = &syn};
	uint8_t packet[CRAFT_HEADERS_MAX];
	char flags[FLAGS_TEXT_MAX], offers[SYN_TEXT_MAX], from[ADDR_TEXT_MAX],
	    to[ENDPOINT_TEXT_MAX];
	size_t len;

	tcb_syn(&plan->tcb, &path, &syn);
	len = craft_packet(&request, packet, sizeof(packet));
	printf("  %s  %s %s, ttl %u, %zu octets, from %s by %s\n", endpoint_text(target, to),
	       flags_text(syn.flags, flags), syn_text(&syn, offers), plan->ip.ttl, len,
	       addr_text(&route->src, from), route->device);
	if (octets)
		print_octets(packet, len);
}

static void print_target(const struct plan *plan, struct route_table *routes,
			 const struct endpoint *target, bool octets)
{
	struct err why = {.class = ERR_NONE};
	char text[ENDPOINT_TEXT_MAX];
	struct route route;

	if (route_lookup(routes, &target->addr, &route, &why) == 0)
		print_syn(plan, &route, target, octets);
	else
		printf("  %s  cannot be sent: %s\n", endpoint_text(target, text), why.text);
}

int scan_dry_run(const struct scan_settings *settings, const struct space *space, struct err *err)
{
	uint64_t size = space_size(space);
	uint64_t mine = permute_shard_size(size, settings->shard, settings->shards);
	struct route_table *routes = route_open(err);
	struct permutation order;
	struct ip_addr from;
	bool source = settings->probe.from && addr_parse(settings->probe.from, &from);

	if (!routes || route_constrain(routes, source ? NULL : settings->probe.from,
				       source ? &from : NULL, err) < 0) {
		route_close(routes);
		return -1;
	}
	permute_init(&order, size, settings->seed);
	print_plan(settings, space, mine);
	puts("The first SYNs (sequence number, timestamp and our port are drawn when it runs):");
	for (uint64_t i = 0; i < mine && i < SHOWN; i++) {
		struct endpoint target;

		space_at(space,
			 permute(&order, permute_shard_step(i, settings->shard, settings->shards)),
			 &target.addr, &target.port);
		print_target(&settings->probe.plan, routes, &target, i == 0);
	}
	route_close(routes);
	return 0;
}
