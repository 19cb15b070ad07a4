# SPDX-License-Identifier: BSD-2-Clause
"""What goes on beside a test: the tool running in the background, and what passes a device.

Use:    run = watch.Run(client, "--await 1s", targets); ... run.finish().probes()
        with watch.Frames(server) as frames: ...; frames.flow(addr, port)
No capture tool is used for the latter: they change to another user, which a namespace with a
single user does not have. A packet socket and thirty lines of decoding do.
"""
import contextlib
import shlex
import signal
import socket
import struct
import threading
from typing import NamedTuple

import sandbox
from children import Daemon, Result, binary

SOL_PACKET, PACKET_STATISTICS, SO_TIMESTAMPNS = 263, 6, 35
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 3, 0x0800, 0x86dd
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Segment(NamedTuple):
    """One TCP segment as it passed, with the kernel's stamp; out: it left this namespace."""

    time_ns: int
    out: bool
    src: str
    sport: int
    dst: str
    dport: int
    seq: int
    ack: int
    flags: int
    len: int

    def end(self):
        """The sequence number behind it; SYN and FIN count."""
        size = self.len + bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.seq + size) & 0xffffffff

    def acks(self, number):
        return bool(self.flags & ACK) and (self.ack - number) & 0xffffffff < 1 << 31


def decode(packet, version, out, time_ns):
    """A Segment; None if it is none. No extension headers, no fragments: the lab has none."""
    if version == ETH_P_IP and len(packet) >= 20 and packet[9] == socket.IPPROTO_TCP:
        head, total = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
        src, dst = (socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16))
    elif version == ETH_P_IPV6 and len(packet) >= 40 and packet[6] == socket.IPPROTO_TCP:
        head, total = 40, 40 + struct.unpack_from("!H", packet, 4)[0]
        src, dst = (socket.inet_ntop(socket.AF_INET6, packet[at:at + 16]) for at in (8, 24))
    else:
        return None
    if len(packet) < head + 20:
        return None
    sport, dport, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", packet, head)
    return Segment(time_ns, out, src, sport, dst, dport, seq, ack, flags,
                   total - head - (offset >> 4) * 4)


class Frames:
    """All TCP segments that pass a device of a namespace, in their order; a context manager."""

    def __init__(self, ns, dev=None):
        self.segments, self.stopped, self.dropped = [], False, 0
        with ns.inside():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sock.settimeout(0.05)
        self.sock.bind((dev or ns.dev, ETH_P_ALL))
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def read(self):
        while True:
            try:
                packet, extra, _, addr = self.sock.recvmsg(65536, 64)
            except TimeoutError:
                if self.stopped:
                    return
                continue
            stamp = struct.unpack("ll", extra[0][2]) if extra else (0, 0)
            found = decode(packet, addr[1], addr[2] == socket.PACKET_OUTGOING,
                           stamp[0] * 1000000000 + stamp[1])
            if found:
                self.segments.append(found)

    def stop(self):
        """Returns when all that had passed until now has been read; False if some was lost."""
        if not self.stopped:
            self.stopped = True
            self.thread.join()
            stats = self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
            self.dropped = struct.unpack("II", stats)[1]
            self.sock.close()
        return self.dropped == 0

    def flow(self, addr, port, other_port):
        """The segments between addr:port and any host's other_port, both directions."""
        return [seg for seg in list(self.segments)
                if (seg.src, seg.sport, seg.dport) == (addr, port, other_port)
                or (seg.dst, seg.dport, seg.sport) == (addr, port, other_port)]


class Run(Daemon):
    """`shakedown probe -J` in the background; options is one string, targets a list."""

    def __init__(self, ns, options="", targets=(), form="-J"):
        words = ["probe"] + shlex.split(f"{form} {options}") + [str(word) for word in targets]
        super().__init__(ns, binary("SHAKEDOWN", "./src/shakedown") + words, "shakedown")

    def result(self):
        """What is known by now."""
        return Result(self.argv, self.proc.poll(), self.read("out"), self.read("err"))

    def finish(self, seconds=60):
        """Wait for its end; the result's rc is None if there was none in time."""
        sandbox.wait_for(lambda: not self.alive(), seconds, 0.01)
        return self.result()

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            self.proc.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.proc.wait(10)


def probes(result):
    """The probe records of a Result."""
    return [rec for rec in result.records if rec.get("type") == "probe"]


def by_target(result):
    """{(port, family): probe record}"""
    return {(rec["port"], rec["family"]): rec for rec in probes(result)}


def segments(result, source_port=None):
    """The segment records, of one connection or of all."""
    return [rec for rec in result.records if rec.get("type") == "segment"
            and source_port in (None, rec["source_port"])]


def summary(result):
    """The summary record; {} if there is none."""
    found = [rec for rec in result.records if rec.get("type") == "summary"]
    return found[0] if found else {}


def to(host, port, family=4):
    """A target: HOST:PORT."""
    return f"{host.ip4}:{port}" if family == 4 else f"[{host.ip6}]:{port}"
