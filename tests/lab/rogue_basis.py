# SPDX-License-Identifier: BSD-2-Clause
"""The ground of rogue.py's TCP: numbers, timers, segments; and CLOSED, LISTEN, SYN-RECEIVED.

In: segments that arrive, timers. Out: segments. The rest is in rogue_tcp.py. Each method marked
HOOK is one that a fault may want to replace; its line says what the RFC wants.
"""
import hashlib
import os
import time

from rogue_wire import (ACK, RST, SACK_PERMITTED, SYN, Segment, flag_bits, mss_option,
                        sack_option, seq_add, seq_diff, ts_option, wscale_option)

FAULTS = {}
SECRET = os.urandom(16)


def fault(name):
    """@fault("new-iss-on-repeated-syn") before a mixin class."""
    def keep(cls):
        if name in FAULTS:
            raise ValueError(f"two faults are called {name}")
        cls.fault = name
        FAULTS[name] = cls
        return cls
    return keep


class Basis:
    """The numbers of a connection, its timers, and how segments are made and sent."""

    window = 64128       # octets that we offer; a multiple of 2^shift
    shift = 7            # window scale that we offer
    mss = None           # None: that of an MTU of 1500
    ttl = 64

    def __init__(self, port, flow):
        self.port, self.host = port, port.host
        self.remote, self.rport, self.local, self.lport = flow
        self.state = "LISTEN" if port.app else "CLOSED"
        self.app = port.app(self) if port.app else None
        self.iss = self.snd_una = self.snd_nxt = self.snd_wnd = self.max_snd_wnd = 0
        self.snd_wl1 = self.snd_wl2 = self.irs = self.rcv_nxt = 0
        self.rcv_wnd = self.window
        self.rcv_shift = self.snd_shift = 0
        self.peer_mss, self.ts_on, self.sack_on, self.ts_recent = 536, False, False, 0
        self.ts_offset = int.from_bytes(self.digest(b"ts")[:4], "big")
        self.out, self.out_seq = b"", 0   # not yet acknowledged or not yet sent; seq of out[0]
        self.closing = self.fin_sent = self.ack_due = False
        self.early, self.later, self.timers, self.tries = b"", {}, {}, 0
        self.challenges, self.last_ack_sent, self.received = [], 0, 0

    # --- the ground ---

    flow = property(lambda self: (self.remote, self.rport, self.local, self.lport))
    memory = property(lambda self: self.port.memory)  # a dict for the faults; of the port, lasting
    fin_seq = property(lambda self: seq_add(self.out_seq, len(self.out)))

    def option(self, key, default):
        """Of the port's words: 7000:echo+late,delay=0.7; the default says the type."""
        return type(default)(self.port.options.get(key, default))

    def digest(self, salt):
        text = repr(self.flow).encode() + salt
        return hashlib.blake2b(text, key=SECRET, digest_size=8).digest()

    def after(self, name, seconds, function):
        """Call it later; one timer per name, a new one replaces the old one."""
        self.cancel(name)
        self.timers[name] = self.host.schedule(seconds, lambda: self.fire(name, function))

    def cancel(self, name):
        timer = self.timers.pop(name, None)
        if timer:
            timer.function = None

    def fire(self, name, function):
        self.timers.pop(name, None)
        function()

    def repeat(self, name, gaps, again, give_up):
        """again() after each gap (seconds); give_up() after the last one instead."""
        gaps = list(gaps)
        due = time.monotonic()

        def arm():
            nonlocal due
            due += gaps[0]  # not from when it fired: lateness does not add up
            self.after(name, max(due - time.monotonic(), 0), step)

        def step():
            gaps.pop(0)
            if gaps:
                arm()
                again()
            else:
                give_up()
        if gaps:
            arm()

    def end(self):
        """The connection is gone: CLOSED, no TCB."""
        for name in list(self.timers):
            self.cancel(name)
        self.state = "CLOSED"
        self.host.forget(self)

    # --- segments ---

    def make(self, flags, seq=None, data=b"", ack=None):
        """A segment of this connection with all that belongs to it; flags as text, "F."."""
        bits = flag_bits(flags)
        seg = Segment((self.local, self.lport, self.remote, self.rport), bits,
                      self.snd_nxt if seq is None else seq, 0, data)
        if bits & ACK:
            seg.ack = self.rcv_nxt if ack is None else ack
        shift = 0 if bits & SYN else self.rcv_shift
        seg.wnd = min(self.offered_window() >> shift, 0xFFFF)
        seg.ttl = self.ttl
        seg.options = self.segment_options(bits)
        if not bits & RST:
            self.rcv_wnd = seg.wnd << shift
            self.last_ack_sent, self.ack_due = seg.ack, False
        return seg

    def emit(self, flags, **fields):
        self.send_segment(self.make(flags, **fields))

    def send_segment(self, seg):
        """HOOK, the last touch of every segment: options, ttl, wnd, flags, or not at all."""
        self.host.transmit(seg)

    def offered_window(self):
        """HOOK: octets"""
        return self.window

    def tsval(self):
        """HOOK: our timestamp clock, in ms"""
        return (int(time.monotonic() * 1000) + self.ts_offset) & 0xFFFFFFFF

    def segment_options(self, bits):
        """HOOK: of every segment but the SYN-ACK."""
        if bits & SYN or not self.ts_on:
            found = []
        else:
            found = [(1, None), (1, None), ts_option(self.tsval(), self.ts_recent)]
        if self.sack_on and self.later and not bits & (SYN | RST):
            found += [(1, None), (1, None), sack_option(self.sack_blocks()[:3])]
        return found

    def sack_blocks(self):
        blocks = []
        for seq in sorted(self.later, key=lambda seq: seq_diff(seq, self.rcv_nxt)):
            end = seq_add(seq, len(self.later[seq].data))
            if blocks and seq_diff(seq, blocks[-1][1]) <= 0:
                if seq_diff(end, blocks[-1][1]) > 0:
                    blocks[-1] = (blocks[-1][0], end)
            elif end != seq:
                blocks.append((seq, end))
        return blocks

    def send_ack(self):
        """HOOK: a plain ACK."""
        self.emit(".")

    def challenge_ack(self, seg):
        """HOOK: RFC 5961; at most ten in five seconds (section 7)."""
        now = time.monotonic()
        self.challenges = [when for when in self.challenges if now - when < 5]
        if len(self.challenges) < 10:
            self.challenges.append(now)
            self.send_ack()

    def reset_for(self, seg):
        """HOOK: RST that answers a segment with an ACK; seq is what that one acknowledges."""
        self.send_segment(self.plain("R", seg.ack, 0))

    def plain(self, flags, seq, ack):
        """A segment without options and window: what comes where there is no connection."""
        flow = (self.local, self.lport, self.remote, self.rport)
        return Segment(flow, flag_bits(flags), seq, ack)


class Listen(Basis):
    """CLOSED, LISTEN, SYN-RECEIVED (RFC 9293 3.10.7.1, .2)."""

    synack_gaps = (1, 2, 4, 8, 16, 32)   # the last one: how long until it is given up

    def closed_port_reply(self, seg):
        """HOOK: 3.10.7.1, to a port that is not served."""
        if seg.rst:
            return
        if seg.has_ack:
            self.reset_for(seg)
        else:
            self.send_segment(self.plain("R.", 0, seg.end))

    def on_listen(self, seg):
        """HOOK: 3.10.7.2"""
        if seg.rst:
            self.on_listen_rst(seg)
        elif seg.has_ack:
            self.on_listen_ack(seg)
        elif seg.syn:
            self.on_syn(seg)
        else:
            self.on_listen_other(seg)

    def on_listen_rst(self, seg):
        """HOOK: ignored, also SYN,RST and all flags"""

    def on_listen_ack(self, seg):
        """HOOK: also SYN,ACK and FIN,ACK"""
        self.reset_for(seg)

    def on_listen_other(self, seg):
        """HOOK: FIN, NULL, XMAS, data without flags: dropped"""

    def on_syn(self, seg):
        """HOOK: a SYN in LISTEN, whatever else is on it."""
        self.irs, self.rcv_nxt = seg.seq, seq_add(seg.seq, 1)
        self.early = self.take_syn_text(seg)
        self.rcv_nxt = seq_add(self.rcv_nxt, len(self.early))
        self.set_iss(self.choose_iss(seg))
        self.snd_wnd = self.max_snd_wnd = seg.wnd
        self.negotiate(seg)
        self.state = "SYN-RECEIVED"
        self.host.remember(self)
        self.send_segment(self.make_synack())
        self.repeat("synack", self.synack_schedule(), self.repeat_synack, self.on_synack_given_up)

    def take_syn_text(self, seg):
        """HOOK: what of a SYN's data is kept (and acknowledged). We take none."""
        return b""

    def choose_iss(self, seg):
        """HOOK: RFC 6528: a clock of 4 us, and a hash of the 4-tuple."""
        clock = time.monotonic_ns() // 4000
        return (clock + int.from_bytes(self.digest(b"iss")[:4], "big")) & 0xFFFFFFFF

    def set_iss(self, iss):
        self.iss = self.snd_una = iss
        self.snd_nxt = self.out_seq = seq_add(iss, 1)

    def negotiate(self, seg):
        """HOOK: from the SYN's options to what is used."""
        self.peer_mss = (536 if seg.family == 4 else 1220) if seg.mss is None else seg.mss
        if seg.wscale is not None:
            self.snd_shift, self.rcv_shift = min(seg.wscale, 14), self.shift
        self.sack_on = seg.option(SACK_PERMITTED[0]) is not None
        self.ts_on = seg.ts is not None
        self.ts_recent = seg.ts[0] if seg.ts else 0

    def synack_options(self):
        """HOOK: only what was offered is in the answer."""
        found = [mss_option(self.mss or (1460 if len(self.local) == 4 else 1440))]
        if self.sack_on:
            found.append(SACK_PERMITTED)
        if self.ts_on:
            found.append(ts_option(self.tsval(), self.ts_recent))
        if self.rcv_shift or self.snd_shift:
            found += [(1, None), wscale_option(self.rcv_shift)]
        return found

    def make_synack(self):
        """HOOK: also each repeated one."""
        seg = self.make("S.", seq=self.iss)
        seg.options = self.synack_options()
        return seg

    def synack_schedule(self):
        """HOOK: gaps in seconds, before the first repeat, the second, ... and the end"""
        return self.synack_gaps

    def repeat_synack(self):
        """HOOK"""
        self.send_segment(self.make_synack())

    def on_synack_given_up(self):
        """HOOK: half-open for too long; silently"""
        self.end()

    def on_repeated_syn(self, seg):
        """HOOK: the same SYN in SYN-RECEIVED: the same SYN-ACK."""
        self.repeat_synack()

    def on_syn_half_open(self, seg):
        """HOOK: another SYN in the window, in SYN-RECEIVED: back to LISTEN, silently (fourth)."""
        self.end()

    def check_third_ack(self, seg):
        """HOOK: fifth, SYN-RECEIVED"""
        return seq_diff(self.snd_una, seg.ack) < 0 and seq_diff(seg.ack, self.snd_nxt) <= 0

    def on_wrong_third_ack(self, seg):
        """HOOK: RST, and the state stays."""
        self.reset_for(seg)

    def on_third_ack(self, seg):
        """HOOK: ESTABLISHED. What else the segment carries comes to on_text() afterwards."""
        self.cancel("synack")
        self.state = "ESTABLISHED"
        self.snd_wnd = self.max_snd_wnd = seg.wnd << self.snd_shift
        self.snd_wl1, self.snd_wl2 = seg.seq, seg.ack
        self.snd_una = seg.ack
        self.on_established()

    def on_established(self):
        """HOOK: the application hears of it."""
        self.app.on_open()
        if self.early:
            self.deliver(self.early)
