/* SPDX-License-Identifier: BSD-2-Clause */
/* command: words and files -> the space of a scan. */
#include "cmd/scan_targets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/parse.h"
#include "cmd/ranges.h"
#include "cmd/scan_ports.h"
#include "cmd/special_ranges.h"
#include "net/resolve.h"

#define FILE_MAX   (UINT32_C(64) << 20)
#define RANGES_MAX (UINT32_C(1) << 22) /* 56 octets each, and twice that while they are merged */
#define NAMES_MAX  10000               /* each may take a name server's patience */
#define SIX_MAX    UINT32_MAX          /* last - first of a range of IPv6 */
#define SEPARATORS " \t\r\v\f,"

struct builder {
	const struct scan_words *words;
	struct space *space;
	bool excluding;
	uint32_t ranges, wanted, names;
	/* special ranges, a bit for each number: */
	uint64_t left_out;          /* those that were met, and left out */
	uint64_t outermost, no_tcp; /* those inside no other; those without TCP */
	const char *word;           /* the present one */
	struct err *err;
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, "memory: out of it");
}

static int add_range(struct builder *builder, const struct ip_addr *first,
		     const struct ip_addr *last)
{
	int (*add)(struct space *, const struct ip_addr *, const struct ip_addr *) =
	    builder->excluding ? space_exclude : space_add;

	if (builder->ranges++ == RANGES_MAX)
		return err_set(builder->err, ERR_USAGE,
			       "'%s': with this there are more than %" PRIu32
			       " separate ranges of addresses: write prefixes",
			       builder->word, RANGES_MAX);
	if (!builder->excluding)
		builder->wanted++;
	return add(builder->space, first, last) < 0 ? out_of_memory(builder->err) : 0;
}

/* Adds what is left of a range without the special ranges whose bit is set. */
static int add_without(struct builder *builder, uint64_t without, const struct ip_addr *first,
		       const struct ip_addr *last)
{
	struct ip_addr from = *first, low, high, before;

	for (unsigned i = 0; special_range(i); i++) {
		const struct special_range *range = special_range(i);

		if (!(without >> i & 1) || range->first.version != first->version)
			continue;
		addr_prefix(&range->first, range->prefix, &low, &high);
		if (addr_compare(&high, &from) < 0 || addr_compare(&low, last) > 0)
			continue;
		builder->left_out |= UINT64_C(1) << i;
		if (addr_compare(&low, &from) > 0 && addr_before(&low, &before) &&
		    add_range(builder, &from, &before) < 0)
			return -1;
		if (addr_compare(&high, last) >= 0 || !addr_after(&high, &from))
			return 0;
	}
	return add_range(builder, &from, last);
}

static void find_special(struct builder *builder)
{
	for (unsigned i = 0; special_range(i); i++) {
		if (special_range_outermost(special_range(i)))
			builder->outermost |= UINT64_C(1) << i;
		if (special_range(i)->no_tcp)
			builder->no_tcp |= UINT64_C(1) << i;
	}
}

/* Which special ranges a target does not mean: none where it is inside one, for then it was named
 * explicitly; but those without TCP ever. */
static uint64_t not_meant(const struct builder *builder, const struct range_set *set)
{
	if (builder->words->special || special_range_around(&set->first, &set->last))
		return builder->no_tcp;
	return builder->outermost | builder->no_tcp;
}

/* The range to all of which TCP has no connections. */
static const struct special_range *no_tcp_around(const struct builder *builder,
						 const struct range_set *set)
{
	struct ip_addr low, high;

	for (unsigned i = 0; special_range(i); i++) {
		const struct special_range *range = special_range(i);

		if (!(builder->no_tcp >> i & 1) || range->first.version != set->first.version)
			continue;
		addr_prefix(&range->first, range->prefix, &low, &high);
		if (addr_compare(&low, &set->first) <= 0 && addr_compare(&set->last, &high) <= 0)
			return range;
	}
	return NULL;
}

static int check_set(const struct builder *builder, const struct range_set *set)
{
	enum ip_version want = builder->words->version;
	const struct special_range *never = no_tcp_around(builder, set);

	if (want != IP_NONE && set->first.version != want)
		return err_set(builder->err, ERR_USAGE, "'%s' is IPv%u: leave out -%d",
			       builder->word, set->first.version, (int)want);
	if (set->first.version == IP_V6 && range_distance(&set->first, &set->last) > SIX_MAX)
		return err_set(
		    builder->err, ERR_USAGE,
		    "'%s': more than 2^32 addresses: a prefix of IPv6 has 96 bits or more "
		    "here; better name those that are in use",
		    builder->word);
	if (never)
		return err_set(builder->err, ERR_USAGE,
			       "'%s': %s: TCP has no connections to it (RFC 9293 section 3.9.2.3)",
			       builder->word, never->name);
	return 0;
}

static int add_set(struct builder *builder, const struct range_set *set)
{
	uint64_t without = 0;

	if (!builder->excluding) {
		if (check_set(builder, set) < 0)
			return -1;
		without = not_meant(builder, set);
	}
	for (uint32_t i = 0; i < range_set_count(set); i++) {
		struct ip_addr first, last;

		range_set_at(set, i, &first, &last);
		if (add_without(builder, without, &first, &last) < 0)
			return -1;
	}
	return 0;
}

static int add_address(void *to, const struct ip_addr *addr)
{
	const struct range_set set = {.first = *addr, .last = *addr};

	return add_set(to, &set);
}

static int add_name(struct builder *builder, const char *name)
{
	enum ip_version want = builder->excluding ? IP_NONE : builder->words->version;

	if (builder->names++ == NAMES_MAX)
		return err_set(builder->err, ERR_USAGE,
			       "'%s': with this there are more than %d names: look them up first",
			       name, NAMES_MAX);
	return resolve_all(name, want, add_address, builder, builder->err);
}

static int add_word(struct builder *builder, const char *word)
{
	struct range_set set;
	int rc = range_set_parse(word, &set, builder->err);

	builder->word = word;
	if (rc < 0)
		return -1;
	return rc > 0 ? add_set(builder, &set) : add_name(builder, word);
}

/* The words of a line, which is written to. */
static int add_words(struct builder *builder, char *line)
{
	char *rest = NULL;
	int rc = 0;

	for (char *word = strtok_r(line, SEPARATORS, &rest); word && rc == 0;
	     word = strtok_r(NULL, SEPARATORS, &rest))
		rc = add_word(builder, word);
	return rc;
}

/* What is wrong with a word is told with the place of the word before it. */
static int add_line(struct builder *builder, char *line, const char *path, size_t number)
{
	struct err why = {.class = ERR_NONE}, *err = builder->err;
	int rc;

	line[strcspn(line, "#")] = '\0';
	builder->err = &why;
	rc = add_words(builder, line);
	builder->err = err;
	if (rc < 0)
		err_set(err, why.class, "%s:%zu: %s", path, number, why.text);
	return rc;
}

static int add_file(struct builder *builder, const char *path)
{
	const char *name = strcmp(path, "-") == 0 ? "stdin" : path;
	uint8_t *octets;
	char *text, *next;
	size_t len, number = 0;
	int rc = 0;

	if (parse_file(path, FILE_MAX, &octets, &len, builder->err) < 0)
		return -1;
	if (memchr(octets, '\0', len)) {
		free(octets);
		return err_set(builder->err, ERR_USAGE, "%s: no text: it has NULs in it", name);
	}
	text = strndup((const char *)octets, len);
	free(octets);
	if (!text)
		return out_of_memory(builder->err);
	for (char *line = text; line && rc == 0; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		rc = add_line(builder, line, name, ++number);
	}
	free(text);
	return rc;
}

/* Of the command line: "-" is stdin, and may be read once. */
static int add_argument(struct builder *builder, const char *word)
{
	char *copy;
	int rc;

	if (strcmp(word, "-") == 0 && !builder->excluding)
		return add_file(builder, word);
	copy = strdup(word);
	if (!copy)
		return out_of_memory(builder->err);
	rc = add_words(builder, copy);
	free(copy);
	return rc;
}

static int add_targets(struct builder *builder)
{
	const struct scan_words *words = builder->words;

	for (int i = 0; i < words->target_count; i++)
		if (add_argument(builder, words->targets[i]) < 0)
			return -1;
	if (words->file && add_file(builder, words->file) < 0)
		return -1;
	if (builder->wanted > 0)
		return 0;
	if (builder->left_out != 0)
		return err_set(builder->err, ERR_USAGE,
			       "targets: nothing is left: all of them are special-purpose "
			       "addresses: name them one by one, or give --special");
	return err_set(builder->err, ERR_USAGE,
		       "targets: none: name hosts, addresses, networks (10.0.0.0/24), or a file "
		       "(-f) that does");
}

static int add_excluded(struct builder *builder)
{
	const struct scan_words *words = builder->words;

	builder->excluding = true;
	for (unsigned i = 0; i < words->exclude_count; i++)
		if (add_argument(builder, words->exclude[i]) < 0)
			return -1;
	return words->exclude_file ? add_file(builder, words->exclude_file) : 0;
}

static int add_ports(struct builder *builder, int *top)
{
	const struct scan_words *words = builder->words;

	*top = 0;
	if (words->ports && scan_ports_add(builder->space, words->ports, builder->err) < 0)
		return -1;
	if (words->top_ports > 0)
		*top = scan_ports_add_top(builder->space, words->top_ports, builder->err);
	if (*top < 0)
		return -1;
	if (!words->ports && words->top_ports <= 0)
		return err_set(builder->err, ERR_USAGE,
			       "ports: none: name some, as in -p 22,80-90,http or -p - for all, or "
			       "give --top-ports");
	return 0;
}

static void say_left_out(const struct builder *builder, FILE *out)
{
	char addr[ADDR_TEXT_MAX];
	bool hint = false;

	if (builder->left_out == 0)
		return;
	fputs("left out of wider targets, since nobody named them: special-purpose addresses\n",
	      out);
	for (unsigned i = 0; special_range(i); i++) {
		const struct special_range *range = special_range(i);

		if (!(builder->left_out >> i & 1))
			continue;
		fprintf(out, "  %s/%u %s (%s)%s\n", addr_text(&range->first, addr), range->prefix,
			range->name, range->rfc,
			range->no_tcp ? ": TCP has no connections to it" : "");
		hint |= !range->no_tcp;
	}
	if (hint)
		fputs("to scan them, name them as targets, or give --special\n", out);
}

static int say(const struct builder *builder, int top, char **said)
{
	int64_t wanted = builder->words->top_ports;
	size_t len;
	FILE *out = open_memstream(said, &len);

	if (!out)
		return out_of_memory(builder->err);
	say_left_out(builder, out);
	if (wanted > top)
		fprintf(out,
			"--top-ports %" PRId64
			": the services database of this system has only %d TCP port%s\n",
			wanted, top, top == 1 ? "" : "s");
	if (fclose(out) == 0)
		return 0;
	free(*said);
	*said = NULL;
	return out_of_memory(builder->err);
}

int scan_targets(const struct scan_words *words, struct space **space, char **said, struct err *err)
{
	struct builder builder = {.words = words, .space = space_new(), .err = err};
	int top;

	*space = NULL;
	*said = NULL;
	if (!builder.space)
		return out_of_memory(err);
	find_special(&builder);
	if (add_ports(&builder, &top) < 0 || add_targets(&builder) < 0 ||
	    add_excluded(&builder) < 0 || space_finish(builder.space, err) < 0 ||
	    say(&builder, top, said) < 0) {
		space_free(builder.space);
		return -1;
	}
	*space = builder.space;
	return 0;
}
