# SPDX-License-Identifier: BSD-2-Clause
"""Forged ICMP errors (IPv4): at a router, one about each SYN that comes from the client.

In: the client, its first router, and what is changed before it is quoted. Out: "administratively
prohibited" (RFC 1812, 3/13), from the router's address to the client; how many.
"""
import socket
import struct


class Forger:
    """change(source port, port, sequence number) -> those that the error quotes."""

    def __init__(self, client, router, change):
        self.change, self.client, self.count = change, client.ip4, 0
        with router.inside():
            self.sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
            self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.sniffer.bind((router.links[0], 0x0800))
        self.sniffer.settimeout(0.05)

    def serve(self, process):
        """Until the process ends."""
        while process.poll() is None:
            try:
                packet, where = self.sniffer.recvfrom(2048)
            except TimeoutError:
                continue
            if where[2] == socket.PACKET_HOST and packet[9] == socket.IPPROTO_TCP \
                    and packet[33] & 0x3f == 0x02:
                self.forge(packet)
        self.sniffer.close()
        self.raw.close()

    def forge(self, packet):
        sport, dport, seq = struct.unpack("!HHI", packet[20:28])
        quote = packet[:20] + struct.pack("!HHI", *self.change(sport, dport, seq))
        words = struct.unpack("!16H", struct.pack("!BBHI", 3, 13, 0, 0) + quote[:24])
        total = sum(words) + sum(struct.unpack("!2H", quote[24:]))
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        message = struct.pack("!BBHI", 3, 13, ~total & 0xffff, 0) + quote
        self.raw.sendto(message, (self.client, 0))
        self.count += 1
