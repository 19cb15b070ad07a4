#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Without this test a round-trip time could be that of another probe or of another copy of the SYN,
a loss could be counted as a slow answer, or a script be told 0 when nothing answered.

    client [v1 10.1.0.1] --- [wa] wire [wb] --- [10.1.0.2 v1] server: the lab's peer

The truth: a capture of the same run at the client's device, and the wire's log.
"""
import collections
import csv
import io
import json
import math
import os
import shlex
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import rtt_truth  # noqa: E402
from children import Daemon, Result, binary, json_lines  # noqa: E402
from lab import ok  # noqa: E402

TARGETS, ROUNDS = 50, 100  # twice: whole connections, and --half-open
STAMP_NS = 5000            # two listeners have the same stamp of a frame, or nearly
WIRE_NS = 50_000_000       # between the wire's clock reading and the client's device, on a busy host
COPY_NS = 100_000_000      # SYN-ACKs closer than this are duplicates, not repeats by a timer
STANDING = {"ESTABLISHED", "SYN-RECEIVED", "CLOSE-WAIT", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSING"}
REJECT = """
table inet lab { chain input { type filter hook input priority 0;
  tcp dport 7003 reject with icmpx port-unreachable
  tcp dport 7004 reject with icmpx admin-prohibited
  tcp dport 7005 drop
}
}
"""


class Rtt(Daemon):
    """`shakedown rtt` in the background."""

    def __init__(self, ns, words):
        words = shlex.split(words) if isinstance(words, str) else [str(word) for word in words]
        super().__init__(ns, binary("SHAKEDOWN", "./src/shakedown") + ["rtt"] + words, "rtt")

    def finish(self, seconds=60):
        lab.wait_for(lambda: not self.alive(), seconds, 0.01)
        return Result(self.argv, self.proc.poll(), self.read("out"), self.read("err"))


def rtts(result):
    return [rec for rec in result.records if rec["type"] == "rtt"]


def sums(result):
    return {rec["target"]: rec for rec in result.records if rec["type"] == "rtt_summary"}


def started(result):
    return next(rec["started_ns"] for rec in result.records if rec["type"] == "run")


def none_standing(server, seconds=20):
    """Nothing is left at the server; it has time to repeat what was lost."""
    def standing():
        return [sock for sock in server.sockets() if sock["state"] in STANDING]
    return not lab.wait_for(lambda: not standing(), seconds, 0.2) and standing() or []


# --- sums, worked out again from the records ---

def nearest_rank(ordered, q):
    return ordered[max(1, math.ceil(q * len(ordered) * (1 - 2 ** -50))) - 1]


def expected_sum(records):
    """What a summary must say of these records."""
    values = [rec["rtt_ns"] for rec in records if rec["rtt_ns"] is not None]
    ordered, answers = sorted(values), collections.Counter(rec["answer"] for rec in records)
    silent = [rec for rec in records if rec["answer"] == "none"]
    want = {"sent": len(records), "answered": len(records) - len(silent),
            "lost": sum(not rec["inconclusive"] for rec in silent),
            "inconclusive": sum(rec["inconclusive"] for rec in silent),
            "retransmitted": sum(rec["syn_retransmits"] > 0 for rec in records),
            "refused": answers["rst"],
            "icmp": sum(n for name, n in answers.items() if name.startswith("icmp")),
            "uncertain": sum(rec["answer"] != "none" and rec["rtt_ns"] is None for rec in records),
            "count": len(values)}
    if values:
        mean = sum(values) / len(values)
        want |= {"min_ns": ordered[0], "max_ns": ordered[-1], "avg_ns": mean,
                 "mdev_ns": math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))}
        want |= {f"p{name}_ns": nearest_rank(ordered, q) for name, q in
                 (("50", .5), ("90", .9), ("95", .95), ("99", .99), ("99_9", .999))}
    return want


def sum_complaints(result):
    """Where a summary and its records disagree."""
    by_target, complaints = collections.defaultdict(list), []
    for rec in rtts(result):
        by_target[rec["target"]].append(rec)
    for target, found in sums(result).items():
        for key, value in expected_sum(by_target[target]).items():
            said = found[key] if key in found else found["rtt"][key]
            near = 1 if key in ("avg_ns", "mdev_ns") else 0
            if said is None or abs(said - value) > near:
                complaints.append(f"{target} {key}: {said}, from the records {value}")
    return complaints if set(by_target) == set(sums(result)) else ["targets differ"]


# --- (a) 10,000 probes over a bad network ---

def check_record(record, shake, truth, gaps):
    """Complaints about one record; gaps collects its distance from capture and wire."""
    answered = record["answer"] != "none"
    if answered and rtt_truth.hardly_late(shake):
        return []  # a process that was held up reads its frames before it looks at the clock
    if answered != bool(shake.synacks and not rtt_truth.late(shake)):
        return [f"answered {answered}, SYN-ACKs at {shake.synacks}"]
    complaints = []
    if record["syn_retransmits"] != len(shake.syns) - 1:
        complaints.append(f"syn_retransmits, but {len(shake.syns)} SYNs left")
    if not answered:
        return complaints
    copies = [b for a, b in zip(shake.synacks, shake.synacks[1:]) if b - a < COPY_NS]
    seen = sum(stamp < shake.fin for stamp in copies)  # it is over when the server's FIN is here
    gaps["copies"] += len(copies)
    if not seen <= record["duplicates"] <= len(copies):
        complaints.append(f"between {seen} and {len(copies)} duplicates")
    if record["rtt_ns"] is None:
        gaps["excluded"] += 1
        if len(shake.syns) == 1:
            complaints.append("no time, though only one SYN was sent")
        return complaints
    value, why = rtt_truth.true_sample(shake, truth)
    if value is None:
        return complaints + [f"a time, but {why}"]
    synack = truth.carried(shake, shake.synacks[0])
    syn = truth.asked(shake, synack)
    gaps["resolved"] += why != ""
    gaps["capture"].append(abs(record["rtt_ns"] - value))
    gaps["wire"].append(record["rtt_ns"] - (synack["tx_ns"] - syn["rx_ns"]))
    if gaps["capture"][-1] > STAMP_NS or not -WIRE_NS < gaps["wire"][-1] < WIRE_NS:
        complaints.append(f"rtt should be {value}; by the wire {synack['tx_ns'] - syn['rx_ns']}")
    return complaints


def check_run(name, result, found, truth):
    """One of the two runs, probe by probe."""
    gaps = {"copies": 0, "excluded": 0, "resolved": 0, "capture": [], "wire": []}
    complaints, late_count = [], 0
    end_ns = started(result) + max((rec["elapsed_ns"] for rec in sums(result).values()), default=0)
    for rec in rtts(result):
        shake = rtt_truth.pick(found, rec["source_port"], rec["port"], rec["sent_ns"] or 0)
        where = f"{rec['target']} seq {rec['seq']} port {rec['source_port']}: "
        if shake is None or abs(shake.syns[0] - (rec["sent_ns"] or 0)) > STAMP_NS:
            complaints.append(where + "its SYN is not in the capture")
            continue
        complaints += [where + text + " " + json.dumps(rec)
                       for text in check_record(rec, shake, truth, gaps)]
        if rec["answer"] == "none":
            late_count += sum(stamp < end_ns for stamp in shake.synacks)
    records = rtts(result)
    ok(len(records) == TARGETS * ROUNDS and result.rc == 0,
       f"{name}: a record for each probe", f"{len(records)}, rc {result.rc} {result.err}")
    ok(not complaints, f"{name}: each time is that of its SYN and its SYN-ACK; each loss, "
       "duplicate and SYN sent again is in the capture",
       lambda: f"{len(complaints)}:\n" + "\n".join(complaints[:6]))
    said = sum(rec["late"] for rec in sums(result).values())
    ok(said == late_count, f"{name}: late answers are counted as such", f"{said}, truly {late_count}")
    ok(not sum_complaints(result), f"{name}: the sums agree with the records",
       lambda: "\n".join(sum_complaints(result)[:6]))
    ok(not any(rec["left_open"] for rec in records) and "left open: 0" in result.err,
       f"{name}: nothing left open on this side", result.err)
    # A record has the copies that came before the probe's end, its sum those soon after it as well. Not
    # counted: copies of what the server repeats by its timer when the RST of --half-open was lost.
    share = 0.8 if name == "half-open" else 0.97
    copies = sum(rec["duplicates"] for rec in sums(result).values())
    ok(sum(rec["duplicates"] for rec in records) <= copies <= gaps["copies"] and
       copies >= gaps["copies"] * share - 2, f"{name}: duplicates are counted, those soon after a probe's end too",
       f"{copies}, truly {gaps['copies']}")
    spread = sorted(gaps["wire"])
    answers = collections.Counter(rec["answer"] for rec in records)
    lab.note(f"{name}: {len(records)} probes, lost {answers['none']}, "
             f"SYN sent again {sum(r['syn_retransmits'] for r in records)} times, late {said}, "
             f"duplicates {sum(r['duplicates'] for r in records)} before and {copies} with those after the "
             f"probes' ends, excluded {gaps['excluded']}, sent again but timed "
             f"{gaps['resolved']}; from the capture: at most {max(gaps['capture'], default=-1)} ns; "
             f"from the wire's clock: median {nearest_rank(spread, .5)} ns, p99 "
             f"{nearest_rank(spread, .99)} ns")


def test_bad_network():
    with lab.Lab() as net:
        client, server, wire = net.wired_pair(delay="5ms", loss=10, duplicate=5, reorder=10,
                                              reorder_delay="20ms", seed=11, log=True)
        server.peer("20000-20049:close")
        targets = [f"{server.ip4}:{20000 + i}" for i in range(TARGETS)]
        listener = rtt_truth.Listener(client)
        common = ["-J", "-c", ROUNDS, "-i", "100ms", "-W", "1s"]
        runs = {"whole connections": Rtt(client, common + targets),
                "half-open": Rtt(client, common + ["--half-open"] + targets)}
        results = {name: run.finish(60) for name, run in runs.items()}
        left = none_standing(server)
        ok(not left, "bad network: nothing is left open at the server", str(left[:4]))
        segs, dropped = listener.end()
        ok(dropped == 0, "bad network: the capture is complete", str(dropped))
        counters = wire.stop()
        truth, found = rtt_truth.WireTruth(wire.frames()), rtt_truth.handshakes(segs)
        for name, result in results.items():
            check_run(name, result, found, truth)
        ok(counters["ab"]["dropped"] > 500 and counters["ba"]["duplicated"] > 200,
           "bad network: it was bad indeed", counters)


# --- (b) rules of evidence, and exit statuses ---

def test_answers(client, server):
    for ip, unreachable, prohibited in ((server.ip4, "icmp-3-3", "icmp-3-13"),
                                        (f"[{server.ip6}]", "icmp-1-4", "icmp-1-1")):
        run = client.shakedown(f"rtt -J -c 3 -i 20ms -W 300ms --syn-retries 0 {ip}:7999 {ip}:7003 "
                               f"{ip}:7004 {ip}:7000 {ip}:7005")
        kinds = collections.defaultdict(set)
        for rec in rtts(run):
            kinds[rec["port"]].add((rec["answer"], rec["rtt_ns"] is not None))
        want = {7999: {("rst", True)}, 7003: {(unreachable, True)}, 7004: {(prohibited, True)},
                7000: {("syn-ack", True)}, 7005: {("none", False)}}
        ok(kinds == want, f"RST, ICMP, SYN-ACK and silence are told apart, {ip}",
           lambda: f"{dict(kinds)}\n{run}")
        ok(run.rc == 1 and not sum_complaints(run), "one target without an answer: exit status 1",
           lambda: f"{run.rc} {sum_complaints(run)}")
    run = client.shakedown(f"rtt -J -c 3 -i 20ms -W 200ms --syn-retries 1 {server.ip4}:7005")
    found = sums(run)[f"{server.ip4}:7005"]
    ok(run.rc == 1 and found["lost"] == 3 and found["answered"] == 0 and found["retransmitted"] == 3,
       "all lost: exit status 1, and every SYN was sent again", lambda: str(run))
    run = client.shakedown(f"rtt -c 2 -i 20ms {server.ip4}:7000")
    ok(run.rc == 0 and "2 answered, 0 lost (0 %)" in run.out, "all answered: exit status 0",
       lambda: str(run))


def test_expect(client, server):
    for clauses, status in (("p95<10s,loss<1%", 0), ("p50<=1us", 1), ("loss<1%,min>=1ns", 0),
                            ("p99<10s,max<1us", 1), ("p95<", 2)):
        run = client.shakedown(["rtt", "-q", "-c", 3, "-i", "10ms", "--expect", clauses,
                                f"{server.ip4}:7000"])
        ok(run.rc == status and (status == 0 or "expect" in run.err),
           f"--expect {clauses}: exit status {status}", lambda: str(run))


def test_formats(client, server):
    run = client.shakedown(f"rtt --csv -c 5 -i 10ms -W 200ms --syn-retries 0 {server.ip4}:7000 "
                           f"{server.ip4}:7999 {server.ip4}:7005")
    rows = list(csv.DictReader(io.StringIO(run.out)))
    kinds = collections.Counter((row["port"], row["answer"], row["rtt_ns"].isdigit()) for row in rows)
    ok(kinds == {("7000", "syn-ack", True): 5, ("7999", "rst", True): 5, ("7005", "none", False): 5}
       and all(None not in row and None not in row.values() for row in rows),
       "CSV: a row for each probe, all columns, unknown is empty", lambda: f"{kinds}\n{run}")
    run = client.shakedown(f"rtt -J --data-rtt -c 5 -i 10ms {server.ip4}:7000")
    lines = run.out.splitlines()
    ok(len(lines) == 7 == len(json_lines(run.out)), "NDJSON: every line is an object",
       lambda: str(run))
    ok(all(rec[key] is not None for rec in rtts(run) for key in
           ("rtt_ns", "path_rtt_ns", "app_close_ns", "stamp", "source_port")),
       "--data-rtt: three distances, with the stamps' source", lambda: str(run))
    ports = [rec["source_port"] for rec in rtts(run)]
    ok(len(set(ports)) == len(ports), "each probe has a source port of its own", str(ports))


def test_signals(client, server):
    run = Rtt(client, f"-J -c 30 -i 40ms {server.ip4}:7000")
    lab.wait_for(lambda: run.read("out").count('"rtt"') > 5, 10)
    run.proc.send_signal(signal.SIGQUIT)
    lab.wait_for(lambda: "answered" in run.read("err"), 5)
    early = run.alive() and "round trips" in run.read("err")
    result = run.finish(20)
    ok(early and result.rc == 0 and len(rtts(result)) == 30,
       "SIGQUIT: figures so far on stderr, and the run goes on", lambda: str(result))
    run = Rtt(client, f"-i 40ms {server.ip4}:7000")
    lab.wait_for(lambda: run.read("out").count("rtt=") > 3 or not run.alive(), 1)
    time.sleep(0.3)
    run.proc.send_signal(signal.SIGINT)
    result = run.finish(10)
    ok(result.rc == 0 and " probes sent, " in result.out and "left open: 0" in result.err,
       "SIGINT: ends with the sums, nothing left open", lambda: str(result))


def test_privileges(client, server):
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    if not shutil.which("setpriv"):
        lab.skip("without privileges", "no setpriv")
        return
    run = client.run(words + binary("SHAKEDOWN", "./src/shakedown") +
                     ["rtt", "-c", "1", f"{server.ip4}:7000"])
    ok(run.returncode == 3 and run.stderr.startswith("shakedown: ") and not run.stdout,
       "without privileges: exit status 3 and a reason", run.stdout + run.stderr)


def test_late(client, server, wire):
    """800 ms there and back; each probe gives up after 100 ms, while younger ones are under way."""
    wire = wire.again(delay="400ms", log=True)
    client.shakedown(f"probe --time-wait 0 {server.ip4}:7000")  # neighbours are known now
    listener = rtt_truth.Listener(client)
    run = client.shakedown(f"rtt -J -c 25 -i 100ms -W 100ms --syn-retries 0 --linger 3s "
                           f"{server.ip4}:7000")
    left = none_standing(server)
    segs, _ = listener.end()
    found, records = rtt_truth.handshakes(segs), rtts(run)
    end_ns = started(run) + sums(run)[f"{server.ip4}:7000"]["elapsed_ns"]
    true = sum(stamp < end_ns for shakes in found.values() for shake in shakes
               for stamp in shake.synacks)
    ok(len(records) == 25 and {(r["answer"], r["rtt_ns"]) for r in records} == {("none", None)}
       and run.rc == 1, "late answers are matched to no younger probe", lambda: str(run))
    late_said = sums(run)[f"{server.ip4}:7000"]["late"]
    ok(late_said == true > 5, "and counted as late", f"{late_said}, truly {true}")
    ok(not left, "and what they opened at the server is reset", str(left[:4]))
    return wire


def test_baseline(client, server, wire):
    wire = wire.again(delay="10ms")
    client.shakedown(f"probe --time-wait 0 {server.ip4}:7000")
    before = os.path.join(client.lab.dir, "before.ndjson")
    rtt = f"rtt -c 80 -i 10ms {server.ip4}:7000"
    client.shakedown(f"{rtt} -J -o {before}")
    run = client.shakedown(f"{rtt} -q --baseline {before} --max-regression 10%")
    ok(run.rc == 0, "--baseline: the same network again: exit status 0", lambda: str(run))
    wire = wire.again(delay="13ms")
    run = client.shakedown(f"{rtt} -q --baseline {before} --max-regression 10%")
    ok(run.rc == 1, "30 % slower: exit status 1", lambda: str(run))
    run = client.shakedown(f"{rtt} -q --baseline {before} --max-regression 100%")
    ok(run.rc == 0, "within --max-regression: exit status 0", lambda: str(run))
    run = client.shakedown(f"{rtt} -q --baseline /nowhere/x")
    ok(run.rc == 2 and "/nowhere/x" in run.err, "a baseline that is not there: exit status 2",
       lambda: str(run))


def test_evidence():
    with lab.Lab() as net:
        client, server, wire = net.wired_pair(delay="1ms")
        server.peer("7000:close")
        server.nft(REJECT)
        for key, value in (("ipv4.icmp_ratelimit", 0), ("ipv6.icmp.ratelimit", 0)):
            server.sysctl("net." + key, value)
        test_answers(client, server)
        test_expect(client, server)
        test_formats(client, server)
        test_signals(client, server)
        test_privileges(client, server)
        test_baseline(client, server, test_late(client, server, wire))


# --- (c) many targets ---

def test_many():
    with lab.Lab() as net:
        client, server = net.pair()
        server.peer("20000-20199:close")
        targets = "\n".join(f"{server.ip4}:{20000 + i}" for i in range(200))
        run = client.shakedown("rtt -J -c 50 -i 100ms -f -", timeout=60, text=targets)
        records = rtts(run)
        ok(run.rc == 0 and len(records) == 10000, "200 targets, 10 probes a second each, 5 s",
           f"{run.rc} {len(records)} {run.err}")
        ok(all(rec["answer"] == "syn-ack" and rec["rtt_ns"] and rec["sent_ns"] for rec in records),
           "many: each probe is answered and has both stamps",
           lambda: [rec for rec in records if not rec["rtt_ns"]][:3])
        ok("dropped by the capture: 0" in run.err and not any(r["inconclusive"] for r in records),
           "many: the capture lost nothing", run.err)
        ok(not sum_complaints(run), "many: the sums agree with the records",
           lambda: "\n".join(sum_complaints(run)[:6]))
        ok(not none_standing(server), "many: nothing is left open at the server")


def main():
    lab.enter(180)
    for tool in ("tcpdump", "nft"):
        if not shutil.which(tool):
            lab.skip_all("no " + tool)
    test_bad_network()
    test_evidence()
    test_many()
    lab.done()


main()
