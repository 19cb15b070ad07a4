# SPDX-License-Identifier: BSD-2-Clause
"""Rows of P1 .. P10: closes that the server begins, and what it keeps afterwards. See faults.py."""
from faults import Row

# 60 s, and up to 2 more: at HZ=250 such a timer is kept to 2,048 ms, rounded up.
LINUX_MINUTE = ("held for 59", "held for 62")
NO_TIME_WAIT = "kernel:tcp_max_tw_buckets=0;peer:answer-close"

ROWS = [
    Row("P1", "peer:answer-close", "PASS", seen="server-first"),
    Row("P1", "nginx", "PASS", family=6),
    Row("P1", "peer:never", "SKIP"),
    Row("P1", "rogue:answer-close+reset-acks-nothing", "PASS"),
    Row("P1", "rogue:reset-after-request", "APP", app="http", seen="server-reset"),
    Row("P1", "rogue:answer-close+fin-wait-2-short", "WARN", seen="not kept"),
    Row("P1", NO_TIME_WAIT, "WARN|APP"),
    Row("P1", "rogue:answer-close+fin-wait-2-mute", "FAIL", seen="never acknowledged"),

    Row("P2", "peer:idle-close,after=2s", "PASS", seen="after 2.0 s"),
    Row("P2", "peer:never", "PASS", seen="still open"),
    Row("P2", "redis,timeout_s=2", "PASS", seen="server-first"),
    Row("P2", "rogue:idle-reset", "APP", seen="server-reset"),
    Row("P2", "rogue:close+idle-forgotten", "WARN", seen="met a RST"),
    Row("P2", "rogue:close+idle-mute", "WARN", seen="silent"),

    Row("P3", "apache", "PASS", seen="after a response: F."),
    Row("P3", "peer:answer", "PASS", seen="still open"),
    Row("P3", "python-http", "PASS", seen="after a response: "),
    Row("P3", "rogue:http-idle-reset", "APP", app="http", seen="server-reset"),
    Row("P3", "rogue:http+idle-forgotten", "WARN", seen="met a RST"),

    Row("P4", "peer:answer-close", "PASS", seen="late-data-reset"),
    Row("P4", "apache", "PASS", seen="late-data-acked"),
    Row("P4", "peer:half-close", "PASS", app="http", seen="late-data-acked"),
    Row("P4", "rogue:reset-after-request", "APP", app="http"),
    Row("P4", "rogue:answer-close+late-data-ignored", "FAIL", seen="silence"),

    Row("P5", "peer:answer-close", "PASS", seen=LINUX_MINUTE),
    Row("P5", "peer:half-close", "PASS", seen="still held"),
    Row("P5", "kernel:tcp_fin_timeout=7;peer:answer-close", "PASS-MAY", seen="gone at 10"),
    Row("P5", "peer:answer-close,linger2=3", "PASS-MAY", seen="gone at"),
    # (our ACK of its FIN, and the RST that meets, may be there before the scenario looks)
    Row("P5", NO_TIME_WAIT, "WARN|APP", seen=("a slow client", "server-reset")),

    Row("P6", "peer:answer-close", "PASS", seen="10 copies"),
    Row("P6", "peer:answer-close,user-timeout=3s", "WARN", seen="SHLD-11"),
    Row("P6", "rogue:answer-close+fin-linear", "WARN", seen="do not double"),
    Row("P6", "rogue:answer-close+fin-once", "FAIL", seen="never repeated"),

    Row("P7", "peer:answer-close", "PASS", seen="time-wait-held"),
    Row("P7", "kernel:tcp_rfc1337=1;peer:answer-close", "PASS", seen="as RFC 1337 says"),
    Row("P7", "rogue:answer-close+time-wait-guessed", "PASS-MAY", seen="RFC 793"),
    Row("P7", "rogue:answer-close+time-wait-mute", "FAIL", seen="silence"),
    Row("P7", "rogue:answer-close+no-time-wait", "FAIL", seen="time-wait-gone"),
    Row("P7", NO_TIME_WAIT, "FAIL", seen="time-wait-gone"),

    Row("P7-length", "peer:answer-close", "PASS", seen=LINUX_MINUTE),
    Row("P7-length", "rogue:answer-close+time-wait-short,time_wait=6.5", "WARN", seen="gone at 10"),
    Row("P7-length", "rogue:answer-close+no-time-wait", "FAIL", seen="time-wait-gone"),

    Row("P8", "peer:answer-close", "PASS", seen="lower, newer: new"),
    Row("P8", "rogue:answer-close", "PASS", family=6),
    Row("P8", "rogue:answer-close+time-wait-numbers-only", "WARN", seen="RFC 6191"),
    Row("P8", "rogue:answer-close+time-wait-syn-reset", "WARN", seen="met a RST"),
    Row("P8", "rogue:answer-close+time-wait-syn-dropped", "WARN", seen="silence"),
    Row("P8", "rogue:answer-close+time-wait-old-iss", "FAIL", seen="not beyond"),

    Row("P9", "peer:answer-close", "PASS", seen="TIME-WAIT"),
    Row("P9", "peer:half-close", "PASS", family=6),
    Row("P9", "peer:never", "SKIP"),
    Row("P9", "rogue:answer-close+crossing-fin-ignored", "FAIL", seen="never acknowledged"),
    Row("P9", "rogue:answer-close+fin-once", "FAIL", seen="not repeated"),
    Row("P9", "rogue:answer-close+closing-forgotten", "FAIL", seen="time-wait-gone"),

    Row("P10", "peer:answer-close", "PASS"),
    Row("P10", "peer:never", "PASS"),
    Row("P10", "peer:reset-at-accept", "APP", seen="server-reset"),
    Row("P10", "rogue:reset-after-request", "APP", app="http", seen="after a request"),
    Row("P10", "rogue:reset-after-request+reset-acks-nothing", "WARN", app="http",
        seen="where 1 is due"),
]
