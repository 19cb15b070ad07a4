/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: what is in a frame (Ethernet, IPv4 or IPv6, TCP), and the log: one NDJSON line for each
 * frame that departs or is lost.
 */
#include "wire.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

enum { ETHER_LEN = 14, TCP_LEN = 20, IP4_LEN = 20, IP6_LEN = 40, MOST_EXTENSIONS = 8 };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void look_tcp(const uint8_t *tcp, size_t len, struct summary *summary)
{
	static const char letters[] = "FSRPU."; /* "." stands for ACK, as everywhere */
	static const uint8_t bits[] = {0x01, 0x02, 0x04, 0x08, 0x20, 0x10};
	size_t head = len >= TCP_LEN ? (size_t)(tcp[12] >> 4) * 4 : 0, at = 0;

	if (len < TCP_LEN)
		return;
	summary->tcp = true;
	summary->sport = get16(tcp);
	summary->dport = get16(tcp + 2);
	summary->seq = get32(tcp + 4);
	summary->ack = get32(tcp + 8);
	summary->len = len > head ? len - head : 0;
	for (size_t i = 0; i < sizeof(bits); i++)
		if (tcp[13] & bits[i])
			summary->flags[at++] = letters[i];
	if (tcp[13] & 0x40)
		summary->flags[at++] = 'E';
	if (tcp[13] & 0x80)
		summary->flags[at++] = 'W';
	summary->flags[at] = '\0';
}

static void look_ip4(const uint8_t *ip, size_t len, bool names, struct summary *summary)
{
	size_t head = len >= IP4_LEN ? (size_t)(ip[0] & 15) * 4 : 0, total;

	if (len < IP4_LEN || ip[0] >> 4 != 4 || head < IP4_LEN)
		return;
	total = get16(ip + 2);
	if (total < head || total > len)
		return;
	summary->version = 4;
	summary->ip_len = total;
	if (names) {
		inet_ntop(AF_INET, ip + 12, summary->src, sizeof(summary->src));
		inet_ntop(AF_INET, ip + 16, summary->dst, sizeof(summary->dst));
	}
	if (ip[9] == IPPROTO_TCP && !(get16(ip + 6) & 0x1fff))
		look_tcp(ip + head, total - head, summary);
}

static void look_ip6(const uint8_t *ip, size_t len, bool names, struct summary *summary)
{
	size_t at = IP6_LEN, total;
	uint8_t next;

	if (len < IP6_LEN || ip[0] >> 4 != 6)
		return;
	total = IP6_LEN + (size_t)get16(ip + 4);
	if (total > len)
		return;
	summary->version = 6;
	summary->ip_len = total;
	if (names) {
		inet_ntop(AF_INET6, ip + 8, summary->src, sizeof(summary->src));
		inet_ntop(AF_INET6, ip + 24, summary->dst, sizeof(summary->dst));
	}
	next = ip[6];
	for (int i = 0; i < MOST_EXTENSIONS && at + 8 <= total && next != IPPROTO_TCP; i++) {
		if (next == IPPROTO_FRAGMENT && get16(ip + at + 2) & 0xfff8)
			return;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			return;
		next = ip[at];
		at += next == IPPROTO_FRAGMENT ? 8 : 8 + (size_t)ip[at + 1] * 8;
	}
	if (next == IPPROTO_TCP && at <= total)
		look_tcp(ip + at, total - at, summary);
}

void log_look(const uint8_t *octets, size_t len, bool names, struct summary *summary)
{
	memset(summary, 0, sizeof(*summary));
	if (len < ETHER_LEN)
		return;
	summary->ip_at = ETHER_LEN;
	if (get16(octets + 12) == 0x0800)
		look_ip4(octets + ETHER_LEN, len - ETHER_LEN, names, summary);
	else if (get16(octets + 12) == 0x86dd)
		look_ip6(octets + ETHER_LEN, len - ETHER_LEN, names, summary);
}

static void put_decision(FILE *to, const struct frame *frame)
{
	const struct {
		bool yes;
		const char *name;
	} words[] = {{frame->copy, "copy"},
		     {frame->fate.drop, "drop"},
		     {frame->fate.duplicate && !frame->copy, "duplicate"},
		     {frame->fate.reorder && !frame->copy, "reorder"},
		     {frame->fate.corrupt && !frame->copy, "corrupt"}};
	const char *between = "";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].yes) {
			fprintf(to, "%s%s", between, words[i].name);
			between = "+";
		}
	if (!*between)
		fputs("forward", to);
}

void log_frame(FILE *to, const struct way *way, struct frame *frame, int64_t tx_ns)
{
	struct summary summary;

	if (frame->fate.corrupt)
		fate_flip(frame);
	log_look(frame->octets, frame->len, true, &summary);
	if (frame->fate.corrupt)
		fate_flip(frame);
	fprintf(to, "{\"dir\":\"%s\",\"n\":%" PRIu64 ",\"rx_ns\":%" PRId64 ",\"decision\":\"",
		way->name, frame->number, frame->rx_ns);
	put_decision(to, frame);
	fprintf(to, "\",\"frame_len\":%zu", frame->len);
	if (!frame->fate.drop)
		fprintf(to, ",\"due_ns\":%" PRId64 ",\"tx_ns\":%" PRId64, frame->due_ns, tx_ns);
	if (frame->fate.corrupt)
		fprintf(to, ",\"flipped_bit\":%zu", frame->flipped - summary.ip_at * 8);
	if (summary.version)
		fprintf(to, ",\"ip\":%d,\"src\":\"%s\",\"dst\":\"%s\"", summary.version,
			summary.src, summary.dst);
	if (summary.tcp)
		fprintf(to,
			",\"sport\":%u,\"dport\":%u,\"flags\":\"%s\",\"seq\":%" PRIu32
			",\"ack\":%" PRIu32 ",\"len\":%zu",
			summary.sport, summary.dport, summary.flags, summary.seq, summary.ack,
			summary.len);
	fputs("}\n", to);
}
