#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Scans of known networks: without it a scan could invent ports, miss them, or believe a forger.

    client [v1 10.1.0.1] ----- [10.1.0.2 v1] server: peer, nft; 10.77.0.0/16 is all its own

The truth is what this test set up: which ports listen, which addresses nft lets answer.
"""
import collections
import os
import socket
import struct
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import forger  # noqa: E402
import lab  # noqa: E402
from lab import note, ok  # noqa: E402
from scanning import (MODES, MORE, PORT, SHUT, SPAN, Behind, check_nothing_left,  # noqa: E402
                      chosen, only_these, scan, some_addresses, world)

# port -> what nft does with its SYNs (None: of IPv6, likewise), and what that is for a scan
GUARDED = {
    7100: ("drop", "drop", ("filtered", "silence"), ("filtered", "silence")),
    7101: ("reject with tcp reset", "reject with tcp reset", ("closed", "reset"),
           ("closed", "reset")),
    7102: ("reject with icmp type admin-prohibited", "reject with icmpv6 type admin-prohibited",
           ("filtered", "icmp-3-13"), ("filtered", "icmp-1-1")),
    7103: ("reject with icmp type port-unreachable", "reject with icmpv6 type port-unreachable",
           ("unreachable", "icmp-3-3"), ("unreachable", "icmp-1-4")),
}


# --- truth ---

def test_ports(client, server):
    """All ports of one host."""
    rules = "".join(f'meta nfproto ipv4 tcp dport {port} {four}\n'
                    f'meta nfproto ipv6 tcp dport {port} {six}\n'
                    for port, (four, six, _, _) in GUARDED.items())
    server.nft("table inet guarded { chain input { type filter hook input priority 0;\n"
               + rules + "}\n}\n")
    listening = set(MODES) | set(MORE)
    for family, addr in ((4, server.ip4), (6, server.ip6)):
        got = scan(client, f"{addr} -p - --rate 30k --max-per-host 0 --retries 2 -W 300ms")
        seen = collections.Counter(rec["port"] for rec in got.ports)
        ok(got.rc == 0 and len(got.ports) == len(seen) == 65535,
           f"IPv{family}: each of 65,535 ports is told once", lambda: f"{len(seen)} {got}")
        ok({port for _, port in got.open()} == listening, f"IPv{family}: open is what listens",
           lambda: sorted({port for _, port in got.open()} ^ listening)[:20])
        told = {rec["port"]: (rec["state"], rec["reason"]) for rec in got.ports}
        guarded = {port: told.get(port) for port in GUARDED}
        ok(guarded == {port: row[family // 2] for port, row in GUARDED.items()},
           f"IPv{family}: filtered, reset, prohibited, unreachable: state and reason", guarded)
        others = {port: what for port, what in told.items()
                  if port not in listening and port not in GUARDED and what != ("closed", "reset")}
        ok(not others, f"IPv{family}: all the others are closed", list(others.items())[:10])
        ttls = {rec["ttl"] for rec in got.ports if rec["reason"] != "silence"}
        late = [rec for rec in got.ports
                if rec["tries"] == 1 and rec["reason"] in ("syn-ack", "reset")
                and not 0 < rec["rtt_ns"] < 10**9]
        ok(ttls == {64} and not late, f"IPv{family}: TTL and round trip of each answer",
           lambda: f"{ttls} {late[:3]}")
        ok(got.summary["found"]["open"] == len(listening) and got.summary["left_open"] == 0,
           f"IPv{family}: the summary says the same", got.summary)
        check_nothing_left(server, f"IPv{family}, all ports")
    server.nft("delete table inet guarded\n")


def test_span(client, server):
    """Many addresses, and each way of sending."""
    few = some_addresses("10.77.0.0/20", 700, 1)
    only_these(server, "10.77.0.0/20", few)
    truth, shut = {(a, PORT) for a in few}, {(a, SHUT) for a in few}
    names = {"auto": None, "raw": "raw socket", "packet": "AF_PACKET", "xdp": "AF_XDP"}
    for way, name in names.items():
        got = scan(client, f"10.77.0.0/20 -p {PORT},{SHUT} --rate 8k --retries 1 -W 250ms"
                           f" --send {way}")
        if way == "xdp" and got.rc == 3 and "AF_XDP" in got.err:
            lab.skip("AF_XDP", got.err.strip())
            continue
        ok(got.rc == 0 and name in (None, got.run.get("way")) and
           got.summary.get("complete"), f"{way}: the scan of a span is complete", lambda: str(got))
        ok(got.open() == truth and got.having("closed") == shut, f"{way}: found is the truth",
           lambda: f"{len(got.open())} {len(truth)} {list(got.open() ^ truth)[:5]}")
        ok(len(got.ports) == 8192 == got.summary["probed"] and
           len(got.having("filtered")) == 8192 - 1400, f"{way}: each target is told once",
           got.summary)
        note(f"{way}: {got.run.get('way')}, {got.summary['syn_retransmits']} SYNs repeated, "
             f"{got.summary['elapsed_ns'] / 1e9:.2f} s")
    check_nothing_left(server, "span")
    server.nft("delete table ip few\n")


# --- the census ---

# port -> verdicts between which the server's scheduler decides: does the application close before
# its kernel acknowledges our FIN? And where it closes at once: do the FINs cross?
RACES = {7000: {"three-segment", "four-segment"},
         7005: {"three-segment", "four-segment", "simultaneous", "server-first"}}


def test_census(client, server):
    ports = ",".join(map(str, MODES))
    targets = [f"{host}:{port}" for host in (server.ip4, f"[{server.ip6}]") for port in MODES]
    probe = client.shakedown("probe -J --parallel 20 --close-wait-limit 2s " + " ".join(targets))
    want = {(rec["addr"], rec["port"]): (rec["handshake"], rec["close"])
            for rec in probe.records if rec["type"] == "probe"}
    for mode in ("--close-census", "--handshake"):
        got = scan(client, f"{server.ip4} {server.ip6} -p {ports},{SHUT} {mode}"
                           " --close-wait-limit 2s")
        if mode == "--handshake":  # the same, but nothing is said of how they were closed
            want = {key: (handshake, None) for key, (handshake, _) in want.items()}
        have = {(rec["addr"], rec["port"]): (rec["handshake"], rec.get("close"))
                for rec in got.ports if rec["state"] == "open"}
        differ = [(key, have.get(key), want.get(key)) for key in set(have) | set(want)
                  if have.get(key) != want.get(key) and
                  not (key in have and RACES.get(key[1], set()) >= {have[key][1], want[key][1]})]
        ok(len(want) == len(have) == 2 * len(MODES) and not differ,
           f"{mode}: the verdicts are those of probe", differ)
        count = collections.Counter(close for _, close in have.values() if close)
        ok(got.summary["closes"] == count and got.summary["left_open"] == 0,
           f"{mode}: the summary counts them", got.summary["closes"])
        check_nothing_left(server, mode)
    few = scan(client, f"{SPAN.replace('/16', '/22')} -p {PORT} --close-census --rate 3k"
                       " --connections 2000")
    closes = collections.Counter(rec["close"] for rec in few.ports)
    ok(few.rc == 0 and len(few.open()) == 1024 and set(closes) <= {"three-segment", "four-segment"},
       "census of 1,024 addresses: each closed as the peer closes", lambda: f"{closes} {few}")
    check_nothing_left(server, "census of 1,024 addresses")


# --- forgers ---

class AnswerForger(forger.Forger):
    """Who sees the SYNs, and answers with what is a little wrong. By port: how."""

    KINDS = {1: "SYN-ACK, wrong cookie", 2: "RST, wrong ack", 3: "ICMP, wrong sequence number",
             4: "SYN-ACK to another port of ours", 5: "RST without ACK", 6: "right RST"}

    def __init__(self, client, server):
        super().__init__(client, server, lambda sport, dport, seq: (sport, dport, seq ^ 0x10000))
        self.forged = collections.Counter()
        with server.inside():
            self.tcp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def forge(self, packet):
        sport, dport, seq = struct.unpack("!HHI", packet[20:28])
        kind = dport % 10
        self.forged[kind] += 1
        if kind == 3:
            super().forge(packet)
            return
        flags = {1: 0x12, 2: 0x14, 4: 0x12, 5: 0x04, 6: 0x14}.get(kind)
        if flags is None:
            return
        ack = seq + 1 if kind in (4, 6) else 0 if kind == 5 else seq + 2
        other = sport ^ 1 if kind == 4 else sport
        self.answer(packet, other, dport, (ack & 0xffffffff, flags))

    def answer(self, packet, sport, dport, ack_flags):
        src, dst = packet[16:20], packet[12:16]
        head = struct.pack("!HHIIBBHHH", dport, sport, 0x1234, ack_flags[0], 0x50, ack_flags[1],
                           65535, 0, 0)
        words = struct.unpack("!16H", src + dst + struct.pack("!HH", 6, 20) + head)
        total = sum(words)
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        head = head[:16] + struct.pack("!H", ~total & 0xffff) + head[18:]
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 7, 0, 64, 6, 0, src, dst)
        self.tcp.sendto(ip + head, (self.client, 0))


def test_forged(client, server):
    ports = [base + kind for base in range(30000, 30200, 10) for kind in AnswerForger.KINDS]
    server.nft("table inet deaf { chain input { type filter hook input priority 0;\n"
               "tcp dport 30000-30999 drop\n}\n}\n")
    liar = AnswerForger(client, server)
    run = Behind(client, f"{server.ip4} -p {','.join(map(str, ports))} --rate 300 --retries 1"
                         " -W 300ms --max-per-host 0")
    thread = threading.Thread(target=liar.serve, args=(run.proc,))
    thread.start()
    got = run.finish(30)
    thread.join()
    liar.tcp.close()
    states = collections.defaultdict(collections.Counter)
    for rec in got.ports:
        states[rec["port"] % 10][rec["state"], rec["reason"]] += 1
    for kind, name in AnswerForger.KINDS.items():
        want = ("closed", "reset") if kind == 6 else ("filtered", "silence")
        ok(states[kind] == {want: 20}, f"{name}: {'believed' if kind == 6 else 'not believed'}",
           lambda kind=kind: str(states[kind]))
    # (wrong ports of ours may be outside of the range that is captured)
    wrong = sum(liar.forged[kind] for kind in (1, 2, 3, 5))
    ok(wrong == 160 and wrong <= got.summary["rejected"] <= wrong + liar.forged[4],
       "the summary counts the rejected", f"{liar.forged} {got.summary}")
    ok("not believed" in got.err, "and says so to people", got.err)
    server.nft("delete table inet deaf\n")


# --- a bad link ---

def test_bad_link():
    with lab.Lab() as net:
        client, server, wire = net.wired_pair(
            delay="3ms", loss=10, duplicate=10, reorder=10, reorder_delay="15ms", corrupt=2, seed=5)
        net.span(client, server, SPAN)
        server.peer(f"{PORT}:close")
        few = some_addresses("10.77.0.0/22", 500, 3)
        only_these(server, "10.77.0.0/22", few)
        truth, shut = {(a, PORT) for a in few}, {(a, SHUT) for a in few}
        for mode in ("--syn", "--close-census"):
            got = scan(client, f"10.77.0.0/22 -p {PORT},{SHUT} --rate 2k --retries 5 -W 80ms"
                               f" {mode}")
            found, closed = got.open(), got.having("closed")
            ok(found <= truth, f"bad link, {mode}: no false open", list(found - truth)[:5])
            ok(closed <= shut, f"bad link, {mode}: no false closed", list(closed - shut)[:5])
            part = len(found & truth) / len(truth), len(closed & shut) / len(shut)
            note(f"bad link, {mode}: found {part[0]:.2%} of the open, {part[1]:.2%} of the closed; "
                 f"{got.summary['syn_retransmits']} SYNs repeated, loss estimate "
                 f"{got.summary['loss_estimate']}, {got.summary['duplicates']} duplicates, "
                 f"{got.summary['frames_damaged']} damaged, {got.summary['rejected']} rejected")
            ok(min(part) > 0.99, f"bad link, {mode}: more than 99 % of the truth", part)
            ok(len(got.ports) == 2048, f"bad link, {mode}: each target is told once",
               len(got.ports))
            closes = collections.Counter(rec.get("close") for rec in got.ports
                                         if rec["state"] == "open")
            note(str(dict(closes)))
            if mode != "--syn":
                # (a FIN and its repetitions may all be lost: then silence is what was seen)
                ok(set(closes) <= {"three-segment", "four-segment", "silent"} and
                   closes["silent"] < 10 and not got.summary["left_open"],
                   f"bad link, {mode}: each closed as the peer closes", lambda: str(closes))
            check_nothing_left(server, f"bad link, {mode}", 90)
        counters = wire.stop()
        ok(counters["ab"]["dropped"] > 300, "the link was bad indeed", counters)


def main():
    lab.enter(200)
    with lab.Lab() as net:
        client, server = world(net)
        chosen("ports", lambda: test_ports(client, server))
        chosen("span", lambda: test_span(client, server))
        chosen("census", lambda: test_census(client, server))
        chosen("forged", lambda: test_forged(client, server))
    chosen("bad link", test_bad_link)
    lab.done()


main()
