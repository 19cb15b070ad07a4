/* SPDX-License-Identifier: BSD-2-Clause */
/* The fixed numbers of the headers, shared by craft and decode (RFC 791, RFC 8200, RFC 9293). */
#ifndef SHAKEDOWN_WIRE_LAYOUT_H
#define SHAKEDOWN_WIRE_LAYOUT_H

#define IP4_HEADER_LEN 20 /* without options */
#define IP6_HEADER_LEN 40
#define TCP_HEADER_LEN 20 /* without options */

/* IEEE 802 */
#define ETHERTYPE_IP4      0x0800
#define ETHERTYPE_IP6      0x86dd
#define ETHERTYPE_VLAN     0x8100 /* 802.1Q */
#define ETHERTYPE_VLAN_OUT 0x88a8 /* 802.1ad */

/* The fragment field of an IPv4 header (RFC 791 section 3.1). */
#define IP4_DF          0x4000
#define IP4_MF          0x2000
#define IP4_OFFSET_MASK 0x1fff

/* IANA's protocol numbers, which are IPv6's next header values too. */
enum ip_protocol {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP4 = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMP6 = 58,
	PROTOCOL_DESTINATION = 60,
};

#endif
