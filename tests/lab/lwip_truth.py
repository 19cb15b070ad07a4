# SPDX-License-Identifier: BSD-2-Clause
"""Single TCP segments (IPv4), made by hand, and what comes back: how a stack really behaves, found
out without the tool that is to find it out.

In: a namespace, and the router behind its device. Out: flows from an address that is nobody's,
so that no kernel answers for them. Numbers are relative: ours to 1000, theirs to their ISS.
"""
import json
import socket
import struct
import time
from typing import NamedTuple

ADDRESS = "10.1.0.77"  # on the first link, like the client's own 10.1.0.1
ISS = 1000
FLAGS = "FSRP.U"
MASK = 0xffffffff


class Answer(NamedTuple):
    """A segment that came; seq and ack are relative, at_s is since the flow's first segment."""

    flags: str
    seq: int
    ack: int
    len: int
    at_s: float
    raw_seq: int

    def __str__(self):
        return f"{self.flags} {self.seq}:{self.seq + self.len} ack {self.ack}"


def signed(number):
    return (number & MASK) - ((number & 0x80000000) << 1)


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Hand:
    """Where such flows begin. The router sends to the client what is for their address; the client
    drops it."""

    def __init__(self, client, router, to):
        link = json.loads(client.run(["ip", "-j", "link", "show", client.dev]).stdout)[0]
        router.ip(f"neigh add {ADDRESS} lladdr {link['address']} dev {router.dev}")
        self.to, self.flows, self.next_port = to, {}, 20000
        with client.inside():
            self.out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self.heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.heard.bind((client.dev, 0x0800))
        self.heard.setblocking(False)

    def flow(self, port):
        self.next_port += 1
        self.flows[self.next_port] = Flow(self, self.next_port, port)
        return self.flows[self.next_port]

    def hear(self, seconds):
        """Reads what has come, and for so long what still comes."""
        end = time.monotonic() + seconds
        while True:
            try:
                packet, where = self.heard.recvfrom(2048)
            except BlockingIOError:
                if time.monotonic() >= end:
                    return
                time.sleep(0.0005)
                continue
            if where[2] == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_TCP \
                    or packet[16:20] != socket.inet_aton(ADDRESS):
                continue
            head, total = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
            flow = self.flows.get(struct.unpack_from("!H", packet, head + 2)[0])
            if flow:
                flow.take(packet[head:total])

    def close(self):
        self.out.close()
        self.heard.close()


class Flow:
    """One 4-tuple."""

    def __init__(self, hand, sport, dport):
        self.hand, self.sport, self.dport = hand, sport, dport
        self.irs, self.answers, self.start = None, [], time.monotonic()

    def take(self, octets):
        _, _, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", octets)
        if flags & 2 and self.irs is None:
            self.irs = seq
        self.answers.append(Answer(
            "".join(name for bit, name in enumerate(FLAGS) if flags >> bit & 1),
            signed(seq - (self.irs or 0)), signed(ack - ISS), len(octets) - (offset >> 4) * 4,
            time.monotonic() - self.start, seq))

    def send(self, flags, seq=0, ack=0, data=b""):
        """One segment. Without "." the acknowledgment's number is what is given: junk. Returns
        the flow."""
        bits = sum(1 << FLAGS.index(flag) for flag in flags)
        number = (ack + (self.irs or 0) if "." in flags else ack) & MASK
        tcp = struct.pack("!HHIIBBHHH", self.sport, self.dport, (seq + ISS) & MASK, number, 5 << 4,
                          bits, 64240, 0, 0) + data
        ends = socket.inet_aton(ADDRESS) + socket.inet_aton(self.hand.to)
        total = checksum(ends + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp)
        tcp = tcp[:16] + struct.pack("!H", total) + tcp[18:]
        header = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0) + ends
        self.hand.out.sendto(header + tcp, (self.hand.to, 0))
        return self

    def get(self, seconds=0.3, count=1):
        """What comes within so long, the first `count` of it without waiting for more."""
        end, first = time.monotonic() + seconds, len(self.answers)
        while time.monotonic() < end and len(self.answers) < first + count:
            self.hand.hear(0.002)
        return self.answers[first:]

    def ask(self, flags, seq=0, ack=0, data=b""):
        """Sends; returns the answer, or None."""
        found = self.send(flags, seq, ack, data).get()
        return found[0] if found else None

    def open(self):
        """The handshake; the connection is ESTABLISHED when this returns."""
        answer = self.ask("S")
        if not answer or answer.flags != "S.":
            raise RuntimeError(f"no SYN-ACK from port {self.dport}: {answer}")
        return self.send(".", 1, 1)

    def reset(self, *numbers):
        """RST at each of the numbers: one of them is the expected one."""
        for number in numbers:
            self.send("R", number)
