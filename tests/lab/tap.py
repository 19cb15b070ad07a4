# SPDX-License-Identifier: BSD-2-Clause
"""TAP output for the lab's tests: plan(), ok(), skip(), skip_all(), note(), done().

In: conditions. Out: Test Anything Protocol lines on stdout, diagnostics as "# ..." lines.
"""
import json
import sys


class Tap:
    """The counters of one test script; the functions below work on a single one of these."""

    def __init__(self):
        self.planned = None
        self.count = 0
        self.failed = 0


TAP = Tap()


def say(line):
    """One line on stdout, at once: a test that is killed has still said what it knew."""
    print(line, flush=True)


def note(text):
    """A diagnostic: str as it is, anything else as JSON, each line with "# " before it."""
    if callable(text):
        text = text()
    if not isinstance(text, str):
        text = json.dumps(text, default=str)
    for line in text.splitlines():
        say("# " + line)


def plan(count):
    """Announce the number of tests before the first one; optional, done() prints it otherwise."""
    TAP.planned = count
    say(f"1..{count}")


def ok(cond, name, diag=None):
    """One test. diag (text, data, or a function that makes either) is shown when it fails."""
    TAP.count += 1
    if not cond:
        TAP.failed += 1
    say(f"{'ok' if cond else 'not ok'} {TAP.count} - {name}")
    if not cond and diag is not None:
        note(diag)
    return bool(cond)


def skip(name, reason):
    """One test that cannot run here."""
    TAP.count += 1
    say(f"ok {TAP.count} - {name} # SKIP {reason}")


def skip_all(reason):
    """Nothing of this script can run here: an empty plan, and the status for "skipped"."""
    say(f"1..0 # SKIP {reason}")
    sys.exit(77)


def done():
    """The end of the script: the plan if it is still owed, and the exit status."""
    if TAP.planned is None:
        say(f"1..{TAP.count}")
    elif TAP.planned != TAP.count:
        note(f"planned {TAP.planned} tests, ran {TAP.count}")
        sys.exit(1)
    sys.exit(1 if TAP.failed else 0)
