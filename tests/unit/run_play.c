/* SPDX-License-Identifier: BSD-2-Clause */
/* A run without an engine: see run_play.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_play.h"

#define SECOND_NS INT64_C(1000000000)
#define DELAY_NS  (SECOND_NS / 100)
#define STEPS_MAX 200000

static void queue_segment(struct play_conn *conn, const struct segment *seg, bool ours)
{
	struct run_play *play = conn->play;
	struct event *event;

	assert_true(play->queued < PLAY_QUEUE);
	event = &play->queue[play->queued++];
	*event = (struct event){
	    .conn = conn,
	    .ours = ours,
	    .due_ns = play->now_ns + (ours ? 0 : DELAY_NS),
	    .packet = {.kind = PACKET_TCP,
		       .flow = ours ? conn->probe.flow : flow_reverse(&conn->probe.flow),
		       .seg = *seg,
		       .ip = {.ttl = 64}}};
	if (event->packet.seg.data_len > sizeof(event->data))
		event->packet.seg.data_captured = sizeof(event->data);
	else
		event->packet.seg.data_captured = event->packet.seg.data_len;
	if (event->packet.seg.data_captured > 0)
		memcpy(event->data, seg->data, event->packet.seg.data_captured);
}

static void perform(struct play_conn *conn, const struct probe_output *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		const struct tcb_action *action = &out->actions[i];

		if (action->type == ACT_TIMER_START)
			conn->timers[action->timer] = conn->play->now_ns + action->after_ns;
		else if (action->type == ACT_TIMER_STOP)
			conn->timers[action->timer] = 0;
		else if (action->type == ACT_SEND)
			queue_segment(conn, &action->seg, true);
	}
	if (conn->live && probe_done(&conn->probe)) {
		struct conn *of = conn->connection;

		conn->live = false;
		conn_ended(of, &conn->probe, NULL, false);
		((struct run *)of->run)->ready = true;
	}
}

/* --- the server --- */

static void answer(struct play_conn *conn, uint16_t flags, uint32_t seq, uint32_t ack,
		   const struct segment *echo)
{
	struct segment seg = {.flags = flags, .seq = seq, .ack = ack, .wnd = 65000};

	if (flags & TCP_SYN) {
		seg.options.has_mss = true;
		seg.options.mss = 1000;
	}
	if (echo) {
		seg.data = echo->data;
		seg.data_len = echo->data_len;
	}
	queue_segment(conn, &seg, false);
}

static void server_knows(struct play_conn *conn, const struct segment *seg)
{
	enum play_server server = conn->play->server;
	bool fin = seg->flags & TCP_FIN;

	if (server == SERVER_DEAF)
		return;
	if (seg->seq != conn->rcv_nxt || (seg->flags & TCP_SYN)) {
		answer(conn, TCP_ACK, conn->snd_nxt, conn->rcv_nxt, NULL);
		return;
	}
	if (segment_len(seg) == 0)
		return;
	conn->rcv_nxt += segment_len(seg);
	answer(conn, TCP_ACK, conn->snd_nxt, conn->rcv_nxt, seg);
	conn->snd_nxt += seg->data_len;
	if (fin && server != SERVER_HOLDS)
		answer(conn, TCP_FIN | TCP_ACK, conn->snd_nxt++, conn->rcv_nxt, NULL);
}

static void server_hears(struct play_conn *conn, const struct segment *seg)
{
	struct run_play *play = conn->play;

	play->resets += (seg->flags & TCP_RST) != 0;
	if (seg->flags & TCP_RST) {
		conn->known = conn->known && seg->seq != conn->rcv_nxt;
	} else if (play->server == SERVER_SILENT) {
		return;
	} else if (conn->known) {
		server_knows(conn, seg);
	} else if ((seg->flags & TCP_SYN) && play->server != SERVER_REFUSES) {
		conn->known = true;
		conn->irs = play->irs;
		conn->snd_nxt = play->irs + 1;
		conn->rcv_nxt = seg->seq + segment_len(seg);
		answer(conn, TCP_SYN | TCP_ACK, play->irs, conn->rcv_nxt, NULL);
	} else if (seg->flags & TCP_ACK) {
		answer(conn, TCP_RST, seg->ack, 0, NULL);
	} else {
		answer(conn, TCP_RST | TCP_ACK, 0, seg->seq + segment_len(seg), NULL);
	}
}

/* --- the stage --- */

static int64_t now_ns(void *arg)
{
	return ((struct run_play *)arg)->now_ns;
}

static struct probe *open_connection(void *arg, const struct stage_open *open, uint32_t *handle,
				     const char **error)
{
	const struct tcb_path path = {.path_mss = 1460, .default_mss = 536};
	struct flow flow = {.src = {{IP_V4, {192, 0, 2, 1}}, 40000},
			    .dst = {{IP_V4, {192, 0, 2, 2}}, 80}};
	struct run_play *play = arg;
	struct play_conn *conn = &play->conns[play->conn_count];
	struct probe_output out = {.count = 0};

	*error = play->broken;
	if (play->broken || play->no_room)
		return NULL;
	assert_true(play->conn_count < PLAY_CONNS);
	*handle = play->conn_count++;
	flow.src.port = (uint16_t)(flow.src.port + *handle);
	flow.dst.port = open->remote_port ? open->remote_port : play->world.port;
	conn->play = play;
	conn->live = true;
	conn->connection = open->connection;
	conn->probe.timeline =
	    (struct timeline){.moments = conn->moments, .capacity = PLAY_MOMENTS};
	probe_init(&conn->probe, open->plan, &flow, &path);
	if (open->raw)
		scripted_begin_raw(&conn->probe, play->iss);
	else
		probe_open(&conn->probe, play->iss, play->now_ns, &out);
	if (play->dies_with) {
		conn->live = false;
		conn_ended(open->connection, &conn->probe, play->dies_with, false);
		return &conn->probe;
	}
	perform(conn, &out);
	return &conn->probe;
}

static void send_crafted(void *arg, uint32_t handle, const struct stage_segment *segment)
{
	struct run_play *play = arg;

	scripted_crafted(&play->conns[handle].probe, &segment->seg, segment->count);
	queue_segment(&play->conns[handle], &segment->seg, true);
}

static void settle(void *arg, uint32_t handle, const struct probe_output *out)
{
	struct run_play *play = arg;

	perform(&play->conns[handle], out);
}

static int64_t turn_ns(void *arg)
{
	(void)arg;
	return 0;
}

static const struct finding *found(void *arg, const char *key)
{
	const struct run_play *play = arg;

	return play->known.key && strcmp(play->known.key, key) == 0 ? &play->known : NULL;
}

/* --- time --- */

static void deliver(struct run_play *play, unsigned at)
{
	struct event event = play->queue[at];
	struct probe_output out = {.count = 0};

	memmove(&play->queue[at], &play->queue[at + 1],
		(--play->queued - at) * sizeof(play->queue[0]));
	event.packet.seg.data = event.data;
	if (event.ours) {
		play->sent++;
		server_hears(event.conn, &event.packet.seg);
	}
	if (!event.conn->live)
		return;
	if (event.ours)
		probe_left(&event.conn->probe, &event.packet, play->now_ns, play->now_ns, &out);
	else
		probe_arrived(&event.conn->probe, &event.packet, play->now_ns, play->now_ns, &out);
	conn_seen(event.conn->connection, &event.packet, play->now_ns, event.ours);
	play->run->ready = true;
	perform(event.conn, &out);
}

/* The first of what is due next; false: it is nothing of the network. */
static bool next_event(struct run_play *play, int64_t *due_ns)
{
	int64_t *timer = NULL;
	struct play_conn *of = NULL;
	unsigned event = PLAY_QUEUE;

	for (unsigned i = 0; i < play->queued; i++)
		if (play->queue[i].due_ns < *due_ns) {
			*due_ns = play->queue[i].due_ns;
			event = i;
		}
	for (unsigned i = 0; i < play->conn_count; i++)
		for (unsigned t = 0; play->conns[i].live && t < PROBE_TIMER_COUNT; t++)
			if (play->conns[i].timers[t] && play->conns[i].timers[t] < *due_ns) {
				of = &play->conns[i];
				timer = &of->timers[t];
				*due_ns = *timer;
			}
	if (*due_ns > play->now_ns)
		play->now_ns = *due_ns;
	if (timer) {
		struct probe_output out = {.count = 0};

		*timer = 0;
		probe_timer(&of->probe, (unsigned)(timer - of->timers), play->now_ns, &out);
		perform(of, &out);
	} else if (event < PLAY_QUEUE) {
		deliver(play, event);
	}
	return timer || event < PLAY_QUEUE;
}

static void go(struct run_play *play)
{
	struct run *run = play->run;

	for (unsigned step = 0;; step++) {
		int64_t due_ns = run->limit_ns;

		assert_true(step < STEPS_MAX);
		run_turn(run);
		if (run_done(run) && play->queued == 0)
			return;
		if (run->wake_ns && run->wake_ns < due_ns)
			due_ns = run->wake_ns;
		if (run->over)
			due_ns = INT64_MAX;
		if (!next_event(play, &due_ns) && run->over)
			fail_msg("a connection never ends");
	}
}

/* --- a play --- */

void run_play_init(struct run_play *play)
{
	memset(play, 0, sizeof(*play));
	play->now_ns = 5 * SECOND_NS;
	play->iss = 0xfffffffe;
	play->irs = 0x7ffffffe;
	play->plan.tcb = (struct tcb_config){.mss = -1,
					     .wscale = 7,
					     .sack = true,
					     .timestamps = true,
					     .rcv_wnd = 64240,
					     .retries = 3,
					     .syn_retries = 3,
					     .rto_initial_ns = SECOND_NS,
					     .rto_min_ns = SECOND_NS,
					     .rto_max_ns = 60 * SECOND_NS,
					     .last_wait_ns = SECOND_NS,
					     .time_wait_ns = SECOND_NS};
	play->plan.ip.ttl = 64;
	play->plan.reset_retries = 3;
	play->plan.reset_silent_retries = 3;
	play->stage = (struct stage){.arg = play,
				     .now_ns = now_ns,
				     .open = open_connection,
				     .send = send_crafted,
				     .settle = settle};
	play->world = (struct run_world){.stage = &play->stage,
					 .plan = &play->plan,
					 .host = "192.0.2.2",
					 .port = 80,
					 .family = 4,
					 .arg = play,
					 .turn_ns = turn_ns,
					 .found = found};
	play->scenario = (struct scenario){.id = "X1", .takes_s = 20};
}

void run_play_free(struct run_play *play)
{
	run_free(play->run);
	chunk_free(&play->common);
	chunk_free(&play->own);
	play->run = NULL;
}

static void compile_common(struct run_play *play)
{
	const char *srcdir = getenv("SRCDIR");
	char path[4096], why[VM_WHY_MAX];
	static char text[1 << 16];
	size_t len;
	FILE *in;

	snprintf(path, sizeof(path), "%s/scenarios/common.lua", srcdir ? srcdir : ".");
	in = fopen(path, "r");
	assert_non_null(in);
	len = fread(text, 1, sizeof(text), in);
	fclose(in);
	if (!vm_compile("common.lua", text, len, &play->common, why))
		fail_msg("%s", why);
}

void run_play_file(struct run_play *play, const char *text)
{
	const struct run_files files = {.common = &play->common, .own = &play->own};
	char why[VM_WHY_MAX];

	compile_common(play);
	if (!vm_compile("own.lua", text, strlen(text), &play->own, why))
		fail_msg("%s", why);
	play->scenario.number = 2; /* behind _control */
	play->run = run_new(&play->world, &play->scenario, &files);
	assert_non_null(play->run);
	go(play);
	for (unsigned i = 0; i < play->conn_count; i++)
		if (play->server != SERVER_DEAF && play->conns[i].known &&
		    play->conns[i].probe.tcb.state != TCB_CLOSED)
			fail_msg("the server still knows connection %u", i);
	assert_null(play->run->vm.lua);
}

void run_play(struct run_play *play, const char *text)
{
	char *file = NULL;

	if (asprintf(&file,
		     "scenario { id = 'X1', title = '', rfc = '', level = 'MUST', sends = '',\n"
		     "  takes = 20, profile = 'quick', run = function() %s\nend }\n",
		     text) < 0)
		fail();
	run_play_file(play, file);
	free(file);
}

void run_play_says(const struct run_play *play, enum judgement judgement, const char *seen)
{
	const struct run *run = play->run;

	if (run->judgement != judgement || !run->seen ||
	    strncmp(run->seen, seen, strlen(seen)) != 0)
		fail_msg("%s: %s\nnot %s: %s", judgement_info(run->judgement)->name,
			 run->seen ? run->seen : "nothing", judgement_info(judgement)->name, seen);
}

void run_play_check(enum play_server server, const char *text, enum judgement judgement,
		    const char *seen)
{
	struct run_play *play = malloc(sizeof(*play));

	assert_non_null(play);
	run_play_init(play);
	play->server = server;
	run_play(play, text);
	run_play_says(play, judgement, seen);
	run_play_free(play);
	free(play);
}
