/* SPDX-License-Identifier: BSD-2-Clause */
/* net_selftest, the wire's part: guard, capture, sender -> TAP lines. */
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/guard.h"
#include "net_selftest.h"

#define NONLOCAL_BIND "/proc/sys/net/ipv4/ip_nonlocal_bind"

static bool has_rst_from(const struct lab_seen *seen, uint16_t port)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (seen->frames[i].src_port == port && (seen->frames[i].flags & LAB_RST))
			return true;
	}
	return false;
}

static bool has_frame_from(const struct lab_seen *seen, uint16_t port, uint8_t flags)
{
	for (size_t i = 0; i < seen->count; i++) {
		if (seen->frames[i].src_port == port && seen->frames[i].flags == flags)
			return true;
	}
	return false;
}

/* A SYN-ACK to `port` on the loopback, and what the capture sees for a while. */
static bool provoke(struct sender *sender, struct capture *capture, const struct ip_addr *addr,
		    uint16_t port, struct lab_seen *seen)
{
	struct lab_segment seg = {.src = {*addr, LAB_CLOSED_PORT},
				  .dst = {*addr, port},
				  .seq = 1,
				  .ack = 1001,
				  .flags = LAB_SYN | LAB_ACK};
	uint8_t packet[LAB_PACKET_MAX];
	size_t len = lab_packet(&seg, packet);
	struct err err = {0};

	if (sender_send(sender, packet, len, &err) == SEND_OK)
		return lab_collect(capture, LAB_SEEN_MAX, 100, seen) && seen->count > 0 &&
		       seen->frames[0].len == len &&
		       memcmp(seen->frames[0].octets, packet, len) == 0;
	tap_note(&err);
	return false;
}

static bool port_is_free(const struct ip_addr *addr, uint16_t port)
{
	struct port_block block = {.first = port, .last = port, .next = port};
	struct err err = {0};
	int fd = guard_open(&block, addr, 0, &port, &err);

	guard_close(fd);
	return fd >= 0;
}

void check_guard(struct tap *tap, struct sender *sender, struct capture *capture,
		 struct port_block block, enum ip_version version)
{
	struct ip_addr addr = lab_addr(version == IP_V4 ? "127.0.0.1" : "::1");
	struct err err = {0};
	struct lab_seen seen;
	uint16_t port;
	int guard;

	tap_ok(tap,
	       provoke(sender, capture, &addr, block.first, &seen) &&
		   has_rst_from(&seen, block.first),
	       "IPv%d: without the guard the kernel answers a SYN-ACK with a RST", version);
	guard = guard_open(&block, &addr, 0, &port, &err);
	tap_note(&err);
	tap_ok(tap, guard >= 0 && port == block.first, "IPv%d: guard on the first port", version);
	tap_ok(tap,
	       provoke(sender, capture, &addr, port, &seen) && !has_rst_from(&seen, port) &&
		   has_frame_from(&seen, LAB_CLOSED_PORT, LAB_SYN | LAB_ACK),
	       "IPv%d: with it there is no RST, and the capture sees the SYN-ACK", version);
	tap_ok(tap, seen.count == 1, "IPv%d: loopback frames come once (%zu)", version, seen.count);
	tap_ok(tap, !port_is_free(&addr, port), "IPv%d: the guarded port is taken", version);
	guard_close(guard);
	tap_ok(tap, port_is_free(&addr, port), "IPv%d: and free again after it", version);
	guard = guard_open(&block, &addr, 0, &port, &err);
	tap_ok(tap, guard >= 0 && port == block.first + 1,
	       "IPv%d: the next guard takes the next port", version);
	guard_close(guard);
}

static bool write_setting(const char *path, const char *value)
{
	FILE *file = fopen(path, "we");
	bool written = file && fputs(value, file) >= 0;

	if (file)
		written = fclose(file) == 0 && written;
	return written;
}

void check_guard_addresses(struct tap *tap)
{
	struct port_block block = {.first = 41000, .last = 41001, .next = 41000};
	struct port_block low = {.first = 1, .last = 1, .next = 1};
	struct ip_addr foreign = lab_addr("192.0.2.77");
	struct ip_addr here = lab_addr("127.0.0.1");
	struct err err = {0};
	uint16_t port;
	int guards[3];

	tap_ok(tap,
	       write_setting(NONLOCAL_BIND, "0") &&
		   guard_open(&block, &foreign, 0, &port, &err) < 0 && err.class == ERR_CANNOT &&
		   strstr(err.text, "not an address of this host"),
	       "guard: a foreign address is refused: %s", err.text);
	memset(&err, 0, sizeof(err));
	guards[0] = guard_open(&block, &here, 0, &port, &err);
	guards[1] = guard_open(&block, &here, 0, &port, &err);
	guards[2] = guard_open(&block, &here, 0, &port, &err);
	tap_ok(tap, guards[0] >= 0 && guards[1] >= 0 && guards[2] < 0, "guard: a full block: %s",
	       err.text);
	guard_close(guards[0]);
	guard_close(guards[1]);
	memset(&err, 0, sizeof(err));
	guards[0] = guard_open(&low, &here, 0, &port, &err);
	tap_ok(tap, guards[0] >= 0 && port == 1, "guard: a fixed port under 1024, as root");
	guard_close(guards[0]);
}

bool lab_exchange_works(struct sender *sender, struct capture *capture, enum ip_version version)
{
	bool four = version == IP_V4;
	struct lab_segment syn = {
	    .src = {lab_addr(four ? "192.0.2.1" : "2001:db8:0:1::1"), LAB_PORT},
	    .dst = {lab_addr(four ? "192.0.2.2" : "2001:db8:0:1::2"), LAB_CLOSED_PORT},
	    .seq = 0xfffffff0,
	    .flags = LAB_SYN};
	uint8_t packet[LAB_PACKET_MAX];
	size_t len = lab_packet(&syn, packet);
	struct lab_seen seen;
	struct err err = {0};

	if (sender_send(sender, packet, len, &err) != SEND_OK) {
		tap_note(&err);
		return false;
	}
	return lab_collect(capture, 2, 1000, &seen) && seen.count == 2 &&
	       seen.frames[0].len == len && memcmp(seen.frames[0].octets, packet, len) == 0 &&
	       seen.frames[1].flags == (LAB_RST | LAB_ACK) &&
	       seen.frames[1].src_port == LAB_CLOSED_PORT &&
	       seen.frames[1].stamp_ns > seen.frames[0].stamp_ns;
}

/* Destination options (next header 60) before an empty payload of our choice. */
static bool extension_is_seen(struct sender *sender, struct capture *capture)
{
	struct lab_segment seg = {.src = {lab_addr("2001:db8:0:1::1"), LAB_PORT},
				  .dst = {lab_addr("2001:db8:0:1::2"), LAB_CLOSED_PORT},
				  .flags = LAB_SYN};
	static const uint8_t options[8] = {6, 0, 1, 4, 0, 0, 0, 0};
	uint8_t packet[LAB_PACKET_MAX];
	size_t len = lab_packet(&seg, packet);
	struct lab_seen seen;
	struct err err = {0};

	memmove(packet + 48, packet + 40, len - 40);
	memcpy(packet + 40, options, sizeof(options));
	packet[5] = (uint8_t)(packet[5] + sizeof(options));
	packet[6] = 60;
	return sender_send(sender, packet, len + 8, &err) == SEND_OK &&
	       lab_collect(capture, 2, 1000, &seen) && seen.count == 2 &&
	       memcmp(seen.frames[0].octets, packet, len + 8) == 0;
}

void check_capture(struct tap *tap, struct sender *sender, enum ip_version version)
{
	struct capture *capture = lab_capture("sdv0", LAB_PORT, LAB_PORT, true);
	int64_t before = clock_realtime_ns();
	struct capture_stats stats;
	bool works;

	if (!tap_ok(tap, capture, "IPv%d: capture on a veth", version))
		return;
	works = lab_exchange_works(sender, capture, version);
	tap_ok(tap, works,
	       "IPv%d: our SYN leaves octet by octet as made, both directions are seen in order",
	       version);
	if (version == IP_V6)
		tap_ok(tap, extension_is_seen(sender, capture),
		       "IPv6: a segment behind an extension header passes the filter");
	tap_ok(tap,
	       capture_stamps_are_ns(capture) &&
		   strcmp(capture_stamp_source(capture), "kernel") == 0,
	       "IPv%d: stamps are the kernel's, in nanoseconds", version);
	works = lab_exchange_works(sender, capture, version);
	tap_ok(tap, works && clock_realtime_ns() - before < 10000000000,
	       "IPv%d: and again on the same capture", version);
	capture_statistics(capture, &stats);
	tap_ok(tap, stats.received >= 4 && stats.dropped_ring == 0,
	       "IPv%d: statistics: %llu received, none dropped", version,
	       (unsigned long long)stats.received);
	capture_close(capture);
}

/* As mass work has it: frames come in blocks, a little later. */
void check_capture_block(struct tap *tap, struct sender *sender)
{
	struct capture *capture = lab_capture("sdv0", LAB_PORT, LAB_PORT, false);

	tap_ok(tap,
	       capture && lab_exchange_works(sender, capture, IP_V4) &&
		   lab_exchange_works(sender, capture, IP_V6),
	       "capture: block mode sees the same");
	capture_close(capture);
}

static bool set_down(const char *device)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	done = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
	request.ifr_flags = (short)(request.ifr_flags & ~IFF_UP);
	done = done && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	if (fd >= 0)
		close(fd);
	return done;
}

/* Packet sockets of this namespace, as /proc/net/packet lists them under a heading. */
static int count_packet_sockets(void)
{
	FILE *file = fopen("/proc/net/packet", "re");
	char line[256];
	int count = -1;

	while (file && fgets(line, sizeof(line), file))
		count++;
	if (file)
		fclose(file);
	return count;
}

void check_capture_end(struct tap *tap)
{
	struct capture *capture = lab_capture("sdw0", LAB_PORT, LAB_PORT, true);
	struct capture_config config = {.device = "nosuch0", .snap_len = 96, .tstamp_type = -1};
	struct lab_seen seen;
	struct err err = {0};
	int64_t start;

	tap_ok(tap, capture && set_down("sdw0") && !lab_collect(capture, 1, 1000, &seen),
	       "capture: a device that goes down is an error");
	start = clock_monotonic_ns();
	capture_close(capture);
	printf("# capture_close took %lld us\n", (long long)(clock_monotonic_ns() - start) / 1000);
	for (int i = 0; i < 300 && count_packet_sockets() > 0; i++)
		poll(NULL, 0, 10);
	tap_ok(tap, count_packet_sockets() == 0, "capture: closed ones are gone from the kernel");
	tap_ok(tap, !capture_open(&config, &err) && strstr(err.text, "no such device"),
	       "capture: %s", err.text);
	memset(&err, 0, sizeof(err));
	config.device = "sdw0";
	config.ring_octets = 1 << 20;
	tap_ok(tap, !capture_open(&config, &err) && strstr(err.text, "is down"), "capture: %s",
	       err.text);
}

void check_sender(struct tap *tap, struct sender *sender)
{
	struct lab_segment seg = {.src = {lab_addr("192.0.2.1"), LAB_PORT},
				  .dst = {lab_addr("198.51.100.200"), 9},
				  .flags = LAB_SYN};
	uint8_t packet[LAB_PACKET_MAX] = {0};
	size_t len = lab_packet(&seg, packet);
	struct err err = {0};
	struct sender *bound;

	tap_ok(tap, sender_send(sender, packet, len, &err) == SEND_FAILED, "send: %s", err.text);
	memset(&err, 0, sizeof(err));
	seg.dst.addr = lab_addr("192.0.2.2");
	lab_packet(&seg, packet);
	tap_ok(tap,
	       sender_send(sender, packet, sizeof(packet), &err) == SEND_FAILED &&
		   strstr(err.text, "MTU"),
	       "send: %s", err.text);
	memset(&err, 0, sizeof(err));
	tap_ok(tap, !sender_open("nosuch0", &err) && strstr(err.text, "no such device"), "send: %s",
	       err.text);
	memset(&err, 0, sizeof(err));
	bound = sender_open("sdv0", &err);
	tap_ok(tap, bound && sender_send(bound, packet, len, &err) == SEND_OK,
	       "send: bound to a device");
	tap_note(&err);
	sender_close(bound);
}
