#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long `shakedown test` takes: without it, one server that never closes, or lets nobody in any
more, holds a run up for minutes, and is asked the same question hundreds of times.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: the lab's peer
"""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import ok  # noqa: E402

QUICK_S, DEFAULT_S = 10, 60
SILENT = 7100
QUICK = {7001: "never", 7002: "close", 7003: "close-late,after=2s", 7004: "no-read",
         7005: "reset-at-accept", 7006: "echo", 7007: "data-then-fin,count=20,gap=300ms"}
FULL = "no-accept,backlog=1"
DROP = f"""table inet f {{
chain i {{
type filter hook input priority 0;
tcp dport {SILENT} drop
}}
}}
"""


def timed(client, args):
    began = time.monotonic()
    return client.shakedown(args, timeout=200), time.monotonic() - began


def results(run):
    return {rec["scenario"]: rec for rec in run.records if rec["type"] == "scenario"}


def error_of(run):
    return next((rec.get("error") for rec in run.records if rec["type"] == "target"), None)


def test_quick(client, server):
    for port, mode in QUICK.items():
        run, took = timed(client, f"test --quick -J --ladder=none {server.ip4} {port}")
        ok(took < QUICK_S and run.rc == 0, f"--quick {mode}: over within {QUICK_S} s",
           lambda r=run, s=took: f"{s:.1f} s {r}")
        if mode == "never":
            found = results(run)["C1"]
            ok(found["judgement"] == "APP" and "within 3 s" in found["seen"] and
               "--quick" in found["seen"], "what is said of it names the shorter time", found)
    run = client.shakedown(f"test --quick {server.ip4} 7001")
    ok("Still open 3 s" in run.out and "Leaks" not in run.out,
       "--quick: the close report speaks of no leak after 3 s", run)
    for port, name in ((SILENT, "silent"), (7999, "closed")):
        run, took = timed(client, f"test --quick -J {server.ip4} {port}")
        ok(took < QUICK_S and run.rc == 3 and error_of(run), f"--quick, a {name} port: {took:.1f} s",
           run)


def test_given_up(client, server):
    """Its queue is full after two connections, for ever."""
    run, took = timed(client, f"test -J --ladder=none {server.ip4} 7010")
    found = results(run)
    ok(took < DEFAULT_S, f"a server that lets nobody in is given up in time: {took:.1f} s", run)
    ok(found and not [rec for rec in found.values() if rec["judgement"] in
                      ("FAIL", "WARN", "PATH", "ERROR")], "it is blamed for nothing", found)
    late = found.get("R13", {})
    ok(late.get("judgement") == "INCONCLUSIVE" and "given up" in late.get("seen", "") and
       late.get("attempts") == 0, "what was not begun says why", late)
    ok("given up" in (error_of(run) or "") and run.rc == 1, "so does the target's record", run)
    summary = next((rec for rec in run.records if rec["type"] == "test_summary"), {})
    ok(summary.get("left_open", 0) == 0, "nothing is left open", summary)


def main():
    lab.enter(400)
    with lab.Lab() as net:
        client, server = net.pair()
        server.peer(f"7010:{FULL}", *(f"{port}:{mode}" for port, mode in QUICK.items()))
        server.nft(DROP)
        test_quick(client, server)
        test_given_up(client, server)
    lab.done()


main()
