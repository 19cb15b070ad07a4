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
import scan_usage  # noqa: E402
from children import binary  # noqa: E402
from lab import note, ok  # noqa: E402

AS_ASKED, NOT_AS_ASKED, USAGE, CANNOT = 0, 1, 2, 3
NOBODY = 65534
HERE = "127.0.0.1:9"
SERVED = "127.0.0.1:7000"

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
    # test
    ("test", r"test: no target"),
    ("test --nonsense " + HERE, r"--nonsense: no such option"),
    ("test --quick=yes " + HERE, r"--quick=yes: takes no value"),
    ("test --only XX " + HERE, r"--only: XX: there is no such scenario: see shakedown list"),
    ("test --skip R1,r1 " + HERE, r"--skip: r1: there is no such scenario"),
    ("test --only= " + HERE, r"--only: needs a value"),
    ("test --only H1 --skip H? " + HERE, r"test: no scenario is left"),
    ("test --app gopher " + HERE, r"--app: 'gopher' is none of http, redis, .*: for others there"),
    ("test --request \\q " + HERE, r"--request: a backslash is followed by 'q'"),
    ("test --partial \\x " + HERE, r"--partial: a backslash"),
    ("test --response \\x " + HERE, r"--response: a backslash"),
    ("test --response ok " + HERE, r"--response: needs what it answers: --request or --app"),
    ("test --request-file /nonexistent " + HERE, r"--request-file: /nonexistent: No such file"),
    ("test --lanes 0 " + HERE, r"--lanes: '0' is no number from 1 to 64"),
    ("test --lanes 65 " + HERE, r"--lanes: '65' is no number from 1 to 64"),
    ("test --targets 0 " + HERE, r"--targets: '0' is no number from 1 to 10000"),
    ("test --rate 0 " + HERE, r"--rate: '0' is no number from 1"),
    ("test --parallel many " + HERE, r"--parallel: 'many' is no number from 1"),
    ("test -w soon " + HERE, r"--deadline: 'soon' is no duration"),
    ("test --ladder=some " + HERE, r"--ladder: 'some' is none of failed, all, none"),
    ("test --tap --junit " + HERE, r"--junit: only one of --json, --tap, --junit"),
    ("test -J --tap " + HERE, r"--tap: only one of --json, --tap, --junit"),
    ("test --segments " + HERE, r"--segments: goes with --json"),
    ("test --segments --tap " + HERE, r"--segments: goes with --json"),
    ("test --update-expected " + HERE, r"--update-expected: needs the file of --expect"),
    ("test --expect /nonexistent " + HERE, r"/nonexistent: cannot read it: No such file"),
    ("test --expect LIST " + HERE, r"LIST:2: '127\.0\.0\.1:80': a line is TARGET SCENARIO"),
    ("test --expect JUDGED " + HERE, r"JUDGED:1: 'GOOD': no such judgement; there are PASS, "),
    ("test --expect / --update-expected " + HERE, r"/: cannot replace it: it is no regular file"),
    ("test --script /nonexistent " + HERE, r"/nonexistent: No such file"),
    ("test --script / " + HERE, r"/: Is a directory"),
    ("test --script /dev/zero " + HERE, r"/dev/zero: larger than a scenario file may be"),
    ("test --script SYNTAX " + HERE, r"SYNTAX:3: '}' expected"),
    ("test --script FIELD " + HERE, r"FIELD:2: scenario UF: it has no field titel"),
    ("test --script WORD " + HERE, r"WORD:2: .*'io'"),
    ("test --script TWICE " + HERE, r"TWICE: scenario H1 is there twice"),
    ("test --script EMPTY " + HERE, r"test: no scenario is left"),
    ("list", r"list: there are only scenarios to list: shakedown list scenarios"),
    ("list targets", r"list: there are only scenarios to list"),
    ("list scenarios now", r"list: there are only scenarios to list"),
    ("list --tap scenarios", r"--tap: no such option"),
    ("list --script SYNTAX scenarios", r"SYNTAX:3: '}' expected"),
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
    ("test -I 192.0.2.1 " + HERE, r"192\.0\.2\.1.*address of this host"),
    ("test -o /nonexistent/file " + HERE, r"/nonexistent/file: cannot write it: No such file"),
    ("test --pcap / " + HERE, r"--pcap: /: Is a directory"),
    ("test --update-expected --expect /nonexistent/file " + HERE, r"cannot create it: No such"),
]

# scripts: a name, and what is in it
HEAD = 'rfc = "RFC 9293", level = "MUST", sends = "", takes = 2, profile = "quick"'
SCRIPTS = {
    "SYNTAX": 'scenario {\n  id = "US"\n  title = "x",\n}\n',
    "FIELD": '-- a comment\nscenario { id = "UF", titel = "x", run = function() end }\n',
    "WORD": "-- nothing of the outside world\nio.write('x')\n",
    "TWICE": f'scenario {{ id = "H1", title = "x", {HEAD}, run = function() end }}\n',
    "PASSES": f'scenario {{ id = "UP", title = "x", {HEAD},\n  run = function() open() pass("well")'
              " end }\n",
    "FAILS": f'scenario {{ id = "UF", title = "x", {HEAD},\n  run = function() open() fail("ill")'
             " end }\n",
    "BREAKS": f'scenario {{ id = "UB", title = "x", {HEAD},\n  run = function()\n'
              "    local c = nil\n    c:close()\n  end }\n",
    "LOOPS": f'scenario {{ id = "UL", title = "x", {HEAD},\n  run = function()\n'
             "    while true do end\n  end }\n",
    "WAITS": f'scenario {{ id = "UW", title = "x", {HEAD},\n  run = function() wait(60) end }}\n',
    "JUDGED": "* R1 GOOD\n",
    "WORSE": f"{SERVED} UP FAIL\n",
    "KNOWN": f"{SERVED} ?F FAIL # known\n",
}
# how a test ends: words, status, what must be in its results
ENDS = [
    ("--script PASSES " + SERVED, AS_ASKED, "1 scenario: 1 PASS;"),
    ("--script FAILS " + SERVED, NOT_AS_ASKED, "FAIL UF ill; in 2 of 2 runs"),
    ("--script FAILS -q --ladder=none " + SERVED, NOT_AS_ASKED, "FAIL UF ill"),
    ("--script FAILS --expect KNOWN " + SERVED, AS_ASKED, "as listed"),
    ("--script FAILS --expect WORSE " + SERVED, NOT_AS_ASKED, "changed: nothing but a pass"),
    ("--script PASSES --expect WORSE " + SERVED, NOT_AS_ASKED, "changed: expected was FAIL"),
    ("--script PASSES --script BREAKS " + SERVED, NOT_AS_ASKED, "BREAKS:4: attempt to index a nil"),
    ("--script PASSES --script LOOPS " + SERVED, NOT_AS_ASKED, "LOOPS:3: runs on and on"),
    ("--script PASSES --script BREAKS --skip *B " + SERVED, AS_ASKED, "1 scenario: 1 PASS;"),
    ("--script WAITS -w 3s " + SERVED, NOT_AS_ASKED, f"{SERVED} interrupted"),
    ("--script PASSES nowhere.invalid:80 " + SERVED, NOT_AS_ASKED, "cannot resolve"),
    ("--script PASSES nowhere.invalid:80", CANNOT, "cannot resolve"),
    ("--script PASSES " + HERE, CANNOT, f"{HERE} closed"),
]


def one_line(net, words, status, pattern, name=None):
    """Run it in the lab's directory; hold line, silence and status against what they should be."""
    run = net.here.shakedown(words)
    lines = run.err.splitlines()
    ok(run.rc == status and run.out == "" and len(lines) == 1 and
       lines[0].startswith("shakedown: ") and re.search(pattern, lines[0]),
       name or " ".join(words), lambda: f"wanted {status}, {pattern}\n{run}")


def check_usage(net):
    for words, pattern in USAGE_ERRORS + scan_usage.USAGE_ERRORS:
        one_line(net, words.split(" "), USAGE, pattern)
    run = net.here.shakedown([])
    ok(run.rc == USAGE and not run.out and "usage: shakedown" in run.err,
       "without a subcommand: the overview, on stderr", str(run))


def check_host(net):
    for words, pattern in HOST_ERRORS + scan_usage.HOST_ERRORS:
        one_line(net, words.split(" "), CANNOT, pattern)


def check_disk(net):
    for words in (["probe", "-J"], ["probe", "-J", "--segments"], ["probe", "--explain"],
                  ["probe"], ["rtt", "-c", "1"], ["rtt", "-c", "1", "-J"],
                  ["rtt", "-c", "1", "--csv"], ["rtt", "--trace"], ["test", "--only", "H1"],
                  ["test", "-J"], ["test", "--tap"], ["test", "--junit"],
                  ["scan", "-p", "9"], ["scan", "-p", "9", "-J"], ["scan", "-p", "9", "--csv"]):
        target = HERE.split(":")[0] if words[0] == "scan" else HERE
        run = net.here.shakedown([*words, "-o", "/dev/full", target])
        last = run.err.splitlines()[-1]
        ok(run.rc == CANNOT and not run.out and "No space left on device" in last and
           last.startswith("shakedown: /dev/full: "), f"{words}: a full disk", str(run))
    run = net.here.shakedown(["probe", "--pcap", "/dev/full", HERE])
    ok(run.rc == CANNOT and "No space left on device" in run.err.splitlines()[-1],
       "a full disk for the capture", str(run))


def check_ends(net):
    """The exit statuses of test, and what a script that goes wrong does to the others: nothing."""
    peer = net.here.peer("7000:close")
    for words, status, text in ENDS:
        run = net.here.shakedown("test --app none " + words)
        lines = " ".join(run.out.split())
        ok(run.rc == status and " ".join(text.split()) in lines, f"test {words}: {status}",
           lambda: f"wanted {status}, {text}\n{run}")
        if "--script PASSES --script" in words:
            ok("1 PASS" in run.out, "and the other scenario is carried out", str(run))
    for words in (["test", "--tap"], ["test", "--junit"], ["test", "-J"]):
        run = net.here.shakedown([*words, "--app", "none", "--script", "FAILS", SERVED])
        ok(run.rc == NOT_AS_ASKED, f"{' '.join(words)} has the same status", str(run))
    peer.stop()


def check_directory(net):
    """Without scenarios there is nothing to do, and the line says what helps."""
    usual = os.environ.get("SHAKEDOWN_SCENARIOS")
    for path, pattern in (("/nonexistent", r"/nonexistent: No such file.*set SHAKEDOWN_SCENARIOS"),
                          (net.dir, r"there is no common\.lua")):
        os.environ["SHAKEDOWN_SCENARIOS"] = path
        for words in (["test", HERE], ["list", "scenarios"], ["list", "--json", "scenarios"]):
            one_line(net, words, CANNOT, pattern, f"{' '.join(words)}: scenarios in {path}")
    if usual is None:
        del os.environ["SHAKEDOWN_SCENARIOS"]
    else:
        os.environ["SHAKEDOWN_SCENARIOS"] = usual


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
        for words in (["help"], ["version"], ["probe", "--help"], ["test", "--help"],
                      ["list", "--help"], ["merge", "--help"],
                      ["scan", "-p", "9", "--dry-run", "10.0.0.0/24"]):
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
        for name, text in SCRIPTS.items():
            with open(name, "w", encoding="ascii") as file:
                file.write(text)
        check_usage(net)
        check_host(net)
        check_disk(net)
        check_ends(net)
        scan_usage.check_ends(net)
        check_directory(net)
        check_closed(net)
        check_names(net)
        check_privileges(net)
    lab.done()


main()
