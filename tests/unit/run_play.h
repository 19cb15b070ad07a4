/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run without an engine: a stage whose clock is the test's, and a small server behind it, which
 * hears each segment at once and answers 10 ms later. Scripts are common.lua and the test's text.
 */
#ifndef SHAKEDOWN_TESTS_RUN_PLAY_H
#define SHAKEDOWN_TESTS_RUN_PLAY_H

#include "script/run.h"

#define PLAY_CONNS   8
#define PLAY_QUEUE   256
#define PLAY_MOMENTS 256

enum play_server {
	SERVER_ECHOES,  /* and closes when the client does */
	SERVER_HOLDS,   /* acknowledges a FIN, and sends none */
	SERVER_REFUSES, /* RST to each SYN */
	SERVER_SILENT,
	SERVER_DEAF, /* to data: establishes connections, acknowledges nothing after it */
};

struct play_conn {
	struct run_play *play;
	bool live;
	struct probe probe;
	struct moment moments[PLAY_MOMENTS];
	void *connection;
	int64_t timers[PROBE_TIMER_COUNT]; /* 0: stopped */
	/* the server's half */
	bool known;
	uint32_t irs, snd_nxt, rcv_nxt;
};

struct run_play {
	int64_t now_ns;
	enum play_server server;
	uint32_t iss, irs;
	bool no_room;          /* the stage has no place for another connection */
	const char *broken;    /* the stage cannot open connections for this reason */
	const char *dies_with; /* a connection ends within its opening with this error */
	struct play_conn conns[PLAY_CONNS];
	unsigned conn_count, sent, resets;
	struct event {
		int64_t due_ns;
		struct play_conn *conn;
		bool ours;
		struct packet packet;
		uint8_t data[64];
	} queue[PLAY_QUEUE];
	unsigned queued;
	struct stage stage;
	struct plan plan;
	struct run_world world;
	struct finding known; /* found() knows this one; without a key none */
	struct scenario scenario;
	struct chunk common, own;
	struct run *run;
};

void run_play_init(struct run_play *play);
void run_play_free(struct run_play *play);

/* Runs `text`, the inside of a scenario's run function, to its end. The scenario begins in the
 * first line of own.lua, its run function in the second. */
void run_play(struct run_play *play, const char *text);
/* The same, with all of the file; its first scenario is run. */
void run_play_file(struct run_play *play, const char *text);

/* Fails unless the judgement is this one and what was seen begins so. */
void run_play_says(const struct run_play *play, enum judgement judgement, const char *seen);
/* All in one: run, verdict, everything freed. */
void run_play_check(enum play_server server, const char *text, enum judgement judgement,
		    const char *seen);

#endif
