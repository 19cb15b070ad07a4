#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The lab tests itself: without it, a fixture that lies would make every other lab test lie.

Here: topologies and the end of a lab, the test peer's modes, the real servers. The wire has a
script of its own, test_wire.py. No test asserts that something is fast.
"""
import os
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import sandbox  # noqa: E402
import servers  # noqa: E402
from lab import ok  # noqa: E402

QUIET_S = 0.3  # so long nothing comes from a server that says nothing


def connect(ns, addr, port, timeout=5):
    with ns.inside():
        return socket.create_connection((addr, port), timeout)


def read_to_end(sock, timeout=5):
    """(data, "eof" | "reset" | "open"): what comes until the stream ends, one way or another."""
    data = b""
    sock.settimeout(timeout)
    try:
        while True:
            piece = sock.recv(65536)
            if not piece:
                return data, "eof"
            data += piece
    except ConnectionResetError:
        return data, "reset"
    except TimeoutError:
        return data, "open"


def talk(ns, addr, port, send=b"", fin=True, timeout=5):
    """Connect, send, perhaps end our direction; (data, how it ended, the socket)."""
    try:
        sock = connect(ns, addr, port)
    except ConnectionResetError:
        return b"", "reset", socket.socket()  # as fast as that
    try:
        if send:
            sock.sendall(send)
        if fin:
            sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # reset already; reading tells
    return (*read_to_end(sock, timeout), sock)


# --- topologies ---

def test_pair():
    with lab.Lab() as net:
        client, server = net.pair(offloads=False)
        server.peer("7001:close", "7002:never")
        for addr in (server.ip4, server.ip6):
            with connect(client, addr, 7002) as sock:
                port = sock.getsockname()[1]
                ok(client.ss_state(sport=port) == "ESTABLISHED", f"a pair connects, {addr}",
                   client.sockets)
                sock.shutdown(socket.SHUT_WR)
                held = lab.wait_for(lambda: server.ss_state(dport=port) == "CLOSE-WAIT")
                ok(held and client.ss_state(sport=port) == "FIN-WAIT-2",
                   f"ss_state names the closing states, {addr}", client.sockets)
            _, _, sock = talk(client, addr, 7001)
            port = sock.getsockname()[1]
            sock.close()
            ok(lab.wait_for(lambda: client.ss_state(sport=port) == "TIME-WAIT")
               and server.ss_state(dport=port) is None, f"ss_state sees TIME-WAIT, {addr}",
               client.sockets)
        features = client.run(["ethtool", "-k", client.dev]).stdout
        ok("tx-checksumming: off" in features and "generic-segmentation-offload: off" in features,
           "offloads are off when asked", features)
        ok(server.ss_state(sport=7001, listen=True) == "LISTEN"
           and server.ss_state(sport=9) is None, "listeners only on demand, None if no socket")
        server.nft("table inet t { chain c { type filter hook input priority 0; "
                   "tcp dport 7001 drop; }; }")
        try:
            connect(client, server.ip4, 7001, QUIET_S).close()
            ok(False, "nft rules are loaded where they are asked for")
        except TimeoutError:
            ok(True, "nft rules are loaded where they are asked for")


def test_chain():
    with lab.Lab() as net:
        row = net.chain(2)
        client, server = row[0], row[-1]
        server.peer("7001:echo")
        net.span(row[2], server, "10.200.0.0/16")
        client.route("10.200.0.0/16", row[1].addr4[0])
        row[1].route("10.200.0.0/16", row[2].addr4[0])
        for addr in (server.ip4, server.ip6, "10.200.7.9"):
            data, end, sock = talk(client, addr, 7001, b"hello")
            sock.close()
            ok((data, end) == (b"hello", "eof"), f"a chain of two routers carries {addr}", data)
        shown = client.run(["true"])
        ok(shown.returncode == 0 and client.sysctl("net.ipv4.ip_forward") == "0"
           and row[1].sysctl("net.ipv4.ip_forward") == "1", "only the routers forward")


# --- the peer ---

def case_simple(spec, send, fin, data, end):
    """A mode whose promise is: having sent this, one reads that."""
    def run(net, addr, port):
        got, how, sock = talk(net.client, addr, port, send, fin, 1.5 if end == "open" else 5)
        net.kept.append(sock)
        return (got == data or (data and got.startswith(data))) and how == end, (got, how)
    return spec, run


def run_never(net, addr, port):
    _, how, sock = talk(net.client, addr, port, b"hi", True, QUIET_S)
    net.kept.append(sock)
    state = net.server.ss_state(sport=port, dport=sock.getsockname()[1])
    return (how, state) == ("open", "CLOSE-WAIT"), (how, state)


def run_no_read(net, addr, port):
    _, how, sock = talk(net.client, addr, port, b"hi", False, QUIET_S)
    net.kept.append(sock)
    unread = [have["recvq"] for have in net.server.sockets()
              if have["dport"] == sock.getsockname()[1]]
    return (how, unread) == ("open", [2]), (how, unread)


def run_no_accept(net, addr, port):
    try:
        net.kept.append(connect(net.client, addr, port, QUIET_S))
    except TimeoutError:
        return not net.peer.events("accept", port=port), "accepted"
    return False, "the queue was not full"


def run_close_late(net, addr, port):
    _, how, sock = talk(net.client, addr, port)
    mine = {"port": port, "peer_port": sock.getsockname()[1]}
    eof, close = net.peer.wait_event("eof", **mine), net.peer.wait_event("close", **mine)
    sock.close()
    return (how == "eof" and eof and close
            and close[0]["time_ns"] - eof[0]["time_ns"] >= 100e6), (how, eof, close)


def run_half_close(net, addr, port):
    _, how, sock = talk(net.client, addr, port, b"", False)
    mine = {"port": port, "peer_port": sock.getsockname()[1]}
    sock.sendall(b"later")
    heard = net.peer.wait_event("data", len=5, **mine)
    sock.close()
    return how == "eof" and heard and net.peer.wait_event("close", **mine), (how, heard)


def run_fin_late_wait(net, addr, port):
    _, how, sock = talk(net.client, addr, port, b"", False)
    mine = {"port": port, "peer_port": sock.getsockname()[1]}
    sock.close()
    down, close = net.peer.wait_event("shutdown", **mine), net.peer.wait_event("close", **mine)
    return (how == "eof" and down and close
            and close[0]["time_ns"] - down[0]["time_ns"] >= 200e6), (how, down, close)


def run_defer(net, addr, port):
    sock = connect(net.client, addr, port)
    state = net.server.ss_state(sport=port, dport=sock.getsockname()[1])
    early = net.peer.events("accept", port=port, peer_port=sock.getsockname()[1])
    sock.sendall(b"now")
    sock.shutdown(socket.SHUT_WR)
    got = read_to_end(sock)
    sock.close()
    return state == "SYN-RECEIVED" and not early and got == (b"now", "eof"), (state, early, got)


def run_zero_window(net, addr, port):
    sock = connect(net.client, addr, port)
    sock.settimeout(QUIET_S)
    net.kept.append(sock)
    try:
        for _ in range(10000):
            sock.send(bytes(65536))
    except TimeoutError:
        waiting = [have["sendq"] for have in net.client.sockets()
                   if have["sport"] == sock.getsockname()[1]]
        return waiting and waiting[0] > 0, waiting
    return False, "it took everything"


def peer_cases():
    request = b"GET / HTTP/1.0\r\n\r\n"
    return [
        case_simple("echo", b"hello", True, b"hello", "eof"),
        case_simple("close", b"hello", True, b"", "eof"),
        ("close-late,after=100ms", run_close_late),
        ("never", run_never),
        ("no-read", run_no_read),
        ("no-accept,fill=1,backlog=2", run_no_accept),
        case_simple("data-then-fin,count=3,size=4,gap=10ms", b"", True, b"abcd" * 3, "eof"),
        case_simple("reset-on-fin", b"hello", True, b"", "reset"),
        case_simple("reset-at-accept", b"", False, b"", "reset"),
        case_simple("close-at-accept", b"", False, b"", "eof"),
        case_simple("banner", b"", True, b"220 ", "eof"),
        ("half-close", run_half_close),
        case_simple("answer-close", request, False, b"HTTP/1.0 200", "eof"),
        case_simple("answer,size=10000", request, False, b"HTTP/1.0 200", "open"),
        case_simple("idle-close,after=100ms", b"x", False, b"", "eof"),
        case_simple("linger-unread", b"hello", False, b"", "reset"),
        ("fin-late-wait,after=50ms,hold=200ms", run_fin_late_wait),
        ("defer", run_defer),
        ("zero-window", run_zero_window),
    ]


def test_peer():
    cases = peer_cases()
    with lab.Lab() as net:
        net.client, net.server = net.pair()
        net.kept = []
        specs = [f"{7000 + i}:{spec}" for i, (spec, _) in enumerate(cases)]
        net.peer = net.server.peer(*specs, "7100-7103:close")
        for i, (spec, run) in enumerate(cases):
            for addr in (net.server.ip4, net.server.ip6):
                good, diag = run(net, addr, 7000 + i)
                ok(good, f"peer {spec}, {addr}", diag)
        check_peer_log(net)
        for sock in net.kept:
            sock.close()
        stats = {port["port"]: port for port in net.peer.stop()["ports"]}
        ok(stats[7001]["accepted"] == stats[7001]["eof"] == stats[7001]["closed"] == 2
           and stats[7007]["reset"] == 2 and 7103 in stats and not stats[7001]["open"],
           "peer --stats counts", stats)
        ended = net.server.daemon(lab.binary("LAB_PEER", "tests/lab/peer")
                                  + ["--runtime", "100ms", "7001:close"], "peer")
        ok(lab.wait_for(lambda: not ended.alive()) and ended.proc.returncode == 0,
           "peer ends by itself after --runtime")
    listed = subprocess.run(lab.binary("LAB_PEER", "tests/lab/peer") + ["--modes"], timeout=10,
                            capture_output=True, text=True, check=True).stdout
    names = {line.split()[0] for line in listed.partition("\n\n")[0].splitlines()}
    ok(names == {spec.partition(",")[0] for spec, _ in cases}, "every mode of the peer is tested",
       sorted(names))


def check_peer_log(net):
    """The log of one connection tells its story in order."""
    data, _, sock = talk(net.client, net.server.ip4, 7000, b"four")
    port = sock.getsockname()[1]
    sock.close()
    net.peer.wait_event("close", peer_port=port)
    story = net.peer.events(peer_port=port)
    times = [event["time_ns"] for event in story]
    ok(data == b"four" and times == sorted(times)
       and [event["event"] for event in story] == ["accept", "data", "sent", "eof", "close"]
       and story[-1]["how"] == "fin" and story[1]["len"] == 4
       and story[0]["peer"] == net.client.ip4, "the peer's log has the whole story", story)


# --- real servers ---

def test_servers():
    with lab.Lab() as net:
        client, host = net.pair()
        for kind in servers.ALL:
            server = kind()
            if not server.available():
                lab.skip(server.name, server.reason)
                continue
            try:
                server.start(host)
            except RuntimeError as err:
                ok(False, f"{server.name} starts", str(err))
                continue
            for addr in (host.ip4, host.ip6):
                with connect(client, addr, server.port) as sock:
                    sock.settimeout(10)
                    sock.sendall(server.request)
                    got = sock.recv(4096)
                ok(got.startswith(server.reply), f"{server.name} answers, {addr}",
                   lambda: f"{got!r}\n{server.output()}")
            server.stop()
            ok(not any(servers.listens(host, port, 4) for port in server.ports()),
               f"{server.name} stops", host.sockets)


# --- the end ---

ORPHANS = """
import sys
sys.path.insert(0, {here!r})
import lab
lab.enter(30)
net = lab.Lab()
ns = net.ns("orphans")
print(ns.popen("sleep 60").pid, flush=True)
lab.wait_for(lambda: False, 30)
"""


def test_end():
    with lab.Lab() as net:
        client, server = net.pair()
        server.peer("7001:close")
        client.run(["sh", "-c", "sleep 100 >/dev/null 2>&1 & setsid sleep 100 >/dev/null 2>&1 &"])
        before, nets, directory = net.processes(), {client.net_id, server.net_id}, net.dir
        ok(len(before) == 3, "stray children are known to the lab", sorted(before))
    left = {pid for pid in sandbox.descendants() if sandbox.net_id(pid) in nets}
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, timeout=10,
                           check=True).stdout
    ok(not left and not any(os.path.exists(f"/proc/{pid}") for pid in before),
       "after the lab closes none of its processes is left", sorted(left))
    ok(not names and not os.path.exists(directory),
       "after the lab closes no namespace and no file is left", names)
    test_killed()


def test_killed():
    """Also when a test is killed outright, its children go."""
    here = os.path.dirname(os.path.abspath(__file__))
    with subprocess.Popen([sys.executable, "-B", "-c", ORPHANS.format(here=here)],
                          stdout=subprocess.PIPE, text=True) as script:
        pid = int(script.stdout.readline())
        alive = sandbox.net_id(pid) is not None
        script.send_signal(signal.SIGKILL)
        script.wait(5)
        gone = lab.wait_for(lambda: sandbox.net_id(pid) is None)
    ok(alive and gone, "the children of a killed test die with it", f"pid {pid}")
    subprocess.run(["ip", "netns", "del", "orphans"], timeout=10, check=False)


def main():
    lab.enter(240)
    test_pair()
    test_chain()
    test_peer()
    test_servers()
    test_end()
    lab.done()


main()
