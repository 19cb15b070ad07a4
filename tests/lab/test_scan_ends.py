#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Scans in parts, and their ends: without it one could lose results, or leave connections open.

    client [v1 10.1.0.1] ----- [10.1.0.2 v1] server: peer, nft; 10.77.0.0/16 is all its own

Times are noted, and judged with limits that a busy machine keeps.
"""
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import note, ok  # noqa: E402
from scanning import (PORT, SHUT, SPAN, Behind, Scan, check_nothing_left, chosen,  # noqa: E402
                      lab_records, only_these, scan, some_addresses, world)


# --- the pace ---

def test_rate(client, server):
    server.nft("table inet count { chain input { type filter hook input priority 0;\n"
               f"ip daddr {SPAN} tcp flags & (syn | ack) == syn counter\n}}\n}}\n")
    got = scan(client, f"10.77.0.0/20 -p {PORT},{SHUT} --rate 4k -W 3s --retries 0")
    counted = json.loads(server.run("nft -j list table inet count").stdout)
    came = [part["counter"]["packets"] for rule in counted["nftables"] if "rule" in rule
            for part in rule["rule"]["expr"] if "counter" in part][0]
    server.nft("delete table inet count\n")
    rate = got.summary["probed"] / (got.summary["elapsed_ns"] / 1e9)
    note(f"asked for 4000 a second, kept {rate:.0f} for {got.summary['elapsed_ns'] / 1e9:.2f} s")
    ok(came == got.summary["probed"] == 8192, "the server counts as many SYNs as the summary",
       f"{came} {got.summary['probed']}")
    ok(rate < 4000 * 1.05, "no more a second than was asked for", rate)
    ok(rate > 4000 * 0.7, "and not much less", rate)


# --- shards ---

def test_shards(net, client, server):
    few = some_addresses("10.77.0.0/22", 300, 2)
    only_these(server, "10.77.0.0/22", few)
    options = f"10.77.0.0/22 -p {PORT},{SHUT} --seed 7 --rate 8k -W 150ms --retries 1"
    whole = scan(client, options)
    files, all_of = [], []
    for i in range(1, 6):
        files.append(os.path.join(net.dir, f"shard{i}"))
        got = scan(client, f"{options} --shard {i}/5 -o {files[-1]}")
        with open(files[-1], encoding="utf-8") as file:
            got.result.records = lab_records(file.read())
        all_of.append(Scan(got.result))
    told = [(rec["addr"], rec["port"], rec["state"]) for one in all_of for rec in one.ports]
    want = {(rec["addr"], rec["port"], rec["state"]) for rec in whole.ports}
    ok(len(told) == len(set(told)) == 2048, "5 shards: nothing twice", len(told))
    ok(set(told) == want and len(want) == 2048, "their union is the whole",
       lambda: list(set(told) ^ want)[:5])
    merged = Scan(client.shakedown(["merge", *files]))
    ok(merged.rc == 0 and {(r["addr"], r["port"], r["state"]) for r in merged.ports} == want,
       "merge puts them together", lambda: str(merged))
    for key in ("probed", "answered", "silent", "records", "frames"):
        total = sum(one.summary[key] for one in all_of)
        ok(merged.summary.get(key) == total, f"merge: {key} is the sum",
           f"{merged.summary.get(key)} {total}")
    ok(merged.summary["states"] == whole.summary["states"] and
       merged.summary["rtt"]["count"] == sum(one.summary["rtt"]["count"] for one in all_of),
       "merge: so are the states, and the round trips", merged.summary)
    missing = Scan(client.shakedown(["merge", *files[:2], *files[3:]]))
    ok(missing.rc == 1 and "3" in missing.err and
       len(missing.ports) == len(told) - len(all_of[2].ports),
       "a missing shard is told about", lambda: missing.err)
    server.nft("delete table ip few\n")


# --- ends ---

def test_interrupted(client, server):
    for mode in ("--syn", "--close-census"):
        run = Behind(client, f"{SPAN} -p 7000-7003 --rate 1500 {mode} --close-wait-limit 20s")
        lab.wait_for(lambda: len(run.read("out").splitlines()) > 500, 10)
        run.proc.send_signal(signal.SIGINT)
        begin = time.monotonic()
        got = run.finish(20)
        note(f"SIGINT, {mode}: ended after {time.monotonic() - begin:.2f} s")
        ok(got.rc == 1 and got.summary.get("interrupted") is True
           and got.summary["complete"] is False and got.summary["left_open"] == 0,
           f"SIGINT, {mode}: exit status 1, a summary", lambda: str(got))
        ok("interrupted" in got.err and len(got.ports) == got.summary.get("records"),
           f"SIGINT, {mode}: what was found is kept", lambda: str(got))
        check_nothing_left(server, f"SIGINT, {mode}")


def test_no_route(client):
    got = scan(client, "203.0.113.0/30 -p 80")
    ok(got.rc == 3 and "203.0.113." in got.err and "route" in got.err, "no route: exit status 3",
       lambda: str(got))


def test_disk_full(net, client, server):
    place = os.path.join(net.dir, "small")
    os.mkdir(place)
    for mode in ("--syn", "--close-census"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", place], check=True)
        file = os.path.join(place, "results")
        try:
            got = scan(client, f"{SPAN} -p {PORT} --rate 3k {mode} -o {file}", 60)
            with open(file, encoding="utf-8") as kept:
                lines = lab_records(kept.read())
            ok(got.rc == 3 and file in got.err and "No space left" in got.err,
               f"disk full, {mode}: exit status 3, and why", lambda: str(got))
            ok(len(lines) > 200 and lines[0]["type"] == "run",
               f"disk full, {mode}: what was written is kept", len(lines))
            ok("not all was probed" in got.err, f"disk full, {mode}: it does not go on for nothing",
               got.err)
        finally:
            subprocess.run(["umount", place], check=False)
        check_nothing_left(server, f"disk full, {mode}")


def link_down(client, server, end, options):
    """A scan during which one end of the link goes down."""
    run = Behind(client, f"10.77.0.0/18 --rate 2k -W 500ms {options}")
    time.sleep(1)
    end.ip(f"link set {end.dev} down")
    got = run.finish(20)
    end.ip(f"link set {end.dev} up")
    with contextlib.suppress(RuntimeError):
        client.route(SPAN, server.ip4)
    name = f"{'our' if end is client else 'the other'} end goes down, {options}"
    ok(got.rc == 3 and client.dev in got.err, f"{name}: exit status 3, and why", lambda: str(got))
    ok(len(got.ports) > 250 and got.summary.get("complete") is False and not got.having("filtered"),
       f"{name}: what was found is kept, no more",
       lambda: f"{len(got.having('filtered'))} called filtered {got}")
    return got


def test_link_down(client, server):
    for way in ("packet", "raw"):
        link_down(client, server, client, f"-p {PORT} --send {way}")
    for end in (client, server):
        got = link_down(client, server, end, "-p 7001 --close-census --connections 10000")
        count = sum(rec["left_open"] for rec in got.ports)
        ok(count == len(got.open()) == got.summary["left_open"],
           "connections that could not be reset any more are told as left open",
           lambda: f"{count} {got}")


def test_own_firewall(client, server):
    client.nft("table inet own { chain out { type filter hook output priority 0;\n"
               f"tcp dport {SHUT} drop\n}}\n}}\n")
    got = scan(client, f"{server.ip4} -p {PORT},{SHUT} --send raw -W 100ms")
    client.nft("delete table inet own\n")
    ok(got.rc == 1 and "2 segments did not leave" in got.err and not got.summary["complete"],
       "what our own firewall stops is no proof of a filtered port", lambda: str(got))


def test_waiting(client, server):
    """A host with as much under way as it may have; more to repeat than the rate allows."""
    server.nft("table inet deaf { chain input { type filter hook input priority 0;\n"
               "tcp dport 30000-30999 drop\n}\n}\n")
    for options in ("--max-per-host 32 -W 500ms", "--max-per-host 0 --rate 150 -W 500ms"):
        before = os.times()
        scan(client, f"{server.ip4} -p 30000-30999 --max-runtime 2s {options}")
        after = os.times()
        used = after[2] + after[3] - before[2] - before[3]
        ok(used < 0.5 * (after[4] - before[4]), f"{options}: it sleeps while it waits", used)
        note(f"{options}: {used:.2f} s of CPU in {after[4] - before[4]:.2f} s")
    server.nft("delete table inet deaf\n")


def test_busy(client, server):
    """More asked for than the processor sends: a signal must come through nevertheless."""
    client.route("10.128.0.0/9", server.ip4)
    server.nft("table ip sink { chain pre { type filter hook prerouting priority -300;\n"
               "ip daddr 10.128.0.0/9 drop\n}\n}\n")
    run = Behind(client, "--rate 100M -p 1-50 --open 10.128.0.0/9")
    lab.wait_for(lambda: "run" in run.read("out"), 10)
    time.sleep(0.5)
    run.proc.send_signal(signal.SIGINT)
    got = run.finish(20)
    ok(got.rc == 1 and got.summary.get("interrupted"), "busy: a signal ends it", lambda: str(got))
    server.nft("delete table ip sink\n")


def test_other_version(client, server):
    """Segments of the IP version that is not scanned, to each of our ports."""
    server.nft("table inet deaf { chain input { type filter hook input priority 0;\n"
               "tcp dport > 9999 drop\n}\n}\n")
    run = Behind(client, f"{server.ip4} -p {PORT},30000 --controls -W 1500ms --retries 0")
    lab.wait_for(lambda: "run" in run.read("out"), 10)
    with server.inside():
        raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_CHECKSUM, 16)
    for port in range(32768, 61000):
        raw.sendto(struct.pack("!HHIIBBHHH", PORT, port, 1, 2, 0x50, 0x12, 1000, 0, 0),
                   (client.ip6, 0))
    raw.close()
    got = run.finish(20)
    ok(got.rc == 0 and got.open() == {(server.ip4, PORT)},
       "segments of the other IP version do no harm", lambda: str(got))
    server.nft("delete table inet deaf\n")


def main():
    lab.enter(200)
    with lab.Lab() as net:
        client, server = world(net)
        chosen("rate", lambda: test_rate(client, server))
        chosen("waiting", lambda: test_waiting(client, server))
        chosen("shards", lambda: test_shards(net, client, server))
        chosen("interrupted", lambda: test_interrupted(client, server))
        chosen("no route", lambda: test_no_route(client))
        chosen("disk full", lambda: test_disk_full(net, client, server))
        chosen("own firewall", lambda: test_own_firewall(client, server))
        chosen("busy", lambda: test_busy(client, server))
        chosen("other version", lambda: test_other_version(client, server))
        chosen("link down", lambda: test_link_down(client, server))  # last: connections stay
    lab.done()


main()
