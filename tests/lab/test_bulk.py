#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Without this test mass sending could lose, double or damage frames on one of its ways, or go on into
# a dead link without a word.
#
#     client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: captures, and resets each SYN
#
# bulk_selftest sends numbered SYNs, IPv4 and IPv6 in turn, in batches of 1 to 67, without privileges
# once it has opened its sockets; what it committed is compared with what came out at the other end.
import collections
import fcntl
import json
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

PROGRAM = os.environ.get("BULK_SELFTEST", "./tests/lab/bulk_selftest")
SYNS = "(tcp[13] == 2) or (ip6 and ip6[6] == 6 and ip6[53] == 2)"
WAYS = {"xdp": "AF_XDP", "packet": "AF_PACKET", "raw": "raw socket"}
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
BURST = 60000


def committed(path):
    with open(path, "rb") as file:
        data = file.read()
    frames, at = [], 0
    while at < len(data):
        length = struct.unpack_from(">H", data, at)[0]
        frames.append(data[at + 2:at + 2 + length])
        at += 2 + length
    return frames


def captured(path):
    with open(path, "rb") as file:
        data = file.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("=I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def words(net, client, server, way, **more):
    net.count += 1
    values = {"way": way, "device": client.dev, "src4": client.ip4, "dst4": server.ip4,
              "src6": client.ip6, "dst6": server.ip6,
              "file": os.path.join(net.dir, f"frames{net.count}")} | more
    return [PROGRAM] + [f"{k}={v}" for k, v in values.items() if v], values["file"]


def send(net, client, server, way, **more):
    """(what it reported, the frames it committed)"""
    command, file = words(net, client, server, way, **more)
    run = client.run(command)
    try:
        report = json.loads(run.stdout)
    except ValueError:
        report = collections.defaultdict(str, error=f"{run.returncode} {run.stdout} {run.stderr}")
    if run.returncode not in (0, 1) or run.stderr:
        report["error"] += f" (exit status {run.returncode}: {run.stderr})"
    return report, committed(file)


def sink(net, ns, dev, expr=SYNS):
    """tcpdump of what comes in there, with room enough."""
    net.count += 1
    path = os.path.join(net.dir, f"sink{net.count}.pcap")
    daemon = ns.daemon(["tcpdump", "-i", dev, "-n", "-s", "256", "-B", "16384", "-Q", "in",
                        "--immediate-mode", "-Z", "root", "-w", path, expr], "tcpdump")
    daemon.wait_text("err", "listening on")
    return daemon, path


def compare(sent, came, strip=0):
    """What differs: lost, doubled, strange; "" if nothing does."""
    want, have = collections.Counter(sent), collections.Counter(f[strip:] for f in came)
    lost, more = want - have, have - want
    return "" if not lost and not more else (
        f"committed {len(sent)}, came {len(came)}, lost {sum(lost.values())}, "
        f"strange or doubled {sum(more.values())}; {[f.hex() for f in list(lost)[:2]]} "
        f"{[f.hex() for f in list(more)[:2]]}")


def every_frame(net, client, server, way, count):
    daemon, path = sink(net, server, server.dev)
    report, sent = send(net, client, server, way, count=count, answers=1)
    time.sleep(0.3)
    daemon.stop()
    lab.ok(report["way"] == WAYS[way] and report["made"] == count == report["sent"] and
           not report["error"], f"{WAYS[way]}: {count} frames go", report)
    difference = compare(sent, captured(path), 14 if way == "raw" else 0)
    lab.ok(not difference, f"{WAYS[way]}: each arrives once, octet for octet, IPv4 and IPv6",
           difference)
    lab.ok(report["answers"] == count and report["own"] == 0 and report["dropped"] == 0,
           f"{WAYS[way]}: the incoming capture has every answer and nothing of ours", report)


def full_queue(net, client, server, way):
    """About 2,000 frames a second may leave; the queue holds some thirty."""
    client.run(f"tc qdisc add dev {client.dev} root tbf rate 1mbit burst 2000 limit 3000")
    daemon, path = sink(net, server, server.dev)
    report, sent = send(net, client, server, way, count=1001)
    time.sleep(0.3)
    daemon.stop()
    client.run(f"tc qdisc del dev {client.dev} root")
    difference = compare(sent, captured(path), 14 if way == "raw" else 0)
    lab.ok(report["sent"] == 1001 and not difference,
           f"{WAYS[way]}: a full queue loses nothing and doubles nothing", f"{difference} {report}")
    if way != "xdp":  # which passes by the queueing discipline
        lab.ok(report["again"] > 10, f"{WAYS[way]}: and says that it is full", report)


def overflow(net, client, server, way):
    """The other end's queue, on another core, is too short: what it refuses goes again."""
    server.nft("add table netdev t\n"
               "add chain netdev t c { type filter hook ingress device v1 priority 0; }\n"
               "add rule netdev t c counter\n")
    report, _ = send(net, client, server, way, count=BURST, file="/dev/null")
    time.sleep(0.3)
    count = json.loads(server.run("nft -j list chain netdev t c").stdout)
    server.nft("delete table netdev t")
    came = [e["counter"]["packets"] for o in count["nftables"] if "rule" in o
            for e in o["rule"]["expr"] if "counter" in e][0]
    # a handful of the kernel's own (neighbour discovery) may be among them
    lab.ok(report["sent"] == BURST and BURST <= came <= BURST + 8,
           f"{WAYS[way]}: at full speed no frame is lost on the way to the other core",
           f"{came} of {BURST} came; {report}")
    lab.note(f"{WAYS[way]}: {report['again']} times again")


def dead_link(net, client, server, way, end, name):
    """One end goes down while it sends, and comes back."""
    addresses = client.ip6, server.ip6
    command, file = words(net, client, server, way, count=400, slow=20, stay=1, limit=12)
    daemon, path = sink(net, server, server.dev)
    process = client.popen(command, stdout=-1, text=True)
    time.sleep(0.15)
    end.ip(f"link set {end.dev} down")
    time.sleep(1.6)  # the kernel may take a second to tell about the carrier
    end.ip(f"link set {end.dev} up")
    # IPv6 addresses go with the device
    for ns, address in zip((client, server), addresses):
        if ns is end:
            ns.ip(f"addr replace {address}/64 dev {ns.dev} nodad optimistic")
    report = json.loads(process.communicate(timeout=20)[0])
    time.sleep(0.2)
    daemon.stop()
    lab.ok(report["failures"] > 0 and report["kept"] == report["failures"] and
           client.dev in report["failed"] and
           ("is down" in report["failed"] or "no carrier" in report["failed"] or way == "raw"),
           f"{WAYS[way]}: {name} is an error with its remedy, and keeps what waits", report)
    lab.ok(report["made"] == 400 and report["waiting"] == 0,
           f"{WAYS[way]}: {name}: it goes on when the link is back", report)
    doubled = len(captured(path)) - len(set(captured(path)))
    lab.ok(doubled == 0 and len(committed(file)) == 400, f"{WAYS[way]}: {name}: nothing is doubled",
           doubled)


def refusals(net, client, server):
    # (bound to a device, the kernel takes all for neighbours that no route leads to)
    daemon, path = sink(net, server, server.dev)
    report, sent = send(net, client, server, "raw", count=801, refuse=1, device=None)
    time.sleep(0.3)
    daemon.stop()
    nowhere = bytes([203, 0, 113, 1])
    rest = [f for f in sent if f[16:20] != nowhere or f[0] >> 4 != 4]
    lab.ok(report["refused"] == len(sent) - len(rest) == 100 and report["reason"] == 101 and
           report["sent"] == 701, "raw socket: what has no route is given up and told about", report)
    difference = compare(rest, captured(path), 14)
    lab.ok(not difference, "raw socket: all the others go", difference)


def no_ethernet(net, client, server):
    """A TUN device, read here; and the loopback device."""
    with client.inside():
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"tun7", IFF_TUN | IFF_NO_PI))
    client.ip("addr add 10.77.0.1/24 dev tun7", "link set tun7 txqueuelen 2000 up",
              "addr add fd00:77::1/64 dev tun7 nodad")
    where = {"device": "tun7", "src4": "10.77.0.1", "dst4": "10.77.0.2", "src6": "fd00:77::1",
             "dst6": "fd00:77::2"}
    report, sent = send(net, client, server, "auto", count=501, **where)
    came = []
    try:
        while True:
            came.append(os.read(tun, 2048))
    except BlockingIOError:
        pass
    came = [p for p in came if p[9 if p[0] >> 4 == 4 else 6] == 6]
    lab.ok(report["way"] == "raw socket" and not compare(sent, came),
           "a device without Ethernet: by raw sockets, each once, octet for octet",
           f"{compare(sent, came)} {report}")
    lab.ok(report["why"].count("not an Ethernet device") == 2 and "AF_XDP: " in report["why"] and
           "AF_PACKET: " in report["why"], "and why the other ways did not do is told", report)
    report, _ = send(net, client, server, "packet", **where)
    lab.ok("tun7" in report["error"] and "not an Ethernet device" in report["error"],
           "AF_PACKET refuses it when it is asked for", report)
    os.close(tun)
    daemon, path = sink(net, client, "lo")
    local = {"device": "lo", "src4": "127.0.0.1", "dst4": "127.0.0.1", "src6": "::1", "dst6": "::1"}
    report, sent = send(net, client, server, "auto", count=301, **local)
    time.sleep(0.3)
    daemon.stop()
    difference = compare(sent, captured(path), 14)
    lab.ok(report["way"] == "raw socket" and not difference, "the loopback device, too",
           f"{difference} {report}")


def refused_openings(net, client, server):
    for way in ("auto", "xdp", "packet", "raw"):
        report, _ = send(net, client, server, way, device="nosuch0")
        lab.ok("nosuch0: send: no such device" in report["error"], f"{way}: no device of that name",
               report)
    client.ip("link add d0 type veth peer name d1")
    report, _ = send(net, client, server, "auto", device="d0")
    lab.ok("d0: send: the device is down" in report["error"] and "ip link set d0 up" in
           report["error"], "a device that is down: the remedy is named", report)
    client.ip("link set d0 up")
    report, _ = send(net, client, server, "auto", device="d0")
    lab.ok("d0: send: the device has no carrier" in report["error"], "a device without carrier",
           report)
    client.ip("link set d1 up")
    report, _ = send(net, client, server, "auto", device="d0", dst4="10.1.0.77")
    lab.ok("10.1.0.77: neighbour on d0: nobody answers" in report["error"], "a neighbour that is not there",
           report)
    command, _ = words(net, client, server, "auto")
    run = client.run(["setpriv", "--inh-caps", "-all", "--reuid", "65534", "--clear-groups"] + command)
    lab.ok("CAP_NET_RAW" in run.stdout and "setcap" in run.stdout,
           "without CAP_NET_RAW: the remedy is named", run.stdout + run.stderr)


def main():
    lab.enter(200)
    if not os.access(PROGRAM, os.X_OK):
        lab.skip_all(f"{PROGRAM} is not built")
    with lab.Lab() as net:
        client, server = net.pair()
        report, _ = send(net, client, server, "xdp")
        ways = [way for way in WAYS if way != "xdp" or report["way"] == WAYS["xdp"]]
        if "xdp" not in ways:
            lab.skip("AF_XDP", report["error"])
        report, _ = send(net, client, server, "auto")
        lab.ok(report["way"] == WAYS[ways[0]] and ("xdp" in ways) == (report["why"] == ""),
               "the fastest way that works is taken", report)
        for way in ways:
            every_frame(net, client, server, way, 3001)
            full_queue(net, client, server, way)
        refusals(net, client, server)
        server.run(["unshare", "-m", "sh", "-c", "mount -t sysfs sysfs /sys && "
                    "echo 2 >/sys/class/net/v1/queues/rx-0/rps_cpus"])  # /sys of that namespace
        for way in ways:
            overflow(net, client, server, way)
        for way in ways:
            dead_link(net, client, server, way, client, "our device goes down")
            dead_link(net, client, server, way, server, "the other end goes down")
        no_ethernet(net, client, server)
        refused_openings(net, client, server)
    lab.done()


main()
