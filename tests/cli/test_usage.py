#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Bad input and a host that does not play along: without this, users would meet a wrong exit
status, a riddle in place of a reason, or a half-written result.

Each case: one line "shakedown: who: what: why" on stderr, nothing on stdout, the documented status.
"""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import lab  # noqa: E402
import sandbox  # noqa: E402
from children import binary  # noqa: E402
from lab import note, ok  # noqa: E402

USAGE, CANNOT = 2, 3
NOBODY = 65534
HERE = "127.0.0.1:9"

# words of the command line; what the line says (a regular expression)
USAGE_ERRORS = [
    ("nonsense", r"'nonsense' is no subcommand"),
    ("--nonsense", r"'--nonsense' is no subcommand"),
    ("help nonsense", r"help: 'nonsense' is no subcommand"),
    ("probe", r"no target"),
    ("probe --nonsense " + HERE, r"--nonsense: no such option"),
    ("probe -Z " + HERE, r"-Z: no such option"),
    ("probe --no- " + HERE, r"--no-: no such option, or an ambiguous one"),
    ("probe --send", r"--send: needs a value"),
    ("probe -W", r"-W: needs a value"),
    ("probe --quiet=yes " + HERE, r"--quiet=yes: takes no value"),
    # durations and numbers
    ("probe -W fast " + HERE, r"--timeout: 'fast' is no duration"),
    ("probe -W -1 " + HERE, r"--timeout: '-1' is no duration"),
    ("probe -W 1.5x " + HERE, r"--timeout: '1.5x' is no duration"),
    ("probe -w 99999h " + HERE, r"--deadline: .*longer than a year"),
    ("probe -i 1ms " + HERE, r"--interval: '1ms' is shorter than 10ms"),
    ("probe --rto-max 10ms " + HERE, r"--rto-max: '10ms' is shorter"),
    ("probe --time-wait 3msl " + HERE, r"--time-wait: '3msl' is no duration"),
    ("probe -c 0 " + HERE, r"--count: '0' is no number from 1"),
    ("probe -c 1e3 " + HERE, r"--count: '1e3' is no number"),
    ("probe --ttl 256 " + HERE, r"--ttl: '256' is no number from 1 to 255"),
    ("probe --mss 65536 " + HERE, r"--mss: '65536' is no number"),
    ("probe --source-port 0 " + HERE, r"--source-port: '0' is no number"),
    # words
    ("probe --close never " + HERE, r"--close: 'never' is none of fin, rst, server"),
    ("probe --http=index.html " + HERE, r"--http: 'index.html' is no path"),
    ("probe --send \\q " + HERE, r"--send: a backslash is followed by 'q'"),
    ("probe --send \\x " + HERE, r"--send: a backslash"),
    ("probe --expect-close open " + HERE, r"--expect-close: 'open' is no token of this kind"),
    ("probe --expect-handshake icmp-3-x " + HERE, r"'icmp-3-x' is no token of this kind"),
    ("probe --expect-handshake icmp-3-256 " + HERE, r"'icmp-3-256' is no token of this kind"),
    ("probe --expect-handshake , " + HERE, r"--expect-handshake: needs a token"),
    ("probe --timestamp-type best " + HERE, r"--timestamp-type: 'best' is none of"),
    ("rtt --max-regression 10% " + HERE, r"--max-regression: needs a --baseline"),
    ("rtt --timestamp-type adapter " + HERE, r"--timestamp-type: 'adapter' would time answers by another"),
    # targets
    ("probe 127.0.0.1", r"'127.0.0.1': no port"),
    ("probe 127.0.0.1 9 9", r"'127.0.0.1': no port"),
    ("probe 127.0.0.1 0", r"'0' is no port"),
    ("probe 127.0.0.1 nonsense", r"'nonsense' is no port"),
    ("probe 127.0.0.1:9 nonsense", r"'nonsense': no port"),
    ("probe 127.0.0.1:65536", r"'65536' is no port"),
    ("probe 127.0.0.1:", r"'' is no port"),
    ("probe 127.0.0.1:nonsense", r"'nonsense' is no port"),
    ("probe :80", r"no host"),
    ("probe ::1", r"an IPv6 address needs brackets"),
    ("probe fd00::1:80", r"an IPv6 address needs brackets"),
    ("probe [::1]", r"write \[V6-ADDRESS\]:PORT"),
    ("probe [::1:80", r"write \[V6-ADDRESS\]:PORT"),
    # rtt
    ("rtt", r"rtt: no target"),
    ("ping", r"rtt: no target"),
    ("rtt -i 0 " + HERE, r"--interval: '0' is shorter than 1ms"),
    ("rtt -i 999us " + HERE, r"--interval: '999us' is shorter than 1ms"),
    ("rtt -i often " + HERE, r"--interval: 'often' is no duration"),
    ("rtt -c 0 " + HERE, r"--count: '0' is no number from 1"),
    ("rtt --syn-retries 11 " + HERE, r"--syn-retries: '11' is no number from 0 to 10"),
    ("rtt --linger -1 " + HERE, r"--linger: '-1' is no duration"),
    ("rtt --max-hops 0 " + HERE, r"--max-hops: '0' is no number from 1 to 255"),
    ("rtt --expect p200<1ms " + HERE, r"--expect: 'p200': no such measure: there are min "),
    ("rtt --expect p95=1ms " + HERE, r"--expect: 'p95=1ms': no operator"),
    ("rtt --expect p95<1 " + HERE, r"--expect: 'p95<1': '1' is not what p95 takes: a time"),
    ("rtt --expect loss<1ms " + HERE, r"--expect: .*'1ms' is not what loss takes: a share"),
    ("rtt --expect max<1s, " + HERE, r"--expect: an empty expectation"),
    ("rtt --expect " + "max<1s," * 32 + "min<1s " + HERE, r"--expect: more than 32 expectations"),
    ("rtt --max-regression 10 " + HERE, r"--max-regression: '10' is no limit of a regression"),
    ("rtt --max-regression -1ms " + HERE, r"--max-regression: '-1ms' is no limit"),
    ("rtt --max-regression 99999999s " + HERE, r"--max-regression: .*longer than 39 hours"),
    ("rtt --csv --json " + HERE, r"--csv, --json: only one format"),
    ("rtt --data-rtt --half-open " + HERE, r"--data-rtt: needs a connection"),
    ("rtt --trace --csv " + HERE, r"--trace: goes with none of --csv"),
    ("rtt --trace --ttl 3 " + HERE, r"--trace, --ttl: a trace goes through the TTLs"),
    ("rtt --trace 127.0.0.1:9 127.0.0.2:9", r"--trace: one target only"),
    ("rtt --trace -c 1001 " + HERE, r"--trace: --count 1000 at most"),
    ("rtt --baseline /nonexistent " + HERE, r"--baseline: /nonexistent: No such file"),
    ("rtt --baseline / " + HERE, r"--baseline: /: .*Is a directory"),
    ("rtt --baseline LIST " + HERE, r"--baseline: LIST: line 1: no JSON: "),
    ("rtt --baseline EMPTY " + HERE, r"--baseline: EMPTY: no round-trip times in it"),
    ("rtt --baseline OTHER " + HERE, r"--baseline: OTHER: no round-trip times in it"),
    ("rtt --baseline BROKEN " + HERE, r"--baseline: BROKEN: .*out of range"),
    # what contradicts itself
    ("probe --send x --http " + HERE, r"--http, --send: only one request"),
    ("probe --half-close " + HERE, r"--half-close: needs a request"),
    ("probe --half-close --send x --close rst " + HERE, r"--half-close: goes with --close fin"),
    ("probe --segments " + HERE, r"--segments: goes with --json"),
    ("probe --no-guard 127.0.0.1:9 127.0.0.2:9", r"--no-guard: goes with one target only"),
    # files that it names
    ("probe -f /nonexistent", r"--file: /nonexistent: No such file or directory"),
    ("probe -f /", r"--file: /: .*Is a directory"),
    ("probe --send-file /nonexistent " + HERE, r"--send-file: /nonexistent: No such file"),
    ("probe --send-file / " + HERE, r"--send-file: /: .*Is a directory"),
    ("probe --send-file /dev/zero " + HERE, r"--send-file: /dev/zero: longer than 16777216 octets"),
    ("probe -f LIST", r"--file: LIST, line 3: '127.0.0.1': no port"),
    ("probe -f EMPTY", r"no target"),
    ("rtt -f /", r"--file: /: .*Is a directory"),
    ("rtt -f EMPTY", r"no target"),
]

# the same, where the command line is right and the host does not play along
HOST_ERRORS = [
    ("probe -I 192.0.2.1 " + HERE, r"192\.0\.2\.1.*address of this host"),
    ("probe -I 2001:db8::1 [::1]:9", r"2001:db8::1.*address of this host"),
    ("probe -I nonsense0 " + HERE, r"nonsense0.*(interface|device)"),
    ("probe -o /nonexistent/file " + HERE, r"/nonexistent/file: cannot write it: No such file"),
    ("probe --pcap /nonexistent/file " + HERE, r"/nonexistent/file.*No such file"),
    ("probe -o / " + HERE, r"/: cannot write it: Is a directory"),
    ("rtt -I 192.0.2.1 " + HERE, r"192\.0\.2\.1.*address of this host"),
    ("rtt -o /nonexistent/file " + HERE, r"/nonexistent/file: cannot write it: No such file"),
    ("rtt --trace nowhere.invalid:80", r"nowhere\.invalid: cannot resolve: "),
]


def one_line(net, words, status, pattern, name=None):
    """Run it in the lab's directory; hold line, silence and status against what they should be."""
    run = net.here.shakedown(words)
    lines = run.err.splitlines()
    ok(run.rc == status and run.out == "" and len(lines) == 1 and
       lines[0].startswith("shakedown: ") and re.search(pattern, lines[0]),
       name or " ".join(words), lambda: f"wanted {status}, {pattern}\n{run}")


def check_usage(net):
    for words, pattern in USAGE_ERRORS:
        one_line(net, words.split(" "), USAGE, pattern)
    run = net.here.shakedown([])
    ok(run.rc == USAGE and not run.out and "usage: shakedown" in run.err,
       "without a subcommand: the overview, on stderr", str(run))


def check_host(net):
    for words, pattern in HOST_ERRORS:
        one_line(net, words.split(" "), CANNOT, pattern)


def check_disk(net):
    for words in (["probe", "-J"], ["probe", "-J", "--segments"], ["probe", "--explain"],
                  ["probe"], ["rtt", "-c", "1"], ["rtt", "-c", "1", "-J"],
                  ["rtt", "-c", "1", "--csv"], ["rtt", "--trace"]):
        run = net.here.shakedown([*words, "-o", "/dev/full", HERE])
        last = run.err.splitlines()[-1]
        ok(run.rc == CANNOT and not run.out and "No space left on device" in last and
           last.startswith("shakedown: /dev/full: "), f"{words}: a full disk", str(run))
    run = net.here.shakedown(["probe", "--pcap", "/dev/full", HERE])
    ok(run.rc == CANNOT and "No space left on device" in run.err.splitlines()[-1],
       "a full disk for the capture", str(run))


def check_closed(net):
    """Results must not go into whatever descriptor took the place of a closed one."""
    for number, name in ((1, "stdout"), (0, "stdin"), (2, "stderr")):
        words = binary("SHAKEDOWN", "./src/shakedown")
        with net.here.inside():
            run = subprocess.run(words + ["probe", "--expect-handshake", "closed", HERE],
                                 capture_output=True, text=True, check=False, timeout=20,
                                 preexec_fn=lambda fd=number: os.close(fd))
        wanted = CANNOT if name == "stdout" else 0
        ok(run.returncode == wanted and (name != "stdout" or "Bad file descriptor" in run.stderr),
           f"with {name} closed", f"{run.returncode}\n{run.stdout}{run.stderr}")


def check_names(net):
    """A target without an address fails alone, and says so in its place among the results."""
    run = net.here.shakedown("probe nowhere.invalid 80")
    ok(run.rc == CANNOT and "nowhere.invalid: cannot resolve: " in run.out,
       "a name that nobody knows", str(run))
    run = net.here.shakedown(f"probe --expect-handshake closed nowhere.invalid:80 {HERE}")
    ok(run.rc == 1 and "cannot resolve" in run.out and "closed" in run.out,
       "the others are carried out", str(run))
    run = net.here.shakedown("probe -6 " + HERE)
    ok(run.rc == CANNOT and "leave out -6" in run.out, "an address of the other version", str(run))
    run = net.here.shakedown("probe 192.0.2.1:80")
    ok(run.rc == CANNOT and "no route" in run.out, "no route", str(run))
    ok(net.here.shakedown("probe -J nowhere.invalid:80").records[1]["error"] is not None,
       "a record says it too")
    run = net.here.shakedown("rtt -c 1 nowhere.invalid:80")
    ok(run.rc == CANNOT and "nowhere.invalid: cannot resolve: " in run.out,
       "a name that nobody knows, for rtt", str(run))
    run = net.here.shakedown(f"rtt -c 1 nowhere.invalid:80 {HERE}")
    ok(run.rc == 1 and "cannot resolve" in run.out and "closed port" in run.out,
       "rtt: the others are carried out", str(run))


def become_nobody():
    sandbox.with_parent()
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def check_privileges(net):
    """Without CAP_NET_RAW: status 3, and the line that helps."""
    words = binary("SHAKEDOWN", "./src/shakedown")
    with open("/proc/self/uid_map", encoding="ascii") as ids:
        mapped = sum(int(line.split()[2]) for line in ids)
    if os.geteuid() != 0 or mapped <= NOBODY or len(words) > 1:
        note("not applicable: only root can become somebody without privileges here")
        return
    copy = shutil.copy(words[0], os.path.join(net.dir, "shakedown"))
    os.chmod(copy, 0o755)
    with net.here.inside():
        run = subprocess.run([copy, "probe", HERE], capture_output=True, text=True, check=False,
                             timeout=20, preexec_fn=become_nobody)
    ok(run.returncode == CANNOT and not run.stdout and len(run.stderr.splitlines()) == 1 and
       run.stderr.startswith("shakedown: ") and "no CAP_NET_RAW" in run.stderr and
       f"sudo setcap cap_net_raw+ep {copy}" in run.stderr,
       "without privileges: status 3 and the setcap line", run.stdout + run.stderr)
    with net.here.inside():
        for words in (["help"], ["version"], ["probe", "--help"]):
            run = subprocess.run([copy, *words], capture_output=True, text=True, check=False,
                                 timeout=20, preexec_fn=become_nobody)
            ok(run.returncode == 0 and run.stdout and not run.stderr,
               f"{' '.join(words)} needs no privileges", run.stderr)


def main():
    lab.enter()
    with lab.Lab() as net:
        net.here = net.ns("here")
        os.chdir(net.dir)
        with open("LIST", "w", encoding="ascii") as file:
            file.write("# a comment\n127.0.0.1:80  # and another\n127.0.0.1\n")
        with open("EMPTY", "w", encoding="ascii"):
            pass
        with open("OTHER", "w", encoding="ascii") as file:
            file.write('{"type":"probe","target":"127.0.0.1:9","rtt_ns":1}\n[]\n')
        with open("BROKEN", "w", encoding="ascii") as file:
            file.write('{"type":"rtt","target":"127.0.0.1:9","rtt_ns":-1}\n')
        check_usage(net)
        check_host(net)
        check_disk(net)
        check_closed(net)
        check_names(net)
        check_privileges(net)
    lab.done()


main()
