# SPDX-License-Identifier: BSD-2-Clause
"""Faults where the server closes first: FIN-WAIT-1 and -2, CLOSING, TIME-WAIT, and idle ends.

Used by rogue.py. Rows that name them are in faults_server_close.py; fin-once and the like, which
serve both directions, are in rogue_close.py.
"""
from rogue_app import App, Http, app
from rogue_tcp import fault
from rogue_wire import RST


@app("idle-reset")
class IdleReset(App):
    """Resets when nothing came for after=2.0 seconds."""

    def on_open(self):
        self.tcp.after("app", self.option("after", 2.0), self.tcp.abort)

    def on_data(self, data):
        self.on_open()


@app("http-idle-reset")
class HttpIdleReset(Http):
    """Answers; resets when nothing came for after=2.0 seconds."""

    def on_open(self):
        self.tcp.after("app", self.option("after", 2.0), self.tcp.abort)

    def on_data(self, data):
        super().on_data(data)
        self.on_open()


@app("reset-after-request")
class ResetAfterRequest(App):
    def on_data(self, data):
        self.tcp.abort()


@fault("idle-forgotten")
class IdleForgotten:
    """idle=2.0 seconds without a segment, and the connection is gone without a word."""

    def segment_arrives(self, seg):
        super().segment_arrives(seg)
        if self.state == "ESTABLISHED":
            self.after("idle", self.option("idle", 2.0), self.end)


@fault("idle-mute")
class IdleMute:
    """Likewise, but what comes later meets silence: a device on the path dropped its state."""

    mute = False

    def segment_arrives(self, seg):
        if self.mute:
            return
        super().segment_arrives(seg)
        if self.state == "ESTABLISHED":
            self.after("idle", self.option("idle", 2.0), self.fall_silent)

    def fall_silent(self):
        self.mute = True


@fault("fin-wait-2-short")
class FinWait2Short:
    """fin_wait_2=0.5 seconds."""

    def on_fin_acked(self):
        self.fin_wait_2_s = self.option("fin_wait_2", 0.5)
        super().on_fin_acked()


@fault("fin-wait-2-mute")
class FinWait2Mute:
    """Whatever comes after its FIN was acknowledged meets silence."""

    def on_fin_acked(self):
        super().on_fin_acked()
        self.state = "SILENT"

    def segment_arrives(self, seg):
        if self.state != "SILENT":
            super().segment_arrives(seg)


@fault("late-data-ignored")
class LateDataIgnored:
    """Text after its own FIN is neither taken nor refused."""

    def on_text(self, seg):
        if not self.fin_sent or seg.fin:
            super().on_text(seg)


@fault("crossing-fin-ignored")
class CrossingFinIgnored:
    """A FIN in FIN-WAIT-1 that does not acknowledge its own is dropped."""

    def on_fin(self, seg):
        if self.state != "FIN-WAIT-1":
            super().on_fin(seg)


@fault("closing-forgotten")
class ClosingForgotten:
    """From CLOSING straight to CLOSED."""

    def on_fin_acked(self):
        if self.state == "CLOSING":
            self.end()
        else:
            super().on_fin_acked()


@fault("no-time-wait")
class NoTimeWait:
    def enter_time_wait(self):
        self.emit(".")
        self.end()


@fault("time-wait-short")
class TimeWaitShort:
    """time_wait=5.0 seconds."""

    def enter_time_wait(self):
        self.time_wait_s = self.option("time_wait", 5.0)
        super().enter_time_wait()


@fault("time-wait-mute")
class TimeWaitMute:
    """It is there, as new connections find, but answers nothing."""

    def time_wait_reply(self, seg):
        pass


@fault("time-wait-guessed")
class TimeWaitGuessed:
    """A RST anywhere in the window ends it, as RFC 793 has it."""

    def accept_rst(self, seg):
        return "reset" if self.in_window(seg.seq) else "ignore"


@fault("time-wait-syn-reset")
class TimeWaitSynReset:
    """As lwIP."""

    def time_wait_syn(self, seg):
        self.send_segment(self.plain("R.", 0, seg.end))


@fault("time-wait-syn-dropped")
class TimeWaitSynDropped:
    def time_wait_syn(self, seg):
        pass


@fault("time-wait-numbers-only")
class TimeWaitNumbersOnly:
    """A newer timestamp does not help (RFC 6191)."""

    def time_wait_accepts(self, seg):
        seg.drop_option(8)
        return super().time_wait_accepts(seg)


@fault("time-wait-old-iss")
class TimeWaitOldIss:
    """The new connection's numbers begin below the old one's."""

    def time_wait_syn(self, seg):
        old = self.iss
        self.end()
        new = self.host.new(self.port, self.flow)
        new.choose_iss = lambda syn: old
        new.segment_arrives(seg)


@fault("reset-acks-nothing")
class ResetAcksNothing:
    """Its own RSTs carry 0 as sequence number."""

    def send_segment(self, seg):
        if seg.flags & RST and self.state != "LISTEN":
            seg.seq = 0
        super().send_segment(seg)
