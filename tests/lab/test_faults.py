#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Planted faults: without it, a scenario could say PASS of every server and nobody would notice.

Each row of faults_FAMILY.py has a server, a stack or a path that really behaves so, and the
judgement that `shakedown test` must give; faults.py says how rows look. Every scenario of the
catalogue must have a row in which it does not simply pass. By hand, some of them only, and each
result in full:

    PYTHONPATH=../tests/lab /usr/bin/python3 ../tests/lab/test_faults.py -v 'H*' N3

$FAULTS_TAKES_S leaves out the scenarios that may take longer: schedules are watched for minutes.
"""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import faults  # noqa: E402
import lab  # noqa: E402
from lab import ok  # noqa: E402

LIMIT_S = 900


def judge(row):
    """One TAP line."""
    if row.missing:
        lab.skip(row.name(), row.missing)
    else:
        ok(row.right(), row.name(), lambda: faults.describe(row))


def second_time(stage, rows, known):
    """What was not as expected, without the crowd: a judgement that is wrong is wrong again; what the
    scheduler of a busy machine has spoilt is not."""
    for row in rows:
        lab.note(f"once more: {row.name()}: {faults.describe(row)}")
        row.record, row.problem = None, ""
    faults.perform(stage, faults.jobs_of(rows, known),
                   lambda job: [judge(row) for row in job.rows], at_once=1)


def main():
    lab.enter(LIMIT_S)
    loud = "-v" in sys.argv
    globs = [word for word in sys.argv[1:] if not word.startswith("-")]
    faults.scenarios_dir()
    known = faults.catalogue()
    every = faults.load_rows()
    if not known or not every:
        lab.skip_all("no scenarios" if not known else "no rows")
    rows = faults.chosen(every, globs)
    limit_s = float(os.environ.get("FAULTS_TAKES_S", "inf"))
    for row in rows:
        if row.scenario in known and known[row.scenario]["takes_ms"] / 1000 > limit_s:
            row.missing = f"may take longer than {limit_s:.0f} s"
    began, doubtful = time.monotonic(), []

    def report(job):
        lab.note(f"{time.monotonic() - began:.1f} s: {job.rows[0].scenario}, {len(job.rows)} rows, "
                 f"in {time.monotonic() - job.began:.1f} s")
        for row in job.rows:
            if row.right():
                judge(row)
            else:
                doubtful.append(row)
            if loud:
                lab.note(row.record or row.problem)

    with lab.Lab() as net:
        stage = faults.Stage(net, rows)
        lab.note(f"{len(rows)} rows, placed in {time.monotonic() - began:.1f} s")
        jobs = faults.jobs_of(rows, known)
        faults.perform(stage, jobs, report)
        second_time(stage, doubtful, known)
        told = {id(row) for job in jobs for row in job.rows}
        for row in rows:
            if id(row) not in told:
                row.problem = row.problem or ("" if row.missing else "no such scenario")
                judge(row)
        for one in stage.rogues:
            ok(one.alive() and "Traceback" not in one.read("err"),
               f"the rogue at {one.ip4} lived through it", lambda it=one: it.read("err")[-3000:])
    untold = [name for name in faults.without_fault(known, every)
              if not globs or faults.chosen([faults.Row(name, "", "")], globs)]
    for name in untold:
        ok(False, f"no fault is planted for {name}")
    ok(not untold, f"each of {len(known)} scenarios has a fault planted")
    lab.done()


if __name__ == "__main__":
    main()
