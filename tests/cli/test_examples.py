#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs every example of the manual: without it, the first thing that a reader types might fail.

      client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server.example

An example is a line ".Dl $ COMMAND"; the comment after it has the exit status and, separated by
"|", what must be found in the output. A literal block behind a comment "script: NAME" is a file of
that name, just as it stands.
"""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
from children import binary  # noqa: E402
from lab import note, ok  # noqa: E402

SRCDIR = os.environ.get("SRCDIR", os.path.join(HERE, "..", ".."))
PEERS = ["22:banner", "80:answer-close", "443:close", "6379:echo", "7001:never"]
EXAMPLE = re.compile(r'^\.Dl \$ (.*)\n\.\\" check: (\d) (.*)$', re.M)
SCRIPT = re.compile(r'^\.\\" script: (\S+)\n\.Bd -literal.*?\n(.*?)^\.Ed$', re.M | re.S)


def manual():
    with open(os.path.join(SRCDIR, "doc/shakedown.1"), encoding="utf-8") as file:
        return file.read()


def examples():
    """(command, exit status, [what must be found]) of each."""
    return [(command.replace("\\e", "\\"), int(status), words.split("|"))
            for command, status, words in EXAMPLE.findall(manual())]


def write_scripts():
    """The scripts of the manual, as files; what a reader sees of them."""
    found = SCRIPT.findall(manual())
    for name, text in found:
        with open(name, "w", encoding="ascii") as file:
            file.write(text.replace("\\&", "").replace("\\e", "\\"))
    return [name for name, _ in found]


def furnish(net, server):
    """The name server.example, the file of targets, and the program by its own name."""
    os.chdir(net.dir)
    with open("hosts", "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost\n")
        for addr in (server.ip4, server.ip6):
            file.write(f"{addr} server.example\n")
    subprocess.run(["mount", "--bind", "hosts", "/etc/hosts"], check=True, timeout=20)
    with open("servers", "w", encoding="ascii") as file:
        file.writelines(f"server.example:{port}\n" for port in (443, 80, 9))
    os.mkdir("bin")
    with open("bin/shakedown", "w", encoding="ascii") as file:
        file.write(f'#!/bin/sh\nexec {" ".join(binary("SHAKEDOWN", "./src/shakedown"))} "$@"\n')
    os.chmod("bin/shakedown", 0o755)
    os.environ["PATH"] = os.path.join(net.dir, "bin") + ":" + os.environ["PATH"]


def main():
    lab.enter()
    with lab.Lab() as net:
        client, server = net.pair()
        os.environ["SHAKEDOWN"] = os.path.abspath(binary("SHAKEDOWN", "./src/shakedown")[0])
        server.peer(*PEERS)
        furnish(net, server)
        found, scripts = examples(), write_scripts()
        ok(len(found) > 10, "the manual has examples")
        ok(scripts and all(any(f"--script {name}" in command for command, _, _ in found)
                           for name in scripts), "and a script, which one of them runs", scripts)
        for command, status, words in found:
            missing = [word for word in re.findall(r"(?:^|\| )(\w+)", command)
                       if not shutil.which(word)]
            if missing:
                note(f"not applicable: no {missing[0]} here: {command}")
                continue
            run = client.run(["bash", "-c", command], 60)
            output = run.stdout + run.stderr
            ok(run.returncode == status and all(word in output for word in words), command,
               lambda: f"wanted {status} and {words}, got {run.returncode}\n{output}")
        ok(not [sock for sock in server.sockets() if sock["state"] in (
            "ESTABLISHED", "SYN-RECEIVED", "CLOSE-WAIT")], "nothing is left open at the server",
           server.sockets)
    lab.done()


main()
