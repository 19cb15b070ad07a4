#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Schedules as `shakedown test` tells them, against the truth at the server: without it, the times
of repeated SYN-ACKs, FINs and data, or of window probes, could be off and look right.

In: the findings of H3, C7, P6, D1 and D5, times in seconds since the first copy. The truth: what
left the server's device, with the kernel's stamps there. Each time within 2 % or 10 ms.

      client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: the test peer on this kernel
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402
from watch import ACK, FIN, RST, SYN  # noqa: E402

ANSWER, ANSWER_CLOSE = 7001, 7002  # the second one closes first
LIMIT_S = 600
RETRIES = {"net.ipv4.tcp_synack_retries": 2, "net.ipv4.tcp_orphan_retries": 3}


def kind_of(segment, iss):
    """(the schedule that a segment of the server belongs to, a number that its copies share)"""
    if segment.flags & RST:
        return None, 0
    if segment.flags & SYN:
        return "synack_schedule", segment.seq
    if segment.flags & FIN:
        return "fin", segment.end()  # the first copy may be on the last data
    if segment.len:
        return "unacked_schedule", segment.seq
    return "zero_window_schedule" if segment.seq == iss else None, iss


def schedules(frames, server):
    """{(schedule, address, port): lists of times in seconds since the first copy}"""
    copies, iss = {}, {}
    for segment in frames.segments:
        if not segment.out or segment.src not in (server.ip4, server.ip6):
            continue
        flow = (segment.src, segment.sport, segment.dport)
        if segment.flags & (SYN | ACK) == SYN | ACK:
            iss[flow] = segment.seq
        kind, number = kind_of(segment, iss.get(flow))
        if kind:
            copies.setdefault((kind, flow, number), []).append(segment.time_ns)
    found = {}
    for (kind, (src, port, _), _), times in copies.items():
        if len(times) > 1:
            found.setdefault((kind, src, port), []).append(
                [(time - times[0]) / 1e9 for time in times[1:]])
    return found


def near(told, truth):
    return abs(told - truth) <= max(0.010, 0.02 * truth)


def agree(told, truths):
    """Is it one of them? The tool may have stopped watching before the last copies."""
    return any(len(told) <= len(truth) and all(near(*pair) for pair in zip(told, truth))
               for truth in truths)


def told_times(text):
    """The finding; that the first copy is at 0 may be said or not."""
    times = [float(word) for word in str(text).split()]
    return times[1:] if times and times[0] == 0 else times


EXPECTED = [  # port, scenario, finding, kind of the truth, copies at least
    (ANSWER, "H3", "synack_schedule", "synack_schedule", 2),
    (ANSWER, "C7", "last_ack_schedule", "fin", 3),
    (ANSWER_CLOSE, "P6", "fin_wait_1_schedule", "fin", 3),
    (ANSWER, "D1", "zero_window_schedule", "zero_window_schedule", 7),
    (ANSWER, "D5", "unacked_schedule", "unacked_schedule", 8),
]


def check(result, truth, server):
    """One test for each row and IP version."""
    records = {(record["scenario"], record["addr"], record["port"]): record
               for record in result.records if record.get("type") == "scenario"}
    for port, scenario, key, kind, least in EXPECTED:
        for address in (server.ip4, server.ip6):
            record = records.get((scenario, address, port), {})
            told = told_times(record.get("findings", {}).get(key, ""))
            truths = truth.get((kind, address, port), [])
            ok(len(told) >= least and agree(told, truths), f"{scenario} {address}: {key} {told}",
               lambda told=told, truths=truths, record=record:
               {"told": told, "truths": truths, "seen": record.get("seen")})


def main():
    lab.enter(LIMIT_S)
    with lab.Lab() as net:
        client, server = net.pair()
        for sysctl, value in RETRIES.items():
            server.sysctl(sysctl, value)
        server.peer(f"{ANSWER}:answer", f"{ANSWER_CLOSE}:answer-close")
        with watch.Frames(server) as frames:
            targets = [watch.to(server, port, family) for port in (ANSWER, ANSWER_CLOSE)
                       for family in (4, 6)]
            result = client.shakedown(["test", "-J", "--full", "--app", "http",
                                       "--only", "H3,C7,P6,D1,D5", *targets], timeout=500)
        ok(result.rc is not None, "it ends", str(result))
        ok(frames.dropped == 0, "the truth is complete")
        check(result, schedules(frames, server), server)
    lab.done()


if __name__ == "__main__":
    main()
