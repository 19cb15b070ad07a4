# SPDX-License-Identifier: BSD-2-Clause
"""Rows of R1 .. R13: validation of RST, SYN and ACK. See faults.py."""
from faults import Row

ROWS = [
    Row("R1", "rogue:echo+rst-ignored", "FAIL", seen="alive"),
    Row("R1", "peer:echo", "PASS"),
    Row("R1", "peer:never", "PASS"),
    Row("R1", "rogue:echo", "PASS", family=6),

    Row("R2", "rogue:echo+rst-793", "PASS-MAY", seen="793"),
    Row("R2", "rogue:echo+no-challenge", "WARN", seen="no challenge"),
    Row("R2", "peer:echo", "PASS"),

    Row("R3", "rogue:echo+rst-anywhere", "FAIL"),
    Row("R3", "rogue:echo+rst-outside-acked", "WARN"),
    Row("R3", "peer:echo", "PASS"),

    Row("R4", "rogue:echo+rst-wants-right-ack", "PASS-MAY"),
    Row("R4", "peer:echo", "PASS", seen="does not matter"),

    Row("R5", "rogue:echo+syn-gets-synack", "FAIL", seen="SYN,ACK"),
    Row("R5", "rogue:echo+syn-anywhere-resets", "FAIL", seen="outside"),
    Row("R5", "rogue:echo+syn-793", "PASS-MAY", seen="793"),
    Row("R5", "rogue:echo+no-challenge", "WARN"),
    Row("R5", "peer:echo", "PASS"),
    Row("R5", "peer:defer", "PASS"),

    Row("R6", "rogue:echo+syn-fin-is-fin", "FAIL"),
    Row("R6", "rogue:echo+syn-rst-is-syn", "WARN"),
    Row("R6", "rogue:echo+syn-rst-dropped", "HARDENED"),
    Row("R6", "rogue:echo+syn-793", "PASS-MAY"),
    Row("R6", "peer:echo", "PASS"),

    Row("R7", "rogue:echo+ack-too-new-taken", "FAIL", seen="was taken"),
    Row("R7", "rogue:echo+ack-too-new-acked-and-taken", "FAIL", seen="was taken"),
    Row("R7", "rogue:echo+ack-too-new-resets", "FAIL", seen="ended"),
    Row("R7", "rogue:echo+ack-too-new-dropped", "WARN"),
    Row("R7", "peer:echo", "PASS"),

    Row("R8", "rogue:echo+ack-too-old-resets", "FAIL", seen="ended"),
    Row("R8", "rogue:echo+ack-too-old-taken", "PASS-MAY", seen="793"),
    Row("R8", "peer:echo", "PASS"),

    Row("R9", "rogue:echo+no-ack-flag-taken", "FAIL", seen="taken without"),
    Row("R9", "rogue:echo+no-ack-flag-resets", "FAIL", seen="ended"),
    Row("R9", "rogue:echo+no-ack-flag-acked", "WARN"),
    Row("R9", "peer:echo", "PASS"),

    Row("R10", "rogue:echo+outside-acked-as-taken", "FAIL", seen="taken"),
    Row("R10", "rogue:echo+outside-resets", "FAIL", seen="ended"),
    Row("R10", "rogue:echo+outside-dropped", "WARN"),
    Row("R10", "rogue:echo+keepalive-dropped", "WARN", seen="no ACK to keepalive"),
    Row("R10", "peer:echo", "PASS"),

    Row("R11", "kernel:tcp_invalid_ratelimit=0;peer:echo", "WARN", seen="no limit"),
    Row("R11", "kernel:tcp_challenge_ack_limit=10;peer:echo", "WARN", seen="share"),
    Row("R11", "rogue:echo+challenges-without-limit", "WARN", seen="no limit"),
    Row("R11", "rogue:echo+no-challenge", "SKIP"),
    Row("R11", "peer:echo", "PASS", seen="1 of 10"),

    Row("R12", "rogue:echo+bad-checksum-taken", "FAIL"),
    Row("R12", "peer:echo", "PASS"),

    Row("R13", "rogue:answer-close+rst-ignored-when-closing", "FAIL", seen="not ended"),
    Row("R13", "rogue:answer-close", "PASS", seen="TIME-WAIT"),
    Row("R13", "peer:answer-close", "PASS", seen="FIN-WAIT-2: gone"),
    Row("R13", "peer:echo", "PASS", seen="LAST-ACK: gone"),
    Row("R13", "peer:never", "PASS", seen="CLOSE-WAIT: gone"),
    Row("R13", "kernel:tcp_rfc1337=1;peer:answer-close", "PASS", seen="TIME-WAIT: alive"),
]
