# SPDX-License-Identifier: BSD-2-Clause
"""The truth about round trips: stamped segments at the client's device, and the wire's log.

In: a namespace to listen in; the file that tcpdump made of it; the wire's log. Out: connections
(handshakes), each with all its SYNs and all answers in their order; which SYN was answered.
"""
import bisect
import collections
import mmap
import re
import struct
import time
from typing import NamedTuple

from children import Daemon

FIN, SYN, RST, ACK = 1, 2, 4, 16
MAGIC_NS = 0xa1b23c4d
BLOCK_S = 1.2  # how long a block of the capture's ring may wait


class Seg(NamedTuple):
    """One segment; addresses as octets, numbers in host order, options undecoded."""

    time_ns: int
    src: bytes
    dst: bytes
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int


class Listener(Daemon):
    """tcpdump with room for bursts; stop() gives (segments, frames dropped)."""

    def __init__(self, ns, expr="tcp", dev=None):
        super().__init__(ns, ["sleep", "0"], "capture")
        self.proc.wait(5)
        self.file = self.path("frames")
        argv = ["tcpdump", "-i", dev or ns.dev, "-n", "--nano", "-Z", "root", "-s", "128",
                "-B", "32768", "-w", self.file, expr]
        with open(self.path("err"), "wb") as err:
            self.proc = ns.popen(argv, stderr=err)
        self.wait_text("err", "listening on")

    def end(self):
        time.sleep(BLOCK_S)
        self.stop()
        dropped = re.search(r"(\d+) packets? dropped by kernel", self.read("err"))
        return list(segments(self.file)), int(dropped[1]) if dropped else -1


def segments(path):
    """The TCP segments of a nanosecond pcap file of an Ethernet device."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if struct.unpack_from("<I", data)[0] != MAGIC_NS:
        raise ValueError(path + ": no nanosecond stamps")
    at = 24
    while at + 16 <= len(data):
        sec, ns, kept, _ = struct.unpack_from("<IIII", data, at)
        frame, at = data[at + 16:at + 16 + kept], at + 16 + kept
        if frame[12:14] == b"\x08\x00" and frame[23] == 6:
            tcp, src, dst = 14 + (frame[14] & 15) * 4, frame[26:30], frame[30:34]
        elif frame[12:14] == b"\x86\xdd" and frame[20] == 6:
            tcp, src, dst = 54, frame[22:38], frame[38:54]
        else:
            continue
        sport, dport, seq, ack, _, flags = struct.unpack_from("!HHIIBB", frame, tcp)
        yield Seg(sec * 1000000000 + ns, src, dst, sport, dport, seq, ack, flags)


class Handshake:
    """One ISS of one 4-tuple: stamps of its SYNs, of the answers that acknowledge them, and of the
    server's first FIN (0: none)."""

    def __init__(self, sport, dport, iss):
        self.sport, self.dport, self.iss = sport, dport, iss
        self.syns, self.synacks, self.rsts, self.fin = [], [], [], 0


def handshakes(segs):
    """{(sport, dport): [Handshake, ...]} in the order of their first SYN."""
    found, last, latest = collections.defaultdict(list), {}, {}
    for seg in segs:
        if seg.flags & (SYN | ACK | RST) == SYN:
            key = (seg.sport, seg.dport, seg.seq)
            if key not in last:
                last[key] = Handshake(*key)
                found[key[:2]].append(last[key])
                latest[key[:2]] = last[key]
            last[key].syns.append(seg.time_ns)
            continue
        shake = last.get((seg.dport, seg.sport, seg.ack - 1 & 0xffffffff))
        if shake and seg.flags & SYN and seg.flags & ACK:
            shake.synacks.append(seg.time_ns)
        elif shake and seg.flags & RST and seg.flags & ACK:
            shake.rsts.append(seg.time_ns)
        elif seg.flags & FIN and (seg.dport, seg.sport) in latest:
            shake = latest[seg.dport, seg.sport]
            shake.fin = shake.fin or seg.time_ns
    return found


def pick(found, sport, dport, sent_ns):
    """The handshake of these ports whose first SYN left nearest to sent_ns; None if there is none."""
    near = found.get((sport, dport), [])
    return min(near, key=lambda shake: abs(shake.syns[0] - sent_ns), default=None)


class WireTruth:
    """The wire's log, by handshake: what came in and went out, and when."""

    def __init__(self, frames):
        self.syns = collections.defaultdict(list)     # (sport, dport, iss) -> frames from the client
        self.synacks = collections.defaultdict(list)  # same key -> frames from the server
        for frame in frames:
            if "S" not in frame.get("flags", ""):
                continue
            if "." in frame["flags"]:
                key = (frame["dport"], frame["sport"], frame["ack"] - 1 & 0xffffffff)
                self.synacks[key].append(frame)
            else:
                self.syns[frame["sport"], frame["dport"], frame["seq"]].append(frame)

    def carried(self, shake, synack_ns):
        """The frame of the log that arrived at the client at that time: the latest sent before."""
        sent = sorted((f["tx_ns"], i, f) for i, f in enumerate(
            self.synacks[shake.sport, shake.dport, shake.iss]) if "tx_ns" in f)
        at = bisect.bisect_right([one[0] for one in sent], synack_ns + 20000)
        return sent[at - 1][2] if at else None

    def asked(self, shake, synack):
        """The SYN that made the server send this SYN-ACK: the latest that had reached it."""
        reached = [f for f in self.syns[shake.sport, shake.dport, shake.iss]
                   if "tx_ns" in f and f["tx_ns"] <= synack["rx_ns"]]
        return max(reached, key=lambda f: f["tx_ns"], default=None)


CAUSE_NS = 500_000_000     # a SYN-ACK later than this was sent by the server's timer, not by a SYN
GIVEN_UP_NS = 1_000_000_000  # after the last SYN: -W 1s
STALL_NS = 200_000_000       # of a process that is held up: it reads its frames, then looks at the clock


def late(shake):
    """The first SYN-ACK came when the last SYN had been given up."""
    return shake.synacks[0] - shake.syns[-1] >= GIVEN_UP_NS


def hardly_late(shake):
    """So little that it may have been taken for in time."""
    return bool(shake.synacks) and 0 <= shake.synacks[0] - shake.syns[-1] - GIVEN_UP_NS < STALL_NS


def true_sample(shake, truth):
    """(time that the record should have, why it may have none)."""
    synack = truth.carried(shake, shake.synacks[0])
    syn = synack and truth.asked(shake, synack)
    if not syn:
        return None, "no cause in the wire's log"
    left = [stamp for stamp in shake.syns if stamp <= syn["rx_ns"]]
    if not left:
        return None, "no SYN before the wire's"
    if synack["rx_ns"] - syn["tx_ns"] > CAUSE_NS:
        return None, "the server's timer"
    return shake.synacks[0] - left[-1], "" if len(shake.syns) == 1 else "sent again"
