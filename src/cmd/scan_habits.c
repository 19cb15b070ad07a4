/* SPDX-License-Identifier: BSD-2-Clause */
/* command: options of other scanners -> ours, for the error that refuses them. */
#include "cmd/scan_habits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Beginnings of words; an earlier row wins. */
static const struct {
	const char *word, *here;
} habits[] = {
    {"-sS", "here it is --syn, which is the default"},
    {"-sT", "here it is --handshake"},
    {"-sV", "versions are not asked for"},
    {"-sU", "it is all about TCP"},
    {"-sn", "name a port or two, and see which hosts answer"},
    {"-sP", "name a port or two, and see which hosts answer"},
    {"-sL", "here it is --dry-run"},
    {"-Pn", "no host is asked whether it is there before its ports are"},
    {"-PN", "no host is asked whether it is there before its ports are"},
    {"-T", "here it is --rate, and -W"},
    {"-F", "here it is --top-ports 100, which is the default"},
    {"-A", "systems and versions are not asked for"},
    {"-O", "systems are not asked for"},
    {"-n", "addresses are never looked up"},
    {"-v", "see --json for all that is known"},
    {"-r", "the order is always random, see --seed"},
    {"-e", "here it is -I"},
    {"-i", "here it is -f FILE"},
    {"-g", "source ports are chosen at random"},
    {"--source-port", "source ports are chosen at random"},
    {"--min-rate", "here it is --rate"},
    {"--max-rate", "here it is --rate"},
    {"--max-retries", "here it is --retries"},
    {"--initial-rtt-timeout", "here it is --timeout"},
    {"--max-rtt-timeout", "here it is --timeout"},
    {"--min-rtt-timeout", "here it is --timeout"},
    {"--host-timeout", "here it is --max-runtime, of all hosts together"},
    {"--excludefile", "here it is --exclude-file"},
    {"--blacklist", "here it is --exclude-file"},
    {"--blocklist", "here it is --exclude-file"},
    {"--includefile", "here it is --file"},
    {"--whitelist", "here it is --file"},
    {"--allowlist", "here it is --file"},
    {"--wait", "here it is --timeout"},
    {"--cooldown-time", "here it is --timeout"},
    {"--adapter", "here it is -I"},
    {"--target-port", "here it is -p"},
    {"--output-file", "here it is -o"},
    {"--banners", "see shakedown probe --send"},
};

static bool begins(const char *word, const char *with)
{
	return strncmp(word, with, strlen(with)) == 0;
}

/* Of "-sS" the refusal names but "-s". */
static const char *whole_word(int argc, char *const *argv, const char *named)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (begins(argv[i], named))
			return argv[i];
	return named;
}

int scan_habit(int argc, char *const *argv, const struct err *refused, struct err *err)
{
	const char *end = strstr(refused->text, ": no such option");
	char named[sizeof(refused->text)];
	const char *word;

	if (end) {
		snprintf(named, sizeof(named), "%.*s", (int)(end - refused->text), refused->text);
		word = whole_word(argc, argv, named);
		for (size_t n = 0; n < sizeof(habits) / sizeof(habits[0]); n++)
			if (begins(word, habits[n].word))
				return err_set(err, refused->class,
					       "%s: no such option: %s; see --help", word,
					       habits[n].here);
	}
	return err_set(err, refused->class, "%s", refused->text);
}
