/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts for the machine, written as packetdrill writes them: what the server sends and what the
 * client must then do, with sequence numbers counted from the two initial ones.
 *
 *	open(s);
 *	client(s, "S 0:0(0)");
 *	server(s, "S. 0:0(0) ack 1 win 1000 <mss 1000>");
 *	client(s, ". 1:1(0) ack 1");
 *
 * A segment that leaves without a client() line, and data that are delivered without a
 * delivered() line, fail the script at its next event. `win` and `<options>` are compared where
 * the line has them; `<>` means no options. Each script runs at many pairs of initial numbers.
 */
#ifndef SHAKEDOWN_TESTS_TCP_SCRIPT_H
#define SHAKEDOWN_TESTS_TCP_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcb.h"

#define MS  INT64_C(1000000)
#define SEC INT64_C(1000000000)

struct script {
	struct tcb_config config; /* changed before open() by a script that wants others */
	struct tcb_path path;
	struct tcb tcb;
	struct tcb_result result;
	uint32_t iss, irs;
	int64_t now_ns;
	unsigned cursor;  /* the next action that no line has asked for */
	uint32_t running; /* a model of the caller's timers */
	int64_t due_ns[TCB_TIMER_COUNT];
	unsigned line;
};

typedef void script_body(struct script *s);

/* --- what happens --- */
#define open(s)            script_open((s), __LINE__)
#define server(s, text)    script_server((s), (text), __LINE__)
#define send(s, len)       script_send((s), (len), false, __LINE__)
#define send_close(s, len) script_send((s), (len), true, __LINE__)
#define call(s, type)      script_call((s), (type), __LINE__)
#define icmp(s, hard, seq) script_icmp((s), (hard), (seq), __LINE__)
#define fire(s, timer)     script_fire((s), (timer), __LINE__)
#define pass(s, after_ns)  script_pass((s), (after_ns), __LINE__)
/* --- what must follow --- */
#define client(s, text)       script_client((s), (text), false, __LINE__)
#define client_again(s, text) script_client((s), (text), true, __LINE__)
#define delivered(s, len)     script_delivered((s), (len), __LINE__)
#define nothing(s)            script_nothing((s), __LINE__)
#define state(s, state)       script_state((s), (state), __LINE__)
#define note(s, note)         script_note((s), (note), __LINE__)
#define runs(s, timer, in_ns) script_runs((s), (timer), (in_ns), __LINE__)
#define stopped(s, timer)     script_stopped((s), (timer), __LINE__)
#define check(s, what)        script_check((s), (what), #what, __LINE__)

void script_open(struct script *s, unsigned line);
void script_server(struct script *s, const char *text, unsigned line);
void script_send(struct script *s, uint32_t len, bool then_close, unsigned line);
void script_call(struct script *s, enum tcb_event_type type, unsigned line);
void script_icmp(struct script *s, bool hard, int32_t seq, unsigned line);
/* Time goes on to when the timer is due. */
void script_fire(struct script *s, enum tcb_timer timer, unsigned line);
void script_pass(struct script *s, int64_t after_ns, unsigned line);

void script_client(struct script *s, const char *text, bool again, unsigned line);
void script_delivered(struct script *s, uint32_t len, unsigned line);
void script_nothing(struct script *s, unsigned line);
void script_state(const struct script *s, enum tcb_state state, unsigned line);
void script_note(const struct script *s, enum tcb_note note, unsigned line);
/* The timer runs and is due after in_ns; -1: whenever. */
void script_runs(const struct script *s, enum tcb_timer timer, int64_t in_ns, unsigned line);
void script_stopped(const struct script *s, enum tcb_timer timer, unsigned line);
void script_check(const struct script *s, bool holds, const char *what, unsigned line);

/* To ESTABLISHED: no options but MSS 1000, the server's window 10000, ours 5000. */
void script_established(struct script *s);
/* On to the state of the name, by the shortest way. */
void script_reach(struct script *s, enum tcb_state state);

/* cmocka's entry for a script; prints the pair of initial numbers at which it failed. */
void script_run(void **state);
struct script_entry {
	script_body *body;
};
#define SCRIPT_BODY(name) (&(struct script_entry){.body = (name)})
#define SCRIPT(script)                                                                             \
	{                                                                                          \
		.name = #script, .test_func = script_run, .initial_state = SCRIPT_BODY(script)     \
	}

/* --- tcp_script_text.c --- */

/* Which parts of a line were written. */
struct script_line {
	struct segment seg; /* numbers relative */
	bool has_wnd, has_options;
};

/* False if the line cannot be read. */
bool script_parse(const char *text, struct script_line *line);
/* The segment in the same notation, numbers relative to `seq` and `ack`. */
void script_format(const struct segment *seg, uint32_t seq, uint32_t ack, char *text,
		   unsigned size);

#endif
