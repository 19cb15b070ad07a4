/* SPDX-License-Identifier: BSD-2-Clause */
/* What scan_engine.c (the loop) and scan_engine_setup.c (opening and closing) share. */
#ifndef SHAKEDOWN_SCAN_ENGINE_INTERNAL_H
#define SHAKEDOWN_SCAN_ENGINE_INTERNAL_H

#include "net/capture.h"
#include "scan/pacer.h"
#include "scan_engine.h"
#include "wire/template.h"

#define SCAN_PORTS 16 /* of ours; each is guarded */

/* What differs between the IP versions. */
struct scan_family {
	bool used;
	struct ip_addr src;
	struct tcb_path path;
	struct template syn, reset;
	int guards[SCAN_PORTS];
};

struct scan_engine {
	struct scan_engine_config config;
	struct scan scan;
	struct flow_entry *entries;
	struct census census;
	struct census_memory memory;
	struct bulk *bulk;
	struct capture *capture;
	struct pacer pacer;
	struct scan_family four, six;
	uint8_t macs[2][6];
	uint64_t results;
	uint64_t drops_seen;
	int64_t started_ns, tick_at_ns; /* monotonic */
	bool stopping;
	bool broken; /* nothing can be sent, or heard, any more */
	struct err *err;
	struct scan_engine_stats stats;
};

static inline struct scan_family *scan_family(struct scan_engine *engine, enum ip_version version)
{
	return version == IP_V6 ? &engine->six : &engine->four;
}

#endif
