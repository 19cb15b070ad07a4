/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scan sums up: outcomes and the engine's counters -> a summary. */
#include "cmd/scan_sums.h"

#include <stdlib.h>

#define SAMPLES_KEPT  65536
#define PHASE_SAMPLES 4096

void scan_sums_init(struct scan_sums *sums)
{
	*sums = (struct scan_sums){.found_at_once = 0};
	samples_init(&sums->rtt, SAMPLES_KEPT);
}

void scan_sums_free(struct scan_sums *sums)
{
	samples_free(&sums->rtt);
	for (unsigned phase = 0; phase < SCAN_PHASE_COUNT; phase++)
		for (unsigned token = 0; token < TOKEN_COUNT; token++) {
			struct samples *samples = sums->summary.phases[phase][token];

			if (samples)
				samples_free(samples);
			free(samples);
		}
}

static void add_phase(struct scan_sums *sums, enum scan_phase phase, enum token token, int64_t ns)
{
	struct samples **at = &sums->summary.phases[phase][token];

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

static void add_connection(struct scan_sums *sums, const struct probe *probe)
{
	enum token close = verdict_close(probe);
	struct phase_times times;

	phase_times(probe, &times);
	sums->summary.handshakes[verdict_handshake(probe)]++;
	sums->summary.closes[close]++;
	add_phase(sums, SCAN_FIN_ACK, close, times.fin_ack_ns);
	add_phase(sums, SCAN_APP_CLOSE, close, times.app_close_ns);
	add_phase(sums, SCAN_CLOSE, close, times.close_ns);
	add_phase(sums, SCAN_SERVER_FIRST, close, times.server_first_ns);
}

void scan_sums_add(struct scan_sums *sums, const struct scan_outcome *outcome)
{
	const struct scan_item *item = outcome->item;
	bool answered = item->reason != REASON_SILENCE && item->reason != REASON_NO_ROUTE;

	sums->summary.states[item->state]++;
	sums->summary.zero_windows += item->zero_window;
	sums->found_at_once += answered && item->tries == 1;
	sums->found_later += answered && item->tries > 1;
	if (item->rtt_ns >= 0)
		samples_add(&sums->rtt, item->rtt_ns);
	if (outcome->probe)
		add_connection(sums, outcome->probe);
}

/* Of those that answered, some did to a later SYN only: the first one, or its answer, was lost. */
static double loss_estimate(const struct scan_sums *sums, int64_t tries)
{
	uint64_t all = sums->found_at_once + sums->found_later;

	return tries < 2 || all == 0 ? -1 : (double)sums->found_later / (double)all;
}

void scan_sums_finish(struct scan_sums *sums, const struct scan_engine_stats *stats, int64_t tries,
		      bool complete)
{
	struct scan_summary *summary = &sums->summary;

	summary->counts = stats->counts;
	summary->frames = stats->frames;
	summary->refused = stats->refused_frames;
	summary->damaged = stats->damaged;
	summary->dropped_ring = stats->dropped_ring;
	summary->dropped_interface = stats->dropped_interface;
	summary->send_again = stats->again;
	summary->slowdowns = stats->slowdowns;
	summary->wildcards = stats->wildcards;
	summary->wildcard_ports = stats->wildcard_ports;
	summary->left_open = stats->left_open;
	summary->elapsed_ns = stats->elapsed_ns;
	summary->rtt = &sums->rtt;
	summary->loss_estimate = loss_estimate(sums, tries);
	summary->complete = complete && stats->position == stats->end && stats->awaited == 0 &&
			    stats->not_taken == 0;
}
