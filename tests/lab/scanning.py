# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of scans share: a network that is known, scans of it, their output.

    client [v1 10.1.0.1] ----- [10.1.0.2 v1] server: peer, nft; 10.77.0.0/16 is all its own
"""
import collections
import ipaddress
import json
import random
import sys
import time

import lab
from children import Daemon, binary
from tap import note, ok

SPAN = "10.77.0.0/16"
PORT, SHUT = 7000, 9    # listens; does not
MODES = {7000: "close", 7001: "never", 7002: "close-late,after=200ms", 7003: "data-then-fin",
         7004: "reset-on-fin", 7005: "close-at-accept"}
MORE = range(20000, 20200)  # these listen, too
STANDING = ("LISTEN", "TIME-WAIT", "CLOSED")


class Scan:
    """The output of a run, sorted: first, ports, summary."""

    def __init__(self, result):
        self.result, self.rc, self.err = result, result.rc, result.err
        kinds = collections.defaultdict(list)
        for record in result.records:
            kinds[record["type"]].append(record)
        self.ports = kinds["port"]
        self.run = (kinds["run"] or [{}])[0]
        self.summary = (kinds["summary"] or [{}])[0]

    def having(self, state):
        return {(rec["addr"], rec["port"]) for rec in self.ports if rec["state"] == state}

    def open(self):
        return self.having("open")

    def __str__(self):
        return f"rc {self.rc}\n{self.err[-1500:]}\n{json.dumps(self.summary)[:1500]}"


def scan(client, options, timeout=60):
    return Scan(client.shakedown("scan -J -q --yes " + options, timeout))


class Behind(Daemon):
    """A scan in the background."""

    def __init__(self, ns, options):
        super().__init__(ns, binary("SHAKEDOWN", "./src/shakedown") +
                         ("scan -J -q --yes " + options).split(), "shakedown")

    def finish(self, seconds=30):
        lab.wait_for(lambda: not self.alive(), seconds, 0.01)
        text = self.read("out")
        result = lab.Result(self.argv, self.proc.poll(), text, self.read("err"))
        return Scan(result)


def left(server):
    return [sock for sock in server.sockets() if sock["state"] not in STANDING]


def check_nothing_left(server, name, seconds=5):
    ok(lab.wait_for(lambda: not left(server), seconds, 0.1), f"{name}: nothing at the server",
       lambda: left(server)[:5])


def some_addresses(prefix, count, seed):
    return set(random.Random(seed).sample([str(a) for a in ipaddress.ip_network(prefix)], count))


def only_these(server, prefix, addresses):
    """Of the prefix, only these answer."""
    server.nft("table ip few { set these { type ipv4_addr; elements = { "
               + ", ".join(sorted(addresses)) + " }\n}\n"
               "chain input { type filter hook input priority 0;\n"
               f"ip daddr {prefix} ip daddr != @these drop\n}}\n}}\n")


def world(net):
    """(client, server): the lab of most tests of scans."""
    client, server = net.pair()
    net.span(client, server, SPAN)
    server.sysctl("net.ipv4.icmp_ratelimit", 0)
    server.sysctl("net.ipv6.icmp.ratelimit", 0)
    server.peer(*(f"{port}:{mode}" for port, mode in MODES.items()),
                f"{MORE[0]}-{MORE[-1]}:close")
    return client, server


def lab_records(text):
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


def chosen(name, test):
    """All, or those that the command line names."""
    if not sys.argv[1:] or name.replace(" ", "") in sys.argv[1:]:
        begin = time.monotonic()
        test()
        note(f"{name}: {time.monotonic() - begin:.1f} s")
