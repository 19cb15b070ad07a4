#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The delay wire tests itself: without it, "the tool survives 5 % loss" could mean no loss at all.

Numbered TCP frames go in at one end; what comes out at the other, the wire's log and its counters
must tell the same story. A delay is only ever asserted to be at least what was asked for.
"""
import os
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import ok  # noqa: E402

FRAMES = 3000
ETH_P_ALL = 3
ETHER = bytes.fromhex("020000000002" "020000000001" "0800")  # to nobody: no kernel answers


def frame(number):
    """An Ethernet frame with TCP segment `number`: its sequence number, and in its data again, so
    that no flipped bit makes one frame into another."""
    tcp = struct.pack("!HHIIBBHHH", 1000, 2000, number, 7, 0x50, 0x18, 100, 0, 0)
    tcp += f"{number:010}".encode()
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0,
                       bytes([10, 1, 0, 1]), bytes([10, 1, 0, 99]))
    return ETHER + head + tcp


def number_of(octets):
    return struct.unpack("!I", octets[38:42])[0]


def is_ours(octets):
    return octets[:14] == ETHER


def pour(wire_end, sock_out, sock_in, count):
    """Send count frames, as fast as the receiver is read; what arrived, in order of arrival."""
    arrived = []
    for number in range(1, count + 1):
        sock_out.send(frame(number))
        if number % 20 == 0:
            drain(sock_in, arrived, 0.002)
    quiet = time.monotonic() + 0.5
    while time.monotonic() < quiet:
        if drain(sock_in, arrived, 0.05):
            quiet = time.monotonic() + 0.5
    return arrived, wire_end.stop()["ab"]


def drain(sock, arrived, seconds):
    sock.settimeout(seconds)
    got = 0
    try:
        while True:
            octets = sock.recv(2048)
            if is_ours(octets):
                arrived.append(octets)
                got += 1
    except (TimeoutError, BlockingIOError):
        return got


def tap(ns):
    with ns.inside():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        sock.bind((ns.dev, ETH_P_ALL))
        return sock


def run(count=FRAMES, **options):
    """One wire, count frames through it: (arrived, counters, log lines of direction ab)."""
    with lab.Lab() as net:
        client, server, wire = net.wired_pair(log=True, **options)
        with tap(client) as sock_out, tap(server) as sock_in:
            arrived, counters = pour(wire, sock_out, sock_in, count)
        return arrived, counters, [line for line in wire.frames()
                                   if line["dir"] == "ab" and line.get("dst") == "10.1.0.99"]


def decisions(log):
    return sorted((line["seq"], line["decision"]) for line in log)


def having(log, word):
    return [line for line in log if word in line["decision"].split("+")]


def near(count, percent):
    """Within five standard deviations: the seed is fixed, so this never flickers."""
    wanted = FRAMES * percent / 100
    return abs(count - wanted) <= 5 * (wanted * (1 - percent / 100)) ** 0.5


def test_plain():
    arrived, counters, log = run(delay="5ms", jitter="3ms")
    ok([number_of(octets) for octets in arrived] == list(range(1, FRAMES + 1))
       and arrived == [frame(i) for i in range(1, FRAMES + 1)],
       "a wire with delay and jitter alone changes and reorders nothing", counters)
    ok(all(line["tx_ns"] >= line["due_ns"] >= line["rx_ns"] + 5_000_000 for line in log)
       and len(log) == FRAMES, "no frame departs before its stamp plus the delay")
    spread = [line["due_ns"] - line["rx_ns"] for line in log]
    ok(max(spread) - min(spread) > 1_000_000, "jitter spreads the delays", spread[:20])
    ok(not counters["ring_drops"] and not counters["queue_drops"] and not counters["held"],
       "nothing was dropped in the wire itself", counters)


def test_impairments():
    options = {"loss": 10, "duplicate": 5, "reorder": 8, "corrupt": 6, "reorder_delay": "20ms"}
    arrived, counters, log = run(seed=7, **options)
    for key, word, percent in (("dropped", "drop", 10), ("duplicated", "duplicate", 4.5),
                               ("reordered", "reorder", 7.2), ("corrupted", "corrupt", 5.4)):
        ok(near(counters[key], percent), f"about {percent} % are {key}", counters)
        ok(counters[key] == len(having(log, word)), f"the log agrees: {key}", counters)
    ok(len(having(log, "copy")) == counters["duplicated"], "a duplicated frame departs twice")
    ok(len(arrived) == FRAMES - counters["dropped"] + counters["duplicated"]
       == len([line for line in log if "tx_ns" in line]),
       "what arrives is what the counters and the log say", [len(arrived), counters])
    check_corruption(arrived, log)
    check_loss_and_order(arrived, log)
    again = run(seed=7, **options)
    ok(decisions(again[2]) == decisions(log)
       and sorted(again[0]) == sorted(arrived), "the same seed decides and flips the same")
    ok(decisions(run(seed=8, **options)[2]) != decisions(log), "another seed decides otherwise")
    less = run(seed=7, loss=10)
    ok({line["seq"] for line in having(less[2], "drop")}
       == {line["seq"] for line in having(log, "drop")},
       "the other percentages do not change which frames are lost")


def check_corruption(arrived, log):
    """Exactly the bit that the log names differs, and it lies in the IP packet."""
    expected = []
    for line in log:
        if "tx_ns" not in line:
            continue
        octets = bytearray(frame(line["seq"]))
        if "flipped_bit" in line:
            octets[14 + line["flipped_bit"] // 8] ^= 0x80 >> line["flipped_bit"] % 8
        expected.append(bytes(octets))
    ok(sorted(expected) == sorted(arrived), "corruption is one bit, where the log says")
    places = {line["flipped_bit"] // 8 for line in having(log, "corrupt")}
    ok(min(places) < 20 and max(places) >= 40 and max(places) < 50,
       "header and data are hit", sorted(places))


def check_loss_and_order(arrived, log):
    clean = [octets for octets in arrived if frame(number_of(octets)) == octets]
    lost = {line["seq"] for line in having(log, "drop")}
    ok(not lost & {number_of(octets) for octets in clean}, "no lost frame arrives")
    late = {line["seq"] for line in having(log, "reorder")}
    order = [number_of(octets) for octets in clean if number_of(octets) not in late]
    ok(order == sorted(order), "all that was not reordered arrives in order")
    whole = [number_of(octets) for octets in clean]
    overtaken = {a for a, b in zip(whole[1:], whole) if a < b}
    ok(overtaken and overtaken <= late, "reordered frames are overtaken", sorted(overtaken)[:20])


def test_connections():
    with lab.Lab() as net:
        client, server, wire = net.wired_pair(delay="20ms", log=True)
        server.peer("7001:echo")
        for addr in (server.ip4, server.ip6):
            with client.inside():
                start = time.monotonic()
                sock = socket.create_connection((addr, 7001), 10)
                took = time.monotonic() - start
            sock.sendall(b"x" * 100000)
            sock.shutdown(socket.SHUT_WR)
            got = b"".join(iter(lambda: sock.recv(65536), b""))
            sock.close()
            ok(took >= 0.04 and len(got) == 100000, f"kernels talk through the wire, {addr}",
               [took, len(got)])
        precise = wire.again(delay="1ms", precise=True, loss=100)
        with client.inside():
            sock = socket.socket()
            sock.settimeout(0.3)
            refused = sock.connect_ex((server.ip4, 7001))
            sock.close()
        counters = precise.stop()
        ok(refused and counters["ab"]["eligible"] == counters["ab"]["dropped"] >= 1
           and counters["ba"]["eligible"] == counters["ba"]["dropped"],
           "100 % loss lets no segment through", counters)
        client.ip("neigh flush all")
        deaf = wire.again(all=True, loss=100)
        found = client.run(["ping", "-c1", "-W1", server.ip4]) if lab.shutil.which("ping") else None
        with client.inside(), socket.socket() as sock:
            sock.settimeout(0.3)
            sock.connect_ex((server.ip4, 7001))
        counters = deaf.stop()
        ok(counters["ab"]["dropped"] == counters["ab"]["received"] >= 1
           and (found is None or found.returncode), "--all loses address resolution too", counters)
        short = wire.again(runtime="200ms")
        ok(lab.wait_for(lambda: not short.alive()) and short.proc.returncode == 0
           and short.stop()["ab"]["received"] >= 0, "wire ends by itself after --runtime")


def main():
    lab.enter(120)
    test_plain()
    test_impairments()
    test_connections()
    lab.done()


main()
