#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ground truth: without it, the scenarios could be right about our test peer and wrong about nginx.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: those of servers.py, the lab's peer

Every server, IPv4 and IPv6, with the default profile, all in one run. scenarios.expected has what
must come of it: a table that was held against what these servers were seen to do segment by segment.
SCENARIOS=write prints a table made of what is seen now, to be looked through line by line.
"""
import collections
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import servers  # noqa: E402
import watch  # noqa: E402

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenarios.expected")
KINDS = {"nginx": servers.Nginx, "apache": servers.Apache, "sshd": servers.Sshd,
         "redis": servers.Redis, "memcached": servers.Memcached,
         "python-http": servers.PythonHttp, "node-http": servers.NodeHttp}
PEERS = {"linux-echo": "7001:echo", "linux-close": "7000:close"}
OPTIONS = "test -J --ladder=none"


def read_table():
    """[(server, scenario, judgements, words)]; the last row that fits wins."""
    rows = []
    with open(TABLE, encoding="ascii") as table:
        for line in table:
            fields = line.partition("#")[0].split(None, 3)
            if fields:
                rows.append((fields[0], fields[1], fields[2].split("|"),
                             fields[3].strip() if len(fields) > 3 else ""))
    return rows


def expected(rows, server, scenario):
    fitting = [row for row in rows if row[0] in ("*", server) and row[1] == scenario]
    return fitting[-1] if fitting else None


def start(net, host):
    """{name: port}"""
    ports = {}
    for number, (name, kind) in enumerate(KINDS.items()):
        server = kind(8000 + 10 * number)
        if not server.available():
            lab.skip(f"{name}: all scenarios", server.reason)
            continue
        server.start(host)
        net.servers.append(server)
        ports[name] = server.port
    host.peer(*PEERS.values())
    ports.update({name: int(mode.partition(":")[0]) for name, mode in PEERS.items()})
    return ports


def write_table(found):
    """What is the same for most servers as *, then the rest."""
    scenarios = list(dict.fromkeys(scenario for _, _, scenario in found))
    for scenario in scenarios:
        seen = collections.defaultdict(set)
        for (server, _, what), record in found.items():
            if what == scenario:
                seen[server].add(record["judgement"])
        text = {server: "|".join(sorted(judged)) for server, judged in seen.items()}
        usual = collections.Counter(text.values()).most_common(1)[0][0]
        print(f"*            {scenario:9} {usual}")
        for server, judged in text.items():
            if judged != usual:
                print(f"{server:12} {scenario:9} {judged}")


def check(rows, server, family, scenario, record):
    row = expected(rows, server, scenario)
    name = f"{server} IPv{family} {scenario}: {record['judgement']}"
    lab.ok(row is not None and record["judgement"] in row[2] and row[3] in record["seen"], name,
           lambda: f"{row} {record['seen']} doubt: {record['doubt']}")


def main():
    lab.enter(400)
    with lab.Lab() as net:
        net.servers = []
        client, host = net.pair(offloads=False)
        ports = start(net, host)
        names = {(port, family): name for name, port in ports.items() for family in (4, 6)}
        run = client.shakedown(OPTIONS.split() + [watch.to(host, port, family)
                                                  for port, family in names], timeout=300)
        found = {(names[rec["port"], rec["family"]], rec["family"], rec["scenario"]): rec
                 for rec in run.records if rec["type"] == "scenario"}
        if os.environ.get("SCENARIOS") == "write":
            write_table(found)
            return
        rows = read_table()
        lab.ok(found, "there are results", lambda: str(run))
        for (server, family, scenario), record in found.items():
            check(rows, server, family, scenario, record)
        known = {row[1] for row in rows}
        lab.ok(known == {key[2] for key in found}, "every scenario of the profile is in the table",
               known ^ {key[2] for key in found})
        summary = watch.summary(run)
        lab.ok(summary.get("left_open") == 0 and summary.get("untestable") == 0,
               "nothing is left open, all could be tested", summary)
        for server in net.servers:
            server.stop()
    lab.done()


main()
