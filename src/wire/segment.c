/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: the 12 bits of flags <-> packetdrill's letters. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "wire/segment.h"

static const struct {
	uint16_t flag; /* enum tcp_flag */
	char letter;
} flag_letters[] = {
    {TCP_SYN, 'S'}, {TCP_FIN, 'F'}, {TCP_RST, 'R'}, {TCP_PSH, 'P'}, {TCP_URG, 'U'},
    {TCP_ECE, 'E'}, {TCP_CWR, 'W'}, {TCP_AE, 'A'},  {TCP_ACK, '.'},
};
#define FLAG_LETTERS (sizeof(flag_letters) / sizeof(flag_letters[0]))
static_assert(FLAG_LETTERS < FLAGS_TEXT_MAX, "all letters and a NUL");

const char *flags_text(uint16_t flags, char text[FLAGS_TEXT_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < FLAG_LETTERS; i++)
		if (flags & flag_letters[i].flag)
			text[len++] = flag_letters[i].letter;
	if (len == 0)
		text[len++] = '-';
	text[len] = '\0';
	return text;
}

bool flags_parse(const char *text, uint16_t *flags)
{
	*flags = 0;
	for (; *text; text++) {
		size_t i = 0;

		while (i < FLAG_LETTERS && flag_letters[i].letter != *text)
			i++;
		if (i < FLAG_LETTERS)
			*flags |= flag_letters[i].flag;
		else if (*text != '-')
			return false;
	}
	return true;
}

const char *syn_text(const struct segment *syn, char text[SYN_TEXT_MAX])
{
	const struct tcp_options *options = &syn->options;
	char mss[16] = "", wscale[16] = "";

	if (options->has_mss)
		snprintf(mss, sizeof(mss), " mss %u", options->mss);
	if (options->has_wscale)
		snprintf(wscale, sizeof(wscale), " wscale %u", options->wscale);
	snprintf(text, SYN_TEXT_MAX, "win %u%s%s%s%s%s", syn->wnd, mss, wscale,
		 options->has_sack_permitted ? " sack" : "", options->has_timestamps ? " ts" : "",
		 syn->flags & TCP_ECE ? " ecn" : "");
	return text;
}
