/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: an allow-list of system calls, as a seccomp filter (libseccomp). In: a process that is
 * set up. Out: the same process, which can no longer do anything new.
 */
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* By name, so that calls which an architecture has not are passed over (32-bit ones have the
 * _time64 kind). */
static const char *const allowed[] = {
    /* waiting */
    "poll", "ppoll", "ppoll_time64", "epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl",
    "epoll_create1", "timerfd_create", "timerfd_settime", "timerfd_settime64", "signalfd4",
    "eventfd2", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "restart_syscall",
    "sched_yield", "select", "pselect6", "pselect6_time64", "_newselect",
    /* what is open */
    "read", "readv", "write", "writev", "pwrite64", "close", "lseek", "_llseek", "fstat", "fstat64",
    "newfstatat", "fstatat64", "statx", "fsync", "fdatasync", "sync_file_range", "fcntl", "fcntl64",
    /* the network, as an ordinary user */
    "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64", "bind",
    "listen", "setsockopt", "getsockopt", "getsockname", "shutdown",
    /* memory */
    "brk", "munmap", "mremap", "madvise", "futex", "futex_time64",
    /* time, chance, accounting */
    "clock_gettime", "clock_gettime64", "gettimeofday", "time", "getrandom", "getrusage", "sysinfo",
    "prlimit64", "ugetrlimit", "getrlimit",
    /* signals and the end */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
    "rt_sigtimedwait_time64", "sigreturn", "sigaltstack", "getpid", "gettid", "getuid", "geteuid",
    "getgid", "getegid", "exit", "exit_group"};

static const char *const renaming[] = {"rename", "renameat", "renameat2", "unlink", "unlinkat"};

/* Calls that are allowed for one value of one argument: `argument & mask == value`. */
struct narrow_rule {
	const char *name;
	unsigned argument;
	scmp_datum_t mask, value;
};

#define WORD 0xffffffffu /* descriptors, requests and flags are 32 bits wide */

static const struct narrow_rule narrow[] = {
    /* guards, and the sockets that libpcap and libmnl may still want */
    {"socket", 0, WORD, AF_INET},
    {"socket", 0, WORD, AF_INET6},
    {"socket", 0, WORD, AF_NETLINK},
    /* the terminal's width; the state of the interface (libpcap) */
    {"ioctl", 1, WORD, TIOCGWINSZ},
    {"ioctl", 1, WORD, TCGETS},
    {"ioctl", 1, WORD, FIONREAD},
    {"ioctl", 1, WORD, SIOCGIFFLAGS},
    {"ioctl", 1, WORD, SIOCGIFINDEX},
    {"ioctl", 1, WORD, SIOCGIFMTU},
    /* no executable memory */
    {"mmap", 2, PROT_EXEC, 0},
    {"mmap2", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    /* files only to read: libpcap's counters under /sys, time zones */
    {"openat", 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
    {"open", 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
};

static const struct narrow_rule creating[] = {
    {"openat", 2, O_CREAT, O_CREAT},
    {"open", 1, O_CREAT, O_CREAT},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 0 or a negative errno; a call that this architecture lacks counts as allowed. */
static int allow(scmp_filter_ctx filter, const char *name, unsigned count,
		 const struct scmp_arg_cmp *compare)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, count, compare);
}

/* abort() and raise(), for this process alone. */
static int allow_signals_to_self(scmp_filter_ctx filter)
{
	struct scmp_arg_cmp self = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid()};
	int rc = allow(filter, "tgkill", 1, &self);

	return rc == 0 ? allow(filter, "kill", 1, &self) : rc;
}

static int allow_narrow(scmp_filter_ctx filter, const struct narrow_rule *rules, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct scmp_arg_cmp compare =
		    SCMP_CMP(rules[i].argument, SCMP_CMP_MASKED_EQ, rules[i].mask, rules[i].value);

		rc = allow(filter, rules[i].name, 1, &compare);
	}
	return rc;
}

static int fill(scmp_filter_ctx filter, enum sandbox_extra extra)
{
	int rc = allow_signals_to_self(filter);

	for (size_t i = 0; rc == 0 && i < COUNT(allowed); i++)
		rc = allow(filter, allowed[i], 0, NULL);
	for (size_t i = 0; extra != SANDBOX_PLAIN && rc == 0 && i < COUNT(renaming); i++)
		rc = allow(filter, renaming[i], 0, NULL);
	if (rc == 0)
		rc = allow_narrow(filter, narrow, COUNT(narrow));
	if (rc == 0 && extra == SANDBOX_REPLACE)
		rc = allow_narrow(filter, creating, COUNT(creating));
	return rc;
}

int sandbox_enter(enum sandbox_extra extra, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc;

	if (!filter)
		return err_set(err, ERR_INTERNAL, "system-call filter: out of memory");
	rc = fill(filter, extra);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	return err_set(
	    err, ERR_CANNOT,
	    "system-call filter: the kernel refuses it: %s (it needs CONFIG_SECCOMP_FILTER)",
	    strerror(-rc));
}

bool sandbox_is_built(void)
{
	return true;
}
