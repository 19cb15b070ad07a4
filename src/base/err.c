/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors that the outside world can cause: filling in the one struct that carries them. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, enum err_class class, const char *format, ...)
{
	va_list ap;

	if (!err || err->class != ERR_NONE)
		return -1;
	err->class = class;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return -1;
}
