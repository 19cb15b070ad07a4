#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Loss that grows with the rate, and loss that does not: without it a scan could lose most of what is
open behind a policer, or crawl over a link that loses a part of anything.

    client [v1 10.1.0.1] ----- [10.1.0.2 v1] server: peer, nft; 10.77.0.0/16 is all its own
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import note, ok  # noqa: E402
from scanning import PORT, SPAN, Scan, chosen  # noqa: E402

LIMIT = 3000
OPTIONS = (f"-J --yes --open -p {PORT} 10.77.0.0/17 10.77.128.0/18 --rate 12k --retries 2 -W 400ms"
           " --max-per-host 0")
TARGETS = 49152


def scan(client):
    """With what is said to people."""
    result = client.shakedown("scan " + OPTIONS, 90)
    got = Scan(result)
    for line in got.err.splitlines():
        note(line)
    share = len(got.open()) / TARGETS
    note(f"found {share:.2%} in {got.summary['elapsed_ns'] / 1e9:.1f} s")
    return got, share


def test_policer(client, server):
    server.nft("table ip police { chain input { type filter hook input priority 0;\n"
               f"tcp dport {PORT} tcp flags & (syn | ack) == syn limit rate over {LIMIT}/second"
               " burst 300 packets drop\n}\n}\n")
    got, share = scan(client)
    ok("slowed down to" in got.err and got.summary["slowdowns"] > 0,
       "a policer: it slows down, and says so", lambda: got.err)
    # at 12,000 a second three SYNs each find (3/12 and its repetitions) well below two thirds
    ok(share > 0.85, "a policer: most of what is open is found nevertheless", share)
    server.nft("delete table ip police\n")


def test_own_loss(client, server):
    server.nft("table ip lossy { chain input { type filter hook input priority 0;\n"
               f"tcp dport {PORT} tcp flags & (syn | ack) == syn numgen random mod 100 < 15 drop\n"
               "}\n}\n")
    got, share = scan(client)
    after = got.err.rpartition("slowed down to")[2]
    ok("slowed down to" not in got.err or "own loss" in after or "back at" in after,
       "the same loss at any rate: it returns to the rate asked for", lambda: got.err)
    ok(share > 0.99, "and repetitions find the rest", share)
    server.nft("delete table ip lossy\n")


def main():
    lab.enter(200)
    with lab.Lab() as net:
        client, server = net.pair()
        net.span(client, server, SPAN)
        server.peer(f"{PORT}:close")
        chosen("policer", lambda: test_policer(client, server))
        chosen("own loss", lambda: test_own_loss(client, server))
    lab.done()


main()
