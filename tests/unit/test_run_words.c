/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of the scenario language, each against a small server: without it common.lua, or what
 * it is made of, could say other things of a connection than doc/SCENARIOS promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_play.h"

/* The script must reach its end. */
static void holds(enum play_server server, const char *text)
{
	char script[4096];

	assert_true((size_t)snprintf(script, sizeof(script), "%s\npass('end')", text) <
		    sizeof(script));
	run_play_check(server, script, JUDGE_PASS, "end");
}

static void alive_dead_silent(void **state)
{
	(void)state;
	holds(SERVER_ECHOES,
	      "local c = open()\nassert(alive() == 'alive' and alive(c) == 'alive')\n"
	      "assert(c:alive() == 'alive' and snd.nxt == 1)");
	holds(SERVER_ECHOES, "open()\nsend { flags = 'R', seq = snd.nxt }\n"
			     "local seen = alive()\nassert(seen == 'dead', seen)");
	holds(SERVER_DEAF, "open()\nlocal before = t.now\nassert(alive() == 'silent')\n"
			   "assert(t.now - before >= 5 * 0.6)");
}

/* The question is repeated, with a gap that is longer than Linux's limit of challenge ACKs; it is
 * counted once. */
static void ask_with_retries(void **state)
{
	(void)state;
	holds(SERVER_DEAF, "local c = open()\nlocal before = t.now\n"
			   "local answer, tries = ask { data = 'x', tries = 3, gap = 0.7,\n"
			   "                            want = { flags = '.' } }\n"
			   "assert(answer == nil and tries == 3)\n"
			   "local took = t.now - before\n"
			   "assert(took > 2.09 and took < 2.2, 'took ' .. took)\n"
			   "assert(snd.nxt == 2)");
	holds(SERVER_ECHOES,
	      "open()\nlocal answer, tries = ask { data = 'abc', want = { ack = 4 } }\n"
	      "assert(answer.ack == 4 and tries == 1 and snd.nxt == 4)\n"
	      "answer, tries = ask { seq = 1, flags = 'S', tries = 1 }\n"
	      "assert(has(answer, '.') and tries == 1 and snd.nxt == 4)");
}

static void silence_and_collect(void **state)
{
	(void)state;
	holds(SERVER_ECHOES,
	      "open()\nlocal before = t.now\nlocal quiet, first = silence(1.5)\n"
	      "assert(quiet == true and first == nil and t.now - before >= 1.5)\n"
	      "send { data = 'one' }\nquiet, first = silence(1)\n"
	      "assert(quiet == false and first.data == 'one')\n"
	      "assert(expect { within = 0.1 } == nil)\n"
	      "send { data = 'two' }\nsend { data = 'three' }\n"
	      "local list = collect(0.5)\n"
	      "assert(#list == 2 and list[1].data == 'two' and list[2].data == 'three')\n"
	      "assert(#collect(0.1) == 0 and #seen { data = true } == 3)\n"
	      "assert(#seen { data = true, len = 5 } == 1 and #seen {} >= 4)");
}

static void expectations(void **state)
{
	(void)state;
	holds(SERVER_ECHOES,
	      "local c = open()\nassert(c.synack.flags == 'S.' and c.synack.seq == 0)\n"
	      "assert(c.synack.ack == 1 and c.synack.options.mss == 1000)\n"
	      "send { data = 'abc' }\n"
	      "assert(expect { flags = 'S.' }.seq == 0)\n"
	      "assert(expect { flags = { 'R', '.' }, seq = 1, ack = 4 }.len == 3)\n"
	      "send { data = 'defg' }\nassert(expect { ack_of = 8, where = function(s)\n"
	      "  return s.data == 'defg' end }.raw_seq == 0x80000002)\n"
	      "send { data = 'h' }\nassert(expect { ack_of = 10, within = 0.2 } == nil)\n"
	      "assert(expect { within = 0.2 } == nil)\n" /* passed over is read */
	      "local s = seen { data = true }[3]\n"
	      "assert(s.ttl == 64 and s.checksum and s.urp == 0 and not s.icmp)\n"
	      "assert(s.dt > 0.009 and s.dt < 0.011 and s.time > 0.02, s.dt .. ' ' .. s.time)\n"
	      "assert(s.options.malformed == false and s.options.unknown == 0)");
}

/* What a crafted segment is like on the wire. */
static void sent_segments(void **state)
{
	struct run_play *play = malloc(sizeof(*play));
	const struct probe *probe;
	const struct segment *seg;

	(void)state;
	assert_non_null(play);
	run_play_init(play);
	run_play(play, "open { timestamps = false, mss = false, wscale = false, sack = false }\n"
		       "send { flags = 'SFRP.UEWA', seq = -5, ack = 7, wnd = 11, urp = 13,\n"
		       "       reserved = 5, data = 'xy', ts = 100,\n"
		       "       options = { mss = 99, wscale = 3, sack = true, ts = true } }\n"
		       "assert(snd.nxt == 1)\nwait(1)\npass('')");
	run_play_says(play, JUDGE_PASS, "");
	probe = play->run->conns[0]->probe;
	seg = &probe->timeline.moments[0].seg;
	assert_int_equal(seg->flags, TCP_SYN);
	assert_false(seg->options.has_mss || seg->options.has_wscale ||
		     seg->options.has_timestamps || seg->options.has_sack_permitted);
	seg = &probe->timeline.moments[3].seg;
	assert_true(probe->timeline.moments[3].ours);
	assert_int_equal(seg->seq, play->iss - 5);
	assert_int_equal(seg->ack, play->irs + 7);
	assert_int_equal(seg->flags, 0x1ff | 5 << 9);
	assert_int_equal(seg->wnd, 11);
	assert_int_equal(seg->urp, 13);
	assert_int_equal(seg->data_len, 2);
	assert_int_equal(seg->options.mss, 99);
	assert_int_equal(seg->options.wscale, 3);
	assert_true(seg->options.has_sack_permitted && seg->options.has_timestamps);
	run_play_free(play);
	free(play);
}

/* What counts as sent, and what does not. */
static void counting(void **state)
{
	(void)state;
	holds(SERVER_ECHOES,
	      "open()\nsend { data = 'a' }\nassert(snd.nxt == 2)\n"
	      "send { data = 'b', seq = snd.nxt }\nassert(snd.nxt == 2)\n"
	      "send { data = 'b', seq = snd.nxt, count = true }\nassert(snd.nxt == 3)\n"
	      "send { data = 'c', count = false }\nassert(snd.nxt == 3)\n"
	      "send { data = 'c', flags = 'P' }\nassert(snd.nxt == 3)\n"
	      "send { data = 'c', bad_checksum = true }\nassert(snd.nxt == 3)\n"
	      "send { data = 'c', options = '\\1\\1' }\nassert(snd.nxt == 3)\n"
	      "send { data = 'c', data_offset = 4 }\nassert(snd.nxt == 3)\n"
	      "send { flags = 'F.', data = 'c' }\nassert(snd.nxt == 5)");
}

static void write_and_answer(void **state)
{
	(void)state;
	holds(SERVER_ECHOES,
	      "local c = open()\nassert(write('hello') == true)\nlocal n, text = answer()\n"
	      "assert(n == 5 and text == 'hello' and c.received == 5 and snd.una == 6)\n"
	      "assert(c:write('!') and select(2, c:answer()) == 'hello!')\n"
	      "local before = t.now\nassert(answer { within = 0.7 } == 0)\n"
	      "assert(t.now - before > 0.69 and t.now - before < 1)");
	run_play_check(SERVER_ECHOES, "open()\nrequest()\npass('')", JUDGE_SKIP,
		       "no request of this service is known");
}

static void half_close_and_close(void **state)
{
	(void)state;
	holds(SERVER_HOLDS, "local c = open()\nfin()\nassert(c.state == 'FIN-WAIT-1')\nwait(1)\n"
			    "assert(c.state == 'FIN-WAIT-2' and c.fin_acked and not c.peer_fin)\n"
			    "assert(c.peer == 'CLOSE-WAIT' and not c.over)");
	holds(SERVER_ECHOES, "local c = open()\nassert(close() == 'four-segment', c.closing)\n"
			     "assert(c.over and c.peer_fin and c.handshake == 'established')\n"
			     "assert(#c.evidence > 10 and not c.lossy)\n"
			     "c:send {}\nassert(c:write('x') == false)\nc:fin()\nc:abort()");
	holds(SERVER_HOLDS, "open()\nlocal before = t.now\n"
			    "assert(close { within = 2 } == 'held-open')\n"
			    "assert(t.now - before > 2)");
	holds(SERVER_ECHOES, "local c = open()\nabort()\nassert(c.over)\nwait(1)");
}

static void mute_and_unmute(void **state)
{
	(void)state;
	holds(SERVER_ECHOES, "local c = open()\nmute()\nwrite('abc')\nassert(silence(1.5))\n"
			     "assert(snd.nxt == 4 and snd.una == 1)\nunmute()\n"
			     "assert(expect { data = true, within = 5 }.data == 'abc')\n"
			     "assert(c.lossy ~= nil)");
}

static void kinds_of_connections(void **state)
{
	(void)state;
	holds(SERVER_ECHOES, "local c = open { third = false }\nassert(c.synack.ack == 1)\n"
			     "assert(c.peer == 'SYN-RECEIVED' and silence(0.5))");
	holds(SERVER_ECHOES,
	      "local c = open { syn = false, dport = 81 }\nassert(silence(0.2) and snd.nxt == 0)\n"
	      "send { flags = 'S' }\nassert(snd.nxt == 1)\n"
	      "assert(expect { flags = 'S.' }.ack == 1 and rcv.nxt == 1)\n"
	      "send {}\nsend { data = 'raw' }\nassert(expect { data = true }.data == 'raw')\n"
	      "assert(rcv.nxt == 4 and snd.una == 4 and c.state == 'CLOSED')\n"
	      "assert(c:write('x') == false)");
	holds(SERVER_ECHOES, "local a = open()\nlocal b = fresh()\nsend { data = 'a' }\n"
			     "assert(a.snd_nxt == 2 and b.snd_nxt == 1 and snd.nxt == 2)\n"
			     "b:send { data = 'bb' }\nassert(b:expect { data = true }.len == 2)\n"
			     "assert(a.port ~= b.port and a:alive() == 'alive')");
	holds(SERVER_REFUSES, "local c, why = open { try = true }\n"
			      "assert(c == nil and why == 'closed', why)\n"
			      "assert(control() == false and closed_port())");
	run_play_check(SERVER_REFUSES, "open()\nfail('')", JUDGE_INCONCLUSIVE,
		       "no connection: closed");
	run_play_check(SERVER_SILENT, "open()\nfail('')", JUDGE_INCONCLUSIVE,
		       "no connection: filtered");
	holds(SERVER_ECHOES, "assert(control() == true)");
}

static void numbers_and_times(void **state)
{
	(void)state;
	holds(SERVER_ECHOES,
	      "assert(t.family == 4 and t.port == 80 and t.wait == 1 and not t.rtt)\n"
	      "local c = open()\n"
	      "assert(t.rtt > 0.009 and t.rtt < 0.011 and c.rtt == t.rtt)\n"
	      "assert(t.wait == 1 and c.mss <= 1000 and snd.wnd == 65000)\n"
	      "assert(rcv.wnd > 0 and c.ts == false and c.sack == false)\n"
	      "assert(c.ecn == false and c.state == 'ESTABLISHED')\n"
	      "assert(not c.reset and t.now >= 0.01 and t.now < 0.02)\n"
	      "assert(service.name == 'none' and service.request == nil)");
}

/* What the user says of the service, and what a scenario needs of it. */
static void services(void **state)
{
	struct run_play *play = malloc(sizeof(*play));

	(void)state;
	assert_non_null(play);
	run_play_init(play);
	play->world.service.app = "redis";
	play->world.service.partial = "PA\0R";
	play->world.service.partial_len = 4;
	play->known =
	    (struct finding){.key = (char[]){"greeting"}, .value = (char[]){"hi"}, .text = true};
	run_play(play,
		 "assert(service.name == 'redis' and service.request == 'PING\\r\\n')\n"
		 "assert(service.partial == 'PA\\0R' and service.greeting == 'hi')\n"
		 "open()\nlocal n, text = request()\nassert(n == 6 and text == 'PING\\r\\n')\n"
		 "pass('')");
	run_play_says(play, JUDGE_PASS, "");
	run_play_free(play);
	run_play_init(play);
	run_play_file(play, "scenario { id = 'X1', title = '', rfc = '', level = '', sends = '',\n"
			    "takes = 1, profile = 'quick', needs = 'request', run = fail }");
	run_play_says(play, JUDGE_SKIP, "needs a request of the service (none)");
	run_play_free(play);
	free(play);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alive_dead_silent),   cmocka_unit_test(ask_with_retries),
	    cmocka_unit_test(silence_and_collect), cmocka_unit_test(expectations),
	    cmocka_unit_test(sent_segments),       cmocka_unit_test(counting),
	    cmocka_unit_test(write_and_answer),    cmocka_unit_test(half_close_and_close),
	    cmocka_unit_test(mute_and_unmute),     cmocka_unit_test(kinds_of_connections),
	    cmocka_unit_test(numbers_and_times),   cmocka_unit_test(services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
