#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Without this test a scan could forget, or repeat late, what a silent network makes it keep.

    client [v1 10.1.0.1] ----- [10.1.0.2 v1] server: drops all to 10.77.0.0/16 as it comes in

1,048,576 targets, of which none answers, are awaited all at once; each is to be sent again after
the same time, in the order of the first SYNs. That is seen at the server, in a sample of targets.
"""
import json
import os
import pty
import re
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from children import Daemon, binary, json_lines  # noqa: E402
from lab import note, ok  # noqa: E402

SPAN, PORTS, TARGETS = "10.77.0.0/16", "1-16", 65536 * 16
WAIT_S, RATE = 8, "170k"
RUNTIME_S = 17      # the second SYNs have left by then; nobody waits for their silence
MEMORY = 256 << 20
SAMPLE = "tcp[13] == 2 and ip[19] == 7"    # of 256 hosts one
SAMPLED = TARGETS // 256
RULES = """table netdev t { chain c { type filter hook ingress device v1 priority 0;
  ip daddr %s tcp flags syn counter drop
}
}""" % SPAN


def counted(server):
    rules = json.loads(server.run("nft -j list chain netdev t c").stdout)["nftables"]
    return [part["counter"]["packets"] for rule in rules if "rule" in rule
            for part in rule["rule"]["expr"] if "counter" in part][0]


def peak(pid):
    """VmHWM in octets; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            found = re.search(r"VmHWM:\s+(\d+) kB", file.read())
            return int(found[1]) * 1024 if found else 0
    except OSError:
        return 0


class Watched:
    """A scan whose progress, which it shows to a terminal only, and whose memory are looked at."""

    def __init__(self, client, options):
        self.progress, self.peak = b"", 0
        ours, theirs = pty.openpty()
        os.set_blocking(ours, False)
        self.terminal = ours
        argv = binary("SHAKEDOWN", "./src/shakedown") + ("scan -J --yes " + options).split()
        self.proc = client.popen(argv, stdout=-1, stderr=theirs, text=True)
        os.close(theirs)

    def look(self):
        self.peak = max(self.peak, peak(self.proc.pid))
        try:
            self.progress += os.read(self.terminal, 65536)
        except OSError:     # nothing new, or the other end is closed
            pass
        return self.proc.poll() is not None

    def finish(self, seconds):
        """Its summary; {} if there is none."""
        lab.wait_for(self.look, seconds, 0.05)
        self.look()
        os.close(self.terminal)
        out = self.proc.communicate(timeout=5)[0]
        return next((rec for rec in json_lines(out) if rec["type"] == "summary"), {})

    def awaited(self):
        return max(map(int, re.findall(rb"(\d+) awaited", self.progress)), default=0)


def captured(path):
    """(time in ns, target) of each SYN, in the order in which they came."""
    with open(path, "rb") as file:
        data = file.read()
    at, came = 24, []
    while at + 16 <= len(data):
        seconds, nanoseconds, length = struct.unpack_from("=III", data, at)
        target = data[at + 16 + 30:at + 16 + 34] + data[at + 16 + 36:at + 16 + 38]
        came.append((seconds * 10**9 + nanoseconds, target))
        at += 16 + length
    return came


def check_times(came):
    first, again = {}, {}
    for when, target in came:
        (again if target in first else first)[target] = when
    ok(len(first) == len(again) == SAMPLED and len(came) == 2 * SAMPLED,
       f"{SAMPLED} sampled targets: two SYNs to each", f"{len(first)} {len(again)} {len(came)}")
    gaps = sorted((again[target] - first[target]) / 1e9 for target in again)
    if not gaps:
        return
    earliest, median, latest = gaps[0], gaps[len(gaps) // 2], gaps[-1]
    note(f"second SYNs: earliest after {earliest:.4f} s, median {median:.4f} s, "
         f"latest {latest:.4f} s; asked for: {WAIT_S} s")
    ok(list(again) == [target for target in first if target in again],
       "the second SYNs come in the order of the first")
    # (between the look at the clock and the wire a busy machine may hold either of the two)
    ok(earliest > WAIT_S * 0.99, "none earlier than asked for", earliest)
    ok(median < WAIT_S * 1.02, "half of them no more than 2 % later", median)
    ok(latest < WAIT_S * 1.25, "none more than 25 % later", latest)


def main():
    lab.enter(60)
    begin = time.monotonic()
    with lab.Lab() as net:
        client, server = net.pair()
        client.route(SPAN, server.ip4)
        server.nft(RULES)
        path = os.path.join(net.dir, "syns.pcap")
        sink = Daemon(server, ["tcpdump", "-i", "v1", "-n", "-s", "64", "-B", "16384", "-Q", "in",
                               "--nano", "-Z", "root", "-w", path, SAMPLE], "tcpdump")
        sink.wait_text("err", "listening on")
        scan = Watched(client, f"{SPAN} -p {PORTS} --rate {RATE} -W {WAIT_S}s --retries 1 --open"
                               f" --max-per-host 0 --max-runtime {RUNTIME_S}s")
        summary = scan.finish(40)
        came = counted(server)
        sink.stop()
        ok(summary.get("probed") == summary.get("syn_retransmits") == TARGETS and
           not summary.get("answered"), f"{TARGETS} targets, each sent twice, none answers",
           lambda: f"{summary} {scan.progress[-500:]}")
        ok(came == 2 * TARGETS, "the server counts as many SYNs", came)
        ok(scan.awaited() >= 1000000, f"{scan.awaited()} awaited at once", scan.progress[-500:])
        ok(0 < scan.peak <= MEMORY, f"within {scan.peak / 2**20:.0f} MiB", scan.peak)
        check_times(captured(path))
    note(f"{time.monotonic() - begin:.1f} s")
    lab.done()


main()
