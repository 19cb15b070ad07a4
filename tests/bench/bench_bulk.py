#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# How many SYNs a second does each way of net/bulk send on one core, beside zmap?
#
#     client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: tc drops all that comes in
#
# Interleaved rounds; each program has core 0 alone, and what it sent is counted by the other end's
# device. Ratios within a round are what counts: absolute figures go with the machine and the hour.
import json
import os
import shutil
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

PROGRAM = os.environ.get("BULK_RATE", "./tests/bench/bulk_rate")
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
NETWORK = "11.0.0.0"  # /8: more than can be met in the time
ZMAP = ["zmap", "--sender-threads=1", "-r", "0", "-p", "80", "-c", "0", "-o", "/dev/null",
        "-b", "/dev/null", "-q", "--disable-syslog", "--cores=0"]


def received(server):
    line = [l for l in server.run("cat /proc/net/dev").stdout.splitlines() if "v1:" in l][0]
    return int(line.split()[2])


def timed(client, server, argv):
    """(frames that came, what it printed, its CPU seconds)"""
    before, cpu = received(server), os.times()
    run = client.run(["taskset", "-c", "0"] + argv, 60)
    after = os.times()
    used = (after.children_user - cpu.children_user) + (after.children_system - cpu.children_system)
    return received(server) - before, run, used


def ours(client, server, way):
    argv = [PROGRAM, way, client.dev, client.ip4, server.ip4, NETWORK, str(SECONDS)]
    came, run, _ = timed(client, server, argv)
    if run.returncode != 0:
        lab.note(run.stderr)
        return None
    told = json.loads(run.stdout)
    if abs(came - told["sent"]) > 16:
        lab.note(f"{way}: {told['sent']} sent, {came} came")
    return told["sent"] / told["seconds"], told["cpu_s"] / told["sent"] * 1e6


def zmap(client, server, mac):
    argv = ZMAP + ["-i", client.dev, "-G", mac, "-t", str(int(SECONDS)), NETWORK + "/8"]
    came, run, used = timed(client, server, argv)
    if came < 1000:
        lab.note(run.stderr)
        return None
    return came / int(SECONDS), used / came * 1e6


def mac_of(server):
    return json.loads(server.run(f"ip -j link show {server.dev}").stdout)[0]["address"]


def main():
    lab.enter(600)
    figures = {}
    with lab.Lab() as net:
        client, server = net.pair()
        client.route(NETWORK + "/8", server.ip4)
        # "return 2", which is drop: this needs no action module in the kernel
        for words in (["qdisc", "add", "dev", server.dev, "clsact"],
                      ["filter", "add", "dev", server.dev, "ingress", "bpf", "da", "bytecode",
                       "1,6 0 0 2,"]):
            run = server.run(["tc"] + words)
            if run.returncode != 0:
                lab.skip_all("no sink: " + run.stderr.strip())
        # what must come through for the next hop to be found
        client.ip(f"neigh replace {server.ip4} lladdr {mac_of(server)} dev {client.dev}")
        for _ in range(ROUNDS):
            for name in ("xdp", "packet", "raw", "zmap"):
                if name == "zmap" and not shutil.which("zmap"):
                    continue
                figure = zmap(client, server, mac_of(server)) if name == "zmap" else \
                    ours(client, server, name)
                if figure:
                    figures.setdefault(name, []).append(figure)
                time.sleep(0.2)
        if shutil.which("zmap"):
            print(client.run("zmap --version").stdout.strip() + ": " + " ".join(ZMAP))
    for name, found in figures.items():
        rates = [rate for rate, _ in found]
        peer = [rate for rate, _ in figures.get("zmap", [])]
        ratios = [a / b for a, b in zip(rates, peer)]
        print(f"{name:8s} {statistics.median(rates) / 1e6:6.3f} M frames/s "
              f"({min(rates) / 1e6:.3f}..{max(rates) / 1e6:.3f}, {len(rates)} runs), "
              f"{statistics.median(cpu for _, cpu in found):5.2f} us CPU per frame" +
              (f", {statistics.median(ratios):5.2f} times zmap "
               f"({min(ratios):.2f}..{max(ratios):.2f})" if ratios else ""))


main()
