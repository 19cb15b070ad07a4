/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk_rate: how many frames a second does net/bulk send, by one way, on one core? With the
 * incoming capture open and polled, as in a scan. In: WAY DEVICE SOURCE NEXT-HOP NETWORK SECONDS.
 * Out: one line of JSON. bench_bulk.py runs it beside its peers; see there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "net/bulk.h"
#include "net/capture.h"
#include "net/clock.h"
#include "net/neighbour.h"
#include "wire/template.h"

#define FIRST_PORT 40000
#define LAST_PORT  40255
#define HOSTS      (1u << 24) /* of the network, whose last three octets are zero */
#define WAIT_MS    2000
#define SECOND_NS  INT64_C(1000000000)
#define ARGUMENTS  7

struct rate {
	struct bulk *bulk;
	struct capture *capture;
	struct template template;
	struct ip_addr network;
	uint32_t number;
	uint64_t seen;
};

static const struct {
	const char *name;
	enum bulk_way way;
} ways[] = {{"xdp", BULK_XDP}, {"packet", BULK_PACKET}, {"raw", BULK_RAW}};

static int open_all(struct rate *rate, char **argv, struct err *err)
{
	struct bulk_config config = {.device = argv[2]};
	struct capture_config receiving = {.device = argv[2],
					   .port_first = FIRST_PORT,
					   .port_last = LAST_PORT,
					   .snap_len = 128,
					   .ring_octets = 16 << 20,
					   .incoming = true,
					   .tstamp_type = -1};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(argv[1], ways[i].name) == 0)
			config.way = ways[i].way;
	rate->bulk = bulk_open(&config, err);
	if (!rate->bulk)
		return -1;
	rate->capture = capture_open(&receiving, err);
	return rate->capture ? 0 : -1;
}

/* A SYN with an MSS, as zmap's. */
static int make_template(struct rate *rate, char **argv, struct err *err)
{
	struct flow flow = {.src.port = FIRST_PORT, .dst.port = 80};
	struct ip_fields ip = {.ttl = 255, .df = true};
	struct segment seg = {.flags = TCP_SYN, .wnd = 65535};
	struct craft_request request = {&flow, &ip, &seg, NULL};
	struct neighbour via = {0};
	struct ip_addr hop;
	uint8_t macs[2][6];

	seg.options.has_mss = true;
	seg.options.mss = 1460;
	if (!addr_parse(argv[3], &flow.src.addr) || !addr_parse(argv[4], &hop) ||
	    !addr_parse(argv[5], &rate->network))
		return err_set(err, ERR_USAGE, "not an address");
	flow.dst.addr = rate->network;
	if (bulk_ethernet(rate->bulk) && neighbour_find(argv[2], &hop, WAIT_MS, &via, err) != 0)
		return -1;
	memcpy(macs[0], via.theirs, 6);
	memcpy(macs[1], via.ours, 6);
	if (template_init(&rate->template, &request,
			  bulk_ethernet(rate->bulk) ? (const uint8_t(*)[6])macs : NULL))
		return 0;
	return err_set(err, ERR_INTERNAL, "no template");
}

static void fill(struct rate *rate)
{
	uint8_t *frame;

	while ((frame = bulk_next(rate->bulk))) {
		uint32_t host = rate->number++ * 2654435761u % HOSTS; /* all, in leaps */
		struct ip_addr dst = rate->network;
		const struct template_fields fields = {
		    .dst = &dst, .src_port = FIRST_PORT, .dst_port = 80, .seq = rate->number};

		dst.octets[1] = (uint8_t)(host >> 16);
		dst.octets[2] = (uint8_t)(host >> 8);
		dst.octets[3] = (uint8_t)host;
		template_copy(&rate->template, &fields, frame);
		bulk_commit(rate->bulk, rate->template.len);
	}
}

static void see(void *arg, const struct frame *frame)
{
	struct rate *rate = arg;

	(void)frame;
	rate->seen++;
}

static int run(struct rate *rate, int64_t end_ns, struct err *err)
{
	while (clock_monotonic_ns() < end_ns) {
		fill(rate);
		if (bulk_flush(rate->bulk, err) < 0 ||
		    capture_next(rate->capture, 1000, see, rate, err) < 0)
			return -1;
	}
	return 0;
}

static double cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
	struct rate rate = {0};
	struct err err = {0};
	struct bulk_stats stats = {0};
	int64_t start;
	double cpu;

	if (argc != ARGUMENTS || open_all(&rate, argv, &err) != 0 ||
	    make_template(&rate, argv, &err) != 0) {
		fprintf(stderr, "%s\n", argc == ARGUMENTS ? err.text : "see the first lines");
		return EXIT_FAILURE;
	}
	start = clock_monotonic_ns();
	cpu = cpu_s();
	if (run(&rate, start + (int64_t)(atof(argv[6]) * 1e9), &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	bulk_statistics(rate.bulk, &stats);
	printf("{\"way\": \"%s\", \"sent\": %llu, \"again\": %llu, \"seconds\": %.6f, \"cpu_s\": "
	       "%.6f}\n",
	       bulk_name(rate.bulk), (unsigned long long)stats.sent,
	       (unsigned long long)stats.again,
	       (double)(clock_monotonic_ns() - start) / (double)SECOND_NS, cpu_s() - cpu);
	capture_close(rate.capture);
	bulk_close(rate.bulk);
	return err.class == ERR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
