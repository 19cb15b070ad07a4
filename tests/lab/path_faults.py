# SPDX-License-Identifier: BSD-2-Clause
"""Faults of the path, each with a name: nftables rules on a router that misbehave for one port.

In: a Path (client, router, server from lab.chain(1)), a name, a port of the server. Out: the
address and port at which the fault is to be met. Many live side by side, one port each:

    path = path_faults.Path(*net.chain(1))
    target = path.install("synproxy", 7100)      # ("10.2.0.2", 7100), IPv4 and IPv6

A fault is a row of FORWARDED, rules of a forward chain in which PORT is the port, or a function
with @path_fault("name"). "to-server" is what the client sends, "to-client" what it gets. What comes
from the server arrives with a TTL of 63, what the router makes itself with 64.
"""
PAYLOAD = "@ih,0,8 & 0x00 == 0"  # there is an octet after the TCP header
FLAGS = "tcp flags & (fin|syn|rst|ack)"
SYN, SYNACK = f"{FLAGS} == syn", f"{FLAGS} == (syn|ack)"
TTL = "tcp sport PORT {what} ip ttl set {ttl}; tcp sport PORT {what} ip6 hoplimit set {ttl}"
OPTIONS = {"mss": "maxseg", "wscale": "window", "sack": "sack-perm", "ts": "timestamp"}

FORWARDED = {
    # the handshake
    "syn-dropped": f"tcp dport PORT {SYN} drop",
    "synack-dropped": f"tcp sport PORT {SYNACK} drop",
    "syn-reset": f"tcp dport PORT {SYN} reject with tcp reset",
    "syn-data-dropped": f"tcp dport PORT {SYN} {PAYLOAD} drop",
    "syn-data-reset": f"tcp dport PORT {SYN} {PAYLOAD} reject with tcp reset",
    "third-segment-data-dropped": f"tcp dport PORT {PAYLOAD} tcp flags & fin == 0 drop",
    "admin-prohibited": f"tcp dport PORT {SYN} reject with icmpx type admin-prohibited",
    "port-unreachable": f"tcp dport PORT {SYN} reject with icmpx type port-unreachable",
    "host-unreachable": f"tcp dport PORT {SYN} reject with icmpx type host-unreachable",
    # closing
    "fin-to-client-dropped": "tcp sport PORT tcp flags & fin == fin drop",
    "fin-to-server-dropped": "tcp dport PORT tcp flags & fin == fin drop",
    "fin-to-server-reset": "tcp dport PORT tcp flags & fin == fin reject with tcp reset",
    "rst-to-server-dropped": "tcp dport PORT tcp flags & rst == rst drop",
    "rst-to-client-dropped": "tcp sport PORT tcp flags & rst == rst drop",
    # text
    "payload-reset": f"tcp dport PORT {SYN} accept; tcp dport PORT {PAYLOAD} reject with tcp reset",
    "payload-dropped": f"tcp dport PORT {SYN} accept; tcp dport PORT {PAYLOAD} drop",
    "answer-dropped": f"tcp sport PORT {PAYLOAD} drop",
    "answer-fin-dropped": f"tcp sport PORT {PAYLOAD} drop; tcp sport PORT tcp flags & fin == fin "
                          "drop",
    # flags and bits
    "ecn-syn-dropped": "tcp dport PORT tcp flags & (syn|ecn|cwr) == (syn|ecn|cwr) drop",
    "ecn-syn-reset": "tcp dport PORT tcp flags & (syn|ecn|cwr) == (syn|ecn|cwr) "
                     "reject with tcp reset",
    "ecn-syn-cleared": "tcp dport PORT tcp flags == (syn|ecn|cwr) tcp flags set syn",
    "ecn-synack-cleared": "tcp sport PORT tcp flags == (syn|ack|ecn) tcp flags set syn|ack",
    "ecn-synack-reflected": "tcp sport PORT tcp flags & (syn|ack) == (syn|ack) "
                            "tcp flags set syn|ack|ecn|cwr",
    "reserved-dropped": "tcp dport PORT @th,100,3 != 0 drop",
    "reserved-cleared": "tcp dport PORT @th,100,3 != 0 @th,100,3 set 0",
    "accecn-syn-dropped": f"tcp dport PORT {SYN} @th,103,1 != 0 drop",
    "null-dropped": "tcp dport PORT tcp flags & (fin|syn|rst|psh|ack|urg) == 0 drop",
    "xmas-dropped": "tcp dport PORT tcp flags & (fin|psh|urg) == (fin|psh|urg) drop",
    "fin-alone-dropped": f"tcp dport PORT {FLAGS} == fin drop",
    "syn-fin-dropped": "tcp dport PORT tcp flags & (syn|fin) == (syn|fin) drop",
    "syn-rst-dropped": "tcp dport PORT tcp flags & (syn|rst) == (syn|rst) drop",
    "urg-dropped": "tcp dport PORT tcp flags & urg == urg drop",
    "urg-cleared": "tcp dport PORT tcp flags & (syn|fin|rst|urg) == urg tcp flags set psh|ack",
    # TTL
    "ttl-of-synack": TTL.format(what=SYNACK, ttl=200),
    "ttl-of-data": TTL.format(what=PAYLOAD, ttl=40),
    "ttl-after-synack": TTL.format(what="tcp flags & syn == 0", ttl=40),
    "ttl-of-fin": TTL.format(what="tcp flags & fin == fin", ttl=200),
    "ttl-of-rst": TTL.format(what="tcp flags & rst == rst", ttl=200),
    # what is offered and agreed on
    "mss-clamped": f"tcp sport PORT {SYNACK} tcp option maxseg size set 1200; "
                   f"tcp dport PORT {SYN} tcp option maxseg size set 1200",
    "mss-of-synack-clamped": f"tcp sport PORT {SYNACK} tcp option maxseg size set 1200",
    "mss-of-syn-raised": f"tcp dport PORT {SYN} tcp option maxseg size set 1460",
    "all-stripped-of-syn": "; ".join(f"tcp dport PORT {SYN} reset tcp option {kind}"
                                     for kind in OPTIONS.values()),
    "all-stripped-of-synack": "; ".join(f"tcp sport PORT {SYNACK} reset tcp option {kind}"
                                        for kind in OPTIONS.values()),
    "ts-stripped-later": "tcp sport PORT tcp flags & syn == 0 reset tcp option timestamp",
    "sack-blocks-stripped": "tcp sport PORT tcp flags & syn == 0 reset tcp option sack",
    "mptcp-stripped": f"tcp dport PORT {SYN} reset tcp option mptcp",
    "odd-options-dropped": "; ".join(f"tcp dport PORT {SYN} tcp option @{kind},0,8 {kind} drop"
                                     for kind in (19, 29, 30, 200, 253)),
    "fastopen-dropped": f"tcp dport PORT {SYN} tcp option @34,0,8 34 drop",
}
for word, option in OPTIONS.items():
    FORWARDED[word + "-stripped-of-syn"] = f"tcp dport PORT {SYN} reset tcp option {option}"
    FORWARDED[word + "-stripped-of-synack"] = f"tcp sport PORT {SYNACK} reset tcp option {option}"

OTHERS = {}


def path_fault(name):
    """@path_fault("synproxy") before a function(path, port); it returns another target, or None."""
    def keep(function):
        OTHERS[name] = function
        return function
    return keep


def names():
    return sorted({*FORWARDED, *OTHERS})


class Path:
    """client - router - server, and what has been installed."""

    def __init__(self, client, router, server):
        self.client, self.router, self.server, self.spare = client, router, server, 100

    def install(self, name, port):
        """For that port; returns (IPv4 address, IPv6 address, port) to test."""
        if name in OTHERS:
            target = OTHERS[name](self, port)
            return target or (self.server.ip4, self.server.ip6, port)
        lines = FORWARDED[name].replace("PORT", str(port)).split("; ")
        self.chain(f"f{port}", "type filter hook forward priority 0;", *lines)
        return self.server.ip4, self.server.ip6, port

    def chain(self, table, hook, *rules, ns=None, more=""):
        """A table with one chain, on the router unless said otherwise."""
        text = "\n    ".join(rules)
        (ns or self.router).nft(f"table inet {table} {{\n  {more}\n  chain c {{\n    {hook}\n"
                                f"    {text}\n  }}\n}}\n")

    def address(self):
        """One more address of the server; (IPv4, IPv6)."""
        self.spare += 1
        ip4 = f"{self.server.ip4.rpartition('.')[0]}.{self.spare}"
        ip6 = f"{self.server.ip6.rpartition('::')[0]}::{self.spare:x}"
        dev = self.server.dev
        self.server.ip(f"addr add {ip4}/24 dev {dev}", f"addr add {ip6}/64 dev {dev} nodad")
        return ip4, ip6


def remembered(key, rules):
    """Sets of what was seen, one for each IP version, and the rules with SEEN and KEY in them."""
    sets = "".join(f"set seen{net[2:]} {{ typeof {net} saddr . {key}; flags dynamic, timeout; "
                   "timeout 60s; size 65535; }\n  " for net in ("ip", "ip6"))
    lines = [rule.replace("KEY", f"{net} saddr . {key}").replace("SEEN", "seen" + net[2:])
             for net in ("ip", "ip6") for rule in rules]
    return sets, lines


@path_fault("duplicate-syn-dropped")
def duplicate_syn_dropped(path, port):
    """The same SYN, by its number, passes once."""
    sets, lines = remembered("tcp sport . tcp sequence", [
        f"tcp dport {port} {SYN} KEY @SEEN drop", f"tcp dport {port} {SYN} add @SEEN {{ KEY }}"])
    path.chain(f"f{port}", "type filter hook forward priority 0;", *lines, more=sets)


@path_fault("third-ack-dropped")
def third_ack_dropped(path, port):
    """The first bare ACK of each connection does not pass."""
    bare = f"tcp dport {port} tcp flags & (fin|syn|rst|psh|ack) == ack"
    sets, lines = remembered("tcp sport . tcp dport", [
        f"tcp dport {port} {SYN} delete @SEEN {{ KEY }}",
        f"{bare} KEY != @SEEN add @SEEN {{ KEY }} drop"])
    path.chain(f"f{port}", "type filter hook forward priority 0;", *lines, more=sets)


@path_fault("synproxy")
def synproxy(path, port, behind="tcp dport PORT"):
    """The router answers each SYN with a cookie, and asks the server only after the third ACK.

    Over IPv4: over IPv6 the router's answer does not leave it."""
    match = behind.replace("PORT", str(port))
    path.chain(f"r{port}", "type filter hook prerouting priority raw;",
               f"{match} {SYN} notrack")
    path.chain(f"f{port}", "type filter hook forward priority 0;",
               f"{match} ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm",
               f"{match} ct state invalid drop")
    for key, value in (("netfilter.nf_conntrack_tcp_loose", 0),  # there since the rules are
                       ("ipv4.tcp_syncookies", 1), ("ipv4.tcp_timestamps", 1)):
        path.router.sysctl("net." + key, value)


@path_fault("synproxy-closed")
def synproxy_closed(path, port):
    """A SYN proxy before a port that nobody serves: the server resets after the third ACK."""
    synproxy(path, port)
    path.chain(f"s{port}", "type filter hook input priority 0;",
               f"tcp dport {port} reject with tcp reset", ns=path.server)


@path_fault("every-port-answers")
def every_port_answers(path, port):
    """All ports of an address of its own lead to this one."""
    ip4, ip6 = path.address()
    path.chain(f"s{port}", "type nat hook prerouting priority dstnat;",
               f"ip daddr {ip4} tcp dport 1-65535 redirect to :{port}",
               f"ip6 daddr {ip6} tcp dport 1-65535 redirect to :{port}", ns=path.server)
    return ip4, ip6, port


@path_fault("every-port-answers-proxy")
def every_port_answers_proxy(path, port):
    """All ports of an address of its own are answered by a SYN proxy; but one is served."""
    ip4, ip6 = path.address()
    synproxy(path, port, f"ip daddr {ip4} meta l4proto tcp")
    return ip4, ip6, port


@path_fault("closed-ports-dropped")
def closed_ports_dropped(path, port):
    """Of an address of its own, all ports but this one are silent."""
    ip4, ip6 = path.address()
    path.chain(f"f{port}", "type filter hook forward priority 0;",
               f"ip daddr {ip4} tcp dport != {port} drop",
               f"ip6 daddr {ip6} tcp dport != {port} drop")
    return ip4, ip6, port


@path_fault("closed-ports-rejected")
def closed_ports_rejected(path, port):
    """Of an address of its own, the router answers for all ports but this one with a reset."""
    ip4, ip6 = path.address()
    path.chain(f"f{port}", "type filter hook forward priority 0;",
               f"ip daddr {ip4} tcp dport != {port} reject with tcp reset",
               f"ip6 daddr {ip6} tcp dport != {port} reject with tcp reset")
    return ip4, ip6, port


@path_fault("fin-to-client-slow")
def fin_to_client_slow(path, port):
    """The server's FIN passes only when it is sent again."""
    sets, lines = remembered("tcp dport . tcp sequence", [
        f"tcp sport {port} tcp flags & fin == fin KEY != @SEEN add @SEEN {{ KEY }} drop"])
    path.chain(f"f{port}", "type filter hook forward priority 0;", *lines, more=sets)


@path_fault("idle-expires")
def idle_expires(path, port):
    """A stateful device that forgets a connection after two seconds, and then drops silently."""
    sets, lines = remembered("tcp sport . tcp dport", [
        f"tcp dport {port} {SYN} add @SEEN {{ KEY timeout 2s }}",
        f"tcp dport {port} KEY != @SEEN drop",
        f"tcp dport {port} update @SEEN {{ KEY timeout 2s }}"])
    path.chain(f"f{port}", "type filter hook forward priority 0;", *lines, more=sets)


@path_fault("stateful")
def stateful(path, port):
    """A firewall with connection tracking that drops what it finds invalid."""
    path.chain(f"f{port}", "type filter hook forward priority 0;",
               f"tcp dport {port} ct state invalid drop",
               f"tcp dport {port} ct state new {FLAGS} != syn drop")


@path_fault("rst-rate-limited")
def rst_rate_limited(path, port):
    """The server's resets pass at five a second."""
    path.chain(f"f{port}", "type filter hook forward priority 0;",
               "tcp flags & rst == rst tcp sport " + str(port) + " limit rate over 5/second drop")
