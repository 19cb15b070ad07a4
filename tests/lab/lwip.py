# SPDX-License-Identifier: BSD-2-Clause
"""A host whose TCP is lwIP's: what Linux's own TCP does not do, a test finds here.

    client [v1 10.1.0.1] --- [10.1.0.2 v1] server, forwards [10.2.0.1 tap2] --- [10.2.0.2] lwIP

Use:    stack = lwip.Lwip()
        if stack.available():
            stack.start(client, server)
            ... stack.ip4, stack.ip6, stack.port("close"), stack.events("data") ...
            stack.stop()
        else:
            lab.skip("lwIP", stack.reason)
Binary: $LAB_LWIP, else relative to the build directory; modes: lwip_server --modes. Its frames come
to the client by one hop: their TTL is 254.
"""
import contextlib
import os
import tempfile

from children import Daemon, binary, json_lines
from sandbox import wait_for

PORTS = {"echo": 7, "http": 80, "close": 7001, "greet": 7002, "banner": 7003, "abort": 7004,
         "never": 7005, "close-now": 7006}
CLOSED_PORT = 7999
FORWARD = (("ipv4.ip_forward", 1), ("ipv6.conf.all.forwarding", 1))


class Lwip(Daemon):
    """One such host, with a port for each way of closing, reached through a namespace."""

    def __init__(self, ports=None, runtime="600s"):
        self.ports, self.runtime, self.reason = ports or PORTS, runtime, ""
        self.command = binary("LAB_LWIP", "tests/lab/lwip_server")

    def available(self):
        """Can it run here? If not, .reason says why."""
        if not os.path.exists(self.command[-1]):
            self.reason = "built without lwIP (Debian: liblwip-dev)"
        else:
            try:
                os.close(os.open("/dev/net/tun", os.O_RDWR))
            except OSError as err:
                self.reason = f"no TAP devices here: /dev/net/tun: {err.strerror}"
        return not self.reason

    def start(self, client, host):
        """Returns once it listens and the client has a route to it, through the host."""
        net = host.lab
        net.nets += 1
        at4, at6 = f"10.{net.nets}.0.", f"fd00:{net.nets}::"
        self.ip4, self.ip6, self.dev = at4 + "2", at6 + "2", f"tap{net.nets}"
        for key, value in FORWARD:
            host.sysctl("net." + key, value)
        host.ip(f"tuntap add dev {self.dev} mode tap", f"link set {self.dev} up",
                f"addr add {at4}1/24 dev {self.dev}", f"addr add {at6}1/64 dev {self.dev} nodad")
        client.route(at4 + "0/24", host.ip4)
        client.route(at6 + "/64", host.ip6)
        log = os.path.join(tempfile.mkdtemp(prefix="lwip-log.", dir=net.dir), "log")
        words = ["--log", log, "--runtime", self.runtime, self.dev, f"{at4}2/24,{at4}1",
                 f"{at6}2/64,{at6}1"]
        words += [f"{port}:{mode}" for mode, port in self.ports.items()]
        super().__init__(host, self.command + words, "lwip")
        self.log = log
        return self.wait_text("out", "ready\n")

    def port(self, mode):
        return self.ports[mode]

    def address(self, family):
        return self.ip4 if family == 4 else self.ip6

    def to(self, mode, family=4):
        """A target for shakedown: HOST:PORT."""
        return f"{self.ip4}:{self.port(mode)}" if family == 4 else f"[{self.ip6}]:{self.port(mode)}"

    def events(self, event=None, **want):
        """What its applications saw so far, filtered: events("data", port=7001)."""
        if event:
            want["event"] = event
        with contextlib.suppress(FileNotFoundError), open(self.log, encoding="ascii") as file:
            return [rec for rec in json_lines(file.read())
                    if all(rec.get(key) == value for key, value in want.items())]
        return []

    def wait_event(self, event, seconds=5, count=1, **want):
        """Until at least `count` such events are logged; returns them (perhaps fewer)."""
        wait_for(lambda: len(self.events(event, **want)) >= count, seconds, 0.02)
        return self.events(event, **want)
