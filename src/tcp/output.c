/* SPDX-License-Identifier: BSD-2-Clause */
/* machine, its mouth: TCB -> segments to send. RFC 9293 sections 3.8, 3.10.7; RFC 7323. */
#include <string.h>

#include "tcp/machine.h"
#include "wire/seqno.h"

#define CHALLENGE_INTERVAL_NS INT64_C(500000000)
/* Data segments in one step; more follow when the first of them are acknowledged. */
#define BURST_MAX 10

static uint16_t window_field(const struct tcb *tcb, bool syn)
{
	uint32_t wnd = syn ? tcb->rcv_wnd : tcb->rcv_wnd >> tcb->rcv_wscale;

	return wnd > UINT16_MAX ? UINT16_MAX : (uint16_t)wnd;
}

/* RFC 2018 section 4: the block that the latest segment fell into comes first. */
static void add_sack(const struct tcb *tcb, struct tcp_options *options)
{
	unsigned room = tcb->timestamps_on ? 3 : 4;

	if (!tcb->sack_on)
		return;
	for (unsigned i = 0; i < tcb->range_count; i++)
		if (tcb->ranges[i].start == tcb->last_range_start)
			options->sack[options->sack_count++] = tcb->ranges[i];
	for (unsigned i = 0; i < tcb->range_count && options->sack_count < room; i++)
		if (tcb->ranges[i].start != tcb->last_range_start)
			options->sack[options->sack_count++] = tcb->ranges[i];
}

uint32_t tcb_timestamp(const struct tcb *tcb, int64_t now_ns)
{
	return (uint32_t)(now_ns / 1000000) + tcb->path.ts_offset;
}

static void add_timestamps(const struct tcb *tcb, int64_t now_ns, struct tcp_options *options)
{
	options->has_timestamps = true;
	options->tsval = tcb_timestamp(tcb, now_ns);
	options->tsecr = tcb->ts_recent;
}

void tcb_question(const struct tcb *tcb, int64_t now_ns, struct segment *seg)
{
	*seg = (struct segment){.seq = tcb->snd_nxt - 1,
				.ack = tcb->rcv_nxt,
				.flags = TCP_ACK,
				.wnd = window_field(tcb, false)};
	if (tcb->timestamps_on)
		add_timestamps(tcb, now_ns, &seg->options);
}

/* A segment with our numbers in it. */
static struct segment *emit(struct step *step, uint32_t seq, uint16_t flags, bool retransmit)
{
	struct tcb *tcb = step->tcb;
	struct tcb_action *action = step_action(step, ACT_SEND);
	struct segment *seg = &action->seg;

	action->retransmit = retransmit;
	seg->seq = seq;
	seg->flags = flags;
	seg->wnd = window_field(tcb, flags & TCP_SYN);
	if (flags & TCP_ACK) {
		seg->ack = tcb->rcv_nxt;
		tcb->last_ack_sent = tcb->rcv_nxt;
		step->ack_now = false;
	}
	if (tcb->timestamps_on && !(flags & TCP_SYN))
		add_timestamps(tcb, step->now_ns, &seg->options);
	if (!(flags & TCP_SYN))
		add_sack(tcb, &seg->options);
	return seg;
}

static void time_segment(struct step *step, uint32_t end)
{
	struct tcb *tcb = step->tcb;

	if (tcb->timing)
		return;
	tcb->timing = true;
	tcb->timed_end = end;
	tcb->timed_at_ns = step->now_ns;
}

unsigned output_retries(const struct tcb *tcb)
{
	return tcb->state == TCB_SYN_SENT || tcb->state == TCB_SYN_RECEIVED
		   ? tcb->config->syn_retries
		   : tcb->config->retries;
}

/* How long to wait for an answer: the RTO, but for the last try the caller's own patience. */
static int64_t patience(const struct tcb *tcb)
{
	return tcb->retransmits >= output_retries(tcb) ? tcb->config->last_wait_ns
						       : tcb->rto.rto_ns;
}

void output_expect_ack(struct step *step)
{
	step_timer_start(step, TCB_TIMER_RETRANSMIT, patience(step->tcb));
}

static void expect_ack(struct step *step, bool restart)
{
	if (restart || !(step->tcb->timers & (1U << TCB_TIMER_RETRANSMIT)))
		output_expect_ack(step);
}

void tcb_offer(const struct tcb_config *config, const struct tcb_path *path,
	       struct tcp_options *options)
{
	options->has_mss = config->mss != 0;
	options->mss = config->mss < 0 ? path->path_mss : (uint16_t)config->mss;
	options->has_wscale = config->wscale >= 0;
	options->wscale = (uint8_t)config->wscale;
	options->has_sack_permitted = config->sack;
	options->has_timestamps = config->timestamps;
}

void tcb_syn(const struct tcb_config *config, const struct tcb_path *path, struct segment *syn)
{
	*syn = (struct segment){
	    .flags = (uint16_t)(TCP_SYN | (config->ecn ? TCP_ECE | TCP_CWR : 0)),
	    .wnd = config->rcv_wnd > UINT16_MAX ? UINT16_MAX : (uint16_t)config->rcv_wnd};
	tcb_offer(config, path, &syn->options);
}

/* RFC 9293 section 3.7.1: without the option an MSS of 536, in IPv6 1220 octets. */
struct tcb_path tcb_path_of(uint32_t mtu, enum ip_version version)
{
	uint32_t headers = version == IP_V6 ? 60 : 40;
	uint32_t room = mtu > headers + 100 ? mtu - headers : 100;

	return (struct tcb_path){.path_mss = room > UINT16_MAX ? UINT16_MAX : (uint16_t)room,
				 .default_mss = version == IP_V6 ? 1220 : 536};
}

/* The SYN, or in SYN-RECEIVED (simultaneous open) the SYN,ACK, which offers only what the peer's
 * SYN offered. */
void output_syn(struct step *step, bool retransmit)
{
	struct tcb *tcb = step->tcb;
	const struct tcb_config *config = tcb->config;
	bool answer = tcb->state == TCB_SYN_RECEIVED;
	struct segment *seg;

	seg = emit(step, tcb->iss, answer ? TCP_SYN | TCP_ACK : TCP_SYN, retransmit);
	if (answer ? tcb->ecn_on : config->ecn)
		seg->flags |= answer ? TCP_ECE : TCP_ECE | TCP_CWR;
	tcb_offer(config, &tcb->path, &seg->options);
	if (answer) {
		seg->options.has_wscale = tcb->wscale_on;
		seg->options.has_sack_permitted = tcb->sack_on;
		seg->options.has_timestamps = tcb->timestamps_on;
	}
	if (seg->options.has_timestamps) {
		add_timestamps(tcb, step->now_ns, &seg->options);
		if (!answer)
			seg->options.tsecr = 0;
	}
	if (answer)
		tcb->timing = false; /* Karn: the SYN has left before */
	else if (!retransmit)
		time_segment(step, tcb->iss + 1);
	expect_ack(step, true);
}

void output_ack(struct step *step)
{
	emit(step, step->tcb->snd_nxt, TCP_ACK, false);
}

void output_reset(struct step *step, uint32_t seq)
{
	struct tcb_action *action = step_action(step, ACT_SEND);

	action->seg.seq = seq;
	action->seg.flags = TCP_RST;
}

void output_challenge(struct step *step, enum tcb_note why)
{
	struct tcb *tcb = step->tcb;

	if (tcb->challenged && step->now_ns - tcb->challenged_at_ns < CHALLENGE_INTERVAL_NS) {
		step_note(step, NOTE_CHALLENGE_LIMITED);
		return;
	}
	tcb->challenged = true;
	tcb->challenged_at_ns = step->now_ns;
	output_ack(step);
	step_note(step, why);
}

static void emit_data(struct step *step, uint32_t seq, uint32_t len, bool fin, bool retransmit)
{
	struct tcb *tcb = step->tcb;
	bool last = seq + len == tcb->data_seq + tcb->data_len;
	bool ack_owed = step->ack_now && tcb->range_count > 0;
	struct segment *seg;

	seg = emit(step, seq, last ? TCP_PSH | TCP_ACK : TCP_ACK, retransmit);
	seg->options.sack_count = 0; /* SND.MSS has no room for them: they go in an ACK */
	step->ack_now = ack_owed;
	seg->data = tcb->data + (uint32_t)(seq - tcb->data_seq);
	seg->data_len = len;
	seg->data_captured = len;
	if (fin)
		seg->flags |= TCP_FIN;
}

/* A FIN needs a number within the offered window, but not the congestion window's leave. */
static bool fin_fits(const struct tcb *tcb, uint32_t fin_seq)
{
	return fin_seq - tcb->snd_una < tcb->snd_wnd;
}

/* Our FIN has left: sections 3.10.4 and 3.6. */
static void fin_left(struct step *step, uint32_t fin_seq)
{
	struct tcb *tcb = step->tcb;

	tcb->fin_sent = true;
	tcb->fin_seq = fin_seq;
	tcb->snd_nxt = fin_seq + 1;
	step_enter(step, tcb->state == TCB_CLOSE_WAIT ? TCB_LAST_ACK : TCB_FIN_WAIT_1);
}

/* Octets that may leave now: the offered window and the congestion window, less what is under way.
 */
static uint32_t usable_window(const struct tcb *tcb)
{
	uint32_t flight = tcb->snd_nxt - tcb->snd_una;
	uint32_t wnd = tcb->snd_wnd < tcb->cwnd ? tcb->snd_wnd : tcb->cwnd;

	return wnd > flight ? wnd - flight : 0;
}

/* The next data segment's length, 0 if none should go now. Sender's silly window avoidance,
 * section 3.8.6.2.1, (1) to (3); `overdue` is (4). */
static uint32_t next_len(const struct tcb *tcb, uint32_t left, bool overdue)
{
	uint32_t usable = usable_window(tcb);
	uint32_t len = left < tcb->snd_mss ? left : tcb->snd_mss;

	if (usable >= len)
		return len;
	if (tcb->snd_una == tcb->snd_nxt && (overdue || usable >= tcb->max_snd_wnd / 2))
		return usable;
	return 0;
}

static bool send_data(struct step *step, bool overdue)
{
	struct tcb *tcb = step->tcb;
	bool sent = false;

	for (unsigned burst = 0; burst < BURST_MAX; burst++) {
		uint32_t left = tcb->data_seq + tcb->data_len - tcb->snd_nxt;
		uint32_t len = next_len(tcb, left, overdue);
		bool fin = len == left && tcb->close_queued && fin_fits(tcb, tcb->snd_nxt + len);

		if (left == 0 || len == 0)
			break;
		emit_data(step, tcb->snd_nxt, len, fin, false);
		tcb->snd_nxt += len;
		if (fin)
			fin_left(step, tcb->snd_nxt);
		time_segment(step, tcb->snd_nxt);
		sent = true;
		if (fin)
			break;
	}
	return sent;
}

static bool send_fin(struct step *step)
{
	struct tcb *tcb = step->tcb;

	if (!fin_fits(tcb, tcb->snd_nxt))
		return false;
	emit(step, tcb->snd_nxt, TCP_FIN | TCP_ACK, false);
	fin_left(step, tcb->snd_nxt);
	time_segment(step, tcb->snd_nxt);
	return true;
}

void output_pending(struct step *step)
{
	struct tcb *tcb = step->tcb;
	bool open = tcb->state == TCB_ESTABLISHED || tcb->state == TCB_CLOSE_WAIT;
	bool sent = false, waiting;

	if (open && !tcb->fin_sent) {
		uint32_t data_end = tcb->data_seq + tcb->data_len;

		if (tcb->data_len > 0 && seq_lt(tcb->snd_nxt, data_end))
			sent = send_data(step, false);
		waiting = tcb->data_len > 0 && seq_lt(tcb->snd_nxt, data_end);
		if (tcb->close_queued && !waiting && !tcb->fin_sent)
			sent = send_fin(step) || sent;
		waiting = waiting || (tcb->close_queued && !tcb->fin_sent);
		if (sent)
			expect_ack(step, false);
		else if (waiting && tcb->snd_una == tcb->snd_nxt &&
			 !(tcb->timers & (1U << TCB_TIMER_PERSIST)))
			step_timer_start(step, TCB_TIMER_PERSIST, tcb->rto.rto_ns);
	}
	if (step->ack_now)
		output_ack(step);
}

bool output_may_retransmit(const struct tcb *tcb)
{
	uint32_t data_end = tcb->data_seq + tcb->data_len;

	if (tcb->snd_una == tcb->snd_nxt)
		return false;
	if (tcb->state == TCB_SYN_SENT || tcb->state == TCB_SYN_RECEIVED)
		return true;
	return (tcb->data_len > 0 && seq_lt(tcb->snd_una, data_end)) ||
	       (tcb->fin_sent && !tcb->fin_overtaken);
}

void output_retransmit(struct step *step)
{
	struct tcb *tcb = step->tcb;
	uint32_t data_end = tcb->data_seq + tcb->data_len;

	tcb->timing = false; /* Karn: RFC 6298 section 3 */
	if (tcb->state == TCB_SYN_SENT || tcb->state == TCB_SYN_RECEIVED) {
		output_syn(step, true);
		return;
	}
	if (tcb->data_len > 0 && seq_lt(tcb->snd_una, data_end)) {
		uint32_t left = seq_lt(data_end, tcb->snd_nxt) ? data_end - tcb->snd_una
							       : tcb->snd_nxt - tcb->snd_una;
		uint32_t len = left < tcb->snd_mss ? left : tcb->snd_mss;

		emit_data(step, tcb->snd_una, len,
			  tcb->fin_sent && !tcb->fin_overtaken && len == left, true);
	} else if (tcb->fin_sent && !tcb->fin_overtaken) {
		emit(step, tcb->fin_seq, TCP_FIN | TCP_ACK, true);
	}
	expect_ack(step, true);
}

/* What is left of a silly window is used now. For a window of zero, as Linux does: an octet-less
 * segment from before it, which the peer must answer with an acknowledgment that tells its window.
 */
void output_window_probe(struct step *step)
{
	step_note(step, NOTE_WINDOW_PROBE);
	if (send_data(step, true)) {
		expect_ack(step, false);
		return;
	}
	emit(step, step->tcb->snd_una - 1, TCP_ACK, false);
	rto_back_off(&step->tcb->rto);
	step_timer_start(step, TCB_TIMER_PERSIST, step->tcb->rto.rto_ns);
}
