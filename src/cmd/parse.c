/* SPDX-License-Identifier: BSD-2-Clause */
/* command: words -> values. */
#include "cmd/parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *suffix;
	double ns;
} units[] = {{"", 1e9},  {"ns", 1},   {"us", 1e3},  {"ms", 1e6},
	     {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

int parse_duration(const char *text, int64_t *ns, struct err *err)
{
	char *end;
	double value = isdigit((unsigned char)text[0]) || text[0] == '.' ? strtod(text, &end) : -1;

	for (size_t i = 0; value >= 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].suffix) != 0)
			continue;
		if (value * units[i].ns > 3600e9 * 24 * 365)
			return err_set(err, ERR_USAGE, "'%s' is longer than a year", text);
		*ns = (int64_t)(value * units[i].ns + 0.5);
		return 0;
	}
	return err_set(err, ERR_USAGE, "'%s' is no duration: write 2, 1.5s, 500ms, 20us or 3m",
		       text);
}

int parse_number(const char *text, int64_t min, int64_t max, int64_t *value, struct err *err)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	if (errno || end == text || *end || !isdigit((unsigned char)end[-1]) || *value < min ||
	    *value > max || isspace((unsigned char)text[0]))
		return err_set(err, ERR_USAGE, "'%s' is no number from %lld to %lld", text,
			       (long long)min, (long long)max);
	return 0;
}

int parse_port(const char *text, uint16_t *port, struct err *err)
{
	const struct servent *service;
	int64_t value;

	if (!isdigit((unsigned char)text[0])) {
		service = getservbyname(text, "tcp");
		if (!service)
			return err_set(err, ERR_USAGE,
				       "'%s' is no port: neither a number nor a TCP service", text);
		*port = ntohs((uint16_t)service->s_port);
		return 0;
	}
	if (parse_number(text, 1, 65535, &value, NULL) < 0)
		return err_set(err, ERR_USAGE, "'%s' is no port: write 1 to 65535", text);
	*port = (uint16_t)value;
	return 0;
}

static int hex_digits(const char **text, unsigned *value)
{
	unsigned n = 0;

	for (*value = 0; n < 2 && isxdigit((unsigned char)**text); n++, (*text)++)
		*value = *value * 16 + (unsigned)(isdigit((unsigned char)**text)
						      ? **text - '0'
						      : tolower((unsigned char)**text) - 'a' + 10);
	return n > 0 ? 0 : -1;
}

static void octal_digits(const char **text, unsigned *value)
{
	*value = 0;
	for (unsigned n = 0; n < 3 && **text >= '0' && **text <= '7'; n++, (*text)++)
		*value = *value * 8 + (unsigned)(**text - '0');
}

/* One escape behind its backslash; -1 if there is no such. */
static int escape(const char **text, unsigned *value)
{
	static const char names[] = "nrtabfve\\\"'", values[] = "\n\r\t\a\b\f\v\033\\\"'";
	const char *name = **text ? strchr(names, **text) : NULL;

	if (name) {
		*value = (unsigned char)values[name - names];
		(*text)++;
		return 0;
	}
	if (**text == 'x') {
		(*text)++;
		return hex_digits(text, value);
	}
	if (**text < '0' || **text > '7')
		return -1;
	octal_digits(text, value);
	return *value <= 255 ? 0 : -1;
}

int parse_escapes(const char *text, uint8_t **octets, size_t *len, struct err *err)
{
	uint8_t *out = malloc(strlen(text) + 1);

	*len = 0;
	if (!out)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	while (*text) {
		unsigned value = (unsigned char)*text;

		if (*text++ == '\\' && escape(&text, &value) < 0) {
			free(out);
			return err_set(err, ERR_USAGE,
				       "a backslash is followed by '%.4s': C escapes are \\n \\r "
				       "\\t \\\\ \\xHH \\OOO",
				       text);
		}
		out[(*len)++] = (uint8_t)value;
	}
	*octets = out;
	return 0;
}

static int read_all(FILE *in, size_t max, uint8_t **octets, size_t *len)
{
	size_t room = 65536;
	uint8_t *out = malloc(room), *more;

	*len = 0;
	while (out) {
		*len += fread(out + *len, 1, room - *len, in);
		if (*len < room || *len > max)
			break;
		room *= 2;
		more = realloc(out, room);
		if (!more)
			free(out);
		out = more;
	}
	*octets = out;
	return out && !ferror(in) ? 0 : -1;
}

int parse_file(const char *path, size_t max, uint8_t **octets, size_t *len, struct err *err)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	int rc;

	if (!in)
		return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	rc = read_all(in, max, octets, len);
	if (rc < 0)
		err_set(err, ERR_USAGE, "%s: cannot read it: %s", path, strerror(errno));
	else if (*len > max)
		rc = err_set(err, ERR_USAGE, "%s: longer than %zu octets", path, max);
	if (in != stdin)
		fclose(in);
	if (rc < 0) {
		free(*octets);
		*octets = NULL;
	}
	return rc;
}
