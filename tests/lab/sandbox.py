# SPDX-License-Identifier: BSD-2-Clause
"""The private world a lab test runs in, and the children it starts there.

enter() runs the calling script again inside mount and network namespaces of its own: as root by
unshare(1), otherwise in a user namespace where we are root. /run is a fresh tmpfs there, so that
namespaces made by `ip netns add`, pid files and logs vanish together with the last process.
"""
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time

import tap

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
MARK = "SHAKEDOWN_LAB_OUTSIDE"
SCRATCH = "/run/lab"


def net_id(pid="self"):
    """The identity of a process's network namespace; None when it is gone."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return None


def with_parent():
    """preexec: the child dies when the process (more exactly: the thread) that made it dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def ways_in():
    """The unshare commands to try, the plainest first."""
    as_root = ["unshare", "-mn", "--propagation", "private"]
    as_user = ["unshare", "-Urmn", "--propagation", "private"]
    return [as_root, as_user] if os.geteuid() == 0 else [as_user]


def works(way):
    """None when this way of unsharing gives us all that the lab needs, else the reason."""
    trial = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns add trial"
    try:
        run = subprocess.run(way + ["sh", "-c", trial], capture_output=True, text=True,
                             timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as err:
        return str(err)
    return None if run.returncode == 0 else (run.stderr.strip() or "unshare failed")


def enter(limit_s=300):
    """Call first. Comes back inside the private namespaces, or skips the script (77).

    The script is ended by SIGALRM after limit_s seconds, whatever it waits for.
    """
    path = os.environ.get("PATH", "/usr/bin:/bin")
    os.environ["PATH"] = path + ":/usr/local/sbin:/usr/sbin:/sbin"
    if os.environ.get(MARK, net_id()) == net_id():
        leave_for_namespaces()
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, frame: sys.exit(128 + got))
    signal.signal(signal.SIGALRM, lambda got, frame: too_late(limit_s))
    signal.alarm(limit_s)
    if not os.path.ismount("/run") or not os.path.isdir(SCRATCH):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True, timeout=20)
        for name in ("netns", "sshd", "lock", "lab"):
            os.mkdir("/run/" + name, 0o755)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=20)


def leave_for_namespaces():
    """Never returns: this script again, inside; or skipped."""
    reasons = []
    for way in ways_in():
        reason = works(way)
        if reason is None:
            os.environ[MARK] = net_id()
            sys.stdout.flush()
            os.execvp(way[0], way + [sys.executable] + sys.orig_argv[1:])
        reasons.append(reason)
    tap.skip_all("no private namespaces here: " + "; ".join(reasons).replace("\n", " "))


def too_late(limit_s):
    """SIGALRM: unwind, so that every child is ended on the way out."""
    tap.say(f"Bail out! the test took longer than {limit_s} s")
    sys.exit(1)


def wait_for(condition, seconds=5.0, step=0.005):
    """Call condition() until it is true or the time is over; returns its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() >= end:
            return value
        time.sleep(step)


def end_process(proc, grace_s=3.0, first=signal.SIGTERM):
    """End one child of ours (a Popen) and reap it."""
    if proc.poll() is None:
        proc.send_signal(first)
        try:
            proc.wait(grace_s)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait(grace_s)
    return proc.returncode


def parents():
    """{pid: parent's pid} of all processes that we can see."""
    tree = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                tree[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            pass  # ended while we looked
    return tree


def descendants():
    """The pids below this process; orphans come to us, since we are their subreaper."""
    tree, found, new = parents(), set(), {os.getpid()}
    while new:
        new = {pid for pid, parent in tree.items() if parent in new} - found
        found |= new
    return found


def end_strays(find):
    """Kill and reap what find() returns, a set of pids below us, until it returns none."""
    killed = set()

    def all_gone():
        found = find()
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
        for pid in list(killed):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue  # dying still
            killed.discard(pid)  # reaped, or its own parent does it
        return not found and not killed

    return wait_for(all_gone, 5)
