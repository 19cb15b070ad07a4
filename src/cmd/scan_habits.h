/* SPDX-License-Identifier: BSD-2-Clause */
/* `shakedown scan`: what users of nmap, zmap and masscan write -> what it is called here. */
#ifndef SHAKEDOWN_CMD_SCAN_HABITS_H
#define SHAKEDOWN_CMD_SCAN_HABITS_H

/* Of the command line's words, the first one that is an option of theirs: what to write instead;
 * NULL: there is none. `*word` is that word. */
const char *scan_habit(int argc, char *const *argv, const char **word);

#endif
