#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A small passive TCP of our own on an AF_PACKET socket: it does right, or wrong in one named way.

It answers for addresses that no kernel owns, so that no kernel interferes; IPv4 and IPv6, many
ports at once. In: ports with an application and faults. Out: segments. By hand, on the server:

    rogue.py --dev v1 --address 10.1.0.9 --address fd00:1::9 7000:echo 7001:http,size=20000 \\
             7002:close+never-acks-fin+ttl-jumps,ttl=9 closed:rst-with-wrong-ack [--verbose]

    PORT:APP[,OPTION=VALUE...][+FAULT[,OPTION=VALUE...]]...    applications: rogue_app.py
    closed:FAULT[+FAULT]     all other ports are CLOSED (RFC 9293 3.10.7.1), with these faults

In a test, with tests/lab/lab.py (rogue.start() gives the client its neighbour entries):

    import lab, rogue
    lab.enter()
    with lab.Lab() as net:
        client, server = net.pair()
        it = rogue.start(client, server, ["7000:echo+no-ack-of-fin", "7001:http"])
        print(client.shakedown(f"probe --ladder {it.ip4} 7000"), it.read("err"))

A fault is a mixin before the class Tcp. It lives in a module rogue_FAMILY.py beside this file, all
of which are loaded. A complete module, tests/lab/rogue_close.py:

    # SPDX-License-Identifier: BSD-2-Clause
    \"\"\"Faults of closing: each class is one way to do it wrong. Used by rogue.py.\"\"\"
    from rogue_tcp import fault
    from rogue_wire import seq_add

    @fault("no-ack-of-fin")
    class NoAckOfFin:
        def on_fin(self, seg):          # instead of all that is done at the client's FIN
            pass

    @fault("fin-linear")
    class FinLinear:
        fin_gaps = [0.5] * 20           # the schedules are plain attributes

    @fault("fin-ack-off-by-one")
    class FinAckOffByOne:
        def make_fin(self):
            seg = super().make_fin()    # a Segment, rogue_wire.py: seq ack flags wnd options ttl
            seg.ack = seq_add(seg.ack, -1)
            return seg

    @fault("ack-late")
    class AckLate:
        def send_ack(self):             # option(): 7000:echo+ack-late,delay=0.7
            self.after("late", self.option("delay", 0.7), super().send_ack)

    @fault("ttl-of-synack")
    class TtlOfSynack:
        def send_segment(self, seg):    # the last touch of each segment that leaves
            if seg.has("S."):
                seg.ttl = 33
            super().send_segment(seg)

Good to know: the methods marked HOOK in rogue_{basis,send,tcp}.py are those to replace; each
does one thing. self.state, snd_nxt, rcv_nxt ... are absolute numbers: compare with seq_diff().
self.memory is a dict that all connections of a port share (counters, the ISS of the last one ...);
one object lives for one connection. self.emit("F.", seq=, ack=, data=) makes and sends a segment,
self.make() makes it, self.plain("R", seq, ack) makes one without options and window. self.after(
"name", seconds, function) is a timer. self.end() forgets the connection. setting self.ack_due makes
an ACK follow the segment at hand unless something else carries it. Of several faults the last named
is the outermost. An application of its own: rogue_app.app, in the same module.
"""
import argparse
import contextlib
import heapq
import importlib
import itertools
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rogue_app import APPS  # noqa: E402
from rogue_tcp import FAULTS, Tcp  # noqa: E402
from rogue_wire import ETH_IP, ETH_IP6, build_frame, read_frame  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = {"rogue_" + name for name in ("app", "basis", "send", "tcp", "wire")}
ADDRESSES = ("10.1.0.9", "fd00:1::9")
SOL_PACKET, PACKET_AUXDATA, CSUM_NOT_READY, SO_RCVBUFFORCE = 263, 8, 1 << 3, 33


def modules(prefix):
    """The names of the modules beside this one that begin so: "rogue_close"."""
    return sorted(name[:-3] for name in os.listdir(HERE)
                  if name.startswith(prefix) and name.endswith(".py") and name[:-3] not in OURS)


def load_faults():
    """All fault modules that there are."""
    for name in modules("rogue_"):
        importlib.import_module(name)


class Timer:
    def __init__(self, function):
        self.function = function


class Port:
    """What one port does: its class, its application, its options, and a memory for its faults."""

    def __init__(self, host, words, served=True):
        self.host, self.options, self.memory, self.app = host, {}, {}, None
        names = []
        for part in words.split("+") if words else []:
            name, *options = part.split(",")
            names.append(name)
            self.options.update(option.split("=", 1) for option in options)
        if served:
            self.app = look_up(APPS, names.pop(0), "application")
        faults = [look_up(FAULTS, name, "fault") for name in names]
        self.tcp = type("+".join(["Tcp", *names]), (*reversed(faults), Tcp), {})


def look_up(table, name, what):
    if name not in table:
        sys.exit(f"rogue: {name}: no such {what}; there are: {' '.join(sorted(table))}")
    return table[name]


class Host:
    """The addresses, the ports, the connections, the timers and the wire."""

    def __init__(self, dev, addresses, verbose=False):
        self.verbose, self.began = verbose, time.monotonic()
        self.addresses = {socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
                          for text in addresses}
        self.ports, self.connections, self.macs = {}, {}, {}
        self.closed = Port(self, "", served=False)
        self.timers, self.count = [], itertools.count()
        self.sockets = [self.open(dev, kind) for kind in (ETH_IP, ETH_IP6)]
        self.mac = self.sockets[0].getsockname()[4]

    @staticmethod
    def open(dev, kind):
        """Bound to one protocol, such a socket does not hear what leaves."""
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        with contextlib.suppress(OSError):
            wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        wire.bind((dev, kind))
        wire.setblocking(False)
        return wire

    def listen(self, word):
        name, _, words = word.partition(":")
        if name == "closed":
            self.closed = Port(self, words, served=False)
        else:
            self.ports[int(name)] = Port(self, words)

    def schedule(self, seconds, function):
        timer = Timer(function)
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.count), timer))
        return timer

    def new(self, port, flow):
        return port.tcp(port, flow)

    def remember(self, tcp):
        self.connections[tcp.flow] = tcp

    def forget(self, tcp):
        if self.connections.get(tcp.flow) is tcp:
            del self.connections[tcp.flow]

    def arrives(self, seg):
        self.show("<", seg)
        self.macs[seg.src] = seg.mac
        tcp = self.connections.get(seg.flow)
        if not tcp:
            tcp = self.new(self.ports.get(seg.dport, self.closed), seg.flow)
        self.guarded(lambda: tcp.segment_arrives(seg))

    @staticmethod
    def guarded(function):
        """A fault with a mistake in it is shown, and ends nothing but itself."""
        try:
            function()
        except Exception:  # noqa: BLE001 (whatever it is)
            traceback.print_exc()
            sys.stderr.flush()

    def transmit(self, seg):
        """To the wire, as it is."""
        self.show(">", seg)
        with contextlib.suppress(BlockingIOError):
            self.sockets[0].send(build_frame(seg, self.macs[seg.dst], self.mac))

    def show(self, way, seg):
        if self.verbose:
            print(f"{time.monotonic() - self.began:9.4f} {way} {seg}", file=sys.stderr, flush=True)

    def read(self, wire):
        """Up to 64 frames."""
        for _ in range(64):
            try:
                frame, extra, _, _ = wire.recvmsg(65600, 64)
            except BlockingIOError:
                return
            status = next((struct.unpack("=I", value[:4])[0] for level, kind, value in extra
                           if (level, kind) == (SOL_PACKET, PACKET_AUXDATA)), 0)
            seg = read_frame(frame, self.addresses, not status & CSUM_NOT_READY)
            if seg:
                self.arrives(seg)

    def turn(self, poll):
        """One turn of the loop."""
        wait_ms = 1000
        if self.timers:
            wait_ms = max(0, min(wait_ms, (self.timers[0][0] - time.monotonic()) * 1000 + 0.5))
        ready = {number for number, _ in poll.poll(wait_ms)}
        for wire in self.sockets:
            if wire.fileno() in ready:
                self.read(wire)
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            function = heapq.heappop(self.timers)[2].function
            if function:
                self.guarded(function)

    def serve(self, seconds):
        poll = select.poll()
        for wire in self.sockets:
            poll.register(wire, select.POLLIN)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn(poll)


def start(client, server, words, addresses=ADDRESSES, verbose=False):
    """Run it on the server's first device; returns the Daemon, with .ip4 and .ip6."""
    argv = ["/usr/bin/python3", os.path.abspath(__file__), "--dev", server.dev]
    for address in addresses:
        argv += ["--address", address]
    argv += ["--verbose"] if verbose else []
    with server.inside(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.bind((server.dev, 0))
        mac = wire.getsockname()[4].hex(":")
    if client:
        client.ip(*(f"neigh replace {address} lladdr {mac} dev {server.dev} nud permanent"
                    for address in addresses))
    daemon = server.daemon(argv + list(words), "rogue")
    daemon.ip4 = next((text for text in addresses if ":" not in text), None)
    daemon.ip6 = next((text for text in addresses if ":" in text), None)
    return daemon.wait_text("out", "ready\n")


def main():
    parser = argparse.ArgumentParser(description="a passive TCP that does right, or wrong as told")
    parser.add_argument("--dev", default="v1")
    parser.add_argument("--address", action="append")
    parser.add_argument("--verbose", action="store_true", help="show each segment on stderr")
    parser.add_argument("--runtime", type=float, default=1200, help="seconds")
    parser.add_argument("--list", action="store_true", help="show the faults that there are")
    parser.add_argument("ports", nargs="*", metavar="PORT:APP+FAULT")
    args = parser.parse_args()
    load_faults()
    if args.list:
        print("\n".join(sorted(FAULTS)))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(PermissionError):
        os.nice(-10)  # its times are compared with what the tool saw of them
    host = Host(args.dev, args.address or ADDRESSES, args.verbose)
    for word in args.ports:
        host.listen(word)
    print("ready", flush=True)
    host.serve(args.runtime)


if __name__ == "__main__":
    main()
