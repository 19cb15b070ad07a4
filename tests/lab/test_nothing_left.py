#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Nothing is left behind: without it, each run could cost the server a connection, or us a port.

    client [v1 10.1.0.1] ------------------ [10.1.0.2 v1] server: tests/lab/peer, nft

However a run ends (by itself, SIGINT at 50 random moments, SIGTERM, a deadline, two SIGINTs,
kill -9), there is afterwards no socket of ours on the client, no firewall rule, and nothing in the
server's kernel but TIME-WAIT. "At the server" is what ss says there.
"""
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import sandbox  # noqa: E402
import watch  # noqa: E402
from lab import ok  # noqa: E402

SEED = 20220818
INTERRUPTS = 50
AT_ONCE = 10        # runs beside each other
LONGEST_S = 1.6     # a run with OPTIONS is over by then, or nearly
FILTERED, HALF_OPEN = 7100, 7101
MODES = ["7001:close", "7002:close-late,after=300ms", "7003:never", "7004:data-then-fin,gap=150ms",
         "7005:reset-on-fin", "7006:close-at-accept", "7007:fin-late-wait,after=300ms,hold=400ms",
         "7008:no-accept,backlog=512", "7009:zero-window", f"{HALF_OPEN}:close"]
PORTS = [7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008, 7009, FILTERED, HALF_OPEN]
OPTIONS = ("--await 200ms --close-wait-limit 600ms --time-wait 300ms --retries 1"
           " --send hello --rate 500")
RULES = f"""
table inet lab {{ chain input {{ type filter hook input priority 0;
  iifname "v1" tcp dport {FILTERED} drop
  iifname "v1" tcp dport {HALF_OPEN} tcp flags & (fin | syn | rst | psh | ack) == ack drop
}}
}}
"""


def everything(host):
    return [watch.to(host, port, family) for port in PORTS for family in (4, 6)]


def left(client, host, allowed=("LISTEN", "TIME-WAIT")):
    """Connections of the client in the server's kernel."""
    return [sock for sock in host.sockets() if sock["state"] not in allowed
            and sock["dst"] in (client.ip4, client.ip6)]


def check_clean(client, host, rules, name):
    """Nothing at the client, nothing at the server, and the client's firewall as it was."""
    ok(lab.wait_for(lambda: not left(client, host), 5, 0.05), f"{name}: nothing at the server",
       lambda: left(client, host))
    ok(not client.sockets(), f"{name}: no guard, no socket at the client", client.sockets)
    ok(client.run(["nft", "list", "ruleset"]).stdout == rules,
       f"{name}: the client's firewall is as it was")


def check_stopped(run, name, status=(1,)):
    """It ended in time, said so, and left nothing open, as far as it knows."""
    result = run.finish(30)
    early = result.rc in (-signal.SIGINT, -signal.SIGTERM) and not result.out
    summary = watch.summary(result)
    ok(early or (result.rc in status and summary.get("left_open") == 0
                 and "connections left open: 0" in result.err
                 and not any(rec["left_open"] for rec in watch.probes(result))),
       f"{name}: exit status {result.rc}, {len(watch.probes(result))} records, a summary",
       lambda: str(result))
    return result


# --- ends of life ---

def test_normal(client, host, rules):
    result = check_stopped(watch.Run(client, OPTIONS, everything(host)), "by itself")
    ok(not watch.summary(result).get("interrupted")
       and len(watch.probes(result)) == len(PORTS) * 2, "by itself: a record for each target",
       lambda: str(result))
    check_clean(client, host, rules, "by itself")


def interrupt(client, host, delays, number):
    """So many runs beside each other, each with its signal after its delay; their ends."""
    begin = time.monotonic()
    runs = [(begin + delay, watch.Run(client, OPTIONS, everything(host))) for delay in delays]
    waiting = sorted(runs, key=lambda pair: pair[0])
    for moment, run in waiting:
        time.sleep(max(0, moment - time.monotonic()))
        run.signal(number)
    return [run for _, run in runs]


def test_interrupts(client, host, rules):
    dice = random.Random(SEED)
    phases = set()
    for batch in range(INTERRUPTS // AT_ONCE):
        delays = [dice.uniform(0.01, LONGEST_S) for _ in range(AT_ONCE)]
        for run, delay in zip(interrupt(client, host, delays, signal.SIGINT), delays):
            result = check_stopped(run, f"SIGINT after {delay:.3f} s")
            phases |= {rec["final_state"] for rec in watch.probes(result)
                       if rec["error"] == "stopped before its end"}
        check_clean(client, host, rules, f"SIGINT, {AT_ONCE} runs, batch {batch + 1}")
    lab.note("stopped in " + ", ".join(sorted(map(str, phases))))
    ok({"SYN-SENT", "ESTABLISHED", "FIN-WAIT-2"} <= phases, "the moments hit several phases",
       sorted(map(str, phases)))


def test_other_ends(client, host, rules):
    for number in (signal.SIGTERM, signal.SIGHUP):
        for run in interrupt(client, host, [0.2, 0.5, 0.9], number):
            check_stopped(run, number.name)
        check_clean(client, host, rules, number.name)
    runs = [watch.Run(client, f"-w {limit} {OPTIONS}", everything(host))
            for limit in ("50ms", "350ms", "800ms")]
    for run in runs:
        result = check_stopped(run, "deadline")
        ok(not watch.summary(result).get("interrupted"), "a deadline is no interruption",
           lambda: str(result))
    check_clean(client, host, rules, "deadline")


def established(client, host, count, port):
    """So many connections to this port are established at the server."""
    return lab.wait_for(lambda: sum(
        sock["sport"] == port and sock["state"] == "ESTABLISHED"
        and sock["dst"] in (client.ip4, client.ip6) for sock in host.sockets()) == count, 10)


def test_twice(client, host, rules):
    """The first SIGINT waits to be sure that the resets have arrived; here it cannot be. The
    second one ends that: it would take a minute."""
    run = watch.Run(client, "--await 60s --retries 30", [watch.to(host, 7003, 4)])
    ok(established(client, host, 1, 7003), "one connection is up", host.sockets)
    host.nft("table inet deaf { chain output { type filter hook output priority 0; "
             "tcp sport 7003 drop\n }\n }\n")
    run.signal(signal.SIGINT)
    ok(lab.wait_for(lambda: not left(client, host), 5), "after SIGINT it is reset", host.sockets)
    ok(run.alive(), "but nobody says so: it asks again")
    run.signal(signal.SIGINT)
    result = check_stopped(run, "SIGINT twice")
    ok([rec["reset_confirmed"] for rec in watch.probes(result)] == [False],
       "its record says that the reset was not confirmed", lambda: str(result))
    host.nft("delete table inet deaf\n")
    check_clean(client, host, rules, "SIGINT twice")


def test_interim(client, host, rules):
    run = watch.Run(client, "--await 1s", [watch.to(host, 7001, family) for family in (4, 6)])
    ok(established(client, host, 2, 7001), "two connections are up", host.sockets)
    run.signal(signal.SIGQUIT)
    shown = lab.wait_for(lambda: "connections left open" in run.read("err"), 5)
    ok(shown and run.alive() and "0 probes" in run.read("err"),
       "SIGQUIT shows an interim summary, and the run goes on", lambda: str(run.result()))
    result = check_stopped(run, "SIGQUIT", (0,))
    ok(result.err.count("connections left open: 0") == 2 and len(watch.probes(result)) == 2
       and all(rec["as_asked"] for rec in watch.probes(result)),
       "and it ends as if nothing had been", lambda: str(result))
    check_clean(client, host, rules, "SIGQUIT")


# --- kill -9 ---

# What the manual promises of a server's connections after kill -9, by their state at that moment:
# gone soon, or (False) not promised. A half-open one is reset by our kernel when the server repeats
# its SYN-ACK after a second, since the guard went with the process; the others by the janitor, a
# process that outlives the probe for that.
PROMISED_AFTER_KILL = {"SYN-RECEIVED": True, "ESTABLISHED": True, "CLOSE-WAIT": True}
KILLED_S = 8  # about one second, and time for a busy machine
KILLS = 20


def test_killed(client, host, rules):
    runs = [watch.Run(client, "--await 60s", [watch.to(host, port, family) for family in (4, 6)
                                              for port in (HALF_OPEN, 7001)]),
            watch.Run(client, "--close-wait-limit 60s", [
                watch.to(host, 7003, family) for family in (4, 6)])]
    want = {"SYN-RECEIVED": 2, "ESTABLISHED": 2, "CLOSE-WAIT": 2}
    ready = lab.wait_for(lambda: tally(client, host) == want, 10)
    ok(ready and len(client.sockets()) == 6, "two connections in each of three states, and guards",
       lambda: [tally(client, host), client.sockets()])
    for run in runs:
        run.kill()
    ok(lab.wait_for(lambda: not client.sockets(), 5), "kill -9: the guards go with the process",
       client.sockets)
    ok(client.run(["nft", "list", "ruleset"]).stdout == rules, "kill -9: no rule is left")
    for state, promised in PROMISED_AFTER_KILL.items():
        if promised:
            ok(lab.wait_for(lambda: state not in tally(client, host), KILLED_S, 0.05),
               f"kill -9: {state} is gone soon", lambda: tally(client, host))
        else:
            lab.note(f"kill -9: not promised: {state}: {tally(client, host).get(state, 0)} left")


def test_kills(client, host, rules):
    """At random moments, too: what was in the middle of something is the hard part."""
    dice = random.Random(SEED)
    for batch in range(KILLS // AT_ONCE):
        delays = [dice.uniform(0.01, 1.0) for _ in range(AT_ONCE)]
        for run in interrupt(client, host, delays, signal.SIGKILL):
            run.finish(10)
        ok(lab.wait_for(lambda: not left(client, host), KILLED_S, 0.05),
           f"kill -9, {AT_ONCE} runs, batch {batch + 1}: nothing at the server",
           lambda: left(client, host))
        check_clean(client, host, rules, f"kill -9, batch {batch + 1}")
    ok(lab.wait_for(lambda: not processes(client), 5), "kill -9: no process is left",
       lambda: processes(client))


def processes(client):
    """Those in the client's namespace: the tool, and what it started."""
    return [pid for pid in sandbox.descendants() if sandbox.net_id(pid) == client.net_id]


def tally(client, host):
    """{state: number} of the client's connections at the server."""
    states = [sock["state"] for sock in left(client, host)]
    return {state: states.count(state) for state in set(states)}


def main():
    lab.enter(170)
    with lab.Lab() as net:
        client, host = net.pair()
        host.peer(*MODES)
        host.nft(RULES)
        # a rule that must survive, and be the only one
        client.nft("table inet mine { chain c { type filter hook output priority 0; "
                   "tcp dport 9 drop\n }\n }\n")
        rules = client.run(["nft", "list", "ruleset"]).stdout
        test_normal(client, host, rules)
        test_interrupts(client, host, rules)
        test_other_ends(client, host, rules)
        test_twice(client, host, rules)
        test_interim(client, host, rules)
        test_killed(client, host, rules)
        test_kills(client, host, rules)
    lab.done()


main()
