#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# How many SYNs a second go out on one core where nobody answers: shakedown's scan by each way of
# sending, net/bulk alone (no scan around it), and other scanners.
#
#     client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: tc drops all that comes in
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_bulk.py [ROUNDS]
#
# Interleaved rounds; each program has core 0 alone, and what it sent is counted by the other end's
# device. Ratios within a round are what counts: absolute figures go with the machine and the hour.
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

PROGRAM = os.environ.get("BULK_RATE", "./tests/bench/bulk_rate")
SHAKEDOWN = os.environ.get("SHAKEDOWN", "./src/shakedown")
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "2"))
NETWORK = "11.0.0.0"  # /8: more than can be met in the time
WAYS = ("xdp", "packet", "raw")
START_S = 15  # at most, until the first frames come
FIRST = 100  # so many have come: it has begun


def received(server):
    with server.inside(), open("/proc/thread-self/net/dev", encoding="ascii") as file:
        line = [l for l in file if l.strip().startswith(server.dev + ":")][0]
    return int(line.split()[2])


def await_start(server, proc, before):
    end = time.monotonic() + START_S
    while received(server) < before + FIRST:
        if proc.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def sample(client, server, argv):
    """(frames a second while it runs, us of CPU per frame), or None"""
    first = received(server)
    with open(os.path.join(client.lab.dir, "err"), "w+", encoding="ascii", errors="replace") as err:
        proc = client.popen(["taskset", "-c", "0"] + argv, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=err)
        begun = await_start(server, proc, first)
        start, before = time.monotonic(), received(server)
        time.sleep(SECONDS)
        came, passed = received(server) - before, time.monotonic() - start
        still = proc.poll() is None
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            if proc.poll() is None:
                proc.send_signal(number)
                time.sleep(0.1)
        if proc.poll() is None:
            proc.wait(10)
        err.seek(0)
        if not begun or not still:
            lab.note(f"{argv[0]}: did not send all the time: {err.read()[-300:]}")
            return None
    return came / passed


def with_cpu(client, server, argv):
    """The CPU of all that it sent, its start and its end included."""
    cpu, before = os.times(), received(server)
    rate = sample(client, server, argv)
    after = os.times()
    used = after.children_user - cpu.children_user + after.children_system - cpu.children_system
    return (rate, used / max(received(server) - before, 1) * 1e6) if rate else None


def bare(client, server, way):
    """net/bulk with a template, and the capture open: what any scan of ours can reach at best."""
    before = received(server)
    run = client.run(["taskset", "-c", "0", PROGRAM, way, client.dev, client.ip4, server.ip4,
                      NETWORK, str(SECONDS)], 60)
    if run.returncode != 0:
        lab.note(run.stderr)
        return None
    told, came = json.loads(run.stdout), received(server) - before
    if abs(came - told["sent"]) > 16:
        lab.note(f"{way}: {told['sent']} sent, {came} came")
    return told["sent"] / told["seconds"], told["cpu_s"] / told["sent"] * 1e6


def mac_of(server):
    return json.loads(server.run(f"ip -j link show {server.dev}").stdout)[0]["address"]


def commands(client, server):
    """name -> command; each sends until it is told to stop"""
    mac, span = mac_of(server), NETWORK + "/8"
    scan = [SHAKEDOWN, "scan", "-q", "--list", "-p", "80", "--rate", "10M", "--yes",
            "--max-per-host", "0", "--retries", "0"]
    found = {f"shakedown scan, {way}": scan + ["--send", way, span] for way in WAYS}
    found["zmap"] = ["zmap", "--sender-threads=1", "--cores=0", "-r", "0", "-p", "80", "-c", "0",
                     "-o", "/dev/null", "-b", "/dev/null", "-q", "--disable-syslog",
                     "-i", client.dev, "-G", mac, span]
    found["masscan"] = ["masscan", "-e", client.dev, "--source-ip", client.ip4, "--router-mac",
                        mac.replace(":", "-"), "--rate", "100000000", "--wait", "0", "-oL",
                        "/dev/null", "-p80", span]
    found["nmap"] = ["nmap", "-sS", "-T5", "-n", "-Pn", "--max-retries", "0", "--min-rate",
                     "1000000", "--min-hostgroup", "4096", "-p80", "-oG", "/dev/null", span]
    found["hping3 --flood"] = ["hping3", "-q", "-S", "--flood", "-p", "80", "-I", client.dev,
                               "11.0.0.1"]
    return {name: argv for name, argv in found.items() if shutil.which(argv[0])}


def sink(client, server):
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


def show(figures):
    def ratio(name, to):
        pairs = zip(figures[name], figures.get(to, []))
        some = [a[0] / b[0] for a, b in pairs if a and b]
        return f"{statistics.median(some):9.2f}" if some else f"{'-':>9}"

    print(f"\n{'':24}{'M SYN/s':>9}{'lowest':>8}{'highest':>8}{'us CPU':>8}{'x zmap':>9}"
          f"{'x bare':>9}")
    for name, rows in figures.items():
        rows = [row for row in rows if row]
        if not rows:
            continue
        rates = [rate / 1e6 for rate, _ in rows]
        path = name.replace("shakedown scan,", "net/bulk,")
        print(f"{name:24}{statistics.median(rates):9.3f}{min(rates):8.3f}{max(rates):8.3f}"
              f"{statistics.median(cpu for _, cpu in rows):8.2f}{ratio(name, 'zmap')}"
              f"{ratio(name, path if path != name else '')}")


def main():
    lab.enter(1200)
    figures = {}
    with lab.Lab() as net:
        client, server = net.pair()
        sink(client, server)
        scans = commands(client, server)
        print(f"Linux {os.uname().release}, {os.cpu_count()} cores, load average "
              f"{os.getloadavg()[0]:.1f}; {ROUNDS} rounds of {SECONDS:g} s; medians", flush=True)
        for _ in range(ROUNDS):
            for way in WAYS:
                figures.setdefault(f"net/bulk, {way}", []).append(bare(client, server, way))
            for name, argv in scans.items():
                figures.setdefault(name, []).append(with_cpu(client, server, argv))
                time.sleep(0.2)
    show(figures)
    print("\nus CPU: user and system, of the whole process, per frame; x bare: of net/bulk by the "
          "same way\n" + "\n".join(f"{name}: {' '.join(argv)}" for name, argv in scans.items()))


main()
