#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What programs and people read: without it, records would leave the schema, their figures would
disagree with each other, and the ladder would change its looks unnoticed.

      client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server

Records of many kinds of probes and of scenarios are held against doc/shakedown.schema.json and
against themselves;
ladders, their times masked, against tests/golden/ (GOLDEN=write writes them anew).
"""
import csv
import difflib
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
import sandbox  # noqa: E402
from children import binary  # noqa: E402
from lab import ok  # noqa: E402
from scenario_records import check_test  # noqa: E402
from scan_records import check_scan  # noqa: E402
from schema import schema_check, SRCDIR  # noqa: E402

GOLDEN = os.path.join(SRCDIR, "tests", "golden")
BOX = re.compile("[\u2500-\u25ff]")
SGR = re.compile(r"\033\[[0-9;]*m")
PEERS = ["7000:close", "7001:never", "7002:close-late,after=200ms", "7003:data-then-fin",
         "7004:reset-on-fin", "7005:reset-at-accept", "7006:close-at-accept", "7007:echo",
         "7008:answer-close", "7009:no-accept", "7011:zero-window", "7012:banner",
         "7013:half-close", "7014:linger-unread"]
FILTERED, REJECTED, CLOSED = 7020, 7021, 7022
FIREWALL = f"""table inet filter {{
  chain in {{
    type filter hook input priority 0;
    tcp dport {FILTERED} drop
    tcp dport {REJECTED} meta nfproto ipv4 reject with icmp type admin-prohibited
    tcp dport {REJECTED} meta nfproto ipv6 reject with icmpv6 type admin-prohibited
  }}
}}
"""
PORTS = [int(peer.split(":")[0]) for peer in PEERS] + [FILTERED, REJECTED, CLOSED]
QUICK = "--retries 1 -W 300ms --close-wait-limit 700ms --time-wait 0 --rto-max 1s"
# ways of probing all ports; "NAME" is a name that nobody knows
WAYS = ["", "-6", "--close rst", "--close server", "--send hello", "--half-close --http",
        "--await 300ms --send x", "--no-timestamps --no-sack --no-wscale --mss 0 --ecn",
        "-c 2 -i 50ms --close rst", "NAME"]
# the same for rtt; BASE is the file of an earlier run
RTT_WAYS = ["", "-6", "--half-open", "--data-rtt", "--syn-retries 0 --linger 0", "NAME",
            "--baseline BASE --max-regression 1s -q"]
STEADY = [port for port in PORTS if port not in (7009, FILTERED, REJECTED)]
FIGURES = ["min_ns", "p50_ns", "p90_ns", "p95_ns", "p99_ns", "p99_9_ns", "max_ns"]
# name, options, port: exchanges that go the same way each time
LADDERS = [("four-segment", "", 7002), ("explained", "--explain", 7002),
           ("held-open", "--close-wait-limit 500ms", 7001), ("closed", "", CLOSED),
           ("filtered", "--retries 1 -W 300ms", FILTERED), ("icmp", "", REJECTED),
           ("client-reset", "--close rst", 7001), ("refused-ipv6", "-6 --explain", CLOSED)]


def span(segments, first, then):
    """Nanoseconds from the first segment that is `first` to the next that is `then`, or None."""
    start = next((seg for seg in segments if first(seg)), None)
    end = start and next((seg for seg in segments[segments.index(start):] if then(seg)), None)
    return end and end["time_ns"] - start["time_ns"]


def has(direction, *flags):
    return lambda seg: (seg["direction"] == direction and
                        all(flag in seg.get("flags", "") for flag in flags))


def disagreements(probe, segments):
    """What a probe's record says that its segments do not, or that makes no sense."""
    wrong = []
    times = [seg["time_ns"] for seg in segments]
    if [seg["time_ns"] - times[0] for seg in segments] != [
            seg["since_first_ns"] for seg in segments]:
        wrong.append("since_first_ns")
    if probe["syn_retransmits"] == 0 and probe["handshake_rtt_ns"] is not None:
        answer = span(segments, has("out", "S"),
                      lambda seg: seg["direction"] == "in" and re.search("[SR]", seg["flags"]))
        if answer != probe["handshake_rtt_ns"]:
            wrong.append(f"handshake_rtt_ns is {answer}")
    if probe["app_close_ns"] is not None:
        if span(segments, has("out", "F"), has("in", "F")) != probe["app_close_ns"]:
            wrong.append("app_close_ns")
    for small, large in (("fin_ack_ns", "app_close_ns"), ("app_close_ns", "close_ns"),
                         ("received_after_fin_octets", "received_octets")):
        if None not in (probe[small], probe[large]) and probe[small] > probe[large]:
            wrong.append(f"{small} > {large}")
    sent = sum(has("out", "S")(seg) for seg in segments)
    if sent and sent - 1 != probe["syn_retransmits"]:
        wrong.append("syn_retransmits")
    if (probe["close"] is not None) != any(has("in", "S", ".")(seg) for seg in segments):
        wrong.append("close without SYN-ACK, or the other way round")
    return wrong


def count_tokens(probes, key):
    found = {}
    for probe in probes:
        if probe[key] is not None:
            token = "icmp" if probe[key].startswith("icmp-") else probe[key]
            found[token] = found.get(token, 0) + 1
    return found


def check_run(name, run, check):
    """All records of one run: against the schema, and against each other."""
    records = run.records
    if check:
        wrong = [(record["type"], check(record)) for record in records if check(record)]
        ok(not wrong, f"{name}: records fit the schema", wrong[:3])
    types = [record["type"] for record in records]
    ok(len(records) == len(run.out.splitlines()) and types[0] == "run" and
       types[-1] == "summary" and types.count("run") == types.count("summary") == 1,
       f"{name}: JSON throughout, run first, summary last", run.out[-300:])
    probes = [record for record in records if record["type"] == "probe"]
    wrong, segments = [], []
    for record in records:
        if record["type"] == "segment":
            segments.append(record)
        elif record["type"] == "probe":
            if record["handshake"] is not None:
                wrong += [(record["target"], what) for what in disagreements(record, segments)]
            segments = []
    ok(not wrong, f"{name}: probes agree with their segments", wrong)
    summary = records[-1]
    ok(summary["handshakes"] == count_tokens(probes, "handshake") and
       summary["closes"] == count_tokens(probes, "close") and
       summary["as_asked"] == sum(probe["as_asked"] for probe in probes) and
       summary["probes"] == len(probes) and summary["left_open"] == 0 and
       run.rc == (0 if all(probe["as_asked"] for probe in probes) else 1),
       f"{name}: the summary adds up, nothing is left open", summary)
    return probes


def check_records(client, server):
    check = schema_check()
    if not check:
        lab.skip("records fit the schema", "no python3-jsonschema")
    tokens = {"handshake": set(), "close": set()}
    for way in WAYS:
        host = f"[{server.ip6}]" if way == "-6" else server.ip4
        targets = [f"{host}:{port}" for port in PORTS]
        if way == "NAME":
            targets[2:] = ["nowhere.invalid:80"]
        options = way.replace("NAME", "").split()
        run = client.shakedown(["probe", "-J", "--segments", *QUICK.split(), *options, *targets])
        for probe in check_run(way or "plain", run, check):
            for key in ("handshake", "close"):
                tokens[key].add(probe[key])
    wanted = {"established", "closed", "filtered", "icmp-3-13", "icmp-1-1"}
    ok(wanted <= tokens["handshake"], "handshakes of many kinds were met",
       sorted(map(str, tokens["handshake"])))
    wanted = {"three-segment", "four-segment", "data-then-fin", "held-open", "reset-abort",
              "server-first", "server-reset", "client-reset", None}
    ok(wanted <= tokens["close"], "closes of many kinds were met",
       sorted(map(str, tokens["close"])))


def odd_sums(probes, summary):
    """What a target's sums say that its probes do not, or that makes no sense."""
    def count(key, *values):
        return sum(probe[key] in values for probe in probes)
    tried = [probe for probe in probes if probe["answer"] is not None]
    wanted = {"sent": len(tried), "lost": count("answer", "none"), "inconclusive": 0,
              "answered": len(tried) - count("answer", "none"), "refused": count("answer", "rst"),
              "icmp": sum(probe["answer"].startswith("icmp-") for probe in tried),
              "retransmitted": sum(probe["syn_retransmits"] > 0 for probe in tried)}
    wrong = [key for key, value in wanted.items() if summary[key] != value]
    for key, field in (("rtt", "rtt_ns"), ("path", "path_rtt_ns"), ("close", "app_close_ns")):
        values = sorted(probe[field] for probe in probes if probe[field] is not None)
        figures = summary[key]
        if figures["count"] != len(values) or not figures["exact"]:
            wrong.append(f"{key}: count")
        if not values:
            wrong += [f"{key}: {name}" for name, value in figures.items()
                      if value is not None and name not in ("count", "exact")]
            continue
        in_order = [figures[name] for name in FIGURES]
        if (figures["min_ns"], figures["max_ns"]) != (values[0], values[-1]) or \
                figures["p50_ns"] != values[(len(values) - 1) // 2] or \
                abs(figures["avg_ns"] - sum(values) / len(values)) > 1 or \
                in_order != sorted(in_order):
            wrong.append(key)
    return wrong


def check_rtt_run(name, run, check):
    records = run.records
    if check:
        wrong = [(record["type"], check(record)) for record in records if check(record)]
        ok(not wrong, f"rtt {name}: records fit the schema", wrong[:3])
    types = [record["type"] for record in records]
    first = types.index("rtt_summary")
    ok(types[0] == "run" and set(types[1:first]) == {"rtt"} and
       set(types[first:]) == {"rtt_summary"}, f"rtt {name}: the run, its probes, the sums", types)
    wrong = []
    for summary in records[first:]:
        probes = [record for record in records[1:first] if record["target"] == summary["target"]]
        wrong += [(summary["target"], what) for what in odd_sums(probes, summary)]
        if sorted(probe["seq"] for probe in probes) != list(range(8)):
            wrong.append((summary["target"], "seq"))
    ok(not wrong, f"rtt {name}: the sums are those of the probes", wrong)
    ports = [record["source_port"] for record in records[1:first]
             if record["source_port"] is not None]
    ok(len(ports) == len(set(ports)) and not any(record["left_open"] for record in
                                                 records[1:first]),
       f"rtt {name}: a port for each probe, nothing left open", ports)
    answered = [record["answered"] > 0 for record in records[first:]]
    ok(run.rc == (0 if all(answered) else 1), f"rtt {name}: exit status", run.rc)
    return records[1:first]


def check_rtt(client, server):
    """Records of rtt: kinds of answers, sums, CSV with the same columns, a trace."""
    check = schema_check()
    answers = set()
    base = client.shakedown(["rtt", "-J", "-c", "8", "-i", "20ms", "-o", "BASE",
                             *(f"{server.ip4}:{port}" for port in STEADY)])
    ok(base.rc == 0 and not base.out, "a baseline is written", str(base))
    for way in RTT_WAYS:
        host = f"[{server.ip6}]" if way == "-6" else server.ip4
        targets = [f"{host}:{port}" for port in PORTS]
        if way == "NAME":
            targets[2:] = ["nowhere.invalid:80"]
        if "BASE" in way:
            targets = [f"{host}:{port}" for port in STEADY]
        run = client.shakedown(["rtt", "-J", "-c", "8", "-i", "20ms", "-W", "300ms",
                                *way.replace("NAME", "").split(), *targets])
        probes = check_rtt_run(way or "plain", run, check)
        answers |= {probe["answer"] for probe in probes}
        if "BASE" in way:
            ok({record["baseline"] for record in run.records if record["type"] == "rtt_summary"} ==
               {"within"}, "rtt: compared with the baseline", run.out[-300:])
    ok(answers == {"syn-ack", "rst", "none", "icmp-3-13", "icmp-1-1", None},
       "answers of all kinds were met", sorted(map(str, answers)))
    run = client.shakedown(f"rtt --csv -c 1 {server.ip4}:{CLOSED} {server.ip4}:7000")
    rows = list(csv.DictReader(io.StringIO(run.out)))
    ok(run.rc == 0 and sorted((row["port"], row["answer"]) for row in rows) ==
       [("7000", "syn-ack"), (str(CLOSED), "rst")] and
       set(rows[0]) <= set(probes[0]), "CSV has a row each, and the records' fields", run.out)
    check_trace(client, server, check)


def check_trace(client, server, check):
    for port, end, status in ((7000, "reached", 0), (CLOSED, "reached", 0),
                              (FILTERED, "unknown", 1)):
        run = client.shakedown(f"rtt --trace --max-hops 2 -J -W 300ms {server.ip4} {port}")
        records = run.records
        types = [record["type"] for record in records]
        if check:
            wrong = [(record["type"], check(record)) for record in records if check(record)]
            ok(not wrong, f"trace to {port}: records fit the schema", wrong[:3])
        ok(types[0] == "run" and types[-1] == "trace_summary" and set(types[1:-1]) == {"hop"} and
           records[-1]["end"] == end and run.rc == status, f"trace to {port}: {end}", str(run))


def check_pipe(client, server):
    """To a pipe: plain text. To a file of -o: the same, and nothing on stdout."""
    env = dict(os.environ, LC_ALL="C.UTF-8", TERM="xterm")
    with client.inside():
        run = subprocess.run(binary("SHAKEDOWN", "./src/shakedown") + [
            "probe", "--explain", "--time-wait", "0", server.ip4, "7002"],
            capture_output=True, text=True, check=False, timeout=30, env=env,
            preexec_fn=sandbox.with_parent)
    ok(run.stdout.isascii() and "\033" not in run.stdout + run.stderr and "->" not in run.stderr,
       "text to a pipe has neither colours nor box characters", run.stdout)
    ok(max(map(len, run.stdout.splitlines())) <= 80, "and keeps to 80 columns", run.stdout)
    ok(not [line for line in run.stdout.splitlines() if line != line.rstrip()],
       "and has no blanks at the end of a line", run.stdout)
    run = client.shakedown(f"probe -J --time-wait 0 -o records {server.ip4} 7002")
    with open("records", encoding="utf-8") as file:
        ok(not run.out and [json.loads(line)["type"] for line in file] ==
           ["run", "probe", "summary"], "-o takes the results, all of them", str(run))


def on_terminal(client, words, **variables):
    """What comes to a terminal of 80 columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    env.update(TERM="xterm", LC_ALL="C.UTF-8")
    env.update(variables)
    with client.inside():
        proc = subprocess.Popen(binary("SHAKEDOWN", "./src/shakedown") + words, stdin=slave,
                                stdout=slave, stderr=subprocess.PIPE, env=env,
                                preexec_fn=sandbox.with_parent)
    os.close(slave)
    out = b""
    try:
        while piece := os.read(master, 65536):
            out += piece
    except OSError:
        pass  # EIO: the other end was closed
    os.close(master)
    proc.communicate(timeout=30)
    return out.decode().replace("\r\n", "\n")


def check_terminal(client, server):
    words = ["probe", "--time-wait", "0", server.ip4, "7002"]
    plain = on_terminal(client, words)
    ok(SGR.search(plain) and BOX.search(plain), "a terminal gets the ladder, coloured", plain)
    lines = SGR.sub("", plain).splitlines()
    ok(max(map(len, lines)) <= 80, "in 80 columns", lines)
    for name, variables in (("NO_COLOR", {"NO_COLOR": "1"}), ("TERM=dumb", {"TERM": "dumb"})):
        text = on_terminal(client, words, **variables)
        ok("\033" not in text and BOX.search(text), f"{name}: no colours", text)
        ok(masked(text) == masked(SGR.sub("", plain)), f"{name}: otherwise the same text", text)
    text = on_terminal(client, words, NO_COLOR="")
    ok(SGR.search(text), "an empty NO_COLOR is none", text)
    text = on_terminal(client, words, LC_ALL="C")
    ok(not BOX.search(text) and "-->" in text, "without UTF-8: no box characters", text)
    text = on_terminal(client, [*words, "--no-ladder"])
    ok(len(text.splitlines()) == 2 and "TARGET" in text, "--no-ladder: a heading and a line", text)


def masked(text):
    """Without what differs from run to run or from kernel to kernel: times, windows, scales."""
    # lines that were broken at another place
    text = re.sub(r"^  because .*\n(?: {12}\S.*\n)*",
                  lambda found: found[0].rstrip().replace("\n" + 12 * " ", " ") + "\n", text,
                  flags=re.M)
    text = re.sub(r"^ +\d+\.\d{3}  ", "         t  ", text, flags=re.M)
    text = re.sub(r" *\b\d+\.\d{3} ms", " t ms", text)
    return re.sub(r"\b(win|wscale) \d+", r"\1 n", text)


def check_ladders(client, server):
    for name, options, port in LADDERS:
        host = server.ip6 if "-6" in options else server.ip4
        run = client.shakedown(["probe", "--ladder", "--time-wait", "0", *options.split(), host,
                                str(port)])
        path, text = os.path.join(GOLDEN, name + ".txt"), masked(run.out)
        if os.environ.get("GOLDEN") == "write":
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        with open(path, encoding="ascii") as file:
            wanted = file.read()
        ok(text == wanted, f"the ladder is that of tests/golden/{name}.txt",
           "\n".join(difflib.unified_diff(wanted.splitlines(), text.splitlines(), lineterm="")))


def main():
    lab.enter()
    with lab.Lab() as net:
        client, server = net.pair()
        server.peer(*PEERS)
        server.nft(FIREWALL)
        os.environ["SHAKEDOWN"] = " ".join(binary("SHAKEDOWN", "./src/shakedown"))
        os.environ["LAB_PEER"] = " ".join(binary("LAB_PEER", "./tests/lab/peer"))
        os.chdir(net.dir)
        check_records(client, server)
        check_rtt(client, server)
        check_test(client, server, schema_check(), REJECTED)
        check_scan(client, server, schema_check())
        check_pipe(client, server)
        check_terminal(client, server)
        check_ladders(client, server)
    lab.done()


main()
