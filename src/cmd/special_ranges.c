/* SPDX-License-Identifier: BSD-2-Clause */
/* command: the table of special-purpose addresses. */
#include "cmd/special_ranges.h"

#include <assert.h>

#include "cmd/ranges.h"

#define COUNT (sizeof(ranges) / sizeof(ranges[0]))

static const struct special_range ranges[] = {
    {{IP_V4, {0}}, 8, "\"This network\"", "RFC 791", false},
    {{IP_V4, {0}}, 32, "\"This host on this network\"", "RFC 1122", false},
    {{IP_V4, {10}}, 8, "Private-Use", "RFC 1918", false},
    {{IP_V4, {100, 64}}, 10, "Shared Address Space", "RFC 6598", false},
    {{IP_V4, {127}}, 8, "Loopback", "RFC 1122", false},
    {{IP_V4, {169, 254}}, 16, "Link Local", "RFC 3927", false},
    {{IP_V4, {172, 16}}, 12, "Private-Use", "RFC 1918", false},
    {{IP_V4, {192, 0, 0}}, 24, "IETF Protocol Assignments", "RFC 6890", false},
    {{IP_V4, {192, 0, 0}}, 29, "IPv4 Service Continuity Prefix", "RFC 7335", false},
    {{IP_V4, {192, 0, 0, 8}}, 32, "IPv4 dummy address", "RFC 7600", false},
    {{IP_V4, {192, 0, 0, 9}}, 32, "Port Control Protocol Anycast", "RFC 7723", false},
    {{IP_V4, {192, 0, 0, 10}}, 32, "Traversal Using Relays around NAT Anycast", "RFC 8155", false},
    {{IP_V4, {192, 0, 0, 170}}, 32, "NAT64/DNS64 Discovery", "RFC 8880, RFC 7050", false},
    {{IP_V4, {192, 0, 0, 171}}, 32, "NAT64/DNS64 Discovery", "RFC 8880, RFC 7050", false},
    {{IP_V4, {192, 0, 2}}, 24, "Documentation (TEST-NET-1)", "RFC 5737", false},
    {{IP_V4, {192, 31, 196}}, 24, "AS112-v4", "RFC 7535", false},
    {{IP_V4, {192, 52, 193}}, 24, "AMT", "RFC 7450", false},
    {{IP_V4, {192, 88, 99}}, 24, "Deprecated (6to4 Relay Anycast)", "RFC 7526", false},
    {{IP_V4, {192, 88, 99, 2}}, 32, "6a44-relay anycast address", "RFC 6751", false},
    {{IP_V4, {192, 168}}, 16, "Private-Use", "RFC 1918", false},
    {{IP_V4, {192, 175, 48}}, 24, "Direct Delegation AS112 Service", "RFC 7534", false},
    {{IP_V4, {198, 18}}, 15, "Benchmarking", "RFC 2544", false},
    {{IP_V4, {198, 51, 100}}, 24, "Documentation (TEST-NET-2)", "RFC 5737", false},
    {{IP_V4, {203, 0, 113}}, 24, "Documentation (TEST-NET-3)", "RFC 5737", false},
    {{IP_V4, {224}}, 4, "Multicast", "RFC 5771", true},
    {{IP_V4, {240}}, 4, "Reserved", "RFC 1112", false},
    {{IP_V4, {255, 255, 255, 255}}, 32, "Limited Broadcast", "RFC 8190, RFC 919", true},
    {{IP_V6, {0}}, 128, "Unspecified Address", "RFC 4291", false},
    {{IP_V6, {[15] = 1}}, 128, "Loopback Address", "RFC 4291", false},
    {{IP_V6, {[10] = 0xff, 0xff}}, 96, "IPv4-mapped Address", "RFC 4291", false},
    {{IP_V6, {0x00, 0x64, 0xff, 0x9b}}, 96, "IPv4-IPv6 Translat.", "RFC 6052", false},
    {{IP_V6, {0x00, 0x64, 0xff, 0x9b, 0, 1}}, 48, "IPv4-IPv6 Translat.", "RFC 8215", false},
    {{IP_V6, {0x01}}, 64, "Discard-Only Address Block", "RFC 6666", false},
    {{IP_V6, {0x01, [7] = 1}}, 64, "Dummy IPv6 Prefix", "RFC 9780", false},
    {{IP_V6, {0x20, 0x01}}, 23, "IETF Protocol Assignments", "RFC 2928", false},
    {{IP_V6, {0x20, 0x01}}, 32, "TEREDO", "RFC 4380, RFC 8190", false},
    {{IP_V6, {0x20, 0x01, 0, 1, [15] = 1}},
     128,
     "Port Control Protocol Anycast",
     "RFC 7723",
     false},
    {{IP_V6, {0x20, 0x01, 0, 1, [15] = 2}},
     128,
     "Traversal Using Relays around NAT Anycast",
     "RFC 8155",
     false},
    {{IP_V6, {0x20, 0x01, 0, 1, [15] = 3}},
     128,
     "DNS-SD Service Registration Protocol Anycast",
     "RFC 9665",
     false},
    {{IP_V6, {0x20, 0x01, 0, 2}}, 48, "Benchmarking", "RFC 5180", false},
    {{IP_V6, {0x20, 0x01, 0, 3}}, 32, "AMT", "RFC 7450", false},
    {{IP_V6, {0x20, 0x01, 0, 4, 0x01, 0x12}}, 48, "AS112-v6", "RFC 7535", false},
    {{IP_V6, {0x20, 0x01, 0, 0x10}}, 28, "Deprecated (previously ORCHID)", "RFC 4843", false},
    {{IP_V6, {0x20, 0x01, 0, 0x20}}, 28, "ORCHIDv2", "RFC 7343", false},
    {{IP_V6, {0x20, 0x01, 0, 0x30}},
     28,
     "Drone Remote ID Protocol Entity Tags (DETs) Prefix",
     "RFC 9374",
     false},
    {{IP_V6, {0x20, 0x01, 0x0d, 0xb8}}, 32, "Documentation", "RFC 3849", false},
    {{IP_V6, {0x20, 0x02}}, 16, "6to4", "RFC 3056", false},
    {{IP_V6, {0x26, 0x20, 0, 0x4f, 0x80}},
     48,
     "Direct Delegation AS112 Service",
     "RFC 7534",
     false},
    {{IP_V6, {0x3f, 0xff}}, 20, "Documentation", "RFC 9637", false},
    {{IP_V6, {0x5f}}, 16, "Segment Routing (SRv6) SIDs", "RFC 9602", false},
    {{IP_V6, {0xfc}}, 7, "Unique-Local", "RFC 4193, RFC 8190", false},
    {{IP_V6, {0xfe, 0x80}}, 10, "Link-Local Unicast", "RFC 4291", false},
    {{IP_V6, {0xff}}, 8, "Multicast", "RFC 4291", true},
};
static_assert(COUNT < SPECIAL_RANGES_MAX, "a bit of 64 for each");

const struct special_range *special_range(unsigned number)
{
	return number < COUNT ? &ranges[number] : NULL;
}

static bool holds(const struct special_range *range, const struct ip_addr *first,
		  const struct ip_addr *last)
{
	struct ip_addr low, high;

	if (range->first.version != first->version)
		return false;
	addr_prefix(&range->first, range->prefix, &low, &high);
	return addr_compare(&low, first) <= 0 && addr_compare(last, &high) <= 0;
}

const struct special_range *special_range_around(const struct ip_addr *first,
						 const struct ip_addr *last)
{
	for (unsigned i = 0; i < COUNT; i++)
		if (holds(&ranges[i], first, last))
			return &ranges[i];
	return NULL;
}

bool special_range_outermost(const struct special_range *range)
{
	struct ip_addr low, high;

	addr_prefix(&range->first, range->prefix, &low, &high);
	return special_range_around(&low, &high) == range;
}
