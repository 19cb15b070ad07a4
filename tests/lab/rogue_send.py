# SPDX-License-Identifier: BSD-2-Clause
"""What rogue.py's TCP sends by itself: text, FIN, both again, window probes (RFC 9293 3.8, 6298).

In: the application's octets and its close, timers. Out: segments. HOOK marks what a fault may
want to replace.
"""
from rogue_basis import Listen
from rogue_wire import ACK, build_options, seq_add, seq_diff


class Sender(Listen):
    """Between Listen and Tcp: no congestion control, all that the window has room for."""

    fin_gaps = (1, 2, 4, 8, 16, 32, 60)  # the last one: how long until it is given up
    data_gaps = (1, 2, 4, 8, 16, 32, 60)
    probe_gaps = (1, 2, 4, 8, 16, 32, 60, 60, 60)

    def write(self, data):
        """The application's octets."""
        if not self.closing and self.state != "CLOSED":
            self.out += data
            self.push()

    def close(self):
        """The application closes: a FIN after all that it wrote."""
        if not self.closing and self.state not in ("CLOSED", "LISTEN"):
            self.closing = True
            self.push()

    def abort(self):
        """HOOK: the application resets."""
        if self.state not in ("CLOSED", "LISTEN"):
            self.emit("R.")
            self.end()

    def send_mss(self):
        """HOOK: octets per segment: MUST-16, with a floor of 48 less options as others have"""
        path = 1460 if len(self.local) == 4 else 1440
        options = len(build_options(self.segment_options(ACK)))
        return max(min(self.peer_mss, path), 48) - (options + 3) // 4 * 4

    def push(self):
        """Send what the window has room for, then the FIN."""
        if self.state == "SYN-RECEIVED":
            return
        while not self.fin_sent:
            at = seq_diff(self.snd_nxt, self.out_seq)
            room = seq_diff(seq_add(self.snd_una, self.snd_wnd), self.snd_nxt)
            count = min(len(self.out) - at, room, self.send_mss())
            if count <= 0:
                break
            last = at + count == len(self.out)
            seg = self.make_data(self.out[at:at + count], self.snd_nxt, last)
            self.snd_nxt = seq_add(self.snd_nxt, count)
            self.send_segment(seg)
        if self.closing and not self.fin_sent and self.snd_nxt == self.fin_seq:
            self.send_fin()
        if "again" not in self.timers and self.state != "CLOSED":
            self.watch_unacknowledged()

    def make_data(self, data, seq, last=True):
        """HOOK: a segment with text; last: there is no more now."""
        return self.make("P." if last else ".", seq=seq, data=data)

    def send_fin(self):
        """HOOK: for the first time. FIN-WAIT-1 or LAST-ACK."""
        self.fin_sent = True
        seg = self.make_fin()
        self.snd_nxt = seq_add(self.fin_seq, 1)
        if self.state == "ESTABLISHED":
            self.state = "FIN-WAIT-1"
        elif self.state == "CLOSE-WAIT":
            self.state = "LAST-ACK"
        self.send_segment(seg)

    def make_fin(self):
        """HOOK: also each repeated one."""
        return self.make("F.", seq=self.fin_seq)

    def fin_schedule(self):
        """HOOK: gaps in seconds, before the first repeat, the second, ... and the end"""
        return self.fin_gaps

    def data_schedule(self):
        """HOOK: likewise, of text that is not acknowledged"""
        return self.data_gaps

    def probe_schedule(self):
        """HOOK: likewise, of window probes while the window is shut"""
        return self.probe_gaps

    def watch_unacknowledged(self):
        """Arm the retransmission timer, or the window probe's."""
        pending = seq_diff(self.fin_seq, self.snd_nxt) > 0
        if self.snd_una != self.snd_nxt:
            only_fin = self.fin_sent and not self.out
            self.arm_again(self.fin_schedule() if only_fin else self.data_schedule(),
                           self.send_fin_again if only_fin else self.send_text_again)
        elif pending and not self.fin_sent:
            self.arm_again(self.probe_schedule(), self.send_probe)

    def arm_again(self, gaps, function):
        gaps = list(gaps)[self.tries:]
        if gaps:
            self.repeat("again", gaps, lambda: self.send_again(function), self.on_given_up)

    def send_again(self, function):
        self.tries += 1
        function()

    def send_fin_again(self):
        """HOOK"""
        self.send_segment(self.make_fin())

    def send_text_again(self):
        """HOOK: the first segment that is not acknowledged."""
        sent = seq_diff(self.snd_nxt, self.out_seq) - self.fin_sent
        self.send_segment(self.make_data(self.out[:min(sent, self.send_mss())], self.out_seq))

    def send_probe(self):
        """HOOK: an old number, so that an ACK with the window comes."""
        self.emit(".", seq=seq_add(self.snd_nxt, -1))

    def on_given_up(self):
        """HOOK: R2 is reached, silently."""
        self.end()
