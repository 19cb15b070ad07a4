/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The battery: scenarios x targets -> runs on the stage, as many at once as is polite, and a result
 * for each. It is the engine's player.
 *
 * Of each target first the service is found out; then all scenarios run, a few at a time, those
 * that take long beside them; then those that want the others' findings; then the close report is
 * written.
 */
#ifndef SHAKEDOWN_SCRIPT_BATTERY_H
#define SHAKEDOWN_SCRIPT_BATTERY_H

#include "script/catalogue.h"
#include "script/job.h"
#include "script/stage.h"

struct battery;

struct battery_target {
	const char *host; /* as the user wrote it */
	uint16_t port;
	int family; /* 4 or 6 */
};

/* A target's end. */
struct battery_end {
	const char *error; /* it could not be tested; or NULL */
	const char *close_report;
	const struct result *results; /* in the catalogue's order; without `stream` */
	unsigned result_count;
	const struct finding *findings;
	unsigned finding_count;
	unsigned connections;
	bool lossy;
	int64_t elapsed_ns;
};

struct battery_sink {
	void *arg;
	/* What the service is, before any result; NULL: it could not be reached. */
	void (*begin)(void *arg, uint32_t target, const char *service);
	/* With `stream`: each result as soon as it and all before it are there. */
	void (*result)(void *arg, uint32_t target, const struct result *result);
	void (*end)(void *arg, uint32_t target, const struct battery_end *end);
	void (*tick)(void *arg); /* once a second; NULL: never */
};

struct battery_config {
	const struct catalogue *catalogue;
	const struct scenario *const *scenarios;
	unsigned scenario_count;
	const struct battery_target *targets;
	uint32_t target_count;
	const struct stage *stage; /* filled in before the first turn */
	const struct plan *plan;
	struct service_given service;
	bool intrusive, quick, full;
	unsigned lanes; /* scenarios of one target at once */
	unsigned targets_at_once;
	unsigned rate; /* connections opened a second, of all targets */
	bool stream;
	bool keep_timelines; /* of what passed too */
	struct battery_sink sink;
};

/* NULL: no memory. */
struct battery *battery_open(const struct battery_config *config);
void battery_close(struct battery *battery);

/* The calls that the engine makes. */
void battery_player(struct battery *battery, struct stage_player *player);

/* For the line of progress. */
struct battery_progress {
	unsigned targets_done, jobs_done, jobs, runs;
	double longest_s; /* the run that will need the longest still, at most */
	bool stopped;     /* before its time */
};
void battery_progress(const struct battery *battery, struct battery_progress *progress);

#endif
