/* SPDX-License-Identifier: BSD-2-Clause */
/* report, the histogram: samples -> rows of latencies, with bars and percentiles. */
#include "report/histogram.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/scale.h"

#define WIDTH_MIN     60
#define WIDTH_DEFAULT 80
#define BAR_MIN       8
#define BAR_MAX       60
#define LABEL         24
#define MARKS         32

static const struct {
	double q;
	const char *name;
} marks[] = {{0.5, "p50"}, {0.9, "p90"}, {0.95, "p95"}, {0.99, "p99"}, {0.999, "p99.9"}};
#define MARK_COUNT (sizeof(marks) / sizeof(marks[0]))

static const char *const eighths[] = {"",       "\u258f", "\u258e", "\u258d",
				      "\u258c", "\u258b", "\u258a", "\u2589"};

/* All that the rows are drawn from. */
struct drawing {
	const struct report_style *style;
	struct scale scale;
	char marks[SCALE_ROWS][MARKS];
	uint64_t total, most;
	int label_width, count_width, bar_width;
	bool from_alone; /* no room for "- to" */
};

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};

static const struct unit *unit_of(int64_t ns)
{
	const struct unit *unit = units;

	while (unit < units + 3 && ns >= unit[1].ns)
		unit++;
	return unit;
}

/* How many decimals all limits of this unit need, so that their points are below each other. */
static int decimals_of(const struct scale *scale, const struct unit *unit)
{
	int decimals = 0;

	for (size_t i = 0; i <= scale->rows; i++) {
		int64_t rest = scale->limits[i] % unit->ns;
		int needed = 0;

		if (unit_of(scale->limits[i]) != unit)
			continue;
		for (int64_t part = unit->ns; rest != 0; rest %= part, needed++)
			part /= 10;
		decimals = needed > decimals ? needed : decimals;
	}
	return decimals;
}

static int label(const struct scale *scale, size_t limit, char text[LABEL])
{
	int64_t ns = scale->limits[limit];
	const struct unit *unit = unit_of(ns);

	return snprintf(text, LABEL, "%.*f %s", decimals_of(scale, unit),
			(double)ns / (double)unit->ns, unit->name);
}

static size_t row_of(const struct scale *scale, int64_t ns)
{
	size_t row = 0;

	while (row + 1 < scale->rows && ns >= scale->limits[row + 1])
		row++;
	return row;
}

static void set_marks(struct drawing *drawing, struct samples *samples)
{
	for (size_t i = 0; i < MARK_COUNT; i++) {
		size_t row = row_of(&drawing->scale, samples_quantile(samples, marks[i].q));
		size_t len = strlen(drawing->marks[row]);

		snprintf(drawing->marks[row] + len, MARKS - len, "%s%s", len ? " " : "",
			 marks[i].name);
	}
}

static void set_widths(struct drawing *drawing)
{
	int width = drawing->style->width, marks_width = 0, len;
	char text[LABEL];

	if (width <= 0)
		width = WIDTH_DEFAULT;
	if (width < WIDTH_MIN)
		width = WIDTH_MIN;
	for (size_t i = 0; i <= drawing->scale.rows; i++) {
		len = label(&drawing->scale, i, text);
		drawing->label_width = len > drawing->label_width ? len : drawing->label_width;
	}
	for (size_t i = 0; i < drawing->scale.rows; i++) {
		len = (int)strlen(drawing->marks[i]);
		marks_width = len > marks_width ? len : marks_width;
		if (drawing->scale.counts[i] > drawing->most)
			drawing->most = drawing->scale.counts[i];
	}
	drawing->count_width = snprintf(NULL, 0, "%" PRIu64, drawing->most);
	/* "from - to |bar count share %  marks" */
	width -= drawing->label_width + 2 + 1 + drawing->count_width + 8 + 2 + marks_width;
	drawing->from_alone = width - drawing->label_width - 3 < BAR_MIN;
	drawing->bar_width = width - (drawing->from_alone ? 0 : drawing->label_width + 3);
	if (drawing->bar_width < 1)
		drawing->bar_width = 1;
	if (drawing->bar_width > BAR_MAX)
		drawing->bar_width = BAR_MAX;
}

/* At least a trace for each count but 0. Returns the columns it took. */
static int print_bar(const struct drawing *drawing, double share)
{
	FILE *out = drawing->style->out;
	int steps = drawing->style->unicode ? 8 : 1;
	int len = (int)lround(share * drawing->bar_width * steps);

	if (!drawing->style->unicode && len == 0) {
		fputc('.', out);
		return 1;
	}
	len = len > 0 ? len : 1;
	for (int i = 0; i < len / steps; i++)
		fputs(drawing->style->unicode ? "\u2588" : "#", out);
	fputs(eighths[len % steps], out);
	return (len + steps - 1) / steps;
}

static void print_row(const struct drawing *drawing, size_t row)
{
	const struct report_style *style = drawing->style;
	bool body = row >= drawing->scale.body_first && row < drawing->scale.body_end;
	double percent = (double)drawing->scale.counts[row] * 100 / (double)drawing->total;
	char from[LABEL], to[LABEL], sgr[16], share[16];
	int used = 0;

	label(&drawing->scale, row, from);
	label(&drawing->scale, row + 1, to);
	fprintf(style->out, "%*s ", drawing->label_width, from);
	if (!drawing->from_alone)
		fprintf(style->out, "- %*s ", drawing->label_width, to);
	if (style->unicode)
		fputs(body ? "\u2502" : "\u250a", style->out);
	else
		fputs(body ? "|" : ":", style->out);
	if (drawing->scale.counts[row] > 0) {
		fputs(style_on(style, "36", sgr), style->out);
		used =
		    print_bar(drawing, (double)drawing->scale.counts[row] / (double)drawing->most);
		fputs(style_off(style), style->out);
	}
	snprintf(share, sizeof(share), percent > 0 && percent < 0.1 ? "<0.1" : "%.1f", percent);
	fprintf(style->out, "%*s %*" PRIu64 " %5s %%", drawing->bar_width - used, "",
		drawing->count_width, drawing->scale.counts[row], share);
	if (drawing->marks[row][0])
		fprintf(style->out, "  %s", drawing->marks[row]);
	fputc('\n', style->out);
}

/* Where the bars begin. */
static int bars_at(const struct drawing *drawing)
{
	return drawing->label_width + 1 + (drawing->from_alone ? 0 : drawing->label_width + 3);
}

void histogram_print(const struct report_style *style, struct samples *samples)
{
	struct drawing drawing = {.style = style, .total = samples_count(samples)};

	if (drawing.total == 0)
		return;
	scale_choose(samples, &drawing.scale);
	set_marks(&drawing, samples);
	set_widths(&drawing);
	for (size_t row = 0; row < drawing.scale.rows;) {
		size_t empty = scale_empty(&drawing.scale, row);

		if (empty < 2) {
			print_row(&drawing, row++);
			continue;
		}
		fprintf(style->out, "%*s%s\n", bars_at(&drawing), "",
			style->unicode ? "\u22ee" : "...");
		row += empty;
	}
	if (drawing.scale.body_first > 0 || drawing.scale.body_end < drawing.scale.rows)
		fprintf(style->out, "%*s%s wider rows: the outermost 1 %% at either end\n",
			bars_at(&drawing), "", style->unicode ? "\u250a" : ":");
}
