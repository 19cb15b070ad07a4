/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One probe's phases: what has happened -> what comes next in the plan. Each phase has one function
 * that begins it; phases_advance() says when one is over by what happened, phases_timer() by time.
 */
#include "probe/internal.h"

void phases_abort(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	probe->final_state = probe->tcb.state;
	probe_call(probe, EV_ABORT, now_ns, out);
	reset_begin(probe, now_ns, out);
}

void phases_close(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (probe->plan->close == PLAN_CLOSE_RST) {
		phases_abort(probe, now_ns, out);
		return;
	}
	probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->close_wait_ns);
	if (probe->plan->close == PLAN_CLOSE_SERVER && probe->tcb.state != TCB_CLOSE_WAIT) {
		probe->phase = PHASE_SERVER_CLOSE;
		return;
	}
	probe->phase = PHASE_CLOSE;
	probe_call(probe, EV_CLOSE, now_ns, out);
}

static void begin_request(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	const struct plan *plan = probe->plan;
	struct tcb_event event = {.type = EV_SEND, .now_ns = now_ns};

	if (!probe->request) {
		phases_close(probe, now_ns, out);
		return;
	}
	event.data = probe->request;
	event.data_len = probe->request_len;
	event.then_close = plan->half_close && plan->close == PLAN_CLOSE_FIN;
	probe_run(probe, &event, out);
	probe->phase = event.then_close ? PHASE_CLOSE : PHASE_ANSWER;
	probe_start_timer(out, PROBE_TIMER_STEP,
			  event.then_close ? plan->close_wait_ns : plan->answer_ns);
}

static void begin_measurement(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	struct segment question;

	probe->phase = PHASE_MEASURE;
	tcb_question(&probe->tcb, now_ns, &question);
	probe_emit(probe, out, &question, false);
	probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->answer_ns);
}

static void begin_conversation(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (probe->plan->await_ns <= 0) {
		begin_request(probe, now_ns, out);
		return;
	}
	probe->phase = PHASE_AWAIT;
	probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->await_ns);
}

static void begin_after_handshake(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (probe->plan->measure_path && probe->tcb.state == TCB_ESTABLISHED)
		begin_measurement(probe, now_ns, out);
	else
		begin_conversation(probe, now_ns, out);
}

/* Has the server nothing more to say, or is a request without an answer settled? */
static bool answer_over(const struct probe *probe)
{
	return probe->tcb.state == TCB_CLOSE_WAIT && tcb_all_acked(&probe->tcb);
}

/* The limit has passed and nothing that we wait for can end by itself: the server does not close
 * (FIN-WAIT-2), or does not even open its window for our FIN. In FIN-WAIT-1 and LAST-ACK the
 * retransmissions decide. */
static bool waits_in_vain(const struct probe *probe)
{
	enum tcb_state state = probe->tcb.state;

	return probe->waited_in_vain &&
	       (state == TCB_FIN_WAIT_2 || state == TCB_ESTABLISHED || state == TCB_CLOSE_WAIT);
}

void phases_advance(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	const struct tcb *tcb = &probe->tcb;
	bool open = tcb->state == TCB_ESTABLISHED || tcb->state == TCB_CLOSE_WAIT;

	if (probe->phase >= PHASE_RESET || probe->phase == PHASE_SCRIPT)
		return;
	if (tcb->state == TCB_CLOSED) {
		if (probe->gave_up)
			reset_begin(probe, now_ns, out);
		else
			probe_drain(probe, out);
		return;
	}
	if (probe->phase == PHASE_ASK && tcb->state != TCB_FIN_WAIT_2 &&
	    tcb->state != TCB_ESTABLISHED) {
		probe->phase = probe->asked_in; /* the FIN came after all */
		probe_stop_timer(out, PROBE_TIMER_STEP);
	}
	if (probe->phase == PHASE_HANDSHAKE && open)
		begin_after_handshake(probe, now_ns, out);
	else if (probe->phase == PHASE_MEASURE &&
		 (probe->facts.question_acked_ns != 0 || tcb->state == TCB_CLOSE_WAIT))
		begin_conversation(probe, now_ns, out);
	else if (probe->phase == PHASE_AWAIT &&
		 (probe->facts.data_in > 0 || tcb->state == TCB_CLOSE_WAIT))
		begin_request(probe, now_ns, out);
	else if (probe->phase == PHASE_ANSWER && answer_over(probe))
		phases_close(probe, now_ns, out);
	else if (probe->phase == PHASE_SERVER_CLOSE && tcb->state == TCB_CLOSE_WAIT)
		phases_close(probe, now_ns, out);
	else if (probe->phase == PHASE_CLOSE && waits_in_vain(probe))
		phases_abort(probe, now_ns, out);
}

void phases_wait_over(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	if (probe->asked_in != PHASE_SERVER_CLOSE || probe->server_did_not_close) {
		probe->phase = PHASE_CLOSE;
		probe->waited_in_vain = true;
		return;
	}
	probe->server_did_not_close = true;
	probe->phase = PHASE_CLOSE;
	probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->close_wait_ns);
	probe_call(probe, EV_CLOSE, now_ns, out);
}

/* Only a server that has our FIN can be waited for; until then retransmission decides, or, where
 * the server's window keeps our FIN back, nothing will. */
static void close_limit(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	const struct tcb *tcb = &probe->tcb;

	if (tcb->state == TCB_FIN_WAIT_2 || probe->phase == PHASE_SERVER_CLOSE)
		ask_begin(probe, now_ns, out);
	else if (tcb->state == TCB_FIN_WAIT_1)
		probe_start_timer(out, PROBE_TIMER_STEP, probe->plan->close_wait_ns);
	else
		probe->waited_in_vain = !tcb->fin_sent;
}

void phases_timer(struct probe *probe, int64_t now_ns, struct probe_output *out)
{
	switch (probe->phase) {
	case PHASE_MEASURE:
		begin_conversation(probe, now_ns, out);
		break;
	case PHASE_AWAIT:
		begin_request(probe, now_ns, out);
		break;
	case PHASE_ANSWER:
		phases_close(probe, now_ns, out);
		break;
	case PHASE_SERVER_CLOSE:
	case PHASE_CLOSE:
		close_limit(probe, now_ns, out);
		break;
	case PHASE_ASK:
		if (ask_timer(probe, now_ns, out) == ASK_HOLDS)
			phases_wait_over(probe, now_ns, out);
		break;
	case PHASE_DRAIN:
		if (probe->facts.syn_count == 0 && !probe->raw)
			probe->error = "the capture shows no segment of ours: they leave by "
				       "another interface: choose it with -I";
		probe->phase = PHASE_DONE;
		break;
	case PHASE_IDLE:
	case PHASE_HANDSHAKE:
	case PHASE_SCRIPT:
	case PHASE_RESET:
	case PHASE_DONE:
	case PHASE_COUNT:
		break;
	}
}
