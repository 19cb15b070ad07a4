# SPDX-License-Identifier: BSD-2-Clause
"""Rows of planted faults, and the stage on which they run: who serves, what must be said of it.

In: ROWS of the modules faults_FAMILY.py. Out: for each row the record of `shakedown test`. A row is

    Row("H2", "rogue:echo+new-iss-on-repeated-syn", "FAIL")
    Row("M2", "path:synproxy", "PATH", app="http", seen="window 0")

the scenario, who serves, and the judgement that must come; "FAIL|WARN" where either is right. Who:

    rogue:APP[,OPTION=..][+FAULT...] [closed:FAULT...]  rogue.py; the other ports CLOSED so
    peer:MODE[,OPTION=..]                               tests/lab/peer on this kernel
    kernel:SYSCTL=VALUE[,..];peer:MODE                  likewise, in a namespace of its own
    path:NAME[;peer:MODE]                               path_faults.py before it
    nginx[,listen=deferred], redis[,timeout_s=2] ...    servers.py
    closed, closed:FAULT                                a port that nobody serves

app= is for --app (default: what fits who serves), options= more words for the command line, seen=
must be part of what was seen (or one of several be), family=6 for IPv6. differs=True: the judgement
is a passing one, but the row shows that another server is described in other words (for scenarios
that only observe). "ERROR" as judgement: the target cannot be tested at all, seen is why.
"""
import fnmatch
import importlib
import json
import os
import re
import subprocess
import time

import children
import lab
import path_faults
import rogue
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
BLAMING = {"PASS-MAY", "WARN", "FAIL", "HARDENED", "APP", "PATH"}
APPS = {"echo": "echo", "echo-never": "echo", "defer": "echo", "idle-close": "echo",
        "http": "http", "big": "http", "answer": "http", "answer-close": "http",
        "big-close": "http", "nginx": "http", "apache": "http", "python-http": "http",
        "node-http": "http", "haproxy": "http", "banner": "banner", "redis": "redis",
        "sshd": "ssh"}
BEHIND = {"http": "answer", "echo": "echo", "banner": "banner", "none": "close"}
ABSENT = ("No such file or directory", "Operation not supported")  # a sysctl, an nft expression
SHARED_ROGUES = 4


class Row:
    """See above. record, problem: what came of it."""

    def __init__(self, scenario, who, judgement, **more):
        self.scenario, self.who, self.wanted = scenario, who, set(judgement.split("|"))
        seen, self.app = more.pop("seen", ""), more.pop("app", None)
        self.seen = (seen,) if isinstance(seen, str) else seen
        self.options, self.family = more.pop("options", ""), more.pop("family", 4)
        self.differs = more.pop("differs", False)
        if more:
            raise TypeError(f"Row {scenario}: unknown: {', '.join(more)}")
        self.target = self.record = None
        self.problem = self.missing = ""

    kind = property(lambda self: re.split("[:,]", self.who)[0])

    def tells(self):
        """Does it show that the scenario does not pass everything?"""
        return bool(self.wanted & BLAMING) or self.differs

    def service(self):
        """The word for --app."""
        if self.app:
            return self.app
        if self.kind == "path" and ";peer:" not in self.who:
            return "echo"
        last = self.who.split(";")[-1]
        name = re.split("[:,+ ]", last.partition(":")[2] if ":" in last else last)[0]
        return APPS.get(name, "none")

    def name(self):
        more = f" seen {' or '.join(map(repr, self.seen))}" if self.seen != ("",) else ""
        six = " IPv6" if self.family == 6 else ""
        return f"{self.scenario} {self.who}{six}: {'|'.join(sorted(self.wanted))}{more}"

    def right(self):
        return bool(self.record) and self.record.get("judgement") in self.wanted \
            and any(seen in (self.record.get("seen") or "") for seen in self.seen)


def load_rows():
    """The rows of all modules that there are."""
    rows = []
    for name in rogue.modules("faults_"):
        rows += importlib.import_module(name).ROWS
    return rows


def scenarios_dir():
    return os.environ.setdefault("SHAKEDOWN_SCENARIOS",
                                 os.path.join(HERE, "..", "..", "scenarios"))


def catalogue():
    """{id: {"level", "takes_ms", ...}} as the tool lists it."""
    run = subprocess.run(children.binary("SHAKEDOWN", "./src/shakedown") +
                         ["list", "scenarios", "-J"], capture_output=True, text=True, timeout=60,
                         check=False)
    return {record["id"]: record for record in children.json_lines(run.stdout) if "id" in record}


class Stage:
    """All who serve, in one lab.

        client [v1] --- [v1] server: peers, real servers, rogues
               [vN] --- [vN] kernel2 ...: one for each set of sysctls
               [vM] --- [vM] router [vM+1] --- [vM+1] far: peers behind faults of the path
    """

    def __init__(self, net, rows):
        self.net, self.rows, self.port = net, rows, 7000
        self.client, self.server = net.pair(offloads=False)
        self.peers, self.kernels, self.path = {}, {}, None
        self.shared = [[] for _ in range(SHARED_ROGUES)]
        self.rogues, self.next_host = [], 10
        rogue.load_faults()
        for row in rows:
            if row.missing:
                continue
            self.port += 4
            try:
                getattr(self, "place_" + row.kind.replace("-", "_"), self.place_server)(row)
            except (RuntimeError, KeyError, ValueError, OSError, TypeError) as why:
                if any(word in str(why) for word in ABSENT):
                    row.missing = f"not in this kernel: {str(why)[-200:]}".replace("\n", " ")
                else:
                    row.problem = f"cannot be placed: {why!r}"
        self.start()

    def start(self):
        for words in self.shared:
            if words:
                self.start_rogue(words)
        for ns, modes in self.peers.items():
            ns.peer(*modes, runtime="1200s")

    def aim(self, row, ip4, ip6, port):
        row.target = (ip4, port) if row.family == 4 else (ip6, port)

    # --- rogue ---

    def place_rogue(self, row):
        first, *more = row.who.removeprefix("rogue:").split(" ")
        app, *faults = (part.split(",")[0] for part in first.split("+"))
        for word in more:
            faults += [part.split(",")[0] for part in word.removeprefix("closed:").split("+")]
        unknown = [name for name in faults if name not in rogue.FAULTS]
        if unknown or app not in rogue.APPS:
            raise ValueError(f"rogue.py knows no {' '.join(unknown) or app}")
        word = (row, f"{self.port}:{first}")
        if more:
            self.start_rogue([word, *((row, one) for one in more)])
        else:
            self.shared[self.port // 4 % SHARED_ROGUES].append(word)

    def start_rogue(self, words):
        """At addresses of its own; the rows of the words get them."""
        self.next_host += 1
        addresses = (f"10.1.0.{self.next_host}", f"fd00:1::{self.next_host:x}")
        self.rogues.append(rogue.start(self.client, self.server, [word for _, word in words],
                                       addresses))
        for row, word in words:
            if not word.startswith("closed"):
                self.aim(row, *addresses, int(word.partition(":")[0]))

    def place_closed(self, row):
        if ":" in row.who:
            faults = row.who.removeprefix("closed:").split("+")
            if any(name not in rogue.FAULTS for name in faults):
                raise ValueError(f"rogue.py knows not all of {faults}")
            self.start_rogue([(row, "closed:" + "+".join(faults))])
            host = self.next_host
            self.aim(row, f"10.1.0.{host}", f"fd00:1::{host:x}", self.port)
        else:
            self.aim(row, self.server.ip4, self.server.ip6, self.port)

    # --- this kernel ---

    def place_peer(self, row):
        self.add_peer(self.server, row.who.removeprefix("peer:"))
        self.aim(row, self.server.ip4, self.server.ip6, self.port)

    def add_peer(self, ns, mode):
        self.peers.setdefault(ns, []).append(f"{self.port}:{mode}")

    def place_kernel(self, row):
        sysctls, _, behind = row.who.removeprefix("kernel:").partition(";")
        if sysctls not in self.kernels:
            ns = self.net.ns(f"kernel{len(self.kernels) + 2}")
            self.net.link(self.client, ns, offloads=False)
            for pair in sysctls.split(","):
                key, _, value = pair.partition("=")
                ns.sysctl(key if "." in key else "net.ipv4." + key, value)
            self.kernels[sysctls] = ns
        ns = self.kernels[sysctls]
        if behind.startswith("peer:"):
            self.add_peer(ns, behind.removeprefix("peer:"))
        else:
            self.start_server(behind, ns)
        self.aim(row, ns.ip4, ns.ip6, self.port)

    def place_path(self, row):
        name, _, behind = row.who.removeprefix("path:").partition(";")
        if not self.path:
            self.path = self.make_path()
        ip4, ip6, port = self.path.install(name, self.port)
        mode = behind.removeprefix("peer:") or BEHIND.get(row.service(), "close")
        self.add_peer(self.path.server, mode)
        self.aim(row, ip4, ip6, port)

    def make_path(self):
        router, far = self.net.ns("router"), self.net.ns("far")
        self.net.link(self.client, router, offloads=False)
        near = self.net.nets
        self.net.link(router, far, offloads=False)
        for key in ("ipv4.ip_forward", "ipv6.conf.all.forwarding"):
            router.sysctl("net." + key, 1)
        for key in ("ipv4.icmp_ratelimit", "ipv6.icmp.ratelimit"):
            router.sysctl("net." + key, 0)
        for ns, net, via in ((self.client, near + 1, f"{near}::2"), (far, near, f"{near + 1}::1")):
            number, _, host = via.partition("::")
            ns.route(f"10.{net}.0.0/24", f"10.{number}.0.{host}")
            ns.route(f"fd00:{net}::/64", f"fd00:{via}")
        return path_faults.Path(self.client, router, far)

    def place_server(self, row):
        row.missing = self.start_server(row.who, self.server)
        self.aim(row, self.server.ip4, self.server.ip6, self.port)

    def start_server(self, words, ns):
        """A real one; returns why it cannot be had, or ""."""
        name, *options = words.split(",")
        cls = next(cls for cls in servers.ALL if cls.name == name) \
            if name in {cls.name for cls in servers.ALL} else None
        if not cls:
            raise ValueError(f"nobody serves as {words!r}")
        more = dict(option.split("=", 1) for option in options)
        server = cls(self.port, **{key: int(value) if value.isdigit() else value
                                   for key, value in more.items()})
        if not server.available():
            return server.reason
        server.start(ns)
        return ""


class Job:
    """One run of the tool: one scenario, all its rows that want the same words."""

    def __init__(self, rows, about):
        self.rows, self.takes = rows, about["takes_ms"] / 1000
        first = rows[0]
        self.argv = children.binary("SHAKEDOWN", "./src/shakedown") + [
            "test", "-J", "--full", "--intrusive", "--only", first.scenario,
            "--app", first.service(), *first.options.split(), *(self.spell(row) for row in rows)]
        self.proc, self.end, self.began = None, 0, 0

    @staticmethod
    def spell(row):
        ip, port = row.target
        return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

    def start(self, client, directory, number):
        self.path = os.path.join(directory, f"job{number}")
        with open(self.path + ".out", "wb") as out, open(self.path + ".err", "wb") as err:
            self.proc = client.popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.began = time.monotonic()
        self.end = self.began + min(60 + 12 * self.takes, 400)

    def over(self):
        """True once it has ended, by itself or by us."""
        if self.proc.poll() is None:
            if time.monotonic() < self.end:
                return False
            lab.sandbox.end_process(self.proc)
            for row in self.rows:
                row.problem = "ended by the lab: it took too long"
        self.read()
        return True

    def read(self):
        """A target that could not be tested at all has a record of its own: "ERROR"."""
        with open(self.path + ".out", encoding="utf-8", errors="replace") as file:
            records = children.json_lines(file.read())
        with open(self.path + ".err", encoding="utf-8", errors="replace") as file:
            error = file.read()[-1500:]
        found = {record["target"]: {"judgement": "ERROR", "seen": record["error"]}
                 for record in records if record["type"] == "target" and record.get("error")}
        found.update((record["target"], record) for record in records
                     if record["type"] == "scenario")
        for row in self.rows:
            row.record = found.get(self.spell(row))
            if not row.record and not row.problem:
                row.problem = f"no result; status {self.proc.returncode}: {error}"


def chosen(rows, globs):
    return [row for row in rows if not globs or
            any(fnmatch.fnmatch(row.scenario, glob) for glob in globs)]


def jobs_of(rows, known):
    """The slow ones first."""
    groups = {}
    for row in rows:
        if row.target and not row.problem and not row.missing and row.scenario in known:
            key = (row.scenario, row.service(), row.options)
            groups.setdefault(key, []).append(row)
    jobs = [Job(group, known[key[0]]) for key, group in groups.items()]
    return sorted(jobs, key=lambda job: -job.takes)


def perform(stage, jobs, report, at_once=4, slow_s=15, apart_s=0.2):
    """Run them: all that mostly wait side by side, at most at_once of the others; and started one
    by one, since a machine that is too busy spoils what is timed."""
    waiting, running, free = list(jobs), [], 0
    while waiting or running:
        quick = sum(job.takes < slow_s for job in running)
        ready = next((job for job in waiting if job.takes >= slow_s or quick < at_once), None)
        if ready and time.monotonic() >= free:
            free = time.monotonic() + apart_s
            waiting.remove(ready)
            ready.start(stage.client, stage.net.dir, len(waiting))
            running.append(ready)
        time.sleep(0.02)
        for job in [job for job in running if job.over()]:
            running.remove(job)
            report(job)


def without_fault(known, rows):
    """The scenarios that no row can make say anything but PASS."""
    told = {row.scenario for row in rows if row.tells()}
    return sorted(set(known) - told)


def describe(row):
    """For a row that went wrong."""
    return row.problem or json.dumps({key: row.record.get(key) for key in (
        "judgement", "seen", "attempts", "agreeing", "doubt", "elapsed_ns") if key in row.record})
