# SPDX-License-Identifier: BSD-2-Clause
"""Faults of negotiation: what a SYN offers and what is made of it; ISS, cookies. For rogue.py."""
import time

from rogue_basis import fault
from rogue_wire import (AE, CWR, ECE, FASTOPEN, MSS, SACK, SACK_OK, TS, WSCALE, seq_add,
                        wscale_option)

KNOWN = {0, 1, MSS, WSCALE, SACK_OK, SACK, TS}


class AnswerToSyn:
    """For faults: on_synack(seg, syn) changes the SYN-ACK."""

    syn = None

    def on_syn(self, seg):
        self.syn = seg
        super().on_syn(seg)

    def make_synack(self):
        seg = super().make_synack()
        self.on_synack(seg, self.syn)
        return seg


class Picky:
    """For faults: what is done with a SYN that is not liked(); silent=1: nothing."""

    def on_listen(self, seg):
        if not seg.syn or self.liked(seg):
            super().on_listen(seg)
        elif not self.option("silent", 0):
            self.send_segment(self.plain("R.", 0, seg.end))


# --- MSS ---

@fault("no-mss")
class NoMss(AnswerToSyn):
    def on_synack(self, seg, syn):
        seg.drop_option(MSS)


@fault("mss-ignored")
class MssIgnored:
    def send_mss(self):
        return self.option("size", 1460)


@fault("mss-floor")
class MssFloor:
    """It does not go below 216 octets."""

    def send_mss(self):
        return max(super().send_mss(), 216)


@fault("mss-zero-dropped")
class MssZeroDropped(Picky):
    def liked(self, seg):
        return seg.mss is None or seg.mss >= 48


# --- window scale ---

@fault("wscale-unasked")
class WscaleUnasked(AnswerToSyn):
    def on_synack(self, seg, syn):
        seg.set_option(*wscale_option(7))


@fault("wscale-too-large")
class WscaleTooLarge(AnswerToSyn):
    def on_synack(self, seg, syn):
        if seg.option(WSCALE):
            seg.set_option(*wscale_option(15))


@fault("wscale-literal")
class WscaleLiteral:
    """A shift over 14 is used as it is, by a machine that shifts by it modulo 32."""

    def negotiate(self, seg):
        super().negotiate(seg)
        self.snd_shift = (seg.wscale or 0) % 32

    def take_ack(self, seg):
        seg.wnd = (seg.wnd << self.snd_shift & 0xFFFFFFFF) >> self.snd_shift
        super().take_ack(seg)


@fault("no-options")
class NoOptions:
    """As a stack without RFC 7323 and RFC 2018."""

    def negotiate(self, seg):
        seg.options = [(kind, value) for kind, value in seg.options if kind == MSS]
        super().negotiate(seg)


# --- SACK ---

@fault("sack-unasked")
class SackUnasked(AnswerToSyn):
    def on_synack(self, seg, syn):
        seg.set_option(SACK_OK, b"")


@fault("sack-late")
class SackLate:
    """SACK-permitted counts after the SYN, too."""

    def segment_arrives(self, seg):
        self.sack_on = self.sack_on or seg.option(SACK_OK) is not None
        super().segment_arrives(seg)


@fault("sack-never")
class SackNever:
    def sack_blocks(self):
        return []

    def segment_options(self, bits):
        return [pair for pair in super().segment_options(bits) if pair[0] != SACK]


@fault("sack-wrong")
class SackWrong:
    """The first block is not the one that came."""

    def sack_blocks(self):
        return [(seq_add(a, -1), b) for a, b in super().sack_blocks()]


# --- timestamps ---

@fault("ts-unasked")
class TsUnasked(AnswerToSyn):
    def on_synack(self, seg, syn):
        seg.set_ts(1, 0)


@fault("ts-echo-wrong")
class TsEchoWrong(AnswerToSyn):
    def on_synack(self, seg, syn):
        if seg.ts:
            seg.set_ts(seg.ts[0], seg.ts[1] + 1)


@fault("ts-synack-only")
class TsSynackOnly:
    def segment_options(self, bits):
        return [pair for pair in super().segment_options(bits) if pair[0] != TS]


@fault("ts-rate")
class TsRate:
    """hz=: ticks per second, below 0 too"""

    def tsval(self):
        return int(time.monotonic() * self.option("hz", 1000000) + self.ts_offset) & 0xFFFFFFFF


@fault("no-paws")
class NoPaws:
    def on_old_timestamp(self, seg):
        return True


@fault("paws-silent")
class PawsSilent:
    def on_old_timestamp(self, seg):
        return False


@fault("ts-missing-aborts")
class TsMissingAborts:
    def accept_without_timestamp(self, seg):
        self.abort()
        return False


@fault("ts-missing-accepted")
class TsMissingAccepted:
    """As Linux."""

    def accept_without_timestamp(self, seg):
        return True


# --- ECN ---

@fault("ecn")
class Ecn(AnswerToSyn):
    """As it should be; ect=2: with ECT(0) in IP. always=1: without being asked, too."""

    def on_synack(self, seg, syn):
        if syn.has("EW") or self.option("always", 0):
            seg.flags |= ECE
        seg.tos |= self.option("ect", 0)


@fault("accecn")
class AccEcn(AnswerToSyn):
    """Not-ECT on the SYN: CWR alone."""

    def on_synack(self, seg, syn):
        if syn.has("EWA"):
            seg.flags |= CWR


@fault("ecn-reflected")
class EcnReflected(AnswerToSyn):
    def on_synack(self, seg, syn):
        seg.flags |= syn.flags & (ECE | CWR | AE)


@fault("ecn-refused")
class EcnRefused(Picky):
    def liked(self, seg):
        return not seg.flags & (ECE | CWR)


@fault("accecn-refused")
class AccEcnRefused(Picky):
    def liked(self, seg):
        return not seg.flags & AE


# --- TCP Fast Open ---

@fault("tfo")
class Tfo(AnswerToSyn):
    """As it should be; cookie=: octets of it; any=1: any cookie is good; none=1: none is."""

    def cookie(self):
        """The same for all connections of a client."""
        return (self.digest(b"tfo") * 3)[:self.option("cookie", 8)]

    def digest(self, salt):
        port = self.rport
        self.rport = 0 if salt == b"tfo" else port
        found = super().digest(salt)
        self.rport = port
        return found

    def take_syn_text(self, seg):
        given = seg.option(FASTOPEN)
        good = given == self.cookie() or (given and self.option("any", 0))
        return seg.data if good and not self.option("none", 0) else b""

    def on_synack(self, seg, syn):
        if syn.option(FASTOPEN) == b"":
            seg.set_option(FASTOPEN, self.cookie())


@fault("tfo-refused")
class TfoRefused(Picky):
    def liked(self, seg):
        return seg.option(FASTOPEN) is None


# --- odd options, reserved bits ---

@fault("unknown-refused")
class UnknownRefused(Picky):
    """silent=1: dropped"""

    def liked(self, seg):
        return all(kind in KNOWN for kind, _ in seg.options)


@fault("malformed-refused")
class MalformedRefused(Picky):
    def liked(self, seg):
        return not seg.malformed


@fault("reserved-echoed")
class ReservedEchoed:
    """later=1: only after the SYN-ACK"""

    reserved = 0

    def segment_arrives(self, seg):
        self.reserved = seg.reserved
        super().segment_arrives(seg)

    def send_segment(self, seg):
        if not (seg.syn and self.option("later", 0)):
            seg.reserved = self.reserved
        super().send_segment(seg)


@fault("reserved-dropped-later")
class ReservedDroppedLater:
    def on_synchronized(self, seg):
        if not seg.reserved:
            super().on_synchronized(seg)


# --- initial sequence numbers ---

@fault("iss-constant")
class IssConstant:
    def choose_iss(self, seg):
        return 0x12345678


@fault("iss-step")
class IssStep:
    """step= more for each connection"""

    def choose_iss(self, seg):
        last = self.memory.get("iss", 1000)
        self.memory["iss"] = seq_add(last, self.option("step", 64000))
        return self.memory["iss"]


@fault("iss-clock")
class IssClock:
    """The clock of RFC 793 alone: the same for all."""

    def choose_iss(self, seg):
        return time.monotonic_ns() // 4000 & 0xFFFFFFFF


@fault("iss-random")
class IssRandom:
    """Not to be guessed, but not growing either."""

    def choose_iss(self, seg):
        count = self.memory["count"] = self.memory.get("count", 0) + 1
        return int.from_bytes(self.digest(b"%d" % count)[:4], "big")


@fault("iss-coarse")
class IssCoarse:
    """The low bits are always zero."""

    def choose_iss(self, seg):
        return super().choose_iss(seg) & 0xFFFFFF00


@fault("iss-cookie")
class IssCookie:
    """Cookies, as far as a client can see: no memory, no repetition, our number in theirs.
    again=1: the SYN-ACK is repeated all the same."""

    def choose_iss(self, seg):
        return seq_add(int.from_bytes(self.digest(b"cookie")[:4], "big"), seg.seq)

    def synack_schedule(self):
        return super().synack_schedule() if self.option("again", 0) else (30,)

    def on_synchronized(self, seg):
        if self.state == "SYN-RECEIVED" and seg.syn and not seg.has_ack:
            self.end()
            self.host.new(self.port, self.flow).segment_arrives(seg)
        else:
            super().on_synchronized(seg)


@fault("backlog")
class Backlog:
    """Room for size= half-open connections; more SYNs are dropped."""

    def on_syn(self, seg):
        half_open = self.memory.setdefault("half-open", set())
        half_open -= {tcp for tcp in half_open if tcp.state != "SYN-RECEIVED"}
        if len(half_open) < self.option("size", 16):
            half_open.add(self)
            super().on_syn(seg)
