/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown probe`: argv -> settings that make sense together. */
#include "cmd/probe_settings.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)

void probe_settings_init(struct probe_settings *settings)
{
	*settings = (struct probe_settings){
	    .plan =
		{
		    .tcb = {.mss = -1,
			    .wscale = 7,
			    .sack = true,
			    .timestamps = true,
			    .rcv_wnd = 64240,
			    .retries = 3,
			    .syn_retries = 3,
			    .rto_initial_ns = SECOND_NS,  /* RFC 6298 section 2.1 */
			    .rto_min_ns = SECOND_NS,      /* section 2.4 */
			    .rto_max_ns = 60 * SECOND_NS, /* section 2.5 */
			    .last_wait_ns = SECOND_NS,
			    .time_wait_ns = SECOND_NS},
		    .ip = {.ttl = 64, .df = true},
		    .answer_ns = SECOND_NS,
		    .settle_ns = SECOND_NS / 10,
		    .close_wait_ns = 10 * SECOND_NS,
		    .reset_retries = 8,
		    .reset_silent_retries = 3,
		},
	    .count = 1,
	    .interval_ns = SECOND_NS,
	    .rate = 100,
	    .parallel = 1000,
	    .tstamp_type = -1,
	};
}

static int check(const struct probe_settings *settings, struct err *err)
{
	bool request = settings->send || settings->http_path;

	if (settings->send && settings->http_path)
		return err_set(err, ERR_USAGE, "--http, --send: only one request");
	if (settings->plan.half_close && !request)
		return err_set(err, ERR_USAGE,
			       "--half-close: needs a request: --send, --send-file or --http");
	if (settings->plan.half_close && settings->plan.close != PLAN_CLOSE_FIN)
		return err_set(err, ERR_USAGE, "--half-close: goes with --close fin only");
	if (settings->segments && !settings->ndjson)
		return err_set(err, ERR_USAGE, "--segments: goes with --json");
	if (settings->no_guard && settings->targets.count > 1)
		return err_set(err, ERR_USAGE, "--no-guard: goes with one target only");
	if (settings->targets.count == 0)
		return err_set(err, ERR_USAGE,
			       "probe: no target: write HOST PORT or HOST:PORT, or see --help");
	if (settings->targets.count * (uint64_t)settings->count > UINT32_MAX)
		return err_set(err, ERR_USAGE, "--count: too many probes");
	return 0;
}

int probe_settings_read(struct probe_settings *settings, int argc, char **argv, struct err *err)
{
	int first;

	if (options_parse(probe_options, argc, argv, settings, &first, err) < 0)
		return -1;
	if (settings->help)
		return 0;
	if (targets_add_words(&settings->targets, argc - first, argv + first, err) < 0)
		return -1;
	return check(settings, err);
}

void probe_settings_free(struct probe_settings *settings)
{
	targets_free(&settings->targets);
	free(settings->send);
	free(settings->expect_close.list);
	free(settings->expect_handshake.list);
}
