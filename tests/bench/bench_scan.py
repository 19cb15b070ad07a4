#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Scans of whole processes beside nmap, zmap, masscan and hping3, in one run, interleaved: against a
# kernel that answers, and what each found of the truth. (A census of closes: bench_census.py.)
#
#     client [v1 10.1.0.1] --------- [10.1.0.2 v1] server: the lab's peer, 10.77.0.0/16 is its own
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_scan.py [ROUNDS]
#
# Each program has core 0 alone, and so has the kernel that answers it: veth runs the receiver's
# work on the sender's core. Ratios within a round count, not single figures. No test asserts them.
import collections
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
SHAKEDOWN = os.environ.get("SHAKEDOWN", "./src/shakedown")
BULK_RATE = os.environ.get("BULK_RATE", "./tests/bench/bulk_rate")
SPAN = "10.77.0.0/16"
BARE = "11.0.0.0"  # /8: for the bare send path, with answers
OPEN_PORTS = 1000
VERSIONS = (["nmap", "--version"], ["zmap", "--version"], ["masscan", "--version"],
            ["hping3", "--version"])
Run = collections.namedtuple("Run", "wall cpu rss text err cut killed")
# A program beside ours. `read`: what it wrote -> what it found; `idle`: seconds that it waits after
# the last probe, because it does not know what is outstanding; `limit`: then it is interrupted.
Scan = collections.namedtuple("Scan", "argv read idle limit cpu", defaults=(0, 20, True))


def measured(ns, argv, seconds=20):
    """One program on core 0, to its end or interrupted (`cut`), killed a second after that."""
    paths = [os.path.join(ns.lab.dir, name) for name in ("out", "err")]
    with open(paths[0], "w", encoding="ascii") as out, open(paths[1], "w", encoding="ascii") as err:
        start = time.monotonic()
        proc = ns.popen(["timeout", "-s", "INT", "-k", "1", str(seconds), "taskset", "-c", "0"] +
                        argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, usage = os.wait4(proc.pid, 0)
        wall = time.monotonic() - start
    proc.returncode = os.waitstatus_to_exitcode(status)
    texts = []
    for path in paths:
        with open(path, encoding="ascii", errors="replace") as file:
            texts.append(file.read())
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, texts[0], texts[1],
               proc.returncode in (124, 137, -9), proc.returncode in (137, -9))


# --- the programs ---


def nmap_ports(text):
    """Ports that nmap's greppable output says are open."""
    line = [l for l in text.splitlines() if "Ports:" in l]
    return {int(word.strip().split("/")[0]) for word in line[0].split("Ports:")[1].split(",")
            if "/open/" in word} if line else set()


def masscans(client_ip, mac, words, read):
    """At full rate, and at one that costs it less. Lines at once (stdbuf), since it often does not
    end by itself, nor when it is interrupted, and is killed at last."""
    common = ["stdbuf", "-oL", "masscan", "-e", "v1", "--source-ip", client_ip, "--router-mac",
              mac.replace(":", "-"), "--wait", "1", "-oL", "-"]
    return {"masscan": Scan(common + ["--rate", "10000000"] + words, read, 1, 5),
            "masscan, 10 k/s": Scan(common + ["--rate", "10000"] + words, read, 1, 12)}


def ours(words, read):
    common = [SHAKEDOWN, "scan", "-q", "--list", "--rate", "2M", "--yes", "--max-per-host", "0"]
    return {f"shakedown, {way}": Scan(common + ["--send", way] + words, read)
            for way in ("xdp", "packet", "raw")}


def host_scans(ip, client_ip, mac):
    found = ours(["-p", "-", ip], lambda text: {int(l.rsplit(":", 1)[1]) for l in text.split()})
    found["nmap -sS -T5"] = Scan(["nmap", "-sS", "-T5", "-n", "-Pn", "-p-", "-oG", "-", ip],
                                 nmap_ports)
    found["hping3 --scan"] = Scan(
        ["hping3", "--scan", "1-65535", "-S", ip],
        lambda text: {int(port) for port in re.findall(r"^ *(\d+) .*: \.S\.\.A", text, re.M)},
        cpu=False)  # it sends in a process that it does not wait for
    found.update(masscans(client_ip, mac, ["-p1-65535", ip], lambda text: {
        int(l.split()[2]) for l in text.splitlines() if l.startswith("open tcp")}))
    return found


def span_scans(client_ip, mac):
    found = ours(["-p", "7000", SPAN], lambda text: {l.split(":")[0] for l in text.split()})
    found["zmap"] = Scan(["zmap", "-p", "7000", "-i", "v1", "-G", mac, "-r", "0",
                          "--sender-threads=1", "--cores=0", "-c", "1", "-b", "/dev/null", "-q",
                          "--disable-syslog", "-o", "-", SPAN], lambda text: set(text.split()), 1)
    found["nmap -sS -T5"] = Scan(
        ["nmap", "-sS", "-T5", "-n", "-Pn", "-p7000", "--open", "-oG", "-", SPAN],
        lambda text: {l.split()[1] for l in text.splitlines() if "/open/" in l})
    found.update(masscans(client_ip, mac, ["-p7000", SPAN], lambda text: {
        l.split()[3] for l in text.splitlines() if l.startswith("open tcp")}))
    return found


# --- tables ---


def bare(client, server):
    """net/bulk alone, AF_XDP: probes a second and us of CPU each, against the same kernel."""
    run = client.run(["taskset", "-c", "0", BULK_RATE, "xdp", client.dev, client.ip4, server.ip4,
                      BARE, "0.5"], 20)
    if run.returncode != 0:
        lab.note("no bare send path: " + run.stderr)
        return None
    told = json.loads(run.stdout)
    return told["sent"] / told["seconds"], told["cpu_s"] / told["sent"] * 1e6


def engine_seconds(run):
    """shakedown's own time from the first SYN to the last answer."""
    found = re.search(r"probed in ([0-9.]+) s", run.err)
    return float(found.group(1)) if found else None


def row_of(name, scan, runs, truth, probes, floor):
    walls = [run.wall for run in runs]
    told = [run for run in runs if not run.killed]  # of the others nobody told CPU and memory
    sets = [scan.read(run.text) for run in runs]
    cut = sum(run.cut for run in runs)
    rate, used, size = "-", "-", "-"
    if not cut:
        rate = f"{probes / (statistics.median(walls) - scan.idle) / 1000:.0f}"
    if told and scan.cpu:
        used = f"{statistics.median(run.cpu for run in told) / probes * 1e6:.1f}"
    if told:
        rss = statistics.median(run.rss for run in told)
        size = f"{rss / 1024:.0f}" if rss > floor else f"<{floor / 1024:.0f}"
    print(f"{name:20}{statistics.median(walls):7.2f}{min(walls):7.2f}{max(walls):7.2f}{rate:>8}"
          f"{used:>8}{size:>6}{100 * min(len(one & truth) for one in sets) / len(truth):8.2f}%"
          f"{max(len(one - truth) for one in sets):7}" +
          (f"  cut off {cut} of {len(runs)}" if cut else ""), flush=True)


def compare(client, server, title, scans, truth, probes):
    print(f"\n{title}: {probes} probes, {len(truth)} open; {ROUNDS} rounds", flush=True)
    scans = {name: scan for name, scan in scans.items()
             if shutil.which(scan.argv[2 if scan.argv[0] == "stdbuf" else 0])}
    runs, bares = {name: [] for name in scans}, []
    floor = measured(client, ["true"]).rss * 1.2  # what this script's own process counts for
    for _ in range(ROUNDS):
        bares.append(bare(client, server))
        for name, scan in scans.items():
            runs[name].append(measured(client, scan.argv, scan.limit))
    print(f"{'':20}{'s':>7}{'least':>7}{'most':>7}{'k/s':>8}{'us CPU':>8}{'MiB':>6}{'found':>9}"
          f"{'false':>7}")
    for name, scan in scans.items():
        row_of(name, scan, runs[name], truth, probes, floor)
    show_bare(bares, runs["shakedown, xdp"], probes)
    for name, scan in scans.items():
        print(f"  {name}: {' '.join(scan.argv)}", flush=True)


def show_bare(bares, runs, probes):
    pairs = [(one, engine_seconds(run)) for one, run in zip(bares, runs)]
    pairs = [(one, seconds) for one, seconds in pairs if one and seconds]
    if pairs:
        rate, cpu = (statistics.median(one[i] for one, _ in pairs) for i in range(2))
        own = statistics.median(probes / seconds for _, seconds in pairs)
        share = statistics.median(probes / seconds / one[0] for one, seconds in pairs)
        print(f"net/bulk alone, AF_XDP: {rate / 1000:.0f} k/s, {cpu:.1f} us CPU; the scan, from "
              f"its first\nSYN to its last answer: {own / 1000:.0f} k/s, {share:.2f} of that",
              flush=True)


def about():
    print(f"Linux {os.uname().release}, {os.cpu_count()} cores, load average before: "
          f"{os.getloadavg()[0]:.1f}")
    for argv in VERSIONS:
        if shutil.which(argv[0]):
            run = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
            print("  " + (run.stdout + run.stderr).strip().splitlines()[0])
    print("s: the whole process, median, least, most; k/s: probes by those seconds, less the one "
          "that zmap\nand masscan wait at the end; us CPU: of the process and the answering "
          "kernel, each probe; found: the\nleast of all rounds")


def bare_network(client, server):
    client.route(BARE + "/8", server.ip4)
    server.own(BARE + "/8")


def main():
    lab.enter(1800)
    about()
    with lab.Lab() as net:
        client, server = net.pair()
        net.span(client, server, SPAN)
        bare_network(client, server)
        ports = {7000} | set(range(20000, 20000 + OPEN_PORTS - 1))
        server.peer(*[f"{port}:close" for port in sorted(ports)], runtime="1800s")
        mac = server.run("ip -br link show v1").stdout.split()[2]
        client.run([SHAKEDOWN, "scan", "-q", "-p9", server.ip4])  # so that the neighbours are known
        compare(client, server, "One host, all ports", host_scans(server.ip4, client.ip4, mac),
                ports, 65535)
        server.nft("table ip lab { chain input { type filter hook input priority 0;\n"
                   "ip daddr & 0.0.0.7 != 0.0.0.0 tcp dport { 80, 7000 } "
                   "reject with tcp reset\n}\n}\n")
        truth = {f"10.77.{a}.{b}" for a in range(256) for b in range(0, 256, 8)}
        compare(client, server, "A /16, one port", span_scans(client.ip4, mac), truth, 65536)


main()
