/* SPDX-License-Identifier: BSD-2-Clause */
/* What a scan would do: its plan and its first segments, on stdout. Nothing is sent, and no
 * privilege needed. -1 with `err`: it cannot be told, or the scan would be refused, and why. */
#ifndef SHAKEDOWN_CMD_SCAN_DRY_H
#define SHAKEDOWN_CMD_SCAN_DRY_H

#include "cmd/scan_settings.h"
#include "scan/space.h"

int scan_dry_run(const struct scan_settings *settings, const struct space *space, struct err *err);

#endif
