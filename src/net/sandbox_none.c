/* SPDX-License-Identifier: BSD-2-Clause */
/* sandbox: the build without one; see sandbox.h for when it is chosen. */
#include "net/sandbox.h"

int sandbox_enter(enum sandbox_extra extra, struct err *err)
{
	(void)extra;
	(void)err;
	return 0;
}

bool sandbox_is_built(void)
{
	return false;
}
