#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`shakedown doctor`: without it, a host on which no result can be trusted would look healthy.

      client [v1] ---- [v1] server        everything happens in client, over its loopback
"""
import ctypes
import os
import pty
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from children import Result, binary  # noqa: E402
from lab import ok  # noqa: E402

NOBODY = 65534
PR_SET_SECUREBITS, SECBIT_NOROOT = 28, 1
LIBC = ctypes.CDLL(None, use_errno=True)
LINE = re.compile(r"^(ok|note|PROBLEM) +(\S.*?)  +(\S.*)$")
# What is the machine's or the build's, not the namespace's: its limits; no seccomp.
NOT_OURS = {"open files", "sandbox"}
GUARDS = {"guard, IPv4", "guard, IPv6"}


class Findings(dict):
    """name -> (status, all of its text, its remedy's lines)."""

    def __init__(self, out):
        super().__init__()
        name, in_remedy = None, False
        for line in out.splitlines():
            head = LINE.match(line)
            if head:
                name, in_remedy = head[2], False
                self[name] = (head[1], head[3], [])
                continue
            status, text, remedy = self[name]
            in_remedy = in_remedy or line.strip().startswith("remedy:")
            if in_remedy:
                remedy.append(line.strip().removeprefix("remedy: "))
            else:
                self[name] = (status, f"{text} {line.strip()}", remedy)

    def status(self, name):
        return self[name][0]

    def of(self, status):
        return {name for name, found in self.items() if found[0] == status}


def examine(change=None, offloads=False):
    """(result, findings) of doctor in a fresh namespace, which change(namespace) has spoilt."""
    with lab.Lab() as net:
        client, _ = net.pair(offloads=offloads)
        if change:
            change(client)
        run = client.shakedown("doctor")
        return run, Findings(run.out)


def chain(hook, rule):
    """A change: one rule of the firewall."""
    return lambda ns: ns.nft(f"table inet t {{ chain c {{ type filter hook {hook} priority 0;\n"
                             f"{rule}\n}}\n}}\n")


# --- a healthy host ---

def test_healthy():
    run, found = examine()
    ok(run.rc == 0 and not run.err and found.of("PROBLEM") == set(), "a healthy host: exit 0", run)
    ok(found.of("note") <= NOT_OURS, "a healthy host: nothing to note", run)
    ok(all("holds, by" in found[name][1] and "no RST but ours" in found[name][1]
           for name in GUARDS), "both guards are tested, and how they work is said", run)
    ok("nanoseconds" in found["time stamps"][1] and "v1: host" in found["time stamps"][1],
       "the stamps of each interface are listed", run)
    ok("\033" not in run.out, "no escape codes in a pipe")
    ok(max(map(len, run.out.splitlines())) <= 80, "80 columns", run)


def test_leaves_nothing():
    with lab.Lab() as net:
        client, _ = net.pair()
        client.shakedown("doctor")
        ok(client.sockets() == [], "no connection and no listener is left", client.sockets)


# --- what is worth a note ---

def noted(change, name, words, remedy="", offloads=False):
    run, found = examine(change, offloads)
    status, text, lines = found[name]
    ok(run.rc == 0 and status == "note" and words in text and remedy in "\n".join(lines),
       f"a note, exit 0: {words}", run)
    return found


def test_notes():
    found = noted(lambda ns: ns.sysctl("net.ipv6.conf.all.disable_ipv6", 1), "guard, IPv6",
                  "IPv6 is disabled")
    ok(found.status("guard, IPv4") == "ok", "without IPv6 the guard of IPv4 is tested", found)
    noted(lambda ns: ns.sysctl("net.ipv4.ip_local_port_range", "40000 40499"), "source ports",
          "40000-40499: only 500 ports", "sudo sysctl -w net.ipv4.ip_local_port_range=")
    noted(lambda ns: ns.sysctl("net.ipv6.ip_nonlocal_bind", 1), "sources", "ip_nonlocal_bind=1")
    noted(two_strict, "path filter", "strict (rp_filter) on v1, spare")
    with lab.Lab() as net:
        client, _ = net.pair(offloads=False)
        if client.run("ethtool -K v1 gro on").returncode != 0:
            lab.skip("a note: merged segments", "veth has no GRO here")
        else:
            found = Findings(client.shakedown("doctor").out)
            ok(found.status("offloads") == "note" and "(GRO) on v1" in found["offloads"][1]
               and "sudo ethtool -K v1 gro off" in found["offloads"][2],
               "a note: merged segments", found)


def two_strict(ns):
    ns.ip("link add spare type veth peer spare2", "link set spare up")
    for dev in ("v1", "spare"):
        ns.sysctl(f"net.ipv4.conf.{dev}.rp_filter", 1)


def test_conntrack():
    try:
        run, found = examine(chain("output", "ct state invalid drop"))
    except RuntimeError as err:
        lab.skip("connection tracking is noted", str(err).replace("\n", " "))
        return
    ok(found.status("conntrack") == "note" and "nf_conntrack_tcp_loose=" in found["conntrack"][1],
       "connection tracking is noted", run)


# --- problems ---

def broken(name, change, words, guards=frozenset(GUARDS)):
    try:
        run, found = examine(change)
    except RuntimeError as err:
        lab.skip(name, str(err).replace("\n", " "))
        return
    ok(run.rc == 3 and found.of("PROBLEM") == set(guards)
       and all(words in found[guard][1] for guard in guards), name, run)
    ok(all(found[guard][2] for guard in guards), name + ": with a remedy", run)


def test_firewall():
    synack = "tcp flags & (syn | ack) == (syn | ack) "
    broken("a firewall that resets for us breaks the guard",
           chain("input", synack + "iif lo reject with tcp reset"), "shakedown did not send")
    broken("so it does for one IP version alone",
           chain("input", "meta nfproto ipv4 " + synack + "iif lo reject with tcp reset"),
           "shakedown did not send", {"guard, IPv4"})
    broken("a firewall that swallows our SYNs",
           chain("input", "tcp flags & (syn | ack) == syn iif lo drop"), "no handshake")
    broken("a firewall that does not let our SYNs out",
           chain("output", "tcp flags & (syn | ack) == syn oif lo drop"), "firewall")
    run, found = examine(chain("input", synack + "iif lo drop"))
    ok(run.rc == 0 and found.of("PROBLEM") == set(),
       "a firewall that drops SYN-ACKs does not: the capture sees them earlier", run)


def test_loopback_down():
    run, found = examine(lambda ns: ns.ip("link set lo down"))
    ok(run.rc == 3 and found["guard, IPv4"][2] == ["sudo ip link set lo up"],
       "loopback is down: a problem and the command", run)


# --- privileges ---

def become_nobody():
    """preexec: another user, or, in a user namespace that has none, a root without power."""
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    except OSError:
        if LIBC.prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) != 0:
            os._exit(99)


def test_no_privileges():
    words = binary("SHAKEDOWN", "./src/shakedown")
    with lab.Lab() as net:
        client, _ = net.pair(offloads=False)
        tool = os.path.join(net.dir, "shakedown")  # where everybody gets to
        shutil.copy(words[-1], tool)
        os.chmod(tool, 0o755)
        argv = words[:-1] + [tool, "doctor"]
        with client.inside():
            run = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30,
                                 cwd="/", preexec_fn=become_nobody)
        run = Result(argv, run.returncode, run.stdout, run.stderr)
    found = Findings(run.out)
    ok(run.rc == 3 and found.of("PROBLEM") == {"privileges"}, "no CAP_NET_RAW: exit 3", run)
    ok(f"sudo setcap cap_net_raw+ep {tool}" in found["privileges"][2],
       "the exact setcap command, on a line of its own", run)
    ok(all(found.status(name) == "note" for name in GUARDS), "the guards are not tested then", run)


# --- the command line, the terminal ---

def on_terminal(client, env):
    """What doctor writes to a terminal."""
    ours, theirs = pty.openpty()
    proc = client.popen(binary("SHAKEDOWN", "./src/shakedown") + ["doctor"], stdout=theirs,
                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                        env={**os.environ, **env})
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 4096):
            text += piece
    except OSError:
        pass  # the terminal's way to say that its other end is closed
    os.close(ours)
    proc.wait(30)
    return text


def test_looks():
    with lab.Lab() as net:
        client, _ = net.pair(offloads=False)
        colours = on_terminal(client, {"TERM": "xterm", "NO_COLOR": ""})
        ok(b"\033[32mok     \033[0m  privileges" in colours, "colours on a terminal", repr(colours))
        ok(b"\033" not in on_terminal(client, {"TERM": "xterm", "NO_COLOR": "1"}),
           "NO_COLOR is honoured")
        for words in ("-q", "now", "--", "-h now"):
            run = client.shakedown("doctor " + words)
            want = 0 if words.startswith("-h") else 2
            ok(run.rc == want and (want == 0 or words.split()[0] in run.err and not run.out),
               f"doctor {words}: exit {want}", run)
        run = client.run(["sh", "-c", f"{' '.join(binary('SHAKEDOWN', './src/shakedown'))} doctor"
                          " >/dev/full"])
        ok(run.returncode == 3 and "cannot write" in run.stderr, "a full disk is an error",
           run.stderr)


def main():
    lab.enter(200)
    test_healthy()
    test_leaves_nothing()
    test_notes()
    test_conntrack()
    test_firewall()
    test_loopback_down()
    test_no_privileges()
    test_looks()
    lab.done()


main()
