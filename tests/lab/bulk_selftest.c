/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk_selftest: net/bulk, net/neighbour and the incoming capture on a real kernel, for
 * test_bulk.py. In: NAME=VALUE words. Out: one line of JSON; into file=, each frame as it was
 * committed. Frame i has the sequence number i; IPv4 and IPv6 alternate. All privileges are gone
 * before the first one.
 */
#include "bulk_selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/clock.h"
#include "net/neighbour.h"
#include "net/privilege.h"
#include "net/sandbox.h"

#define NEIGHBOUR_WAIT_MS 2000
#define RING_OCTETS       (16 << 20)

static const struct {
	const char *name;
	enum bulk_way way;
} way_names[] = {
    {"auto", BULK_AUTO}, {"xdp", BULK_XDP}, {"packet", BULK_PACKET}, {"raw", BULK_RAW}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *word(int argc, char **argv, const char *name, const char *otherwise)
{
	size_t len = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return otherwise;
}

/* --- what is sent --- */

/* The templates: IPv4 and IPv6, with four sets of options each. */
static bool make_templates(struct selftest *test, const struct neighbour *via)
{
	for (unsigned i = 0; i < TEMPLATES; i++) {
		bool six = i % 2;
		struct flow flow = {.src.addr = test->src[six], .dst.addr = test->dst[six]};
		struct ip_fields ip = {.ttl = 64, .df = true, .id = (uint16_t)(i + 1)};
		struct segment seg = {.flags = TCP_SYN, .wnd = 1024};
		struct craft_request request = {&flow, &ip, &seg, NULL};
		uint8_t macs[2][6];

		seg.options.has_mss = i & 2;
		seg.options.mss = 1460;
		seg.options.has_sack_permitted = seg.options.has_timestamps = (i & 4) != 0;
		memcpy(macs[0], via[six].theirs, 6);
		memcpy(macs[1], via[six].ours, 6);
		if (!template_init(&test->templates[i], &request,
				   bulk_ethernet(test->bulk) ? (const uint8_t(*)[6])macs : NULL))
			return false;
	}
	return true;
}

static uint32_t write_frame(const struct selftest *test, uint32_t number, uint8_t *frame)
{
	const struct template *template = &test->templates[number % TEMPLATES];
	bool refused = test->refuse && number % 8 == 2;
	const struct template_fields fields = {
	    .dst = refused ? &test->nowhere : &test->dst[number % 2],
	    .src_port = (uint16_t)(SELFTEST_PORT + number % SELFTEST_PORTS),
	    .dst_port = (uint16_t)(1000 + number % 50000),
	    .seq = number,
	    .ack = 0,
	};

	template_copy(template, &fields, frame);
	return template->len;
}

static void log_frame(const struct selftest *test, const uint8_t *frame, uint32_t len)
{
	uint8_t prefix[2] = {(uint8_t)(len >> 8), (uint8_t)len};

	if (!test->file)
		return;
	fwrite(prefix, sizeof(prefix), 1, test->file);
	fwrite(frame, len, 1, test->file);
}

/* Writes up to `batch` frames; stops where there is no room. */
static void fill(struct selftest *test, unsigned batch)
{
	for (unsigned i = 0; i < batch && test->made < test->count; i++) {
		uint8_t *frame = bulk_next(test->bulk);
		uint32_t len;

		if (!frame)
			return;
		len = write_frame(test, test->made, frame);
		log_frame(test, frame, len);
		bulk_commit(test->bulk, len);
		test->made++;
	}
}

/* --- what comes back --- */

/* The filter lets some of the kernel's own frames pass (ICMPv6 behind an extension header). */
static void see(void *arg, const struct frame *frame)
{
	struct selftest *test = arg;
	const uint8_t *ip = frame->octets + (frame->link == LINK_ETHERNET ? 14 : 0);
	bool four = ip[0] >> 4 == IP_V4;
	const uint8_t *tcp = ip + (four ? 20 : 40);

	if (frame->octets + frame->captured < tcp + 14 || ip[four ? 9 : 6] != 6)
		return;
	if (tcp[13] & TCP_RST)
		test->answers++;
	else if (tcp[13] & TCP_SYN)
		test->own++;
}

static bool receive(struct selftest *test)
{
	return !test->capture || capture_next(test->capture, 1000, see, test, &test->err) >= 0;
}

static void pause_ms(int ms)
{
	struct timespec time = {.tv_nsec = ms * 1000000L};

	nanosleep(&time, NULL);
}

/* --- the run --- */

static void refused(void *arg, const uint8_t *frame, uint32_t len, int reason)
{
	struct selftest *test = arg;

	(void)frame;
	(void)len;
	test->refused_reason = reason;
}

/* Sends all, in batches of 1, 2, ... 67; until the device fails, which `stay` waits out. */
static void run(struct selftest *test, int64_t end_ns)
{
	unsigned batch = 0;

	while ((test->made < test->count || bulk_waiting(test->bulk) > 0) &&
	       clock_monotonic_ns() < end_ns) {
		struct err err = {0};
		unsigned waiting;
		int sent;

		fill(test, 1 + batch++ % 67);
		waiting = bulk_waiting(test->bulk);
		sent = bulk_flush(test->bulk, &err);
		if (sent >= 0 && !receive(test))
			return;
		if (sent >= 0 && (test->slow_ms || sent == 0))
			pause_ms(test->slow_ms ? test->slow_ms : 1);
		if (sent >= 0)
			continue;
		test->failures++;
		test->failed = err;
		test->kept += bulk_waiting(test->bulk) == waiting;
		if (!test->stay)
			return;
		pause_ms(20);
	}
}

static void await_answers(struct selftest *test)
{
	int64_t end = clock_monotonic_ns() + INT64_C(1000000000);

	while (test->capture && test->answers < test->made && clock_monotonic_ns() < end) {
		if (!receive(test))
			return;
		pause_ms(1);
	}
}

static void print_text(const char *name, const char *text)
{
	printf(", \"%s\": \"", name);
	for (; *text; text++)
		*text == '\n' ? (void)fputs("\\n", stdout) : (void)putchar(*text);
	putchar('"');
}

static void print(const struct selftest *test)
{
	struct bulk_stats stats = {0};
	struct capture_stats seen = {0};

	if (test->bulk)
		bulk_statistics(test->bulk, &stats);
	if (test->capture)
		capture_statistics(test->capture, &seen);
	printf("{\"made\": %u, \"answers\": %u, \"own\": %u, \"dropped\": %llu", test->made,
	       test->answers, test->own, (unsigned long long)seen.dropped_ring);
	printf(", \"sent\": %llu, \"again\": %llu, \"refused\": %llu, \"batches\": %llu",
	       (unsigned long long)stats.sent, (unsigned long long)stats.again,
	       (unsigned long long)stats.refused, (unsigned long long)stats.batches);
	printf(", \"reason\": %d, \"failures\": %u, \"kept\": %u, \"waiting\": %u",
	       test->refused_reason, test->failures, test->kept,
	       test->bulk ? bulk_waiting(test->bulk) : 0);
	print_text("way", test->bulk ? bulk_name(test->bulk) : "");
	print_text("why", test->bulk ? bulk_why(test->bulk) : "");
	print_text("failed", test->failed.text);
	print_text("error", test->err.text);
	puts("}");
}

static bool open_all(struct selftest *test, int argc, char **argv)
{
	struct bulk_config config = {
	    .device = word(argc, argv, "device", NULL), .refused = refused, .arg = test};
	struct capture_config receiving = {.device = config.device,
					   .port_first = SELFTEST_PORT,
					   .port_last = SELFTEST_PORT + SELFTEST_PORTS - 1,
					   .snap_len = 128,
					   .ring_octets = RING_OCTETS,
					   .incoming = true,
					   .tstamp_type = -1};
	const char *way = word(argc, argv, "way", "auto"), *file = word(argc, argv, "file", NULL);

	for (size_t i = 0; i < COUNT(way_names); i++)
		if (strcmp(way_names[i].name, way) == 0)
			config.way = way_names[i].way;
	if (file)
		test->file = fopen(file, "wb");
	test->bulk = bulk_open(&config, &test->err);
	if (!test->bulk)
		return false;
	if (config.device && word(argc, argv, "answers", NULL))
		test->capture = capture_open(&receiving, &test->err);
	return test->err.class == ERR_NONE && privilege_drop(false, &test->err) == 0;
}

static bool prepare(struct selftest *test, int argc, char **argv)
{
	static const char *const names[] = {"src4", "dst4", "src6", "dst6"};
	const char *device = word(argc, argv, "device", NULL);
	struct neighbour via[2] = {0};

	for (unsigned i = 0; i < COUNT(names); i++)
		if (!addr_parse(word(argc, argv, names[i], i < 2 ? "127.0.0.1" : "::1"),
				i % 2 ? &test->dst[i / 2] : &test->src[i / 2]))
			return false;
	if (!addr_parse("203.0.113.1", &test->nowhere))
		return false;
	for (unsigned six = 0; six < 2 && bulk_ethernet(test->bulk); six++)
		if (neighbour_find(device, &test->dst[six], NEIGHBOUR_WAIT_MS, &via[six],
				   &test->err) != 0)
			return false;
	if (sandbox_is_built() && sandbox_enter(SANDBOX_PLAIN, &test->err) != 0)
		return false;
	return make_templates(test, via);
}

int main(int argc, char **argv)
{
	struct selftest test = {.count = (uint32_t)atoi(word(argc, argv, "count", "1")),
				.slow_ms = atoi(word(argc, argv, "slow", "0")),
				.stay = word(argc, argv, "stay", NULL),
				.refuse = word(argc, argv, "refuse", NULL)};
	int limit_s = atoi(word(argc, argv, "limit", "10"));

	if (open_all(&test, argc, argv) && prepare(&test, argc, argv)) {
		run(&test, clock_monotonic_ns() + limit_s * INT64_C(1000000000));
		await_answers(&test);
	}
	print(&test);
	if (test.file)
		fclose(test.file);
	capture_close(test.capture);
	bulk_close(test.bulk);
	return test.err.class == ERR_NONE && test.failed.class == ERR_NONE ? EXIT_SUCCESS
									   : EXIT_FAILURE;
}
