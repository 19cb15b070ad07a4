/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of a scan: "22,80-90,http,-1024,60000-,-" -> a space's ports; and the first ones of the
 * system's services database.
 */
#ifndef SHAKEDOWN_CMD_SCAN_PORTS_H
#define SHAKEDOWN_CMD_SCAN_PORTS_H

#include "base/err.h"
#include "scan/space.h"

/* "-": all, 1 to 65535; an end that is left out is the first or the last of these. */
int scan_ports_add(struct space *space, const char *list, struct err *err);

/*
 * The `wanted` first TCP ports of the services database (getservent(3), on most systems
 * /etc/services), each counted once, in the order in which the database has them: it knows no
 * popularity. That order is by number on most systems, so that the well-known ports come first.
 * Returns how many there were, which may be fewer, or -1 with `err`.
 */
int scan_ports_add_top(struct space *space, int64_t wanted, struct err *err);

#endif
