#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# A census of closes beside a kernel client: connections opened, closed gracefully and, by us, judged;
# how many a second, and what each costs.
#
#     client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: the lab's peer, 10.77.0.0/16 is its own
#     core 0: shakedown, or kernel_client                   core 1: peer 7000:close
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_census.py [ROUNDS]
#
# BENCH_SPAN=10.77.0.0/19 makes it shorter: one connection to each address of the span in each run.
# BENCH_QUIET=60 waits up to 60 s before each run until both cores have been idle for a while.
#
# veth runs the receiver's work on the sender's core, so there are two arrangements. "One core": the
# client's core does the server's half of TCP too, and only its program, peer, has core 1. "Two cores":
# receive packet steering (RPS) at both ends of the link has the server's frames worked on by core 1 and
# the client's by core 0, as between two machines; then core 1 may be what limits the rate.
#
# Two figures of CPU for each connection: user+sys is the client's process, which the kernel charges with
# whatever interrupts it; "core 0" is all the time that its core was not idle, for whomever. Each program
# closes first, so that TIME-WAIT is the client's: the kernel client is spared most of them by a low
# tcp_max_tw_buckets. The two have ranges of source ports of their own, since a guard of ours cannot have a
# port that is in TIME-WAIT. Interleaved rounds; ratios within a round are what counts. No test asserts them.
import ipaddress
import json
import os
import re
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
SPAN = os.environ.get("BENCH_SPAN", "10.77.0.0/16")
COUNT = ipaddress.ip_network(SPAN).num_addresses
QUIET_S = float(os.environ.get("BENCH_QUIET", "0"))
RUN_S = 60
CLIENT = lab.binary("KERNEL_CLIENT", "./tests/bench/kernel_client")
SHAKEDOWN = lab.binary("SHAKEDOWN", "./src/shakedown")
CENSUS = SHAKEDOWN + ["scan", "-p", "7000", "--close-census", "--csv", "-o", "/dev/null", "--rate", "2M",
                      "--max-per-host", "0", "--yes", SPAN]
KERNEL = {f"kernel client, {n} in flight": CLIENT + [SPAN, "7000", str(COUNT), str(n)] for n in (64, 512)}
PORTS = {True: "41000 60999", False: "1024 40999"}  # ours; the kernel client's
WAYS = {7000: "close", 7001: "close-late,after=50ms", 7002: "data-then-fin", 7003: "reset-on-fin",
        7004: "close-at-accept"}  # what census and probe must agree on
GRACEFUL = {"three-segment", "four-segment"}


def busy(core):
    """Seconds that a core was not idle, from some point on: the kernel times its idleness (and only
    samples the rest by its tick, which a load of short bursts evades)."""
    with open("/proc/stat", encoding="ascii") as file:
        line = [l for l in file if l.startswith(f"cpu{core} ")][0]
    idle, iowait = (int(word) for word in line.split()[4:6])
    return time.monotonic() - (idle + iowait) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet():
    """For machines with other work to do; whether it came is not asked."""
    def idle():
        before = busy(0) + busy(1)
        time.sleep(0.5)
        return busy(0) + busy(1) - before < 0.06

    if QUIET_S > 0:
        lab.wait_for(idle, QUIET_S)


def timed(client, argv):
    """One run on core 0: a dict of figures, with what it printed and complained."""
    with open(os.path.join(client.lab.dir, "said"), "w+", encoding="utf-8") as said:
        before, start = [busy(core) for core in (0, 1)], time.monotonic()
        proc = client.popen(["timeout", str(RUN_S), "taskset", "-c", "0"] + argv,
                            stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(proc.pid, 0)
        wall, after = time.monotonic() - start, [busy(core) for core in (0, 1)]
        proc.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    spent = [b - a for a, b in zip(before, after)]
    return {"wall": wall, "cpu": (usage.ru_utime + usage.ru_stime) / COUNT,
            "core0": spent[0] / COUNT, "core1": min(spent[1] / wall, 1),
            "rc": proc.returncode, "said": text}


def closes(text):
    """Token -> count, of the summary's line of closes."""
    line = re.search(r"^closes: (.*)$", text, re.M)
    return {word.split()[1]: int(word.split()[0]) for word in line[1].split(", ")} if line else {}


def left_at(server):
    """What the server still holds: nothing but listeners, and connections that are over."""
    left = []

    def none():
        left[:] = [s for s in server.sockets() if s["state"] not in ("LISTEN", "TIME-WAIT")]
        return not left

    lab.wait_for(none, 2)
    return len(left)


def one(client, server, name):
    client.sysctl("net.ipv4.ip_local_port_range", PORTS[name == "shakedown"])
    wait_for_quiet()
    run = timed(client, CENSUS if name == "shakedown" else KERNEL[name])
    if name == "shakedown":
        found = closes(run["said"])
        told = re.search(r"connections left open: (\d+), frames dropped by the capture: (\d+)", run["said"])
        run["right"] = sum(found.get(token, 0) for token in GRACEFUL)
        run["open"], run["dropped"] = (int(told[i]) for i in (1, 2)) if told else (-1, -1)
    else:
        told = json.loads(run["said"]) if run["said"].startswith("{") else {"failures": COUNT}
        run["right"], run["open"], run["dropped"] = COUNT - told["failures"], 0, 0
    run["rate"], run["left"] = max(run["right"], 1) / run["wall"], left_at(server)
    if run["rc"] != 0 or run["right"] < COUNT:
        lab.note(f"{name}: exit {run['rc']}, {run['right']} of {COUNT} right: {run['said'].strip()[-400:]}")
    return run


def spread(values, form="{:.2f}"):
    low, high = (form.format(value) for value in (min(values), max(values)))
    return f"{form.format(statistics.median(values))} ({low}..{high})"


def table(rows):
    """rows: name -> runs, the same rounds in each."""
    best = max(KERNEL, key=lambda name: statistics.median(run["rate"] for run in rows[name]))
    print(f"  {'':30}{'connections/s':>24}{'us user+sys':>22}{'us of core 0':>22}{'core 1':>8}"
          f"{'rate, times best kernel':>25}{'user+sys, times its':>21}")
    for name, runs in rows.items():
        column = lambda key: [run[key] for run in runs]  # noqa: E731
        against = lambda key: [run[key] / peer[key] for run, peer in zip(runs, rows[best])]  # noqa: E731
        print(f"  {name:30}{spread(column('rate'), '{:.0f}'):>24}"
              f"{spread([1e6 * cpu for cpu in column('cpu')], '{:.1f}'):>22}"
              f"{spread([1e6 * cpu for cpu in column('core0')], '{:.1f}'):>22}"
              f"{100 * statistics.median(column('core1')):7.0f}%"
              f"{spread(against('rate')):>25}{spread(against('cpu')):>21}")
    print(f"  {len(runs)} rounds; median (least..most); best kernel client: {best}")
    for name, runs in rows.items():
        print(f"  {name}: right in {sum(run['right'] for run in runs)} of {COUNT * len(runs)}, left open "
              f"{sum(run['open'] for run in runs)}, left at the server {sum(run['left'] for run in runs)}, "
              f"frames dropped {sum(run['dropped'] for run in runs)}", flush=True)


def steer(namespace, mask):
    """Which cores work on what comes in; False if that cannot be had."""
    way = "/sys/class/net/v1/queues/rx-0/rps_cpus"
    run = namespace.run(["unshare", "-m", "sh", "-c", f"mount -t sysfs sysfs /sys && echo {mask} > {way}"])
    if run.returncode != 0:
        lab.note("no steering: " + run.stderr.strip())
    return run.returncode == 0


def same_as_probe(client):
    """The census's closes against those of `shakedown probe`, of a few of the addresses. Three segments
    or four is the server's timing: whether its program closes before its kernel acknowledges."""
    hosts = [str(host) for host in list(ipaddress.ip_network(SPAN))[1:9]]
    ports = ",".join(str(port) for port in WAYS)
    run = client.shakedown(["scan", "-q", "-p", ports, "--close-census", "--json"] + hosts)
    ours = {(r["addr"], r["port"]): r.get("close") for r in run.records if "port" in r and "addr" in r}
    run = client.shakedown(["probe", "-J", "--time-wait", "0"] + [f"{h}:{p}" for h in hosts for p in WAYS])
    theirs = {(r["addr"], r["port"]): r.get("close") for r in run.records if r["type"] == "probe"}
    for port, way in WAYS.items():
        kinds = [sorted({str(found.get((host, port))) for host in hosts}) for found in (ours, theirs)]
        pairs = [(ours.get((host, port)), theirs.get((host, port), "")) for host in hosts]
        equal, alike = sum(a == b for a, b in pairs), sum(a == b or {a, b} == GRACEFUL for a, b in pairs)
        print(f"  {port} {way:24} census: {', '.join(kinds[0])}; probe: {', '.join(kinds[1])}; "
              f"equal in {equal} of {len(hosts)}" +
              (f", in {alike} but for three or four segments" if alike > equal else ""))


def arrangement(title, steered):
    with lab.Lab() as net:
        client, server = net.pair()
        net.span(client, server, SPAN)
        client.sysctl("net.ipv4.tcp_max_tw_buckets", 4096)
        server.daemon(["taskset", "-c", "1"] + lab.binary("LAB_PEER", "tests/lab/peer") +
                      ["--runtime", "1700s"] + [f"{port}:{way}" for port, way in WAYS.items()],
                      "peer").wait_text("out", "ready\n")
        if steered and not (steer(server, 2) and steer(client, 1)):
            return
        print(f"\n{title}: {COUNT} connections a run", flush=True)
        rows = {name: [] for name in ["shakedown", *KERNEL]}
        for number in range(ROUNDS + 1):
            for name, runs in rows.items():
                run = one(client, server, name)
                if number > 0:  # the first round warms up
                    runs.append(run)
        table(rows)
        if steered:
            print("\nThe same verdicts as probe's?")
            same_as_probe(client)


def main():
    lab.enter(1800)
    if (os.cpu_count() or 1) < 2:
        lab.skip_all("two cores are needed")
    print("$ " + " ".join(CENSUS))
    for argv in KERNEL.values():
        print("$ " + " ".join(argv))
    arrangement("One core, for the client and for the server's half of TCP", False)
    arrangement("Two cores, one for each side (RPS)", True)


main()
