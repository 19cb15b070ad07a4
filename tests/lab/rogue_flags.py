# SPDX-License-Identifier: BSD-2-Clause
"""Faults of LISTEN and CLOSED: what odd flags are answered with. Used by rogue.py."""
from rogue_basis import fault
from rogue_wire import seq_add


class Without:
    """For faults: what LISTEN and CLOSED do with a segment without a connection."""

    def on_listen(self, seg):
        if not self.without_connection(seg):
            super().on_listen(seg)

    def closed_port_reply(self, seg):
        if not self.without_connection(seg):
            super().closed_port_reply(seg)


def only(flags):
    """Exactly these flags."""
    return lambda seg: seg.has(flags) and bin(seg.flags).count("1") == len(set(flags) - {"-"})


IS_SYN, IS_ACK, IS_SYNACK, IS_FINACK = only("S"), only("."), only("S."), only("F.")


@fault("rst-with-ack")
class RstWithAck:
    """As lwIP: each RST has the ACK flag."""

    def reset_for(self, seg):
        self.send_segment(self.plain("R.", seg.ack, seg.end))


@fault("rst-with-wrong-seq")
class RstWithWrongSeq:
    """off=: by how much"""

    def reset_for(self, seg):
        self.send_segment(self.plain("R", seq_add(seg.ack, self.option("off", 1)), 0))


@fault("rst-of-zero")
class RstOfZero:
    """One form of RST for all, also where the segment had an ACK."""

    def reset_for(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))


class Refusal:
    """For faults: the RST to a segment without ACK."""

    def closed_port_reply(self, seg):
        if seg.rst or seg.has_ack:
            super().closed_port_reply(seg)
        else:
            self.refuse(seg)


@fault("refusal-without-ack")
class RefusalWithoutAck(Refusal):
    def refuse(self, seg):
        self.send_segment(self.plain("R", 0, 0))


@fault("refusal-off-by-one")
class RefusalOffByOne(Refusal):
    def refuse(self, seg):
        self.send_segment(self.plain("R.", 0, seq_add(seg.end, 1)))


@fault("refusal-of-seq")
class RefusalOfSeq(Refusal):
    """ack = SEG.SEQ, whatever its length"""

    def refuse(self, seg):
        self.send_segment(self.plain("R.", 0, seg.seq))


@fault("refusal-with-seq")
class RefusalWithSeq(Refusal):
    def refuse(self, seg):
        self.send_segment(self.plain("R.", 12345, seg.end))


@fault("fin-not-counted")
class FinNotCounted(Refusal):
    def refuse(self, seg):
        self.send_segment(self.plain("R.", 0, seq_add(seg.end, -1 if seg.fin else 0)))


@fault("listen-refuses-odd")
class ListenRefusesOdd:
    """FIN, NULL, XMAS to a listener: RST, as some systems do."""

    def on_listen_other(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))


@fault("listen-opens-odd")
class ListenOpensOdd:
    """FIN, NULL, XMAS to a listener: SYN-ACK."""

    def on_listen_other(self, seg):
        self.on_syn(seg)


@fault("listen-acks-odd")
class ListenAcksOdd:
    """... an ACK."""

    def on_listen_other(self, seg):
        self.send_segment(self.plain(".", 0, seg.end))


@fault("listen-acks-synack")
class ListenAcksSynack:
    """SYN,ACK to a listener: an ACK."""

    def on_listen_ack(self, seg):
        if seg.syn:
            self.send_segment(self.plain(".", seg.ack, seg.end))
        else:
            super().on_listen_ack(seg)


@fault("drops-flags")
class DropsFlags(Without):
    """As a filter: which="S." is not answered, at open and closed ports. "odd": all but the plain
    SYN; "ack": all with an ACK."""

    def without_connection(self, seg):
        which = self.option("which", "odd")
        if which == "odd":
            return not IS_SYN(seg)
        return seg.has_ack if which == "ack" else only(which)(seg)


@fault("syn-fin-refused")
class SynFinRefused:
    def on_syn(self, seg):
        if seg.fin:
            self.send_segment(self.plain("R.", 0, seg.end))
        else:
            super().on_syn(seg)


@fault("rst-answered")
class RstAnswered(Without):
    """A RST to a RST: two of these would go on for ever."""

    def without_connection(self, seg):
        if seg.rst:
            self.send_segment(self.plain("R.", 0, seg.end))
        return seg.rst


@fault("syn-rst-opens")
class SynRstOpens:
    def on_listen_rst(self, seg):
        if seg.syn:
            self.on_syn(seg)


@fault("syn-psh-dropped")
class SynPshDropped(Without):
    def without_connection(self, seg):
        return seg.has("SP")


@fault("syn-urg-refused")
class SynUrgRefused:
    def on_syn(self, seg):
        if seg.has("U"):
            self.send_segment(self.plain("R.", 0, seg.end))
        else:
            super().on_syn(seg)


@fault("reserved-dropped")
class ReservedDropped(Without):
    def without_connection(self, seg):
        return seg.reserved != 0


@fault("reserved-refused")
class ReservedRefused:
    def on_syn(self, seg):
        if seg.reserved:
            self.send_segment(self.plain("R.", 0, seg.end))
        else:
            super().on_syn(seg)


@fault("checksum-ignored")
class ChecksumIgnored:
    def accept_bad_checksum(self, seg):
        return True
