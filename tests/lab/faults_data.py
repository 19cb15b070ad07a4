# SPDX-License-Identifier: BSD-2-Clause
"""Rows of D1 .. D6: the data path. See faults.py."""
from faults import Row

ROWS = [
    Row("D1", "rogue:http+no-window-probes", "FAIL", seen="no probe"),
    Row("D1", "rogue:http+window-probes-linear", "WARN", seen="do not grow"),
    Row("D1", "rogue:http+window-probes-end", "WARN", seen="reset after"),
    Row("D1", "peer:answer", "PASS"),
    Row("D1", "peer:echo", "PASS", family=6),

    Row("D2", "rogue:echo+keepalive-octet-taken", "FAIL", seen="acknowledges"),
    Row("D2", "rogue:echo+outside-resets", "FAIL", seen="RST"),
    Row("D2", "rogue:echo+keepalive-dropped", "WARN", seen="without data"),
    Row("D2", "rogue:echo+outside-dropped", "WARN"),
    Row("D2", "peer:echo", "PASS"),

    Row("D3", "peer:echo,keepalive=2s", "APP", seen="after 2."),
    Row("D3", "peer:echo", "PASS", seen="no keepalive"),
    Row("D3", "peer:idle-close,after=3s", "PASS", seen="closed by the server after 3."),

    Row("D4", "rogue:http+urgent-stalls", "FAIL", seen="not acknowledged"),
    Row("D4", "rogue:http+urgent-resets", "WARN", seen="reset"),
    Row("D4", "peer:answer", "PASS"),

    Row("D5", "rogue:http+text-never-again", "FAIL", seen="never sent again"),
    Row("D5", "rogue:http+text-again-linear", "WARN", seen="do not grow"),
    Row("D5", "rogue:http+text-given-up", "WARN", seen="given up"),
    Row("D5", "rogue:http+text-reset", "APP", seen="reset after"),
    Row("D5", "kernel:tcp_retries2=3;peer:answer", "WARN", seen="given up"),
    Row("D5", "peer:answer", "PASS"),

    Row("D6", "rogue:http+text-acked-late", "FAIL", seen="500 ms"),
    Row("D6", "rogue:http+text-acked-late,delay=0.2", "PASS"),
    Row("D6", "peer:answer", "PASS"),
]
