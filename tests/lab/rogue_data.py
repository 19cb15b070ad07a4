# SPDX-License-Identifier: BSD-2-Clause
"""Faults of the data path: each class probes, repeats or acknowledges at the wrong time. Used by
rogue.py.
"""
from rogue_basis import fault
from rogue_wire import URG, seq_add


@fault("no-window-probes")
class NoWindowProbes:
    probe_gaps = ()


@fault("window-probes-linear")
class WindowProbesLinear:
    probe_gaps = (2,) * 200


@fault("window-probes-end")
class WindowProbesEnd:
    """It gives up after three probes, though each is acknowledged."""

    probe_gaps = (1, 2, 4, 8)

    def on_given_up(self):
        self.abort()


@fault("keepalive-octet-taken")
class KeepaliveOctetTaken:
    """The octet of a keepalive probe is acknowledged as if it were new."""

    def on_unacceptable(self, seg):
        if seg.data and seg.end == self.rcv_nxt:
            self.emit(".", ack=seq_add(self.rcv_nxt, 1))
        else:
            super().on_unacceptable(seg)


@fault("urgent-stalls")
class UrgentStalls:
    """A segment with URG is never acknowledged."""

    def segment_arrives(self, seg):
        if not seg.flags & URG:
            super().segment_arrives(seg)


@fault("urgent-resets")
class UrgentResets:
    def on_urgent(self, seg):
        self.abort()


@fault("text-never-again")
class TextNeverAgain:
    data_gaps = ()


@fault("text-again-linear")
class TextAgainLinear:
    data_gaps = (2,) * 200


@fault("text-given-up")
class TextGivenUp:
    data_gaps = (1, 2, 4, 8)


@fault("text-reset")
class TextReset(TextGivenUp):
    def on_given_up(self):
        self.abort()


@fault("text-acked-late")
class TextAckedLate:
    """By a timer, delay=0.7 seconds after the segment."""

    def on_data(self, data, seg):
        super().on_data(data, seg)
        self.ack_due = False
        self.after("late", self.option("delay", 0.7), self.send_ack)
