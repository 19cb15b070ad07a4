/* SPDX-License-Identifier: BSD-2-Clause */
/* command: words -> ranges of addresses. RFC 4632 section 3.1, RFC 4291 section 2.3. */
#include "cmd/ranges.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"

#define WORD_MAX 256

static unsigned octets_of(const struct ip_addr *addr)
{
	return addr->version == IP_V6 ? 16 : 4;
}

/* --- arithmetic --- */

static unsigned __int128 number_of(const struct ip_addr *addr)
{
	unsigned __int128 number = 0;

	for (unsigned i = 0; i < octets_of(addr); i++)
		number = number << 8 | addr->octets[i];
	return number;
}

uint64_t range_distance(const struct ip_addr *first, const struct ip_addr *last)
{
	unsigned __int128 distance = number_of(last) - number_of(first);

	return distance >> 64 ? UINT64_MAX : (uint64_t)distance;
}

/* --- words --- */

static int parse_prefix(const char *word, const char *slash, struct range_set *set, struct err *err)
{
	char text[WORD_MAX];
	struct ip_addr addr;
	int64_t prefix;

	memcpy(text, word, (size_t)(slash - word));
	text[slash - word] = '\0';
	if (!addr_parse(text, &addr))
		return err_set(err, ERR_USAGE,
			       "'%s': an address must stand before the /, as in 10.0.0.0/16 or "
			       "fd00::/112",
			       word);
	if (parse_number(slash + 1, 0, 8 * octets_of(&addr), &prefix, NULL) < 0)
		return err_set(err, ERR_USAGE, "'%s': a prefix of IPv%u has 0 to %u bits", word,
			       addr.version, 8 * octets_of(&addr));
	addr_prefix(&addr, (unsigned)prefix, &set->first, &set->last);
	return 1;
}

/* 0: the word is no A-B. */
static int parse_pair(const char *word, struct range_set *set, struct err *err)
{
	const char *dash = strchr(word, '-');
	char text[WORD_MAX];

	memcpy(text, word, (size_t)(dash - word));
	text[dash - word] = '\0';
	if (!addr_parse(text, &set->first))
		return 0;
	if (!addr_parse(dash + 1, &set->last)) {
		/* 10.0.0.5-9 is a range of octets */
		if (set->first.version == IP_V4 && !strchr(dash + 1, '.'))
			return 0;
		return err_set(err, ERR_USAGE, "'%s': '%s' is no address", word, dash + 1);
	}
	if (set->first.version != set->last.version)
		return err_set(err, ERR_USAGE, "'%s': one address of IPv4, one of IPv6", word);
	if (addr_compare(&set->first, &set->last) > 0)
		return err_set(err, ERR_USAGE, "'%s': the first address is above the last", word);
	return 1;
}

static const char *parse_octet(const char *at, uint8_t *octet)
{
	unsigned value = 0, digits = 0;

	for (; isdigit((unsigned char)*at) && digits < 3; digits++)
		value = 10 * value + (unsigned)(*at++ - '0');
	if (digits == 0 || value > 255)
		return NULL;
	*octet = (uint8_t)value;
	return at;
}

/* "10.0.0-3.1-254": the word consists of digits, dots and dashes. */
static int parse_octets(const char *word, struct range_set *set, struct err *err)
{
	const char *at = word;

	set->octets = true;
	set->first.version = set->last.version = IP_V4;
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0 && *at++ != '.')
			goto fail;
		at = parse_octet(at, &set->low[i]);
		set->high[i] = set->low[i];
		if (at && *at == '-')
			at = parse_octet(at + 1, &set->high[i]);
		if (!at)
			goto fail;
		if (set->low[i] > set->high[i])
			return err_set(err, ERR_USAGE, "'%s': %u-%u counts down", word, set->low[i],
				       set->high[i]);
	}
	if (*at)
		goto fail;
	memcpy(set->first.octets, set->low, 4);
	memcpy(set->last.octets, set->high, 4);
	return 1;
fail:
	return err_set(err, ERR_USAGE,
		       "'%s': no IPv4 address and no range of them: write 10.0.0.1, 10.0.0.0/24, "
		       "10.0.0-3.1-254 or 10.0.0.5-10.0.0.9",
		       word);
}

/* "[fd00::1]", "[fd00::]/112" -> without brackets. */
static int strip_brackets(const char *word, char text[WORD_MAX], struct err *err)
{
	const char *end = strchr(word, ']');

	if (!end || (end[1] != '\0' && end[1] != '/'))
		return err_set(err, ERR_USAGE,
			       "'%s': write [V6-ADDRESS] or [V6-ADDRESS]/BITS; ports go to -p",
			       word);
	memcpy(text, word + 1, (size_t)(end - word - 1));
	strcpy(text + (end - word - 1), end + 1);
	if (strchr(text, ':') == NULL)
		return err_set(err, ERR_USAGE, "'%s': brackets are for addresses of IPv6", word);
	return 0;
}

static int refuse_colon(const char *word, struct err *err)
{
	const char *colon = strchr(word, ':');

	if (strchr(word, '%'))
		return err_set(err, ERR_USAGE,
			       "'%s': there is no place for an interface here: leave out %s", word,
			       strchr(word, '%'));
	if (strrchr(word, ':') == colon)
		return err_set(err, ERR_USAGE,
			       "'%s': ports go to -p, for all targets alike: write %.*s -p %s",
			       word, (int)(colon - word), word, colon + 1);
	return err_set(err, ERR_USAGE, "'%s': no address of IPv6, nor a range of them", word);
}

int range_set_parse(const char *word, struct range_set *set, struct err *err)
{
	char text[WORD_MAX];
	const char *slash;
	int rc;

	memset(set, 0, sizeof(*set));
	if (strlen(word) >= sizeof(text))
		return err_set(err, ERR_USAGE, "'%.40s...': too long for a target", word);
	if (word[0] == '[') {
		if (strip_brackets(word, text, err) < 0)
			return -1;
		word = text;
	}
	slash = strchr(word, '/');
	if (slash)
		return parse_prefix(word, slash, set, err);
	if (addr_parse(word, &set->first)) {
		set->last = set->first;
		return 1;
	}
	rc = strchr(word, '-') ? parse_pair(word, set, err) : 0;
	if (rc != 0)
		return rc;
	memset(set, 0, sizeof(*set));
	if (word[strspn(word, "0123456789.-")] == '\0')
		return parse_octets(word, set, err);
	return strchr(word, ':') ? refuse_colon(word, err) : 0;
}

/* --- octets -> ranges --- */

/* Octets that all are behind this one make no gaps. */
static unsigned last_with_gaps(const struct range_set *set)
{
	unsigned last = 3;

	while (last > 0 && set->low[last] == 0 && set->high[last] == 255)
		last--;
	return last;
}

uint32_t range_set_count(const struct range_set *set)
{
	uint32_t count = 1;

	for (unsigned i = 0; set->octets && i < last_with_gaps(set); i++)
		count *= (uint32_t)(set->high[i] - set->low[i] + 1);
	return count;
}

void range_set_at(const struct range_set *set, uint32_t number, struct ip_addr *first,
		  struct ip_addr *last)
{
	*first = set->first;
	*last = set->last;
	if (!set->octets)
		return;
	for (unsigned i = last_with_gaps(set); i-- > 0;) {
		uint32_t width = (uint32_t)(set->high[i] - set->low[i] + 1);

		first->octets[i] = last->octets[i] = (uint8_t)(set->low[i] + number % width);
		number /= width;
	}
}
