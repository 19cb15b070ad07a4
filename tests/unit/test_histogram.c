/* SPDX-License-Identifier: BSD-2-Clause */
/* Drawings of round-trip times, as they are to look, and what all of them keep to: without it a
 * value could be missing from the picture, or a line too wide for the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/histogram.h"
#include "report/scale.h"
#include "stats_random.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

/* A drawing as a string. */
struct text {
	char *octets;
	size_t len;
};

static void draw(struct text *text, struct samples *samples, struct report_style style)
{
	style.out = open_memstream(&text->octets, &text->len);
	assert_non_null(style.out);
	histogram_print(&style, samples);
	fclose(style.out);
}

static void check_drawing(struct samples *samples, struct report_style style, const char *golden)
{
	struct text text;

	draw(&text, samples, style);
	if (strcmp(text.octets, golden) != 0)
		fail_msg("drawn:\n%s\nwanted:\n%s", text.octets, golden);
	free(text.octets);
	samples_free(samples);
}

static const struct report_style blocks = {.unicode = true, .width = 72};
static const struct report_style ascii = {.width = 72};

static void test_none_and_one(void **state)
{
	struct samples samples = {0};

	(void)state;
	check_drawing(&samples, blocks, "");
	samples_add(&samples, 1234567);
	check_drawing(&samples, blocks,
		      "1.2 ms - 1.3 ms │██████████████████████ 1 100.0 %  p50 p90 p95 p99 p99.9\n");
	samples_add(&samples, 0);
	check_drawing(&samples, ascii,
		      "0 ns - 1 ns |########################## 1 100.0 %  p50 p90 p95 p99 p99.9\n");
}

static void test_ten(void **state)
{
	static const int64_t values[] = {1040, 1180, 1210, 1250, 1340,
					 1400, 1490, 1730, 2090, 15300};
	struct samples samples = {0};

	(void)state;
	for (size_t i = 0; i < LEN(values); i++)
		samples_add(&samples, values[i] * 1000);
	check_drawing(&samples, blocks,
		      " 1.00 ms -  1.10 ms │█████████████              1  10.0 %\n"
		      " 1.10 ms -  1.25 ms │██████████████████████████ 2  20.0 %\n"
		      " 1.25 ms -  1.40 ms │██████████████████████████ 2  20.0 %  p50\n"
		      " 1.40 ms -  1.60 ms │██████████████████████████ 2  20.0 %\n"
		      " 1.60 ms -  1.80 ms │█████████████              1  10.0 %\n"
		      " 1.80 ms -  2.00 ms │                           0   0.0 %\n"
		      " 2.00 ms -  2.20 ms │█████████████              1  10.0 %  p90\n"
		      "                    ⋮\n"
		      "14.00 ms - 16.00 ms │█████████████              1  10.0 %  p95 p99 p99.9\n");
}

static void test_equal(void **state)
{
	struct samples samples = {0};

	(void)state;
	for (int i = 0; i < 500; i++)
		samples_add(&samples, 812345);
	check_drawing(&samples, ascii,
		      "800 us - 850 us |#################### 500 100.0 %  p50 p90 p95 p99 p99.9\n");
}

/* Within a factor of two: even limits. */
static void test_close(void **state)
{
	struct samples samples = {0};
	struct report_style coloured = {.width = 60, .colour = true};

	(void)state;
	for (int64_t i = 0; i < 200; i++)
		samples_add(&samples, 10000000 + i * i * 2);
	check_drawing(&samples, blocks,
		      "10.000 ms - 10.005 ms │███████████████████████████ 50  25.0 %\n"
		      "10.005 ms - 10.010 ms │███████████▍                21  10.5 %\n"
		      "10.010 ms - 10.015 ms │████████▋                   16   8.0 %\n"
		      "10.015 ms - 10.020 ms │███████                     13   6.5 %  p50\n"
		      "10.020 ms - 10.025 ms │██████▌                     12   6.0 %\n"
		      "10.025 ms - 10.030 ms │██████                      11   5.5 %\n"
		      "10.030 ms - 10.035 ms │█████▍                      10   5.0 %\n"
		      "10.035 ms - 10.040 ms │████▉                        9   4.5 %\n"
		      "10.040 ms - 10.045 ms │████▍                        8   4.0 %\n"
		      "10.045 ms - 10.050 ms │████▉                        9   4.5 %\n"
		      "10.050 ms - 10.055 ms │███▊                         7   3.5 %\n"
		      "10.055 ms - 10.060 ms │████▍                        8   4.0 %\n"
		      "10.060 ms - 10.065 ms │███▊                         7   3.5 %  p90\n"
		      "10.065 ms - 10.070 ms │███▊                         7   3.5 %\n"
		      "10.070 ms - 10.075 ms │███▎                         6   3.0 %  p95\n"
		      "10.075 ms - 10.080 ms │███▎                         6   3.0 %  p99 p99.9\n");
	for (int64_t i = 0; i < 4; i++)
		samples_add(&samples, 10000000 + i);
	check_drawing(
	    &samples, coloured,
	    "10.000000 ms |\033[36m#################\033[0m 1  25.0 %\n"
	    "10.000001 ms |\033[36m#################\033[0m 1  25.0 %  p50\n"
	    "10.000002 ms |\033[36m#################\033[0m 1  25.0 %\n"
	    "10.000003 ms |\033[36m#################\033[0m 1  25.0 %  p90 p95 p99 p99.9\n");
}

/* Few outliers far off take rows of their own kind, and leave the rest its rows. */
static void test_outliers(void **state)
{
	struct samples samples = {0};

	(void)state;
	for (int64_t i = 0; i < 3000; i++)
		samples_add(&samples, 100000 + (i * 7919 % 3000) * (i * 104729 % 3000) / 1000);
	for (int64_t i = 0; i < 12; i++)
		samples_add(&samples, 200000 << i);
	samples_add(&samples, 20000);
	check_drawing(&samples, ascii,
		      " 20 us -  50 us :.                                      1  <0.1 %\n"
		      " 50 us - 100 us :                                       0   0.0 %\n"
		      "100 us - 101 us |################################### 1081  35.9 %\n"
		      "101 us - 102 us |###################                  596  19.8 %  p50\n"
		      "102 us - 103 us |##############                       420  13.9 %\n"
		      "103 us - 104 us |##########                           323  10.7 %\n"
		      "104 us - 105 us |#######                              231   7.7 %\n"
		      "105 us - 106 us |#####                                161   5.3 %  p90\n"
		      "106 us - 107 us |####                                 112   3.7 %  p95\n"
		      "107 us - 108 us |##                                    62   2.1 %  p99\n"
		      "108 us -   1 ms :#                                     17   0.6 %\n"
		      "  1 ms -  10 ms :.                                      3  <0.1 %\n"
		      " 10 ms - 100 ms :.                                      3  <0.1 %  p99.9\n"
		      "100 ms -    1 s :.                                      3  <0.1 %\n"
		      "                : wider rows: the outermost 1 % at either end\n");
}

static void test_clusters(void **state)
{
	struct samples samples = {0};

	(void)state;
	for (int64_t i = 0; i < 300; i++)
		samples_add(&samples, 900000 + i * 1000);
	for (int64_t i = 0; i < 60; i++)
		samples_add(&samples, 1000000000 + i * 2000000);
	check_drawing(&samples, blocks,
		      "   900 us -   1.00 ms │██████████████████████████ 100  27.8 %\n"
		      "  1.00 ms -   1.10 ms │██████████████████████████ 100  27.8 %  p50\n"
		      "  1.10 ms -   1.25 ms │██████████████████████████ 100  27.8 %\n"
		      "                      ⋮\n"
		      "   1.00 s -    1.10 s │█████████████               50  13.9 %  p90 p95\n"
		      "   1.10 s -    1.25 s │██▋                         10   2.8 %  p99 p99.9\n");
}

static int64_t any_value(struct random *random, int kind)
{
	switch (kind) {
	case 0:
		return random_rtt(random, 5e6, 0.5);
	case 1:
		return random_rtt(random, 1e6, 2.5);
	case 2:
		return random_rtt(random, random_below(random, 50) ? 1e5 : 1e8, 0.01);
	case 3:
		return (int64_t)random_below(random, 3);
	case 4:
		return (int64_t)(random_bits(random) >> (17 + random_below(random, 47)));
	default:
		return 77000000000 + (int64_t)random_below(random, 7);
	}
}

static int columns(const char *line, size_t len)
{
	int count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)line[i] & 0xc0) != 0x80;
	return count;
}

/* Whatever the values: all are counted, each percentile is marked once, and lines fit. */
static void test_any(void **state)
{
	static const char *const names[] = {"p50", "p90", "p95", "p99.9"};
	static struct scale scale;
	struct random random = {61};

	(void)state;
	for (int round = 0; round < 600; round++) {
		struct samples samples;
		struct report_style style = {.unicode = round % 2, .width = 60 + round % 70};
		size_t n = 1 + random_below(&random, round % 20 ? 300 : 20000), lines = 0;
		uint64_t counted = 0;
		struct text text;

		samples_init(&samples, round % 3 ? 0 : 50);
		for (size_t i = 0; i < n; i++)
			samples_add(&samples, any_value(&random, round % 6));
		scale_choose(&samples, &scale);
		for (size_t i = 0; i < scale.rows; i++) {
			assert_true(scale.limits[i] < scale.limits[i + 1]);
			counted += scale.counts[i];
		}
		assert_int_equal(counted, n);
		assert_true(scale.limits[scale.body_first] <= samples_quantile(&samples, 0.01));
		assert_true(scale.limits[scale.body_end] > samples_quantile(&samples, 0.99));
		assert_true(scale.limits[0] <= samples_min(&samples));
		assert_true(scale.limits[scale.rows] > samples_max(&samples));
		draw(&text, &samples, style);
		for (const char *line = text.octets; *line; line = strchr(line, '\n') + 1, lines++)
			assert_true(columns(line, strcspn(line, "\n")) <= style.width);
		assert_true(lines >= 1 && lines <= 24);
		for (size_t i = 0; i < LEN(names); i++) {
			assert_non_null(strstr(text.octets, names[i]));
			assert_null(strstr(strstr(text.octets, names[i]) + 1, names[i]));
		}
		free(text.octets);
		samples_free(&samples);
	}
}

static void check_line(bool unicode, int width, const int64_t *values, size_t n, const char *golden)
{
	struct report_style style = {.unicode = unicode, .width = width};
	char text[SPARKLINE_SIZE(16)];

	assert_string_equal(sparkline(&style, values, n, text, sizeof(text)), golden);
}

static void test_sparkline(void **state)
{
	/* Doublings: a level each. */
	static const int64_t doubling[] = {1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000};
	static const int64_t lossy[] = {1000000, -1, 1100000, -1, -1, 1900000, 2000000, 0};
	static const int64_t same[] = {5000000, 5000000, 5000000}, noise[] = {100, 101, 99, 120};
	int64_t long_line[40];

	(void)state;
	check_line(true, 0, doubling, 8, "▁▂▃▄▅▆▇█");
	check_line(false, 0, doubling, 8, " .:-=+*#");
	check_line(true, 80, lossy, 7, "▁x▂xx▇█");
	check_line(false, 80, lossy, 8, "#x#xx## ");
	check_line(true, 80, same, 3, "▅▅▅");
	check_line(true, 80, noise, 4, "▄▄▄▅");
	check_line(true, 80, same, 0, "");
	check_line(true, 80, lossy + 1, 1, "x");
	for (int i = 0; i < 40; i++)
		long_line[i] = i < 30 ? -1 : 1000;
	/* The newest that fit: into the buffer, into the terminal. */
	check_line(true, 80, long_line, 40, "xxxxxx▅▅▅▅▅▅▅▅▅▅");
	check_line(true, 12, long_line, 40, "xx▅▅▅▅▅▅▅▅▅▅");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_none_and_one), cmocka_unit_test(test_ten),
	    cmocka_unit_test(test_equal),        cmocka_unit_test(test_close),
	    cmocka_unit_test(test_outliers),     cmocka_unit_test(test_clusters),
	    cmocka_unit_test(test_any),          cmocka_unit_test(test_sparkline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
