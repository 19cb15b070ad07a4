/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit test of wire/craft.c: segments made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packets.h"
#include "wire/craft.h"

#define PACKET_MAX 65575

static const struct ip_fields plain_ip = {.ttl = 64, .df = true};

static struct flow plain_flow(enum ip_version version)
{
	struct flow flow = {.src.port = 1000, .dst.port = 80};

	assert_true(addr_parse(version == IP_V4 ? "192.0.2.1" : "2001:db8::1", &flow.src.addr));
	assert_true(addr_parse(version == IP_V4 ? "192.0.2.2" : "2001:db8::2", &flow.dst.addr));
	return flow;
}

/* Crafts into a buffer of `size` octets that ends where its allocation ends. */
static struct octets craft(const struct craft_request *request, size_t size)
{
	uint8_t *buffer = malloc(size ? size : 1);
	struct octets crafted;

	assert_non_null(buffer);
	crafted = octets_copy(buffer, craft_packet(request, buffer, size));
	free(buffer);
	return crafted;
}

/* Breaks when one bit differs from what Linux made of the same segment: length fields, checksums,
 * the order of options. */
static void references_are_reproduced(void **state)
{
	(void)state;
	for (size_t i = 0; i < REFERENCES; i++) {
		struct octets octets = hex_octets(references[i].hex, "");
		struct octets crafted;
		struct packet packet;
		const struct craft_request request = {&packet.flow, &packet.ip, &packet.seg, NULL};

		assert_int_equal(decode_frame(LINK_RAW, octets.at, octets.len, octets.len, &packet),
				 REFUSE_NOT);
		if (packet.kind == PACKET_TCP) {
			crafted = craft(&request, octets.len);
			assert_int_equal(crafted.len, octets.len);
			assert_memory_equal(crafted.at, octets.at, octets.len);
			octets_free(&crafted);
		}
		octets_free(&octets);
	}
}

/* Breaks when craft and decode are wrong in the same way, which no round trip would show: all
 * fields differ, and the octets were worked out without them. */
static void every_field_has_its_place(void **state)
{
	const struct segment seg = {.seq = 0x01020304,
				    .ack = 0x05060708,
				    .flags = TCP_CWR | TCP_URG | TCP_ACK | TCP_AE | 0x400,
				    .wnd = 0x090a,
				    .urp = 0x0b0c,
				    .data_len = 3,
				    .data = (const uint8_t *)"abc"};
	const struct ip_fields ip = {.ttl = 7, .tos = 0xb9, .id = 0x1234};
	const struct flow flow4 = plain_flow(IP_V4), flow6 = plain_flow(IP_V6);
	const struct craft_request request4 = {&flow4, &ip, &seg, NULL};
	const struct craft_request request6 = {&flow6, &ip, &seg, NULL};
	struct octets crafted = craft(&request4, 2000);
	/* 192.0.2.1:1000 > 192.0.2.2:80: WUA. 16909060:16909063(3) ack 84281096 win 2314 urg 2828
	 */
	struct octets expected = hex_octets("45b9002b 12340000 0706 1cdd c0000201 c0000202",
					    "03e80050 01020304 05060708 55b0090a 3969 0b0c 616263");

	(void)state;
	assert_int_equal(crafted.len, expected.len);
	assert_memory_equal(crafted.at, expected.at, expected.len);
	octets_free(&crafted);
	octets_free(&expected);

	crafted = craft(&request6, 2000);
	/* The same over IPv6: [2001:db8::1]:1000 > [2001:db8::2]:80 */
	expected = hex_octets("6b900000 00170607 20010db8 00000000 00000000 00000001 20010db8"
			      "00000000 00000000 00000002",
			      "03e80050 01020304 05060708 55b0090a 61f8 0b0c 616263");
	assert_int_equal(crafted.len, expected.len);
	assert_memory_equal(crafted.at, expected.at, expected.len);
	octets_free(&crafted);
	octets_free(&expected);
}

static uint32_t random_state = 0x2545f491;

/* xorshift: the same numbers in each run, so that a failure can be repeated. */
static uint32_t random32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static struct tcp_options random_options(void)
{
	struct tcp_options options = {0};
	const uint32_t bits = random32();
	size_t room = OPTIONS_OCTETS_MAX;

	options.has_mss = bits & 1;
	options.mss = options.has_mss ? (uint16_t)random32() : 0;
	options.has_wscale = bits & 2;
	options.wscale = options.has_wscale ? (uint8_t)random32() : 0;
	options.has_sack_permitted = bits & 4;
	options.has_timestamps = bits & 8;
	options.tsval = options.has_timestamps ? random32() : 0;
	options.tsecr = options.has_timestamps ? random32() : 0;
	room -= options.has_mss ? 4u : 0u;
	room -= options.has_wscale ? 4u : 0u;
	room -= options.has_timestamps ? 12u : options.has_sack_permitted ? 4u : 0u;
	options.sack_count = (uint8_t)((bits >> 4) % ((room - 4) / 8 + 1));
	for (size_t i = 0; i < options.sack_count; i++)
		options.sack[i] = (struct seq_range){random32(), random32()};
	return options;
}

static struct segment random_segment(const uint8_t *data, size_t data_max)
{
	return (struct segment){.seq = random32(),
				.ack = random32(),
				.flags = random32() & 0xfff,
				.wnd = (uint16_t)random32(),
				.urp = (uint16_t)random32(),
				.data_len = random32() % ((uint32_t)data_max + 1),
				.data = data,
				.options = random_options()};
}

static struct flow random_flow(enum ip_version version)
{
	struct flow flow = {.src.port = (uint16_t)random32(), .dst.port = (uint16_t)random32()};

	flow.src.addr.version = flow.dst.addr.version = (uint8_t)version;
	/* Behind the four octets of IPv4 too: they must not count. */
	for (size_t i = 0; i < sizeof(flow.src.addr.octets); i++) {
		flow.src.addr.octets[i] = (uint8_t)random32();
		flow.dst.addr.octets[i] = (uint8_t)random32();
	}
	return flow;
}

static void same_options(const struct tcp_options *a, const struct tcp_options *b)
{
	char line_a[256], line_b[256];

	options_line(a, line_a, sizeof(line_a));
	options_line(b, line_b, sizeof(line_b));
	assert_string_equal(line_a, line_b);
	assert_false(b->malformed);
	assert_int_equal(b->unknown_count, 0);
}

static void same_segment(const struct segment *a, const struct segment *b)
{
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->wnd, b->wnd);
	assert_int_equal(a->urp, b->urp);
	assert_int_equal(a->data_len, b->data_len);
	assert_int_equal(a->data_len, b->data_captured);
	assert_memory_equal(a->data, b->data, a->data_len);
	same_options(&a->options, &b->options);
}

static void round_trip(enum ip_version version, const uint8_t *data, size_t data_max)
{
	const struct flow flow = random_flow(version);
	const struct segment seg = random_segment(data, data_max);
	const bool v4 = version == IP_V4;
	const struct ip_fields ip = {.ttl = (uint8_t)random32(),
				     .tos = (uint8_t)random32(),
				     .df = v4 && random32() & 1,
				     .id = v4 ? (uint16_t)random32() : 0};
	const struct craft_request request = {&flow, &ip, &seg, NULL};
	struct octets crafted = craft(&request, CRAFT_HEADERS_MAX + seg.data_len);
	struct packet packet;

	assert_int_not_equal(crafted.len, 0);
	assert_int_equal(decode_frame(LINK_RAW, crafted.at, crafted.len, crafted.len, &packet),
			 REFUSE_NOT);
	assert_int_equal(packet.kind, PACKET_TCP);
	assert_int_equal(packet.ip_checksum, CHECKSUM_GOOD);
	assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);
	assert_int_equal(packet.ip_len, crafted.len);
	assert_true(flow_equal(&packet.flow, &flow));
	assert_int_equal(packet.ip.ttl, ip.ttl);
	assert_int_equal(packet.ip.tos, ip.tos);
	assert_int_equal(packet.ip.df, ip.df);
	assert_int_equal(packet.ip.id, ip.id);
	same_segment(&seg, &packet.seg);
	octets_free(&crafted);
}

/* Breaks when any combination of fields, options and lengths of data does not come back as it went
 * out, checksums good. */
static void craft_and_decode_round_trip(void **state)
{
	uint8_t data[1501];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random32();
	for (int i = 0; i < 10000; i++) {
		round_trip(IP_V4, data, i % 2 ? sizeof(data) : 9);
		round_trip(IP_V6, data, i % 2 ? sizeof(data) : 9);
	}
}

/* Breaks when craft writes beyond a buffer that is too short, or does not use one that is just long
 * enough. */
static void buffer_of_every_size(void **state)
{
	static const uint8_t data[10];

	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		const struct flow flow = plain_flow(v6 ? IP_V6 : IP_V4);
		const struct segment seg = {
		    .data = data, .data_len = sizeof(data), .options.has_timestamps = true};
		const struct craft_request request = {&flow, &plain_ip, &seg, NULL};
		const size_t len = (v6 ? 40u : 20u) + 20 + 12 + sizeof(data);

		for (size_t size = 0; size < len + 3; size++) {
			struct octets crafted = craft(&request, size);

			assert_int_equal(crafted.len, size < len ? 0 : len);
			octets_free(&crafted);
		}
	}
}

/* Breaks when a length field overflows: a packet longer than IP can count must not be made. */
static void longest_packet(void **state)
{
	uint8_t *data = calloc(1, PACKET_MAX);

	(void)state;
	assert_non_null(data);
	for (int v6 = 0; v6 <= 1; v6++) {
		const struct flow flow = plain_flow(v6 ? IP_V6 : IP_V4);
		const uint32_t room = 65535 - 20 - (v6 ? 0 : 20);
		struct segment seg = {.data = data, .data_len = room};
		const struct craft_request request = {&flow, &plain_ip, &seg, NULL};
		struct octets crafted = craft(&request, PACKET_MAX);

		assert_int_equal(crafted.len, v6 ? 65575 : 65535);
		octets_free(&crafted);
		seg.data_len = room + 1;
		assert_int_equal(craft_packet(&request, data, PACKET_MAX), 0);
		seg.data_len = UINT32_MAX;
		assert_int_equal(craft_packet(&request, data, SIZE_MAX), 0);
	}
	free(data);
}

/* Breaks when addresses that cannot be in one packet become one. */
static void versions_must_agree(void **state)
{
	struct flow flow = plain_flow(IP_V4);
	const struct segment seg = {0};
	const struct craft_request request = {&flow, &plain_ip, &seg, NULL};
	uint8_t out[CRAFT_HEADERS_MAX];

	(void)state;
	flow.dst.addr = plain_flow(IP_V6).dst.addr;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 0);
	flow = (struct flow){0};
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 0);
}

/* Breaks when a scenario that must send a wrong checksum sends a right one. */
static void faulty_checksum(void **state)
{
	const struct flow flow = plain_flow(IP_V4);
	const struct craft_faults faults = {.bad_checksum = true};
	uint8_t out[CRAFT_HEADERS_MAX];
	struct packet packet;
	unsigned partial = 0;

	(void)state;
	for (uint32_t seq = 0; seq < 0x20000; seq++) {
		const struct segment seg = {.seq = seq, .flags = TCP_SYN};
		const struct craft_request request = {&flow, &plain_ip, &seg, &faults};
		const size_t len = craft_packet(&request, out, sizeof(out));

		assert_int_equal(decode_frame(LINK_RAW, out, len, len, &packet), REFUSE_NOT);
		assert_int_not_equal(packet.tcp_checksum, CHECKSUM_GOOD);
		partial += packet.tcp_checksum == CHECKSUM_PARTIAL; /* by chance, 1 in 65536 */
		assert_int_equal(packet.ip_checksum, CHECKSUM_GOOD);
	}
	assert_true(partial < 16);
}

/* Breaks when a scenario's own options or data offset are mended, or do not become part of the
 * checksum. */
static void faulty_options_and_offset(void **state)
{
	static const uint8_t raw[40] = {2, 0, 5, 180};
	const struct flow flow = plain_flow(IP_V6);
	const struct segment seg = {.flags = TCP_SYN, .options = {.has_mss = true, .mss = 1220}};
	struct craft_faults faults = {.options_raw = raw, .options_raw_len = 4};
	const struct craft_request request = {&flow, &plain_ip, &seg, &faults};
	uint8_t out[CRAFT_HEADERS_MAX];
	struct packet packet;

	(void)state;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 64);
	assert_memory_equal(out + 60, raw, 4);
	assert_int_equal(decode_frame(LINK_RAW, out, 64, 64, &packet), REFUSE_NOT);
	assert_true(packet.seg.options.malformed);
	assert_int_equal(packet.tcp_checksum, CHECKSUM_GOOD);

	faults.options_raw_len = 0;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 60);
	faults.options_raw_len = 40;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 100);
	faults.options_raw_len = 39;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 0);
	faults.options_raw_len = 44;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 0);

	faults = (struct craft_faults){.data_offset = 4};
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 64);
	assert_int_equal(out[52], 0x40);
	assert_int_equal(decode_frame(LINK_RAW, out, 64, 64, &packet), REFUSE_TCP_OFFSET);
	faults.data_offset = 16;
	assert_int_equal(craft_packet(&request, out, sizeof(out)), 0);
}

/* Breaks when a frame goes to the wrong card, or as the wrong protocol. */
static void ethernet_header(void **state)
{
	static const uint8_t dst[6] = {2, 0, 0, 0, 0, 2}, src[6] = {2, 0, 0, 0, 0, 1};

	(void)state;
	for (int v6 = 0; v6 <= 1; v6++) {
		struct octets expected = hex_octets(links[0].prefix[v6], "");
		uint8_t out[ETHERNET_HEADER_LEN];

		assert_int_equal(craft_ethernet(dst, src, v6 ? IP_V6 : IP_V4, out), 14);
		assert_memory_equal(out, expected.at, expected.len);
		octets_free(&expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(references_are_reproduced),
	    cmocka_unit_test(every_field_has_its_place),
	    cmocka_unit_test(craft_and_decode_round_trip),
	    cmocka_unit_test(buffer_of_every_size),
	    cmocka_unit_test(longest_packet),
	    cmocka_unit_test(versions_must_agree),
	    cmocka_unit_test(faulty_checksum),

	    cmocka_unit_test(faulty_options_and_offset),
	    cmocka_unit_test(ethernet_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
