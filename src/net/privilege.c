/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Privileges: is CAP_NET_RAW here, and giving everything up once the sockets are open (libcap-ng).
 * In: the process as it was started. Out: the same process without any power.
 */
#include "net/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where a path is longer, the shell is asked for it. */
#define PATH_SHOWN_MAX 256

const char *privilege_remedy(char text[PRIVILEGE_REMEDY_MAX])
{
	char path[PATH_SHOWN_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

	if (len <= 0 || len == (ssize_t)sizeof(path))
		len = snprintf(path, sizeof(path), "\"$(command -v shakedown)\"");
	snprintf(text, PRIVILEGE_REMEDY_MAX,
		 "run it as root, or give it the capability once: "
		 "sudo setcap cap_net_raw+ep %.*s",
		 (int)len, path);
	return text;
}

/* Why there is no CAP_NET_RAW, in the order in which the remedy differs. */
static int refuse(int reason, struct err *err)
{
	char remedy[PRIVILEGE_REMEDY_MAX];

	if (reason != EPERM && reason != EACCES)
		return err_set(err, ERR_CANNOT, "raw socket: %s", strerror(reason));
	capng_get_caps_process();
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW))
		return err_set(err, ERR_CANNOT,
			       "raw socket: CAP_NET_RAW is here, but not for this network "
			       "namespace (or a security module forbids it): in a user namespace "
			       "of your own make the network namespace too (unshare -Urn)");
	if (!capng_have_capability(CAPNG_BOUNDING_SET, CAP_NET_RAW))
		return err_set(err, ERR_CANNOT,
			       "raw socket: no CAP_NET_RAW, and the bounding set forbids to gain "
			       "it: start the container with it (--cap-add=NET_RAW)");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return err_set(err, ERR_CANNOT,
			       "raw socket: no CAP_NET_RAW, and no_new_privs forbids to gain it: "
			       "start it from an ordinary shell, outside of the sandbox");
	return err_set(err, ERR_CANNOT, "raw socket: no CAP_NET_RAW: %s", privilege_remedy(remedy));
}

/* Opening one is the only question whose answer covers user namespaces and security modules. */
int privilege_check(struct err *err)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return refuse(errno, err);
	close(fd);
	return 0;
}

/* Back to the real user and group of a set-user-ID or set-group-ID program; saved ids too. */
static int drop_ids(bool keep_caps, struct err *err)
{
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (geteuid() == uid && getegid() == gid)
		return 0;
	if (keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		return err_set(err, ERR_CANNOT, "privileges: keepcaps: %s", strerror(errno));
	if (setregid(gid, gid) != 0 || setreuid(uid, uid) != 0)
		return err_set(err, ERR_CANNOT, "privileges: back to user %u: %s", (unsigned)uid,
			       strerror(errno));
	if (uid != 0 && (seteuid(0) == 0 || geteuid() != uid))
		return err_set(err, ERR_CANNOT, "privileges: user 0 could be had again: refused");
	return 0;
}

/* What is left must be what was wanted, whatever the library thinks it did. */
static int verify(bool keep_bind, struct err *err)
{
	if (capng_get_caps_process() != 0)
		return err_set(err, ERR_CANNOT, "privileges: cannot be read back");
	for (unsigned cap = 0; cap <= (unsigned)CAP_LAST_CAP; cap++) {
		if (keep_bind && cap == CAP_NET_BIND_SERVICE)
			continue;
		if (capng_have_capability(CAPNG_EFFECTIVE, cap) ||
		    capng_have_capability(CAPNG_PERMITTED, cap) ||
		    capng_have_capability(CAPNG_INHERITABLE, cap))
			return err_set(err, ERR_CANNOT, "privileges: %s could not be given up",
				       capng_capability_to_name(cap));
	}
	return 0;
}

int privilege_drop(bool keep_bind, struct err *err)
{
	if (capng_get_caps_process() != 0)
		return err_set(err, ERR_CANNOT, "privileges: cannot be read: %s", strerror(errno));
	keep_bind = keep_bind && capng_have_capability(CAPNG_PERMITTED, CAP_NET_BIND_SERVICE);
	capng_clear(CAPNG_SELECT_ALL);
	if (keep_bind)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_BIND_SERVICE);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, ERR_CANNOT, "privileges: no_new_privs: %s", strerror(errno));
	/* These two come first, since they need CAP_SETPCAP, or the ids; where it is missing the
	 * bounding set stays as it is, which no_new_privs makes harmless. */
	(void)capng_apply(CAPNG_SELECT_BOUNDS);
	(void)capng_apply(CAPNG_SELECT_AMBIENT);
	if (drop_ids(keep_bind, err) != 0)
		return -1;
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return err_set(err, ERR_CANNOT, "privileges: cannot be given up: %s",
			       strerror(errno));
	return verify(keep_bind, err);
}

unsigned long privilege_raise_files(unsigned long wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	if (limit.rlim_cur >= wanted)
		return limit.rlim_cur;
	struct rlimit raised = limit;

	raised.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &raised) != 0)
		return limit.rlim_cur;
	return raised.rlim_cur;
}
