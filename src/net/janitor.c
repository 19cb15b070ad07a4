/* SPDX-License-Identifier: BSD-2-Clause */
/* The janitor: a ledger of open connections + the end of its owner -> RSTs. */
#include "net/janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/privilege.h"
#include "wire/craft.h"

struct entry {
	atomic_bool open; /* the rest is valid */
	struct flow flow;
	uint32_t seqs[2];
};

struct janitor {
	struct entry *ledger; /* shared with the process */
	size_t ledger_len;
	uint32_t slots;
	int pipe; /* our end: open for as long as we live */
	pid_t pid;
};

static void reset(struct sender *sender, const struct flow *flow, uint32_t seq)
{
	const struct ip_fields ip = {.ttl = 64, .df = true};
	const struct segment seg = {.seq = seq, .flags = TCP_RST};
	const struct craft_request request = {.flow = flow, .ip = &ip, .seg = &seg};
	uint8_t packet[CRAFT_HEADERS_MAX];

	sender_send(sender, packet, craft_packet(&request, packet, sizeof(packet)), NULL);
}

static void clean_up(struct sender *sender, const struct entry *ledger, uint32_t slots)
{
	for (uint32_t i = 0; i < slots; i++) {
		const struct entry *entry = &ledger[i];

		if (!atomic_load(&entry->open))
			continue;
		reset(sender, &entry->flow, entry->seqs[0]);
		if (entry->seqs[1] != entry->seqs[0])
			reset(sender, &entry->flow, entry->seqs[1]);
	}
}

/* The process: it sleeps in read() until the pipe has no writer any more. */
static _Noreturn void wait_for_end(struct sender *sender, const struct janitor *janitor, int pipe)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	ssize_t n;
	char byte;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	setsid();
	prctl(PR_SET_NAME, "shakedown-clean");
	privilege_drop(false, NULL);
	do
		n = read(pipe, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	clean_up(sender, janitor->ledger, janitor->slots);
	_exit(0);
}

static int make_ledger(struct janitor *janitor, uint32_t slots)
{
	void *shared;

	janitor->slots = slots;
	janitor->ledger_len = slots * sizeof(*janitor->ledger);
	shared = mmap(NULL, janitor->ledger_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		return -1;
	janitor->ledger = shared;
	return 0;
}

static void release(struct janitor *janitor)
{
	if (janitor->ledger)
		munmap(janitor->ledger, janitor->ledger_len);
	free(janitor);
}

struct janitor *janitor_start(struct sender *sender, uint32_t slots, struct err *err)
{
	struct janitor *janitor = calloc(1, sizeof(*janitor));
	int ends[2];

	if (!janitor || make_ledger(janitor, slots) < 0) {
		err_set(err, ERR_INTERNAL, "memory: no room for the ledger of open connections");
		goto fail;
	}
	if (pipe2(ends, O_CLOEXEC) < 0) {
		err_set(err, ERR_CANNOT, "janitor: pipe: %s", strerror(errno));
		goto fail;
	}
	janitor->pid = fork();
	if (janitor->pid == 0) {
		close(ends[1]);
		wait_for_end(sender, janitor, ends[0]);
	}
	close(ends[0]);
	janitor->pipe = ends[1];
	if (janitor->pid > 0)
		return janitor;
	err_set(err, ERR_CANNOT, "janitor: fork: %s: raise the limit of processes (ulimit -u)",
		strerror(errno));
	close(ends[1]);
fail:
	if (janitor)
		release(janitor);
	return NULL;
}

void janitor_note(struct janitor *janitor, uint32_t slot, const struct flow *flow,
		  const uint32_t seqs[2])
{
	struct entry *entry = &janitor->ledger[slot];

	atomic_store(&entry->open, false); /* we may be killed between two lines */
	entry->flow = *flow;
	entry->seqs[0] = seqs[0];
	entry->seqs[1] = seqs[1];
	atomic_store(&entry->open, true);
}

void janitor_clear(struct janitor *janitor, uint32_t slot)
{
	atomic_store(&janitor->ledger[slot].open, false);
}

void janitor_stop(struct janitor *janitor)
{
	if (!janitor)
		return;
	close(janitor->pipe);
	while (waitpid(janitor->pid, NULL, 0) < 0 && errno == EINTR)
		;
	release(janitor);
}
