# SPDX-License-Identifier: BSD-2-Clause
"""Rows of M1 .. M9: devices on the path. See faults.py."""
import path_faults
from faults import Row


@path_faults.path_fault("closed-ports-prohibited")
def closed_ports_prohibited(path, port):
    """Of an address of its own, the router says of all ports but this one that it may not."""
    ip4, ip6 = path.address()
    path.chain(f"f{port}", "type filter hook forward priority 0;",
               f"ip daddr {ip4} tcp dport != {port} reject with icmpx type admin-prohibited",
               f"ip6 daddr {ip6} tcp dport != {port} reject with icmpx type admin-prohibited")
    return ip4, ip6, port


ROWS = [
    Row("M1", "path:ttl-after-synack", "PATH", seen="TTL 63 in the SYN-ACK, 40"),
    Row("M1", "rogue:echo+ttl-later,on=data", "PATH", seen="57"),
    Row("M1", "rogue:echo+far-behind", "PATH", seen="later 5"),
    Row("M1", "peer:echo", "PASS"),
    Row("M1", "peer:close", "PASS", family=6),

    Row("M2", "path:synproxy", "PATH", seen="a SYN proxy"),
    Row("M2", "rogue:echo+proxy", "PATH"),
    Row("M2", "rogue:echo+proxy,silent=1", "WARN|INCONCLUSIVE", seen="never opens"),
    Row("M2", "kernel:tcp_syncookies=2;peer:echo", "PASS"),
    Row("M2", "peer:banner", "PASS"),
    Row("M2", "peer:echo", "PASS", family=6),

    Row("M3", "rogue:accept-then-drop", "PATH", app="http", seen="3.0"),
    Row("M3", "rogue:accept-then-drop,vary=0.6", "APP", app="http", seen="not a fixed time"),
    Row("M3", "peer:close-at-accept", "APP", app="http"),
    Row("M3", "peer:echo", "PASS"),
    Row("M3", "peer:never", "SKIP", app="http", seen="the request arrived"),
    Row("M3", "peer:answer", "PASS", family=6),

    Row("M4", "path:every-port-answers", "PATH", seen="data at"),
    Row("M4", "path:every-port-answers-proxy", "PATH", seen="wildcard"),
    Row("M4", "rogue:echo closed:opens", "PATH", seen="mute"),
    Row("M4", "rogue:echo closed:opens,data=reset", "PATH", seen="reset"),
    Row("M4", "rogue:echo closed:closed-silent", "PASS", seen="silence"),
    Row("M4", "peer:echo", "PASS", seen="RST"),
    Row("M4", "peer:echo", "PASS", family=6),

    Row("M5", "path:payload-reset", "PATH", seen="TTL 64; of the SYN-ACK 63"),
    Row("M5", "path:payload-dropped", "PATH", seen="never acknowledged"),
    Row("M5", "path:payload-reset", "PATH", family=6),
    Row("M5", "rogue:echo+data-eaten", "PATH|FAIL"),
    Row("M5", "rogue:echo+data-eaten,rst=1", "PATH"),
    Row("M5", "rogue:echo+data-eaten,rst=2", "APP"),
    Row("M5", "peer:linger-unread", "APP|PASS"),
    Row("M5", "peer:echo", "PASS"),

    Row("M6", "path:sack-stripped-of-synack", "PATH", seen="SACK"),
    Row("M6", "path:wscale-stripped-of-synack", "PATH", seen="becomes"),
    Row("M6", "path:ts-stripped-of-synack", "PATH", seen="timestamps"),
    Row("M6", "rogue:echo+ts-missing-accepted+stripped,what=ts", "PATH", seen="not in the SYN-ACK"),
    Row("M6", "rogue:echo+stripped,what=sack", "PATH"),
    Row("M6", "rogue:echo+stripped,what=wscale", "PATH"),
    Row("M6", "rogue:echo+ts-missing-accepted+window-tells", "PATH", seen="window 63128"),
    Row("M6", "rogue:big+half-cut,own=536", "PATH", seen="that MSS was lowered"),
    Row("M6", "rogue:big", "PASS", seen="segments of 1460"),
    Row("M6", "kernel:tcp_timestamps=0;peer:echo", "PASS", seen="nothing says"),
    Row("M6", "rogue:echo+no-options", "PASS", seen="nothing says"),
    Row("M6", "peer:echo", "PASS", seen="all that was offered"),
    Row("M6", "peer:answer", "PASS", family=6),

    Row("M7", "path:ecn-syn-dropped", "PATH", seen="silence"),
    Row("M7", "path:reserved-dropped", "PATH"),
    Row("M7", "rogue:echo+accecn-refused", "PATH", seen="RST"),
    Row("M7", "peer:echo", "PASS"),

    Row("M8", "path:closed-ports-rejected", "PATH", seen="RST with TTL 64"),
    Row("M8", "path:closed-ports-prohibited", "PATH", seen="ICMP 3/13 from 10."),
    Row("M8", "path:closed-ports-prohibited", "PATH", seen="ICMP 1/1 from fd00:", family=6),
    Row("M8", "rogue:echo closed:closed-ttl", "PATH", seen="TTL 61"),
    Row("M8", "path:closed-ports-dropped", "PASS", seen="silence"),
    Row("M8", "peer:echo", "PASS", seen="RST with TTL 64, SYN-ACK with 64"),
    Row("M8", "peer:echo", "PASS", family=6),

    Row("M9", "path:fin-to-server-dropped", "PATH|INCONCLUSIVE", seen="never acknowledged"),
    Row("M9", "rogue:echo+fin-eaten", "PATH|INCONCLUSIVE", seen="never acknowledged"),
    Row("M9", "path:idle-expires", "PATH", seen="forgot"),
    Row("M9", "peer:idle-close,after=20s", "PASS", seen="closed before"),
    Row("M9", "peer:echo", "PASS", seen="after 300 s"),
]
