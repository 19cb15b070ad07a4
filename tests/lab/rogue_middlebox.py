# SPDX-License-Identifier: BSD-2-Clause
"""Faults as of a device on the path, and applications as of one. Used by rogue.py."""
from rogue_app import App, app
from rogue_basis import fault
from rogue_wire import ACK, FIN, RST, SACK_OK, SYN, TS, WSCALE


@app("accept-then-drop")
class AcceptThenDrop(App):
    """As a load balancer that reaches no server: nothing, then a FIN after=3.0 seconds; vary=: each
    connection so much later than the one before."""

    def on_open(self):
        memory = self.tcp.memory
        memory["late"] = memory.get("late", 0) + self.option("vary", 0.0)
        self.tcp.after("app", self.option("after", 3.0) + memory["late"], self.tcp.close)


@fault("ttl-later")
class TtlLater:
    """Another TTL than that of the SYN-ACK: in all that follows, or on=fin, on=rst, on=data."""

    def send_segment(self, seg):
        on = self.option("on", "all")
        if not seg.syn and (on == "all" or (on == "fin" and seg.fin) or (on == "rst" and seg.rst)
                            or (on == "data" and seg.data)):
            seg.ttl = self.option("ttl", 57)
        super().send_segment(seg)


@fault("far-behind")
class FarBehind:
    """The SYN-ACK comes at once, all else delay=0.05 seconds later."""

    count = 0

    def send_segment(self, seg):
        if seg.syn:
            super().send_segment(seg)
            return
        self.count += 1
        self.host.schedule(self.option("delay", 0.05), lambda: self.host.transmit(seg))


@fault("proxy")
class Proxy:
    """A SYN proxy: window 0 in the SYN-ACK, then an update; silent=1: none comes."""

    opened = False

    def offered_window(self):
        return super().offered_window() if self.opened else 0

    def check_sequence(self, seg):
        return True

    def on_established(self):
        super().on_established()
        if not self.option("silent", 0):
            self.opened = True
            self.send_ack()


@fault("data-eaten")
class DataEaten:
    """Data never arrives; rst=1: it is answered by a RST with another TTL, rst=2: with the same."""

    def on_data(self, data, seg):
        if self.option("rst", 0):
            self.ttl = 64 if self.option("rst", 0) == 2 else 61
            self.abort()


@fault("fin-eaten")
class FinEaten:
    def on_fin(self, seg):
        pass


@fault("stripped")
class Stripped:
    """An option that was agreed on is taken out of the SYN-ACK: what=ts, sack, wscale."""

    def make_synack(self):
        seg = super().make_synack()
        seg.drop_option({"ts": TS, "sack": SACK_OK, "wscale": WSCALE}[self.option("what", "ts")])
        return seg


@fault("window-tells")
class WindowTells:
    """Timestamps are taken out everywhere; but the window is another one with them."""

    def make_synack(self):
        seg = super().make_synack()
        seg.wnd -= 1000 if self.ts_on else 0
        return seg

    def send_segment(self, seg):
        seg.drop_option(TS)
        super().send_segment(seg)


@fault("half-cut")
class HalfCut:
    """Segments of size=1000 octets where more would do; own= is the MSS of the SYN-ACK."""

    def send_mss(self):
        return self.option("size", 1000)

    def synack_options(self):
        self.mss = self.option("own", 1460)
        return super().synack_options()


@fault("opens")
class Opens:
    """For the closed ports: all are open. data=reset: and reset the first data."""

    def closed_port_reply(self, seg):
        if seg.flags & (SYN | ACK | RST) == SYN:
            reply = self.plain("S.", self.choose_iss(seg), seg.end)
            reply.wnd = 64240
            self.send_segment(reply)
        elif seg.data and self.option("data", "") == "reset":
            self.reset_for(seg)
        elif seg.flags & FIN:
            self.send_segment(self.plain("F.", seg.ack, seg.end))


@fault("closed-silent")
class ClosedSilent:
    def closed_port_reply(self, seg):
        pass


@fault("closed-ttl")
class ClosedTtl:
    """The RST of closed ports comes from further away."""

    def send_segment(self, seg):
        if seg.rst:
            seg.ttl = self.option("ttl", 61)
        super().send_segment(seg)
