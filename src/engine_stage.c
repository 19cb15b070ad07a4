/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine as a stage for scripts: calls of a player -> connections, crafted segments. */
#include "engine_internal.h"
#include "net/clock.h"

static int64_t now_ns(void *arg)
{
	(void)arg;
	return clock_monotonic_ns();
}

static struct probe *open_connection(void *arg, const struct stage_open *open, uint32_t *handle,
				     const char **error)
{
	struct engine *engine = arg;
	const struct engine_target *target = &engine->config.targets[open->target];
	struct probe *probe;

	*error = NULL;
	if (target->capture < 0) {
		*error = target->error;
		return NULL;
	}
	if (engine->free_count == 0 || engine->stopping)
		return NULL;
	probe = live_open(engine, open, handle);
	if (!probe)
		*error = engine->live[*handle].err.text;
	return probe;
}

static void send_crafted(void *arg, uint32_t handle, const struct stage_segment *segment)
{
	struct engine *engine = arg;
	struct live *live = &engine->live[handle];
	const struct craft_request request = {.flow = &live->probe.flow,
					      .ip = &segment->ip,
					      .seg = &segment->seg,
					      .faults = &segment->faults};
	const struct probe_output nothing = {.count = 0};

	scripted_crafted(&live->probe, &segment->seg, segment->count);
	live_send(engine, live, &request);
	live_settle(engine, handle, &nothing);
}

static void settle(void *arg, uint32_t handle, const struct probe_output *out)
{
	live_settle(arg, handle, out);
}

void engine_stage(struct engine *engine, struct stage *stage)
{
	*stage = (struct stage){.arg = engine,
				.now_ns = now_ns,
				.open = open_connection,
				.send = send_crafted,
				.settle = settle};
}
