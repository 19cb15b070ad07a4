/* SPDX-License-Identifier: BSD-2-Clause */
/* Scripts for the machine, their notation: between packetdrill's text and a segment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tcp_script.h"

static const char flag_letters[] = "FSRP.UEWA"; /* in the order of the flags' bits */

static bool parse_flags(const char **at, uint16_t *flags)
{
	*flags = 0;
	for (; **at != ' '; (*at)++) {
		const char *letter = strchr(flag_letters, **at);

		if (**at == '-')
			continue;
		if (!letter || **at == '\0')
			return false;
		*flags |= (uint16_t)(1U << (letter - flag_letters));
	}
	return true;
}

/* A number, which may be negative; false if there is none. */
static bool parse_number(const char **at, uint32_t *value)
{
	char *end;
	long long number;

	while (**at == ' ')
		(*at)++;
	number = strtoll(*at, &end, 10);
	if (end == *at)
		return false;
	*at = end;
	*value = (uint32_t)number;
	return true;
}

static bool skip_word(const char **at, const char *word)
{
	const char *from = *at + strspn(*at, " ,");

	if (strncmp(from, word, strlen(word)) != 0)
		return false;
	*at = from + strlen(word);
	return true;
}

static bool parse_sack(const char **at, struct tcp_options *options)
{
	while (options->sack_count < SACK_BLOCKS_MAX) {
		struct seq_range *block = &options->sack[options->sack_count];

		if (!parse_number(at, &block->start))
			break;
		if (!skip_word(at, ":") || !parse_number(at, &block->end))
			return false;
		options->sack_count++;
	}
	return true;
}

static bool parse_option(const char **at, struct tcp_options *options)
{
	uint32_t value = 0;

	if (skip_word(at, "mss")) {
		options->has_mss = parse_number(at, &value);
		options->mss = (uint16_t)value;
	} else if (skip_word(at, "wscale")) {
		options->has_wscale = parse_number(at, &value);
		options->wscale = (uint8_t)value;
	} else if (skip_word(at, "sackOK")) {
		options->has_sack_permitted = true;
	} else if (skip_word(at, "sack")) {
		return parse_sack(at, options);
	} else if (skip_word(at, "TS val")) {
		options->has_timestamps = parse_number(at, &options->tsval) &&
					  skip_word(at, "ecr") && parse_number(at, &options->tsecr);
		return options->has_timestamps;
	} else {
		return false;
	}
	return true;
}

bool script_parse(const char *text, struct script_line *line)
{
	const char *at = text;
	struct segment *seg = &line->seg;
	uint32_t end = 0, value = 0;

	memset(line, 0, sizeof(*line));
	if (!parse_flags(&at, &seg->flags) || !parse_number(&at, &seg->seq) ||
	    !skip_word(&at, ":") || !parse_number(&at, &end) || !skip_word(&at, "(") ||
	    !parse_number(&at, &seg->data_len) || !skip_word(&at, ")") ||
	    end - seg->seq != seg->data_len)
		return false;
	seg->wnd = 10000;
	if (skip_word(&at, "ack") && !parse_number(&at, &seg->ack))
		return false;
	if (skip_word(&at, "win")) {
		line->has_wnd = parse_number(&at, &value);
		seg->wnd = (uint16_t)value;
	}
	if (skip_word(&at, "<")) {
		line->has_options = true;
		while (!skip_word(&at, ">"))
			if (!parse_option(&at, &seg->options))
				return false;
	}
	return *at == '\0';
}

static void format_options(const struct tcp_options *options, uint32_t ack, FILE *out)
{
	fputs(" <", out);
	if (options->has_mss)
		fprintf(out, "mss %u,", options->mss);
	if (options->has_sack_permitted)
		fputs("sackOK,", out);
	if (options->has_timestamps)
		fprintf(out, "TS val %u ecr %u,", options->tsval, options->tsecr);
	if (options->has_wscale)
		fprintf(out, "wscale %u,", options->wscale);
	if (options->sack_count > 0)
		fputs("sack", out);
	for (unsigned i = 0; i < options->sack_count; i++)
		fprintf(out, " %d:%d", (int32_t)(options->sack[i].start - ack),
			(int32_t)(options->sack[i].end - ack));
	fputs(">", out);
}

void script_format(const struct segment *seg, uint32_t seq, uint32_t ack, char *text, unsigned size)
{
	FILE *out = fmemopen(text, size, "w");

	if (!out)
		abort();
	for (unsigned bit = 0; flag_letters[bit]; bit++)
		if (seg->flags & 1U << bit)
			fputc(flag_letters[bit], out);
	fprintf(out, " %d:%d(%u)", (int32_t)(seg->seq - seq),
		(int32_t)(seg->seq - seq + seg->data_len), seg->data_len);
	if (seg->flags & TCP_ACK)
		fprintf(out, " ack %d", (int32_t)(seg->ack - ack));
	fprintf(out, " win %u", seg->wnd);
	format_options(&seg->options, ack, out);
	fclose(out);
}
