/* SPDX-License-Identifier: BSD-2-Clause */
/* report, of scan, for people: the summary, on stderr. */
#include <inttypes.h>
#include <math.h>

#include "report/scan_format.h"

const char *scan_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static double share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static void print_head(FILE *out, const struct scan_run *run, const struct scan_summary *summary)
{
	double s = (double)summary->elapsed_ns / 1e9;
	uint64_t sent = summary->counts.new_sent + summary->counts.again_sent;
	uint64_t rate = s > 0 ? (uint64_t)llround((double)sent / s) : 0;

	fprintf(out, "%" PRIu64 " target%s (%" PRIu64 " address%s, %" PRIu32 " port%s)",
		run->targets, scan_plural(run->targets), run->addresses,
		run->addresses == 1 ? "" : "es", run->ports, scan_plural(run->ports));
	if (run->merged > 0)
		fprintf(out, ", %" PRIu32 " shard%s merged", run->merged, scan_plural(run->merged));
	else if (run->shards > 1)
		fprintf(out, ", shard %" PRIu32 " of %" PRIu32, run->shard, run->shards);
	fprintf(out, ": %" PRIu64 " probed in %.3f s, %" PRIu64 " SYN%s a second\n",
		summary->counts.new_sent, s, rate, scan_plural(rate));
}

static void print_states(FILE *out, const struct scan_summary *summary)
{
	const struct scan_counts *counts = &summary->counts;

	for (unsigned i = 0; i < SCAN_STATE_COUNT; i++)
		fprintf(out, "%s%" PRIu64 " %s", i > 0 ? ", " : "", counts->states[i],
			scan_state_name((enum scan_state)i));
	fprintf(out, "; open: %.4g %% of those probed, answered: %.4g %%\n",
		share(counts->states[SCAN_OPEN], counts->new_sent),
		share(counts->answered, counts->new_sent));
	if (summary->wildcards > 0)
		fprintf(out,
			"%" PRIu64 " host%s answer%s on every port: told once each; %" PRIu64
			" more open port%s left out\n",
			summary->wildcards, scan_plural(summary->wildcards),
			summary->wildcards == 1 ? "s" : "", summary->wildcard_ports,
			scan_plural(summary->wildcard_ports));
	else if (summary->wildcard_ports > 0) /* resumed, and all of them were told before */
		fprintf(out,
			"%" PRIu64 " open port%s left out: of hosts that answer on every port, and "
			"were told before\n",
			summary->wildcard_ports, scan_plural(summary->wildcard_ports));
	if (summary->zero_windows > 0)
		fprintf(out, "%" PRIu64 " SYN-ACK%s with a window of zero: often a SYN proxy\n",
			summary->zero_windows, scan_plural(summary->zero_windows));
}

/* As many quantiles as so many samples have to say. */
static void print_samples(FILE *out, const char *label, const char *token, struct samples *samples)
{
	static const struct {
		uint64_t from;
		double quantile;
		const char *name;
	} some[] = {{10, 0.9, "90 %"}, {100, 0.99, "99 %"}, {1000, 0.999, "99.9 %"}};
	uint64_t count = samples ? samples_count(samples) : 0;

	if (count == 0)
		return;
	fprintf(out, "%s%s%s: ", label, token[0] ? ", " : "", token);
	if (count > 1)
		fprintf(out, "median %.3f", (double)samples_quantile(samples, 0.5) / 1e6);
	for (unsigned i = 0; i < sizeof(some) / sizeof(some[0]) && count >= some[i].from; i++)
		fprintf(out, ", %s %.3f", some[i].name,
			(double)samples_quantile(samples, some[i].quantile) / 1e6);
	fprintf(out, "%s%.3f ms (%" PRIu64 ")\n", count > 1 ? ", longest " : "",
		(double)samples_max(samples) / 1e6, count);
}

static void print_phases(FILE *out, const struct scan_summary *summary)
{
	static const char *const labels[] = {[SCAN_FIN_ACK] = "our FIN to its ACK",
					     [SCAN_APP_CLOSE] = "our FIN to the server's",
					     [SCAN_CLOSE] = "our FIN to our last ACK",
					     [SCAN_SERVER_FIRST] = "handshake to the server's FIN"};

	for (unsigned i = 0; i < SCAN_PHASE_COUNT; i++)
		for (unsigned token = 1; token < TOKEN_COUNT; token++)
			print_samples(out, labels[i], token_info((enum token)token)->name,
				      summary->phases[i][token]);
}

static void print_troubles(FILE *out, const struct scan_summary *summary)
{
	const struct scan_counts *counts = &summary->counts;

	if (counts->no_route > 0)
		fprintf(out,
			"%" PRIu64
			" target%s that nothing can be sent to from this host: not probed\n",
			counts->no_route, scan_plural(counts->no_route));
	if (counts->again_sent > 0)
		fprintf(out, "%" PRIu64 " SYN%s repeated\n", counts->again_sent,
			scan_plural(counts->again_sent));
	if (summary->loss_estimate >= 0)
		fprintf(out, "loss: about %.3g %% of SYNs or of their answers\n",
			100 * summary->loss_estimate);
	if (counts->rejected + counts->duplicates > 0)
		fprintf(out,
			"not believed: %" PRIu64 " answer%s to nothing that we sent (late or "
			"forged); %" PRIu64 " came twice\n",
			counts->rejected, scan_plural(counts->rejected), counts->duplicates);
	if (summary->send_again > 0)
		fprintf(out, "the local path was full %" PRIu64 " time%s\n", summary->send_again,
			scan_plural(summary->send_again));
	if (summary->slowdowns > 0)
		fprintf(out, "slowed down %" PRIu64 " time%s, for what was lost or dropped\n",
			summary->slowdowns, scan_plural(summary->slowdowns));
}

void scan_text_summary(FILE *out, const struct scan_run *run, const struct scan_summary *summary)
{
	print_head(out, run, summary);
	print_states(out, summary);
	text_tokens(out, "handshakes:", summary->handshakes);
	if (run->mode == MODE_CENSUS)
		text_tokens(out, "closes:", summary->closes);
	print_samples(out, "round trip", "", summary->rtt);
	if (run->mode == MODE_CENSUS)
		print_phases(out, summary);
	print_troubles(out, summary);
	fprintf(out,
		"connections left open: %" PRIu64 ", frames dropped by the capture: %" PRIu64 "\n",
		summary->left_open, summary->dropped_ring + summary->dropped_interface);
	if (!summary->complete)
		fprintf(out, "%s: not all was probed\n",
			summary->interrupted ? "interrupted" : "incomplete");
}
