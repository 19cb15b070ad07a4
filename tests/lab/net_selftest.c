/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net_selftest: src/net/ on a real kernel -> TAP. Started by net_selftest.sh. If it were not there,
 * a kernel on which the guard leaks a RST, or on which libnet changes a header, would go unnoticed.
 */
#include "net_selftest.h"

#include <assert.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/clock.h"
#include "net/privilege.h"

bool tap_ok(struct tap *tap, bool passed, const char *format, ...)
{
	va_list ap;

	printf("%sok %d - ", passed ? "" : "not ", ++tap->count);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	tap->failed += !passed;
	return passed;
}

void tap_note(const struct err *err)
{
	if (err->class != ERR_NONE)
		printf("# %s\n", err->text);
}

struct ip_addr lab_addr(const char *text)
{
	struct ip_addr addr = {0};
	bool known = addr_parse(text, &addr);

	assert(known);
	(void)known;
	return addr;
}

static uint32_t sum16(uint32_t sum, const uint8_t *octets, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)octets[i] << 8 | octets[i + 1];
	return sum;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void put_checksum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(at, ~sum);
}

#define TCP_LEN 20

static size_t put_ip4(const struct lab_segment *seg, uint8_t *out)
{
	static const uint8_t start[12] = {0x45, 0xb8, 0, 20 + TCP_LEN, 0, 0, 0x40, 0, 7, 6, 0, 0};

	memcpy(out, start, sizeof(start));
	memcpy(out + 12, seg->src.addr.octets, 4);
	memcpy(out + 16, seg->dst.addr.octets, 4);
	put_checksum(out + 10, sum16(0, out, 20));
	return 20;
}

static size_t put_ip6(const struct lab_segment *seg, uint8_t *out)
{
	static const uint8_t start[8] = {0x6b, 0x81, 0x23, 0x45, 0, TCP_LEN, 6, 7};

	memcpy(out, start, sizeof(start));
	memcpy(out + 8, seg->src.addr.octets, 16);
	memcpy(out + 24, seg->dst.addr.octets, 16);
	return 40;
}

size_t lab_packet(const struct lab_segment *seg, uint8_t out[LAB_PACKET_MAX])
{
	bool four = seg->src.addr.version == IP_V4;
	size_t at = four ? put_ip4(seg, out) : put_ip6(seg, out);
	uint8_t *tcp = out + at;

	memset(tcp, 0, TCP_LEN);
	put16(tcp, seg->src.port);
	put16(tcp + 2, seg->dst.port);
	put32(tcp + 4, seg->seq);
	put32(tcp + 8, seg->ack);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = seg->flags;
	put16(tcp + 14, 64240);
	/* the pseudo-header's addresses lie before the TCP header in both versions */
	put_checksum(tcp + 16,
		     sum16(6 + TCP_LEN, tcp - (four ? 8 : 32), TCP_LEN + (four ? 8 : 32)));
	return at + TCP_LEN;
}

/* At once, or behind one extension header: the filter lets any other extension through as well. */
static bool is_tcp(const uint8_t *ip)
{
	if (ip[0] >> 4 == IP_V4)
		return ip[9] == 6;
	return ip[6] == 6 || (ip[6] == 60 && ip[40] == 6);
}

static void keep(void *arg, const struct frame *frame)
{
	struct lab_seen *seen = arg;
	size_t link_len = frame->link == LINK_ETHERNET ? 14 : 0;
	size_t len = frame->captured - link_len;
	const uint8_t *ip = frame->octets + link_len;
	size_t tcp = ip[0] >> 4 == IP_V4 ? 20 : 40;

	if (seen->count == LAB_SEEN_MAX || len < tcp + TCP_LEN || len > 512 || !is_tcp(ip))
		return;
	memcpy(seen->frames[seen->count].octets, ip, len);
	seen->frames[seen->count].len = len;
	seen->frames[seen->count].stamp_ns = frame->stamp_ns;
	seen->frames[seen->count].src_port = (uint16_t)(ip[tcp] << 8 | ip[tcp + 1]);
	seen->frames[seen->count].flags = ip[tcp + 13];
	seen->count++;
}

bool lab_collect(struct capture *capture, size_t enough, int wait_ms, struct lab_seen *seen)
{
	int64_t end = clock_monotonic_ns() + (int64_t)wait_ms * 1000000;
	struct err err = {0};

	seen->count = 0;
	while (seen->count < enough && clock_monotonic_ns() < end) {
		struct pollfd fd = {.fd = capture_fd(capture), .events = POLLIN};

		poll(&fd, 1, 10);
		if (capture_next(capture, LAB_SEEN_MAX, keep, seen, &err) < 0) {
			tap_note(&err);
			return false;
		}
	}
	return true;
}

struct capture *lab_capture(const char *device, uint16_t first, uint16_t last, bool immediate)
{
	struct capture_config config = {.device = device,
					.port_first = first,
					.port_last = last,
					.snap_len = 256,
					.ring_octets = 2 << 20,
					.immediate = immediate,
					.tstamp_type = -1};
	struct err err = {0};
	struct capture *capture = capture_open(&config, &err);

	tap_note(&err);
	return capture;
}

/* With all the privileges that the program was started with. */
static void check_guard_privileged(struct tap *tap, struct sender *sender)
{
	struct port_block block;
	struct err err = {0};
	struct capture *capture;

	if (!tap_ok(tap, guard_block_choose(&block, 4, &err) == 0 && block.last - block.first == 3,
		    "a block of 4 ports"))
		return;
	capture = lab_capture("lo", block.first, block.last, true);
	if (!tap_ok(tap, capture, "capture on lo"))
		return;
	check_guard(tap, sender, capture, block, IP_V4);
	check_guard(tap, sender, capture, block, IP_V6);
	capture_close(capture);
}

int main(void)
{
	struct tap tap = {0};
	struct err err = {0};
	struct sender *sender;

	if (!tap_ok(&tap, privilege_check(&err) == 0, "CAP_NET_RAW is here"))
		tap_note(&err);
	sender = sender_open(NULL, &err);
	if (!tap_ok(&tap, sender, "raw sockets open")) {
		tap_note(&err);
		return EXIT_FAILURE;
	}
	check_guard_privileged(&tap, sender);
	check_guard_addresses(&tap);
	check_capture(&tap, sender, IP_V4);
	check_capture(&tap, sender, IP_V6);
	check_capture_block(&tap, sender);
	check_capture_end(&tap);
	check_sender(&tap, sender);
	check_routes(&tap);
	check_route_constraints(&tap);
	check_resolve(&tap);
	check_unprivileged(&tap, sender);
	sender_close(sender);
	printf("1..%d\n", tap.count);
	return tap.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
