/* SPDX-License-Identifier: BSD-2-Clause */
/* machine, its words: the names of states, notes and timers. */
#include <assert.h>
#include <stddef.h>

#include "tcp/tcb.h"

static const char *const state_names[] = {
    [TCB_CLOSED] = "CLOSED",           [TCB_LISTEN] = "LISTEN",
    [TCB_SYN_SENT] = "SYN-SENT",       [TCB_SYN_RECEIVED] = "SYN-RECEIVED",
    [TCB_ESTABLISHED] = "ESTABLISHED", [TCB_FIN_WAIT_1] = "FIN-WAIT-1",
    [TCB_FIN_WAIT_2] = "FIN-WAIT-2",   [TCB_CLOSE_WAIT] = "CLOSE-WAIT",
    [TCB_CLOSING] = "CLOSING",         [TCB_LAST_ACK] = "LAST-ACK",
    [TCB_TIME_WAIT] = "TIME-WAIT",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) == TCB_STATE_COUNT, "every state");

static const char *const note_names[] = {
    [NOTE_NONE] = "none",
    [NOTE_HANDSHAKE_DONE] = "handshake-done",
    [NOTE_SIMULTANEOUS_OPEN] = "simultaneous-open",
    [NOTE_BAD_SYNACK] = "bad-synack",
    [NOTE_REFUSED] = "refused",
    [NOTE_RESET] = "reset",
    [NOTE_RST_INVALID] = "rst-invalid",
    [NOTE_RST_OUT_OF_WINDOW] = "rst-out-of-window",
    [NOTE_CHALLENGE_RST] = "challenge-ack-rst",
    [NOTE_CHALLENGE_SYN] = "challenge-ack-syn",
    [NOTE_CHALLENGE_ACK] = "challenge-ack-ack",
    [NOTE_CHALLENGE_LIMITED] = "challenge-ack-limited",
    [NOTE_UNACCEPTABLE] = "unacceptable",
    [NOTE_SYNACK_AGAIN] = "synack-again",
    [NOTE_FIN_AGAIN] = "fin-again",
    [NOTE_OLD_DATA] = "old-data",
    [NOTE_OUT_OF_ORDER] = "out-of-order",
    [NOTE_OUT_OF_ORDER_LOST] = "out-of-order-lost",
    [NOTE_NO_ACK_FLAG] = "no-ack-flag",
    [NOTE_PAWS] = "paws",
    [NOTE_IN_ORDER] = "in-order",
    [NOTE_FIN] = "fin",
    [NOTE_FIN_ACKED] = "fin-acked",
    [NOTE_ACKED] = "acked",
    [NOTE_RETRANSMITTED] = "retransmitted",
    [NOTE_WINDOW_PROBE] = "window-probe",
    [NOTE_GAVE_UP] = "gave-up",
    [NOTE_TIME_WAIT_OVER] = "time-wait-over",
    [NOTE_SENT] = "sent",
    [NOTE_NOT_NOW] = "not-now",
    [NOTE_IGNORED] = "ignored",
    [NOTE_ICMP_SOFT] = "icmp-soft",
    [NOTE_ICMP_HARD] = "icmp-hard",
};
static_assert(sizeof(note_names) / sizeof(note_names[0]) == NOTE_COUNT, "every note");

static const char *const timer_names[] = {
    [TCB_TIMER_RETRANSMIT] = "retransmit",
    [TCB_TIMER_PERSIST] = "persist",
    [TCB_TIMER_TIME_WAIT] = "time-wait",
};
static_assert(sizeof(timer_names) / sizeof(timer_names[0]) == TCB_TIMER_COUNT, "every timer");

const char *tcb_state_name(enum tcb_state state)
{
	return state_names[state];
}

const char *tcb_note_name(enum tcb_note note)
{
	return note_names[note];
}

const char *tcb_timer_name(enum tcb_timer timer)
{
	return timer_names[timer];
}
