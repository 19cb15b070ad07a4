#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Without this test a lost, doubled, late or damaged segment could become a false verdict, leave a
# connection open, or keep a probe from ending.
#
#     client [v1 10.1.0.1] --- [wa] wire [wb] --- [10.1.0.2 v1] server: the lab's peer
#
# The wire loses 20 % of the TCP frames, doubles 10 %, holds back 10 % and damages 1 %, each way. 1,200
# probes of ten ways of closing; each verdict is held against the peer's own log of that connection.
import collections
import json
import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

PER_MODE = 120
# mode -> (closes that are true of it, and how its log says that it closed)
FIN = {"three-segment", "four-segment"}
GONE = {"reset-abort", "reset-gone", "server-reset"}
MODES = {
    "close": (FIN, {"fin"}),
    "echo": (FIN, {"fin"}),
    "close-late,after=300ms": (FIN, {"fin"}),
    "banner": (FIN | {"data-then-fin", "simultaneous"}, {"fin"}),
    "data-then-fin,count=5,size=100,gap=20ms": ({"data-then-fin"}, {"fin"}),
    "never": ({"held-open"}, {None, "rst", "error"}),
    "reset-on-fin": (GONE, {"rst"}),
    "reset-at-accept": (GONE, {"rst"}),
    "close-at-accept": ({"server-first", "simultaneous"} | FIN, {"fin"}),
    "idle-close,after=400ms": (FIN | {"server-first", "simultaneous"}, {"fin"}),
}
# Closes of a connection that the server did accept.
HANDSHAKES = {"established", "established-reset", "open"}
# What may not stay at the server. LAST-ACK is not among them: when the very last ACK is lost and our
# TIME-WAIT is over, the server repeats its FIN by its own schedule until a RST of this host ends it.
STANDING = {"ESTABLISHED", "SYN-RECEIVED", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING"}


def ports_of(index):
    first = 20000 + 200 * index
    return first, first + PER_MODE - 1


def check_each(records, accepted, closed):
    """Every record against the server's log; returns complaints."""
    complaints = []
    for record in records:
        mode = list(MODES)[(record["port"] - 20000) // 200]
        truth, how = MODES[mode]
        where = (record["port"], record["source_port"])
        what = f"{mode} {where} {record['handshake']} {record['close']} ({record['evidence']})"
        if record["handshake"] not in HANDSHAKES:
            complaints.append(f"handshake: {what}")
        elif record["close"] not in truth:
            complaints.append(f"close: {what}; server's log: {closed.get(where)}")
        if where not in accepted and record["close"] not in GONE:
            complaints.append(f"never accepted by the server: {what}")
        if where in closed and closed[where] not in how:
            complaints.append(f"the server closed by {closed[where]}: {what}")
        if record["left_open"] or record["error"]:
            complaints.append(f"left open or failed: {what} {record['error']}")
    return complaints


def main():
    lab.enter(400)
    with lab.Lab() as net:
        client, server, wire = net.wired_pair(
            delay="5ms", loss=20, duplicate=10, reorder=10, reorder_delay="20ms", corrupt=1, seed=20)
        modes = [f"{ports_of(i)[0]}-{ports_of(i)[1]}:{mode}" for i, mode in enumerate(MODES)]
        peer = server.peer(*modes)
        targets = [f"{server.ip4}:{port}" for i in range(len(MODES))
                   for port in range(ports_of(i)[0], ports_of(i)[1] + 1)]
        run = client.shakedown(
            ["probe", "-J", "-f", "-", "--retries", "14", "--rto-max", "1s", "--rate", "400",
             "--parallel", "1200", "--close-wait-limit", "8s", "--await", "1s", "--time-wait", "4s"],
            timeout=200, text="\n".join(targets))
        records = [r for r in run.records if r["type"] == "probe"]
        summary = [r for r in run.records if r["type"] == "summary"]
        lab.ok(run.rc in (0, 1), "the run ends by itself", f"{run.rc} {run.err}")
        lab.ok(len(records) == len(targets), "each probe ends with a record",
               f"{len(records)} of {len(targets)}")
        lab.ok(all(r["handshake"] and r["close"] for r in records), "each record has both verdicts",
               str([r["port"] for r in records if not (r["handshake"] and r["close"])][:5]))
        accepted, closed = {}, {}
        for event in peer.events("accept"):
            accepted[event["port"], event["peer_port"]] = event["mode"]
        for event in peer.events("close"):
            closed[event["port"], event["peer_port"]] = event["how"]
        complaints = check_each(records, accepted, closed)
        lab.ok(not complaints, "no verdict is false: the server's log agrees",
               f"{len(complaints)} of {len(records)}:\n" + "\n".join(complaints[:12]))
        lab.ok(summary and summary[0]["left_open"] == 0, "the summary: nothing left open")
        lab.ok(summary and summary[0]["capture_dropped"] == 0, "the capture lost nothing",
               json.dumps(summary))
        lab.ok(summary and summary[0]["frames_damaged"] > 0, "damaged segments were seen, and discarded",
               json.dumps(summary))

        def standing():
            return [s for s in server.sockets() if s["state"] in STANDING]

        lab.wait_for(lambda: not standing(), 60)
        lab.ok(not standing(), "nothing is left open at the server",
               "\n".join(str(s) for s in standing()[:8]))
        counters = wire.stop()
        lab.ok(counters["ab"]["dropped"] > 1000 and counters["ba"]["duplicated"] > 300,
               "the network was bad indeed", json.dumps(counters))
        lab.note("verdicts: " + ", ".join(f"{n} {t}" for t, n in collections.Counter(
            r["close"] for r in records).most_common()))
        lab.note(f"SYNs sent again: {sum(r['syn_retransmits'] for r in records)}, FINs: "
                 f"{sum(r['fin_retransmits'] for r in records)}")
    lab.done()


main()
