# SPDX-License-Identifier: BSD-2-Clause
"""Faults of the handshake: each class is one way of a listener to do it wrong. Used by rogue.py."""
from rogue_basis import fault
from rogue_wire import seq_add, seq_diff


@fault("synack-acks-too-much")
class SynackAcksTooMuch:
    """On every other connection: the plain ones in between do work."""

    def on_syn(self, seg):
        self.memory["count"] = self.memory.get("count", 0) + 1
        self.wrong = self.memory["count"] % 2 == 0
        super().on_syn(seg)

    def make_synack(self):
        seg = super().make_synack()
        seg.ack = seq_add(seg.ack, 1 if self.wrong else 0)
        return seg


@fault("new-iss-on-repeated-syn")
class NewIssOnRepeatedSyn:
    def on_repeated_syn(self, seg):
        self.set_iss(seq_add(self.iss, 64000))
        super().on_repeated_syn(seg)


@fault("rst-on-repeated-syn")
class RstOnRepeatedSyn:
    def on_repeated_syn(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))


@fault("synack-linear")
class SynackLinear:
    synack_gaps = (1, 1, 1, 1, 1, 1, 1)


@fault("synack-hasty")
class SynackHasty:
    synack_gaps = (0.3, 0.6, 1.2, 2.4)


@fault("synack-once")
class SynackOnce:
    synack_gaps = (60,)


@fault("synack-window-zero")
class SynackWindowZero:
    """As of a SYN proxy; the window opens with the next segment."""

    def make_synack(self):
        seg = super().make_synack()
        seg.wnd = 0
        return seg


@fault("synack-thrice")
class SynackThrice:
    """As it should be, but shorter than a kernel does it."""

    synack_gaps = (1, 2, 4)


@fault("wrong-third-ack-rst-ack")
class WrongThirdAckRstAck:
    def on_wrong_third_ack(self, seg):
        self.send_segment(self.plain("R.", seg.ack, seg.end))


@fault("wrong-third-ack-own-seq")
class WrongThirdAckOwnSeq:
    def on_wrong_third_ack(self, seg):
        self.send_segment(self.plain("R", self.snd_nxt, 0))


@fault("wrong-third-ack-ends")
class WrongThirdAckEnds:
    def on_wrong_third_ack(self, seg):
        super().on_wrong_third_ack(seg)
        self.end()


@fault("wrong-third-ack-silent")
class WrongThirdAckSilent:
    def on_wrong_third_ack(self, seg):
        pass


@fault("any-third-ack")
class AnyThirdAck:
    """up_to=: how far from the right one it may be; as SYN cookies with few values of the MSS."""

    def check_third_ack(self, seg):
        return 0 <= seq_diff(seg.ack, self.iss) <= self.option("up_to", 1 << 30)

    def on_third_ack(self, seg):
        seg.ack = self.snd_nxt
        super().on_third_ack(seg)


class ThirdSegment:
    """For faults: what is done with a segment that is to establish."""

    def on_synchronized(self, seg):
        if self.state == "SYN-RECEIVED" and not seg.syn and not seg.rst and self.refuses(seg):
            return
        super().on_synchronized(seg)


@fault("third-ack-in-order-only")
class ThirdAckInOrderOnly(ThirdSegment):
    def refuses(self, seg):
        return seg.seq != self.rcv_nxt and self.in_window(seg.seq)


@fault("old-third-ack-silent")
class OldThirdAckSilent(ThirdSegment):
    def refuses(self, seg):
        return not self.in_window(seg.seq)


@fault("old-third-ack-rst")
class OldThirdAckRst(ThirdSegment):
    def refuses(self, seg):
        if self.in_window(seg.seq):
            return False
        self.reset_for(seg)
        return True


@fault("third-ack-from-anywhere")
class ThirdAckFromAnywhere:
    def check_sequence(self, seg):
        return self.state == "SYN-RECEIVED" or super().check_sequence(seg)


@fault("third-data-ignored")
class ThirdDataIgnored(ThirdSegment):
    def refuses(self, seg):
        return bool(seg.data)


@fault("third-fin-ignored")
class ThirdFinIgnored(ThirdSegment):
    def refuses(self, seg):
        return seg.fin


@fault("third-fin-rst")
class ThirdFinRst(ThirdSegment):
    def refuses(self, seg):
        if not seg.fin:
            return False
        self.reset_for(seg)
        self.end()
        return True


@fault("third-data-rst")
class ThirdDataRst(ThirdSegment):
    def refuses(self, seg):
        if not seg.data:
            return False
        self.reset_for(seg)
        self.end()
        return True


@fault("bare-ack-ignored")
class BareAckIgnored(ThirdSegment):
    """Deferred accept: waits for data, or a FIN."""

    def refuses(self, seg):
        return seg.ack == self.snd_nxt and not seg.length


@fault("never-established")
class NeverEstablished(ThirdSegment):
    """A full accept queue: no third segment helps."""

    def refuses(self, seg):
        return seg.ack == self.snd_nxt


@fault("half-open-forever")
class HalfOpenForever:
    """Neither a RST nor another SYN gets through to a half-open connection."""

    def on_synchronized(self, seg):
        if self.state == "SYN-RECEIVED" and (seg.rst or seg.syn and seg.seq != self.irs):
            self.ack_due = seg.syn
        else:
            super().on_synchronized(seg)


@fault("half-open-rst-on-syn")
class HalfOpenRstOnSyn:
    """As Linux: a SYN in the window ends the half-open connection by a RST."""

    def on_syn_half_open(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))
        self.end()


@fault("half-open-silent")
class HalfOpenSilent:
    def on_unacceptable(self, seg):
        if not (seg.syn and self.state == "SYN-RECEIVED"):
            super().on_unacceptable(seg)


@fault("half-open-new-synack")
class HalfOpenNewSynack:
    """As with SYN cookies: whatever SYN comes has a SYN-ACK of its own at once."""

    def on_synchronized(self, seg):
        if self.state == "SYN-RECEIVED" and seg.syn and seg.seq != self.irs and not seg.has_ack:
            self.end()
            self.host.new(self.port, self.flow).segment_arrives(seg)
        else:
            super().on_synchronized(seg)


class ThirdSynack:
    """For faults: what is done with a SYN,ACK in SYN-RECEIVED."""

    def on_synchronized(self, seg):
        if self.state == "SYN-RECEIVED" and seg.syn and seg.has_ack:
            self.on_third_synack(seg)
        else:
            super().on_synchronized(seg)


@fault("third-synack-rst")
class ThirdSynackRst(ThirdSynack):
    def on_third_synack(self, seg):
        self.reset_for(seg)
        self.end()


@fault("third-synack-silent")
class ThirdSynackSilent(ThirdSynack):
    def on_third_synack(self, seg):
        pass


class NewSyn:
    """For faults: what is done with a SYN in ESTABLISHED, in the window or not."""

    def on_synchronized(self, seg):
        if self.state == "ESTABLISHED" and seg.syn and not seg.has_ack:
            self.on_new_syn(seg)
        else:
            super().on_synchronized(seg)


@fault("syn-replaces-connection")
class SynReplacesConnection(NewSyn):
    def on_new_syn(self, seg):
        self.end()
        self.host.new(self.port, self.flow).segment_arrives(seg)


@fault("syn-established-silent")
class SynEstablishedSilent(NewSyn):
    def on_new_syn(self, seg):
        pass


@fault("syn-established-rst")
class SynEstablishedRst(NewSyn):
    """RFC 793: a SYN in the window is an error."""

    def on_new_syn(self, seg):
        if self.in_window(seg.seq):
            self.send_segment(self.plain("R.", self.snd_nxt, seg.end))
            self.end()
        else:
            self.send_ack()


@fault("syn-established-no-rst-heeded")
class SynEstablishedNoRstHeeded:
    """Its ACK of a new SYN is right, but no RST ends the connection."""

    def on_rst(self, seg):
        pass


@fault("syn-data-kept")
class SynDataKept:
    """Right, too: acknowledged with the SYN, delivered after the handshake."""

    def take_syn_text(self, seg):
        return seg.data


@fault("syn-data-lost")
class SynDataLost(SynDataKept):
    def on_established(self):
        self.early = b""
        super().on_established()


@fault("syn-data-at-once")
class SynDataAtOnce(SynDataKept):
    """Fast Open without a cookie: the answer goes to whoever says that he sent the SYN."""

    def on_syn(self, seg):
        super().on_syn(seg)
        if self.early:
            self.emit("P.", seq=self.snd_nxt, data=self.early)


@fault("syn-data-twice")
class SynDataTwice:
    """Delivered at the SYN, not acknowledged, and delivered again."""

    def on_syn(self, seg):
        super().on_syn(seg)
        self.early = seg.data


@fault("syn-data-half-acked")
class SynDataHalfAcked:
    def take_syn_text(self, seg):
        return seg.data[:1]


@fault("syn-data-dropped")
class SynDataDropped:
    def on_syn(self, seg):
        if not seg.data:
            super().on_syn(seg)


@fault("syn-data-rst")
class SynDataRst:
    def on_syn(self, seg):
        if seg.data:
            self.send_segment(self.plain("R.", 0, seg.end))
        else:
            super().on_syn(seg)


@fault("syn-data-ack-of-syn-only")
class SynDataAckOfSynOnly:
    """For closed ports: RST, whose ack leaves out the data."""

    def closed_port_reply(self, seg):
        if seg.syn and seg.data:
            self.send_segment(self.plain("R.", 0, seq_add(seg.seq, 1)))
        else:
            super().closed_port_reply(seg)
