# SPDX-License-Identifier: BSD-2-Clause
"""The tools whose round-trip times bench_accuracy.py compares: command -> reported values.

Each row of TOOLS knows its command, how many probes one process makes, and how to read what it
printed: a list of (value in ns or None, what names the probe). A probe is named by its source port,
by steps of the source port from the first, by its place among the run's connections, or, where a tool
sends the same SYN for each, by its place among the copies.
"""
import json
import os
import re
import shutil
import subprocess
from typing import Callable, NamedTuple

CONNECT = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET}, from;
	socklen_t len = sizeof(from);
	struct timespec a, b, pause = {.tv_nsec = 10000000};

	(void)argc;
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	inet_pton(AF_INET, argv[1], &to.sin_addr);
	for (int i = 0; i < atoi(argv[3]); i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		clock_gettime(CLOCK_MONOTONIC, &a);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			return 1;
		clock_gettime(CLOCK_MONOTONIC, &b);
		getsockname(fd, (struct sockaddr *)&from, &len);
		printf("%u %lld\n", ntohs(from.sin_port),
		       (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec);
		close(fd);
		nanosleep(&pause, NULL);
	}
	return 0;
}
"""


class Tool(NamedTuple):
    name: str
    command: str  # with {host}, {port}, {n}
    probes: int   # of one process
    runs: int     # processes in a round
    read: Callable  # its output -> [(value in ns, source port or place)]
    mode: str = "close"
    version: str = ""


def read_shakedown(text):
    records = [json.loads(line) for line in text.splitlines()]
    return [(rec["rtt_ns"], ("port", rec["source_port"])) for rec in records
            if rec["type"] == "rtt" and rec["answer"] == "syn-ack"]


def read_connect(text):
    return [(int(ns), ("port", int(port))) for port, ns in
            (line.split() for line in text.splitlines())]


def read_nping(text):
    """The sum of one probe has three more digits than the lines of many."""
    found = re.search(r"Avg rtt: ([\d.]+)ms", text)
    return [(float(found[1]) * 1e6, ("place", 0))] if found else []


def read_hping(text):
    return [(float(ms) * 1e6, ("step", int(seq))) for seq, ms in
            re.findall(r"seq=(\d+) .*rtt=([\d.]+) ms", text)]


def read_traceroute(text):
    words = re.findall(r"([\d.]+) ms|\*", next(
        (line for line in text.splitlines() if "[open]" in line), ""))
    return [(float(ms) * 1e6, ("copy", i)) for i, ms in enumerate(words) if ms]


def read_httping(text):
    """-S: the times of resolving, of connect(), of the request and what follows, between plus signs."""
    return [(float(ms) * 1e6, ("place", int(seq))) for seq, ms in
            re.findall(r"seq=(\d+) time= *[\d.]+\+ *([\d.]+)\+", text)]


def read_nmap(text):
    found = re.search(r'<times srtt="(\d+)"', text)
    return [(int(found[1]) * 1e3, ("place", 0))] if found else []


TOOLS = [
    Tool("shakedown rtt", "{shakedown} rtt -J -c {n} -i 10ms {host}:{port}", 25, 4, read_shakedown),
    Tool("shakedown rtt --half-open", "{shakedown} rtt --half-open -J -c {n} -i 10ms {host}:{port}",
         25, 4, read_shakedown),
    Tool("nmap -sS (srtt)", "nmap -n -Pn -sS --disable-arp-ping -v -d -p {port} -oX - {host}", 1, 12,
         read_nmap, version="nmap --version"),
    Tool("nping --tcp-connect", "nping --tcp-connect -c 1 -p {port} {host}", 1, 12, read_nping,
         version="nping --version"),
    Tool("nping --tcp", "nping --tcp --flags syn -c 1 -p {port} {host}", 1, 12, read_nping),
    Tool("hping3 -S", "hping3 -S -n -c {n} -i u10000 -p {port} {host}", 25, 1, read_hping,
         version="hping3 --version"),
    Tool("tcptraceroute", "tcptraceroute -n -q {n} {host} {port}", 25, 1, read_traceroute,
         version="tcptraceroute -h"),
    Tool("httping -S (connect)", "httping -S -c {n} -i 0.01 -g http://{host}:{port}/", 25, 1,
         read_httping, mode="answer", version="httping -V"),
    Tool("connect() timed in C", "{connect} {host} {port} {n}", 25, 1, read_connect),
]


def build_connect(directory):
    source, program = os.path.join(directory, "connect.c"), os.path.join(directory, "connect")
    with open(source, "w", encoding="utf-8") as file:
        file.write(CONNECT)
    subprocess.run(["cc", "-O2", "-o", program, source], check=True)
    return program


def available(shakedown, connect):
    """(tools that are there, with their programs filled in; names of the others)."""
    there, missing = [], []
    for tool in TOOLS:
        command = tool.command.replace("{shakedown}", shakedown).replace("{connect}", connect)
        found = shutil.which(command.split()[0])
        (there if found else missing).append(tool._replace(command=command))
    return there, [tool.name for tool in missing]


def version_of(tool):
    """Its first line that has a number in it."""
    if not tool.version:
        return None
    run = subprocess.run(tool.version.split(), capture_output=True, text=True, check=False)
    return next((line.strip() for line in (run.stdout + run.stderr).splitlines()
                 if re.search(r"\d\.\d|version \d", line)), "?")
