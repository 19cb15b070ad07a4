# SPDX-License-Identifier: BSD-2-Clause
"""Planted faults of the handshake: who serves, and what H1 .. H14 must say of it. See faults.py."""
from faults import Row

ROWS = [
    Row("H1", "peer:echo", "PASS", seen="ack c+1"),
    Row("H1", "peer:echo", "PASS", family=6, seen="ack c+1"),
    Row("H1", "rogue:echo+synack-acks-too-much", "FAIL", seen="ack c+2, not c+1"),

    Row("H2", "peer:echo", "PASS", seen="same ISS"),
    Row("H2", "rogue:echo", "PASS", seen="same ISS"),
    Row("H2", "rogue:echo+new-iss-on-repeated-syn", "FAIL", seen="another ISS"),
    Row("H2", "rogue:echo+rst-on-repeated-syn", "FAIL", seen="RST"),

    Row("H3", "kernel:tcp_synack_retries=2;peer:echo", "PASS", seen="2 repeats after 1."),
    Row("H3", "rogue:echo+synack-thrice", "PASS", seen="2 repeats after 1."),
    Row("H3", "rogue:echo+synack-linear", "WARN", seen="6 repeats"),
    Row("H3", "rogue:echo+synack-hasty", "WARN", seen="0.3"),
    Row("H3", "rogue:echo+synack-once", "WARN", seen="not repeated"),
    Row("H3", "rogue:echo+synack-once+synack-window-zero", "PATH", seen="window 0"),

    Row("H4", "peer:echo", "PASS", seen="ack s+100001: R, then taken"),
    Row("H4", "peer:close", "PASS", family=6),
    Row("H4", "rogue:echo+wrong-third-ack-rst-ack", "WARN", seen="R., then taken"),
    Row("H4", "rogue:echo+wrong-third-ack-silent", "WARN", seen="no answer"),
    Row("H4", "rogue:echo+wrong-third-ack-own-seq", "FAIL", seen="RST with seq s+1"),
    Row("H4", "rogue:echo+wrong-third-ack-ends", "FAIL", seen="met RST"),
    Row("H4", "rogue:echo+any-third-ack", "FAIL", seen="ack s+100001: accepted"),
    Row("H4", "rogue:echo+any-third-ack,up_to=4", "HARDENED", seen="ack s+2: accepted"),
    Row("H4", "rogue:echo+wrong-third-ack-silent+synack-window-zero", "PATH", seen="SYN proxy"),

    Row("H5", "peer:echo", "PASS", seen="still SYN-RECEIVED"),
    Row("H5", "rogue:echo", "PASS"),
    Row("H5", "rogue:echo+third-ack-in-order-only", "WARN", seen="not taken"),
    Row("H5", "rogue:echo+old-third-ack-silent", "WARN", seen="no ACK in answer"),
    Row("H5", "rogue:echo+old-third-ack-rst", "FAIL", seen="outside: RST"),
    Row("H5", "rogue:echo+third-ack-from-anywhere", "FAIL", seen="ESTABLISHED"),

    Row("H6", "rogue:echo", "PASS", seen="in the window: silence, then SYN-ACK"),
    Row("H6", "peer:echo", "HARDENED", seen="in the window: RST, then SYN-ACK"),
    Row("H6", "rogue:echo+half-open-rst-on-syn", "HARDENED"),
    Row("H6", "rogue:echo+half-open-new-synack", "PASS", seen="window: SYN-ACK"),
    Row("H6", "rogue:echo+half-open-silent", "WARN", seen="out of the window: silence"),
    Row("H6", "rogue:echo+half-open-forever", "FAIL", seen="no SYN-ACK after our RST"),

    Row("H7", "peer:echo", "PASS"),
    Row("H7", "rogue:echo+synack-once", "SKIP", seen="nothing to answer", differs=True),
    Row("H7", "rogue:echo+bare-ack-ignored", "INCONCLUSIVE", seen="bare ACK", differs=True),

    Row("H8", "peer:echo", "PASS", seen=". in answer"),
    Row("H8", "rogue:echo+third-synack-silent", "WARN", seen="nothing in answer"),
    Row("H8", "rogue:echo+third-synack-rst", "FAIL", seen="RST"),

    Row("H9", "peer:echo", "PASS", seen="in the window: ACK, then SYN-ACK"),
    Row("H9", "peer:banner", "PASS", family=6),
    Row("H9", "rogue:echo+syn-established-rst", "PASS-MAY", seen="in the window: RST"),
    Row("H9", "rogue:echo+syn-established-silent", "WARN", seen="silence"),
    Row("H9", "rogue:echo+syn-replaces-connection", "FAIL", seen="window: SYN-ACK"),
    Row("H9", "rogue:echo+syn-established-no-rst-heeded", "FAIL", seen="no SYN-ACK after our RST"),

    Row("H10", "peer:echo", "PASS", seen="ack c+1, data answered"),
    Row("H10", "rogue:echo+syn-data-kept", "PASS", seen="ack c+12, data answered"),
    Row("H10", "rogue:echo+syn-data-lost", "FAIL", seen="never answered"),
    Row("H10", "rogue:echo+syn-data-at-once", "FAIL", seen="before our ACK"),
    Row("H10", "rogue:echo+syn-data-twice", "FAIL", seen="22 octets, not 11"),
    Row("H10", "rogue:echo+syn-data-half-acked", "FAIL", seen="ack c+2"),
    Row("H10", "rogue:echo+syn-data-dropped", "PATH", seen="no answer"),
    Row("H10", "rogue:echo+syn-data-rst", "PATH", seen="RST"),
    Row("H10", "path:syn-data-dropped;peer:echo", "PATH", seen="no answer"),
    Row("H10", "rogue:echo closed:syn-data-ack-of-syn-only", "FAIL", seen="closed port: RST"),

    Row("H11", "peer:echo", "PASS", seen="client-first"),
    Row("H11", "peer:banner", "PASS", seen="server-first", differs=True),
    Row("H11", "peer:close-at-accept", "APP", seen="FIN without data"),

    Row("H12", "peer:echo", "PASS", seen="taken"),
    Row("H12", "rogue:close+third-data-rst", "FAIL", seen="data in the third segment: RST"),
    Row("H12", "rogue:close+third-fin-rst", "FAIL", seen="FIN in the third segment: RST"),
    Row("H12", "rogue:close+third-data-ignored", "FAIL", seen="data in the third segment: not"),
    Row("H12", "rogue:close+third-fin-ignored", "FAIL", seen="FIN in the third segment: not"),

    Row("H13", "peer:echo", "PASS"),
    Row("H13", "peer:defer", "APP", seen="deferred-accept"),
    Row("H13", "rogue:echo+bare-ack-ignored", "APP", seen="deferred-accept"),
    Row("H13", "rogue:echo+never-established", "APP", seen="accept-dropped"),

    Row("H14", "peer:echo", "PASS", seen="open: S., R, nothing; to closed: R., R, R."),
    Row("H14", "rogue:echo+listen-refuses-odd", "PASS", seen="open: S., R, R.;", differs=True),
]
