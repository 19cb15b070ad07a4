/* SPDX-License-Identifier: BSD-2-Clause */
/* command: signals -> flags. */
#include "cmd/signals.h"

#include <string.h>

static struct engine_signals flags;

static void on_stop(int number)
{
	(void)number;
	flags.stop++;
}

static void on_interim(int number)
{
	(void)number;
	flags.interim++;
}

const struct engine_signals *signals_take(void)
{
	static const int stops[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;
	sigset_t blocked;

	memset(&action, 0, sizeof(action));
	sigemptyset(&blocked);
	action.sa_handler = on_stop;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		sigaction(stops[i], &action, NULL);
		sigaddset(&blocked, stops[i]);
	}
	action.sa_handler = on_interim;
	sigaction(SIGQUIT, &action, NULL);
	sigaddset(&blocked, SIGQUIT);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	return &flags;
}
