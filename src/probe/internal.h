/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of one probe share, and nobody else. */
#ifndef SHAKEDOWN_PROBE_INTERNAL_H
#define SHAKEDOWN_PROBE_INTERNAL_H

#include "probe/probe.h"

/* --- probe.c --- */

/* Appends a segment to send, and remembers it for the capture to confirm. */
void probe_emit(struct probe *probe, struct probe_output *out, const struct segment *seg,
		bool retransmit);
void probe_remember_sent(struct probe *probe, const struct segment *seg, bool retransmit);
void probe_start_timer(struct probe_output *out, unsigned timer, int64_t after_ns);
void probe_stop_timer(struct probe_output *out, unsigned timer);
void probe_drain(struct probe *probe, struct probe_output *out);

/* One step of the machine; its actions go to `out`. */
enum tcb_note probe_run(struct probe *probe, const struct tcb_event *event,
			struct probe_output *out);
/* A user call without more to it. */
void probe_call(struct probe *probe, enum tcb_event_type type, int64_t now_ns,
		struct probe_output *out);

/* --- phases.c --- */

/* After each event: does the phase end by what has happened? */
void phases_advance(struct probe *probe, int64_t now_ns, struct probe_output *out);
/* PROBE_TIMER_STEP fired: the phase ends by time. */
void phases_timer(struct probe *probe, int64_t now_ns, struct probe_output *out);
/* Begins the close that the plan asks for. */
void phases_close(struct probe *probe, int64_t now_ns, struct probe_output *out);
/* The server has not closed in the time allowed. */
void phases_wait_over(struct probe *probe, int64_t now_ns, struct probe_output *out);
/* RST, and what makes sure of it. */
void phases_abort(struct probe *probe, int64_t now_ns, struct probe_output *out);

/* --- ask.c --- */

/* The time for the server's FIN is over: has it sent one? ASK_HOLDS: it has not, or does not say.
 */
enum ask_answer { ASK_NONE, ASK_HOLDS };
void ask_begin(struct probe *probe, int64_t now_ns, struct probe_output *out);
enum ask_answer ask_arrived(struct probe *probe, const struct segment *seg,
			    struct probe_output *out);
enum ask_answer ask_timer(struct probe *probe, int64_t now_ns, struct probe_output *out);

/* --- reset.c --- */

/* Our RST has just been sent: is the connection gone? */
void reset_begin(struct probe *probe, int64_t now_ns, struct probe_output *out);
/* True for the RST that says that it is gone. */
bool reset_arrived(struct probe *probe, const struct segment *seg, struct probe_output *out);
void reset_timer(struct probe *probe, int64_t now_ns, struct probe_output *out);

#endif
