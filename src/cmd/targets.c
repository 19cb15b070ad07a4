/* SPDX-License-Identifier: BSD-2-Clause */
/* command: words and files -> targets. */
#include "cmd/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"
#include "net/resolve.h"

#define FILE_MAX (UINT32_C(64) << 20)

/* host[0..host_len) and port text -> one more target. */
static int add(struct targets *targets, const char *host, size_t host_len, const char *port,
	       struct err *err)
{
	struct target *target, *more;
	int bracket = memchr(host, ':', host_len) != NULL;
	char *text = NULL;

	if (targets->count == targets->room) {
		targets->room = targets->room ? targets->room * 2 : 16;
		more = realloc(targets->at, targets->room * sizeof(*more));
		if (!more)
			return err_set(err, ERR_INTERNAL, "memory: too many targets");
		targets->at = more;
	}
	target = &targets->at[targets->count];
	*target = (struct target){.text = NULL};
	if (host_len == 0)
		return err_set(err, ERR_USAGE, "':%s': no host before the port", port);
	if (parse_port(port, &target->port, err) < 0)
		return -1;
	if (asprintf(&text, bracket ? "[%.*s]:%u" : "%.*s:%u", (int)host_len, host, target->port) <
	    0)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	target->text = text;
	target->host = strndup(host, host_len);
	targets->count++;
	return 0;
}

/* "HOST:PORT" or "[V6]:PORT". */
static int add_word(struct targets *targets, const char *word, struct err *err)
{
	const char *colon = strrchr(word, ':');
	const char *end = strchr(word, ']');

	if (word[0] == '[') {
		if (!end || end[1] != ':')
			return err_set(err, ERR_USAGE, "'%s': write [V6-ADDRESS]:PORT", word);
		return add(targets, word + 1, (size_t)(end - word - 1), end + 2, err);
	}
	if (!colon)
		return err_set(err, ERR_USAGE, "'%s': no port: write %s:PORT, or HOST PORT", word,
			       word);
	if (strchr(word, ':') != colon)
		return err_set(
		    err, ERR_USAGE,
		    "'%s': an IPv6 address needs brackets: [ADDRESS]:PORT, or ADDRESS PORT", word);
	return add(targets, word, (size_t)(colon - word), colon + 1, err);
}

/* Is the second of two words a port by itself, right or wrong, so that the first is a host? */
static int is_pair(const char *first, const char *second)
{
	uint16_t port;
	struct ip_addr addr;

	if (strchr(second, ':'))
		return 0;
	if (parse_port(second, &port, NULL) < 0)
		return !strchr(first, ':');
	return !strchr(first, ':') || addr_parse(first, &addr) || strchr(first, '%');
}

static int add_pair(struct targets *targets, const char *host, const char *port, struct err *err)
{
	size_t len = strlen(host);

	if (host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	return add(targets, host, len, port, err);
}

int targets_add_words(struct targets *targets, int argc, char **argv, struct err *err)
{
	if (argc == 2 && is_pair(argv[0], argv[1]))
		return add_pair(targets, argv[0], argv[1], err);
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0) {
			if (targets_add_file(targets, "-", err) < 0)
				return -1;
		} else if (add_word(targets, argv[i], err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int add_line(struct targets *targets, char *line, struct err *err)
{
	char *rest = NULL, *words[3] = {NULL};
	int n = 0;

	line[strcspn(line, "#\r\n")] = '\0';
	for (char *word = strtok_r(line, " \t", &rest); word && n < 3;
	     word = strtok_r(NULL, " \t", &rest))
		words[n++] = word;
	if (n == 0)
		return 0;
	if (n == 1)
		return add_word(targets, words[0], err);
	if (n == 2)
		return add_pair(targets, words[0], words[1], err);
	return err_set(err, ERR_USAGE, "'%s %s %s': one target a line", words[0], words[1],
		       words[2]);
}

int targets_add_file(struct targets *targets, const char *path, struct err *err)
{
	uint8_t *octets;
	size_t len, number = 1;
	char *text, *line, *next;
	int rc = 0;

	if (parse_file(path, FILE_MAX, &octets, &len, err) < 0)
		return -1;
	text = strndup((const char *)octets, len);
	free(octets);
	if (!text)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	for (line = text; line && rc == 0; line = next, number++) {
		struct err why = {.class = ERR_NONE};

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		rc = add_line(targets, line, &why);
		if (rc < 0)
			err_set(err, why.class, "%s, line %zu: %s", path, number, why.text);
	}
	free(text);
	return rc;
}

void targets_resolve(struct targets *targets, enum ip_version want)
{
	for (size_t i = 0; i < targets->count; i++) {
		struct target *target = &targets->at[i];
		struct err err = {.class = ERR_NONE};

		if (resolve_host(target->host, want, &target->addr, &target->scope_ifindex, &err) <
		    0)
			target->error = strdup(err.text);
	}
}

void targets_free(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		free(targets->at[i].text);
		free(targets->at[i].host);
		free(targets->at[i].error);
	}
	free(targets->at);
}
