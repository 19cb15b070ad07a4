/* SPDX-License-Identifier: BSD-2-Clause */
/* Control probes: hosts in a table that grows, their open ports in lists, SYNs in a flow table. */
#include "scan/controls.h"

#include <stdlib.h>
#include <string.h>

#include "scan/hosts.h"

#define NONE       HOSTS_NONE
#define PORT_LOW   10000 /* "high" ports: no well-known service's */
#define PORT_DRAWS 32
#define DECIDED    2 /* answers of one kind, of CONTROLS_PORTS */
#define FIRST_HELD 64

struct held {
	struct controls_held what;
	uint32_t next;    /* of its host, of those released, or of those free */
	uint32_t waiting; /* next host to be asked; for the first of each */
};

struct controls {
	struct controls_config config;
	uint16_t any_port; /* one of the space: to find addresses by */
	struct hosts hosts;
	struct held *held;
	uint32_t held_size, held_free;
	uint32_t ready_head, ready_tail;     /* released */
	uint32_t waiting_head, waiting_tail; /* to be asked */
	unsigned asked;                      /* ports of the first of these that are asked */
	struct flow_entry *entries;
	struct flows flows;
	struct controls_counts counts;
};

struct controls *controls_new(const struct controls_config *config)
{
	struct controls *controls = calloc(1, sizeof(*controls));
	struct ip_addr addr;

	if (!controls)
		return NULL;
	controls->config = *config;
	controls->entries = calloc(config->max_flows, sizeof(*controls->entries));
	if (hosts_init(&controls->hosts) < 0 || !controls->entries) {
		controls_free(controls);
		return NULL;
	}
	flows_init(&controls->flows, controls->entries, config->max_flows, config->seed);
	space_at(config->space, 0, &addr, &controls->any_port);
	controls->held_free = controls->ready_head = controls->ready_tail = NONE;
	controls->waiting_head = controls->waiting_tail = NONE;
	return controls;
}

void controls_free(struct controls *controls)
{
	if (!controls)
		return;
	hosts_free(&controls->hosts);
	free(controls->held);
	free(controls->entries);
	free(controls);
}

/* --- hosts --- */

static uint64_t number_of(const struct controls *controls, const struct scan_item *item)
{
	return item->index / space_ports(controls->config.space);
}

enum controls_host controls_host(const struct controls *controls, const struct scan_item *item)
{
	const struct host *host = hosts_find(&controls->hosts, number_of(controls, item));

	return host ? (enum controls_host)host->state : HOST_UNKNOWN;
}

/* --- what is held --- */

static bool more_held(struct controls *controls)
{
	uint32_t size = controls->held_size > 0 ? controls->held_size * 2 : FIRST_HELD;
	struct held *held =
	    size > controls->held_size ? reallocarray(controls->held, size, sizeof(*held)) : NULL;

	if (!held)
		return false;
	for (uint32_t i = controls->held_size; i < size; i++)
		held[i].next = i + 1 < size ? i + 1 : NONE;
	controls->held_free = controls->held_size;
	controls->held = held;
	controls->held_size = size;
	return true;
}

static void append(struct controls *controls, uint32_t *head, uint32_t *tail, uint32_t at)
{
	if (*head == NONE)
		*head = at;
	else
		controls->held[*tail].next = at;
	*tail = at;
	controls->held[at].next = NONE;
}

static void wait_to_be_asked(struct controls *controls, uint32_t at)
{
	if (controls->waiting_head == NONE)
		controls->waiting_head = at;
	else
		controls->held[controls->waiting_tail].waiting = at;
	controls->waiting_tail = at;
	controls->held[at].waiting = NONE;
}

bool controls_hold(struct controls *controls, const struct controls_held *held)
{
	struct host *host = hosts_have(&controls->hosts, number_of(controls, &held->item));
	uint32_t at;

	if (!host || (controls->held_free == NONE && !more_held(controls)))
		return false;
	at = controls->held_free;
	controls->held_free = controls->held[at].next;
	controls->counts.held++;
	controls->held[at].what = *held;
	controls->held[at].what.first = host->state == HOST_UNKNOWN;
	append(controls, &host->head, &host->tail, at);
	if (host->state == HOST_UNKNOWN) {
		host->state = HOST_ASKED;
		controls->counts.hosts++;
		wait_to_be_asked(controls, at);
	}
	return true;
}

/* The next host's turn to be asked. */
static void asked_enough(struct controls *controls)
{
	controls->asked = 0;
	controls->waiting_head = controls->held[controls->waiting_head].waiting;
}

static void settle(struct controls *controls, struct host *host, enum controls_host state)
{
	if (host->head == controls->waiting_head) /* decided before all its ports were asked */
		asked_enough(controls);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++) /* nobody waits for what is silent still */
		flows_remove(&controls->flows, (host->number_plus_1 - 1) * CONTROLS_PORTS + i);
	host->state = (uint8_t)state;
	controls->counts.wildcards += state == HOST_WILDCARD;
	for (uint32_t at = host->head; at != NONE; at = controls->held[at].next)
		controls->held[at].what.wildcard = state == HOST_WILDCARD;
	if (controls->ready_head == NONE)
		controls->ready_head = host->head;
	else
		controls->held[controls->ready_tail].next = host->head;
	controls->ready_tail = host->tail;
	host->head = host->tail = NONE;
}

bool controls_release(struct controls *controls, struct controls_held *held)
{
	uint32_t at = controls->ready_head;

	if (at == NONE)
		return false;
	*held = controls->held[at].what;
	controls->counts.held--;
	controls->ready_head = controls->held[at].next;
	controls->held[at].next = controls->held_free;
	controls->held_free = at;
	return true;
}

void controls_stop(struct controls *controls)
{
	controls->waiting_head = controls->waiting_tail = NONE;
	flows_init(&controls->flows, controls->entries, controls->config.max_flows,
		   controls->config.seed);
	for (uint32_t i = 0; i < controls->hosts.size; i++) {
		struct host *host = &controls->hosts.places[i];

		if (host->number_plus_1 != 0 && host->state == HOST_ASKED)
			settle(controls, host, HOST_ORDINARY);
	}
}

void controls_each_held(const struct controls *controls,
			void (*take)(void *arg, const struct controls_held *held), void *arg)
{
	for (uint32_t i = 0; i < controls->hosts.size; i++) {
		const struct host *host = &controls->hosts.places[i];
		uint32_t at = host->number_plus_1 != 0 ? host->head : NONE;

		for (; at != NONE; at = controls->held[at].next)
			take(arg, &controls->held[at].what);
	}
}

void controls_each_wildcard(const struct controls *controls,
			    void (*take)(void *arg, uint64_t number), void *arg)
{
	for (uint32_t i = 0; i < controls->hosts.size; i++) {
		const struct host *host = &controls->hosts.places[i];

		if (host->number_plus_1 != 0 && host->state == HOST_WILDCARD)
			take(arg, host->number_plus_1 - 1);
	}
}

bool controls_know_wildcard(struct controls *controls, uint64_t number)
{
	struct host *host = number < space_addresses(controls->config.space)
				? hosts_have(&controls->hosts, number)
				: NULL;

	if (host)
		host->state = HOST_WILDCARD;
	return host != NULL;
}

/* --- asking --- */

/* The ports of host `number`, all different: outside of the space's, if such can be drawn. */
static void choose_ports(const struct controls *controls, uint64_t number,
			 const struct ip_addr *addr, uint16_t ports[CONTROLS_PORTS])
{
	uint64_t random = hosts_mix(controls->config.seed ^ hosts_mix(number)), index;

	for (unsigned found = 0, i = 0; found < CONTROLS_PORTS; i++) {
		bool again = false;

		random = hosts_mix(random + 1);
		ports[found] = (uint16_t)(PORT_LOW + random % (UINT16_MAX - PORT_LOW + 1));
		for (unsigned k = 0; k < found; k++)
			again = again || ports[k] == ports[found];
		if (again || (i < PORT_DRAWS &&
			      space_find(controls->config.space, addr, ports[found], &index)))
			continue;
		found++;
	}
}

static void describe(const struct controls *controls, uint64_t index, struct scan_item *item)
{
	const struct space *space = controls->config.space;
	struct flow flow = {.src.port = controls->config.source_port};
	uint64_t number = index / CONTROLS_PORTS;
	uint16_t ports[CONTROLS_PORTS];

	*item = (struct scan_item){
	    .index = index, .source_port = controls->config.source_port, .rtt_ns = -1};
	space_at(space, number * space_ports(space), &item->addr, &item->port);
	choose_ports(controls, number, &item->addr, ports);
	item->port = ports[index % CONTROLS_PORTS];
	flow.dst.addr = item->addr;
	flow.dst.port = item->port;
	item->iss = match_iss(controls->config.cookie, &flow);
}

static void judge(struct controls *controls, uint64_t index, bool open)
{
	struct host *host = hosts_find(&controls->hosts, index / CONTROLS_PORTS);

	flows_remove(&controls->flows, index);
	if (!host || host->state != HOST_ASKED)
		return;
	host->open += open;
	host->other += !open;
	if (host->open == DECIDED)
		settle(controls, host, HOST_WILDCARD);
	else if (host->other == DECIDED)
		settle(controls, host, HOST_ORDINARY);
}

static int64_t wait_ns(const struct controls *controls, unsigned tries)
{
	return controls->config.wait_ns << (tries - 1);
}

static bool overdue(struct controls *controls, int64_t now_ns, bool may_send,
		    struct scan_item *item)
{
	for (unsigned tries = controls->config.tries; tries >= 1; tries--) {
		struct flow_entry *entry;

		while ((entry = flows_oldest(&controls->flows, (uint8_t)tries)) != NULL &&
		       entry->sent_ns + wait_ns(controls, tries) <= now_ns) {
			if (tries == controls->config.tries) {
				judge(controls, entry->index, false);
				continue;
			}
			if (!may_send)
				break;
			describe(controls, entry->index, item);
			flows_again(&controls->flows, entry, now_ns);
			controls->counts.again++;
			return true;
		}
	}
	return false;
}

enum scan_next controls_next(struct controls *controls, int64_t now_ns, bool may_send,
			     struct scan_item *item)
{
	uint32_t at;

	if (overdue(controls, now_ns, may_send, item))
		return SCAN_SEND;
	at = controls->waiting_head;
	if (at == NONE)
		return controls->flows.count > 0 ? SCAN_WAIT : SCAN_DONE;
	if (!may_send || controls->flows.count >= controls->flows.limit)
		return SCAN_WAIT;
	describe(controls,
		 number_of(controls, &controls->held[at].what.item) * CONTROLS_PORTS +
		     controls->asked,
		 item);
	flows_add(&controls->flows, item->index, now_ns);
	controls->counts.sent++;
	if (++controls->asked == CONTROLS_PORTS)
		asked_enough(controls);
	return SCAN_SEND;
}

int64_t controls_next_ns(const struct controls *controls, int64_t now_ns)
{
	int64_t due_ns = INT64_MAX;

	if (controls->waiting_head != NONE && controls->flows.count < controls->flows.limit)
		return now_ns;
	for (unsigned tries = 1; tries <= controls->config.tries; tries++) {
		uint32_t at = controls->flows.heads[tries];

		if (at != FLOWS_NONE &&
		    controls->entries[at].sent_ns + wait_ns(controls, tries) < due_ns)
			due_ns = controls->entries[at].sent_ns + wait_ns(controls, tries);
	}
	return due_ns;
}

/* --- answers --- */

static bool believed(const struct packet *packet, const struct scan_item *item, bool *open)
{
	const struct segment *seg = &packet->seg;

	*open = false;
	if (packet->kind != PACKET_TCP)
		return packet->icmp.quoted_seq == item->iss;
	if (!(seg->flags & TCP_ACK) || seg->ack != item->iss + 1)
		return false;
	*open = (seg->flags & TCP_SYN) && !(seg->flags & TCP_RST);
	return (seg->flags & (TCP_SYN | TCP_RST)) != 0;
}

bool controls_arrived(struct controls *controls, const struct packet *packet, bool *forged)
{
	bool tcp = packet->kind == PACKET_TCP, open;
	const struct endpoint *remote = tcp ? &packet->flow.src : &packet->icmp.quoted.dst;
	uint16_t ours = tcp ? packet->flow.dst.port : packet->icmp.quoted.src.port;
	struct scan_item item;
	uint64_t index, number;

	*forged = false;
	if (ours != controls->config.source_port)
		return false;
	*forged = true; /* of no host, or no port, that was asked */
	if (!space_find(controls->config.space, &remote->addr, controls->any_port, &index)) {
		controls->counts.rejected++;
		return true;
	}
	number = index / space_ports(controls->config.space);
	for (unsigned i = 0; i < CONTROLS_PORTS; i++) {
		describe(controls, number * CONTROLS_PORTS + i, &item);
		if (item.port != remote->port)
			continue;
		*forged = !believed(packet, &item, &open);
		if (!*forged && flows_find(&controls->flows, item.index))
			judge(controls, item.index, open);
		break;
	}
	controls->counts.rejected += *forged;
	return true;
}

struct controls_counts controls_counts(const struct controls *controls)
{
	return controls->counts;
}
