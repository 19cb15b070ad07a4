/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums as captures show them: finished, left to an adapter, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/checksum.h"
#include "wire/craft.h"
#include "wire/decode.h"

static struct flow plain_flow(enum ip_version version)
{
	struct flow flow = {.src = {.port = 40000}, .dst = {.port = 80}};

	flow.src.addr = (struct ip_addr){.version = (uint8_t)version, .octets = {192, 0, 2, 1}};
	flow.dst.addr = (struct ip_addr){.version = (uint8_t)version, .octets = {192, 0, 2, 2}};
	return flow;
}

static const struct ip_fields plain_ip = {.ttl = 64};

/* Breaks when a segment that was left to an adapter's offload, or that the kernel merged, passes
 * for a damaged one: all of a virtual link's segments would be discarded. */
static void offloaded_checksum(void **state)
{
	static const enum ip_version versions[] = {IP_V4, IP_V6};
	uint8_t out[CRAFT_HEADERS_MAX];
	struct packet packet;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct flow flow = plain_flow(versions[i]);
		const struct segment seg = {.seq = 77, .flags = TCP_SYN};
		const struct craft_request request = {&flow, &plain_ip, &seg, NULL};
		const size_t len = craft_packet(&request, out, sizeof(out));
		uint8_t *field = out + len - 20 + 16;
		uint16_t sum = (uint16_t)~checksum_fold(
		    checksum_pseudo(&flow.src.addr, &flow.dst.addr, 6, 20));

		field[0] = (uint8_t)(sum >> 8);
		field[1] = (uint8_t)sum;
		assert_int_equal(decode_frame(LINK_RAW, out, len, len, &packet), REFUSE_NOT);
		assert_int_equal(packet.tcp_checksum, CHECKSUM_PARTIAL);
		field[1] ^= 1;
		assert_int_equal(decode_frame(LINK_RAW, out, len, len, &packet), REFUSE_NOT);
		assert_int_equal(packet.tcp_checksum, CHECKSUM_BAD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(offloaded_checksum)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
