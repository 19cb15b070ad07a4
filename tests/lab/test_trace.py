#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`shakedown rtt --trace`: without it, a way could be shown with the wrong routers, a hop too many
or too few, or a server could be left with the connections of those SYNs that went too far.

      client [v1] --- [v1] router1 [v2] --- [v2] router2 [v3] --- [v3] router3 [v4] --- [v4] server
         10.1.0.1   10.1.0.2   10.2.0.1  10.2.0.2  10.3.0.1  10.3.0.2   10.4.0.1   10.4.0.2

Each way once over IPv4 and once over IPv6: plain, to a closed port, with silent hops, with one that
limits its ICMP, with a firewall on the way, with forged ICMP errors; a far server, and a fork:

      client --- router --- wire --- server          client --- router --- left, right --- server
"""
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from children import Result, binary  # noqa: E402
from forger import Forger  # noqa: E402
from lab import ok  # noqa: E402

OPEN, NEVER, CLOSED, REJECTED, DROPPED = 7001, 7002, 7003, 7004, 7005
UNREACHABLE = {4: "icmp-3-13", 6: "icmp-1-1"}
EXCEEDED = {4: "icmp-11-0", 6: "icmp-3-0"}
FIREWALL = f"""
table inet lab {{
  chain forward {{
    type filter hook forward priority 0
    tcp dport {REJECTED} reject with icmpx type admin-prohibited
    tcp dport {DROPPED} drop
  }}
}}
"""
MUTE = """
table inet mute {
  chain output {
    type filter hook output priority 0
    meta l4proto icmp drop
    icmpv6 type time-exceeded drop
  }
}
"""


class Way:
    """The chain, seen as one IP version; run() traces it."""

    def __init__(self, row, family):
        self.client, self.routers, self.server = row[0], row[1:-1], row[-1]
        self.family = family
        # a router answers from its side of the link that leads to the client
        self.hops = [node.addr4[0] if family == 4 else node.addr6[0] for node in row[1:]]

    @property
    def host(self):
        return self.hops[-1]

    def run(self, port, options="-i 10ms"):
        return self.client.shakedown(f"rtt --trace {options} {self.host} {port}")

    def start(self, port, options):
        """As run(), but in the background, until finish()."""
        argv = binary("SHAKEDOWN", "./src/shakedown")
        argv += ["rtt", "--trace", *options.split(), self.host, str(port)]
        return self.client.popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)

    @staticmethod
    def finish(process):
        out, err = process.communicate(timeout=20)
        return Result(process.args, process.returncode, out, err)

    def ok(self, condition, what, result):
        return ok(condition, f"IPv{self.family}: {what}", lambda: str(result))

    def check_clean(self, what):
        """Nothing stands at the server, no guard and no firewall rule at the client."""
        def left():
            return [sock for sock in self.server.sockets()
                    if sock["state"] not in ("LISTEN", "TIME-WAIT")]

        self.ok(lab.wait_for(lambda: not left(), 5, 0.05), f"{what}: nothing at the server", left())
        mine = self.client.sockets()
        self.ok(not mine, f"{what}: no socket at the client", mine)
        rules = self.client.run(["nft", "list", "ruleset"]).stdout
        self.ok(not rules, f"{what}: no rule at the client", rules)


def hops_of(result):
    """TTL -> its records, in the order of their numbers."""
    found = {}
    for rec in result.records:
        if rec["type"] == "hop":
            found.setdefault(rec["ttl"], []).append(rec)
    return found


def summary_of(result):
    return ([rec for rec in result.records if rec["type"] == "trace_summary"] or [{}])[0]


def seen(result):
    """TTL -> the set of (answer, from)."""
    return {ttl: {(rec["answer"], rec["answer_from"]) for rec in recs}
            for ttl, recs in hops_of(result).items()}


def expected(way, last, length=None):
    """What seen() should be of a way whose routers all answer; `last` is its last hop's answer."""
    hops = way.hops[:length]
    found = {i + 1: {(EXCEEDED[way.family], addr)} for i, addr in enumerate(hops)}
    found[len(hops)] = {(last, hops[-1])}
    return found


def table_of(result):  # the text's lines of hops, each as its words
    return [line.split() for line in result.out.splitlines() if line.startswith(" ")]


# --- ends of the way ---

def test_open(way):
    result = way.run(OPEN, "-i 10ms -J")
    records = [rec for recs in hops_of(result).values() for rec in recs]
    way.ok(result.rc == 0 and seen(result) == expected(way, "syn-ack"),
           "open: the right addresses, four hops, exit status 0", result)
    way.ok(all(len(recs) == 3 and [rec["seq"] for rec in recs] == [0, 1, 2]
               for recs in hops_of(result).values()), "open: three probes of each hop", result)
    way.ok(all(isinstance(rec["rtt_ns"], int) and 0 <= rec["rtt_ns"] < 2e9 for rec in records),
           "open: each with its time", result)
    way.ok(len({rec["source_port"] for rec in records}) == 12 and
           all(rec["syn_retransmits"] == 0 for rec in records),
           "open: each from a port of its own, sent once", result)
    way.ok(all(rec["close"] in ("three-segment", "four-segment") and not rec["left_open"]
               for rec in hops_of(result)[4]), "open: closed gracefully", result)
    summary = summary_of(result)
    way.ok((summary.get("end"), summary.get("hops"), summary.get("family"))
           == ("reached", 4, way.family), "open: the summary says so", result)
    way.check_clean("open")


def test_text(way):
    result = way.run(OPEN)
    table = table_of(result)
    want = [[str(i + 1), addr] for i, addr in enumerate(way.hops)]
    way.ok(result.rc == 0 and [row[:2] for row in table] == want, "text: a line per hop", result)
    way.ok(all(row[3:8:2] == ["ms"] * 3 and all(float(ms) >= 0 for ms in row[2:8:2])
               for row in table) and table[3][8:] == ["open"], "text: three times in each", result)
    way.ok(result.out.splitlines()[-1].endswith(
        "reached at hop 4: open (SYN-ACK), closed gracefully"), "text: how it ends", result)
    way.ok("connections left open: 0" in result.err, "text: nothing left open", result)
    result = way.run(OPEN, "-i 10ms -c 12")
    way.ok(max(map(len, result.out.splitlines())) <= 80 and result.out.count(" ms") == 48,
           "text: twelve probes fit in 80 columns", result)


def test_other_ends(way):
    result = way.run(CLOSED, "-i 10ms -J")
    way.ok(result.rc == 0 and seen(result) == expected(way, "rst"),
           "closed port: the server was reached", result)
    way.ok("closed (RST)" in way.run(CLOSED).out, "closed port: said so", result)
    result = way.run(NEVER, "-i 10ms -J")
    way.ok(result.rc == 0 and seen(result) == expected(way, "syn-ack") and
           {rec["close"] for rec in hops_of(result)[4]} == {"held-open"},
           "a server that does not close: reached, and reset in the end", result)
    result = way.run(OPEN, "-i 10ms -J --half-open")
    way.ok(result.rc == 0 and {rec["close"] for rec in hops_of(result)[4]} == {"client-reset"},
           "half-open: reset", result)
    way.check_clean("other ends")
    result = way.run(OPEN, "-i 10ms --max-hops 2 -J")
    way.ok(result.rc == 1 and list(seen(result)) == [1, 2]
           and summary_of(result)["end"] == "unknown", "two hops at most: not reached", result)


# --- hops that do not answer, or not always ---

def test_silent(way, router):
    way.routers[router].nft(MUTE)
    result = way.run(OPEN, "-i 10ms -W 300ms -J")
    want = expected(way, "syn-ack")
    want[router + 1] = {("none", None)}
    way.ok(result.rc == 0 and seen(result) == want, "one silent hop, all others right", result)
    result = way.run(OPEN, "-i 10ms -W 300ms")
    table = table_of(result)
    way.ok(len(table) == 4 and table[router] == [str(router + 1), "*", "*", "*", "*"],
           "one silent hop: shown as *", result)
    way.routers[router].nft("delete table inet mute")


def test_all_silent(way):
    for router in way.routers:
        router.nft(MUTE)
    begin = time.monotonic()
    result = way.run(OPEN, "-c 1 -W 1s -J")
    took = time.monotonic() - begin
    for router in way.routers:
        router.nft("delete table inet mute")
    way.ok(result.rc == 0 and list(seen(result)) == [1, 2, 3, 4]
           and seen(result)[4] == {("syn-ack", way.host)}, "only the server answers", result)
    way.ok(took < 2.5, f"silent hops are waited for together ({took:.1f} s)", result)


def test_limited(way, router):
    """Linux then sends one ICMP error a second (IPv6: in 250 ms), and up to six that it saved."""
    key = "net.ipv4.icmp_ratelimit" if way.family == 4 else "net.ipv6.icmp.ratelimit"
    way.routers[router].sysctl(key, 1000)
    time.sleep(2.2)  # it has saved none so far
    result = way.run(OPEN, "-i 10ms -c 20 -W 300ms -J")
    way.routers[router].sysctl(key, 0)
    hops = hops_of(result)
    answers = [rec["answer"] for rec in hops[router + 1]]
    other = {ttl: found for ttl, found in seen(result).items() if ttl != router + 1}
    want = {ttl: found for ttl, found in expected(way, "syn-ack").items() if ttl != router + 1}
    way.ok(result.rc == 0 and other == want and all(len(recs) == 20 for recs in hops.values()),
           "a hop that limits its ICMP: the others are complete", result)
    way.ok(set(answers) == {"none", EXCEEDED[way.family]} and
           {rec["answer_from"] for rec in hops[router + 1]} == {None, way.hops[router]} and
           all((rec["rtt_ns"] is None) == (rec["answer"] == "none") for rec in hops[router + 1]),
           f"it answers {20 - answers.count('none')} of 20", result)


# --- firewalls and forgers ---

def test_firewall(way, router):
    way.routers[router].nft(FIREWALL)
    result = way.run(REJECTED, "-i 10ms -J")
    want = expected(way, EXCEEDED[way.family], router + 1)
    want[router + 2] = {(UNREACHABLE[way.family], way.hops[router])}
    way.ok(result.rc == 1 and seen(result) == want and summary_of(result)["end"] == "refused",
           "rejected on the way: ends there, exit status 1", result)
    result = way.run(REJECTED)
    way.ok(result.rc == 1 and result.out.splitlines()[-1].endswith(
        f"not reached: the way ends at hop {router + 2}: {UNREACHABLE[way.family]} from "
        f"{way.hops[router]}") and table_of(result)[-1][-1] == UNREACHABLE[way.family],
           "rejected on the way: the text says so", result)
    begin = time.monotonic()
    result = way.run(DROPPED, "-i 10ms -c 1 -W 500ms --max-hops 14")
    took = time.monotonic() - begin
    way.ok(result.rc == 1 and len(table_of(result)) == router + 2 and result.out.splitlines()[-1]
           .endswith(f"not reached: no answer from hop {router + 2} to 14"),
           "dropped on the way: silence, exit status 1", result)
    way.ok(took > 0.95, "no more than six SYNs unanswered at once", f"{took:.1f} s")
    way.routers[router].nft("delete table inet lab")


def forged(way, change):
    forger = Forger(way.client, way.routers[0], change)
    process = way.start(OPEN, "-J -c 2 -i 10ms -W 500ms")
    forger.serve(process)
    return way.finish(process), forger.count


def test_forged(way):
    """The second router is silent: its probes are there to be deceived for half a second."""
    way.routers[1].nft(MUTE)
    want = expected(way, "syn-ack")
    want[2] = {("none", None)}
    changes = {"sequence number": lambda sport, dport, seq: (sport, dport, seq ^ 1 << 20),
               "source port": lambda sport, dport, seq: (sport ^ 1 << 15, dport, seq),
               "port": lambda sport, dport, seq: (sport, dport ^ 1, seq)}
    for what, change in changes.items():
        result, count = forged(way, change)
        way.ok(result.rc == 0 and seen(result) == want and count >= 8,
               f"{count} forged errors with another {what}: ignored", result)
    result, count = forged(way, lambda sport, dport, seq: (sport, dport, seq))
    way.ok(result.rc == 1 and seen(result).get(2) == {("icmp-3-13", way.hops[0])},
           "the same with the right numbers: believed, so the forgery is sound", result)
    way.routers[1].nft("delete table inet mute")


# --- the rest ---

def test_stopped(way):
    way.routers[2].nft(FIREWALL)
    process = way.start(DROPPED, "-J -W 20s")
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    result = way.finish(process)
    way.ok(result.rc == 1 and seen(result) == expected(way, EXCEEDED[way.family], 3),
           "SIGINT: what was seen so far, exit status 1", result)
    way.routers[2].nft("delete table inet lab")
    way.check_clean("SIGINT")


def test_usage(way):
    for words in ("--csv", "--histogram", "--data-rtt", "-t 5", "--expect loss<1%", "-c 1001",
                  "--max-hops 0", "--max-hops 256", f"{way.host}:1"):
        result = way.client.shakedown(f"rtt --trace {words} {way.host}:{OPEN}")
        ok(result.rc == 2 and not result.out, f"usage: {words} is refused", lambda: str(result))
    result = way.client.shakedown("rtt --trace 192.0.2.1 80")
    ok(result.rc == 3 and "192.0.2.1" in result.err, "no route: exit status 3", lambda: str(result))


def test_far():
    """The server is 80 ms away: SYNs of higher TTLs are on their way before it answers."""
    with lab.Lab() as net:
        client, router, server = net.ns("client"), net.ns("router"), net.ns("server")
        net.link(client, router)
        net.wire(router, server, delay="40ms")
        router.sysctl("net.ipv4.ip_forward", 1)
        client.route("10.2.0.0/24", router.addr4[0])
        server.route("10.1.0.0/24", "10.2.0.1")
        peer = server.peer(f"{OPEN}:close")
        result = client.shakedown(f"rtt --trace -i 500ms -J 10.2.0.2:{OPEN}")
        ok(result.rc == 0 and seen(result) == {1: {("icmp-11-0", "10.1.0.2")},
                                               2: {("syn-ack", "10.2.0.2")}},
           "far away: no hop beyond the server", lambda: str(result))
        accepted = len(peer.events("accept"))
        ok(3 < accepted <= 8, f"far away: it got {accepted} connections, a few too many",
           lambda: str(result))
        ok(len(peer.wait_event("close", count=accepted)) == accepted
           and {event["how"] for event in peer.events("close")} == {"fin"},
           "far away: each was closed gracefully", lambda: peer.events("close"))
        ok(lab.wait_for(lambda: all(sock["state"] in ("LISTEN", "TIME-WAIT")
                                    for sock in server.sockets()), 5, 0.05),
           "far away: nothing at the server", server.sockets)


def test_fork():
    """Two routers at one TTL: a line for each."""
    with lab.Lab() as net:
        client, router, left, right, server = map(
            net.ns, ("client", "router", "left", "right", "server"))
        for a, b in ((client, router), (router, left), (router, right), (left, server),
                     (right, server)):
            net.link(a, b)
        for node in (router, left, right):
            node.sysctl("net.ipv4.ip_forward", 1)
            node.sysctl("net.ipv4.icmp_ratelimit", 0)
        router.sysctl("net.ipv4.fib_multipath_hash_policy", 1)
        server.ip("addr add 10.99.0.1/32 dev lo", "route add 10.1.0.0/24 via 10.4.0.1")
        for node in (left, right, server):
            node.sysctl("net.ipv4.conf.all.rp_filter", 0)
            for dev in node.links:
                node.sysctl(f"net.ipv4.conf.{dev}.rp_filter", 0)
        client.route("10.99.0.1", router.addr4[0])
        left.route("10.99.0.1", "10.4.0.2")
        right.route("10.99.0.1", "10.5.0.2")
        left.route("10.1.0.0/24", "10.2.0.1")
        right.route("10.1.0.0/24", "10.3.0.1")
        router.ip("route add 10.99.0.1 nexthop via 10.2.0.2 nexthop via 10.3.0.2")
        server.peer(f"{OPEN}:close")
        result = client.shakedown(f"rtt --trace -i 10ms -c 20 -J 10.99.0.1:{OPEN}")
        ok(result.rc == 0 and seen(result) == {
            1: {("icmp-11-0", "10.1.0.2")}, 3: {("syn-ack", "10.99.0.1")},
            2: {("icmp-11-0", "10.2.0.2"), ("icmp-11-0", "10.3.0.2")}},
           "a fork: both routers", lambda: str(result))
        result = client.shakedown(f"rtt --trace -i 10ms -c 20 10.99.0.1:{OPEN}")
        lines = [line[:19].split() for line in result.out.splitlines() if line[:19].strip()]
        ok(result.rc == 0 and ["10.1.0.2"] == lines[1][1:] and
           sorted(line[-1] for line in lines[2:4]) == ["10.2.0.2", "10.3.0.2"] and
           [line[0] for line in lines].count("2") == 1 and result.out.count(" ms") == 60,
           "a fork: a line for each router", lambda: str(result))


def main():
    lab.enter(300)
    with lab.Lab() as net:
        row = net.chain(3)
        row[-1].peer(f"{OPEN}:close", f"{NEVER}:never")
        for family in (4, 6):
            way = Way(row, family)
            test_open(way)
            test_text(way)
            test_other_ends(way)
            test_silent(way, 1)
            test_all_silent(way)
            test_limited(way, 1)
            test_firewall(way, 1)
            test_stopped(way)
            way.check_clean("all")
        way = Way(row, 4)
        test_forged(way)
        test_usage(way)
    test_far()
    test_fork()
    lab.done()


main()
