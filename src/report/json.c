/* SPDX-License-Identifier: BSD-2-Clause */
/* report, its JSON: members -> one line. RFC 8259. */
#include "report/json.h"

#include <inttypes.h>
#include <string.h>

unsigned utf8_len(const unsigned char *s)
{
	unsigned len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	if (s[0] >= 0x80 && (s[0] < 0xc2 || s[0] > 0xf4))
		return 0;
	for (unsigned i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static void put_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	putc('"', out);
	while (*s) {
		unsigned len = utf8_len(s);

		if (len == 0)
			fputs("\\ufffd", out);
		else if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20)
			fprintf(out, "\\u%04x", *s);
		else
			fwrite(s, 1, len, out);
		s += len > 0 ? len : 1;
	}
	putc('"', out);
}

static void put_key(struct json *json, const char *key)
{
	if (json->comma)
		putc(',', json->out);
	json->comma = true;
	put_string(json->out, key);
	putc(':', json->out);
}

void jsonl_begin(struct json *json, FILE *out)
{
	*json = (struct json){.out = out};
	putc('{', out);
}

void jsonl_end(struct json *json)
{
	fputs("}\n", json->out);
}

void jsonl_open(struct json *json, const char *key)
{
	put_key(json, key);
	putc('{', json->out);
	json->comma = false;
}

void jsonl_close(struct json *json)
{
	putc('}', json->out);
	json->comma = true;
}

void jsonl_text(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	if (text)
		put_string(json->out, text);
	else
		fputs("null", json->out);
}

void jsonl_int(struct json *json, const char *key, int64_t value)
{
	put_key(json, key);
	fprintf(json->out, "%" PRId64, value);
}

void jsonl_int_or_null(struct json *json, const char *key, bool known, int64_t value)
{
	if (known)
		jsonl_int(json, key, value);
	else
		jsonl_null(json, key);
}

void jsonl_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void jsonl_null(struct json *json, const char *key)
{
	jsonl_text(json, key, NULL);
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* RFC 8259 section 6. */
static bool is_number(const char *text)
{
	size_t n;

	text += *text == '-';
	n = digits(text);
	if (n == 0 || (n > 1 && *text == '0'))
		return false;
	text += n;
	if (*text == '.') {
		n = digits(text + 1);
		if (n == 0)
			return false;
		text += 1 + n;
	}
	if (*text == 'e' || *text == 'E') {
		text += 1 + (text[1] == '+' || text[1] == '-');
		n = digits(text);
		if (n == 0)
			return false;
		text += n;
	}
	return *text == '\0';
}

void jsonl_literal(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	if (is_number(text) || strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		fputs(text, json->out);
	else
		fputs("null", json->out);
}

void jsonl_flags(struct json *json, const char *key, unsigned bits,
		 const char *(*name)(unsigned bit))
{
	bool comma = false;

	put_key(json, key);
	putc('[', json->out);
	for (unsigned bit = 1; bit <= bits; bit <<= 1) {
		if (!(bits & bit))
			continue;
		if (comma)
			putc(',', json->out);
		comma = true;
		put_string(json->out, name(bit));
	}
	putc(']', json->out);
}
