# SPDX-License-Identifier: BSD-2-Clause
"""A scan that several tasks share: a span of targets, the whole scan, and the merged one.

In: a Lab. Out: the network, the findings of a file of NDJSON, the checks that two are the same.
"""
import os

import lab
from children import binary, json_lines

PREFIX, PORTS, COUNT = "10.99.0.0/25", "7001-7004", 4
TARGETS = 128 * 4
OPEN = {7001, 7003}


def contrib(name):
    """A file that is shipped in contrib/."""
    source = os.environ.get("SRCDIR") or os.path.join(os.path.dirname(__file__), "..", "..")
    return os.path.join(os.path.abspath(source), "contrib", name)


def network(net):
    """(client, server) where all of PREFIX is the server, with half of the ports open."""
    client, server = net.pair()
    net.span(client, server, PREFIX)
    server.peer(*[f"{port}:close" for port in sorted(OPEN)])
    return client, server


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json_lines(file.read())
    except FileNotFoundError:
        return []


def findings(records):
    """What was found, sorted: a list, so that nothing twice is lost in it."""
    return sorted((record["addr"], record["port"], record["state"], record["reason"])
                  for record in records if record["type"] == "port")


def of_type(records, kind):
    return next((record for record in records if record["type"] == kind), {})


def whole(client):
    """The same scan in one piece."""
    run = client.shakedown(f"scan --json --rate 4000 -p {PORTS} {PREFIX}")
    found = findings(run.records)
    lab.ok(run.rc == 0 and len(found) == TARGETS and
           all((state == "open") == (port in OPEN) for _, port, state, _ in found),
           "one whole scan finds what is there", str(run)[-2000:])
    return found


def merge(client, paths, out):
    return client.run(binary("SHAKEDOWN", "./src/shakedown") + ["merge", "-o", out, *paths])


def check(merged, expected, paths):
    """The shards' files have something each, and the merged one says what the whole scan said."""
    parts = [findings(read(path)) for path in paths]
    lab.ok(all(parts) and sum(map(len, parts)) == TARGETS,
           "each shard has its part, together as many as there are targets",
           [len(part) for part in parts])
    records = read(merged)
    lab.ok(findings(records) == expected, "merged they say what the whole scan says",
           lambda: sorted(set(findings(records)) ^ set(expected))[:10])
    run, summary = of_type(records, "run"), of_type(records, "summary")
    lab.ok(run.get("merged") == COUNT and summary.get("complete") is True,
           "and know that they are whole", [run, summary])


def check_one_missing(client, paths, directory):
    """A merge that lacks the last shard."""
    run = merge(client, paths[:-1], os.path.join(directory, "lacking.ndjson"))
    lab.ok(run.returncode == 1 and f"shard {COUNT} of {COUNT} is missing" in run.stderr,
           "a merge without the last shard says that it is missing", run.stderr)
