/* SPDX-License-Identifier: BSD-2-Clause */
/* report: octets that nobody vouches for -> text for terminals, TAP, YAML, XML. */
#include "report/escape.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "report/json.h"

/* One character: its number and its octets; `len` 0 where the octet is no UTF-8. */
struct character {
	uint32_t code;
	unsigned len;
	const char *octets;
};

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static struct character character_at(const unsigned char *s)
{
	static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	struct character c = {.len = utf8_len(s), .octets = (const char *)s};

	c.code = s[0] & first_bits[c.len];
	for (unsigned i = 1; i < c.len; i++)
		c.code = c.code << 6 | (s[i] & 0x3fu);
	return c;
}

/* C0, DEL, C1: a terminal would act on them. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static bool is_space(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r';
}

static void put_as_is(FILE *out, const struct character *c)
{
	fwrite(c->octets, 1, c->len, out);
}

static void put_line(FILE *out, const struct character *c)
{
	if (c->len == 0)
		putc('?', out);
	else if (is_control(c->code))
		putc(is_space(c->code) ? ' ' : '?', out);
	else
		put_as_is(out, c);
}

static void put_ascii(FILE *out, const struct character *c)
{
	if (c->len > 1)
		putc('?', out);
	else
		put_line(out, c);
}

static void put_tap(FILE *out, const struct character *c)
{
	if (c->len == 0)
		fputs(REPLACEMENT, out);
	else if (c->code == '#' || c->code == '\\')
		fprintf(out, "\\%c", (char)c->code);
	else
		put_line(out, c);
}

static void put_quoted(FILE *out, const struct character *c)
{
	if (c->len == 0)
		fputs("\\ufffd", out);
	else if (c->code == '"' || c->code == '\\')
		fprintf(out, "\\%c", (char)c->code);
	else if (is_control(c->code) || c->code == 0xfffe || c->code == 0xffff)
		fprintf(out, "\\u%04x", (unsigned)c->code);
	else
		put_as_is(out, c);
}

/* XML 1.0, production 2: Char. What is no UTF-8 is none, nor are surrogates, which are no UTF-8. */
static bool is_xml(const struct character *c)
{
	return c->len > 0 && (c->code >= 0x20 || is_space(c->code)) &&
	       (c->code < 0xfffe || c->code > 0xffff);
}

static void put_xml(FILE *out, const struct character *c)
{
	if (!is_xml(c))
		fputs(REPLACEMENT, out);
	else if (c->code == '<')
		fputs("&lt;", out);
	else if (c->code == '>')
		fputs("&gt;", out);
	else if (c->code == '&')
		fputs("&amp;", out);
	else if (c->code == '\r') /* a parser would make a line's end of it */
		fputs("&#13;", out);
	else
		put_as_is(out, c);
}

static void put_attribute(FILE *out, const struct character *c)
{
	if (c->len == 1 && (is_space(c->code) || c->code == '"' || c->code == '\''))
		fprintf(out, "&#%u;", (unsigned)c->code);
	else
		put_xml(out, c);
}

void escape_put(FILE *out, enum escape how, const char *text)
{
	static void (*const puts_of[])(FILE * out, const struct character *c) = {
	    [ESCAPE_LINE] = put_line, [ESCAPE_ASCII] = put_ascii,
	    [ESCAPE_TAP] = put_tap,   [ESCAPE_QUOTED] = put_quoted,
	    [ESCAPE_XML] = put_xml,   [ESCAPE_ATTRIBUTE] = put_attribute,
	};
	static_assert(sizeof(puts_of) / sizeof(puts_of[0]) == ESCAPE_COUNT, "one for each");

	while (*text) {
		struct character c = character_at((const unsigned char *)text);

		puts_of[how](out, &c);
		text += c.len > 0 ? c.len : 1;
	}
}
