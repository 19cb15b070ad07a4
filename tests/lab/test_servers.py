#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real servers: without it, the tokens could be right about our test peer and wrong about nginx.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: those of servers.py; nft

servers.expected has the tokens. Beside the table, every close is held against what passed
the server's device: who sent the first FIN, what the first acknowledgment of
it was, and whether data came after it. All runs go on at the same time.
"""
import os
import sys
import types

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import servers  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "servers.expected")
HTTP = ["nginx", "apache", "python-http", "node-http", "haproxy", "haproxy-tcp", "haproxy-dead"]
REQUESTS = {"sshd": r"SSH-2.0-lab\r\n", "redis": r"PING\r\n", "memcached": r"version\r\n"}
# What was asked -> the options; $REQUEST is the server's own. The long settling time is for slow
# machines: what comes later than that would be data after our FIN.
ASKED = {
    "plain": "--await 300ms",
    "at-once": "",
    "request": "$REQUEST --settle 700ms",
    "half-close": "$REQUEST --half-close",
    "partial": r"--send 'GET / HTTP/1.1\r\nHost: x' --half-close",
    "server": "$REQUEST --settle 700ms --close server --close-wait-limit 5s",
    "reset": "--await 300ms --close rst",
}
KINDS = {"nginx": servers.Nginx, "apache": servers.Apache, "sshd": servers.Sshd,
         "redis": servers.Redis, "memcached": servers.Memcached,
         "python-http": servers.PythonHttp, "node-http": servers.NodeHttp,
         "haproxy": servers.Haproxy}
FIRST_PORT = 8000
# The ports that have no server. "unreachable" and "prohibited" get ICMP errors.
PORTS = {"closed": 9001, "filtered": 9002, "reset-rule": 9003, "unreachable": 9004,
         "prohibited": 9005, "no-route": 9006}
RULES = """
table inet lab { chain input { type filter hook input priority 0;
  tcp dport 9002 drop
  tcp dport 9003 reject with tcp reset
  tcp dport 9004 reject with icmpx port-unreachable
  tcp dport 9005 reject with icmpx admin-prohibited
}
}
"""
NOWHERE = types.SimpleNamespace(ip4="192.0.2.1", ip6="2001:db8::1")


def read_table():
    """[(server, asked, families, handshakes, closes, as_asked)], the columns of the table."""
    rows = []
    with open(TABLE, encoding="ascii") as table:
        for line in table:
            words = line.partition("#")[0].split()
            if words:
                server, asked, families, handshake, close, good = words
                rows.append((server, asked, [int(word) for word in families.split("+")],
                             handshake.split("|"), close.split("|"), good))
    return rows


def start_servers(net, host):
    """{name: port}; a server that cannot run here is one skipped test."""
    ports = {}
    for number, (name, kind) in enumerate(KINDS.items()):
        server = kind(FIRST_PORT + 10 * number)
        if not server.available():
            lab.skip(f"{name} in all rows", server.reason)
            continue
        server.start(host)
        net.servers.append(server)
        names = ["haproxy", "haproxy-tcp", "haproxy-dead"] if name == "haproxy" else [name]
        ports.update(zip(names, server.ports()))
    return ports


# --- what passed the server's device ---

def close_at_server(flow):
    """The close's token, from the segments that passed the server's device."""
    fins, their_fins, resets = (
        [i for i, seg in enumerate(flow) if seg.out == out and seg.flags & flag]
        for out, flag in ((False, watch.FIN), (True, watch.FIN), (False, watch.RST)))
    if resets and not fins:
        return "client-reset"
    if their_fins and (not fins or their_fins[0] < fins[0]):
        return "server-first"
    if not fins:
        return "-"
    end = flow[fins[0]].end()
    theirs = [seg for seg in flow[fins[0] + 1:] if seg.out]
    if theirs and theirs[0].flags & watch.RST:
        return "reset-abort"
    if any(seg.len > 0 for seg in theirs):
        return "data-then-fin"
    acks = [seg for seg in theirs if seg.acks(end)]
    return "three-segment" if acks and acks[0].flags & watch.FIN else "four-segment"


# --- the runs ---

def options(server, asked):
    request = "--http" if server in HTTP else f"--send '{REQUESTS[server]}'"
    return ASKED[asked].replace("$REQUEST", request if server != "haproxy-dead" else "")


def start_runs(client, host, rows, ports):
    """One process for all targets with the same options; {options: Run}."""
    targets = {}
    for server, asked, families, *_ in rows:
        if server in ports:
            targets.setdefault(options(server, asked), []).extend(
                watch.to(host, ports[server], family) for family in families)
    return {words: watch.Run(client, "-W 5s --time-wait 200ms " + words, some)
            for words, some in targets.items()}


def check_row(row, record, name, extra=lambda record: True):
    _, _, _, handshakes, closes, good = row
    tokens = record and (record["handshake"] or "-", record["close"] or "-")
    ok(record and tokens[0] in handshakes and tokens[1] in closes
       and good in ("any", "yes" if record["as_asked"] else "no")
       and not record["left_open"] and extra(record), f"{name}: {tokens and ' '.join(tokens)}",
       lambda: record)


def answered(asked, record):
    """Data must have come where a request was sent, after our FIN where the FIN was with it."""
    if asked in ("request", "server", "half-close") and record["received_octets"] == 0:
        return False
    return asked != "half-close" or record["received_after_fin_octets"] > 0


def test_rows(net, client, host):
    rows = [row for row in read_table() if row[0] != "port"]
    ports = start_servers(net, host)
    with watch.Frames(host) as frames:
        runs = start_runs(client, host, rows, ports)
        results = {words: run.finish() for words, run in runs.items()}
    ok(frames.dropped == 0, "the capture at the server is complete", frames.dropped)
    found = {words: watch.by_target(result) for words, result in results.items()}
    for row in rows:
        server, asked, families, *_ = row
        for family in families if server in ports else []:
            record = found[options(server, asked)].get((ports[server], family))
            check_row(row, record, f"{server} {asked} IPv{family}",
                      lambda rec: answered(asked, rec) or server == "haproxy-dead")
            if record:
                flow = frames.flow(client.ip4 if family == 4 else client.ip6,
                                   record["source_port"], ports[server])
                seen = close_at_server(flow)
                ok(seen == record["close"], f"{server} {asked} IPv{family}: its side saw {seen}",
                   [record["close"]] + flow)
    check_runs(results)
    lab.wait_for(lambda: not left(client, host, ports.values()), 3)
    ok(not left(client, host, ports.values()),
       "no connection is left at the servers but in TIME-WAIT",
       lambda: left(client, host, ports.values()))


def check_runs(results):
    for words, result in results.items():
        every = watch.probes(result)
        summary = watch.summary(result)
        ok(result.rc == (0 if all(rec["as_asked"] for rec in every) else 1)
           and summary.get("left_open") == 0 and summary.get("capture_dropped") == 0,
           f"exit status and summary of: {words or 'no options'}", lambda: str(result))


def left(client, host, ports):
    """Connections at the server's ports (not those between haproxy's own two ends)."""
    return [sock for sock in host.sockets() if sock["sport"] in ports
            and sock["dst"] in (client.ip4, client.ip6)
            and sock["state"] not in ("LISTEN", "TIME-WAIT")]


# --- ports without a server ---

def test_ports(client, host):
    """All in one run: an ICMP error or a refusal for one target says nothing about the others."""
    for key in ("ipv4.icmp_ratelimit", "ipv6.icmp.ratelimit"):
        host.sysctl("net." + key, 0)
    host.nft(RULES)
    rows = [row for row in read_table() if row[0] == "port"]
    targets = [watch.to(host if asked != "no-route" else NOWHERE, PORTS[asked], family)
               for _, asked, families, *_ in rows for family in families]
    result = client.shakedown(["probe", "-J", "--retries", 2] + targets)
    found = watch.by_target(result)
    for row in rows:
        for family in row[2]:
            record = found.get((PORTS[row[1]], family))
            check_row(row, record, f"port {row[1]} IPv{family}", port_extra(row[1]))
    ok(result.rc == 1, "exit status 1: not one was as asked", lambda: str(result))
    nowhere = client.shakedown(f"probe {NOWHERE.ip4} 9")
    ok(nowhere.rc == 3 and NOWHERE.ip4 in nowhere.out + nowhere.err,
       "no route to the only target: exit status 3, and it is named", lambda: str(nowhere))
    for options_, text in (("-4", "closed"), ("-6", "closed")):
        address = host.ip4 if options_ == "-4" else host.ip6
        shown = client.shakedown(f"probe {options_} {address} 9001")
        ok(shown.rc == 1 and text in shown.out, f"text says closed, {options_}",
           lambda: str(shown))
    expected = client.shakedown(f"probe --expect-handshake closed {host.ip4} 9001")
    ok(expected.rc == 0, "--expect-handshake closed makes it what was asked",
       lambda: str(expected))


def port_extra(asked):
    """What else a record must say about such a port."""
    return {
        "filtered": lambda rec: rec["syn_retransmits"] == 2 and rec["handshake_rtt_ns"] is None,
        "closed": lambda rec: rec["syn_retransmits"] == 0 and rec["handshake_rtt_ns"] > 0,
        "no-route": lambda rec: "route" in (rec["error"] or ""),
    }.get(asked, lambda rec: rec["error"] is None)


def main():
    lab.enter(180)
    with lab.Lab() as net:
        net.servers = []
        client, host = net.pair()
        test_rows(net, client, host)
        test_ports(client, host)
        for server in net.servers:
            server.stop()
    lab.done()


main()
