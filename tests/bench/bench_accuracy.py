#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# How far the round-trip time that a tool reports is from the truth of that very probe: shakedown and
# its peers, over a link of 0, 1, 10 and 50 ms, idle and with every core busy. doc/ACCURACY has a run.
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_accuracy.py [ROUNDS]
#
#     client [v1 10.1.0.1] --- [wa] wire [wb] --- [10.1.0.2 v1] server        (0 ms: no wire)
#
# The truth, twice: stamps of SYN and SYN-ACK in a capture at the client's device, where a probe's frames
# are told apart by ports and sequence numbers; and the wire's log, which is of another process, with
# another clock reading, on the other side of that device. Tools take turns within a round, so that the
# machine's drift hits all alike. Each has a port of its own. The wire polls, on the last core; all else
# runs on the others, so that no tool waits for the wire to give way.
import math
import os
import platform
import shlex
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import accuracy_tools  # noqa: E402
import lab  # noqa: E402
import rtt_truth  # noqa: E402

DELAYS_MS = (0, 1, 10, 50)
FALSE_NS = 100_000_000  # so far off is not inaccurate but about something else
LIMIT_S = 1800
CORES = sorted(os.sched_getaffinity(0))


class Score:
    """What became of one tool's values in one setting."""

    def __init__(self):
        self.runs, self.device, self.wire, self.false, self.unmatched = [], [], [], 0, 0

    def judge(self, found, truth):
        """Each reported value against the handshake it is about; found: by order of SYN, this port."""
        for began, ended, values in self.runs:
            mine = [shake for shake in found if began <= shake.syns[0] <= ended]
            for value, name in values:
                shake = handshake_of(mine, name)
                if shake and name[0] == "copy":
                    shake = exchange(shake, name[1])
                if value is None or shake is None or not shake.synacks or len(shake.syns) > 1:
                    self.unmatched += 1
                    self.false += shake is not None and not shake.synacks
                    continue
                self.compare(value, shake, truth)

    def compare(self, value, shake, truth):
        error = abs(value - (shake.synacks[0] - shake.syns[0]))
        self.false += error >= FALSE_NS
        self.device.append(error)
        synack = truth and truth.carried(shake, shake.synacks[0])
        syn = synack and truth.asked(shake, synack)
        if syn:
            self.wire.append(abs(value - (synack["tx_ns"] - syn["rx_ns"])))


def handshake_of(mine, name):
    """By source port; by steps of the source port from the first; or by place in the order."""
    kind, number = name
    if kind == "copy":
        return mine[0] if mine else None
    if kind == "place":
        return mine[number] if number < len(mine) else None
    want = number if kind == "port" else mine[0].sport + number if mine else None
    return next((shake for shake in mine if shake.sport == want), None)


def exchange(shake, number):
    """The SYN of that number, of those that are alike, and what came before the next one."""
    if number >= len(shake.syns):
        return None
    ends = shake.syns[number + 1:] + [math.inf]
    one = rtt_truth.Handshake(shake.sport, shake.dport, shake.iss)
    one.syns = [shake.syns[number]]
    one.synacks = [stamp for stamp in shake.synacks if one.syns[0] <= stamp < ends[0]]
    return one


def in_us(ordered, q):
    if not ordered:
        return "-"
    value = ordered[max(1, math.ceil(q * len(ordered))) - 1] / 1e3
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def table(title, tools, scores, wired):
    print(f"\n{title}\n\n{'':<26} {'':>7} {'against frames, us':>24} {'against the wire, us':>22}")
    print(f"{'tool':<26} {'samples':>7} {'median':>8} {'p99':>7} {'max':>7} {'median':>11} {'p99':>10}"
          f" {'false':>6}")
    for tool in tools:
        score = scores[tool.name]
        device, wire = sorted(score.device), sorted(score.wire)
        far = (in_us(wire, .5), in_us(wire, .99)) if wired else ("", "")
        print(f"{tool.name:<26} {len(device):7} {in_us(device, .5):>8} {in_us(device, .99):>7} "
              f"{in_us(device, 1):>7} {far[0]:>11} {far[1]:>10} {score.false:6}")
        if score.unmatched:
            print(f"{'':<26} ({score.unmatched} more without a single SYN and an answer)")
    sys.stdout.flush()


def one_run(client, tool, host, port):
    argv = shlex.split(tool.command.format(host=host, port=port, n=tool.probes))
    began = time.time_ns()
    try:
        out = client.run(argv, 60).stdout
    except subprocess.TimeoutExpired:
        return began, time.time_ns(), []
    return began, time.time_ns(), tool.read(out)


def busy_loops():
    """A loop on each core, at nice 0, which ends by itself."""
    return [subprocess.Popen(["taskset", "-c", str(core), "timeout", str(LIMIT_S), "sh", "-c",
                              "while :; do :; done"], preexec_fn=os.setpgrp) for core in CORES]


def setting(tools, delay_ms, busy, rounds):
    scores = {tool.name: Score() for tool in tools}
    ports = {tool.name: 7000 + i for i, tool in enumerate(tools)}
    with lab.Lab() as net:
        wire = None
        if delay_ms:
            client, server, wire = net.wired_pair(delay=f"{delay_ms}ms", log=True, precise=True)
            os.sched_setaffinity(wire.proc.pid, CORES[-1:])
        else:
            client, server = net.pair(offloads=False)
        server.peer(*(f"{ports[tool.name]}:{tool.mode}" for tool in tools), runtime=f"{LIMIT_S}s")
        one_run(client, tools[-1]._replace(probes=3), server.ip4, ports[tools[-1].name])
        listener = rtt_truth.Listener(client)
        loops = busy_loops() if busy else []
        try:
            for turn in range(rounds):
                for tool in tools[turn % len(tools):] + tools[:turn % len(tools)]:
                    for _ in range(tool.runs):
                        scores[tool.name].runs.append(
                            one_run(client, tool, server.ip4, ports[tool.name]))
        finally:
            for loop in loops:
                os.killpg(loop.pid, signal.SIGTERM)
                loop.wait()
        segs, dropped = listener.end()
        if wire:
            wire.stop()
        truth = rtt_truth.WireTruth(wire.frames()) if wire else None
    by_port = {port: [] for port in ports.values()}
    for (_, dport), shakes in rtt_truth.handshakes(segs).items():
        by_port.get(dport, []).extend(shakes)
    for name, score in scores.items():
        score.judge(sorted(by_port[ports[name]], key=lambda shake: shake.syns[0]), truth)
    table(f"{delay_ms} ms, {'every core busy' if busy else 'idle'}, load {os.getloadavg()[0]:.1f}"
          + (f" ({dropped} frames dropped by the capture)" if dropped else ""), tools, scores, wire)
    return scores


def whole(tools, scores):
    """All settings of a kind together."""
    for busy in (False, True):
        total = {tool.name: Score() for tool in tools}
        for (_, was_busy), found in scores.items():
            for name, score in found.items():
                if was_busy == busy:
                    total[name].device += score.device
                    total[name].wire += score.wire
                    total[name].false += score.false
        table(f"all delays, {'every core busy' if busy else 'idle'}", tools, total, True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    lab.enter(LIMIT_S)
    os.sched_setaffinity(0, CORES[:-1] or CORES)  # the wire has the last one for itself
    with lab.Lab() as net:
        connect = accuracy_tools.build_connect(net.dir)
        tools, missing = accuracy_tools.available(
            os.path.abspath(os.environ.get("SHAKEDOWN", "src/shakedown")), connect)
        print(f"Linux {platform.release()}, {len(CORES)} cores, load average "
              f"{os.getloadavg()[0]:.1f}, {rounds} rounds, tools in turns")
        for tool in tools:
            version = accuracy_tools.version_of(tool)
            print(f"  {os.path.basename(tool.command.split()[0])} "
                  f"{' '.join(tool.command.split()[1:])}" + (f"   [{version}]" if version else ""))
        for name in missing:
            print(f"  ({name}: not installed, left out)")
        scores = {(delay, busy): setting(tools, delay, busy, rounds)
                  for delay in DELAYS_MS for busy in (False, True)}
        whole(tools, scores)


main()
