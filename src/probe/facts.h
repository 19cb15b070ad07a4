/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts: what was seen of one connection, gathered segment by segment in capture order. Verdicts
 * and phase times are made from these alone, so a probe needs no stored timeline. Stamps are the
 * capture's, in nanoseconds; 0 stands for "not seen".
 */
#ifndef SHAKEDOWN_PROBE_FACTS_H
#define SHAKEDOWN_PROBE_FACTS_H

#include "tcp/tcb.h"
#include "wire/decode.h"

#define FACTS_SYNS_MAX 8

struct facts {
	/* handshake */
	struct {
		int64_t stamp_ns;
		uint32_t tsval;
	} syns[FACTS_SYNS_MAX]; /* our SYN and its copies */
	uint32_t syn_count, synack_count;
	int64_t synack_ns, third_ns;  /* the first SYN-ACK that fits; our first ACK of it */
	int64_t synack_last_ns;       /* the latest copy */
	uint32_t synack_repeats;      /* copies that a timer of the server sent */
	uint32_t synack_repeats_idle; /* of those, while we had sent nothing but ACKs of it */
	bool synack_timer_passed;     /* its first repeat came so late that it had held one back */
	uint32_t synack_tsecr;
	struct tcp_options synack_options;
	struct ip_fields synack_ip;
	uint16_t synack_wnd;
	bool synack_ece, synack_cwr;
	bool bad_synack, invalid_reset, simultaneous_open;
	bool refused; /* a RST that acknowledges our SYN */
	int64_t refused_ns;
	bool icmp; /* an ICMP error about our SYN or a later segment */
	uint8_t icmp_version, icmp_type, icmp_code;
	int64_t icmp_ns;
	struct ip_addr icmp_from;
	int64_t question_ns, question_acked_ns; /* of plan->measure_path */
	/* conversation */
	bool data_sent, data_acked; /* ours */
	uint64_t data_in;           /* octets received in order */
	uint64_t data_in_after_fin; /* of those, after our FIN had left */
	uint32_t out_of_turn;       /* segments of the server that came twice, late or early */
	/* close */
	int64_t fin_ns, fin_acked_ns, peer_fin_ns, last_ack_ns;
	uint32_t fin_count, peer_fin_count, peer_fin_repeats;
	uint32_t peer_fin_tsval;
	bool fin_acked_alone;       /* the first acknowledgment of our FIN carried no FIN */
	bool peer_fin_first;        /* before ours had left */
	bool peer_fin_acks_ours;    /* at its first copy */
	bool late_data, late_acked; /* our data after the server's FIN */
	bool reset;                 /* a RST from the server that ended the connection */
	bool reset_has_ack, reset_acks_fin, reset_late;
	int64_t reset_ns;
	bool zero_window; /* the server's window was zero at the end */
	uint32_t fin_seq, data_end, peer_fin_end;
	uint32_t retransmits_ours; /* of any kind */
};

/* Our segment, as it left. `retransmit`: the machine says that it was sent before. */
void facts_saw_ours(struct facts *facts, const struct segment *seg, int64_t stamp_ns,
		    bool retransmit);

/* The server's segment. `tcb` is the machine after it, `note` what the machine said of it. */
void facts_saw_theirs(struct facts *facts, const struct packet *packet, int64_t stamp_ns,
		      const struct tcb *tcb, enum tcb_note note);

void facts_saw_icmp(struct facts *facts, const struct packet *packet, int64_t stamp_ns);

/* A copy of the SYN-ACK that the network made: the same once more, sooner than any timer repeats
 * it. */
bool facts_is_copy(const struct facts *facts, const struct segment *seg, int64_t stamp_ns);

/* The handshake's round-trip time, SYN to its answer (SYN-ACK or RST): -1 if there is none, or
 * if it cannot be known which copy of the SYN was answered (Karn). Where timestamps name the
 * copy, and the answer came sooner than any server repeats its SYN-ACK by itself, it counts. */
int64_t facts_handshake_rtt_ns(const struct facts *facts);

#endif
