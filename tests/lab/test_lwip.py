#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A second TCP, lwIP's: without it, the verdicts could be right about Linux alone, and no fault of
a real stack would ever have been found.

    client [v1 10.1.0.1] --- [10.1.0.2 v1] server, forwards [10.2.0.1 tap2] --- [10.2.0.2] lwIP

First its faults are shown with segments made by hand, without the tool: they are there. Then the
tool has to see its ways of closing as they pass the TAP device, and to judge it as lwip.expected
says.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import lwip  # noqa: E402
import lwip_truth  # noqa: E402
import watch  # noqa: E402
from children import binary, json_lines  # noqa: E402
from lab import ok, wait_for  # noqa: E402

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lwip.expected")
# What must stand in the line of a scenario that finds a fault: that it is this fault.
SAYS = {
    "H4": "R., then taken", "R7": "too new with data: taken", "R9": "data: taken",
    "F2": "RST,ACK at SEG.ACK", "F3": "RST,ACK at SEG.ACK", "F7": "RST,ACK at SEG.ACK",
    "F8": "c+1, not c+2", "H5": "outside: taken", "H6": "SYN out of the window: silence",
    "N11": ("times the same step", "of them are small"), "C8": "a bare RST",
    "P7": "old number: nothing", "P8": "higher, newer: RST",
}
SCENARIOS_S = 400
TTL = 254  # its 255, less one router

# Port, options, the close's token, whether that was as asked, and the flags of what lwIP sends from
# our FIN on. lwIP acknowledges a FIN at once, whatever its application does: it carries the ACK in
# its own FIN only if the application closes from the very call that tells it the end of stream.
CLOSES = (
    ("close", "", "four-segment", True, [".", "F."]),
    ("close-now", "", "three-segment", True, ["F."]),
    ("echo", "--send hello", "three-segment", True, ["F."]),
    ("echo", "--send hello --half-close", "data-then-fin", True, ["F."]),
    ("greet", "--await 400ms", "three-segment", True, ["F."]),
    ("banner", "--await 400ms", "server-first", True, ["."]),
    ("http", "--http", "server-first", True, ["."]),
    ("abort", "", "reset-abort", False, ["R."]),
    ("never", "--close-wait-limit 1s", "held-open", False, ["."]),
)


# --- what it does, shown by hand ---

def test_resets(hand):
    for port, name in ((7001, "open"), (lwip.CLOSED_PORT, "closed")):
        for flags in (".", "S.", "F."):
            answer = hand.flow(port).ask(flags, 0, 4711)
            ok(answer and answer[:3] == ("R.", 4711, len(flags) - 1),
               f"by hand: {flags} to its {name} port meets RST,ACK, not RST", lambda: answer)
    answer = hand.flow(lwip.CLOSED_PORT).ask("F", 0, 4711)
    ok(answer and answer[:3] == ("R.", 4711, 1),
       "by hand: its RST has the number of an ack field that no flag makes valid", lambda: answer)
    answer = hand.flow(lwip.CLOSED_PORT).ask("SF")
    ok(answer and answer[:3] == ("R.", 0, 1), "by hand: its RST counts SYN,FIN as one octet",
       lambda: answer)
    for wrong in (2, 0, 100001):
        flow = hand.flow(7)
        flow.ask("S")
        answer, served = flow.ask(".", 1, wrong), flow.ask("P.", 1, 1, b"hello")
        ok(answer and answer[:2] == ("R.", wrong) and served and served[:4] == ("P.", 1, 6, 5),
           f"by hand: ack {wrong} in the third segment meets RST,ACK, the connection lives",
           lambda: (answer, served))
        flow.reset(6)


def test_taken(stack, hand):
    """Segments that must be dropped, and are not: the application has the data."""
    for name, flags, ack in (("without ACK flag", "P", 0), ("without any flag", "", 0),
                             ("with an ack never sent", "P.", 1001),
                             ("with an ack 100000 too old", "P.", -100000)):
        flow, before = hand.flow(7).open(), len(stack.events("data"))
        answers = flow.send(flags, 1, ack, b"hello").get(0.5, 2)
        ok(len(stack.events("data")) == before + 1 and answers and answers[-1].ack == 6,
           f"by hand: data {name} is delivered", lambda: [str(answer) for answer in answers])
        flow.reset(1, 6)
    flow, before = hand.flow(7).open(), len(stack.events("eof"))
    answer = flow.ask("F", 1)
    ok(answer and answer.ack == 2 and len(stack.events("eof")) == before + 1,
       "by hand: FIN without ACK flag ends the stream", lambda: answer)
    flow.reset(2)


def test_sequence_numbers(hand):
    def first_number():
        flow = hand.flow(7001)
        answer = flow.ask("S")
        flow.reset(1)
        return answer.raw_seq if answer else None

    found = [first_number() for _ in range(12)]
    steps = {(b - a) & lwip_truth.MASK for a, b in zip(found, found[1:])
             if a is not None and b is not None}
    ok(None not in found and len(steps) <= 2 and max(steps) - min(steps) <= 1
       and max(steps) < 10000,
       "by hand: its initial sequence numbers go up by the same small step", lambda: found)


def test_states(stack, hand):
    flow, before = hand.flow(7001), len(stack.events("accept"))
    answers = flow.ask("S"), flow.ask(".", -999, 1)
    ok(answers[1] and answers[1].flags == "." and len(stack.events("accept")) == before + 1,
       "by hand: a third ACK from out of the window establishes", lambda: answers)
    flow.reset(1)
    flow = hand.flow(7001)
    answers = [flow.ask("S") for _ in range(5)]
    ok(len({answer and answer[:3] + (answer.raw_seq,) for answer in answers}) == 1
       and flow.answers[-1].at_s < 0.5, "by hand: each SYN is answered, by the same SYN-ACK",
       lambda: answers)
    flow.reset(1)
    flow = hand.flow(7003).open()
    flow.get()
    flow.ask("F.", 1, 17)
    answers = flow.ask("S", 100000), flow.ask("S", 1000), flow.ask("F.", 1, 17)
    ok([answer and answer.flags for answer in answers] == [".", "R.", "."],
       "by hand: SYN in TIME-WAIT meets ACK, or RST in the window; no new connection",
       lambda: answers)
    flow = hand.flow(7).open()
    answers = flow.ask("R", 2), flow.ask("S", 101), flow.ask("R", 0), flow.ask(".", 0, 1)
    ok([answer and answer.flags for answer in answers] == [".", ".", None, "."],
       "by hand: RST in the window and SYN meet challenge ACKs, as they should", lambda: answers)
    flow.reset(1)


# --- its ways of closing ---

def flags_after_fin(flow):
    """What lwIP sent from our FIN on."""
    ours = [i for i, seg in enumerate(flow) if seg.out and seg.flags & watch.FIN]
    return [as_text(seg.flags) for seg in flow[ours[0]:] if not seg.out] if ours else []


def as_text(bits):
    """Flags, without the PSH that lwIP sets beside a FIN where data went out with it."""
    text = "".join(name for bit, name in enumerate(lwip_truth.FLAGS) if bits >> bit & 1)
    return text.replace("FP", "F")


def test_closes(client, host, stack):
    with watch.Frames(host, stack.dev) as frames:
        runs = [watch.Run(client, "--time-wait 200ms " + row[1],
                          [stack.to(row[0], family) for family in (4, 6)]) for row in CLOSES]
        found = [watch.by_target(run.finish()) for run in runs]
    for (mode, words, token, good, flags), records in zip(CLOSES, found):
        for family in (4, 6):
            record = records.get((stack.port(mode), family))
            name = f"{mode} {words} IPv{family}"
            ok(record and (record["handshake"], record["close"]) == ("established", token)
               and record["as_asked"] == good and not record["left_open"]
               and record["peer"]["ttl"] == TTL, f"{name}: {token}", lambda: record)
            if record:
                flow = frames.flow(client.ip4 if family == 4 else client.ip6,
                                   record["source_port"], stack.port(mode))
                sent = flags_after_fin(flow)
                ok(sent[:len(flags)] == flags, f"{name}: its side sent {' and '.join(flags)}", flow)
    closed = client.shakedown(["probe", "-J"] + [f"{host_}:{lwip.CLOSED_PORT}" for host_ in
                                                 (stack.ip4, f"[{stack.ip6}]")])
    ok([rec["handshake"] for rec in watch.probes(closed)] == ["closed"] * 2,
       "a port without a listener is closed", lambda: str(closed))


# --- the scenarios ---

def read_table():
    """{port: {scenario: [judgements]}}"""
    table = {}
    with open(TABLE, encoding="ascii") as file:
        for line in file:
            words = line.partition("#")[0].split()
            if words:
                target, scenario, judgements = words
                port = int(target.removeprefix("*:"))
                table.setdefault(port, {})[scenario] = judgements.split(",")
    return table


def start_scenarios(client, stack, table):
    """One process for each port and IP version; {(port, family): Daemon}."""
    return {(port, family): client.daemon(
                binary("SHAKEDOWN", "./src/shakedown") +
                ["test", "-J", "--expect", TABLE, "--only", ",".join(rows),
                 f"{stack.ip4}:{port}" if family == 4 else f"[{stack.ip6}]:{port}"], "test")
            for port, rows in table.items() for family in (4, 6)}


def says_why(record):
    """A fault is reported as the one that it is."""
    says = SAYS.get(record["scenario"], "")
    return record["judgement"] not in ("WARN", "FAIL") or any(
        text in record["seen"] for text in ([says] if isinstance(says, str) else says))


def check_scenarios(run, rows, name):
    wait_for(lambda: not run.alive(), SCENARIOS_S, 0.1)
    records = json_lines(run.read("out"))
    found = {rec["scenario"]: rec for rec in records if rec["type"] == "scenario"}
    for scenario, judgements in rows.items():
        record = found.get(scenario, {"judgement": None, "seen": ""})
        ok(record["judgement"] in judgements and says_why(record),
           f"{name} {scenario}: {record['judgement']}: {record['seen']}"[:160].replace("#", " "),
           lambda: (judgements, record, run.read("err")))
    ends = [rec for rec in records if rec["type"] == "summary"]
    ok(ends and run.proc.poll() == 0 and ends[0]["left_open"] == 0 and ends[0]["changed"] == 0,
       f"{name}: all as --expect has it, nothing left open",
       lambda: (run.proc.poll(), ends, run.read("err")))


def main():
    lab.enter(600)
    stack = lwip.Lwip()
    if not stack.available():
        lab.skip_all(stack.reason)
    with lab.Lab() as net:
        client, host = net.pair()
        stack.start(client, host)
        hand = lwip_truth.Hand(client, host, stack.ip4)
        test_resets(hand)
        test_taken(stack, hand)
        test_sequence_numbers(hand)
        test_states(stack, hand)
        test_closes(client, host, stack)
        hand.close()
        table = read_table()
        runs = start_scenarios(client, stack, table)
        for (port, family), run in runs.items():
            check_scenarios(run, table[port], f"port {port} IPv{family}")
        stack.stop()
        ok(stack.proc.returncode == 0 and not stack.read("err"), "it ends well, without a word",
           lambda: (stack.proc.returncode, stack.read("err")))
    lab.done()


main()
