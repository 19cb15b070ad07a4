#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# The demo for a newcomer without a server at hand: real servers in a private network namespace, three
# ways of closing, each drawn and judged. Nothing of it is left afterwards.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import servers  # noqa: E402

SHAKEDOWN = os.environ.get("SHAKEDOWN", "src/shakedown")


def show(client, title, words):
    print(f"\n{'=' * 78}\n{title}\n\n$ shakedown {' '.join(words)}\n", flush=True)
    proc = client.popen([SHAKEDOWN, *words], stdin=None, stdout=None, stderr=None)
    proc.wait(30)
    if proc.returncode not in (0, 1):
        sys.exit(f"demo: shakedown ended with status {proc.returncode}")


def main():
    lab.enter(120)
    with lab.Lab() as net:
        client, server = net.pair()
        nginx = servers.Nginx()
        host = server.ip4
        if nginx.available():
            nginx.start(server)
            name, port = "nginx", str(nginx.port)
        else:
            name, port = "A server", "7000"
            print(f"demo: without nginx ({nginx.reason}): the lab's own server in its place")
        server.peer("7000:answer-close", "7001:never", "7002:half-close")
        show(client, f"1. {name} is asked to close: our FIN, and what it does about it.",
             ["probe", "--ladder", host, port])
        show(client, f"2. {name} closes first, after its answer: the server is left in TIME-WAIT.",
             ["probe", "--ladder", "--http", "--close", "server", host, port])
        show(client, "3. A server whose application never closes: CLOSE-WAIT, for as long as it likes.",
             ["probe", "--ladder", "--explain", "--close-wait-limit", "1s", host, "7001"])
        if nginx.available():
            nginx.stop()
    print(f"\n{'=' * 78}\nAll of it is gone again. Your own server: sudo {SHAKEDOWN} probe HOST PORT")


main()
