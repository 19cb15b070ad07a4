#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Servers that misbehave on purpose: without it, the rarer tokens could be wrong for years.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: tests/lab/peer, a mode per port

Each row of CASES is one mode and one way of asking, over IPv4 and IPv6: tokens, both sides' last
states, the order and order of magnitude of the times against the peer's own log, and what the
server's kernel still has afterwards. All rows run at the same time.
"""
import os
import socket
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402

FIRST_PORT = 7000
DROPPED_PORT = 7900
MS = 1000000
# The server's kernel and ours share a clock, but the peer's log is written by a process: on a
# slow machine it may be late by so much. An upper bound, so nothing depends on it being small.
LATE_NS = 5000 * MS
QUICK = ("three-segment", "four-segment")
SYN_SENT, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSED, TIME_WAIT = (
    "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSED", "TIME-WAIT")


class Case(NamedTuple):
    """One row. `log` is what the peer's log must say of the connection, in this order; a `*`
    stands for its being ended by our RST. `check` is for what is special about it."""

    mode: str
    options: str
    handshake: str
    close: tuple
    final: str = CLOSED
    peer: str = CLOSED
    log: str = "accept eof close:fin"
    check: object = None
    as_asked: bool = True


def app_took(record, least_ms):
    """The application needed that long; its FIN was then later than the ACK of ours."""
    return record["app_close_ns"] >= least_ms * MS and record["fin_ack_ns"] is not None


def waited(record, least_ms):
    return record["server_first_ns"] >= least_ms * MS


def got(record, count, after_fin=None):
    return (record["received_octets"] == count
            and after_fin in (None, record["received_after_fin_octets"]))


def window_closed(record):
    return "window" in record["evidence"] and record["fin_retransmits"] == 0


def was_reset(record):
    return record["reset_sent"] and record["reset_confirmed"]


def repeated(record):
    return record["peer_syn_ack_retransmits"] == 1


HELD = {"final": FIN_WAIT_2, "as_asked": False}
CASES = [
    Case("close", "--await 300ms", "established", QUICK),
    Case("close", "", "established", QUICK),
    Case("close", "--send hello --half-close", "established", QUICK,
         log="accept data eof close:fin"),
    Case("close", "--await 300ms --close rst", "open", ("client-reset",), ESTABLISHED,
         log="accept *", check=was_reset),
    Case("close", "--await 300ms --close server --close-wait-limit 500ms", "established", QUICK,
         as_asked=False),
    Case("close-late,after=300ms", "", "established", ("four-segment",),
         check=lambda record: app_took(record, 300)),
    Case("never", "--close-wait-limit 700ms", "established", ("held-open",),
         log="accept eof *", check=was_reset, **HELD),
    Case("no-read", "--close-wait-limit 700ms --send unread", "established", ("held-open",),
         log="accept *", check=was_reset, **HELD),
    # nobody accepts, but there is room in the queue: the kernel does all of it alone
    Case("no-accept,backlog=8", "--close-wait-limit 700ms", "established", ("held-open",),
         log="", check=was_reset, **HELD),
    Case("no-accept,backlog=2,fill=1", "--retries 1", "filtered", (None,), SYN_SENT, None, "",
         as_asked=False),
    Case("data-then-fin,count=5,size=100,gap=30ms", "", "established", ("data-then-fin",),
         log="accept eof sent sent sent sent sent close:fin",
         check=lambda record: got(record, 500, 500) and app_took(record, 120)),
    Case("data-then-fin,count=1,size=100000", "", "established", ("data-then-fin",), log=None,
         check=lambda record: got(record, 100000, 100000)),
    Case("reset-on-fin", "--await 300ms", "established", ("reset-abort",),
         log="accept eof close:rst", as_asked=False),
    Case("reset-at-accept", "--await 2s", "established-reset", ("server-reset",),
         log="accept close:rst", as_asked=False),
    Case("close-at-accept", "--await 2s", "established", ("server-first",), peer=TIME_WAIT,
         log="accept close:fin"),
    Case("close-at-accept", "--await 2s --send late", "established", ("late-data-reset",),
         log="accept close:fin", as_asked=False),
    Case("echo", "--send hello", "established", QUICK, log="accept data sent eof close:fin",
         check=lambda record: got(record, 5, 0)),
    Case("echo", "--send hello --half-close", "established", ("data-then-fin",),
         log="accept data sent eof close:fin", check=lambda record: got(record, 5, 5)),
    Case("banner", "--await 2s", "established", QUICK, log="accept sent eof close:fin",
         check=lambda record: got(record, 31, 0)),
    Case("half-close", "--await 2s", "established", ("server-first",), peer=TIME_WAIT,
         log="accept shutdown eof close:fin"),
    Case("half-close", "--await 2s --send later", "established", ("late-data-acked",),
         peer=TIME_WAIT, log="accept shutdown data eof close:fin"),
    Case("answer-close,size=3000", "--send please --close server", "established",
         ("server-first",), peer=TIME_WAIT, log="accept data sent sent close:fin",
         check=lambda record: got(record, 3041, 0)),
    Case("answer", "--send please --settle 500ms", "established", QUICK,
         log="accept data sent sent eof close:fin", check=lambda record: got(record, 41, 0)),
    Case("idle-close,after=300ms", "--close server", "established", ("server-first",),
         peer=TIME_WAIT, log="accept close:fin", check=lambda record: waited(record, 299)),
    Case("linger-unread", "--send unread", "established", ("server-reset",),
         log="accept data close:rst", as_asked=False),
    Case("linger-unread,after=300ms", "--send unread --half-close", "established",
         ("reset-abort",), log="accept data close:rst", as_asked=False),
    # closed first, and let go of the socket only after our FIN, or before it
    Case("fin-late-wait,after=300ms,hold=60s", "--await 5s", "established", ("server-first",),
         peer=TIME_WAIT, log="accept shutdown eof", check=lambda record: waited(record, 299)),
    Case("fin-late-wait,after=50ms,hold=50ms", "--await 5s", "established", ("server-first",),
         peer=TIME_WAIT, log=None),
    # Linux repeats its SYN-ACK once, at the last of its timers that the time covers (1 s, 3 s,
    # 7 s, ...), and takes our bare ACK then. A single one after 1 s may come of a lost ACK too;
    # before it comes, nothing shows
    Case("defer,after=2s", "--await 4s", "deferred-accept", QUICK, check=repeated),
    Case("defer,after=3s", "--await 4s --send x", "deferred-accept", QUICK,
         log="accept data sent eof close:fin", check=repeated),
    Case("defer,after=1s", "--await 2500ms", "established", QUICK, check=repeated),
    Case("defer,after=30s", "--await 2s", "established", QUICK),
    Case("zero-window", "--send-file FILE --close-wait-limit 700ms", "established",
         ("held-open",), ESTABLISHED, log="accept *", check=window_closed, as_asked=False),
]


def story(peer, record):
    """The peer's log of this connection, as in CASES."""
    words = []
    for event in peer.events(port=record["port"], peer_port=record["source_port"]):
        how = event.get("how")
        words.append("*" if event["event"] == "error" else
                     event["event"] + (":" + how if how else ""))
    return " ".join(words)


def expected(case, record):
    return ((case.handshake, case.final, case.peer, case.as_asked, False)
            == (record["handshake"], record["final_state"], record["peer_state"],
                record["as_asked"], record["left_open"])
            and record["close"] in case.close and record["error"] is None
            and (case.check is None or case.check(record)))


# --- times ---

def ascending(times):
    known = [time for time in times if time is not None]
    return known == sorted(known)


def times_agree(peer, record, segments):
    """The order of things: what we saw of the peer cannot be before it did it, and what it saw
    of us not before we did it. Durations: at least what the log says, at most that and LATE_NS."""
    log = {event["event"]: event["time_ns"] for event in reversed(
        peer.events(port=record["port"], peer_port=record["source_port"]))}
    fin = first_time(segments, "out", "F")
    their_fin = first_time(segments, "in", "F")
    fits = [first_time(segments, "out", "S") <= log.get("accept", LATE_NS << 40)]
    if fin and log.get("eof"):
        fits.append(fin <= log["eof"] <= fin + LATE_NS)
    if their_fin and log.get("shutdown"):  # which is logged when it is done
        fits.append(abs(their_fin - log["shutdown"]) < LATE_NS)
    elif their_fin and log.get("close"):
        fits.append(log["close"] <= their_fin <= log["close"] + LATE_NS)
    if record["close"] in QUICK + ("data-then-fin",):
        fits.append(ascending([0, record["fin_ack_ns"], record["app_close_ns"],
                               record["close_ns"]]) and record["app_close_ns"] == their_fin - fin)
    if record["close"] == "held-open" and record["fin_ack_ns"] is not None:
        fits.append(0 < record["fin_ack_ns"] < LATE_NS and record["app_close_ns"] is None)
    if record["handshake"] != "filtered":
        fits.append(0 < record["handshake_rtt_ns"] < LATE_NS)
    return all(fits)


def first_time(segments, direction, flag):
    return next((seg["time_ns"] for seg in segments
                 if seg["direction"] == direction and flag in seg["flags"]), None)


# --- the runs ---

def start(client, host, peer_file):
    """One process per case, both IP versions in it."""
    runs = []
    for number, case in enumerate(CASES):
        options = "--segments --time-wait 0 " + case.options.replace("FILE", peer_file)
        runs.append(watch.Run(client, options, [
            watch.to(host, FIRST_PORT + number, family) for family in (4, 6)]))
    return runs


def check_case(host, peer, case, result):
    for family in (4, 6):
        name = f"{case.mode} {case.options or '(plain)'} IPv{family}"
        record = next((rec for rec in watch.probes(result) if rec["family"] == family), None)
        if not ok(record and expected(case, record), f"{name}: {record and record['handshake']} "
                  f"{record and record['close']}", lambda: record or str(result)) and not record:
            continue
        segments = watch.segments(result, record["source_port"])
        said = lab.wait_for(lambda: case.log is None or story(peer, record) == case.log, 3)
        ok(said and times_agree(peer, record, segments), f"{name}: the peer's log agrees",
           lambda: [story(peer, record), record] + segments
           + peer.events(peer_port=record["source_port"]))
        promised = {TIME_WAIT} if case.peer == TIME_WAIT else set()
        lab.wait_for(lambda: left(host, record) == promised, 3)
        ok(left(host, record) == promised,
           f"{name}: {' '.join(promised) or 'nothing'} is left at the server",
           lambda: [sorted(left(host, record)), record])


def left(host, record):
    """The states of this connection's sockets in the server's kernel."""
    return {sock["state"] for sock in host.sockets()
            if (sock["sport"], sock["dport"]) == (record["port"], record["source_port"])}


# --- a half-open whose accept is dropped ---

HOLD = f"""
table inet hold {{ chain input {{ type filter hook input priority 0;
  iifname "v1" tcp dport {DROPPED_PORT} tcp flags & (syn | ack) == ack drop
}}
}}
"""


def start_dropped(client, host, kept):
    """The accept queue fills after the SYN: our ACK is held back until it is full."""
    host.nft(HOLD)
    run = watch.Run(client, "--segments --await 300ms --retries 2 --time-wait 0",
                    [watch.to(host, DROPPED_PORT, family) for family in (4, 6)])
    half_open = lab.wait_for(lambda: sum(
        sock["state"] == "SYN-RECEIVED" and sock["sport"] == DROPPED_PORT
        for sock in host.sockets()) == 2)
    with host.inside():
        for loopback in ("127.0.0.1", "::1"):
            kept += [socket.create_connection((loopback, DROPPED_PORT), 5) for _ in range(2)]
    host.nft("delete table inet hold\n")
    ok(half_open, "both are half open while our ACK is held back", host.sockets)
    return run


def check_dropped(host, run):
    result = run.finish()
    for record in watch.probes(result):
        name = f"accept queue full after the SYN IPv{record['family']}"
        ok((record["handshake"], record["close"], record["final_state"], record["left_open"])
           == ("accept-dropped", "silent", FIN_WAIT_1, False)
           and record["peer_syn_ack_retransmits"] > 0 and record["reset_confirmed"],
           f"{name}: {record['handshake']} {record['close']}", lambda: str(result))
        ok(lab.wait_for(lambda: not left(host, record), 3), f"{name}: nothing is left",
           host.sockets)
    ok(len(watch.probes(result)) == 2 and result.rc == 1, "exit status 1", lambda: str(result))


def check_modes(peer):
    listed = peer.ns.run(lab.binary("LAB_PEER", "tests/lab/peer") + ["--modes"]).stdout
    names = {line.split()[0] for line in listed.partition("\n\n")[0].splitlines()}
    ok(names == {case.mode.partition(",")[0] for case in CASES}, "every mode has a row",
       sorted(names))


def main():
    lab.enter(150)
    kept = []
    with lab.Lab() as net:
        client, host = net.pair()
        peer = host.peer(*(f"{FIRST_PORT + i}:{case.mode}" for i, case in enumerate(CASES)),
                         f"{DROPPED_PORT}:no-accept,backlog=1")
        path = os.path.join(net.dir, "20k")
        with open(path, "wb") as file:
            file.write(bytes(20000))
        check_modes(peer)
        runs = start(client, host, path)
        dropped = start_dropped(client, host, kept)
        for case, run in zip(CASES, runs):
            check_case(host, peer, case, run.finish())
        check_dropped(host, dropped)
        ok(not [sock for sock in client.sockets()], "no socket is left at the client",
           client.sockets)
        for sock in kept:
            sock.close()
    lab.done()


main()
