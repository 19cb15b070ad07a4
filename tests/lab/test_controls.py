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
    lab.done()


main()
