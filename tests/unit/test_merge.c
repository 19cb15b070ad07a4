/* SPDX-License-Identifier: BSD-2-Clause */
/* Shards put together: without it a shard could be missing, counted twice or
 * cut short unseen, and sums and quantiles be those of a part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/merge_shards.h"
#include "scan_cast.h"

#define FILES_MAX 4

static struct scan_cast cast;
static char directory[] = "/tmp/merge.XXXXXX";
static char paths[FILES_MAX][64];
static char *list[FILES_MAX];
static char *notes, *merged;
static bool whole;

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	for (unsigned i = 0; i < FILES_MAX; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%u", directory, i + 1);
		list[i] = paths[i];
	}
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FILES_MAX; i++)
		unlink(paths[i]);
	free(notes);
	free(merged);
	return rmdir(directory);
}

static void put(unsigned file, const char *text)
{
	FILE *out = fopen(paths[file], "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* What shard `shard` of `shards` writes: records first..last. To be freed. */
static char *shard(uint32_t number, uint32_t shards, unsigned first, unsigned last)
{
	char *text;

	scan_cast_init(&cast, MODE_CENSUS);
	cast.run.shard = number;
	cast.run.shards = shards;
	cast.run.started_ns += number * INT64_C(1000000000);
	text = scan_cast_report(&cast, "ndjson", first, last);
	scan_cast_free(&cast);
	return text;
}

static void put_shard(unsigned file, uint32_t number, uint32_t shards, unsigned first,
		      unsigned last)
{
	char *text = shard(number, shards, first, last);

	put(file, text);
	free(text);
}

/* The error, "" if there is none. */
static const char *merge(int count)
{
	static struct err err;
	FILE *out, *said;
	struct merge *all;
	size_t len;

	free(notes);
	free(merged);
	merged = NULL;
	err = (struct err){.class = ERR_NONE};
	said = open_memstream(&notes, &len);
	all = merge_read(list, count, said, &err);
	fclose(said);
	if (all) {
		whole = merge_is_whole(all);
		out = open_memstream(&merged, &len);
		said = fopen("/dev/null", "w");
		assert_int_equal(merge_write(all, out, said, &err), 0);
		fclose(out);
		fclose(said);
	}
	merge_free(all);
	return err.text;
}

/* Messages name files in a directory of ours: "DIR/1". */
static void check_message(const char *message, const char *wanted)
{
	const char *dir = "DIR";
	char text[600];
	size_t len = 0;

	for (const char *at = message; *at && len < sizeof(text) - 4;) {
		if (strncmp(at, directory, strlen(directory)) == 0) {
			memcpy(text + len, dir, 3);
			len += 3;
			at += strlen(directory);
		} else {
			text[len++] = *at++;
		}
	}
	text[len] = '\0';
	assert_string_equal(text, wanted);
}

static void check_error(int count, const char *wanted)
{
	check_message(merge(count), wanted);
	assert_null(merged);
}

static void check_notes(const char *wanted)
{
	check_message(notes, wanted);
}

static const char *line_of(const char *text, const char *part)
{
	const char *line = strstr(text, part);

	while (line && line > text && line[-1] != '\n')
		line--;
	return line;
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (const char *at = text; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static const char whole_run[] =
    "{\"type\":\"run\",\"schema\":\"shakedown/1\",\"tool\":\"shakedown\",\"version\":\"1.0\","
    "\"command\":\"scan\",\"started_ns\":1700000001123456789,\"mode\":\"close-census\","
    "\"targets\":1024,\"addresses\":512,\"ports\":2,\"seed\":\"18446744073709551615\","
    "\"fingerprint\":\"0000000000abcdef\",\"shard\":1,\"shards\":1,\"rate\":2000,"
    "\"way\":\"AF_PACKET\",\"resumed\":false,\"merged\":2}\n";
static const char whole_summary[] =
    "{\"type\":\"summary\",\"schema\":\"shakedown/1\",\"records\":9,\"probed\":20,"
    "\"syn_retransmits\":8,\"answered\":16,\"silent\":2,\"no_route\":0,\"duplicates\":4,"
    "\"rejected\":6,\"not_ours\":10,\"found\":{\"open\":12,\"closed\":2,\"filtered\":4,"
    "\"unreachable\":2},\"states\":{\"open\":10,\"closed\":2,\"filtered\":4,\"unreachable\":2},"
    "\"wildcards\":1,\"wildcard_ports\":2,\"zero_windows\":2,\"handshakes\":{\"established\":4},"
    "\"closes\":{\"four-segment\":2,\"held-open\":2},\"frames\":40,\"frames_refused\":2,"
    "\"frames_damaged\":0,\"capture_dropped\":14,\"interface_dropped\":0,\"send_again\":2,"
    "\"slowdowns\":0,\"left_open\":2,\"loss_estimate\":0.125,\"rtt\":{\"count\":4,"
    "\"min_ns\":123456,\"avg_ns\":5061728,\"max_ns\":10000000,\"mdev_ns\":4938272,"
    "\"p50_ns\":123456,\"p90_ns\":10000000,\"p95_ns\":10000000,\"p99_ns\":10000000,"
    "\"p99_9_ns\":10000000,\"exact\":true,"
    "\"sketch\":\"v 4 123456 10000000 134f180 b5ed39dea000 123456*2 9876544*2\"},"
    "\"phases\":{\"fin_ack\":{},\"app_close\":{\"four-segment\":{\"count\":2,\"min_ns\":5000000,"
    "\"avg_ns\":5000000,\"max_ns\":5000000,\"mdev_ns\":0,\"p50_ns\":5000000,\"p90_ns\":5000000,"
    "\"p95_ns\":5000000,\"p99_ns\":5000000,\"p99_9_ns\":5000000,\"exact\":true,"
    "\"sketch\":\"v 2 5000000 5000000 989680 2d79883d2000 5000000*2\"}},\"close\":{},"
    "\"server_first\":{}},\"elapsed_ns\":3000000000,\"interrupted\":false,\"complete\":true}\n";

static void test_whole(void **state)
{
	char *one = shard(1, 2, CAST_OPEN, CAST_SILENT),
	     *two = shard(2, 2, CAST_WILDCARD, CAST_HOLDS), *ports;

	(void)state;
	put(0, one);
	put(1, two);
	assert_string_equal(merge(2), "");
	assert_true(whole);
	assert_string_equal(notes, "");
	assert_memory_equal(merged, whole_run, strlen(whole_run));
	ports = merged + strlen(whole_run);
	assert_memory_equal(ports, strchr(one, '\n') + 1,
			    (size_t)(line_of(one, "summary") - strchr(one, '\n') - 1));
	assert_int_equal(count(merged, "\"type\":\"port\""), CAST_COUNT);
	assert_string_equal(line_of(merged, "summary"), whole_summary);
	/* what was merged is a whole scan itself */
	put(2, merged);
	list[0] = paths[2];
	assert_string_equal(merge(1), "");
	list[0] = paths[0];
	assert_true(whole);
	assert_string_equal(line_of(merged, "summary"), whole_summary);
	free(one);
	free(two);
}

static char *replaced(char *text, const char *from, const char *to)
{
	char *at = strstr(text, from), *out = NULL;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	free(text);
	return out;
}

/* Each shard tells it, a merge once: its other record is one more port that is left out. */
static void test_wildcard_twice(void **state)
{
	(void)state;
	put_shard(0, 1, 2, CAST_OPEN, CAST_WILDCARD);
	put_shard(1, 2, 2, CAST_WILDCARD, CAST_HOLDS);
	for (int files = 2; files > 0; files--) { /* then what was merged, which stays so */
		assert_string_equal(merge(files), "");
		assert_true(whole);
		assert_int_equal(count(merged, "\"wildcard\":true"), 1);
		assert_int_equal(count(merged, "\"type\":\"port\""), CAST_COUNT);
		assert_non_null(strstr(merged, "\"records\":9,"));
		assert_non_null(strstr(merged, "\"wildcards\":1,\"wildcard_ports\":3,"));
		assert_non_null(strstr(merged, "\"states\":{\"open\":9,"));
		put(0, merged);
	}
}

/* JSON that another program wrote anew. */
static void test_wildcard_rewritten(void **state)
{
	char *text = shard(2, 2, CAST_WILDCARD, CAST_WILDCARD);

	(void)state;
	put_shard(0, 1, 2, CAST_WILDCARD, CAST_WILDCARD);
	text = replaced(text, "\"wildcard\":true", "\"wildcard\" : true");
	put(1, text);
	assert_string_equal(merge(2), "");
	assert_int_equal(count(merged, "\"type\":\"port\""), 1);
	text = replaced(text, "\"addr\":\"10.0.0.4\"", "\"addr\":\"10.0.0.5\"");
	put(1, text);
	assert_string_equal(merge(2), "");
	assert_non_null(strstr(merged, "\"wildcards\":2,"));
	free(text);
}

/* Results all the same. */
static void test_missing(void **state)
{
	char *text;

	(void)state;
	put_shard(0, 1, 40, CAST_OPEN, CAST_OPEN);
	put_shard(1, 3, 40, CAST_CLOSED, CAST_CLOSED);
	assert_string_equal(merge(2), "");
	assert_false(whole);
	assert_int_equal(count(notes, "is missing\n"), 20);
	assert_memory_equal(notes, "shard 2 of 40 is missing\nshard 4 of 40", 38);
	assert_non_null(strstr(notes, "and so on: 18 more\n"));
	assert_non_null(strstr(merged, "\"complete\":false"));
	assert_int_equal(count(merged, "\"type\":\"port\""), 2);

	/* cut in the middle of a record, as by a kill */
	put_shard(0, 1, 2, CAST_OPEN, CAST_OPEN);
	text = shard(2, 2, CAST_OPEN, CAST_SILENT);
	*(strstr(text, "\"addr\":\"10.0.0.3\"") + 4) = '\0';
	put(1, text);
	assert_string_equal(merge(2), "");
	assert_false(whole);
	check_notes("DIR/2:6: cut short, and left out\n"
		    "DIR/2: shard 2: ends without a summary: the sums lack what it counted\n"
		    "shard 2 of 2 is incomplete\n");
	assert_int_equal(count(merged, "\"type\":\"port\""), 5);
	free(text);

	/* a record that did not reach the disk */
	text = shard(2, 2, CAST_OPEN, CAST_CLOSED);
	memmove(strstr(text, "{\"type\":\"port\""), strstr(strstr(text, "\"port\",") + 1, "{\"ty"),
		strlen(strstr(strstr(text, "\"port\",") + 1, "{\"ty")) + 1);
	put(1, text);
	assert_string_equal(merge(2), "");
	assert_false(whole);
	check_notes("DIR/2:3: shard 2: 1 port record, but 2 were written\n"
		    "shard 2 of 2 has lost lines\n");
	free(text);
}

/* Interrupted, and resumed in a file of its own; or in the same. */
static void test_resumed(void **state)
{
	char *first = shard(1, 1, CAST_OPEN, CAST_OPEN), *second, *both = NULL;

	(void)state;
	first = replaced(first, "\"interrupted\":false,\"complete\":true",
			 "\"interrupted\":true,\"complete\":false");
	second = replaced(shard(1, 1, CAST_CLOSED, CAST_CLOSED), "\"resumed\":false",
			  "\"resumed\":true");
	put(0, second);
	put(1, first);
	assert_string_equal(merge(2), "");
	assert_true(whole);
	assert_non_null(strstr(merged, "\"probed\":20,"));
	assert_non_null(strstr(merged, "\"interrupted\":false,\"complete\":true"));
	assert_non_null(strstr(merged, "\"rate\":1000,"));
	assert_true(asprintf(&both, "%s%s", first, second) > 0);
	put(0, both);
	assert_string_equal(merge(1), "");
	assert_true(whole);
	put(0, first);
	assert_string_equal(merge(1), "");
	assert_false(whole);
	check_notes("shard 1 of 1 is incomplete\n");
	put(0, second);
	assert_string_equal(merge(1), "");
	assert_false(whole);
	check_notes("shard 1 of 1 has lost its first part: only a resumed one is there\n");
	free(first);
	free(second);
	free(both);
}

static void check_other(const char *from, const char *to, const char *wanted)
{
	char *text = replaced(shard(2, 2, CAST_OPEN, CAST_OPEN), from, to);

	put(1, text);
	check_error(2, wanted);
	free(text);
}

static void test_refused(void **state)
{
	(void)state;
	put_shard(0, 1, 2, CAST_OPEN, CAST_OPEN);
	put_shard(1, 1, 2, CAST_OPEN, CAST_OPEN);
	check_error(2, "DIR/2:1: shard 1 of 2 once more: DIR/1 has it already");
	check_other("00abcdef", "00abcdee",
		    "DIR/2:1: a shard of another scan: other targets or ports than in DIR/1");
	check_other("551615", "551614",
		    "DIR/2:1: a shard of another scan: another seed than in DIR/1");
	check_other("\"shards\":2", "\"shards\":3",
		    "DIR/2:1: a shard of another scan: another number of shards than "
		    "in DIR/1");
	check_other("close-census", "handshake",
		    "DIR/2:1: a shard of another scan: another mode than in DIR/1");
	check_other("\"scan\"", "\"probe\"", "DIR/2:1: a run of shakedown probe, not of a scan");
	check_other("\"shard\":2", "\"shard\":3",
		    "DIR/2:1: \"shard\" is missing, or not what a scan writes");
	check_other("\"shard\":2", "\"shard\":0",
		    "DIR/2:1: \"shard\" is missing, or not what a scan writes");
	check_other("\"type\":\"run\"", "\"type\":\"port\"",
		    "DIR/2:1: a record of no run: there is no run's record before it");
	check_other("\"type\":\"port\"", "\"type\":\"rtt\"",
		    "DIR/2:2: a record of type \"rtt\" is none of a scan's");
	check_other("\"answered\":8", "\"answered\":-8",
		    "DIR/2:3: \"answered\" is missing, or not what a scan writes");
	check_other("\"answered\":8", "\"answered\":9223372036854775807",
		    "DIR/2:3: \"answered\" is missing, or not what a scan writes");
	check_other("\"v 2 1", "\"v 2 2",
		    "DIR/2:3: \"sketch\" is missing, or not what a scan writes");
	check_other("four-segment", "five-segment",
		    "DIR/2:3: \"closes\" is missing, or not what a scan writes");
	check_other("\"addr\"", "\"addr", "DIR/2:2: no JSON: ':' expected near '10.0'");
}

static void test_bad_files(void **state)
{
	(void)state;
	unlink(paths[0]);
	check_error(1, "DIR/1: No such file or directory");
	put(0, "");
	check_error(1, "DIR/1: no scan in it");
	list[0] = directory;
	check_error(1, "DIR: no regular file, but it must be read twice");
	list[0] = paths[0];
	put(0, "hello\n");
	check_error(1, "DIR/1:1: no JSON: '[' or '{' expected near 'hello'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),          cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_wildcard_twice), cmocka_unit_test(test_wildcard_rewritten),
	    cmocka_unit_test(test_resumed),        cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
