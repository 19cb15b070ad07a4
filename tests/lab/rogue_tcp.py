# SPDX-License-Identifier: BSD-2-Clause
"""The TCP of rogue.py: a correct passive side (RFC 9293, 5961, 7323, 2018), made of small methods.

In: segments that arrive, timers, the application's calls. Out: segments. Each method marked HOOK
is one that a fault may want to replace; its line says what the RFC wants. rogue.py has an example.
A fault is a mixin class with @fault("name"); the class of a port is made of its faults and Tcp.
One object lives from its first segment (state LISTEN or CLOSED) to the end of its connection.
"""
from rogue_basis import FAULTS, fault  # noqa: F401 (for the faults)
from rogue_send import Sender
from rogue_wire import ACK, RST, URG, seq_add, seq_diff

RECEIVING = ("ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2")


class Tcp(Sender):
    """The synchronized states (RFC 9293 3.10.7.4)."""

    time_wait_s = 60.0
    fin_wait_2_s = 60.0

    def segment_arrives(self, seg):
        """HOOK: everything, in every state."""
        self.ack_due = False
        if not seg.checksum_good and not self.accept_bad_checksum(seg):
            return
        if self.state == "CLOSED":
            self.closed_port_reply(seg)
        elif self.state == "LISTEN":
            self.on_listen(seg)
        else:
            self.on_synchronized(seg)
        if self.ack_due and self.state != "CLOSED":
            self.send_ack()

    def accept_bad_checksum(self, seg):
        """HOOK: MUST-3"""
        return False

    def on_synchronized(self, seg):
        """HOOK: 3.10.7.4, the order of its checks."""
        if self.state == "SYN-RECEIVED" and seg.syn and not seg.flags & (ACK | RST) \
                and seg.seq == self.irs:
            self.on_repeated_syn(seg)
        elif self.state == "TIME-WAIT":
            self.on_time_wait(seg)
        elif seg.rst:
            self.on_rst(seg)
        elif not self.check_timestamp(seg):
            pass
        elif not self.check_sequence(seg):
            self.on_unacceptable(seg)
        elif seg.syn:
            if self.state == "SYN-RECEIVED":
                self.on_syn_half_open(seg)
            else:
                self.on_syn_established(seg)
        elif not seg.has_ack:
            self.on_no_ack(seg)
        else:
            self.on_acceptable(seg)

    def on_acceptable(self, seg):
        """Fifth and later."""
        self.note_timestamp(seg)
        if self.state == "SYN-RECEIVED":
            if not self.check_third_ack(seg):
                self.on_wrong_third_ack(seg)
                return
            self.on_third_ack(seg)
        elif not self.check_ack(seg):
            return
        self.take_ack(seg)
        if self.state == "CLOSED":
            return
        if seg.flags & URG:
            self.on_urgent(seg)
        self.on_text(seg)

    # --- first: numbers ---

    def check_timestamp(self, seg):
        """HOOK: RFC 7323 5.3 R1 (PAWS: an ACK, dropped) and 3.2 (without one: dropped)."""
        if not self.ts_on or seg.syn:
            return True
        if seg.ts is None:
            return self.accept_without_timestamp(seg)
        if seq_diff(seg.ts[0], self.ts_recent) >= 0:
            return True
        return self.on_old_timestamp(seg)

    def accept_without_timestamp(self, seg):
        """HOOK"""
        return False

    def on_old_timestamp(self, seg):
        """HOOK: True would accept it."""
        self.ack_due = True
        return False

    def note_timestamp(self, seg):
        """HOOK: RFC 7323 4.3"""
        if self.ts_on and seg.ts and seq_diff(seg.ts[0], self.ts_recent) >= 0 \
                and seq_diff(seg.seq, self.last_ack_sent) <= 0:
            self.ts_recent = seg.ts[0]

    def in_window(self, seq):
        return 0 <= seq_diff(seq, self.rcv_nxt) < self.rcv_wnd

    def check_sequence(self, seg):
        """HOOK: the table of the first check"""
        if self.rcv_wnd == 0:
            return seg.length == 0 and seg.seq == self.rcv_nxt
        if seg.length == 0:
            return self.in_window(seg.seq)
        return self.in_window(seg.seq) or self.in_window(seq_add(seg.end, -1))

    def on_unacceptable(self, seg):
        """HOOK: an ACK. Repeated FINs and keepalive probes come here, too."""
        self.ack_due = True

    # --- second: RST, fourth: SYN ---

    def accept_rst(self, seg):
        """HOOK: "reset", "challenge" or "ignore" (RFC 5961 3.2)"""
        if seg.seq == self.rcv_nxt:
            return "reset"
        return "challenge" if self.in_window(seg.seq) else "ignore"

    def on_rst(self, seg):
        """HOOK"""
        what = self.accept_rst(seg)
        if what == "reset":
            self.on_reset(seg)
        elif what == "challenge":
            self.challenge_ack(seg)

    def on_reset(self, seg):
        """HOOK: the connection is gone, silently."""
        self.end()

    def on_syn_established(self, seg):
        """HOOK: in all synchronized states but TIME-WAIT. Outside the window: on_unacceptable."""
        self.challenge_ack(seg)

    def on_no_ack(self, seg):
        """HOOK: neither RST nor SYN nor ACK: dropped."""

    # --- fifth: ACK ---

    def check_ack(self, seg):
        """HOOK: False: dropped. Too new: an ACK. Too old: a challenge ACK (RFC 5961 5.2)."""
        if seq_diff(seg.ack, self.snd_nxt) > 0:
            self.on_ack_too_new(seg)
            return False
        if seq_diff(seg.ack, seq_add(self.snd_una, -self.max_snd_wnd)) < 0:
            self.on_ack_too_old(seg)
            return False
        return True

    def on_ack_too_new(self, seg):
        """HOOK"""
        self.ack_due = True

    def on_ack_too_old(self, seg):
        """HOOK"""
        self.challenge_ack(seg)

    def take_ack(self, seg):
        """HOOK: SND.UNA, SND.WND, and what an acknowledged FIN means."""
        if seq_diff(seg.ack, self.snd_una) > 0:
            gone = min(max(seq_diff(seg.ack, self.out_seq), 0), len(self.out))
            self.out, self.out_seq = self.out[gone:], seq_add(self.out_seq, gone)
            self.snd_una, self.tries = seg.ack, 0
            self.cancel("again")
        if seq_diff(self.snd_wl1, seg.seq) < 0 or (self.snd_wl1 == seg.seq and
                                                   seq_diff(self.snd_wl2, seg.ack) <= 0):
            self.snd_wnd = seg.wnd << self.snd_shift
            self.max_snd_wnd = max(self.max_snd_wnd, self.snd_wnd)
            self.snd_wl1, self.snd_wl2 = seg.seq, seg.ack
        if self.fin_sent and seq_diff(seg.ack, self.fin_seq) > 0:
            self.on_fin_acked()
        elif self.state != "SYN-RECEIVED":
            self.push()

    # --- sixth to eighth: URG, text, FIN ---

    def on_urgent(self, seg):
        """HOOK: nothing; its octets are text as all others."""

    def on_text(self, seg):
        """Text and FIN of an acceptable segment: in order, or kept for later."""
        if not seg.data and not seg.fin:
            return
        if self.state not in RECEIVING:
            self.on_text_after_fin(seg)
        elif seq_diff(seg.seq, self.rcv_nxt) > 0:
            self.on_out_of_order(seg)
        else:
            self.take_text(seg)
            self.take_later()

    def on_out_of_order(self, seg):
        """HOOK: kept; an ACK at once, with SACK blocks."""
        self.later[seg.seq] = seg
        self.ack_due = True

    def take_text(self, seg):
        """The part from RCV.NXT on."""
        old = seq_diff(self.rcv_nxt, seg.seq)
        data = seg.data[old:] if old <= len(seg.data) else b""
        if data:
            self.on_data(data, seg)
        if seg.fin and seq_add(seg.seq, len(seg.data)) == self.rcv_nxt and self.state in RECEIVING:
            self.on_fin(seg)

    def take_later(self):
        for seq in sorted(self.later, key=lambda seq: seq_diff(seq, self.rcv_nxt)):
            if seq in self.later and seq_diff(seq, self.rcv_nxt) <= 0:
                self.take_text(self.later.pop(seq))

    def on_data(self, data, seg):
        """HOOK: text in order."""
        self.rcv_nxt = seq_add(self.rcv_nxt, len(data))
        self.ack_due = True
        self.deliver(data)

    def deliver(self, data):
        """HOOK: to the application."""
        self.received += len(data)
        self.app.on_data(data)

    def on_text_after_fin(self, seg):
        """HOOK: text beyond the client's FIN: ignored"""

    def on_fin(self, seg):
        """HOOK: the client's FIN, in order. The application hears of it; its FIN may carry the
        ACK, otherwise one follows at once."""
        self.rcv_nxt = seq_add(self.rcv_nxt, 1)
        self.ack_due = True
        if self.state == "ESTABLISHED":
            self.state = "CLOSE-WAIT"
        elif self.state == "FIN-WAIT-1":
            self.state = "CLOSING"
        elif self.state == "FIN-WAIT-2":
            self.enter_time_wait()
        self.tell_eof()

    def tell_eof(self):
        """HOOK"""
        self.app.on_eof()

    def on_fin_acked(self):
        """HOOK: our FIN is acknowledged; comes again with each later ACK."""
        if self.state == "FIN-WAIT-1":
            self.state = "FIN-WAIT-2"
            self.after("hold", self.fin_wait_2_s, self.end)
        elif self.state == "CLOSING":
            self.enter_time_wait()
        elif self.state == "LAST-ACK":
            self.end()

    # --- TIME-WAIT ---

    def enter_time_wait(self):
        """HOOK: 2MSL from now"""
        self.state = "TIME-WAIT"
        self.cancel("again")
        self.after("hold", self.time_wait_s, self.end)

    def on_time_wait(self, seg):
        """HOOK: a FIN restarts 2MSL and is acknowledged; so is all that is not a bare ACK."""
        if seg.rst:
            self.on_rst(seg)
        elif seg.syn and not seg.has_ack:
            self.time_wait_syn(seg)
        elif not seg.has_ack:
            pass
        elif seg.length or not self.check_sequence(seg):
            self.time_wait_reply(seg)
            if seg.fin:
                self.enter_time_wait()

    def time_wait_reply(self, seg):
        """HOOK"""
        self.send_ack()

    def time_wait_accepts(self, seg):
        """HOOK: MAY-2, RFC 6191"""
        if self.ts_on and seg.ts:
            return seq_diff(seg.ts[0], self.ts_recent) > 0 or (
                seg.ts[0] == self.ts_recent and seq_diff(seg.seq, self.rcv_nxt) > 0)
        return seq_diff(seg.seq, self.rcv_nxt) > 0

    def time_wait_syn(self, seg):
        """HOOK: a new connection, with an ISS beyond the old numbers; or an ACK."""
        if not self.time_wait_accepts(seg):
            self.time_wait_reply(seg)
            return
        beyond = seq_add(self.snd_nxt, 65537)
        self.end()
        new = self.host.new(self.port, self.flow)
        plain = new.choose_iss
        new.choose_iss = lambda syn: max(plain(syn), beyond, key=lambda iss: seq_diff(iss, beyond))
        new.segment_arrives(seg)
