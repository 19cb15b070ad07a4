#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Inferred states against the truth: without it, "the server is in CLOSE-WAIT" would be a guess.

    client [v1 10.1.0.1] ------------------- [10.1.0.2 v1] server: tests/lab/peer
           [v2 10.2.0.1] --- wire, 500 ms --- [10.2.0.2 v2] far: another one

The truth is what ss says in the server's namespace. It is asked all the time while the tool runs,
and compared with the peer_state of the tool's last segment record before that moment. A look
counts when nothing was on its way: no segment passed either end around it, and all that had left
one end had passed the other. Steps that are too short for a look are made longer by stopping the
tool itself (SIGSTOP), so that it does not answer what has come; the capture's stamps go on.

What the tool marks as assumed ("if our last segment arrived") is compared as everything else,
unless a rule of ours dropped that segment: then it must be marked so, and the server's repeating
itself must put the inference right.
"""
import os
import signal
import sys
import time
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402
from watch import ACK, FIN, PSH, SYN  # noqa: E402

MS = 1000000
QUIET_NS = 10 * MS  # a look counts if nothing passed for so long before it
HOLD_S = 0.4        # a step is made this long
ATTEMPTS = 3        # on a busy machine a stop may come too late for its step


class Scenario(NamedTuple):
    """`script` moves it along; `states` are those that must have been compared, `lost` says that
    a rule drops segments of ours, or a listener does not count them."""

    name: str
    mode: str
    options: str
    states: tuple
    script: object = None
    far: bool = False
    lost: bool = False


# --- the scripts: each yields conditions, and goes on when one has come true ---

def flows(act):
    """What passed the client's device, by connection."""
    found = {}
    for seg in list(act.frames.segments):
        if act.port in (seg.sport, seg.dport):
            found.setdefault(seg.sport if seg.out else seg.dport, []).append(seg)
    return found


def seen(act, out, flags, mask=SYN | FIN | ACK, count=1):
    """A condition: on both connections, so many such segments have passed."""
    def condition():
        each = [sum(seg.out == out and seg.flags & mask == flags for seg in flow)
                for flow in flows(act).values()]
        return len(each) == 2 and min(each) >= count
    return condition


def after(seconds):
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def hold_syn_ack(act):
    """Stopped between its SYN and the SYN-ACK."""
    yield seen(act, True, SYN)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, SYN | ACK)
    yield after(HOLD_S)
    act.run.signal(signal.SIGCONT)


def hold_server_fin(act):
    """Stopped before the server's FIN comes, whoever is the first."""
    yield seen(act, True, ACK)
    yield after(HOLD_S)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, FIN | ACK)
    yield after(HOLD_S)
    act.run.signal(signal.SIGCONT)


def hold_last_ack(act):
    """Stopped between its FIN and the server's."""
    yield seen(act, True, FIN | ACK)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, FIN | ACK)
    yield after(HOLD_S)
    act.run.signal(signal.SIGCONT)


def hold_closing(act):
    """Stopped after its FIN, while the server's is on its way."""
    yield seen(act, True, FIN | ACK)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, FIN | ACK)
    yield after(2 * HOLD_S)
    act.run.signal(signal.SIGCONT)


def drop(act, match):
    """A rule at the server, for this scenario's port."""
    act.host.nft(f"""table inet hold{act.port} {{ chain input {{
        type filter hook input priority 0; tcp dport {act.port} {match} drop
        }}
        }}
        """)


def drop_no_more(act):
    act.host.nft(f"delete table inet hold{act.port}\n")


PURE_ACK = "tcp flags & (fin | syn | psh | ack) == ack"


def lose_third_ack(act):
    """The server repeats its SYN-ACK after a second, to a stopped tool."""
    yield seen(act, True, ACK)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, SYN | ACK, count=2)
    yield after(HOLD_S)
    drop_no_more(act)
    act.run.signal(signal.SIGCONT)


def lose_last_ack(act):
    """The server repeats its FIN, to a stopped tool."""
    yield seen(act, True, ACK)
    yield after(HOLD_S / 2)
    drop(act, PURE_ACK)
    yield seen(act, True, FIN | ACK)
    yield seen(act, True, ACK, count=2)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, FIN | ACK, count=3)
    yield after(HOLD_S)
    drop_no_more(act)
    act.run.signal(signal.SIGCONT)


def lose_answer_to_fin(act):
    """The server has closed first; our ACK and our FIN are both lost; it repeats its FIN."""
    yield seen(act, True, ACK)
    yield after(HOLD_S / 2)
    drop(act, "")
    yield seen(act, True, FIN | ACK)
    act.run.signal(signal.SIGSTOP)
    yield seen(act, False, FIN | ACK, count=3)
    yield after(HOLD_S / 2)
    drop_no_more(act)
    act.run.signal(signal.SIGCONT)


def lose_late_data(act):
    """The server has closed first; our ACK arrives, our data do not, so that our FIN waits."""
    drop(act, "tcp flags & psh == psh")
    yield seen(act, True, PSH | ACK, PSH | ACK | FIN)
    yield after(HOLD_S)
    drop_no_more(act)


def lose_third_ack_at_first(act):
    drop(act, PURE_ACK)
    yield from lose_third_ack(act)


SCENARIOS = [
    Scenario("plain", "close", "--await 400ms --time-wait 400ms", ("ESTABLISHED", "CLOSED")),
    Scenario("slow application", "close-late,after=1s", "--await 400ms --time-wait 400ms",
             ("ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"), hold_last_ack),
    Scenario("never closes", "never", "--await 400ms --close-wait-limit 600ms",
             ("ESTABLISHED", "CLOSE-WAIT", "CLOSED")),
    Scenario("nobody accepts", "no-accept,backlog=8", "--await 400ms --close-wait-limit 600ms",
             ("ESTABLISHED", "CLOSE-WAIT", "CLOSED")),
    Scenario("data after our FIN", "data-then-fin,count=3,gap=300ms", "--await 300ms",
             ("ESTABLISHED", "CLOSE-WAIT", "CLOSED")),
    Scenario("request and answer", "answer", "--send x --settle 300ms --time-wait 300ms",
             ("ESTABLISHED", "CLOSED")),
    Scenario("reset on FIN", "reset-on-fin", "--await 400ms", ("ESTABLISHED", "CLOSED")),
    Scenario("reset by us", "never", "--await 400ms --close rst", ("ESTABLISHED", "CLOSED")),
    Scenario("server first", "idle-close,after=1s", "--await 5s",
             ("ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT"), hold_server_fin),
    Scenario("server first, our data", "half-close", "--await 5s --send late",
             ("FIN-WAIT-2", "TIME-WAIT"), lose_late_data),
    Scenario("third ACK lost", "close", "--await 4s --time-wait 400ms",
             ("SYN-RECEIVED", "ESTABLISHED", "CLOSED"), lose_third_ack_at_first, lost=True),
    Scenario("last ACK lost", "close", "--await 1s --time-wait 2s",
             ("ESTABLISHED", "LAST-ACK", "CLOSED"), lose_last_ack, lost=True),
    Scenario("answer to its FIN lost", "fin-late-wait,after=800ms", "--await 5s",
             ("ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT"), lose_answer_to_fin, lost=True),
    Scenario("deferred accept", "defer,after=2s", "--await 4s",
             ("ESTABLISHED", "CLOSED"), lost=True),
    Scenario("far away", "close-late,after=1500ms", "--await 2s --time-wait 1500ms",
             ("SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT", "CLOSED"), hold_syn_ack, True),
    Scenario("FINs cross", "fin-late-wait,after=1s", "--await 1500ms --time-wait 1500ms",
             ("ESTABLISHED", "CLOSING", "TIME-WAIT"), hold_closing, True),
]


# --- a run of them all ---

class Act:
    """One scenario being played, over both IP versions at once."""

    def __init__(self, scenario, port, stage):
        self.scenario, self.port = scenario, port
        side = "far" if scenario.far else "near"
        self.host, self.frames, self.host_frames = stage[side]
        self.client = stage["client"]
        self.script = scenario.script(self) if scenario.script else iter(())
        self.next = next(self.script, None)
        self.run = self.result = None

    def start(self):
        self.run = watch.Run(self.client, "--segments " + self.scenario.options,
                             [watch.to(self.host, self.port, family) for family in (4, 6)])

    def local(self, family):
        """The client's address on this scenario's link."""
        addresses = self.client.addr4 if family == 4 else self.client.addr6
        return addresses[1 if self.scenario.far else 0]

    def move(self):
        """One step of the script, when its condition holds. False when the run is over."""
        if self.next and self.next():
            self.next = next(self.script, None)
        return self.run.alive()


def play(acts, hosts, seconds=40):
    """Looks at the servers' sockets until every run has ended and once more:
    [(begin_ns, end_ns, {host: sockets})]."""
    looks, end = [], time.monotonic() + seconds
    for act in acts:
        act.start()
    alive = True
    while alive and time.monotonic() < end:
        looks.append(look(hosts))
        time.sleep(0.01)
        alive = any([act.move() for act in acts])
    for act in acts:
        act.result = act.run.finish(1)
    time.sleep(0.1)
    return looks + [look(hosts)]


def look(hosts):
    begin = time.time_ns()
    found = {host.name: host.sockets() for host in hosts}
    return begin, time.time_ns(), found


# --- the comparison ---

def count(segments, out, until_ns):
    return sum(seg.out == out and seg.time_ns <= until_ns for seg in segments)


def quiet(ours, theirs, begin_ns, end_ns):
    """Nothing was on its way, and nothing passed from QUIET_NS before the look to its end."""
    before = begin_ns - QUIET_NS
    return (count(ours, True, end_ns) == count(theirs, False, before)
            and count(theirs, True, end_ns) == count(ours, False, before))


def compare(act, family, source_port, looks):
    """[[segment record, set of what ss said, number of looks]], a row for each step that was
    long enough."""
    records = watch.segments(act.result, source_port)
    ours, theirs = (frames.flow(act.local(family), source_port, act.port)
                    for frames in (act.frames, act.host_frames))
    steps = {}
    for begin_ns, end_ns, sockets in looks:
        before = [i for i, rec in enumerate(records) if rec["time_ns"] <= begin_ns]
        if not before or not quiet(ours, theirs, begin_ns, end_ns):
            continue
        step = steps.setdefault(before[-1], [records[before[-1]], set(), 0])
        step[1].add(state_of(sockets[act.host.name], act.port, source_port))
        step[2] += 1
    return [steps[i] for i in sorted(steps)]


def state_of(sockets, port, source_port):
    for sock in sockets:
        if (sock["sport"], sock["dport"]) == (port, source_port):
            return sock["state"]
    return "CLOSED"  # ss has no such socket


def check(act, looks):
    """All steps of both connections; the states that had been wanted and were not met."""
    missed = []
    for record in sorted(watch.probes(act.result), key=lambda rec: rec["family"]):
        name = f"{act.scenario.name}, IPv{record['family']}"
        met = set()
        for number, (seg, truth, times) in enumerate(
                compare(act, record["family"], record["source_port"], looks)):
            met |= check_step(act, f"{name}, step {number + 1}", seg, truth, times)
        end = {state_of(looks[-1][2][act.host.name], act.port, record["source_port"])}
        ok({record["peer_state"]} == end, f"{name}, in the end: inferred {record['peer_state']}, "
           f"ss {' '.join(end)}", record)
        met.add(record["peer_state"])
        missed += [f"{name}: {state}" for state in act.scenario.states if state not in met]
    return missed


def check_step(act, name, seg, truth, times):
    """One line; the set of states about which inference and ss agreed."""
    arrow = {"out": "our", "in": "its"}[seg["direction"]]
    what = f"{name}, after {arrow} {seg['flags']} at {seg['since_first_ns'] / 1e6:.1f} ms"
    state = seg["peer_state"]
    if state is None:
        lab.note(f"{what}: nothing inferred, ss {' '.join(truth)} ({times} looks)")
        return set()
    if act.scenario.lost and truth != {state} and seg["direction"] == "out":
        ok(seg["peer_state_assumed"] and len(truth) == 1, f"{what}, which was lost: {state} "
           f"is marked as assumed, ss {' '.join(truth)} ({times} looks)", seg)
        return set()
    ok(truth == {state}, f"{what}: inferred {state}, ss {' '.join(sorted(truth))} "
       f"({times} looks)", seg)
    return {state} if truth == {state} else set()


# --- the whole ---

def play_all(net, wanted, first_port):
    """Plays these scenarios at once; {scenario: what it missed}."""
    client, near, far = net.client, net.near, net.far
    for host, is_far in ((near, False), (far, True)):
        modes = [f"{first_port + i}:{scenario.mode}" for i, scenario in enumerate(wanted)
                 if scenario.far == is_far]
        if modes:
            host.peer(*modes)
    with (watch.Frames(client, "v1") as at_client, watch.Frames(near) as at_near,
          watch.Frames(client, "v2") as towards_far, watch.Frames(far) as at_far):
        stage = {"client": client, "near": (near, at_client, at_near),
                 "far": (far, towards_far, at_far)}
        acts = [Act(scenario, first_port + i, stage) for i, scenario in enumerate(wanted)]
        looks = play(acts, (near, far))
    missed = {}
    for act in acts:
        ok(len(watch.probes(act.result)) == 2 and all(
            rec["error"] is None and not rec["left_open"] for rec in watch.probes(act.result)),
           f"{act.scenario.name}: both probes end, nothing left open", lambda: str(act.result))
        missed[act.scenario] = check(act, looks)
    return missed


def main():
    lab.enter(170)
    with lab.Lab() as net:
        net.client, net.near, net.far = net.ns("client"), net.ns("server"), net.ns("far")
        net.link(net.client, net.near)
        net.wire(net.client, net.far, delay="500ms")
        wanted, missed, total = SCENARIOS, {}, set()
        for attempt in range(ATTEMPTS):
            missed = play_all(net, wanted, 7000 + 100 * attempt)
            wanted = [scenario for scenario in wanted if missed[scenario]]
            if not wanted:
                break
            lab.note(f"attempt {attempt + 1} was too slow for: "
                     + "; ".join(missed[scenario][0] for scenario in wanted))
        for scenario in SCENARIOS:
            total |= set(scenario.states)
            ok(scenario not in wanted, f"{scenario.name}: compared in {', '.join(scenario.states)}",
               missed.get(scenario))
        lab.note(f"states compared: {' '.join(sorted(total))}")
    lab.done()


main()
