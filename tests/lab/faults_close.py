# SPDX-License-Identifier: BSD-2-Clause
"""Rows of C1 .. C12: closes that the client begins. See faults.py."""
from faults import Row

ROWS = [
    Row("C1", "peer:close", "PASS", seen="-segment"),
    Row("C1", "peer:close-late,after=300ms", "PASS", seen="four-segment"),
    Row("C1", "peer:data-then-fin", "PASS", seen="data-then-fin"),
    Row("C1", "peer:close", "PASS", family=6),
    Row("C1", "peer:never", "APP", seen="did not close within 10 s"),
    Row("C1", "peer:reset-on-fin", "APP", seen="reset-abort"),
    Row("C1", "peer:close-at-accept", "INCONCLUSIVE", seen="server-first"),
    Row("C1", "rogue:close+gone-at-fin", "WARN", seen="reset-gone"),
    Row("C1", "rogue:close+fin-acked-late", "FAIL", seen="again after"),
    Row("C1", "rogue:close+mute-after-fin", "FAIL", seen="silent"),
    Row("C1", "rogue:never+fin-acked-when-asked", "FAIL", seen="not acknowledged unless"),
    Row("C1", "path:fin-to-server-dropped", "PATH", app="none", seen="eats FINs"),

    Row("C2", "peer:close", "PASS"),
    Row("C2", "peer:never", "APP", seen="held-open"),
    Row("C2", "rogue:close+third-fin-ignored", "FAIL", seen="never acknowledged"),

    Row("C3", "peer:answer", "PASS", seen="octets"),
    Row("C3", "nginx", "PASS", seen="part of one, FIN: no answer"),
    Row("C3", "apache", "PASS"),
    Row("C3", "rogue:http+answer-dies-with-fin", "APP", seen="does not answer"),
    Row("C3", "rogue:echo-never", "APP", seen="held-open"),
    Row("C3", "rogue:http+gone-at-fin", "WARN", seen="reset-gone"),
    Row("C3", "rogue:http+mute-after-fin", "FAIL", seen="silent"),

    Row("C4", "peer:close", "PASS"),
    Row("C4", "peer:never", "PASS"),
    Row("C4", "peer:reset-on-fin", "APP"),
    Row("C4", "rogue:never+text-after-fin-reset", "WARN"),
    Row("C4", "rogue:never+text-after-fin-acked", "FAIL"),

    Row("C5", "peer:close", "PASS"),
    Row("C5", "peer:never", "PASS", family=6),
    Row("C5", "peer:reset-on-fin", "APP"),
    Row("C5", "rogue:close+repeated-fin-ignored", "FAIL"),

    Row("C6", "peer:close", "PASS"),
    Row("C6", "peer:never", "PASS", family=6),
    Row("C6", "rogue:close+out-of-order-dropped", "WARN", seen="not kept"),
    Row("C6", "rogue:close+out-of-order-unanswered", "WARN", seen="no duplicate ACK"),
    Row("C6", "rogue:close+early-fin-taken", "FAIL", seen="missing"),
    Row("C6", "rogue:close+old-fin-taken", "FAIL", seen="before RCV.NXT"),
    Row("C6", "rogue:close+repeated-fin-ignored", "WARN", seen="no ACK"),

    Row("C7", "peer:close", "PASS", seen="10 copies"),
    Row("C7", "peer:data-then-fin", "PASS", seen="copies"),
    Row("C7", "peer:never", "APP", seen="held-open"),
    Row("C7", "kernel:tcp_orphan_retries=2;peer:close", "WARN", seen="SHLD-11"),
    Row("C7", "rogue:close+fin-hasty", "WARN", seen="with a RST"),
    Row("C7", "rogue:close+fin-linear", "WARN", seen="do not double"),
    Row("C7", "rogue:close+fin-once", "FAIL", seen="never repeated"),

    Row("C8", "peer:close", "PASS", seen="gone"),
    Row("C8", "peer:data-then-fin", "PASS", family=6),
    Row("C8", "peer:never", "APP"),
    Row("C8", "rogue:close+closed-and-silent", "WARN", seen="silence"),
    Row("C8", "rogue:close+kept-after-close", "WARN", seen="kept the connection"),
    Row("C8", "rogue:close+gone-rst-with-ack", "WARN", seen="a bare RST"),

    Row("C9", "peer:answer,size=3000", "PASS", seen="3041"),
    Row("C9", "peer:close", "PASS"),
    Row("C9", "peer:never", "APP"),
    Row("C9", "rogue:http+fin-needs-window", "FAIL", seen="silent"),

    Row("C10", "peer:linger-unread,after=100ms", "PASS", seen="not read"),
    Row("C10", "peer:never", "SKIP"),
    Row("C10", "rogue:close-at", "PASS", seen="had read all"),
    Row("C10", "rogue:close-at+unread-hidden", "WARN", seen="unread"),

    Row("C11", "peer:close", "PASS", seen="no RST"),
    Row("C11", "peer:reset-on-fin", "APP", seen="aborted"),
    Row("C11", "rogue:close+gone-at-fin", "WARN", seen="had just answered"),
    Row("C11", "rogue:reset-on-fin+reset-misplaced", "FAIL", seen="must not believe"),

    Row("C12", "peer:answer,size=20000", "PASS", seen="octets at once"),
    Row("C12", "rogue:big", "PASS", family=6),
    Row("C12", "rogue:big+window-ignored", "WARN", seen="a window of zero"),
    Row("C12", "rogue:big+no-window-probes", "FAIL", seen="were waiting"),
    Row("C12", "rogue:big+fin-needs-window", "FAIL", seen="not acknowledged"),
]
