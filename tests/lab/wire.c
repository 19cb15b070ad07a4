/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: joins two network interfaces and delays, loses, duplicates, reorders and corrupts frames.
 * In: two interface names, the settings. Out: each frame at (kernel's receive stamp + delay) on
 * the other interface; "ready" and at the end a summary on stdout; a log of all decisions.
 * Jitter alone never reorders; --reorder does. The delay is for all frames, the rest for TCP
 * only unless --all is given: address resolution then works whatever the percentages.
 */
#define _GNU_SOURCE 1 /* ppoll(), sendmmsg() */
#include "wire.h"
#include "labutil.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { RECEIVE_BATCH = 256, SEND_BATCH = 64, LONGEST_WAIT = 100000000 };

static volatile sig_atomic_t stop_asked;

struct wire {
	struct impair impair;
	struct way ways[2];
	const char *devices[2];
	FILE *log;
	bool precise;
	int64_t runtime_ns, flushed_ns;
};

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

static _Noreturn void die(const char *who, const char *why)
{
	fprintf(stderr, "wire: %s: %s\n", who, why);
	exit(1);
}

/* --- the command line --- */

static bool set_option(struct wire *wire, const char *name, const char *value)
{
	struct impair *impair = &wire->impair;
	const struct {
		const char *name;
		int64_t *duration, *number;
		uint64_t *percent;
	} options[] = {{"--delay", &impair->delay_ns, NULL, NULL},
		       {"--jitter", &impair->jitter_ns, NULL, NULL},
		       {"--reorder-delay", &impair->reorder_delay_ns, NULL, NULL},
		       {"--runtime", &wire->runtime_ns, NULL, NULL},
		       {"--seed", NULL, &impair->seed, NULL},
		       {"--loss", NULL, NULL, &impair->loss},
		       {"--duplicate", NULL, NULL, &impair->duplicate},
		       {"--reorder", NULL, NULL, &impair->reorder},
		       {"--corrupt", NULL, NULL, &impair->corrupt}};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].name, name))
			return options[i].duration ? labutil_duration(value, options[i].duration)
			       : options[i].number ? labutil_number(value, options[i].number)
						   : labutil_percent(value, options[i].percent);
	if (!strcmp(name, "--only"))
		return !strcmp(value, "tcp");
	if (strcmp(name, "--log") != 0)
		die(name, "usage: wire DEVICE DEVICE [--delay DUR] [--jitter DUR] [--loss PCT]"
			  " [--duplicate PCT] [--reorder PCT] [--reorder-delay DUR]"
			  " [--corrupt PCT] [--seed N] [--log FILE] [--only tcp | --all]"
			  " [--precise] [--runtime DUR]");
	wire->log = fopen(value, "we");
	return wire->log;
}

static void parse(struct wire *wire, int argc, char **argv)
{
	int devices = 0;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--precise")) {
			wire->precise = true;
		} else if (!strcmp(argv[i], "--all")) {
			wire->impair.all = true;
		} else if (argv[i][0] != '-') {
			if (devices == 2)
				die(argv[i], "a third interface");
			wire->devices[devices++] = argv[i];
		} else {
			const char *value = i + 1 < argc ? argv[i + 1] : "";

			if (!set_option(wire, argv[i], value))
				die(argv[i], "bad value");
			i++;
		}
	}
	if (devices != 2)
		die("two interfaces", "are what it takes (see wire --help)");
}

/* --- frames --- */

static struct frame *keep(const uint8_t *octets, size_t len)
{
	struct frame *frame = malloc(sizeof(*frame) + len);

	if (!frame)
		return NULL;
	memset(frame, 0, sizeof(*frame));
	frame->len = len;
	memcpy(frame->octets, octets, len);
	return frame;
}

static void enqueue(struct way *way, struct frame *frame)
{
	if (frame && queue_add(&way->queue, frame))
		return;
	way->count.queue_drops++;
	free(frame);
}

static void set_departure(const struct wire *wire, struct way *way, struct frame *frame)
{
	frame->due_ns = frame->rx_ns + wire->impair.delay_ns + frame->fate.jitter_ns;
	if (frame->fate.reorder) {
		frame->due_ns += wire->impair.reorder_delay_ns;
		return;
	}
	if (frame->due_ns < way->last_due_ns)
		frame->due_ns = way->last_due_ns;
	way->last_due_ns = frame->due_ns;
}

static void count_fate(struct counters *count, const struct fate *fate)
{
	count->dropped += fate->drop;
	count->duplicated += fate->duplicate;
	count->reordered += fate->reorder;
	count->corrupted += fate->corrupt;
}

static void meet(struct wire *wire, struct way *way, const uint8_t *octets, size_t len,
		 int64_t stamp_ns)
{
	struct summary summary;
	struct frame *frame = keep(octets, len), *copy = NULL;

	way->count.received++;
	if (!frame) {
		way->count.queue_drops++;
		return;
	}
	frame->rx_ns = stamp_ns;
	log_look(octets, len, false, &summary);
	if (summary.tcp || wire->impair.all) {
		frame->number = ++way->count.eligible;
		frame->fate = fate_decide(&wire->impair, way->index, frame->number);
		frame->fate.corrupt = frame->fate.corrupt && summary.ip_len;
		count_fate(&way->count, &frame->fate);
	}
	if (frame->fate.drop) {
		if (wire->log)
			log_frame(wire->log, way, frame, 0);
		free(frame);
		return;
	}
	set_departure(wire, way, frame);
	if (frame->fate.corrupt) {
		frame->flipped = summary.ip_at * 8 + frame->fate.bit % (summary.ip_len * 8);
		fate_flip(frame);
	}
	if (frame->fate.duplicate) {
		copy = malloc(sizeof(*copy) + len);
		if (copy) {
			memcpy(copy, frame, sizeof(*copy) + len);
			copy->copy = true;
		}
		enqueue(way, frame);
		enqueue(way, copy);
		return;
	}
	enqueue(way, frame);
}

static bool receive(struct wire *wire, struct way *way)
{
	const uint8_t *octets;
	size_t len, wire_len;
	int64_t stamp_ns;
	int got = 0;

	while (got < RECEIVE_BATCH &&
	       (octets = ring_next(&way->ring, &len, &wire_len, &stamp_ns))) {
		if (len < wire_len)
			way->count.truncated++; /* an offload is on: this cannot be carried */
		else
			meet(wire, way, octets, len, stamp_ns);
		ring_done(&way->ring);
		got++;
	}
	return got > 0;
}

/* Take what is due from the queue into a batch. */
static unsigned int gather(struct way *way, int64_t now_ns, struct frame **batch)
{
	unsigned int n = 0;

	while (n < SEND_BATCH && way->queue.count && queue_first(&way->queue)->due_ns <= now_ns)
		batch[n++] = queue_take(&way->queue);
	return n;
}

static void departed(struct wire *wire, struct way *way, struct frame *frame, int64_t now_ns)
{
	way->count.sent++;
	if (now_ns - frame->due_ns > way->count.late_max_ns)
		way->count.late_max_ns = now_ns - frame->due_ns;
	if (wire->log)
		log_frame(wire->log, way, frame, now_ns);
}

static void send_due(struct wire *wire, struct way *way)
{
	struct frame *batch[SEND_BATCH];
	struct mmsghdr headers[SEND_BATCH] = {0};
	struct iovec parts[SEND_BATCH];
	int64_t now_ns = labutil_now_ns(CLOCK_REALTIME);
	unsigned int n = gather(way, now_ns, batch), sent = 0, refused = 0;

	for (unsigned int i = 0; i < n; i++) {
		parts[i] = (struct iovec){batch[i]->octets, batch[i]->len};
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < n) {
		int got = sendmmsg(way->out, headers + sent, n - sent, 0);

		/* a full buffer passes; but whatever it is, it is not waited for without end */
		if (got < 0 && (errno == ENOBUFS || errno == EAGAIN) && refused++ < 1000)
			continue;
		for (int i = 0; i < got; i++)
			departed(wire, way, batch[sent + (unsigned int)i], now_ns);
		if (got <= 0) {
			way->count.send_errors++;
			got = 1;
		}
		sent += (unsigned int)got;
	}
	for (unsigned int i = 0; i < n; i++)
		free(batch[i]);
}

/* --- the loop --- */

/* A signal can slip in just before the wait: so it is a short one. */
static void pause_until(struct wire *wire, int64_t end_ns)
{
	struct pollfd fds[2] = {{wire->ways[0].ring.fd, POLLIN, 0},
				{wire->ways[1].ring.fd, POLLIN, 0}};
	int64_t left_ns, now_ns = labutil_now_ns(CLOCK_REALTIME), until_ns = now_ns + LONGEST_WAIT;
	struct timespec limit;

	if (end_ns < until_ns)
		until_ns = end_ns;
	for (int i = 0; i < 2; i++) {
		const struct frame *first = queue_first(&wire->ways[i].queue);

		if (first && first->due_ns < until_ns)
			until_ns = first->due_ns;
	}
	left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	limit = (struct timespec){left_ns / NS_PER_S, left_ns % NS_PER_S};
	ppoll(fds, 2, &limit, NULL);
}

static void forward(struct wire *wire)
{
	int64_t now_ns = labutil_now_ns(CLOCK_REALTIME), end_ns = now_ns + wire->runtime_ns;

	while (!stop_asked && now_ns < end_ns) {
		bool busy = false;

		for (int i = 0; i < 2; i++) {
			busy |= receive(wire, &wire->ways[i]);
			send_due(wire, &wire->ways[i]);
		}
		now_ns = labutil_now_ns(CLOCK_REALTIME);
		if (busy)
			continue;
		if (wire->log && now_ns - wire->flushed_ns > NS_PER_S / 20) {
			fflush(wire->log);
			wire->flushed_ns = now_ns;
		}
		if (!wire->precise)
			pause_until(wire, end_ns);
	}
}

static void print_summary(struct wire *wire, int64_t ran_ns)
{
	printf("{\"ran_ns\":%" PRId64, ran_ns);
	for (int i = 0; i < 2; i++) {
		const struct way *way = &wire->ways[i];
		const struct counters *count = &way->count;

		printf(",\"%s\":{\"received\":%" PRIu64 ",\"eligible\":%" PRIu64
		       ",\"sent\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"duplicated\":%" PRIu64
		       ",\"reordered\":%" PRIu64 ",\"corrupted\":%" PRIu64,
		       way->name, count->received, count->eligible, count->sent, count->dropped,
		       count->duplicated, count->reordered, count->corrupted);
		printf(",\"held\":%zu,\"truncated\":%" PRIu64 ",\"queue_drops\":%" PRIu64
		       ",\"ring_drops\":%" PRIu64 ",\"send_errors\":%" PRIu64
		       ",\"late_max_ns\":%" PRId64 "}",
		       way->queue.count, count->truncated, count->queue_drops,
		       ring_drops(&way->ring), count->send_errors, count->late_max_ns);
	}
	printf("}\n");
}

int main(int argc, char **argv)
{
	static struct wire wire = {.runtime_ns = 300 * NS_PER_S,
				   .impair = {.seed = 1, .reorder_delay_ns = NS_PER_S / 100}};
	struct sigaction action = {.sa_handler = on_signal};
	int64_t start_ns;

	parse(&wire, argc, argv);
	for (int i = 0; i < 2; i++) {
		wire.ways[i].name = i ? "ba" : "ab";
		wire.ways[i].index = i;
		ring_open(&wire.ways[i].ring, wire.devices[i]);
		wire.ways[i].out = out_open(wire.devices[!i]);
	}
	if (wire.precise)
		setpriority(PRIO_PROCESS, 0, -20); /* if it may */
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	printf("ready\n");
	fflush(stdout);
	start_ns = labutil_now_ns(CLOCK_MONOTONIC);
	forward(&wire);
	print_summary(&wire, labutil_now_ns(CLOCK_MONOTONIC) - start_ns);
	if (wire.log)
		fclose(wire.log);
	return 0;
}
