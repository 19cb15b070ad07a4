/* SPDX-License-Identifier: BSD-2-Clause */
/* command: how far a scan is <-> its checkpoint file. */
#include "cmd/checkpoint.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC              "shakedown-checkpoint "
#define CHECKPOINT_VERSION 3
#define HEAD_MAX           512
#define NUMBER_MAX         17 /* with its end of line */
#define END_LEN            21 /* "end " and 16 digits, and its end of line */
#define FILE_MAX           (INT64_C(1) << 28)

/* FNV-1a, of eight octets a step as far as there are such: a million numbers are awaited at times,
 * and the scan waits. */
static uint64_t checksum(const char *text, size_t len)
{
	uint64_t value = UINT64_C(0xcbf29ce484222325), octets;

	for (; len >= sizeof(octets); len -= sizeof(octets), text += sizeof(octets)) {
		memcpy(&octets, text, sizeof(octets));
		value = (value ^ le64toh(octets)) * UINT64_C(0x100000001b3);
		value ^= value >> 32;
	}
	for (size_t i = 0; i < len; i++)
		value = (value ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return value;
}

/* --- writing --- */

/* Hexadecimal: there may be millions, and a division for each digit would show. */
static size_t put_number(char *at, uint64_t number)
{
	size_t len = 1;

	while (len < 16 && number >> 4 * len)
		len++;
	for (size_t i = len; i-- > 0; number >>= 4)
		at[i] = "0123456789abcdef"[number & 15];
	at[len] = '\n';
	return len + 1;
}

static size_t put_list(char *text, const struct checkpoint_list *list)
{
	size_t len = 0;

	for (uint64_t i = 0; i < list->count; i++)
		len += put_number(text + len, list->numbers[i]);
	return len;
}

/* The whole file, to be freed; NULL: no memory. */
static char *to_text(const struct checkpoint *checkpoint, size_t *len)
{
	const struct checkpoint_scan *scan = &checkpoint->scan;
	const struct checkpoint_list *awaited = &checkpoint->awaited;
	const struct checkpoint_list *wildcards = &checkpoint->wildcards;
	size_t room = HEAD_MAX + (awaited->count + wildcards->count) * NUMBER_MAX + END_LEN + 1;
	char *text = malloc(room);

	if (!text)
		return NULL;
	*len = (size_t)snprintf(
	    text, HEAD_MAX,
	    MAGIC "%d\nmode %s\nformat %s\nopen %d\ncontrols %d\nfingerprint %016" PRIx64
		  "\nseed %" PRIu64 "\nshard %" PRIu32 "/%" PRIu32 "\nposition %" PRIu64
		  "\nresults %" PRIu64 "\nrefused %" PRIu64 "\nawaited %" PRIu64
		  "\nwildcards %" PRIu64 "\n",
	    CHECKPOINT_VERSION, scan->mode, scan->format, scan->open_only, scan->controls,
	    scan->fingerprint, scan->seed, scan->shard, scan->shards, checkpoint->position,
	    checkpoint->results_len, checkpoint->not_taken, awaited->count, wildcards->count);
	*len += put_list(text + *len, awaited);
	*len += put_list(text + *len, wildcards);
	*len += (size_t)snprintf(text + *len, END_LEN + 1, "end %016" PRIx64 "\n",
				 checksum(text, *len));
	return text;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool new_name(const char *path, char name[PATH_MAX])
{
	return snprintf(name, PATH_MAX, "%s.new", path) < PATH_MAX;
}

static int fail(const char *path, int fd, int why, struct err *err)
{
	char name[PATH_MAX];

	if (fd >= 0) {
		close(fd);
		new_name(path, name);
		unlink(name);
	}
	return err_set(err, ERR_CANNOT, "%s: cannot write the checkpoint: %s", path, strerror(why));
}

int checkpoint_begin(const struct checkpoint *checkpoint, const char *path, int *fd,
		     struct err *err)
{
	char name[PATH_MAX], *text;
	size_t len = 0;
	int rc = -1, why;

	*fd = -1;
	errno = ENAMETOOLONG;
	if (new_name(path, name))
		*fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (*fd < 0)
		return fail(path, -1, errno, err);
	text = to_text(checkpoint, &len);
	if (text)
		rc = write_all(*fd, text, len);
	why = errno;
	free(text);
	if (rc < 0)
		return fail(path, *fd, why, err);
	/* where it cannot, there is more to wait for later */
	sync_file_range(*fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

int checkpoint_commit(const char *path, int fd, struct err *err)
{
	char name[PATH_MAX];

	if (!new_name(path, name) || fsync(fd) < 0 || rename(name, path) < 0)
		return fail(path, fd, errno, err);
	close(fd);
	return 0;
}

int checkpoint_write(const struct checkpoint *checkpoint, const char *path, struct err *err)
{
	int fd;

	if (checkpoint_begin(checkpoint, path, &fd, err) < 0)
		return -1;
	return checkpoint_commit(path, fd, err);
}

void checkpoint_remove(const char *path)
{
	char name[PATH_MAX];

	unlink(path);
	if (new_name(path, name))
		unlink(name);
}

/* --- reading --- */

static char *read_all(int fd, size_t *len)
{
	struct stat status;
	char *text;

	errno = EINVAL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > FILE_MAX)
		return NULL;
	text = malloc((size_t)status.st_size + 1);
	*len = 0;
	while (text && *len < (size_t)status.st_size) {
		ssize_t n = read(fd, text + *len, (size_t)status.st_size - *len);

		if (n < 0 && errno != EINTR) {
			free(text);
			return NULL;
		}
		if (n == 0)
			break;
		*len += n > 0 ? (size_t)n : 0;
	}
	if (text)
		text[*len] = '\0';
	return text;
}

static int check_whole(const char *text, size_t len, const char *path, struct err *err)
{
	const size_t magic = sizeof(MAGIC) - 1;
	char end[END_LEN + 1];

	if (len < magic || memcmp(text, MAGIC, magic) != 0)
		return err_set(
		    err, ERR_USAGE,
		    "--resume: %s: no checkpoint of a scan: name another file, or remove "
		    "it to begin anew",
		    path);
	if (strtoul(text + magic, NULL, 10) != CHECKPOINT_VERSION)
		return err_set(
		    err, ERR_USAGE,
		    "--resume: %s: a checkpoint of another version of shakedown: it says "
		    "%.8s, this one writes %d",
		    path, text + magic, CHECKPOINT_VERSION);
	if (len > END_LEN)
		snprintf(end, sizeof(end), "end %016" PRIx64 "\n", checksum(text, len - END_LEN));
	if (len <= END_LEN || memcmp(text + len - END_LEN, end, END_LEN) != 0)
		return err_set(err, ERR_USAGE,
			       "--resume: %s: the checkpoint is damaged: cut short, or changed",
			       path);
	return 0;
}

/* False: no memory, or not so many numbers. */
static bool take_list(struct checkpoint_list *list, uint64_t count, const char **text)
{
	for (uint64_t i = 0; i < count; i++) {
		char *end;

		if (!checkpoint_add(list, strtoull(*text, &end, 16)) || end == *text)
			return false;
		*text = end;
	}
	return true;
}

/* False: no memory, or not what to_text() writes. */
static bool from_text(struct checkpoint *checkpoint, const char *text)
{
	struct checkpoint_scan *scan = &checkpoint->scan;
	int open_only, controls, at = 0;
	uint64_t awaited, wildcards;

	if (sscanf(text,
		   MAGIC "%*d mode %15s format %15s open %d controls %d fingerprint %" SCNx64
			 " seed %" SCNu64 " shard %" SCNu32 "/%" SCNu32 " position %" SCNu64
			 " results %" SCNu64 " refused %" SCNu64 " awaited %" SCNu64
			 " wildcards %" SCNu64 "%n",
		   scan->mode, scan->format, &open_only, &controls, &scan->fingerprint, &scan->seed,
		   &scan->shard, &scan->shards, &checkpoint->position, &checkpoint->results_len,
		   &checkpoint->not_taken, &awaited, &wildcards, &at) != 13)
		return false;
	scan->open_only = open_only != 0;
	scan->controls = controls != 0;
	text += at;
	return take_list(&checkpoint->awaited, awaited, &text) &&
	       take_list(&checkpoint->wildcards, wildcards, &text) &&
	       strncmp(text, "\nend ", 5) == 0;
}

int checkpoint_read(struct checkpoint *checkpoint, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), rc = 1;
	char *text = NULL;
	size_t len = 0;

	*checkpoint = (struct checkpoint){.position = 0};
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0)
		text = read_all(fd, &len);
	if (!text)
		rc = err_set(err, ERR_USAGE, "--resume: %s: cannot read it: %s", path,
			     strerror(errno));
	else if (check_whole(text, len, path, err) < 0)
		rc = -1;
	else if (!from_text(checkpoint, text))
		rc = err_set(err, ERR_USAGE, "--resume: %s: the checkpoint makes no sense", path);
	if (fd >= 0)
		close(fd);
	free(text);
	return rc;
}

/* --- fitting --- */

static int differs(const char *path, const char *what, const char *there, const char *here,
		   struct err *err)
{
	return err_set(err, ERR_USAGE,
		       "--resume: %s: a checkpoint of another scan: %s: %s there, %s here", path,
		       what, there, here);
}

static int option_differs(const char *path, const char *option, bool there, struct err *err)
{
	return differs(path, option, there ? "given" : "not given", there ? "not given" : "given",
		       err);
}

int checkpoint_fits(const struct checkpoint *checkpoint, const char *path,
		    const struct checkpoint_scan *here, bool seed_asked, struct err *err)
{
	const struct checkpoint_scan *there = &checkpoint->scan;
	char one[32], two[32];

	if (strcmp(there->mode, here->mode) != 0)
		return differs(path, "mode", there->mode, here->mode, err);
	snprintf(one, sizeof(one), "%016" PRIx64, there->fingerprint);
	snprintf(two, sizeof(two), "%016" PRIx64, here->fingerprint);
	if (there->fingerprint != here->fingerprint)
		return differs(path, "targets, ports or exclusions (their fingerprint)", one, two,
			       err);
	snprintf(one, sizeof(one), "%" PRIu32 "/%" PRIu32, there->shard, there->shards);
	snprintf(two, sizeof(two), "%" PRIu32 "/%" PRIu32, here->shard, here->shards);
	if (strcmp(one, two) != 0)
		return differs(path, "shard", one, two, err);
	snprintf(one, sizeof(one), "%" PRIu64, there->seed);
	snprintf(two, sizeof(two), "%" PRIu64, here->seed);
	if (seed_asked && there->seed != here->seed)
		return differs(path, "seed", one, two, err);
	if (strcmp(there->format, here->format) != 0)
		return differs(path, "format of the results", there->format, here->format, err);
	if (there->open_only != here->open_only)
		return option_differs(path, "--open", there->open_only, err);
	if (there->controls != here->controls)
		return option_differs(path, "--controls", there->controls, err);
	return 0;
}

/* --- memory --- */

bool checkpoint_add(struct checkpoint_list *list, uint64_t number)
{
	if (list->count == list->room) {
		uint64_t room = list->room ? 2 * list->room : 1024;
		uint64_t *numbers = realloc(list->numbers, room * sizeof(*numbers));

		if (!numbers)
			return false;
		list->numbers = numbers;
		list->room = room;
	}
	list->numbers[list->count++] = number;
	return true;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	free(checkpoint->awaited.numbers);
	free(checkpoint->wildcards.numbers);
	*checkpoint = (struct checkpoint){.position = 0};
}
