/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The janitor: a small process of our own that waits for our end, and resets at the servers what we
 * could not: after kill -9 or a crash, too.
 *
 * It shares a ledger of open connections with us and holds the reading end of a pipe. When the pipe
 * closes, for whatever reason, it sends a RST for each connection that the ledger still has, and
 * ends. It leads a session of its own, so that signals for our process group do not reach it, and
 * has no privileges: its sender was opened before.
 */
#ifndef SHAKEDOWN_NET_JANITOR_H
#define SHAKEDOWN_NET_JANITOR_H

#include <stdint.h>

#include "base/err.h"
#include "net/send.h"
#include "wire/segment.h"

struct janitor;

/* Starts it, with a ledger of `slots` connections. To be called before captures are opened, which
 * it must not keep. */
struct janitor *janitor_start(struct sender *sender, uint32_t slots, struct err *err);

/* The connection in `slot` is open: RSTs at these two numbers would end it (they may be equal). */
void janitor_note(struct janitor *janitor, uint32_t slot, const struct flow *flow,
		  const uint32_t seqs[2]);
void janitor_clear(struct janitor *janitor, uint32_t slot);

/* Ends it: what is in the ledger still is reset. Waits for its end. NULL is allowed. */
void janitor_stop(struct janitor *janitor);

#endif
