# SPDX-License-Identifier: BSD-2-Clause
"""The fixture of all network tests: namespaces, veth pairs, the delay wire, the test peer.

Use:    import lab; lab.enter()
        with lab.Lab() as net:
            client, server = net.pair()
            server.peer("7001:close")
            lab.ok(client.shakedown(f"open {server.ip4} 7001").rc == 0, "it opens")
        lab.done()
Link number N has 10.N.0.0/24 and fd00:N::/64: the first end is .1, the second .2. README has a
picture. Binaries: $SHAKEDOWN, $LAB_WIRE, $LAB_PEER, else relative to the build directory (cwd).
"""
import contextlib
import os
import shlex
import shutil
import subprocess
import tempfile

import sandbox
from children import Daemon, Peer, Result, Wire, binary, sh
from sandbox import enter, wait_for  # noqa: F401 (for the tests)
from tap import done, note, ok, plan, skip, skip_all  # noqa: F401 (for the tests)

STATES = {"ESTAB": "ESTABLISHED", "SYN-RECV": "SYN-RECEIVED", "UNCONN": "CLOSED"}
OFFLOADS = "tx off tso off gso off gro off".split()


class Namespace:
    """One network namespace. ip4/ip6 are its first addresses, links its devices in order."""

    def __init__(self, lab, name):
        self.lab, self.name, self.links, self.addr4, self.addr6 = lab, name, [], [], []
        sh(["ip", "netns", "add", name])
        self.path = "/run/netns/" + name
        self.ip("link set lo up")
        for family in ("all", "default"):
            self.sysctl(f"net.ipv6.conf.{family}.accept_dad", 0)
            self.sysctl(f"net.ipv6.conf.{family}.accept_ra", 0)
        with self.inside():
            self.net_id = sandbox.net_id()

    ip4 = property(lambda self: self.addr4[0])
    ip6 = property(lambda self: self.addr6[0])
    dev = property(lambda self: self.links[0])

    @contextlib.contextmanager
    def inside(self):
        """This thread works in the namespace meanwhile: sockets and children made here stay."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(self.path, os.O_RDONLY)
        try:
            if sandbox.LIBC.setns(there, sandbox.CLONE_NEWNET) != 0:
                raise OSError("setns: " + self.path)
            yield self
        finally:
            back = sandbox.LIBC.setns(home, sandbox.CLONE_NEWNET)
            os.close(home)
            os.close(there)
            if back != 0:
                raise OSError("setns: cannot go back")

    def ip(self, *commands):
        """One or more `ip` commands, as one batch: ns.ip("link set v1 up", ...)."""
        return sh(["ip", "-n", self.name, "-batch", "-"], "\n".join(commands) + "\n")

    def nft(self, rules):
        """Load nftables rules (text) here."""
        with self.inside():
            return sh(["nft", "-f", "-"], rules)

    def sysctl(self, key, value=None):
        """Read or set; keys with dots, as sysctl(8) writes them."""
        with self.inside(), open("/proc/sys/" + key.replace(".", "/"),
                                 "r" if value is None else "w", encoding="ascii") as file:
            return file.read().strip() if value is None else file.write(str(value))

    def popen(self, cmd, **kwargs):
        """Popen here; the lab ends it at the latest when the lab closes."""
        argv = shlex.split(cmd) if isinstance(cmd, str) else list(cmd)
        kwargs.setdefault("preexec_fn", sandbox.with_parent)
        with self.inside():
            proc = subprocess.Popen(argv, **kwargs)
        self.lab.children.append(proc)
        return proc

    def run(self, cmd, timeout=30, text=None):
        """Run to its end; returns a CompletedProcess (text). Too slow: TimeoutExpired."""
        argv = shlex.split(cmd) if isinstance(cmd, str) else list(cmd)
        with self.inside():
            return subprocess.run(argv, input=text, capture_output=True, text=True, check=False,
                                  timeout=timeout, preexec_fn=sandbox.with_parent)

    def daemon(self, cmd, name="daemon"):
        argv = shlex.split(cmd) if isinstance(cmd, str) else list(cmd)
        return Daemon(self, argv, name)

    def shakedown(self, args, timeout=60, text=None):
        """Run the tool here; args is one string or a list."""
        words = shlex.split(args) if isinstance(args, str) else [str(word) for word in args]
        argv = binary("SHAKEDOWN", "./src/shakedown") + words
        try:
            run = self.run(argv, timeout, text)
        except subprocess.TimeoutExpired as late:
            out, err = (part.decode(errors="replace") if isinstance(part, bytes) else part or ""
                        for part in (late.stdout, late.stderr))
            return Result(argv, None, out, err + f"(ended by the lab after {timeout} s)\n")
        return Result(argv, run.returncode, run.stdout, run.stderr)

    def peer(self, *modes, runtime="600s"):
        """Start the test peer: ns.peer("7001:close", "7002:close-late,after=50ms")."""
        return Peer(self, modes, runtime)

    def capture(self, expr="tcp", dev=None):
        """tcpdump to a file with ns stamps; .path("pcap") after .stop()."""
        self.lab.count += 1
        file = os.path.join(self.lab.dir, f"capture{self.lab.count}.pcap")
        taken = Daemon(self, ["tcpdump", "-i", dev or self.dev, "-n", "-U", "--nano", "-Z", "root",
                              "--immediate-mode", "-w", file, expr], "tcpdump")
        os.symlink(file, taken.path("pcap"))
        return taken.wait_text("err", "listening on")

    def sockets(self):
        """All TCP sockets of the kernel here, TIME-WAIT and SYN-RECEIVED too, as dicts."""
        found = []
        for line in self.run(["ss", "-Htan"], 10).stdout.splitlines():
            state, recvq, sendq, local, remote = line.split()[:5]
            (src, sport), (dst, dport) = split_port(local), split_port(remote)
            found.append({"state": STATES.get(state, state), "recvq": int(recvq),
                          "sendq": int(sendq), "src": src, "sport": sport,
                          "dst": dst, "dport": dport})
        return found

    def ss_state(self, sport=None, dport=None, src=None, dst=None, listen=False):
        """The state of the first socket that fits, in the RFC's spelling; None if there is none.

        sport is the port on this side. Listeners count only with listen=True.
        """
        want = {"sport": sport, "dport": dport, "src": src, "dst": dst}
        for sock in self.sockets():
            if (sock["state"] == "LISTEN") == listen and all(
                    value is None or sock[key] == value for key, value in want.items()):
                return sock["state"]
        return None

    def own(self, prefix):
        """Every address of the prefix is local here, without being configured one by one."""
        self.ip(f"route add local {prefix} dev lo")

    def route(self, prefix, via):
        self.ip(f"route add {prefix} via {via}")


def split_port(text):
    """("10.1.0.2", 80) from ss's notation; port None for "*"."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]").partition("%")[0].removeprefix("::ffff:")
    return host, int(port) if port.isdigit() else None


class Lab:
    """The topology of one test; a context manager. Closing it ends and removes all of it."""

    def __init__(self):
        self.namespaces, self.children, self.nets, self.count = [], [], 0, 0
        self.dir = tempfile.mkdtemp(prefix="lab.", dir=sandbox.SCRATCH)
        os.chmod(self.dir, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def ns(self, name):
        self.namespaces.append(Namespace(self, name))
        return self.namespaces[-1]

    def veth(self, a, dev_a, b, dev_b, mtu, offloads):
        a.ip(f"link add {dev_a} mtu {mtu} type veth peer name {dev_b} mtu {mtu} netns {b.name}")
        for side, dev in ((a, dev_a), (b, dev_b)):
            side.ip(f"link set {dev} up")
            if not offloads:
                with side.inside():
                    sh(["ethtool", "-K", dev, *OFFLOADS])

    def address(self, side, dev, host):
        """Give the end `host` (1 or 2) of link number nets its addresses."""
        ip4, ip6 = f"10.{self.nets}.0.{host}", f"fd00:{self.nets}::{host}"
        side.ip(f"addr add {ip4}/24 dev {dev}", f"addr add {ip6}/64 dev {dev} nodad optimistic")
        side.links.append(dev)
        side.addr4.append(ip4)
        side.addr6.append(ip6)

    def link(self, a, b, mtu=1500, offloads=True):
        """Join two namespaces; the device is vN in both, N the number of the link."""
        self.nets += 1
        dev = f"v{self.nets}"
        self.veth(a, dev, b, dev, mtu, offloads)
        self.address(a, dev, 1)
        self.address(b, dev, 2)
        return dev

    def wire(self, a, b, mtu=1500, **options):
        """Join two namespaces through `wire` in a third one; offloads are off throughout.

        Options as wire's own, with _ for -: delay="10ms", loss=5, seed=7, log=True, precise=True.
        """
        self.nets += 1
        dev, middle = f"v{self.nets}", self.ns(f"wire{self.nets}")
        middle.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.veth(a, dev, middle, "wa", mtu, False)
        self.veth(b, dev, middle, "wb", mtu, False)
        self.address(a, dev, 1)
        self.address(b, dev, 2)
        return Wire(middle, ["wa", "wb"], options)

    def pair(self, mtu=1500, offloads=True):
        """(client, server), joined directly."""
        a, b = self.ns("client"), self.ns("server")
        self.link(a, b, mtu, offloads)
        return a, b

    def wired_pair(self, **options):
        """(client, server, wire), joined through the wire. Options as for wire()."""
        a, b = self.ns("client"), self.ns("server")
        return a, b, self.wire(a, b, **options)

    def chain(self, routers, mtu=1500, offloads=True):
        """[client, router1 .. routerN, server] in a row, with routes from end to end."""
        names = ["client"] + [f"router{i + 1}" for i in range(routers)] + ["server"]
        row = [self.ns(name) for name in names]
        first = self.nets + 1
        for left, right in zip(row, row[1:]):
            self.link(left, right, mtu, offloads)
        for i, node in enumerate(row):
            for net in range(first, self.nets + 1):
                at = net - first  # that link joins row[at] and row[at + 1]
                if at in (i, i - 1):
                    continue
                via = (first + i, 2) if at > i else (first + i - 1, 1)
                node.route(f"10.{net}.0.0/24", f"10.{via[0]}.0.{via[1]}")
                node.route(f"fd00:{net}::/64", f"fd00:{via[0]}::{via[1]}")
        for router in row[1:-1]:
            for key, value in (("ipv4.ip_forward", 1), ("ipv6.conf.all.forwarding", 1),
                               ("ipv4.icmp_ratelimit", 0), ("ipv6.icmp.ratelimit", 0)):
                router.sysctl("net." + key, value)
        return row

    def span(self, client, server, prefix):
        """All of a prefix is one server: for scans of many addresses."""
        server.own(prefix)
        client.route(prefix, server.ip6 if ":" in prefix else server.ip4)

    def processes(self):
        """The pids below us that live in one of the lab's namespaces."""
        nets = {ns.net_id for ns in self.namespaces}
        return {pid for pid in sandbox.descendants() if sandbox.net_id(pid) in nets}

    def close(self):
        """End every process and remove every namespace of the lab."""
        for proc in reversed(self.children):
            sandbox.end_process(proc)
            for stream in (proc.stdin, proc.stdout, proc.stderr):
                if stream:
                    stream.close()
        sandbox.end_strays(self.processes)
        for ns in self.namespaces:
            subprocess.run(["ip", "netns", "del", ns.name], timeout=20, check=False)
        self.namespaces, self.children = [], []
        shutil.rmtree(self.dir, ignore_errors=True)
