# SPDX-License-Identifier: BSD-2-Clause
"""What runs in a namespace beside the test: Daemon, and on it the test peer and the wire.

In: a Namespace (see lab.py) and a command. Out: an object with the child's output and its end.
"""
import contextlib
import json
import os
import shlex
import signal
import subprocess
import tempfile

import sandbox


def binary(variable, default):
    """A command as a list: $VARIABLE may hold a wrapper too (valgrind ... ./src/shakedown)."""
    words = shlex.split(os.environ.get(variable, default))
    if os.path.exists(words[-1]):
        words[-1] = os.path.abspath(words[-1])
    return words


def json_lines(text):
    """The JSON objects among the lines of a text."""
    found = []
    for line in text.splitlines():
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
    return found


def sh(argv, text=None, timeout=20):
    """Run a tool of the fixture; its failure is an exception that says why."""
    run = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout,
                         check=False, preexec_fn=sandbox.with_parent)
    if run.returncode != 0:
        raise RuntimeError(f"{shlex.join(argv)}: {run.stderr.strip() or run.stdout.strip()}")
    return run.stdout


class Result:
    """What a run of shakedown gave: rc, out, err, and the records of its NDJSON lines."""

    def __init__(self, argv, rc, out, err):
        self.argv, self.rc, self.out, self.err = argv, rc, out, err
        self.records = json_lines(out)

    def __str__(self):
        return f"$ {shlex.join(self.argv)}\nrc {self.rc}\n{self.out}{self.err}"


class Daemon:
    """A child that runs beside the test; its output goes to files, so it never blocks."""

    def __init__(self, ns, argv, name):
        self.ns, self.argv, self.name = ns, argv, name
        self.dir = tempfile.mkdtemp(prefix=name + ".", dir=ns.lab.dir)
        self.log = os.path.join(self.dir, "log")
        with open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            self.proc = ns.popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def path(self, name):
        return os.path.join(self.dir, name)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def alive(self):
        return self.proc.poll() is None

    def wait_text(self, name, text, seconds=10):
        """Until `text` stands in its output file `name`; its early end or silence is an error."""
        sandbox.wait_for(lambda: text in self.read(name) or not self.alive(), seconds)
        if text not in self.read(name):
            raise RuntimeError(f"{shlex.join(self.argv)}: no {text!r}: {self.read('err').strip()}")
        return self

    def stop(self, first=signal.SIGTERM):
        """End it; returns the last JSON object that it printed (its summary), or None."""
        sandbox.end_process(self.proc, first=first)
        found = json_lines(self.read("out"))
        return found[-1] if found else None


class Peer(Daemon):
    """tests/lab/peer: a kernel-socket server with a chosen way of closing per port."""

    def __init__(self, ns, modes, runtime="600s"):
        logfile = os.path.join(tempfile.mkdtemp(prefix="peer-log.", dir=ns.lab.dir), "log")
        argv = binary("LAB_PEER", "tests/lab/peer")
        super().__init__(ns, argv + ["--log", logfile, "--stats", "--runtime", runtime, *modes],
                         "peer")
        self.log = logfile
        self.wait_text("out", "ready\n")

    def events(self, event=None, **want):
        """The log so far, filtered: events("eof", port=7001)."""
        with open(self.log, encoding="utf-8") as file:
            found = json_lines(file.read())
        if event:
            want["event"] = event
        return [rec for rec in found if all(rec.get(key) == val for key, val in want.items())]

    def wait_event(self, event, seconds=5, count=1, **want):
        """Until at least `count` such events are logged; returns them (perhaps fewer)."""
        sandbox.wait_for(lambda: len(self.events(event, **want)) >= count, seconds, 0.02)
        return self.events(event, **want)


class Wire(Daemon):
    """tests/lab/wire between two namespaces, running in a third. See Lab.wire()."""

    def __init__(self, ns, ends, options):
        options = dict(options)
        logfile = None
        if options.pop("log", False):
            logfile = os.path.join(tempfile.mkdtemp(prefix="wire-log.", dir=ns.lab.dir), "log")
            options["log"] = logfile
        argv = binary("LAB_WIRE", "tests/lab/wire") + ends
        for key, value in options.items():
            flag = "--" + key.replace("_", "-")
            if value is True:
                argv.append(flag)
            elif value is not None and value is not False:
                argv += [flag, str(value)]
        super().__init__(ns, argv, "wire")
        self.ends, self.log = ends, logfile
        self.wait_text("out", "ready\n")

    def frames(self):
        """The log so far (log=True): one dict per decision."""
        with open(self.log, encoding="utf-8") as file:
            return json_lines(file.read())

    def again(self, **options):
        """Stop it and start another over the same link, with other impairments."""
        self.stop()
        return Wire(self.ns, self.ends, options)
