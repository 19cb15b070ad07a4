/* SPDX-License-Identifier: BSD-2-Clause */
/* command: errors -> one line on stderr and an exit status. */
#include "cmd/exit.h"

#include <stdio.h>

enum exit_status exit_with(const struct err *err)
{
	static const enum exit_status statuses[] = {
	    [ERR_NONE] = EXIT_AS_ASKED,
	    [ERR_USAGE] = EXIT_USAGE,
	    [ERR_CANNOT] = EXIT_CANNOT,
	    [ERR_INTERNAL] = EXIT_INTERNAL,
	};

	if (err->class != ERR_NONE)
		fprintf(stderr, "shakedown: %s\n", err->text);
	return statuses[err->class];
}
