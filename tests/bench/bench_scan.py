#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Scans of whole processes beside nmap, zmap and masscan, in one run, interleaved: against a kernel that
# answers, and what each found of the truth; and a census beside a kernel client.
#
#     client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: the lab's peer, 10.77.0.0/16 is its own
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_scan.py [ROUNDS]
#
# Each program has core 0 alone, and so has the kernel that answers it: veth runs the receiver's work on
# the sender's core. Ratios within a round count, not single figures. No test asserts them.
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
SHAKEDOWN = os.environ.get("SHAKEDOWN", "./src/shakedown")
SPAN = "10.77.0.0/16"
OPEN_PORTS = 1000
CLIENT = r"""
import collections, select, socket, sys
# connect, shutdown, read to the end, close: N times, 64 at once
total, at_once, done, begun = int(sys.argv[1]), 64, 0, 0
poll, live = select.epoll(), {}
def begin(n):
    s = socket.socket(); s.setblocking(False)
    s.connect_ex(("10.77.%d.%d" % (n >> 8 & 255, n & 255), 7000))
    poll.register(s, select.EPOLLOUT); live[s.fileno()] = s
while done < total:
    while begun < total and len(live) < at_once:
        begin(begun); begun += 1
    for fd, event in poll.poll(5):
        s = live[fd]
        if event & select.EPOLLOUT:
            try: s.shutdown(socket.SHUT_WR)
            except OSError: pass
            poll.modify(fd, select.EPOLLIN)
        else:
            try:
                if s.recv(512): continue
            except OSError: pass
            poll.unregister(fd); s.close(); del live[fd]; done += 1
"""


def timed(ns, argv, seconds=20):
    """Wall and CPU seconds, what it wrote."""
    out = os.path.join(ns.lab.dir, "out")
    with open(out, "w", encoding="ascii") as file:
        start = time.monotonic()
        proc = ns.popen(["timeout", "-s", "INT", str(seconds), "taskset", "-c", "0"] + argv,
                        stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(proc.pid, 0)
    proc.returncode = os.waitstatus_to_exitcode(status)
    with open(out, encoding="ascii", errors="replace") as file:
        text = file.read()
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, text


def found_ports(text):
    """Ports that nmap's greppable output says are open."""
    line = [l for l in text.splitlines() if "Ports:" in l]
    return {int(word.strip().split("/")[0]) for word in line[0].split("Ports:")[1].split(",")
            if "/open/" in word} if line else set()


def masscan(client_ip, mac, words):
    return ["masscan", "-e", "v1", "--source-ip", client_ip, "--router-mac", mac.replace(":", "-"),
            "--rate", "10000000", "--wait", "1", "-oL", "-"] + words


def host_scans(ip, client_ip, mac):
    """name -> (command, how to read what it found)"""
    last = lambda text: {int(l.rsplit(":", 1)[1]) for l in text.split() if ":" in l}  # noqa: E731
    return {
        "shakedown": ([SHAKEDOWN, "scan", "-p", "-", "--list", "--rate", "2M", "--yes",
                       "--max-per-host", "0", ip], last),
        "nmap -sS -T5": (["nmap", "-sS", "-T5", "-n", "-Pn", "-p-", "-oG", "-", ip], found_ports),
        "masscan": (masscan(client_ip, mac, ["-p1-65535", ip]),
                    lambda text: {int(l.split()[2]) for l in text.splitlines()
                                  if l.startswith("open tcp")}),
    }


def span_scans(client_ip, mac):
    lines = lambda text: {l.split(":")[0] for l in text.split()}  # noqa: E731
    return {
        "shakedown": ([SHAKEDOWN, "scan", "-p", "7000", "--list", "--rate", "2M", "--yes",
                       "--max-per-host", "0", SPAN], lines),
        "zmap": (["zmap", "-p", "7000", "-i", "v1", "-G", mac, "-r", "0", "--sender-threads=1",
                  "-c", "1", "-b", "/dev/null", "-q", "--disable-syslog", "-o", "-", SPAN], lines),
        "nmap -sS -T5": (["nmap", "-sS", "-T5", "-n", "-Pn", "-p7000", "--open", "-oG", "-", SPAN],
                         lambda text: {l.split()[1] for l in text.splitlines() if "/open/" in l}),
        "masscan": (masscan(client_ip, mac, ["-p7000", SPAN]),
                    lambda text: {l.split()[3] for l in text.splitlines()
                                  if l.startswith("open tcp")}),
    }


def compare(client, title, scans, truth, probes):
    print(f"\n{title}: {probes} probes, {len(truth)} open", flush=True)
    figures = {name: [] for name in scans if shutil.which(scans[name][0][0])}
    for _ in range(ROUNDS):
        for name in figures:
            argv, read = scans[name]
            wall, cpu, rss, text = timed(client, argv)
            found = read(text)
            figures[name].append((wall, cpu, rss, len(found & truth), len(found - truth)))
    print(f"  {'':16}{'s':>8}{'probes/s':>12}{'CPU s':>8}{'MiB':>6}{'found':>9}{'false':>7}")
    for name, rows in figures.items():
        wall, cpu, rss = (statistics.median(row[i] for row in rows) for i in range(3))
        print(f"  {name:16}{wall:8.2f}{probes / wall:12.0f}{cpu:8.2f}{rss / 1024:6.0f}"
              f"{100 * min(row[3] for row in rows) / len(truth):8.2f}%"
              f"{max(row[4] for row in rows):7}", flush=True)


def census(client, server):
    count = 30000
    print(f"\nCensus: {count} connections opened, closed gracefully, and judged", flush=True)
    rows = {"shakedown": [], "kernel, epoll": []}
    for _ in range(ROUNDS):
        wall, cpu, _, text = timed(client, [
            SHAKEDOWN, "scan", "-p", "7000", "--close-census", "--csv", "--rate", "2M", "--yes",
            "--max-per-host", "0", "--max-results", str(count), SPAN])
        rows["shakedown"].append((wall, cpu, text.count("-segment")))
        wall, cpu, _, _ = timed(client, ["/usr/bin/python3", "-c", CLIENT, str(count)])
        rows["kernel, epoll"].append((wall, cpu, count))
    for name, some in rows.items():
        rate = statistics.median(done / wall for wall, _, done in some)
        each = statistics.median(cpu / max(done, 1) for _, cpu, done in some)
        print(f"  {name:16}{rate:10.0f} connections/s{each * 1e6:8.1f} us of CPU each", flush=True)
    left = [s for s in server.sockets() if s["state"] not in ("LISTEN", "TIME-WAIT")]
    print(f"  left at the server: {len(left)}")


def main():
    lab.enter(900)
    with lab.Lab() as net:
        client, server = net.pair()
        net.span(client, server, SPAN)
        ports = {7000} | set(range(20000, 20000 + OPEN_PORTS - 1))
        server.peer(*[f"{port}:close" for port in sorted(ports)])
        mac = server.run("ip -br link show v1").stdout.split()[2]
        client.run(["nmap", "-sS", "-n", "-Pn", "-p9", server.ip4])  # so that the neighbours are known
        compare(client, "One host, all ports", host_scans(server.ip4, client.ip4, mac), ports, 65535)
        server.nft("table ip lab { chain input { type filter hook input priority 0;\n"
                   "ip daddr & 0.0.0.7 != 0.0.0.0 tcp dport 7000 reject with tcp reset\n}\n}\n")
        truth = {f"10.77.{a}.{b}" for a in range(256) for b in range(0, 256, 8)}
        compare(client, "A /16, one port", span_scans(client.ip4, mac), truth, 65536)
        server.nft("flush ruleset")
        census(client, server)


main()
