/* SPDX-License-Identifier: BSD-2-Clause */
/* bulk over AF_XDP where configure has found no libxdp: says that it is not there. */
#include <stddef.h>

#include "net/bulk_ways.h"

static void *xdp_open(const char *device, struct err *err)
{
	err_set(err, ERR_CANNOT, "%s: send: this build has no AF_XDP (it was made without libxdp)",
		device);
	return NULL;
}

const struct bulk_functions bulk_xdp = {
    .name = "AF_XDP",
    .ethernet = true,
    .open = xdp_open,
};
