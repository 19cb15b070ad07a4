#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Without this test many targets at once could disturb each other: 200 targets with the default
# profile in one process, every result as with one target, every connection accounted for.
#
#     client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: the lab's peer, 200 addresses
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402
import watch  # noqa: E402

TARGETS = 200


def main():
    lab.enter(600)
    with lab.Lab() as net:
        client, server = net.pair()
        net.span(client, server, "10.77.0.0/24")
        server.peer("7000:echo")
        alone = client.shakedown("test -J --ladder=none 10.77.0.201:7000", timeout=200)
        expected = {rec["scenario"]: rec["judgement"] for rec in alone.records
                    if rec["type"] == "scenario"}
        lab.ok(len(expected) > 60, f"one target: {len(expected)} results", lambda: str(alone)[-2000:])
        run = client.shakedown(["test", "-J", "--ladder=none"] +
                               [f"10.77.0.{1 + i}:7000" for i in range(TARGETS)], timeout=500)
        results = [rec for rec in run.records if rec["type"] == "scenario"]
        lab.ok(len(results) == TARGETS * len(expected),
               f"{len(results)} results of {TARGETS} targets", lambda: run.err)
        other = [rec for rec in results if rec["judgement"] != expected[rec["scenario"]]]
        counts = collections.Counter(f"{rec['scenario']} {rec['judgement']}" for rec in other)
        # what two busy processors make late may be told as that, never as a fault of the server's
        blamed = [rec for rec in other if rec["judgement"] in ("FAIL", "WARN", "PATH", "ERROR")]
        lab.note(f"{len(other)} of {len(results)} differ from one target alone: {dict(counts)}")
        lab.ok(not blamed, "no server is blamed for the company", lambda: blamed[:5])
        lab.ok(len(other) <= len(results) * 0.02, "98 % of the results are those of one target",
               lambda: dict(counts))
        summary = watch.summary(run)
        lab.ok(summary["left_open"] == 0 and summary["capture_dropped"] == 0,
               f"{summary['connections']} connections, none left open", summary)
        lab.wait_for(lambda: not left(client, server), 10, 0.5)
        lab.ok(not left(client, server), "the server has none but TIME-WAIT",
               lambda: left(client, server)[:5])
    lab.done()


def left(client, server):
    return [sock for sock in server.sockets()
            if sock["dst"] == client.ip4 and sock["state"] not in ("LISTEN", "TIME-WAIT")]


main()
