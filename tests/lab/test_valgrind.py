#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# Without this test a leak, or a read of what was never written, could stay hidden on the ways through
# the program that the sanitizers' build does not take (libraries and all).
#
#     client [v1] --- [v1] server: the lab's peer
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

VALGRIND = ["valgrind", "-q", "--child-silent-after-fork=yes", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite", "--error-exitcode=99"]
RUNS = {
    "a plain close, drawn and explained": ["--explain", "@:7000"],
    "a request, records and a capture file": ["-J", "--segments", "--pcap", "@/out.pcap", "--send", "hi",
                                              "--settle", "20ms", "@:7007"],
    "held open, then reset": ["-v", "--close-wait-limit", "300ms", "@:7001"],
    "closed, silent and unresolvable targets": ["-W", "100ms", "--retries", "0", "@:9", "@:7009",
                                                "nobody.invalid:1"],
}


def main():
    if not shutil.which("valgrind"):
        lab.skip_all("no valgrind")
    lab.enter(240)
    shakedown = os.environ.get("SHAKEDOWN", "src/shakedown")
    with lab.Lab() as net:
        client, server = net.pair()
        server.peer("7000:close", "7001:never", "7007:echo")
        server.nft("table inet t { chain in { type filter hook input priority 0; "
                   "tcp dport 7009 drop; }; }")
        for name, words in RUNS.items():
            words = [w.replace("@/", net.dir + "/").replace("@", server.ip4) for w in words]
            run = client.run([*VALGRIND, shakedown, "probe", "--no-sandbox", "--time-wait", "0", *words],
                             timeout=90)
            lab.ok(run.returncode in (0, 1), f"valgrind has nothing to say: {name}",
                   run.stderr[-2000:])
    lab.done()


main()
