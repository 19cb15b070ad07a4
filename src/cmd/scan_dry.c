/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scan would do: settings and space -> its plan, its first SYNs, the first one's octets. */
#include "cmd/scan_dry.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/route.h"
#include "report/scan.h"
#include "scan/permute.h"
#include "wire/craft.h"

#define SHOWN       8
#define PORT_SHOWN  40000 /* ours: chosen among those that are free when it runs */
#define HEX_PER_ROW 16
#define RANGES_MAX  1024 /* of the space: both ends of each are looked up */

/* By which way a scan would go: that of the first target that is not this host itself. */
struct dry {
	const struct plan *plan;
	struct route_table *routes;
	struct route way;
	bool found;
	struct err *err; /* why the scan would be refused */
};

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

static bool stays_here(const struct route *route)
{
	return route->local || strcmp(route->device, "lo") == 0;
}

/* Does the scan have its way? If not, and this target has one, it is that. */
static void take_way(struct dry *dry, const struct ip_addr *addr)
{
	struct err why = {.class = ERR_NONE};
	char text[ADDR_TEXT_MAX];
	struct route route;

	if (route_lookup(dry->routes, addr, &route, &why) < 0 || stays_here(&route))
		return;
	if (!dry->found)
		dry->way = route;
	else if (route.ifindex != dry->way.ifindex && dry->err->class == ERR_NONE)
		err_set(dry->err, ERR_CANNOT,
			"%s: leaves by %s, other targets by %s: one scan goes out of one "
			"interface: split it, or choose with -I",
			addr_text(addr, text), route.device, dry->way.device);
	dry->found = true;
}

static void print_target(const struct dry *dry, const struct endpoint *target, bool octets)
{
	struct err why = {.class = ERR_NONE};
	char text[ENDPOINT_TEXT_MAX];
	struct route route;

	endpoint_text(target, text);
	if (route_lookup(dry->routes, &target->addr, &route, &why) < 0)
		printf("  %s  cannot be sent: %s\n", text, why.text);
	else if (dry->found && stays_here(&route))
		printf("  %s  not sent to: %s\n", text,
		       route.local ? "an address of this host itself"
				   : "its route leads back to this host");
	else if (dry->found && route.ifindex != dry->way.ifindex)
		printf("  %s  not in one scan with others: leaves by %s, others by %s\n", text,
		       route.device, dry->way.device);
	else
		print_syn(dry->plan, &route, target, octets);
}

static void print_first(struct dry *dry, const struct scan_settings *settings,
			const struct space *space, uint64_t mine)
{
	struct endpoint targets[SHOWN];
	struct permutation order;
	struct ip_addr first, last;
	unsigned count;

	permute_init(&order, space_size(space), settings->seed);
	for (unsigned i = 0; i < RANGES_MAX && space_range(space, i, &first, &last); i++) {
		take_way(dry, &first);
		take_way(dry, &last);
	}
	for (count = 0; count < mine && count < SHOWN; count++) {
		uint64_t step = permute_shard_step(count, settings->shard, settings->shards);

		space_at(space, permute(&order, step), &targets[count].addr, &targets[count].port);
		take_way(dry, &targets[count].addr);
	}
	puts("The first SYNs (sequence number, timestamp and our port are drawn when it runs):");
	for (unsigned i = 0; i < count; i++)
		print_target(dry, &targets[i], i == 0);
}

int scan_dry_run(const struct scan_settings *settings, const struct space *space, struct err *err)
{
	uint64_t mine = permute_shard_size(space_size(space), settings->shard, settings->shards);
	struct dry dry = {.plan = &settings->probe.plan, .routes = route_open(err), .err = err};
	struct ip_addr from;
	bool source = settings->probe.from && addr_parse(settings->probe.from, &from);

	if (!dry.routes || route_constrain(dry.routes, source ? NULL : settings->probe.from,
					   source ? &from : NULL, err) < 0) {
		route_close(dry.routes);
		return -1;
	}
	print_plan(settings, space, mine);
	print_first(&dry, settings, space, mine);
	route_close(dry.routes);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_set(err, ERR_CANNOT, "stdout: cannot write: %s", strerror(errno));
	return err->class == ERR_NONE ? 0 : -1;
}
