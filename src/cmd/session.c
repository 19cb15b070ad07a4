/* SPDX-License-Identifier: BSD-2-Clause */
/* A session: settings -> everything open that a run needs, in the order that privileges ask for. */
#include "cmd/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/privilege.h"
#include "net/sandbox.h"

#define TIMELINE_SEGMENTS 128
#define SNAP_LEN          256  /* all headers; of many probes at once */
#define SNAP_LEN_WHOLE    2048 /* for a few: so that every checksum can be verified */
#define FEW_TARGETS       64

/* "GET / HTTP/1.1", as RFC 9112 wants it; the server is asked to close where it is to close. */
static int http_request(const struct session *session, const struct target *target,
			uint8_t **request, struct err *err)
{
	bool v6 = strchr(target->host, ':') != NULL;
	char port[8] = "";
	char *text;
	int len;

	if (target->port != 80)
		snprintf(port, sizeof(port), ":%u", target->port);
	len = asprintf(&text,
		       "GET %s HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: shakedown/%s\r\nAccept: "
		       "*/*\r\n%s\r\n",
		       session->settings->http_path, v6 ? "[" : "", target->host, v6 ? "]" : "",
		       port, SHAKEDOWN_VERSION,
		       session->settings->plan.close == PLAN_CLOSE_SERVER ? "Connection: close\r\n"
									  : "");
	if (len < 0)
		return err_set(err, ERR_INTERNAL, "memory: out of it");
	*request = (uint8_t *)text;
	return len;
}

static int make_target(struct session *session, size_t i, struct err *err)
{
	const struct target *from = &session->settings->targets.at[i];
	struct engine_target *to = &session->targets[i];
	uint8_t *request = NULL;
	int len;

	to->addr = from->addr;
	to->port = from->port;
	to->scope_ifindex = from->scope_ifindex;
	to->error = from->error ? strdup(from->error) : NULL;
	to->request = session->settings->send;
	to->request_len = (uint32_t)session->settings->send_len;
	if (!session->settings->http_path)
		return 0;
	len = http_request(session, from, &request, err);
	if (len < 0)
		return -1;
	to->request = request;
	to->request_len = (uint32_t)len;
	return 0;
}

int session_targets(struct session *session, struct probe_settings *settings, struct err *err)
{
	size_t count = settings->targets.count;

	session->settings = settings;
	targets_resolve(&settings->targets, settings->version);
	session->targets = calloc(count, sizeof(*session->targets));
	if (!session->targets)
		return err_set(err, ERR_INTERNAL, "memory: too many targets");
	for (size_t i = 0; i < count; i++)
		if (make_target(session, i, err) < 0)
			return -1;
	return 0;
}

void session_frame(void *arg, const struct frame *frame)
{
	struct session *session = arg;
	struct savefile_frame save = {.octets = frame->octets,
				      .captured = frame->captured,
				      .wire_len = frame->wire_len,
				      .stamp_ns = frame->stamp_ns,
				      .link = frame->link};

	if (session->savefile)
		savefile_write(session->savefile, &save);
}

void session_config(struct session *session, struct engine_config *config)
{
	const struct probe_settings *settings = session->settings;
	bool terminal_ladder = settings->ladder == CHOICE_AUTO && settings->targets.count == 1;
	bool timeline = settings->segments || settings->explain || settings->ladder == CHOICE_YES ||
			terminal_ladder;
	bool whole = settings->pcap || settings->targets.count <= FEW_TARGETS;

	*config = (struct engine_config){
	    .plan = &settings->plan,
	    .targets = session->targets,
	    .target_count = (uint32_t)settings->targets.count,
	    .key_fd = -1,
	    .rounds = (uint32_t)settings->count,
	    .interval_ns = settings->interval_ns,
	    .rate = (uint32_t)settings->rate,
	    .max_live = (uint32_t)settings->parallel,
	    .deadline_ns = settings->deadline_ns,
	    .source_port = (uint16_t)settings->source_port,
	    .timeline_capacity = timeline ? TIMELINE_SEGMENTS : 0,
	    .snap_len = whole ? SNAP_LEN_WHOLE : SNAP_LEN,
	    .tstamp_type = settings->tstamp_type,
	    .guard = !settings->no_guard,
	};
	if (settings->from && addr_parse(settings->from, &session->from))
		config->src = &session->from;
	else
		config->device = settings->from;
}

/* Privileges are given up before any file of the user's is opened, and the system calls that open
 * files before the first packet. */
int session_open(struct session *session, const struct engine_config *config, struct err *err)
{
	const struct probe_settings *settings = session->settings;
	bool low_port = settings->source_port > 0 && settings->source_port < 1024;

	session->engine = engine_open(config, err);
	if (!session->engine || privilege_drop(low_port, err) < 0 ||
	    output_open(&session->output, settings, err) < 0)
		return -1;
	if (settings->pcap) {
		session->savefile = savefile_open(settings->pcap, engine_link_type(session->engine),
						  config->snap_len, err);
		if (!session->savefile)
			return -1;
	}
	if (!settings->no_sandbox)
		/* a kernel without seccomp is no reason not to go on */
		sandbox_enter(settings->replaces_file ? SANDBOX_RENAME : SANDBOX_PLAIN, NULL);
	return 0;
}

void session_close(struct session *session, struct err *err)
{
	struct probe_settings *settings = session->settings;

	if (session->output.style.out)
		output_close(&session->output, err);
	savefile_close(session->savefile, err);
	engine_close(session->engine);
	for (size_t i = 0; session->targets && i < settings->targets.count; i++) {
		free(session->targets[i].error);
		if (settings->http_path)
			free((void *)(uintptr_t)session->targets[i].request);
	}
	free(session->targets);
	if (settings)
		probe_settings_free(settings);
}
