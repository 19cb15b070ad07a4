#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hosts that answer on every port: without it a scan would tell thousands of open ports that nobody
serves, or hold back, or lose, real ones.

    client [v1 10.1.0.1] ----- [10.1.0.2 v1] server: peer, nft; 10.77.0.0/16 is all its own

10.77.1.0/28 takes any SYN (nft sends all its ports to one listener); the rest serves what world() does.
"""
import collections
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import ok  # noqa: E402
from scanning import (MODES, Behind, Scan, check_nothing_left, chosen, lab_records,  # noqa: E402
                      scan, world)

WILD = {f"10.77.1.{i}" for i in range(16)}
TAME = {f"10.77.1.{i}" for i in range(16, 32)}
PORTS = "7000-7029,9"
COUNT = 31


def check(name, got, ports=COUNT, modes=len(MODES)):
    wild = collections.Counter(rec["addr"] for rec in got.ports if rec["wildcard"])
    tame = {(rec["addr"], rec["port"]) for rec in got.ports
            if rec["state"] == "open" and not rec["wildcard"]}
    ok(wild == dict.fromkeys(WILD, 1), f"{name}: each host that answers on every port is told once",
       lambda: f"{wild} {got}")
    ok(tame == {(addr, port) for addr in TAME for port in MODES},
       f"{name}: of the others, each open port", lambda: f"{len(tame)} {got}")
    ok(got.summary["wildcards"] == len(WILD) and
       got.summary["wildcard_ports"] == len(WILD) * (ports - 1),
       f"{name}: the summary counts hosts, and ports that are not told",
       lambda: got.summary)
    ok(got.rc == 0 and got.summary["complete"] and got.summary["states"]["open"] ==
       len(WILD) + len(TAME) * modes, f"{name}: complete", lambda: str(got))


def test_modes(client, server):
    plain = scan(client, f"10.77.1.0/27 -p {PORTS} --rate 5k")
    ok(len(plain.open()) == len(WILD) * COUNT + len(TAME) * len(MODES),
       "without controls each port that answers is told", lambda: str(plain))
    for mode in ("--syn", "--handshake", "--close-census"):
        got = scan(client, f"10.77.1.0/27 -p {PORTS} --rate 5k --controls {mode}"
                           " --close-wait-limit 1s")
        check(mode, got)
        check_nothing_left(server, mode)
    text = client.run([os.environ.get("SHAKEDOWN", "./src/shakedown"), "scan", "--yes", "--controls",
                       "--rate", "5k", "-p", PORTS, "10.77.1.0/30"])
    ok(text.stdout.count("every port") == 4,
       "the table says so of each host", text.stdout)


def test_silent_controls(client, server):
    """A firewall before the other ports: hosts are ordinary, after some silence."""
    server.nft("table ip wall { chain input { type filter hook input priority 0;\n"
               "ip daddr 10.77.1.16/28 tcp dport > 9999 drop\n}\n}\n")
    for mode in ("--syn", "--close-census"):
        got = scan(client, f"10.77.1.0/27 -p {PORTS} --rate 5k --controls -W 100ms {mode}"
                           " --close-wait-limit 1s --connections 60")
        check(f"silent controls, {mode}", got)
    server.nft("delete table ip wall\n")
    check_nothing_left(server, "silent controls")


def test_all_ports(client, server):
    """No port is left for the controls."""
    got = scan(client, "10.77.1.3 10.77.1.19 -p - --rate 50k --controls --max-per-host 0 --retries 3"
                       " -W 300ms --open")
    wild = [rec for rec in got.ports if rec["wildcard"]]
    ok(len(wild) == 1 and wild[0]["addr"] == "10.77.1.3" and
       got.summary["wildcard_ports"] == 65534, "all ports: one record for 65,535 that answer",
       lambda: f"{wild[:3]} {got}")
    check_nothing_left(server, "all ports")


def test_interrupted(client, server):
    """What is held back when it is interrupted is told when it is resumed; nothing twice."""
    server.nft("table ip wall { chain input { type filter hook input priority 0;\n"
               "ip daddr 10.77.1.16/28 tcp dport > 9999 drop\n}\n}\n")
    out, state = (os.path.join(client.lab.dir, name) for name in ("part", "state"))
    words = f"10.77.1.0/27 -p {PORTS} --rate 5k --controls -W 700ms --resume {state} -o {out} --seed 4"
    run = Behind(client, words)
    # 100 ms later all is answered, and the controls of half of the hosts are not
    lab.wait_for(lambda: os.path.exists(state), 5, 0.01)
    time.sleep(0.4)
    run.proc.send_signal(signal.SIGINT)
    first = run.finish(10)
    with open(out, encoding="ascii") as file:
        text = file.read()
    told = {(rec["addr"], rec["port"]) for rec in lab_records(text)
            if rec["type"] == "port" and rec["state"] == "open"}
    ok(first.rc == 1 and not [addr for addr, _ in told if addr in TAME],
       "interrupted: what is held back is not told", lambda: f"{first} {told}")
    scan(client, words)
    with open(out, encoding="ascii") as file:
        got = Scan(lab.Result([], 0, file.read(), ""))
    seen = collections.Counter((rec["addr"], rec["port"]) for rec in got.ports)
    opened = {key for key in got.open() if key[0] in TAME}
    ok(max(seen.values()) == 1 and opened == {(addr, port) for addr in TAME for port in MODES},
       "resumed: all of it, nothing twice", lambda: f"{seen.most_common(3)} {len(opened)}")
    server.nft("delete table ip wall\n")


def parts(path):
    """(port records, summaries) of all runs that wrote it."""
    with open(path, encoding="ascii") as file:
        records = lab_records(file.read())
    return ([rec for rec in records if rec["type"] == "port"],
            [rec for rec in records if rec["type"] == "summary"])


def test_told_before(client, mode):
    """A run that goes on knows which hosts the one before told for all their ports."""
    out, state = (os.path.join(client.lab.dir, name + mode) for name in ("wild", "known"))
    words = (f"10.77.1.2-10.77.1.5 -p 7000-9999 --rate 5k --max-per-host 0 --seed 4 {mode}"
             f" --resume {state} -o {out}")
    first = Behind(client, words + " --controls --max-runtime 900ms").finish(10)
    before, _ = parts(out)
    ok(first.rc == 1 and os.path.exists(state) and len(before) == 4,
       f"told before, {mode}: stopped, with four hosts told", lambda: f"{first} {before}")
    without = scan(client, words)
    ok(without.rc == 2 and "--controls: given there, not given here" in without.err and
       parts(out)[0] == before, f"told before, {mode}: refused without --controls", without.err)
    rest = scan(client, words + " --controls")
    told, sums = parts(out)
    ok(rest.rc == 0 and told == before and all(rec["wildcard"] for rec in told),
       f"told before, {mode}: by both runs together, each host is told once",
       lambda: f"{rest} {told}")
    ok([part["wildcards"] for part in sums] == [4, 0] and
       4 + sum(part["wildcard_ports"] for part in sums) >= 12000 and sums[-1]["complete"],
       f"told before, {mode}: each summary counts what its run told", lambda: sums)
    whole = client.shakedown(f"merge -q {out}")
    total = [rec for rec in whole.records if rec["type"] == "summary"]
    ok(whole.rc == 0 and total[0]["wildcards"] == 4 and total[0]["records"] == 4,
       f"told before, {mode}: merged, four hosts", lambda: f"{whole.err} {total}")


def test_shards(client):
    """Each shard finds such a host out for itself; merged, it is one host."""
    names = [os.path.join(client.lab.dir, f"shard{i}") for i in (1, 2, 3)]
    for i, name in enumerate(names):
        got = scan(client, f"10.77.1.0/27 -p {PORTS} --rate 5k --controls --seed 4 --shard {i + 1}/3"
                           f" -o {name}")
        ok(got.rc == 0, f"shard {i + 1} of 3", lambda: str(got))
    merged = client.shakedown("merge -q " + " ".join(names))
    check("shards, merged", Scan(merged))


def test_limited(client, server):
    """Stopped again and again by a number of answers, some of them held back, or just released."""
    out, state = (os.path.join(client.lab.dir, name) for name in ("limited", "limited.state"))
    words = (f"10.77.1.16/28 10.77.2.0/25 -p {PORTS} --rate 20k --controls -W 500ms --seed 5"
             f" --resume {state} -o {out}")
    for limit in [10, 30, 60, 30, 10] * 8 + [0]:
        got = scan(client, words + (f" --max-results {limit}" if limit else ""))
        if got.rc == 0:
            break
    with open(out, encoding="ascii") as file:
        seen = collections.Counter((rec["addr"], rec["port"]) for rec in lab_records(file.read())
                                   if rec["type"] == "port")
    ok(got.rc == 0 and len(seen) == 144 * COUNT and max(seen.values()) == 1,
       "stopped by --max-results, and resumed: each target once",
       lambda: f"{len(seen)} of {144 * COUNT} {seen.most_common(2)} {got}")
    check_nothing_left(server, "stopped by --max-results")


def main():
    lab.enter(120)
    with lab.Lab() as net:
        client, server = world(net)
        server.nft("table ip wild { chain prerouting { type nat hook prerouting priority dstnat;\n"
                   "ip daddr 10.77.1.0/28 meta l4proto tcp "
                   "redirect to :7000\n}\n}\n")
        chosen("modes", lambda: test_modes(client, server))
        chosen("silent controls", lambda: test_silent_controls(client, server))
        chosen("all ports", lambda: test_all_ports(client, server))
        chosen("interrupted", lambda: test_interrupted(client, server))
        chosen("limited", lambda: test_limited(client, server))
        for mode in ("--syn", "--close-census"):
            chosen("told before", lambda: test_told_before(client, mode))
        chosen("shards", lambda: test_shards(client))
    lab.done()


main()
