#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# What one probe costs, beside its peers, in one run: whole processes, from start to end, against the
# lab's server in a private network namespace; and 1,000 targets at once.
#
#   make bench            or            /usr/bin/python3 tests/bench/bench_probe.py [RUNS]
#
# Runs are interleaved, so that the machine's drift hits all alike; medians and ratios count, not single
# times. No test asserts them.
import os
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.environ.get("SRCDIR", "."), "tests", "lab"))
import lab  # noqa: E402

CONNECT = """
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char octets[512];
	(void)argc;
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	shutdown(fd, SHUT_WR);
	while (read(fd, octets, sizeof(octets)) > 0)
		;
	return close(fd);
}
"""


def timed(ns, argv):
    """Wall and CPU seconds, and peak memory in KiB, of one whole process."""
    start = time.monotonic()
    proc = ns.popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(proc.pid, 0)
    wall = time.monotonic() - start
    proc.returncode = os.waitstatus_to_exitcode(status)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, proc.returncode


def table(rows, base):
    print(f"{'command':<44} {'wall ms: min':>12} {'median':>8} {'max':>8} {'CPU ms':>8} {'peak MiB':>9} {'ratio':>6}")
    middle = {name: statistics.median(r[0] for r in runs) for name, runs in rows.items()}
    for name, runs in rows.items():
        wall = sorted(r[0] * 1e3 for r in runs)
        cpu = statistics.median(r[1] for r in runs) * 1e3
        print(f"{name:<44} {wall[0]:12.2f} {statistics.median(wall):8.2f} {wall[-1]:8.2f} {cpu:8.2f} "
              f"{max(r[2] for r in runs) / 1024:9.1f} {middle[name] / middle[base]:6.2f}")


def one_probe(client, host, runs, directory):
    source, program = os.path.join(directory, "connect.c"), os.path.join(directory, "connect")
    with open(source, "w", encoding="utf-8") as file:
        file.write(CONNECT)
    subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    shakedown = os.environ.get("SHAKEDOWN", "src/shakedown")
    commands = {
        "shakedown probe (handshake and close)": [shakedown, "probe", "--time-wait", "0", host, "7000"],
        "connect(), shutdown(), read(), close()": [program, host, "7000"],
        "nping --tcp-connect -c 1": ["nping", "--tcp-connect", "-c", "1", "-p", "7000", host],
        "hping3 -S -c 1 (SYN only)": ["hping3", "-S", "-c", "1", "-p", "7000", host],
    }
    for name in [n for n, c in commands.items() if not shutil.which(c[0])]:
        print(f"({name}: not installed, left out)")
        del commands[name]
    rows = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, argv in commands.items():
            result = timed(client, argv)
            if turn > 0:
                rows[name].append(result)
    print(f"\nOne probe of a local server, {runs} runs each, interleaved:\n")
    table(rows, "shakedown probe (handshake and close)")


def many(client, host, runs):
    shakedown = os.environ.get("SHAKEDOWN", "src/shakedown")
    targets = os.path.join(client.lab.dir, "targets")
    with open(targets, "w", encoding="utf-8") as file:
        file.writelines(f"{host}:{port}\n" for port in range(20000, 21000))
    argv = [shakedown, "probe", "-q", "--time-wait", "0", "--rate", "100000", "-f", targets]
    rows = {"shakedown probe -f, 1,000 targets": [timed(client, argv) for _ in range(runs)]}
    print(f"\n1,000 targets at once, {runs} runs:\n")
    table(rows, "shakedown probe -f, 1,000 targets")
    check = client.shakedown(["probe", "-J", "--time-wait", "0", "--rate", "100000", "-f", targets])
    closes = [r["close"] for r in check.records if r["type"] == "probe"]
    print(f"verdicts: {sum(c in ('three-segment', 'four-segment') for c in closes)} of {len(closes)} right, "
          f"left open: {check.records[-1]['left_open']}")


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    lab.enter(600)
    with lab.Lab() as net:
        client, server = net.pair()
        server.peer("7000:close", "20000-20999:close")
        for tool in (["nping", "--version"], ["hping3", "--version"]):
            if shutil.which(tool[0]):
                text = subprocess.run(tool, capture_output=True, text=True, check=False)
                print((text.stdout + text.stderr).strip().splitlines()[0])
        one_probe(client, server.ip4, runs, net.dir)
        many(client, server.ip4, 5)


main()
