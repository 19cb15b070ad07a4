/* SPDX-License-Identifier: BSD-2-Clause */
/* bulk_selftest: the state of one run. */
#ifndef LAB_BULK_SELFTEST_H
#define LAB_BULK_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "net/bulk.h"
#include "net/capture.h"
#include "wire/template.h"

#define TEMPLATES      8
#define SELFTEST_PORT  40000
#define SELFTEST_PORTS 100

struct selftest {
	struct bulk *bulk;
	struct capture *capture;
	FILE *file;
	struct template templates[TEMPLATES];
	struct ip_addr src[2], dst[2], nowhere; /* IPv4, IPv6; without a route */
	uint32_t count, made;
	int slow_ms;
	bool stay, refuse;
	uint32_t answers, own; /* captured: RSTs, and SYNs, which can only be ours */
	int refused_reason;
	unsigned failures, kept; /* of bulk_flush(); those that kept all frames */
	struct err failed, err;
};

#endif
