/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals -> flags. The one mutable global of the program is in signals.c. */
#ifndef SHAKEDOWN_CMD_SIGNALS_H
#define SHAKEDOWN_CMD_SIGNALS_H

#include "engine.h"

/* SIGINT, SIGTERM and SIGHUP stop, SIGQUIT asks for a summary; SIGPIPE becomes an error of the
 * write. All are blocked from here on, but for the engine's wait. */
const struct engine_signals *signals_take(void);

#endif
