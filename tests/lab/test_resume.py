#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Without this test a scan that is killed could begin anew, lose what it knew, or tell it twice.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: 10.77/20, 10.78/24, tests/lab/peer

`scan --resume` is killed (SIGKILL, SIGINT) at random moments and called again with the same words;
the results are compared with what is there. Checkpoints that do not fit, or are damaged, must be
refused, and nothing lost by that.
"""
import collections
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from children import binary  # noqa: E402
from lab import ok  # noqa: E402

SEED = 20261123
KILLS = 20
GRACEFUL = ("three-segment", "four-segment")  # as fast as the server's process was
OPEN, CLOSED, SILENT, LATE = 7000, 7050, 7060, 7002
PORTS = f"{OPEN},{CLOSED},{SILENT}"
RULES = f"""table inet lab {{ chain input {{ type filter hook input priority 0;
  ip daddr 10.77.3.0/24 tcp dport {SILENT} drop
}}
}}"""
QUICK = f"scan -p {PORTS} --yes --retries 2 --timeout 150ms"


def truth(addr, port):
    if port == OPEN:
        return "open"
    return "filtered" if port == SILENT and addr.startswith("10.77.3.") else "closed"


def content(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Scan:
    """One command line, called again and again; its results and its checkpoint."""

    def __init__(self, net, client, name, words):
        self.client, self.name = client, name
        self.out, self.state = (os.path.join(net.dir, name + end) for end in (".out", ".state"))
        self.words = words.split() + ["-o", self.out, "--resume", self.state]
        self.err = ""

    def start(self):
        with open(self.out + ".err", "wb") as err:
            return self.client.popen(binary("SHAKEDOWN", "./src/shakedown") + self.words,
                                     stdin=subprocess.DEVNULL, stdout=err, stderr=err)

    def cut_off(self, number, after_s):
        """Run until the signal; true if it was still at work then."""
        proc = self.start()
        try:
            proc.wait(after_s)
        except subprocess.TimeoutExpired:
            proc.send_signal(number)
        proc.wait(20)
        self.err = (content(self.out + ".err") or b"").decode()
        return proc.returncode == -signal.SIGKILL if number == signal.SIGKILL else \
            proc.returncode == 1

    def run(self, *more, words=None):
        """To its end."""
        return self.client.shakedown((words or self.words) + list(more), timeout=40)

    def lines(self):
        return (content(self.out) or b"").decode().splitlines()

    def records(self, kind="port"):
        return [record for record in map(json.loads, self.lines()) if record["type"] == kind]


def check_union(scan, want, found):
    """`found`: (address, port) -> its states, in the results file."""
    ok(len(found) == want, f"{scan.name}: all {want} targets are there", lambda: len(found))
    twice = [key for key, states in found.items() if len(states) > 1]
    ok(not twice, f"{scan.name}: none of them twice", lambda: twice[:5])
    wrong = [(key, states) for key, states in found.items() if states[0] != truth(*key)]
    ok(not wrong, f"{scan.name}: each as it is", lambda: wrong[:5])
    ok(content(scan.state) is None and content(scan.state + ".new") is None,
       f"{scan.name}: the checkpoint is gone")


def collect(pairs):
    found = collections.defaultdict(list)
    for addr, port, state in pairs:
        found[addr, int(port)].append(state)
    return found


def killed(net, client, chance):
    scan = Scan(net, client, "killed", QUICK + " --rate 2k -J 10.77.0.0/20")
    kills = sum(scan.cut_off(signal.SIGKILL, chance.uniform(0.02, 0.6)) for _ in range(KILLS))
    ok(kills == KILLS, f"{scan.name}: {KILLS} times at work", lambda: (kills, scan.err))
    part = len([line for line in scan.lines() if '"port"' in line])
    ok(part > 100, f"{scan.name}: and it got on meanwhile", part)
    last = scan.run()
    ok(last.rc == 0, f"{scan.name}: the last one ends well", last)
    check_union(scan, 3 * 4096, collect((rec["addr"], rec["port"], rec["state"])
                                        for rec in scan.records()))
    runs = scan.records("run")
    ok([rec["resumed"] for rec in runs] == [False] + [True] * (len(runs) - 1) and len(runs) > 5,
       f"{scan.name}: each part begins with a record that says it", runs)
    ok(len({rec["seed"] for rec in runs}) == 1, f"{scan.name}: one order in all parts")
    merged = client.shakedown(["merge", scan.out])
    ok(merged.rc == 0, f"{scan.name}: merge takes it", lambda: merged.err)


def interrupted(net, client, chance):
    scan = Scan(net, client, "interrupted", QUICK + " --rate 4k --shard 2/3 --csv 10.77.0.0/20")
    stops = sum(scan.cut_off(signal.SIGINT, chance.uniform(0.1, 0.25)) for _ in range(4))
    ok(stops == 4, f"{scan.name}: 4 times at work", lambda: (stops, scan.err))
    last = scan.run()
    ok(last.rc == 0, f"{scan.name}: the last one ends well", last)
    rows = [line.split(",") for line in scan.lines()]
    ok([row[0] for row in rows].count("addr") == 1, f"{scan.name}: one heading")
    check_union(scan, 4096, collect(row[:3] for row in rows[1:]))


def census(net, client, server, chance):
    words = f"scan --close-census -p {OPEN},{LATE} --rate 400 --retries 2 10.78.0.0/24 -J"
    scan = Scan(net, client, "census", words)
    cuts = sum(scan.cut_off(number, chance.uniform(0.3, 0.6))
               for number in (signal.SIGINT, signal.SIGKILL) * 3)
    ok(cuts == 6, f"{scan.name}: 6 times at work", lambda: (cuts, scan.err))
    last = scan.run()
    ok(last.rc == 0, f"{scan.name}: the last one ends well", last)
    records = scan.records()
    times = collections.Counter((rec["addr"], rec["port"]) for rec in records)
    ok(len(times) == 512 and len(records) == 512, f"{scan.name}: all 512, each once",
       (len(times), len(records)))
    closes = collections.Counter((rec["port"], rec["state"], rec["close"]) for rec in records)
    ok(all(key[1] == "open" and key[2] in GRACEFUL for key in closes),
       f"{scan.name}: no connection that was cut short is in the results", lambda: str(closes))
    ok(all(part["records"] == len(part_records) for part, part_records in parts(scan)),
       f"{scan.name}: the summary of an interrupted part counts what is there")
    ok(lab.wait_for(lambda: all(sock["state"] in ("LISTEN", "TIME-WAIT")
                                for sock in server.sockets()), 5, 0.1),
       f"{scan.name}: no connection is left at the server", server.sockets)


def parts(scan):
    """(summary, its part's records); of parts that have one."""
    found, ports = [], []
    for record in map(json.loads, scan.lines()):
        if record["type"] == "run":
            ports = []
        elif record["type"] == "port":
            ports.append(record)
        elif record["type"] == "summary":
            found.append((record, ports))
    return found


def refuse(scan, name, text, result, kept, status=2):
    """It says so, and touches neither file."""
    ok(result.rc == status and text in result.err, f"refused: {name}", result)
    ok((content(scan.state), content(scan.out)) == kept, f"refused: {name}: both files as before")


def unfit(net, client):
    words = f"scan -p {OPEN} --rate 500 --max-runtime 500ms 10.77.0.0/22 -J"
    scan = Scan(net, client, "unfit", words)
    ok(scan.run().rc == 1, "unfit: a checkpoint to try with", scan.lines)
    good = content(scan.state)
    kept = (good, content(scan.out))
    for name, text, old, new in (
            ("another mode", "mode: syn there, close-census here", "-J", "-J --close-census"),
            ("another space", "targets, ports or", "10.77.0.0/22", "10.77.0.0/23"),
            ("other ports", "targets, ports or", f"-p {OPEN}", f"-p {CLOSED}"),
            ("another shard", "shard: 1/1 there, 1/2 here", "-J", "-J --shard 1/2"),
            ("another seed", "seed: ", "-J", "-J --seed 5"),
            ("another format", "format of the results: ndjson there, csv here", "-J", "--csv"),
            ("open ports only", "--open: not given there", "-J", "-J --open"),
            ("a table", "not with a table", "-J", "")):
        other = words.replace(old, new).split() + ["-o", scan.out, "--resume", scan.state]
        refuse(scan, name, text, scan.run(words=other), kept)
    other = words.split() + ["--resume", scan.state]
    refuse(scan, "no file of results", "needs -o", scan.run(words=other), kept)
    for name, text, data in (
            ("empty", "no checkpoint", b""), ("garbage", "no checkpoint", bytes(range(256)) * 9),
            ("another version", "another version", good.replace(b"point 3", b"point 9", 1)),
            ("cut short", "damaged", good[:len(good) // 2]),
            ("one octet less", "damaged", good[:-1]),
            ("head alone", "damaged", good[:24]),
            ("changed", "damaged", good.replace(b"position ", b"position 1", 1))):
        put(scan.state, data)
        refuse(scan, name, text, scan.run(), (data, kept[1]))
    put(scan.state, good)
    results_gone(scan, kept)


def results_gone(scan, kept):
    put(scan.out, kept[1][:100])
    refuse(scan, "results cut short", "not that scan's file", scan.run(), (kept[0], kept[1][:100]))
    put(scan.out, kept[1])
    nowhere = scan.words[:-1] + [os.path.join(os.path.dirname(scan.out), "no", "where")]
    result = scan.run(words=nowhere)
    refuse(scan, "nowhere to write", "cannot write the checkpoint", result, kept, 3)
    scan.words[scan.words.index("500ms")] = "1200ms"
    proc = scan.start()
    time.sleep(0.2)
    second = scan.run()
    ok(second.rc == 3 and "another scan is writing it" in second.err, "refused: a second one",
       second)
    proc.wait(20)
    for _ in range(8):
        last = scan.run()
        if last.rc == 0:
            break
    check_union(scan, 1024, collect((rec["addr"], rec["port"], rec["state"])
                                    for rec in scan.records()))


def own_firewall(net, client, at_first_only):
    """Segments that this host's kernel refuses, for a while or to the end: the scan cannot be made
    complete by going on, and must not say so."""
    scan = Scan(net, client, "refused-first" if at_first_only else "refused",
                f"scan -p {OPEN} --send raw --rate 200 --retries 0 -W 100ms 10.77.0.0/24 -J")
    client.nft("table inet own { chain out { type filter hook output priority 0;\n"
               f"ip daddr 10.77.0.0/29 tcp dport {OPEN} drop\n}}\n}}\n")
    if at_first_only:
        result = scan.run("--max-runtime", "900ms")
        ok(result.rc == 1 and b"refused 0\n" not in content(scan.state),
           f"{scan.name}: the checkpoint knows of it", lambda: (result, content(scan.state)[:300]))
    else:
        result = scan.run()
    client.nft("delete table inet own\n")
    if at_first_only:
        result = scan.run()
    ok(result.rc == 1 and "nothing is left to go on with" in result.err,
       f"{scan.name}: the end says that only a new scan helps", result)
    ends = scan.records("summary")
    ok(ends and not any(end["complete"] for end in ends), f"{scan.name}: and no summary is whole",
       ends)
    kept = (content(scan.state), content(scan.out))
    refuse(scan, f"{scan.name}: to go on", "there is nothing to go on with", scan.run(), kept)
    os.unlink(scan.state)
    result = scan.run()
    ok(result.rc == 0 and len(scan.records()) == 256, f"{scan.name}: a new scan is whole", result)


def main():
    lab.enter(120)
    chance = random.Random(SEED)
    with lab.Lab() as net:
        client, server = net.pair()
        net.span(client, server, "10.77.0.0/20")
        net.span(client, server, "10.78.0.0/24")
        server.nft(RULES)
        server.peer(f"{OPEN}:close,backlog=512", f"{LATE}:close-late,after=300ms,backlog=512")
        killed(net, client, chance)
        interrupted(net, client, chance)
        census(net, client, server, chance)
        unfit(net, client)
        own_firewall(net, client, False)
        own_firewall(net, client, True)
    lab.done()


if __name__ == "__main__":
    main()
