# SPDX-License-Identifier: BSD-2-Clause
"""The records of scan and merge, held against the schema, against each other, and against what is
known of the server. Part of test_records.py, whose ports and firewall these are.
"""
import csv
import io

from lab import ok

LOW, HIGH = 6995, 7025
TRUTH = {7000: "open", 7001: "open", 7002: "open", 7020: "filtered", 7021: "filtered",
         7022: "closed"}
WAYS = ["", "-6", "--handshake --close-wait-limit 700ms", "--open", "--retries 0",
        "--close-census -6 --close-wait-limit 700ms", "--send raw --rate 200"]
CLOSES = {7000: ("three-segment", "four-segment"), 7001: ("held-open",), 7002: ("four-segment",)}
FIGURES = ["min_ns", "p50_ns", "p90_ns", "p95_ns", "p99_ns", "p99_9_ns", "max_ns"]


def count(values):
    found = {}
    for value in values:
        found[value] = found.get(value, 0) + 1
    return found


def odd_figures(figures, values):
    """What is wrong with figures of these values."""
    values = sorted(values)
    if not values or figures is None:
        return [] if not values and figures is None else ["figures of nothing, or none of some"]
    in_order = [figures[name] for name in FIGURES]
    good = (figures["count"] == len(values) and figures["exact"] and in_order == sorted(in_order)
            and (figures["min_ns"], figures["max_ns"]) == (values[0], values[-1]) and
            figures["p50_ns"] == values[(len(values) - 1) // 2] and
            abs(figures["avg_ns"] - sum(values) / len(values)) <= 1)
    return [] if good else [figures]


def odd_sums(ports, summary):
    """What a summary says that its records do not; all of them are there."""
    states = {"open": 0, "closed": 0, "filtered": 0, "unreachable": 0}
    states.update(count(port["state"] for port in ports))
    silent = sum(port["reason"] == "silence" for port in ports)
    wanted = {"records": len(ports), "probed": len(ports), "silent": silent,
              "answered": len(ports) - silent, "states": states, "found": states,
              "syn_retransmits": sum(port["tries"] - 1 for port in ports),
              "closes": count(port["close"] for port in ports if port.get("close")),
              "left_open": 0, "wildcards": 0, "rejected": 0, "interrupted": False,
              "complete": True}
    wrong = [(key, value, summary[key]) for key, value in wanted.items() if summary[key] != value]
    wrong += odd_figures(summary["rtt"], [port["rtt_ns"] for port in ports
                                          if port["rtt_ns"] is not None])
    for phase, tokens in summary["phases"].items():
        for token, figures in tokens.items():
            wrong += odd_figures(figures, [port[phase + "_ns"] for port in ports
                                           if port["close"] == token and
                                           port[phase + "_ns"] is not None])
    return wrong


def odd_port(port):
    """What makes no sense in one record."""
    silence = port["reason"] == "silence"
    return ((port["ttl"] is None) != silence or
            (port["rtt_ns"] is not None and
             (port["tries"] > 1 or port["reason"] not in ("syn-ack", "reset"))) or
            (port["state"] == "open") != (port["reason"] == "syn-ack") or
            (port["state"] == "closed") != (port["reason"] == "reset"))


def check_run(name, run, check, wanted):
    """Records of a run, schema and sums; the ports' records."""
    records = run.records
    if check:
        wrong = [(record["type"], check(record)) for record in records if check(record)]
        ok(not wrong, f"{name}: records fit the schema", wrong[:3])
    ports = [record for record in records if record["type"] == "port"]
    ok(records[0]["type"] == "run" and records[-1]["type"] == "summary" and
       len(ports) == len(records) - 2 == len(run.out.splitlines()) - 2,
       f"{name}: run first, summary last", run.out[-300:])
    ok(sorted(port["port"] for port in ports) == sorted(wanted) and run.rc == 0,
       f"{name}: each target once, and status 0", lambda: f"{run.rc} {run.err}")
    ok(not [port for port in ports if odd_port(port)], f"{name}: each record makes sense",
       lambda: [port for port in ports if odd_port(port)])
    return ports, records[-1]


def check_ways(client, server, check):
    for way in WAYS:
        host = server.ip6 if "-6" in way else server.ip4
        run = client.shakedown(["scan", "-J", "-W", "200ms", "-p", f"{LOW}-{HIGH}", *way.split(),
                                host])
        name = f"scan {way or 'plain'}"
        if way == "--open":
            opened = {record["port"] for record in run.records if record["type"] == "port"}
            ok({port for port, state in TRUTH.items() if state == "open"} <= opened and
               all(record["state"] == "open" for record in run.records[1:-1]),
               "scan --open: nothing else", run.out[-300:])
            check_run(name, run, check, opened)
            continue
        ports, summary = check_run(name, run, check, range(LOW, HIGH + 1))
        states = {port["port"]: port["state"] for port in ports}
        ok(not {port for port, state in TRUTH.items() if states[port] != state},
           f"{name}: the truth is found", states)
        ok(not odd_sums(ports, summary), f"{name}: the summary is that of its records",
           lambda found=(ports, summary): odd_sums(*found))
        if "--handshake" in way:
            told = {port["port"]: port["handshake"] for port in ports if port["state"] == "open"}
            ok(set(told.values()) == {"established"} and not summary["closes"] and
               summary["handshakes"] == {"established": len(told)} and
               not [port for port in ports if "close" in port or "fin_ack_ns" in port],
               f"{name}: handshakes, and no closes", lambda: (told, summary["closes"]))
        elif "close-wait" in way:
            closes = {port["port"]: port["close"] for port in ports}
            ok(not {port for port, close in CLOSES.items() if closes[port] not in close},
               f"{name}: the closes are what they should be", closes)


def check_merge(client, server, check):
    """Three shards are the whole."""
    words = ["scan", "-J", "-W", "200ms", "--seed", "99", "-p", f"{LOW}-{HIGH}", "--close-census",
             "--close-wait-limit", "700ms", server.ip4]
    for shard in (1, 2, 3):
        run = client.shakedown([*words, "--shard", f"{shard}/3", "-o", f"shard{shard}"])
        ok(run.rc == 0 and not run.out, f"shard {shard} of 3", str(run))
    run = client.shakedown("merge -q shard2 shard1 shard3")
    ports, summary = check_run("merge", run, check, range(LOW, HIGH + 1))
    ok(not odd_sums(ports, summary) and not run.err, "merge: sums and quantiles are the whole's",
       lambda: (run.err, odd_sums(ports, summary)))
    ok(run.records[0]["merged"] == 3 and run.records[0]["shards"] == 1, "merge: of three shards",
       run.records[0])
    run = client.shakedown("merge -q shard1 shard3")
    ok(run.rc == 1 and not run.records[-1]["complete"] and "shard 2 of 3" in run.err and
       not [record for record in run.records if check and check(record)],
       "merge: a shard that is missing is told, the rest is written", str(run))


def check_others(client, server):
    """CSV and the list say what the records say."""
    words = ["scan", "-W", "200ms", "-p", f"{LOW}-{HIGH}", server.ip4]
    run = client.shakedown([*words, "--csv"])
    rows = list(csv.DictReader(io.StringIO(run.out)))
    states = {int(row["port"]): row["state"] for row in rows}
    ok(len(rows) == HIGH - LOW + 1 and not {port for port, state in TRUTH.items()
                                            if states[port] != state},
       "scan --csv: a row each", run.out)
    run = client.shakedown([*words, "--list"])
    ok(sorted(run.out.split()) == sorted(f"{server.ip4}:{port}" for port, state in states.items()
                                         if state == "open"),
       "scan --list: what is open, and nothing else", run.out)


def check_scan(client, server, check):
    check_ways(client, server, check)
    check_merge(client, server, check)
    check_others(client, server)
