/* SPDX-License-Identifier: BSD-2-Clause */
/* Words to the space of a scan: without it a range could lose its ends, a wide
 * scan could take in addresses that nobody named, or a wrong word pass unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/scan_targets.h"

#define WORDS_MAX 8
#define NO_RANGE                                                                                   \
	"': no IPv4 address and no range of them: write 10.0.0.1, 10.0.0.0/24, 10.0.0-3.1-254 or " \
	"10.0.0.5-10.0.0.9"
#define NOT_TCP " TCP has no connections to it (RFC 9293 section 3.9.2.3)"

/* What words make: "FIRST-LAST ... xPORTS", or the error's text. `said` of the
 * latest. */
static char text[2048], *said;

static char *const *split(char *words, int *count)
{
	static char *at[WORDS_MAX + 1];
	char *rest = words;

	*count = 0;
	while (words && rest && *count < WORDS_MAX)
		at[(*count)++] = strsep(&rest, " ");
	return at;
}

static const char *describe(const struct space *space)
{
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];
	struct ip_addr first, last;
	size_t len = 0;

	for (unsigned i = 0; space_range(space, i, &first, &last); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					addr_equal(&first, &last) ? "%s " : "%s-%s ",
					addr_text(&first, a), addr_text(&last, b));
	snprintf(text + len, sizeof(text) - len, "x%u", space_ports(space));
	return text;
}

static const char *make(struct scan_words *words)
{
	struct err err = {.class = ERR_NONE};
	struct space *space;

	free(said);
	said = NULL;
	if (scan_targets(words, &space, &said, &err) < 0) {
		assert_null(space);
		assert_null(said);
		snprintf(text, sizeof(text), "error: %s", err.text);
		return text;
	}
	describe(space);
	space_free(space);
	return text;
}

/* Targets, with blanks between them. */
static const char *targets(const char *list)
{
	struct scan_words words = {.ports = "80"};
	char *copy = strdup(list);

	words.targets = (char **)(uintptr_t)split(copy, &words.target_count);
	make(&words);
	free(copy);
	return text;
}

static void test_words(void **state)
{
	static const struct {
		const char *words, *wanted;
	} rows[] = {
	    {"10.0.0.1", "10.0.0.1 x1"},
	    {"10.0.0.77/24", "10.0.0.0-10.0.0.255 x1"},
	    {"10.0.0.0/31", "10.0.0.0-10.0.0.1 x1"},
	    {"10.0.0-1.1-254", "10.0.0.1-10.0.0.254 10.0.1.1-10.0.1.254 x1"},
	    {"10.0.0-3.0-255", "10.0.0.0-10.0.3.255 x1"},
	    {"10.1-2.0-255.0-255", "10.1.0.0-10.2.255.255 x1"},
	    {"10.1-2.0-1.7", "10.1.0.7 10.1.1.7 10.2.0.7 10.2.1.7 x1"},
	    {"10.0.0.250-10.0.1.5", "10.0.0.250-10.0.1.5 x1"},
	    {"fd00::/120", "fd00::-fd00::ff x1"},
	    {"[fd00::77]/120", "fd00::-fd00::ff x1"},
	    {"fd00::5-fd00::9", "fd00::5-fd00::9 x1"},
	    {"2a00::/96", "2a00::-2a00::ffff:ffff x1"},
	    {"fd00::1 10.0.0.1", "10.0.0.1 fd00::1 x1"},
	    /* overlapping, touching, doubled */
	    {"10.0.0.0/24 10.0.0.128/25 10.0.1.0/24 10.0.0.3", "10.0.0.0-10.0.1.255 x1"},
	    {"10.0.0.1,10.0.0.3", "10.0.0.1 10.0.0.3 x1"},
	    {"127.0.0.1", "127.0.0.1 x1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(targets(rows[i].words), rows[i].wanted);
		assert_string_equal(said, "");
	}
}

static void test_bad_words(void **state)
{
	static const struct {
		const char *words, *wanted;
	} rows[] = {
	    {"10.0.0.0/33", "'10.0.0.0/33': a prefix of IPv4 has 0 to 32 bits"},
	    {"10.0.0.0/", "'10.0.0.0/': a prefix of IPv4 has 0 to 32 bits"},
	    {"fd00::/129", "'fd00::/129': a prefix of IPv6 has 0 to 128 bits"},
	    {"host/24", "'host/24': an address must stand before the /, as in 10.0.0.0/16 or "
			"fd00::/112"},
	    {"10.0.0-3", "'10.0.0-3" NO_RANGE},
	    {"10.0.0.256", "'10.0.0.256" NO_RANGE},
	    {"10.0.5-3.1", "'10.0.5-3.1': 5-3 counts down"},
	    {"10.0.0.9-10.0.0.5", "'10.0.0.9-10.0.0.5': the first address is above the last"},
	    {"10.0.0.9-fd00::1", "'10.0.0.9-fd00::1': one address of IPv4, one of IPv6"},
	    {"10.0.0.9-10.0.0", "'10.0.0.9-10.0.0': '10.0.0' is no address"},
	    {"10.0.0.1:80", "'10.0.0.1:80': ports go to -p, for all targets alike: write 10.0.0.1 "
			    "-p 80"},
	    {"[fd00::1]:80", "'[fd00::1]:80': write [V6-ADDRESS] or "
			     "[V6-ADDRESS]/BITS; ports go to -p"},
	    {"[10.0.0.1]", "'[10.0.0.1]': brackets are for addresses of IPv6"},
	    {"fd00:::1", "'fd00:::1': no address of IPv6, nor a range of them"},
	    {"fe80::1%lo", "'fe80::1%lo': there is no place for an interface here: leave out %lo"},
	    {"fd00::/64", "'fd00::/64': more than 2^32 addresses: a prefix of IPv6 has 96 bits or "
			  "more here; better name those that are in use"},
	    {"::-ffff::", "'::-ffff::': more than 2^32 addresses: a prefix of IPv6 has 96 bits or "
			  "more here; better name those that are in use"},
	    {"239.1.2.3", "'239.1.2.3': Multicast:" NOT_TCP},
	    {"ff02::1", "'ff02::1': Multicast:" NOT_TCP},
	    {"10.0-255.0-255.0-254 11.0-255.0-255.0-254 12-255.0-255.0-255.0-254",
	     "'12-255.0-255.0-255.0-254': with this there are more than 4194304 "
	     "separate ranges of "
	     "addresses: write prefixes"},
	    {"", "targets: none: name hosts, addresses, networks (10.0.0.0/24), or a "
		 "file (-f) that "
		 "does"},
	    {"224.0.0.0/3", "targets: nothing is left: all of them are special-purpose addresses: "
			    "name them one by one, or give --special"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_memory_equal(targets(rows[i].words), "error: ", 7);
		assert_string_equal(text + 7, rows[i].wanted);
	}
}

/* Names that no name server is asked for. */
static void test_names(void **state)
{
	struct scan_words words = {.ports = "80", .target_count = 1, .version = IP_V4};
	char name[] = "localhost", none[] = "no..such.name", *list[] = {name};

	(void)state;
	words.targets = list;
	assert_string_equal(make(&words), "127.0.0.1 x1");
	list[0] = none;
	assert_non_null(strstr(make(&words), "error: no..such.name: cannot resolve: "));
	words.version = IP_V6;
	list[0] = (char[]){"10.0.0.1"};
	assert_string_equal(make(&words), "error: '10.0.0.1' is IPv4: leave out -6");
}

/* Wider than named: taken out, and said. Named: stays. Both at once: what was
 * named stays. */
static void test_special(void **state)
{
	struct scan_words words = {.ports = "80", .target_count = 1};
	char wide[] = "8.0.0.0/5", *list[] = {wide};

	(void)state;
	assert_string_equal(targets("8.0.0.0/5"), "8.0.0.0-9.255.255.255 11.0.0.0-15.255.255.255 "
						  "x1");
	assert_string_equal(said,
			    "left out of wider targets, since nobody named them: special-purpose "
			    "addresses\n"
			    "  10.0.0.0/8 Private-Use (RFC 1918)\n"
			    "to scan them, name them as targets, or give --special\n");
	assert_string_equal(
	    targets("8.0.0.0/5 10.9.0.0/16"),
	    "8.0.0.0-9.255.255.255 10.9.0.0-10.9.255.255 11.0.0.0-15.255.255.255 x1");
	assert_string_equal(targets("10.0.0.0/8"), "10.0.0.0-10.255.255.255 x1");
	assert_string_equal(said, "");
	assert_string_equal(targets("9.255.255.254-10.0.0.1"), "9.255.255.254-9.255.255.255 x1");
	assert_string_equal(targets("192.0.0.0/16"),
			    "192.0.1.0-192.0.1.255 192.0.3.0-192.0.255.255 x1");
	/* octets: each address by itself would lie inside, the word does not */
	assert_string_equal(targets("9-11.0.0.1"), "9.0.0.1 11.0.0.1 x1");
	assert_string_equal(targets("240.0.0.0/4"), "240.0.0.0-255.255.255.254 x1");
	assert_string_equal(
	    said, "left out of wider targets, since nobody named them: special-purpose "
		  "addresses\n"
		  "  255.255.255.255/32 Limited Broadcast (RFC 8190, RFC 919): TCP has no "
		  "connections to it\n");
	assert_string_equal(targets("::/112"), "::2-::ffff x1");
	words.targets = list;
	words.special = true;
	assert_string_equal(make(&words), "8.0.0.0-15.255.255.255 x1");
	assert_string_equal(said, "");
}

static void test_internet(void **state)
{
	static const char wanted[] = "1.0.0.0-9.255.255.255 11.0.0.0-100.63.255.255 "
				     "100.128.0.0-126.255.255.255 "
				     "128.0.0.0-169.253.255.255 169.255.0.0-172.15.255.255 "
				     "172.32.0.0-191.255.255.255 "
				     "192.0.1.0-192.0.1.255 192.0.3.0-192.31.195.255 "
				     "192.31.197.0-192.52.192.255 "
				     "192.52.194.0-192.88.98.255 192.88.100.0-192.167.255.255 "
				     "192.169.0.0-192.175.47.255 "
				     "192.175.49.0-198.17.255.255 198.20.0.0-198.51.99.255 "
				     "198.51.101.0-203.0.112.255 "
				     "203.0.114.0-223.255.255.255 x1";
	unsigned lines = 0;

	(void)state;
	assert_string_equal(targets("0.0.0.0/0"), wanted);
	for (const char *at = said; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 2 + 18);
	assert_string_equal(targets("0-255.0-255.0-255.0-255"), wanted);
}

static const char *ports(const char *list)
{
	char target[] = "10.0.0.1", *at[] = {target};
	struct scan_words words = {.targets = at, .target_count = 1, .ports = list};

	return make(&words);
}

static void test_ports(void **state)
{
	static const struct {
		const char *list, *wanted;
	} rows[] = {
	    {"22,80-90,443", "10.0.0.1 x13"},
	    {"-", "10.0.0.1 x65535"},
	    {"65000-", "10.0.0.1 x536"},
	    {"http,ftp-data,80", "10.0.0.1 x2"},
	    {"0", "error: '0' is no port: write 1 to 65535"},
	    {"65536", "error: '65536' is no port: write 1 to 65535"},
	    {"1-65536", "error: '65536' is no port: write 1 to 65535"},
	    {"90-80", "error: '90-80': the first port is above the last"},
	    {"1-2-3", "error: '2-3' is no port: write 1 to 65535"},
	    {"80,,90", "error: '80,,90': a port is missing there: write "
		       "22,80-90,http or - for all"},
	    {"", "error: '': a port is missing there: write 22,80-90,http or - for all"},
	    {"nonsense", "error: 'nonsense' is no port: neither a number nor a TCP service"},
	    {"99999999999999999999-1",
	     "error: '99999999999999999999-1' is no range of ports: write "
	     "80-90"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(ports(rows[i].list), rows[i].wanted);
	assert_string_equal(ports(NULL), "error: ports: none: name some, as in -p 22,80-90,http or "
					 "-p - for all, or give --top-ports");
}

static void test_top_ports(void **state)
{
	char target[] = "10.0.0.1", *at[] = {target};
	struct scan_words words = {.targets = at, .target_count = 1, .top_ports = 5};
	unsigned all;

	(void)state;
	assert_string_equal(make(&words), "10.0.0.1 x5");
	assert_string_equal(said, "");
	words.top_ports = 100000;
	assert_int_equal(sscanf(make(&words), "10.0.0.1 x%u", &all), 1);
	assert_true(all > 5);
	snprintf(text, sizeof(text),
		 "--top-ports 100000: the services database of this system has only "
		 "%u TCP ports\n",
		 all);
	assert_string_equal(said, text);
}

static void write_file(char path[32], const char *octets, size_t len)
{
	FILE *out;
	int fd;

	strcpy(path, "/tmp/targets.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	out = fdopen(fd, "w");
	assert_int_equal(fwrite(octets, 1, len, out), len);
	fclose(out);
}

static const char *from_file(const char *octets, size_t len, const char *exclude,
			     size_t exclude_len)
{
	struct scan_words words = {.ports = "80"};
	char path[32], exclude_path[32], *name, shown[sizeof(text)];

	write_file(path, octets, len);
	words.file = path;
	if (exclude) {
		write_file(exclude_path, exclude, exclude_len);
		words.exclude_file = exclude_path;
	}
	make(&words);
	unlink(path);
	if (exclude)
		unlink(exclude_path);
	name = strstr(text, "/tmp/targets.");
	if (name) {
		snprintf(shown, sizeof(shown), "%.*sFILE%s", (int)(name - text), text,
			 name + strlen(path));
		strcpy(text, shown);
	}
	return text;
}
#define FROM_FILE(octets)        from_file(octets, sizeof(octets) - 1, NULL, 0)
#define WITHOUT(octets, exclude) from_file(octets, sizeof(octets) - 1, exclude, sizeof(exclude) - 1)

static void test_files(void **state)
{
	struct scan_words words = {.ports = "80", .file = "/nowhere/at/all"};

	(void)state;
	assert_string_equal(
	    FROM_FILE("# a comment\n\n10.0.0.1 10.0.0.2\r\n\t10.0.0.4 # one\nfd00::1"),
	    "10.0.0.1-10.0.0.2 10.0.0.4 fd00::1 x1");
	assert_string_equal(FROM_FILE("10.0.0.1\n\n10.0.0.0/99\n10.0.0.2\n"),
			    "error: FILE:3: '10.0.0.0/99': a prefix of IPv4 has 0 to 32 bits");
	assert_string_equal(FROM_FILE("10.0.0.1\0 10.0.0.2"),
			    "error: FILE: no text: it has NULs in "
			    "it");
	assert_string_equal(
	    FROM_FILE("# nothing\n"),
	    "error: targets: none: name hosts, addresses, networks (10.0.0.0/24), or "
	    "a file (-f) that does");
	assert_string_equal(make(&words), "error: /nowhere/at/all: No such file or directory");
	words.file = "/";
	assert_string_equal(make(&words), "error: /: cannot read it: Is a directory");
}

static void test_excluded(void **state)
{
	struct scan_words words = {.ports = "80", .target_count = 1, .exclude_count = 2};
	char target[] = "10.0.0.0/29", *at[] = {target};
	char one[] = "10.0.0.1,10.0.0.3-10.0.0.4", two[] = "fd00::/16,10.0.0.7",
	     *exclude[] = {one, two};

	(void)state;
	words.targets = at;
	words.exclude = exclude;
	assert_string_equal(make(&words), "10.0.0.0 10.0.0.2 10.0.0.5-10.0.0.6 x1");
	assert_string_equal(one, "10.0.0.1,10.0.0.3-10.0.0.4");
	exclude[1] = (char[]){"10.0.0.300"};
	assert_string_equal(make(&words), "error: '10.0.0.300" NO_RANGE);
	exclude[1] = (char[]){"0.0.0.0/0"};
	assert_string_equal(make(&words), "error: targets: nothing is left of them when what is "
					  "excluded is taken away");
	assert_string_equal(WITHOUT("10.0.0.0/30", "10.0.0.0/31 # half\n"), "10.0.0.2-10.0.0.3 x1");
	assert_string_equal(
	    WITHOUT("10.0.0.0/30", "\n10.0.0./31\n"),
	    "error: FILE:2: '10.0.0./31': an address must stand before the /, as in "
	    "10.0.0.0/16 or fd00::/112");
}

static int forget_said(void **state)
{
	(void)state;
	free(said);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),     cmocka_unit_test(test_bad_words),
	    cmocka_unit_test(test_names),     cmocka_unit_test(test_special),
	    cmocka_unit_test(test_internet),  cmocka_unit_test(test_ports),
	    cmocka_unit_test(test_top_ports), cmocka_unit_test(test_files),
	    cmocka_unit_test(test_excluded),
	};

	return cmocka_run_group_tests(tests, NULL, forget_said);
}
