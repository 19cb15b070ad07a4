/* SPDX-License-Identifier: BSD-2-Clause */
/* judge, of scenarios: the table of judgements. Names are stable: scripts, records and expectation
 * files have them. */
#include "script/result.h"

#include <assert.h>
#include <ctype.h>

static const struct judgement_info infos[] = {
    [JUDGE_PASS] = {"PASS", true, "what the RFCs ask for, every MUST and SHOULD satisfied"},
    [JUDGE_PASS_MAY] = {"PASS-MAY", true, "an alternative that the RFCs allow expressly"},
    [JUDGE_WARN] = {"WARN", false, "a SHOULD violated, or legal but harmful or rare"},
    [JUDGE_FAIL] = {"FAIL", false, "a MUST violated"},
    [JUDGE_HARDENED] = {"HARDENED", true, "not the RFCs' text, but a known deliberate hardening"},
    [JUDGE_APP] = {"APP", true, "the application, not the TCP, makes the difference"},
    [JUDGE_PATH] = {"PATH", false, "a device on the path answered or interfered"},
    [JUDGE_INCONCLUSIVE] = {"INCONCLUSIVE", false, "loss, rate limit or timeout: nothing is shown"},
    [JUDGE_SKIP] = {"SKIP", false, "not run, because it cannot be here"},
    [JUDGE_ERROR] = {"ERROR", false, "of the scenario or of this host, not of the server"},
};
static_assert(sizeof(infos) / sizeof(infos[0]) == JUDGE_COUNT, "a row for each judgement");

const struct judgement_info *judgement_info(enum judgement judgement)
{
	assert(judgement < JUDGE_COUNT);
	return &infos[judgement];
}

static char plain(char c)
{
	return c == '_' ? '-' : (char)toupper((unsigned char)c);
}

static bool same_name(const char *a, const char *b)
{
	while (*a && plain(*a) == plain(*b)) {
		a++;
		b++;
	}
	return *a == '\0' && *b == '\0';
}

enum judgement judgement_find(const char *name)
{
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		if (same_name(infos[i].name, name))
			return (enum judgement)i;
	return JUDGE_COUNT;
}

const char *profile_name(enum profile profile)
{
	static const char *const names[] = {
	    [PROFILE_QUICK] = "quick", [PROFILE_DEFAULT] = "default", [PROFILE_FULL] = "full"};

	static_assert(sizeof(names) / sizeof(names[0]) == PROFILE_COUNT, "every profile");
	return names[profile];
}
