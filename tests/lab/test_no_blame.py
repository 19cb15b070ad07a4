#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Without this test a lost or doubled segment could be held against a server: 100 targets, each with
# the default profile, over a network that loses 20 % of the frames, doubles 5 % and holds back 10 %.
#
#     client [v1 10.1.0.1] --- [wa] wire [wb] --- [10.1.0.2 v1] server: the kernel, with the lab's peer
#
# Each target is an address of its own of the same server (10.77.0.0/24), with one of four ways to
# close. Linux is known to violate no MUST, so every FAIL is false.
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402
import watch  # noqa: E402

TARGETS = int(os.environ.get("NO_BLAME_TARGETS", "100"))
MODES = {7000: "close", 7001: "echo", 7002: "answer-close", 7003: "close-late,after=300ms"}
# What a client of this kind may leave at a server: nothing that waits for us.
STANDING = {"ESTABLISHED", "SYN-RECEIVED", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING"}


def targets():
    ports = list(MODES)
    return [f"10.77.{i // 200}.{1 + i % 200}:{ports[i % len(ports)]}" for i in range(TARGETS)]


def tell(records):
    return [f"{rec['target']} {rec['scenario']} {rec['judgement']}: {rec['seen']} "
            f"({rec['agreeing']} of {rec['attempts']})" for rec in records]


def main():
    lab.enter(900)
    with lab.Lab() as net:
        client, server, _wire = net.wired_pair(delay="5ms", loss=20, duplicate=5, reorder=10,
                                               seed=20)
        net.span(client, server, "10.77.0.0/16")
        server.peer(*[f"{port}:{mode}" for port, mode in MODES.items()])
        run = client.shakedown(["test", "-J", "--ladder=none"] + targets(), timeout=800)
        records = [rec for rec in run.records if rec["type"] == "scenario"]
        ends = [rec for rec in run.records if rec["type"] == "target"]
        counts = collections.Counter(rec["judgement"] for rec in records)
        lab.note(f"{len(records)} results: {dict(counts)}")
        failed = [rec for rec in records if rec["judgement"] in ("FAIL", "ERROR")]
        lab.ok(records and not failed, "nothing is a FAIL", lambda: tell(failed))
        tested = [rec for rec in ends if rec["error"] is None]
        lab.ok(len(tested) >= TARGETS * 0.95, f"{len(tested)} of {TARGETS} targets were tested",
               [rec["error"] for rec in ends if rec["error"]])
        lab.ok(all(rec["lossy"] for rec in tested), "each path is known to lose segments")
        sure = sum(counts[name] for name in counts if name not in ("INCONCLUSIVE", "SKIP"))
        lab.ok(sure > 0.75 * (len(records) - counts["SKIP"]),
               f"most is judged all the same: {sure} of {len(records) - counts['SKIP']}")
        summary = watch.summary(run)
        lab.ok(summary and summary["left_open"] == 0 and summary["capture_dropped"] == 0,
               "nothing is said to be left open, and the capture is complete", summary)
        lab.wait_for(lambda: not standing(server), 20, 0.5)
        lab.ok(not standing(server), "nothing stands at the server", lambda: standing(server))
    lab.done()


def standing(server):
    return [sock for sock in server.sockets() if sock["state"] in STANDING]


main()
