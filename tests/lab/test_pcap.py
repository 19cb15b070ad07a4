#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Saved frames and chosen sources: without it, a capture file could lie, or a probe leave by the
wrong device, or from an address that is somebody else's.

           [v1 10.1.0.1] ------------------ [10.1.0.2 v1]
    client [v2 10.2.0.1] ------------------ [10.2.0.2 v2] server: tests/lab/peer, 10.99.0.1 on lo
           [t0 10.3.0.1] ---- no Ethernet -- [10.3.0.2 t0]
"""
import fcntl
import os
import re
import select
import struct
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import servers  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402

CLOSE, ANSWER, REJECTED, CLOSED = 7001, 7002, 7003, 7009
MAGIC_NS = 0xa1b23c4d
LINK_ETHERNET, LINK_RAW = 1, (12, 101)
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
REJECT = """
table inet lab { chain input { type filter hook input priority 0;
  tcp dport 7003 reject with icmpx port-unreachable
}
}
"""


# --- capture files ---

def read_file(path):
    """(link type, [(stamp in ns, octets)]) of a pcap file; an exception when it is not one."""
    with open(path, "rb") as file:
        data = file.read()
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHIIII", data)
    if magic != MAGIC_NS:
        raise ValueError(f"magic {magic:#x}: no nanoseconds")
    frames, at = [], 24
    while at < len(data):
        seconds, ns, captured, _ = struct.unpack_from("<IIII", data, at)
        frames.append((seconds * 1000000000 + ns, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return link & 0xffff, frames


def tcpdump(ns, path):
    """What tcpdump makes of the file, a line for each frame."""
    before = servers.as_user(1000) if servers.only_root_is_mapped() else []
    run = ns.run(before + ["tcpdump", "-nn", "-tt", "--nano", "-r", path])
    return [line for line in run.stdout.splitlines()
            if re.match(r"\d+\.\d{9} IP6? ", line)], run.stderr


def save(client, options, targets):
    """Probes them with --pcap; (result, path)."""
    client.lab.count += 1
    path = os.path.join(client.lab.dir, f"saved{client.lab.count}.pcap")
    run = watch.Run(client, f"--segments --pcap {path} {options}", targets)
    result = run.finish()
    os.chmod(path, 0o644)
    return result, path


def check_file(client, name, result, path, links):
    """The file has the frames of the segment records, no more, no less, with the same stamps."""
    records = sorted(rec["time_ns"] for rec in watch.segments(result))
    link, frames = read_file(path)
    ok(link in links and sorted(stamp for stamp, _ in frames) == records and records,
       f"{name}: {len(records)} frames, each with the stamp of its record", lambda: str(result))
    lines, err = tcpdump(client, path)
    ok(len(lines) == len(records) and "truncated" not in err
       and not any("invalid" in line or "[|" in line for line in lines),
       f"{name}: tcpdump reads them all, with nanoseconds", lambda: [lines, err])
    stamps = sorted(int(line.split()[0].replace(".", "")) for line in lines)
    ok(stamps == records, f"{name}: and sees the same stamps", lambda: [stamps, records])
    return lines


def test_files(client, host):
    targets = [watch.to(host, port, family) for family in (4, 6)
               for port in (CLOSE, ANSWER, REJECTED, CLOSED)]
    result, path = save(client, "--send hello --settle 200ms --time-wait 0", targets)
    lines = check_file(client, "one device", result, path, (LINK_ETHERNET,))
    for family, word in ((4, "IP "), (6, "IP6 ")):
        source = client.ip4 if family == 4 else client.ip6
        mine = [line for line in lines if f" {word}" in line]
        out = sum(bool(re.search(rf"{re.escape(source)}\.\d+ >", line)) for line in mine)
        back = sum(bool(re.search(rf"> {re.escape(source)}[.:]", line)) for line in mine)
        ok(out > 0 and back > 0 and out + back == len(mine), f"both directions, IPv{family}",
           lines)
        ok(any("unreachable" in line for line in mine), f"ICMP errors too, IPv{family}", lines)
    again = client.shakedown(["probe", "--pcap", "/nowhere/x.pcap", host.ip4, CLOSE])
    ok(again.rc == 3 and "/nowhere/x.pcap" in again.err,
       "a file that cannot be written is named; exit status 3", lambda: str(again))


# --- a link without Ethernet ---

def open_tun(ns):
    with ns.inside():
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"t0", IFF_TUN | IFF_NO_PI))
    return fd


def relay(a, b):
    """Packets from one to the other until one is closed."""
    try:
        while True:
            for fd in select.select([a, b], [], [], 0.2)[0]:
                os.write(b if fd == a else a, os.read(fd, 65536))
    except (OSError, ValueError):
        pass


def join_by_tun(client, host):
    ends = [open_tun(client), open_tun(host)]
    for ns, last in ((client, 1), (host, 2)):
        ns.ip(f"addr add 10.3.0.{last}/24 dev t0", f"addr add fd00:3::{last}/64 dev t0 nodad",
              "link set t0 up")
    threading.Thread(target=relay, args=ends, daemon=True).start()
    return ends


def test_mixed(client, host):
    client.peer(f"{CLOSE}:close")
    veth = [watch.to(host, CLOSE, 4), watch.to(host, CLOSED, 6)]
    local = [f"127.0.0.1:{CLOSE}", f"[::1]:{CLOSE}", f"127.0.0.1:{CLOSED}"]
    result, path = save(client, "--await 200ms --time-wait 0", veth + local)
    ok(len(watch.probes(result)) == 5 and {rec["handshake"] for rec in watch.probes(result)}
       == {"established", "closed"}, "loopback and a device in one run", lambda: str(result))
    check_file(client, "loopback and a device", result, path, (LINK_ETHERNET,))
    try:
        ends = join_by_tun(client, host)
    except OSError as err:
        lab.skip("links of different types", f"/dev/net/tun: {err}")
        return
    tun = [f"10.3.0.2:{CLOSE}", f"[fd00:3::2]:{CLOSE}", f"10.3.0.2:{CLOSED}"]
    result, path = save(client, "--await 200ms --time-wait 0", tun)
    ok([rec["handshake"] for rec in watch.probes(result)].count("established") == 2,
       "a link without Ethernet", lambda: str(result))
    check_file(client, "a link without Ethernet", result, path, LINK_RAW)
    result, path = save(client, "--await 200ms --time-wait 0", veth + local + tun)
    found = sorted(rec["handshake"] for rec in watch.probes(result))
    ok(found == ["closed"] * 3 + ["established"] * 5, "three devices of two link types in one run",
       lambda: str(result))
    check_file(client, "link types mixed", result, path, LINK_RAW)
    for fd in ends:
        os.close(fd)


# --- where from ---

def two_ways(client, host):
    """10.99.0.1 and fd00:99::1 can be reached by v1 and, if one insists, by v2."""
    host.ip("addr add 10.99.0.1/32 dev lo", "addr add fd00:99::1/128 dev lo nodad")
    client.ip("route add 10.99.0.1 via 10.1.0.2 dev v1 metric 10",
              "route add 10.99.0.1 via 10.2.0.2 dev v2 metric 20",
              "route add fd00:99::1 via fd00:1::2 dev v1 metric 10",
              "route add fd00:99::1 via fd00:2::2 dev v2 metric 20",
              "addr add 10.1.0.11/24 dev v1",
              # as it is done on hosts with two providers: the source decides
              "rule add from 10.2.0.1 lookup 100",
              "route add 10.99.0.1 via 10.2.0.2 dev v2 table 100",
              "route add fd00:99::1 via fd00:2::2 dev v2 table 100")
    client.run("ip -6 rule add from fd00:2::1 lookup 100")


def test_sources(client, host):
    two_ways(client, host)
    cases = [("", "10.99.0.1", "v1", "10.1.0.1"), ("", "fd00:99::1", "v1", "fd00:1::1"),
             ("-I v2", "10.99.0.1", "v2", "10.2.0.1"), ("-I v2", "fd00:99::1", "v2", "fd00:2::1"),
             ("-I v1", "10.99.0.1", "v1", "10.1.0.1"),
             ("-I 10.2.0.1", "10.99.0.1", "v2", "10.2.0.1"),
             ("-I fd00:2::1", "fd00:99::1", "v2", "fd00:2::1"),
             ("-I 10.1.0.11", "10.1.0.2", "v1", "10.1.0.11"),
             ("-I 10.1.0.11", "10.99.0.1", "v1", "10.1.0.11")]
    for options, target, dev, source in cases:
        with watch.Frames(host, "v1") as v1, watch.Frames(host, "v2") as v2:
            result = client.shakedown(
                f"probe -J --await 100ms --time-wait 0 {options} {target} {CLOSE}")
            v1.stop()
            v2.stop()
        by = {name: {seg.src for seg in frames.segments if not seg.out}
              for name, frames in (("v1", v1), ("v2", v2))}
        ok(result.rc == 0 and by == {"v1": set(), "v2": set(), dev: {source}},
           f"{options or 'no -I'}: to {target} by {dev} from {source}", lambda: [by, str(result)])


def test_refused(client, host):
    with watch.Frames(host, "v1") as frames:
        for options, target, word in (
                ("-I 10.1.0.77", host.ip4, "10.1.0.77"), ("-I 10.99.0.1", host.ip4, "10.99.0.1"),
                ("-I fd00:1::77", host.ip6, "fd00:1::77"), ("-I fd00:1::1", host.ip4, "IPv6"),
                ("-I nosuch0", host.ip4, "nosuch0")):
            result = client.shakedown(f"probe {options} {target} {CLOSE}")
            ok(result.rc == 3 and word in result.out + result.err,
               f"{options} to {target} is refused: exit status 3", lambda: str(result))
        frames.stop()
    ok(not frames.segments, "and nothing was sent", lambda: frames.segments)


def link_local(ns, dev):
    shown = ns.run(["ip", "-6", "-o", "addr", "show", "dev", dev, "scope", "link"]).stdout
    return shown.split()[3].partition("/")[0]


def test_link_local(client, host):
    """Such an address is on every link: the scope says on which, or -I does."""
    address, ours = link_local(host, "v1"), link_local(client, "v1")
    for words in (f"{address}%v1 {CLOSE}", f"[{address}%v1]:{CLOSE}", f"-I v1 {address} {CLOSE}"):
        with watch.Frames(host, "v1") as frames:
            result = client.shakedown(f"probe -J --await 100ms {words}")
            frames.stop()
        ok(result.rc == 0 and {seg.src for seg in frames.segments if not seg.out} == {ours}
           and not any(seg.flags & watch.RST for seg in frames.segments),
           f"link-local: probe {words.replace(address, 'fe80::1')}", lambda: str(result))
    closed = client.shakedown(f"probe -J {address}%v1 {CLOSED}")
    ok([rec["handshake"] for rec in watch.probes(closed)] == ["closed"],
       "link-local: a closed port", lambda: str(closed))
    none = client.shakedown(f"probe {address} {CLOSE}")
    ok(none.rc == 3 and "-I" in none.out + none.err,
       "link-local without a scope: exit status 3, and the remedy", lambda: str(none))
    wrong = client.shakedown(f"probe {address}%nosuch0 {CLOSE}")
    ok(wrong.rc in (2, 3) and "nosuch0" in wrong.out + wrong.err,
       "link-local with a scope that is no device is refused", lambda: str(wrong))


def main():
    lab.enter(120)
    with lab.Lab() as net:
        client, host = net.pair()
        net.link(client, host)
        host.peer(f"{CLOSE}:close", f"{ANSWER}:answer,size=300")
        host.nft(REJECT)
        test_files(client, host)
        test_mixed(client, host)
        test_sources(client, host)
        test_refused(client, host)
        test_link_local(client, host)
    lab.done()


main()
