/* SPDX-License-Identifier: BSD-2-Clause */
/* What scan.c (what goes next) and scan_answers.c (what came) share. */
#ifndef SHAKEDOWN_SCAN_SCAN_INTERNAL_H
#define SHAKEDOWN_SCAN_SCAN_INTERNAL_H

#include "scan/scan.h"

/* Of a flow_entry's flags: its answers may be meant for a SYN of before. */
#define SCAN_POSTPONED 1

/* The target that this is: index, our port, ISS. False: it is none. */
bool scan_recognise(const struct scan *scan, const struct endpoint *remote, struct scan_item *item);

/* Its place among those that count what is under way to each host. */
uint32_t scan_host_of(const struct ip_addr *addr);

#endif
