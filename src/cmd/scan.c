/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan`: settings -> a space on the engine of scans; answers -> reports and sums. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/exit.h"
#include "cmd/output.h"
#include "cmd/scan_resume.h"
#include "cmd/scan_settings.h"
#include "cmd/signals.h"
#include "net/clock.h"
#include "net/privilege.h"
#include "net/sandbox.h"
#include "report/scan.h"
#include "scan_engine.h"

#define MANY_TARGETS   10000
#define MANY_RATE      10000.0
#define SYN_BITS       (78 * 8) /* with Ethernet's header; IPv6 is longer by 20 octets */
#define SAMPLES_KEPT   65536
#define PHASE_SAMPLES  4096
#define FLOWS_MIN      1024
#define FLOWS_MAX      (UINT32_C(1) << 21)
#define TICK_NS        INT64_C(250000000)
#define TICKS_PER_LINE 4

struct scan_cmd {
	struct scan_settings settings;
	struct space *space;
	char *said;
	struct output output;
	struct err *err; /* of the run: what is set there ends it */
	struct scan_resume resume;
	struct scan_engine *engine;
	const struct scan_format *format;
	struct scan_style style;
	void *format_state;
	struct scan_run info;
	struct scan_summary summary;
	struct samples rtt;
	uint64_t found_at_once, found_later; /* answers to the first SYN; to a later one */
	const struct engine_signals *signals;
	struct ip_addr from;
	uint64_t last_sent;
	unsigned ticks;
	bool stopped;  /* before its end */
	uint64_t left; /* what was not known then */
	bool live_line;
};

/* --- what comes --- */

static void add_phase(struct scan_cmd *cmd, enum scan_phase phase, enum token token, int64_t ns)
{
	struct samples **at = &cmd->summary.phases[phase][token];

	if (ns < 0)
		return;
	if (!*at) {
		*at = calloc(1, sizeof(**at));
		if (!*at)
			return;
		samples_init(*at, PHASE_SAMPLES);
	}
	samples_add(*at, ns);
}

static void sum_connection(struct scan_cmd *cmd, const struct probe *probe)
{
	enum token close = verdict_close(probe);
	struct phase_times times;

	phase_times(probe, &times);
	cmd->summary.handshakes[verdict_handshake(probe)]++;
	cmd->summary.closes[close]++;
	add_phase(cmd, SCAN_FIN_ACK, close, times.fin_ack_ns);
	add_phase(cmd, SCAN_APP_CLOSE, close, times.app_close_ns);
	add_phase(cmd, SCAN_CLOSE, close, times.close_ns);
	add_phase(cmd, SCAN_SERVER_FIRST, close, times.server_first_ns);
}

static void on_answer(void *arg, const struct scan_item *item, const struct probe *probe,
		      int64_t stamp_ns)
{
	struct scan_cmd *cmd = arg;
	const struct scan_record record = {.item = item,
					   .probe = probe,
					   .stamp_ns = stamp_ns,
					   .left_open = probe && probe_left_open(probe)};

	if (cmd->resume.held)
		return;
	cmd->summary.states[item->state]++;
	cmd->summary.zero_windows += item->zero_window;
	cmd->found_at_once += item->tries == 1 && item->reason != REASON_SILENCE;
	cmd->found_later += item->tries > 1 && item->reason != REASON_SILENCE;
	if (item->rtt_ns >= 0)
		samples_add(&cmd->rtt, item->rtt_ns);
	if (probe)
		sum_connection(cmd, probe);
	if (cmd->style.open_only && item->state != SCAN_OPEN)
		return;
	cmd->format->record(cmd->format_state, &cmd->style, &record);
}

static void on_tick(void *arg)
{
	struct scan_cmd *cmd = arg;
	struct scan_engine_stats now;
	uint64_t sent, left;

	if (fflush(cmd->style.style->out) != 0 || ferror(cmd->style.style->out))
		err_set(cmd->err, ERR_CANNOT, "%s: cannot write: %s",
			cmd->output.path ? cmd->output.path : "stdout", strerror(errno));
	else
		scan_resume_tick(&cmd->resume);
	if (cmd->ticks++ % TICKS_PER_LINE != 0)
		return;
	scan_engine_statistics(cmd->engine, &now);
	sent = now.counts.new_sent + now.counts.again_sent;
	left = now.end - now.position;
	if (!cmd->live_line)
		return;
	fprintf(stderr,
		"\r%.1f%% %" PRIu64 "/s, %" PRIu64 " open, %" PRIu64 " awaited, %" PRIu64
		" dropped, %.0f s left\033[K",
		100.0 * (double)now.position / (double)(now.end ? now.end : 1),
		sent - cmd->last_sent, cmd->summary.states[SCAN_OPEN], now.awaited,
		now.dropped_ring + now.dropped_interface, (double)left / now.rate);
	cmd->last_sent = sent;
}

static void on_stopping(void *arg)
{
	struct scan_cmd *cmd = arg;
	struct scan_engine_stats now;

	scan_engine_statistics(cmd->engine, &now);
	cmd->stopped = true;
	cmd->left = now.end - now.position + now.awaited + now.live;
	scan_resume_hold(&cmd->resume);
}

/* --- setting up --- */

static int ask_for_yes(const struct scan_cmd *cmd, struct err *err)
{
	const struct scan_settings *settings = &cmd->settings;
	uint64_t size = space_size(cmd->space);

	if (settings->yes || settings->dry_run ||
	    (size <= MANY_TARGETS && settings->rate <= MANY_RATE))
		return 0;
	return err_set(err, ERR_USAGE,
		       "scan: %" PRIu64
		       " targets at %.0f a second: if you mean it, and may, add --yes; "
		       "--dry-run says what would be sent",
		       size, settings->rate);
}

static int take_targets(struct scan_cmd *cmd, struct err *err)
{
	struct scan_settings *settings = &cmd->settings;

	if (scan_targets(&settings->words, &cmd->space, &cmd->said, err) < 0)
		return -1;
	if (cmd->said && cmd->said[0])
		fputs(cmd->said, stderr);
	if (settings->bandwidth > 0 && settings->rate > settings->bandwidth / SYN_BITS)
		settings->rate = settings->bandwidth / SYN_BITS;
	if (settings->rate < 1)
		return err_set(err, ERR_USAGE, "--bandwidth: less than one SYN a second");
	if (scan_resume_read(&cmd->resume, settings, cmd->space, err) < 0)
		return -1;
	if (!settings->has_seed && getrandom(&settings->seed, sizeof(settings->seed), 0) < 0)
		return err_set(err, ERR_CANNOT, "getrandom: no random numbers");
	return ask_for_yes(cmd, err);
}

/* As many as the rate has under way while it waits for the slowest answer. */
static uint32_t flows_needed(const struct scan_settings *settings, uint64_t size)
{
	double waits_s = (double)settings->wait_ns / 1e9 * ((1 << settings->tries) - 1);
	double most = settings->rate * waits_s * 8 / 7 * 1.2 + FLOWS_MIN;

	if (most > (double)size * 8 / 7 + FLOWS_MIN)
		most = (double)size * 8 / 7 + FLOWS_MIN;
	return most > FLOWS_MAX ? FLOWS_MAX : (uint32_t)most;
}

static void make_config(struct scan_cmd *cmd, struct scan_engine_config *config)
{
	const struct scan_settings *settings = &cmd->settings;

	*config = (struct scan_engine_config){
	    .scan = {.space = cmd->space,
		     .seed = settings->seed,
		     .shard = settings->shard,
		     .shards = settings->shards,
		     .tries = (unsigned)settings->tries,
		     .wait_ns = settings->wait_ns,
		     .max_per_host = (uint32_t)settings->max_per_host},
	    .mode = settings->mode,
	    .plan = &settings->probe.plan,
	    .flows = flows_needed(settings, space_size(cmd->space)),
	    .connections = (uint32_t)settings->connections,
	    .way = settings->way,
	    .rate = settings->rate,
	    .max_runtime_ns = settings->max_runtime_ns,
	    .max_results = (uint64_t)settings->max_results,
	    .tick_ns = TICK_NS,
	    .signals = cmd->signals,
	    .sink = {.arg = cmd, .answer = on_answer, .tick = on_tick, .stopping = on_stopping}};
	if (settings->probe.from && addr_parse(settings->probe.from, &cmd->from))
		config->src = &cmd->from;
	else
		config->device = settings->probe.from;
}

static int open_all(struct scan_cmd *cmd, struct err *err)
{
	struct scan_settings *settings = &cmd->settings;
	struct scan_engine_config config;
	bool resume = settings->resume != NULL;

	make_config(cmd, &config);
	cmd->engine = scan_engine_open(&config, err);
	if (!cmd->engine || privilege_drop(false, err) < 0 ||
	    (resume ? output_open_kept : output_open)(&cmd->output, &settings->probe, err) < 0 ||
	    scan_resume_begin(&cmd->resume, settings, cmd->engine, cmd->output.style.out, err) < 0)
		return -1;
	if (!settings->probe.no_sandbox)
		/* without seccomp we go on */
		sandbox_enter(resume ? SANDBOX_REPLACE : SANDBOX_PLAIN, NULL);
	cmd->format = scan_format_find(settings->format);
	cmd->style = (struct scan_style){
	    .style = &cmd->output.style, .mode = settings->mode, .open_only = settings->open_only};
	return 0;
}

static void describe(struct scan_cmd *cmd)
{
	const struct scan_settings *settings = &cmd->settings;

	cmd->info = (struct scan_run){.version = SHAKEDOWN_VERSION,
				      .mode = settings->mode,
				      .targets = space_size(cmd->space),
				      .addresses = space_addresses(cmd->space),
				      .ports = space_ports(cmd->space),
				      .seed = settings->seed,
				      .shard = settings->shard,
				      .shards = settings->shards,
				      .rate = settings->rate,
				      .fingerprint = space_fingerprint(cmd->space),
				      .started_ns = clock_realtime_ns(),
				      .resumed = cmd->resume.resumed};
}

static void dry_run(const struct scan_cmd *cmd)
{
	const struct scan_settings *settings = &cmd->settings;
	struct permutation order;
	uint64_t size = space_size(cmd->space);
	uint64_t mine = permute_shard_size(size, settings->shard, settings->shards);

	permute_init(&order, size, settings->seed);
	printf("%" PRIu64 " targets: %" PRIu64 " addresses, %u ports; shard %u of %u has %" PRIu64
	       "\nseed %" PRIu64 ", %.0f SYNs a second: %.0f s without repetitions\nfirst:",
	       size, space_addresses(cmd->space), space_ports(cmd->space), settings->shard,
	       settings->shards, mine, settings->seed, settings->rate,
	       (double)mine / settings->rate);
	for (uint64_t i = 0; i < mine && i < 8; i++) {
		struct endpoint endpoint;
		char text[ENDPOINT_TEXT_MAX];

		space_at(cmd->space,
			 permute(&order, permute_shard_step(i, settings->shard, settings->shards)),
			 &endpoint.addr, &endpoint.port);
		printf(" %s", endpoint_text(&endpoint, text));
	}
	putchar('\n');
}

/* --- the end --- */

/* Of those that answered, some did to a later SYN only: the first one, or its answer, was lost. */
static double loss_estimate(const struct scan_cmd *cmd)
{
	uint64_t all = cmd->found_at_once + cmd->found_later;

	return cmd->settings.tries < 2 || all == 0 ? -1 : (double)cmd->found_later / (double)all;
}

static void sum_up(struct scan_cmd *cmd, bool good)
{
	struct scan_summary *summary = &cmd->summary;
	struct scan_engine_stats stats;

	scan_engine_statistics(cmd->engine, &stats);
	summary->counts = stats.counts;
	summary->frames = stats.frames;
	summary->refused = stats.refused_frames;
	summary->damaged = stats.damaged;
	summary->dropped_ring = stats.dropped_ring;
	summary->dropped_interface = stats.dropped_interface;
	summary->send_again = stats.again;
	summary->slowdowns = stats.slowdowns;
	summary->left_open = stats.left_open;
	summary->elapsed_ns = stats.elapsed_ns;
	summary->rtt = &cmd->rtt;
	summary->loss_estimate = loss_estimate(cmd);
	summary->complete = good && stats.position == stats.end && stats.awaited == 0 &&
			    stats.not_taken == 0 && !(cmd->stopped && cmd->left > 0);
	summary->interrupted = cmd->signals->stop > 0;
	if (stats.not_taken > 0)
		fprintf(stderr,
			"%" PRIu64 " segments did not leave: a firewall rule of this host, or "
			"no route; silence says nothing about their targets\n",
			stats.not_taken);
}

static void carry_out(struct scan_cmd *cmd, struct err *err)
{
	int rc;

	cmd->err = err;
	cmd->info.way = scan_engine_way(cmd->engine);
	cmd->format_state = cmd->format->open(&cmd->style, &cmd->info);
	rc = scan_engine_run(cmd->engine, err);
	if (cmd->live_line)
		fputs("\r\033[K", stderr);
	sum_up(cmd, rc == 0);
	cmd->format->close(cmd->format_state, &cmd->style, &cmd->summary);
	fflush(cmd->output.style.out);
	scan_resume_end(&cmd->resume, cmd->summary.complete, err);
	scan_text_summary(stderr, &cmd->info, &cmd->summary);
}

static void close_all(struct scan_cmd *cmd, struct err *err)
{
	if (cmd->output.style.out)
		output_close(&cmd->output, err);
	scan_engine_close(cmd->engine);
	scan_resume_free(&cmd->resume);
	space_free(cmd->space);
	samples_free(&cmd->rtt);
	for (unsigned phase = 0; phase < SCAN_PHASE_COUNT; phase++)
		for (unsigned token = 0; token < TOKEN_COUNT; token++) {
			struct samples *samples = cmd->summary.phases[phase][token];

			if (samples)
				samples_free(samples);
			free(samples);
		}
	free(cmd->said);
	probe_settings_free(&cmd->settings.probe);
}

int cmd_scan(int argc, char **argv)
{
	struct err err = {.class = ERR_NONE};
	struct scan_cmd cmd = {.space = NULL};
	bool done = false;

	scan_settings_init(&cmd.settings);
	samples_init(&cmd.rtt, SAMPLES_KEPT);
	if (scan_settings_read(&cmd.settings, argc, argv, &err) < 0)
		goto out;
	if (cmd.settings.probe.help) {
		char *help[] = {argv[0], argv[0]};

		close_all(&cmd, &err);
		return command_find("help")->run(2, help);
	}
	if (take_targets(&cmd, &err) < 0)
		goto out;
	describe(&cmd);
	if (cmd.settings.dry_run) {
		dry_run(&cmd);
		done = true;
		goto out;
	}
	cmd.signals = signals_take();
	cmd.live_line = isatty(STDERR_FILENO) && !cmd.settings.probe.quiet;
	if (open_all(&cmd, &err) == 0)
		carry_out(&cmd, &err);
	done = cmd.summary.complete && cmd.summary.left_open == 0;
out:
	close_all(&cmd, &err);
	if (err.class != ERR_NONE)
		return (int)exit_with(&err);
	return done ? EXIT_AS_ASKED : EXIT_NOT_AS_ASKED;
}
