#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Many targets for a long time: shakedown rtt with 1,000 targets at 10 probes a second each for 60 s,
# itself on one core, the server on the other: 10,000 handshakes and closes a second.
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_rtt_scale.py [SECONDS]
#
# Printed: answers without both stamps, capture drops, CPU, memory every 10 s, and what is left at the
# server. A veth pair runs the receiver's softirq on the sender's core: that work is on "one core" too.
import collections
import json
import os
import platform
import re
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402
from children import Daemon, binary  # noqa: E402

TARGETS = 1000
CORES = sorted(os.sched_getaffinity(0))


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        found = re.search(r"VmRSS:\s+(\d+)", status.read())
    return int(found[1]) if found else 0


def cpu_of(pid):
    """User and system seconds so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


def watch(run, limit_s):
    """Until its end: (wall s, (user s, system s), [(second, resident KiB)] every 10 s)."""
    seen, cpu, start, now = [], (0, 0), time.monotonic(), 0
    while run.alive() and now < limit_s:
        now = time.monotonic() - start
        cpu = cpu_of(run.proc.pid)
        if now >= 10 * len(seen) + (not seen):
            seen.append((round(now), rss_kib(run.proc.pid)))
        time.sleep(0.2)
    return now, cpu, seen


def judge(path):
    """Counts over the records, line by line: 600,000 of them do not belong in memory."""
    count, times, first, last = collections.Counter(), [], None, 0
    again = collections.Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if record["type"] != "rtt":
                continue
            answered = record["answer"] != "none"
            count["records"] += 1
            count[record["answer"] or "not started"] += 1
            count["answered, stamp lost"] += answered and (
                not record["sent_ns"] or record["rtt_ns"] is None and not record["syn_retransmits"])
            count["SYNs sent again"] += record["syn_retransmits"] or 0
            count["inconclusive"] += record["inconclusive"]
            count["with an error"] += record["error"] is not None
            count["left open"] += record["left_open"]
            if record["rtt_ns"] is not None:
                times.append(record["rtt_ns"])
            if record["syn_retransmits"]:
                again[record["sent_ns"] // 1_000_000_000] += 1
            if record["sent_ns"]:
                first = min(first or record["sent_ns"], record["sent_ns"])
                last = max(last, record["sent_ns"])
    when = {second - first // 1_000_000_000: number for second, number in sorted(again.items())}
    return count, sorted(times), (last - (first or 0)) / 1e9, when


def report(count, times, span_s, when, seen):
    for name, number in count.items():
        print(f"  {name:<24} {number}")
    print(f"  {'SYNs a second':<24} {count['records'] / span_s:.0f} over {span_s:.1f} s")
    print(f"  {'sent again, by second':<24} {when}")
    print(f"  {'rtt median, p99, max':<24} {statistics.median(times) / 1e3:.1f}, "
          f"{times[int(len(times) * .99)] / 1e3:.1f}, {times[-1] / 1e3:.1f} us")
    print(f"  {'resident KiB':<24} " + ", ".join(f"{kib} ({at} s)" for at, kib in seen))


def kernel_counters(server):
    """What the server's kernel dropped, refused or sent again."""
    lines = server.run(["nstat", "-as"]).stdout.splitlines()
    return ", ".join(" ".join(line.split()[:2]) for line in lines
                     if re.search("Drop|Overflow|Abort|Retrans|PAWS|Challenge|OutRsts", line))


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    lab.enter(seconds + 300)
    with lab.Lab() as net:
        client, server = net.pair()
        os.sched_setaffinity(0, CORES[-1:])
        server.peer(f"20000-{20000 + TARGETS - 1}:close")
        targets, records = os.path.join(net.dir, "targets"), os.path.join(net.dir, "records")
        with open(targets, "w", encoding="ascii") as file:
            file.writelines(f"{server.ip4}:{20000 + i}\n" for i in range(TARGETS))
        words = ["rtt", "-J", "-o", records, "-c", str(10 * seconds), "-i", "100ms", "-f", targets]
        print(f"Linux {platform.release()}, {len(CORES)} cores, load average {os.getloadavg()[0]:.1f}")
        print("  taskset -c", CORES[0], "shakedown", " ".join(words))
        run = Daemon(client, ["taskset", "-c", str(CORES[0])] +
                     binary("SHAKEDOWN", "./src/shakedown") + words, "rtt")
        wall, cpu, seen = watch(run, seconds + 60)
        open_now = [sock for sock in server.sockets() if sock["state"] not in ("LISTEN", "TIME-WAIT")]
        print(f"\n  {'exit status, stderr':<24} {run.proc.poll()}, {run.read('err').strip()}")
        print(f"  {'wall, user, system s':<24} {wall:.1f}, {cpu[0]:.1f}, {cpu[1]:.1f}")
        report(*judge(records), seen)
        print(f"  {'open at the server':<24} {len(open_now)}")
        print(f"  {'its own counters':<24} {kernel_counters(server)}")


main()
