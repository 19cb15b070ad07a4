/* SPDX-License-Identifier: BSD-2-Clause */
/* expect: what a run is expected to show -> which clauses hold. See expect.h. */
#include "stats/expect.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/quantity.h"

struct expect_measure {
	const char *name;
	enum quantity_unit unit;
	/* The figure; negative: unknown. */
	double (*value)(const struct expect_clause *clause, const struct expect_figures *figures);
	const char *unknown; /* why it can be */
};

static double get_min(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return (double)samples_min(figures->rtt);
}

static double get_avg(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return samples_mean(figures->rtt);
}

static double get_max(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return (double)samples_max(figures->rtt);
}

static double get_mdev(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return samples_mdev(figures->rtt);
}

static double get_jitter(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return samples_jitter(figures->rtt);
}

static double get_quantile(const struct expect_clause *clause, const struct expect_figures *figures)
{
	return (double)samples_quantile(figures->rtt, clause->q);
}

static double get_loss(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	if (figures->sent == 0)
		return -1;
	return (double)figures->lost * 100 / (double)figures->sent;
}

static double get_sent(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return (double)figures->sent;
}

static double get_answered(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return (double)figures->answered;
}

static double get_lost(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return (double)figures->lost;
}

static double get_retransmitted(const struct expect_clause *clause,
				const struct expect_figures *figures)
{
	(void)clause;
	return (double)figures->retransmitted;
}

static double get_duplicates(const struct expect_clause *clause,
			     const struct expect_figures *figures)
{
	(void)clause;
	return (double)figures->duplicates;
}

static double get_late(const struct expect_clause *clause, const struct expect_figures *figures)
{
	(void)clause;
	return (double)figures->late;
}

#define NO_SAMPLE "no round-trip time"
#define QUANTILE  "pNN" /* its row stands for p50, p99.9, ... */

static const struct expect_measure measures[] = {
    {"min", QUANTITY_TIME, get_min, NO_SAMPLE},
    {"avg", QUANTITY_TIME, get_avg, NO_SAMPLE},
    {"max", QUANTITY_TIME, get_max, NO_SAMPLE},
    {"mdev", QUANTITY_TIME, get_mdev, NO_SAMPLE},
    {"jitter", QUANTITY_TIME, get_jitter, "fewer than two round-trip times"},
    {"median", QUANTITY_TIME, get_quantile, NO_SAMPLE},
    {QUANTILE, QUANTITY_TIME, get_quantile, NO_SAMPLE},
    {"loss", QUANTITY_PERCENT, get_loss, "nothing was sent"},
    {"sent", QUANTITY_COUNT, get_sent, ""},
    {"answered", QUANTITY_COUNT, get_answered, ""},
    {"lost", QUANTITY_COUNT, get_lost, ""},
    {"retransmitted", QUANTITY_COUNT, get_retransmitted, ""},
    {"duplicates", QUANTITY_COUNT, get_duplicates, ""},
    {"late", QUANTITY_COUNT, get_late, ""},
};
#define MEASURES (sizeof(measures) / sizeof(measures[0]))

static const char *const relations[] = {
    [EXPECT_LT] = "<",  [EXPECT_LE] = "<=", [EXPECT_GT] = ">",
    [EXPECT_GE] = ">=", [EXPECT_EQ] = "==",
};
static_assert(sizeof(relations) / sizeof(relations[0]) == EXPECT_RELATIONS, "a name for each");

static const char *const unit_hints[] = {
    [QUANTITY_COUNT] = "a count, a number without a unit",
    [QUANTITY_TIME] = "a time, a number with ns, us, ms or s",
    [QUANTITY_PERCENT] = "a share, a number with %",
};
static_assert(sizeof(unit_hints) / sizeof(unit_hints[0]) == QUANTITY_UNITS, "a hint for each");

const char *expect_relation_name(enum expect_relation relation)
{
	assert(relation < EXPECT_RELATIONS);
	return relations[relation];
}

const char *expect_measures(char text[EXPECT_TEXT])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < MEASURES && len < EXPECT_TEXT; i++)
		len += (size_t)snprintf(text + len, EXPECT_TEXT - len, "%s%s", i ? " " : "",
					measures[i].name);
	return text;
}

/* "p99.9" -> 0.999; 0 if it is none. */
static double quantile_of(const char *name)
{
	enum quantity_unit unit;
	double value;

	if (name[0] != 'p' || quantity_parse(name + 1, &value, &unit) != 0 ||
	    unit != QUANTITY_COUNT || !(value > 0) || value > 100)
		return 0;
	return value / 100;
}

static const struct expect_measure *find_measure(const char *name, double *q)
{
	*q = strcmp(name, "median") == 0 ? 0.5 : quantile_of(name);
	for (size_t i = 0; i < MEASURES; i++) {
		bool is_quantile = strcmp(measures[i].name, QUANTILE) == 0;

		if (is_quantile ? name[0] == 'p' && *q > 0 : strcmp(measures[i].name, name) == 0)
			return &measures[i];
	}
	return NULL;
}

static int parse_relation(const char *text, enum expect_relation *relation, struct err *err,
			  const char *whole)
{
	size_t len = strspn(text, "<>=!");

	for (unsigned i = 0; i < EXPECT_RELATIONS; i++) {
		if (strlen(relations[i]) == len && strncmp(text, relations[i], len) == 0) {
			*relation = (enum expect_relation)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE,
		       "'%s': no operator that is known: write <, <=, >, >= or ==", whole);
}

/* One clause without blanks. */
static int parse_clause(struct expect_clause *clause, struct err *err)
{
	size_t name_len = strcspn(clause->text, "<>=!");
	char name[sizeof(clause->text)], list[EXPECT_TEXT];
	const char *limit = clause->text + name_len;
	enum quantity_unit unit;

	snprintf(name, sizeof(name), "%.*s", (int)name_len, clause->text);
	clause->measure = find_measure(name, &clause->q);
	if (!clause->measure)
		return err_set(err, ERR_USAGE, "'%s': no such measure: there are %s (p50, p99.9)",
			       name, expect_measures(list));
	if (parse_relation(limit, &clause->relation, err, clause->text) != 0)
		return -1;
	limit += strlen(relations[clause->relation]);
	if (quantity_parse(limit, &clause->limit, &unit) != 0 || unit != clause->measure->unit)
		return err_set(err, ERR_USAGE, "'%s': '%s' is not what %s takes: %s", clause->text,
			       limit, name, unit_hints[clause->measure->unit]);
	return 0;
}

int expect_parse(const char *text, struct expect *expect, struct err *err)
{
	*expect = (struct expect){0};
	for (;;) {
		struct expect_clause *clause = &expect->clauses[expect->count];
		size_t len = strcspn(text, ",\n"), kept = 0;

		if (expect->count == EXPECT_CLAUSES)
			return err_set(err, ERR_USAGE, "more than %d expectations", EXPECT_CLAUSES);
		for (size_t i = 0; i < len && kept < sizeof(clause->text); i++)
			if (!isspace((unsigned char)text[i]))
				clause->text[kept++] = text[i];
		if (kept == sizeof(clause->text))
			return err_set(err, ERR_USAGE, "'%.*s': too long for an expectation",
				       len < 100 ? (int)len : 100, text);
		clause->text[kept] = '\0';
		if (kept == 0)
			return err_set(err, ERR_USAGE,
				       "an empty expectation: write 'p95<=20ms,loss<1%%'");
		if (parse_clause(clause, err) != 0)
			return -1;
		expect->count++;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}

static bool relation_holds(double value, enum expect_relation relation, double limit)
{
	switch (relation) {
	case EXPECT_LT:
		return value < limit;
	case EXPECT_LE:
		return value <= limit;
	case EXPECT_GT:
		return value > limit;
	case EXPECT_GE:
		return value >= limit;
	case EXPECT_EQ:
		return !(value < limit) && !(value > limit);
	case EXPECT_RELATIONS:
		break;
	}
	return false;
}

void expect_check(const struct expect_clause *clause, const struct expect_figures *figures,
		  struct expect_outcome *outcome)
{
	const struct expect_measure *measure = clause->measure;
	double value = measure->value(clause, figures);
	char found[QUANTITY_TEXT];

	*outcome = (struct expect_outcome){.known = value >= 0, .value = value};
	if (outcome->known) {
		outcome->holds = relation_holds(value, clause->relation, clause->limit);
		quantity_text(value, measure->unit, found);
	} else {
		outcome->value = (double)NAN;
	}
	snprintf(outcome->text, sizeof(outcome->text), "%s: %s", clause->text,
		 outcome->known ? found : measure->unknown);
}

size_t expect_failures(const struct expect *expect, const struct expect_figures *figures)
{
	struct expect_outcome outcome;
	size_t failures = 0;

	for (size_t i = 0; i < expect->count; i++) {
		expect_check(&expect->clauses[i], figures, &outcome);
		failures += !outcome.holds;
	}
	return failures;
}
