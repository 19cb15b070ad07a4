#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's RST: without it, our own kernel could be what "the server" did, and nobody saw it.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: tests/lab/peer
      nft                                     what passes v1 is read here

Without the guard the server sees a RST of our kernel, and the tool says so and exits 3. With it
there is none, whatever comes to the port. A guard that is broken from outside, by a firewall that
answers for us, is found out as well. While a probe runs its port is taken, and deaf.
"""
import errno
import os
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402
from watch import ACK, RST, SYN  # noqa: E402

CLOSE, SLOW, NEVER, RESET = 7001, 7002, 7003, 7004
GUARD_ERROR = "that shakedown did not send"
QUIET_S = 0.4  # so long nothing comes from a port that is deaf
REJECT = """
table inet broken { chain input { type filter hook input priority 0;
  tcp sport 7001 tcp flags & (syn | ack) == syn | ack reject with tcp reset
}
}
"""
REFUSE = """
table inet broken { chain output { type filter hook output priority 0; tcp dport 7001 drop
}
}
"""


def resets(frames, port=None):
    """RSTs that came from the client, as the server's device saw them."""
    return [seg for seg in frames.segments
            if not seg.out and seg.flags & RST and port in (None, seg.dport)]


# --- without it ---

def test_without(client, host, peer, family):
    name = f"no guard, IPv{family}"
    address = host.ip4 if family == 4 else host.ip6
    with watch.Frames(host) as frames:
        result = client.shakedown(["probe", "-J", "--no-guard", "--await", "1s", address, CLOSE])
        frames.stop()
    answer = [seg for seg in frames.segments if seg.out and seg.flags & SYN]
    sent = resets(frames)
    ok(answer and sent and sent[0].seq == answer[0].ack and not sent[0].flags & ACK,
       f"{name}: the server sees the RST that RFC 9293 prescribes for no connection",
       lambda: frames.segments)
    record = watch.probes(result)
    ok(result.rc == 3 and GUARD_ERROR in result.err and "guard" in result.err,
       f"{name}: detected: exit status 3 and an error that says why", lambda: str(result))
    ok(len(record) == 1 and not record[0]["as_asked"] and record[0]["error"]
       and not record[0]["left_open"], f"{name}: its record is marked", lambda: str(result))
    source = record[0]["source_port"] if record else None
    ok(not peer.events("eof", peer_port=source) and host.ss_state(dport=source) is None,
       f"{name}: the server has lost the connection", host.sockets)


# --- with it ---

def test_with(client, host, peer):
    """In every phase, both versions; then what else may knock at the port meanwhile."""
    cases = {"plain": ("--await 300ms", CLOSE), "slow": ("", SLOW),
             "half-close": ("--send x --half-close", SLOW),
             "held open": ("--close-wait-limit 500ms", NEVER),
             "reset by it": ("--await 300ms", RESET), "reset by us": ("--close rst", CLOSE)}
    with watch.Frames(host) as frames:
        runs = {name: watch.Run(client, f"--segments {options}",
                                [watch.to(host, port, family) for family in (4, 6)])
                for name, (options, port) in cases.items()}
        results = {name: run.finish() for name, run in runs.items()}
        frames.stop()
    for name, result in results.items():
        ours = {(seg["source_port"], seg["seq"]) for seg in watch.segments(result)
                if seg["direction"] == "out" and "R" in seg["flags"]}
        ports = {rec["source_port"] for rec in watch.probes(result)}
        foreign = [seg for seg in resets(frames, cases[name][1])
                   if seg.sport in ports and (seg.sport, seg.seq) not in ours]
        ok(len(ports) == 2 and not foreign and result.rc in (0, 1),
           f"guard, {name}: no RST at the server but those the tool says it sent",
           lambda: [str(result), foreign])
        ok(all(peer.wait_event("accept", peer_port=port) for port in ports),
           f"guard, {name}: the server's application had the connections",
           lambda: peer.events())


def attempt(ns, address, port, family):
    """What a connect from there meets: "silence" is what it should."""
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with ns.inside(), socket.socket(kind, socket.SOCK_STREAM) as sock:
        sock.settimeout(QUIET_S)
        try:
            sock.connect((address, port))
        except TimeoutError:
            return "silence"
        except OSError as err:
            return errno.errorcode.get(err.errno, str(err))
        return "an open port"


def bind(ns, address, port, family):
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with ns.inside(), socket.socket(kind, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
        except OSError as err:
            return errno.errorcode.get(err.errno, str(err))
    return "bound"


def test_reserved(client, host):
    run = watch.Run(client, "--await 4s", [watch.to(host, CLOSE, family) for family in (4, 6)])
    lab.wait_for(lambda: len(guards(client)) == 2, 10)
    found = guards(client)
    ok(len(found) == 2, "while it runs there is a guard for each connection", client.sockets)
    with watch.Frames(host) as frames:
        for sock in found:
            family = 6 if ":" in sock["src"] else 4
            ok(bind(client, sock["src"], sock["sport"], family) == "EADDRINUSE",
               f"its port is taken, IPv{family}")
            met = attempt(host, sock["src"], sock["sport"], family)
            ok(met == "silence", f"who connects to it meets silence, IPv{family}", met)
        frames.stop()
    knocked = [seg for seg in frames.segments if seg.out and seg.flags & (SYN | ACK) == SYN]
    ok({seg.dport for seg in knocked} == {sock["sport"] for sock in found}
       and not any(not seg.out and seg.dport == knock.sport
                   for seg in frames.segments for knock in knocked),
       "which the server's device confirms", lambda: frames.segments)
    result = run.finish()
    ok(result.rc == 0 and {rec["source_port"] for rec in watch.probes(result)}
       == {sock["sport"] for sock in found}, "and the probes themselves were not disturbed",
       lambda: str(result))
    ok(not client.sockets(), "afterwards the guards are gone", client.sockets)
    taken = client.popen(["/usr/bin/python3", "-c", TAKE.format(client.ip4)], stdout=-1)
    taken.stdout.readline()
    refused = client.shakedown(["probe", "--source-port", 4000, host.ip4, CLOSE])
    ok(refused.rc == 3 and "4000" in refused.out + refused.err
       and "in use" in refused.out + refused.err,
       "a source port that somebody has is refused: exit status 3", lambda: str(refused))


TAKE = """
import socket, time
sock = socket.socket()
sock.bind(("{}", 4000))
print("taken", flush=True)
time.sleep(100)
"""


def guards(client):
    return [sock for sock in client.sockets() if sock["state"] == "LISTEN"]


def test_loopback(client):
    """The kernel is the server too: its replies pass the same guard."""
    client.peer(f"{CLOSE}:close")
    result = client.shakedown(f"probe -J --await 200ms 127.0.0.1:{CLOSE} [::1]:{CLOSE}"
                              f" {client.ip4}:{CLOSE} [{client.ip6}]:{CLOSE}")
    ok(result.rc == 0 and len(watch.probes(result)) == 4 and all(
        rec["handshake"] == "established" and rec["final_state"] == "CLOSED"
        for rec in watch.probes(result)), "loopback and our own addresses: no RST either",
       lambda: str(result))


# --- broken from outside ---

def test_broken(client, host, peer):
    client.nft(REJECT)
    for family in (4, 6):
        result = client.shakedown(
            ["probe", "-J", "--await", "1s", watch.to(host, CLOSE, family)])
        record = watch.probes(result)
        ok(result.rc == 3 and GUARD_ERROR in result.err,
           f"a firewall that answers for us is detected, IPv{family}: exit status 3",
           lambda: str(result))
        ok(len(record) == 1 and record[0]["error"] and not record[0]["as_asked"],
           f"and the record is marked, IPv{family}", lambda: str(result))
    # others in the same run: no result of theirs may be taken for a good one
    result = client.shakedown(["probe", "-J", "--await", "5s", watch.to(host, SLOW, 4),
                               watch.to(host, CLOSE, 4), watch.to(host, NEVER, 6)])
    ok(result.rc == 3 and all(rec["error"] and not rec["as_asked"] and not rec["left_open"]
                              for rec in watch.probes(result)),
       "the whole run ends, no record without an error", lambda: str(result))
    ok(lab.wait_for(lambda: not busy(client, host), 3), "and nothing is left at the server",
       host.sockets)
    client.nft("delete table inet broken\n" + REFUSE)
    for family in (4, 6):
        result = client.shakedown(["probe", "-J", watch.to(host, CLOSE, family)])
        errors = [rec["error"] or "" for rec in watch.probes(result)]
        ok(result.rc in (1, 3) and len(errors) == 1 and "firewall" in errors[0],
           f"a firewall that swallows our segments is named, IPv{family}", lambda: str(result))
    client.nft("delete table inet broken\n")
    result = client.shakedown(["probe", "-J", "--await", "200ms", host.ip4, CLOSE])
    ok(result.rc == 0, "without the rules all is well again", lambda: str(result))


def busy(client, host):
    return [sock for sock in host.sockets() if sock["dst"] in (client.ip4, client.ip6)
            and sock["state"] != "TIME-WAIT"]


def main():
    lab.enter(120)
    with lab.Lab() as net:
        client, host = net.pair()
        peer = host.peer(f"{CLOSE}:close", f"{SLOW}:close-late,after=400ms", f"{NEVER}:never",
                         f"{RESET}:reset-on-fin")
        for family in (4, 6):
            test_without(client, host, peer, family)
        test_with(client, host, peer)
        test_reserved(client, host)
        test_broken(client, host, peer)
        test_loopback(client)
    lab.done()


main()
