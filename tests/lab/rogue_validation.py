# SPDX-License-Identifier: BSD-2-Clause
"""Faults of validation: each class believes a RST, SYN or ACK that it should not, or refuses one
that it should believe. Used by rogue.py.
"""
from rogue_basis import fault
from rogue_wire import seq_add, seq_diff


@fault("rst-ignored")
class RstIgnored:
    def on_rst(self, seg):
        pass


@fault("rst-ignored-when-closing")
class RstIgnoredWhenClosing:
    def on_rst(self, seg):
        if self.state == "ESTABLISHED":
            super().on_rst(seg)


@fault("rst-793")
class Rst793:
    """Any RST in the window."""

    def accept_rst(self, seg):
        return "reset" if self.in_window(seg.seq) else "ignore"


@fault("rst-anywhere")
class RstAnywhere:
    def accept_rst(self, seg):
        return "reset"


@fault("rst-outside-acked")
class RstOutsideAcked:
    def accept_rst(self, seg):
        what = super().accept_rst(seg)
        return "challenge" if what == "ignore" else what


@fault("rst-wants-right-ack")
class RstWantsRightAck:
    """The ack of RST,ACK is looked at, too."""

    def on_rst(self, seg):
        if not seg.has_ack or seg.ack == self.snd_nxt:
            super().on_rst(seg)


@fault("no-challenge")
class NoChallenge:
    def challenge_ack(self, seg):
        pass


@fault("challenges-without-limit")
class ChallengesWithoutLimit:
    def challenge_ack(self, seg):
        self.send_ack()


@fault("syn-793")
class Syn793:
    """A SYN in the window is an error: RST, and the connection is gone."""

    def on_syn_established(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))
        self.end()


@fault("syn-anywhere-resets")
class SynAnywhereResets(Syn793):
    def on_unacceptable(self, seg):
        if seg.syn:
            self.on_syn_established(seg)
        else:
            super().on_unacceptable(seg)


@fault("syn-gets-synack")
class SynGetsSynack:
    def on_syn_established(self, seg):
        self.send_segment(self.make_synack())

    def on_unacceptable(self, seg):
        if seg.syn:
            self.on_syn_established(seg)
        else:
            super().on_unacceptable(seg)


@fault("syn-rst-dropped")
class SynRstDropped:
    def on_rst(self, seg):
        if not seg.syn:
            super().on_rst(seg)


@fault("syn-rst-is-syn")
class SynRstIsSyn:
    def on_rst(self, seg):
        if seg.syn:
            self.challenge_ack(seg)
        else:
            super().on_rst(seg)


@fault("syn-fin-is-fin")
class SynFinIsFin:
    def on_syn_established(self, seg):
        if seg.fin:
            self.on_fin(seg)
        else:
            super().on_syn_established(seg)


@fault("ack-too-new-taken")
class AckTooNewTaken:
    """The text is taken, whatever it acknowledges."""

    def on_ack_too_new(self, seg):
        super().on_ack_too_new(seg)
        self.on_text(seg)


@fault("ack-too-new-acked-and-taken")
class AckTooNewAckedAndTaken:
    """As lwIP: an ACK as it should be, but then the text is taken all the same."""

    def on_ack_too_new(self, seg):
        self.send_ack()
        self.on_text(seg)


@fault("ack-too-new-resets")
class AckTooNewResets:
    def on_ack_too_new(self, seg):
        self.reset_for(seg)
        self.end()


@fault("ack-too-new-dropped")
class AckTooNewDropped:
    def on_ack_too_new(self, seg):
        pass


@fault("ack-too-old-taken")
class AckTooOldTaken:
    """RFC 793: an old ack is a duplicate, the text is taken."""

    def on_ack_too_old(self, seg):
        self.on_text(seg)


@fault("ack-too-old-resets")
class AckTooOldResets:
    def on_ack_too_old(self, seg):
        self.reset_for(seg)
        self.end()


@fault("no-ack-flag-taken")
class NoAckFlagTaken:
    def on_no_ack(self, seg):
        self.on_text(seg)


@fault("no-ack-flag-acked")
class NoAckFlagAcked:
    def on_no_ack(self, seg):
        self.ack_due = True


@fault("no-ack-flag-resets")
class NoAckFlagResets:
    def on_no_ack(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))
        self.end()


@fault("outside-dropped")
class OutsideDropped:
    """What is not in the window gets no ACK."""

    def on_unacceptable(self, seg):
        pass


@fault("outside-acked-as-taken")
class OutsideAckedAsTaken:
    """The ACK says that all was received."""

    def on_unacceptable(self, seg):
        if seq_diff(seg.end, self.rcv_nxt) > 0:
            self.emit(".", ack=seg.end)
        else:
            super().on_unacceptable(seg)


@fault("outside-resets")
class OutsideResets:
    def on_unacceptable(self, seg):
        self.reset_for(seg)
        self.end()


@fault("bad-checksum-taken")
class BadChecksumTaken:
    def accept_bad_checksum(self, seg):
        return True


@fault("keepalive-dropped")
class KeepaliveDropped:
    """A probe without data gets no ACK."""

    def on_unacceptable(self, seg):
        if seg.data or seg.seq != seq_add(self.rcv_nxt, -1):
            super().on_unacceptable(seg)
