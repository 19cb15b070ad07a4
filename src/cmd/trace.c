/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `shakedown rtt --trace`: settings -> a target of the engine for each TTL; outcomes -> a trace.
 *
 * The server is sent few SYNs beyond the first that reaches it: they leave one by one, with no more
 * than WINDOW unanswered, and none that could not tell more. Those that reach it are connections
 * like all others, and are closed.
 */
#include "cmd/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/signals.h"
#include "net/clock.h"
#include "report/trace.h"

#define WINDOW     6   /* probes without an answer at once */
#define START_RATE 100 /* SYNs a second */
#define LIVE_MAX   1024

struct trace_run {
	const struct rtt_settings *settings;
	struct session *session;
	struct trace trace;
	struct engine_target *hops; /* of TTL 1, 2, ... */
	struct plan *plans;
	struct err *err;
};

/* Which end of the way this answer is. */
static enum trace_end end_of(const struct rtt_measurement *measurement)
{
	const uint8_t unreachable = measurement->from.version == IP_V4 ? 3 : 1; /* RFC 792, 4443 */

	switch (measurement->answer) {
	case RTT_ANSWER_SYNACK:
	case RTT_ANSWER_RST:
		return TRACE_REACHED;
	case RTT_ANSWER_ICMP:
		return measurement->icmp_type == unreachable ? TRACE_REFUSED : TRACE_UNKNOWN;
	case RTT_ANSWER_NONE:
	case RTT_ANSWER_COUNT:
		break;
	}
	return TRACE_UNKNOWN;
}

/* Nothing beyond the end is asked any more. The server's own answer counts for more than that of a
 * router which could not find the way at that moment. */
static void see_end(struct trace_run *run, const struct engine_outcome *outcome, enum trace_end end)
{
	struct trace *trace = &run->trace;
	unsigned ttl = outcome->target + 1;

	if (end < trace->end || end == TRACE_UNKNOWN ||
	    (end == trace->end && ttl >= trace->end_ttl))
		return;
	trace->end = end;
	trace->end_ttl = ttl;
	trace->end_seq = outcome->round;
	for (unsigned i = ttl; i < trace->max_hops; i++)
		run->hops[i].skip = true;
}

/* What keeps one probe from starting keeps all. */
static void give_up(struct trace_run *run, const char *why)
{
	err_set(run->err, ERR_CANNOT, "%s: %s", run->trace.target, why);
	for (unsigned i = 0; i < run->trace.max_hops; i++)
		run->hops[i].skip = true;
}

static void on_outcome(void *arg, const struct engine_outcome *outcome)
{
	struct trace_run *run = arg;
	struct trace_probe *to =
	    &run->trace.probes[outcome->target * run->trace.count + outcome->round];

	if (!outcome->probe) {
		give_up(run, outcome->error ? outcome->error : "it could not start");
		return;
	}
	rtt_measure(outcome->probe, &to->measurement);
	if (outcome->probe->stopped && to->measurement.answer == RTT_ANSWER_NONE)
		return; /* cut off by the end of the run: it says nothing */
	to->known = true;
	to->source_port = outcome->probe->flow.src.port;
	to->close = verdict_close(outcome->probe);
	to->left_open = probe_left_open(outcome->probe);
	to->capture_dropped = outcome->capture_dropped;
	to->stamp = outcome->stamp;
	to->error = outcome->error ? strdup(outcome->error) : NULL;
	see_end(run, outcome, end_of(&to->measurement));
}

static void on_frame(void *arg, const struct frame *frame)
{
	struct trace_run *run = arg;

	session_frame(run->session, frame);
}

/* What has been seen so far, on stderr. */
static void on_interim(void *arg, const struct engine_stats *stats)
{
	struct trace_run *run = arg;
	struct report_style style = run->session->output.style;

	(void)stats;
	style.out = stderr;
	style.colour = false;
	trace_text_hops(&style, &run->trace);
}

static int make_hops(struct trace_run *run, struct err *err)
{
	const struct rtt_settings *settings = run->settings;
	struct trace *trace = &run->trace;

	trace->target = settings->probe.targets.at[0].text;
	trace->remote.addr = run->session->targets[0].addr;
	trace->remote.port = run->session->targets[0].port;
	trace->max_hops = (unsigned)settings->max_hops;
	trace->count = (unsigned)settings->probe.count;
	run->hops = calloc(trace->max_hops, sizeof(*run->hops));
	run->plans = calloc(trace->max_hops, sizeof(*run->plans));
	trace->probes = calloc((size_t)trace->max_hops * trace->count, sizeof(*trace->probes));
	if (!run->hops || !run->plans || !trace->probes)
		return err_set(err, ERR_INTERNAL, "memory: too many hops");
	for (unsigned i = 0; i < trace->max_hops; i++) {
		run->plans[i] = settings->probe.plan;
		run->plans[i].ip.ttl = (uint8_t)(i + 1);
		run->plans[i].stop_at_icmp = true;
		run->plans[i].tcb.syn_retries = 0;
		run->hops[i] = run->session->targets[0];
		run->hops[i].plan = &run->plans[i];
	}
	return 0;
}

static int open_run(struct trace_run *run, struct err *err)
{
	const struct rtt_settings *settings = run->settings;
	uint64_t probes = (uint64_t)(settings->max_hops * settings->probe.count);
	struct engine_config config;

	session_config(run->session, &config);
	config.targets = run->hops;
	config.target_count = run->trace.max_hops;
	config.rate = START_RATE;
	config.window = WINDOW;
	config.max_live = probes < LIVE_MAX ? (uint32_t)probes : LIVE_MAX;
	config.linger_ns = settings->linger_ns;
	config.timeline_capacity = 0;
	config.signals = signals_take();
	config.key_fd = isatty(STDIN_FILENO) ? STDIN_FILENO : -1;
	config.sink = (struct engine_sink){.arg = run,
					   .outcome = on_outcome,
					   .frame = settings->probe.pcap ? on_frame : NULL,
					   .interim = on_interim};
	return session_open(run->session, &config, err);
}

static enum exit_status carry_out(struct trace_run *run, struct err *err)
{
	const struct run_info info = {.version = SHAKEDOWN_VERSION,
				      .targets = 1,
				      .started_ns = clock_realtime_ns(),
				      .plan = &run->plans[0]};
	const struct trace_format *format =
	    trace_format_find(run->settings->probe.ndjson ? "ndjson" : "text");
	const struct report_style *style = &run->session->output.style;
	struct engine_stats stats;

	format->begin(style, &info, &run->trace);
	fflush(style->out);
	run->err = err;
	engine_run(run->session->engine, err);
	engine_statistics(run->session->engine, &stats);
	format->end(style, &run->trace);
	fflush(style->out);
	fprintf(stderr,
		"connections left open: %" PRIu64 ", frames dropped by the capture: %" PRIu64 "\n",
		stats.left_open, stats.dropped_ring + stats.dropped_interface);
	return run->trace.end == TRACE_REACHED && stats.left_open == 0 ? EXIT_AS_ASKED
								       : EXIT_NOT_AS_ASKED;
}

static void free_run(struct trace_run *run)
{
	for (unsigned i = 0; run->hops && i < run->trace.max_hops; i++)
		free(run->hops[i].error);
	for (unsigned i = 0; run->trace.probes && i < run->trace.max_hops * run->trace.count; i++)
		free(run->trace.probes[i].error);
	free(run->hops);
	free(run->plans);
	free(run->trace.probes);
}

enum exit_status trace_run(struct rtt_settings *settings, struct session *session, struct err *err)
{
	struct trace_run run = {.settings = settings, .session = session};
	enum exit_status status = EXIT_CANNOT;

	if (session_targets(session, &settings->probe, err) < 0)
		return status;
	if (session->targets[0].error) {
		err_set(err, ERR_CANNOT, "%s", session->targets[0].error);
		return status;
	}
	if (make_hops(&run, err) == 0 && open_run(&run, err) == 0)
		status = carry_out(&run, err);
	free_run(&run);
	return status;
}
