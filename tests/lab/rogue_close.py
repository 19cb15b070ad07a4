# SPDX-License-Identifier: BSD-2-Clause
"""Faults where the client closes first: each class is one way to answer its FIN wrongly.

Used by rogue.py. Rows that name them are in faults_close.py.
"""
from rogue_app import App, app
from rogue_tcp import fault
from rogue_wire import RST, SYN, seq_add, seq_diff


@app("close-at")
class CloseAt(App):
    """Closes once octets=16000 of anything have come, as if it had read none of them."""

    def on_data(self, data):
        if self.tcp.received >= self.option("octets", 16000):
            self.tcp.close()


@fault("mute-after-fin")
class MuteAfterFin:
    """Nothing at all comes after the client's FIN."""

    deaf = False

    def on_fin(self, seg):
        self.deaf = True

    def send_segment(self, seg):
        if not self.deaf:
            super().send_segment(seg)


@fault("fin-never-heard")
class FinNeverHeard:
    """As if it had not come; all else is answered."""

    def on_fin(self, seg):
        pass


@fault("fin-acked-when-asked")
class FinAckedWhenAsked:
    """The FIN counts, but only what comes later is answered, and no copy of it."""

    def on_fin(self, seg):
        super().on_fin(seg)
        self.ack_due = False

    def on_unacceptable(self, seg):
        self.ack_due = not seg.fin


@fault("fin-acked-late")
class FinAckedLate:
    """late=0.8 seconds pass before the FIN is answered, by either ACK or FIN."""

    def on_fin(self, seg):
        self.after("late", self.option("late", 0.8), lambda: self.take_it(seg))

    def take_it(self, seg):
        super().on_fin(seg)
        if self.ack_due:
            self.send_ack()


@fault("gone-at-fin")
class GoneAtFin:
    """No such connection any more, says its RST."""

    def on_fin(self, seg):
        self.reset_for(seg)
        self.end()


@fault("reset-misplaced")
class ResetMisplaced:
    """Its own RSTs have a sequence number that nobody may believe."""

    def send_segment(self, seg):
        if seg.flags & RST and self.state != "LISTEN":
            seg.seq = seq_add(seg.seq, 5000)
        super().send_segment(seg)


@fault("answer-dies-with-fin")
class AnswerDiesWithFin:
    """The application looks for the end of stream before it answers."""

    def deliver(self, data):
        self.received += len(data)
        self.after("answer", 0.05, lambda: self.app.on_data(data))

    def tell_eof(self):
        self.cancel("answer")
        super().tell_eof()


@fault("text-after-fin-acked")
class TextAfterFinAcked:
    def on_text_after_fin(self, seg):
        self.rcv_nxt = seg.end
        self.ack_due = True


@fault("text-after-fin-reset")
class TextAfterFinReset:
    def on_text_after_fin(self, seg):
        self.abort()


@fault("repeated-fin-ignored")
class RepeatedFinIgnored:
    def on_unacceptable(self, seg):
        if not seg.fin:
            super().on_unacceptable(seg)


@fault("early-fin-taken")
class EarlyFinTaken:
    """A FIN counts although an octet before it is missing."""

    def on_out_of_order(self, seg):
        if seg.fin:
            self.rcv_nxt = seq_add(seg.end, -1)
            self.on_fin(seg)
        else:
            super().on_out_of_order(seg)


@fault("out-of-order-dropped")
class OutOfOrderDropped:
    """Only what comes in order is taken; the ACK that SHOULD follow does."""

    def on_out_of_order(self, seg):
        self.ack_due = True


@fault("out-of-order-unanswered")
class OutOfOrderUnanswered:
    def on_out_of_order(self, seg):
        self.later[seg.seq] = seg


@fault("old-fin-taken")
class OldFinTaken:
    """A FIN from before RCV.NXT closes the connection."""

    def on_unacceptable(self, seg):
        if seg.fin and self.state == "ESTABLISHED":
            self.on_fin(seg)
        else:
            super().on_unacceptable(seg)


@fault("fin-linear")
class FinLinear:
    fin_gaps = [1] * 130


@fault("fin-once")
class FinOnce:
    """Never repeated, never given up."""

    fin_gaps = [600]


@fault("fin-hasty")
class FinHasty:
    """Given up after seven seconds, with a RST."""

    fin_gaps = [1, 2, 4]

    def on_given_up(self):
        self.emit("R.", seq=self.snd_nxt)
        super().on_given_up()


@fault("closed-and-silent")
class ClosedAndSilent:
    """After a full close nothing is answered: as if a firewall had forgotten the connection."""

    def on_fin_acked(self):
        if self.state == "LAST-ACK":
            self.state = "SILENT"
            self.cancel("again")
        else:
            super().on_fin_acked()

    def segment_arrives(self, seg):
        if self.state != "SILENT":
            super().segment_arrives(seg)
        elif seg.flags & SYN:
            self.end()


@fault("kept-after-close")
class KeptAfterClose:
    """TIME-WAIT at the side that closed last."""

    def on_fin_acked(self):
        if self.state == "LAST-ACK":
            self.enter_time_wait()
        else:
            super().on_fin_acked()


@fault("gone-rst-with-ack")
class GoneRstWithAck:
    """Where there is no connection, a RST has an ACK flag, as lwIP's."""

    def reset_for(self, seg):
        self.send_segment(self.plain("R.", seg.ack, seg.end))


@fault("fin-needs-window")
class FinNeedsWindow:
    """The client's FIN waits until its window has 2000 octets."""

    def on_fin(self, seg):
        if seg.wnd << self.snd_shift >= 2000:
            super().on_fin(seg)


@fault("window-ignored")
class WindowIgnored:
    """What it has to say it says, whatever the client's window."""

    def take_ack(self, seg):
        seg.wnd = 0xFFFF
        super().take_ack(seg)


@fault("unread-hidden")
class UnreadHidden:
    """What came fills its window, and its close is a FIN all the same."""

    def offered_window(self):
        return max(0, self.window - self.received)

    def check_sequence(self, seg):
        return 0 <= seq_diff(seg.seq, self.rcv_nxt) <= self.window and super().check_sequence(seg)
