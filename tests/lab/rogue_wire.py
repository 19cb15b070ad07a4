# SPDX-License-Identifier: BSD-2-Clause
"""Segments and frames for rogue.py: octets <-> Segment, over IPv4 and IPv6.

In: a frame with its Ethernet header. Out: a Segment, or None where it is no whole TCP segment; and
back. Sequence numbers are plain integers modulo 2^32: seq_add(), seq_diff() and nothing else.
"""
import struct

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE = (1 << bit for bit in range(9))
LETTERS = {"F": FIN, "S": SYN, "R": RST, "P": PSH, ".": ACK, "U": URG, "E": ECE, "W": CWR, "A": AE}
EOL, NOP, MSS, WSCALE, SACK_OK, SACK, TS, FASTOPEN = 0, 1, 2, 3, 4, 5, 8, 34
ETH_IP, ETH_IP6 = 0x0800, 0x86DD


def seq_add(number, count):
    return (number + count) & 0xFFFFFFFF


def seq_diff(a, b):
    """a - b, signed: > 0 where a comes after b."""
    return ((a - b + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def flag_bits(text):
    """The bits of "S.", "FPU", "-" (none)."""
    return sum(LETTERS[letter] for letter in set(text) - {"-"})


def flag_text(bits):
    return "".join(letter for letter, bit in LETTERS.items() if bits & bit) or "-"


def ones_sum(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Segment:
    """One TCP segment and what of IP matters. Host order; flags are bits, see has().

    options is a list of (kind, octets of the value); None as value: a lone octet (EOL, NOP). It is
    padded with EOL when built. raw_options, if not None, goes out instead, as it is (padded).
    """

    def __init__(self, flow, flags=0, seq=0, ack=0, data=b""):
        self.src, self.sport, self.dst, self.dport = flow
        self.flags, self.seq, self.ack, self.data = flags, seq, ack, data
        self.wnd = self.urp = self.reserved = self.tos = self.ip_id = 0
        self.ttl, self.df, self.options, self.raw_options = 64, True, [], None
        self.data_offset = None   # in words; None: the right one
        self.bad_checksum = False  # to send: make it wrong
        self.checksum_good = True  # of a received one: good, or left to the hardware
        self.malformed = False     # of a received one: the options cannot be read to their end
        self.mac = None

    flow = property(lambda self: (self.src, self.sport, self.dst, self.dport))
    family = property(lambda self: 4 if len(self.src) == 4 else 6)
    syn = property(lambda self: bool(self.flags & SYN))
    fin = property(lambda self: bool(self.flags & FIN))
    rst = property(lambda self: bool(self.flags & RST))
    has_ack = property(lambda self: bool(self.flags & ACK))
    length = property(lambda self: len(self.data) + self.syn + self.fin)  # SEG.LEN
    end = property(lambda self: seq_add(self.seq, self.length))
    mss = property(lambda self: self.number(MSS, "!H"))
    wscale = property(lambda self: self.number(WSCALE, "!B"))

    def has(self, letters):
        """Are all these flags set? seg.has("S."), seg.has("FPU")"""
        bits = flag_bits(letters)
        return self.flags & bits == bits

    def option(self, kind):
        """The value of the first option of that kind; None where there is none."""
        return next((value for have, value in self.options if have == kind), None)

    def number(self, kind, layout):
        value = self.option(kind)
        return struct.unpack(layout, value)[0] if value and \
            len(value) == struct.calcsize(layout) else None

    @property
    def ts(self):
        """(TSval, TSecr) or None"""
        value = self.option(TS)
        return struct.unpack("!II", value) if value and len(value) == 8 else None

    def drop_option(self, kind):
        self.options = [pair for pair in self.options if pair[0] != kind]

    def set_option(self, kind, value):
        """In its place where there is one already, else at the end."""
        if all(have != kind for have, _ in self.options):
            self.options.append((kind, value))
        self.options = [(have, value if have == kind else old) for have, old in self.options]

    def set_ts(self, tsval, tsecr):
        self.set_option(TS, struct.pack("!II", tsval & 0xFFFFFFFF, tsecr & 0xFFFFFFFF))

    def __str__(self):
        shown = " ".join(f"{kind}:{(value or b'').hex()}" for kind, value in self.options)
        return (f"{self.sport} > {self.dport} {flag_text(self.flags)} {self.seq}:{self.end}"
                f"({len(self.data)}) ack {self.ack} win {self.wnd} <{shown}>"
                + ("" if self.checksum_good else " bad checksum"))


def mss_option(octets):
    return (MSS, struct.pack("!H", octets))


def wscale_option(shift):
    return (WSCALE, bytes([shift]))


def ts_option(tsval, tsecr):
    return (TS, struct.pack("!II", tsval & 0xFFFFFFFF, tsecr & 0xFFFFFFFF))


def sack_option(blocks):
    return (SACK, b"".join(struct.pack("!II", *block) for block in blocks))


SACK_PERMITTED = (SACK_OK, b"")


def build_options(options):
    out = b""
    for kind, value in options:
        out += bytes([kind]) if value is None else bytes([kind, len(value) + 2]) + value
    return out


def read_options(octets):
    """(options, True where they could not be read to their end)"""
    found, at = [], 0
    while at < len(octets) and octets[at] != EOL:
        if octets[at] == NOP:
            at += 1
            continue
        if at + 1 >= len(octets) or octets[at + 1] < 2 or at + octets[at + 1] > len(octets):
            return found, True
        found.append((octets[at], bytes(octets[at + 2:at + octets[at + 1]])))
        at += octets[at + 1]
    return found, False


def pseudo(seg, length):
    return seg.src + seg.dst + (struct.pack("!HH", 6, length) if seg.family == 4
                                else struct.pack("!IHH", length, 0, 6))


def build_tcp(seg):
    options = build_options(seg.options) if seg.raw_options is None else seg.raw_options
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4 if seg.data_offset is None else seg.data_offset
    first = (words & 15) << 12 | (seg.reserved & 7) << 9 | seg.flags & 0x1FF
    head = struct.pack("!HHIIHHHH", seg.sport, seg.dport, seg.seq & 0xFFFFFFFF,
                       seg.ack & 0xFFFFFFFF, first, seg.wnd & 0xFFFF, 0, seg.urp & 0xFFFF)
    octets = head + options + seg.data
    check = ~ones_sum(pseudo(seg, len(octets)) + octets) & 0xFFFF
    if seg.bad_checksum:
        check ^= 0x5555
    return octets[:16] + struct.pack("!H", check) + octets[18:]


def build_packet(seg):
    """The IP packet, without a link header."""
    tcp = build_tcp(seg)
    if seg.family == 6:
        return struct.pack("!IHBB", 6 << 28 | seg.tos << 20, len(tcp), 6, seg.ttl) \
            + seg.src + seg.dst + tcp
    head = struct.pack("!BBHHHBBH", 0x45, seg.tos, 20 + len(tcp), seg.ip_id & 0xFFFF,
                       0x4000 if seg.df else 0, seg.ttl, 6, 0) + seg.src + seg.dst
    return head[:10] + struct.pack("!H", ~ones_sum(head) & 0xFFFF) + head[12:] + tcp


def build_frame(seg, to_mac, from_mac):
    return to_mac + from_mac + struct.pack("!H", ETH_IP if seg.family == 4 else ETH_IP6) \
        + build_packet(seg)


def read_frame(frame, addresses, checksum_ready=True):
    """The segment to one of these addresses (packed) in an Ethernet frame, or None."""
    kind, packet = frame[12:14], frame[14:]
    if kind == b"\x08\x00" and len(packet) >= 40 and packet[9] == 6 and packet[16:20] in addresses \
            and not (packet[6] & 0x3F or packet[7]):
        src, dst, at = packet[12:16], packet[16:20], (packet[0] & 15) * 4
        tos, ttl, end = packet[1], packet[8], struct.unpack("!H", packet[2:4])[0]
    elif kind == b"\x86\xdd" and len(packet) >= 60 and packet[6] == 6 \
            and packet[24:40] in addresses:
        src, dst, at = packet[8:24], packet[24:40], 40
        tos, ttl = (packet[0] & 15) << 4 | packet[1] >> 4, packet[7]
        end = 40 + struct.unpack("!H", packet[4:6])[0]
    else:
        return None
    tcp = packet[at:end]
    if len(tcp) < 20 or end > len(packet):
        return None
    sport, dport, seq, ack, first, wnd, _, urp = struct.unpack("!HHIIHHHH", tcp[:20])
    offset = (first >> 12) * 4
    if offset < 20 or offset > len(tcp):
        return None
    seg = Segment((src, sport, dst, dport), first & 0x1FF, seq, ack, bytes(tcp[offset:]))
    seg.wnd, seg.urp, seg.reserved, seg.tos, seg.ttl = wnd, urp, first >> 9 & 7, tos, ttl
    seg.data_offset, seg.mac = first >> 12, frame[6:12]
    seg.options, seg.malformed = read_options(tcp[20:offset])
    if checksum_ready:
        seg.checksum_good = ones_sum(pseudo(seg, len(tcp)) + tcp) == 0xFFFF
    return seg
