#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Without this test a scan could refuse the network that this host is on, or believe what it hears
from targets to which its routes lead elsewhere, or nowhere.

    client [v1 10.1.0.1 fd00:1::1] --- switch --- [v2 10.1.0.2 fd00:1::2] one: 10.7.0.0/22, fd07::/120
           [v4 10.9.0.1] ---.            `------- [v3 10.1.0.3 fd00:1::3] two: 10.7.1.0/24
                             `------------------- [v4 10.9.0.2] one

Two has 10.1.0.200 and fd00:1::c8, too. What there is between them is the kernel's bridge.
"""
import contextlib
import ipaddress
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import ok  # noqa: E402
from scanning import PORT, SHUT, chosen, only_these, scan, some_addresses  # noqa: E402

QUICK = "-W 300ms --retries 0"
SPAN, PART, SPAN6 = "10.7.0.0/22", "10.7.1.0/24", "fd07::/120"
OURS, NOT_ONE = "an address of this host itself", "not the address of one host"


def world(net):
    """(client, one, two)"""
    client, switch, one, two = (net.ns(name) for name in ("client", "switch", "one", "two"))
    try:
        switch.ip("link add name br0 type bridge", "link set br0 up")
    except RuntimeError as why:
        lab.skip_all(f"no bridge: {why}")
    for node, number in ((client, 1), (one, 2), (two, 3)):
        dev = f"v{number}"
        net.veth(node, dev, switch, dev, 1500, True)
        switch.ip(f"link set {dev} master br0")
        node.ip(f"addr add 10.1.0.{number}/24 dev {dev}",
                f"addr add fd00:1::{number}/64 dev {dev} nodad")
        node.links.append(dev)
    net.veth(client, "v4", one, "v4", 1500, True)
    client.ip("addr add 10.9.0.1/24 dev v4", "addr add 10.1.0.9/24 dev v1",
              f"route add {SPAN} via 10.1.0.2", f"route add {SPAN6} via fd00:1::2")
    one.ip("addr add 10.9.0.2/24 dev v4")
    two.ip("addr add 10.1.0.200/24 dev v3", "addr add fd00:1::c8/64 dev v3 nodad")
    one.own(SPAN)
    one.own(SPAN6)
    two.own(PART)
    for node in (one, two):
        node.sysctl("net.ipv4.icmp_ratelimit", 0)
        node.peer(f"{PORT}:close")
    return client, one, two


@contextlib.contextmanager
def routes(client, *added):
    """With these routes and rules ("route unreachable 10.7.1.0/25") the client is, meanwhile."""
    verb = [line.split(" ", 1) for line in added]
    client.ip(*(f"{what} add {rest}" for what, rest in verb))
    try:
        yield
    finally:
        client.ip(*(f"{what} del {rest}" for what, rest in verb))


def addresses(*prefixes):
    return {str(addr) for prefix in prefixes for addr in ipaddress.ip_network(prefix)}


def at(hosts, *ports):
    return {(host, port) for host in hosts for port in ports}


def check_holes(got, name, *holes):
    """All of these, and no others, were not sent to."""
    ports = {rec["port"] for rec in got.ports}
    told = {(rec["addr"], rec["port"]) for rec in got.ports if rec["reason"] == "no-route"}
    ok(told == got.having("unreachable") == at(addresses(*holes), *ports),
       f"{name}: what cannot be sent to is unreachable: no-route",
       lambda: f"{sorted(told)[:8]} {sorted(got.having('unreachable'))[:8]} {got}")


def check_truth(got, name, want_open, want_closed=()):
    ok(got.rc == 0, f"{name}: exit status 0", lambda: str(got))
    ok(got.open() == set(want_open), f"{name}: all that is open, and no more",
       lambda: f"{sorted(got.open() ^ set(want_open))[:8]} {got}")
    ok(got.having("closed") == set(want_closed), f"{name}: all that is closed, and no more",
       lambda: f"{sorted(got.having('closed') ^ set(want_closed))[:8]} {got}")


def lines_about(got):
    return [line for line in got.err.splitlines() if "not sent to" in line]


def syns_sent(client, six, test):
    """Runs `test` and returns (its result, the addresses to which the client sent SYNs)."""
    flags = "ip6[53] & 0x12 = 2" if six else "tcp[tcpflags] & 0x12 = 2"
    taken = client.capture(flags, "any")
    try:
        got = test()
    finally:
        taken.stop()
    seen = client.run(["tcpdump", "-n", "-q", "-r", taken.path("pcap")], 20).stdout
    ends = [line.partition(" > ")[2].partition(": ")[0] for line in seen.splitlines()]
    return got, {end.rpartition(".")[0] for end in ends}


# --- the network that this host is on ---

def own_network(client, prefix, hosts, holes, lines):
    for options in ("", "--close-census ", "--send raw "):
        name = f"own {prefix} {options}"
        got, asked = syns_sent(client, ":" in prefix, lambda words=options: scan(
            client, f"{prefix} -p {PORT},{SHUT} {QUICK} {words}"))
        check_truth(got, name, at(hosts, PORT), at(hosts, SHUT))
        check_holes(got, name, *holes)
        ok(asked >= set(hosts) and not asked & set(holes),
           f"{name}: SYNs to hosts, none to what is no host, or this one", lambda: sorted(asked))
        ok(got.having("filtered") == at(addresses(prefix) - set(hosts) - set(holes), PORT, SHUT),
           f"{name}: the others are silent", lambda: str(got))
        ok(lines_about(got) == lines, f"{name}: it says so", lambda: got.err)


def test_own(client):
    own_network(client, "10.1.0.0/24", ["10.1.0.2", "10.1.0.3", "10.1.0.200"],
                ["10.1.0.1", "10.1.0.9", "10.1.0.255"],
                [f"10.1.0.1: {OURS}: not sent to", f"10.1.0.9: {OURS}: not sent to",
                 f"10.1.0.255: {NOT_ONE}: not sent to"])


def test_own_six(client):
    own_network(client, "fd00:1::/120", ["fd00:1::2", "fd00:1::3", "fd00:1::c8"], ["fd00:1::1"],
                [f"fd00:1::1: {OURS}: not sent to"])


def test_local(client):
    """Only this host itself: that is a scan like any other."""
    peer = client.peer(f"{PORT}:close")
    for host in ("127.0.0.1", "10.1.0.1", "fd00:1::1", "::1"):
        got = scan(client, f"{host} -p {PORT},{SHUT} {QUICK}")
        check_truth(got, f"only {host}", at([host], PORT), at([host], SHUT))
        ok(not lines_about(got), f"only {host}: nothing is left out", lambda: got.err)
    got = scan(client, f"10.1.0.255 127.0.0.1 10.1.0.1 -p {PORT} {QUICK}")
    check_truth(got, "127.0.0.1 10.1.0.1", at(["127.0.0.1", "10.1.0.1"], PORT))
    check_holes(got, "127.0.0.1 10.1.0.1", "10.1.0.255")
    peer.stop()


# --- routes in the middle ---

def test_holes(client, one):
    few = some_addresses(SPAN, 300, 5)
    only_these(one, SPAN, few)
    holes = ["10.7.1.0/25", "10.7.2.64/26", "10.7.3.16/32", "10.7.3.18/31", "10.7.3.128/29"]
    with routes(client, f"route unreachable {holes[0]}", f"route blackhole {holes[1]}",
                f"route unreachable {holes[2]}", f"route prohibit {holes[3]}",
                f"rule to {holes[4]} prohibit"):
        got = scan(client, f"{SPAN} -p {PORT} {QUICK}")
    check_truth(got, "holes", at(few - addresses(*holes), PORT))
    check_holes(got, "holes", *holes)
    told = lines_about(got)
    ok(len(told) == 5 and "10.7.1.0-10.7.1.127" in told[0] and "unreachable" in told[0]
       and "10.7.2.64-10.7.2.127" in told[1] and "blackhole" in told[1]
       and "10.7.3.16:" in told[2] and "10.7.3.18-10.7.3.19" in told[3]
       and "10.7.3.128-10.7.3.135" in told[4], "holes: a line for each", lambda: got.err)
    one.nft("delete table ip few\n")


def test_holes_six(client):
    holes = ["fd07::40/122", "fd07::f0/128"]
    with routes(client, f"route unreachable {holes[0]}", f"route blackhole {holes[1]}"):
        got = scan(client, f"{SPAN6} -p {PORT} {QUICK}")
    check_truth(got, "holes, IPv6", at(addresses(SPAN6) - addresses(*holes), PORT))
    check_holes(got, "holes, IPv6", *holes)


def test_many_holes(client):
    holes = [f"10.7.0.{2 * i}/32" for i in range(20)]
    with routes(client, *(f"route unreachable {hole}" for hole in holes)):
        got = scan(client, f"10.7.0.0/26 -p {PORT} {QUICK}")
    check_truth(got, "many", at(addresses("10.7.0.0/26") - addresses(*holes), PORT))
    check_holes(got, "many", *holes)
    ok(len(lines_about(got)) == 9 and "and 12 more that are not sent to" in got.err,
       "many: it does not go on about them for ever", lambda: got.err)


def test_too_many(client):
    """More than are looked up: it says so."""
    batch = [f"unreachable 10.7.{i // 128}.{i % 128 * 2}/32" for i in range(512)]
    for high in range(20, 44):
        batch += [f"unreachable 10.{high}.{i // 128}.{i % 128 * 2}/32" for i in range(512)]
    client.ip("route add 10.0.0.0/8 via 10.1.0.2", *(f"route add {line}" for line in batch))
    got = scan(client, f"10.7.0.0-10.63.255.255 -p {PORT} --rate 1k --max-runtime 1s {QUICK}")
    ok("too many" in got.err and len(got.ports) > 0, "more routes than it looks up: it says so",
       lambda: str(got))
    got = scan(client, f"{SPAN} -p {PORT} {QUICK}")
    check_truth(got, "but less of them", at(addresses(SPAN) - addresses(
        *(line.split()[1] for line in batch if " 10.7." in line)), PORT))
    client.ip("route del 10.0.0.0/8 via 10.1.0.2", *(f"route del {line}" for line in batch))


# --- other ways ---

def test_device(client):
    with routes(client, f"route {PART} via 10.9.0.2"):
        got = scan(client, f"{SPAN} -p {PORT} {QUICK}")
        ok(got.rc == 3 and "10.7.1.0-10.7.1.255: leaves by v4, other targets by v1" in got.err
           and "-I" in got.err, "another interface in the middle: which part, and what to do",
           lambda: str(got))
        got = scan(client, f"{SPAN} --exclude {PART} -p {PORT} {QUICK}")
        check_truth(got, "without that part", at(addresses(SPAN) - addresses(PART), PORT))
        got = scan(client, f"{PART} -p {PORT} {QUICK}")
        check_truth(got, "that part", at(addresses(PART), PORT))
        got = scan(client, f"{SPAN} -p {PORT} {QUICK} -I v1")
        check_truth(got, "all by one interface, as asked for", at(addresses(SPAN), PORT))


def test_gateways(client, one, two):
    """One does not know of the part, and the other of nothing else."""
    few, few_of_two = some_addresses(SPAN, 200, 6) - addresses(PART), some_addresses(PART, 50, 7)
    only_these(one, SPAN, few)
    only_these(two, SPAN, few_of_two)
    with routes(client, f"route {PART} via 10.1.0.3"):
        got = scan(client, f"{SPAN} -p {PORT} {QUICK}")
        check_truth(got, "two gateways", at(few | few_of_two, PORT))
        ok("raw" in got.run["way"], "two gateways: the kernel routes", got.run)
        packet = scan(client, f"{SPAN} -p {PORT} {QUICK} --send packet")
        ok(packet.rc == 3 and "next hop" in packet.err, "two gateways: no other way can",
           lambda: str(packet))
    for node in (one, two):
        node.nft("delete table ip few\n")


def test_policy(client):
    """Another table for another source."""
    with routes(client, "route unreachable 10.7.3.0/25 table 100", "rule from 10.1.0.9 table 100"):
        got = scan(client, f"{SPAN} -p {PORT} {QUICK}")
        check_truth(got, "as routes say", at(addresses(SPAN), PORT))
        got = scan(client, f"{SPAN} -p {PORT} {QUICK} -I 10.1.0.9")
        check_truth(got, "from 10.1.0.9", at(addresses(SPAN) - addresses("10.7.3.0/25"), PORT))
        check_holes(got, "from 10.1.0.9", "10.7.3.0/25")


def test_nothing_left(client):
    with routes(client, f"route unreachable {PART}"):
        for words, part in ((PART, "10.7.1.0: route: a route of this host says"),
                            ("10.1.0.255", f"10.1.0.255: route: {NOT_ONE}"),
                            ("10.7.1.7 10.1.0.255", "10.1.0.255: route: "),
                            ("fd99::/120", "fd99::: route: no route")):
            got = scan(client, f"{words} -p {PORT} {QUICK}")
            ok(got.rc == 3 and part in got.err, f"nothing is left: {words}: exit status 3, and why",
               lambda result=got: str(result))


def main():
    lab.enter(150)
    with lab.Lab() as net:
        client, one, two = world(net)
        chosen("own", lambda: test_own(client))
        chosen("own six", lambda: test_own_six(client))
        chosen("local", lambda: test_local(client))
        chosen("holes", lambda: test_holes(client, one))
        chosen("holes six", lambda: test_holes_six(client))
        chosen("many holes", lambda: test_many_holes(client))
        chosen("too many", lambda: test_too_many(client))
        chosen("device", lambda: test_device(client))
        chosen("gateways", lambda: test_gateways(client, one, two))
        chosen("policy", lambda: test_policy(client))
        chosen("nothing left", lambda: test_nothing_left(client))
    lab.done()


main()
