# SPDX-License-Identifier: BSD-2-Clause
"""Rows of N1 .. N12: negotiation, cookies, odd SYNs, initial sequence numbers. See faults.py."""
import path_faults
from faults import Row


def everywhere(name, rules):
    """A fault of the path that does not ask for the port, at an address of its own."""
    def install(path, port):
        ip4, ip6 = path.address()
        lines = [f"{net} daddr {ip} {rule}" for rule in rules
                 for net, ip in (("ip", ip4), ("ip6", ip6))]
        path.chain(f"f{port}", "type filter hook forward priority 0;", *lines)
        return ip4, ip6, port
    path_faults.path_fault(name)(install)


everywhere("unknown-options-nowhere", [f"{path_faults.SYN} tcp option @{kind},0,8 {kind} drop"
                                       for kind in (34, 200, 253)])
everywhere("reserved-nowhere", ["tcp flags & syn == syn @th,100,3 != 0 drop"])

ROWS = [
    Row("N1", "rogue:echo+mss-ignored", "FAIL", seen="1460"),
    Row("N1", "rogue:big+mss-ignored,size=600", "FAIL", family=6, seen="536 were allowed"),
    Row("N1", "rogue:echo+no-mss", "WARN"),
    Row("N1", "rogue:echo+mss-floor", "HARDENED", seen="segments of up to 216"),
    Row("N1", "rogue:echo+mss-zero-dropped,silent=1", "FAIL", seen="silence"),
    Row("N1", "rogue:echo+mss-zero-dropped", "FAIL", seen="RST"),
    Row("N1", "rogue:echo", "PASS", seen="segments of up to 48"),
    Row("N1", "peer:close", "PASS", seen="no request"),
    Row("N1", "peer:answer", "PASS"),

    Row("N2", "rogue:echo+wscale-unasked", "FAIL", seen="had none"),
    Row("N2", "rogue:echo+wscale-too-large", "FAIL", seen="14 is the most"),
    Row("N2", "rogue:echo+wscale-literal", "FAIL", seen="255"),
    Row("N2", "rogue:echo+no-options", "PASS-MAY"),
    Row("N2", "kernel:tcp_window_scaling=0;peer:echo", "PASS-MAY"),
    Row("N2", "peer:echo", "PASS", seen="255: a request is answered"),
    Row("N2", "peer:answer", "PASS", family=6),

    Row("N3", "rogue:echo+sack-unasked", "FAIL", seen="had none"),
    Row("N3", "rogue:echo+sack-late", "FAIL", seen="after the SYN"),
    Row("N3", "rogue:echo+sack-wrong", "FAIL", seen="meets SACK 10:17"),
    Row("N3", "rogue:echo+sack-never", "WARN"),
    Row("N3", "path:sack-blocks-stripped", "WARN|PATH"),
    Row("N3", "kernel:tcp_sack=0;peer:echo", "PASS-MAY"),
    Row("N3", "peer:echo", "PASS", seen="11:17"),
    Row("N3", "peer:close", "PASS", family=6),

    Row("N4", "rogue:echo+ts-unasked", "FAIL", seen="had none"),
    Row("N4", "rogue:echo+ts-echo-wrong", "FAIL", seen="TSecr"),
    Row("N4", "rogue:echo+ts-synack-only", "FAIL", seen="without timestamps"),
    Row("N4", "path:ts-stripped-later", "FAIL|PATH", seen="without timestamps"),
    Row("N4", "rogue:echo+ts-rate,hz=-1000", "FAIL", seen="went back"),
    Row("N4", "rogue:echo+no-paws", "FAIL", seen="was taken"),
    Row("N4", "rogue:echo+ts-missing-aborts", "FAIL", seen="aborted"),
    Row("N4", "rogue:echo+ts-rate,hz=1000000", "WARN"),
    Row("N4", "rogue:echo+ts-rate,hz=0", "WARN", seen="0 ticks"),
    Row("N4", "rogue:echo+paws-silent", "WARN", seen="no ACK"),
    Row("N4", "kernel:tcp_timestamps=0;peer:echo", "PASS-MAY"),
    Row("N4", "rogue:echo", "PASS", seen="dropped"),
    Row("N4", "peer:echo", "PASS", seen="ticks per second; without timestamps accepted"),
    Row("N4", "peer:answer", "PASS", family=6),

    Row("N5", "path:ecn-syn-dropped", "PATH", seen="silence"),
    Row("N5", "path:ecn-syn-reset", "PATH", seen="RST"),
    Row("N5", "rogue:echo+ecn-refused", "PATH"),
    Row("N5", "rogue:echo+ecn,always=1", "FAIL"),
    Row("N5", "rogue:echo+ecn-reflected", "WARN", seen="reflects"),
    Row("N5", "path:ecn-synack-reflected", "FAIL|WARN"),
    Row("N5", "rogue:echo+ecn,ect=2", "PASS-MAY", seen="ECT 2"),
    Row("N5", "kernel:tcp_ecn=0;peer:echo", "PASS", seen="no ECN", differs=True),
    Row("N5", "peer:echo", "PASS", seen="SE.: ECN"),
    Row("N5", "peer:echo", "PASS", family=6),

    Row("N6", "path:accecn-syn-dropped", "PATH", seen="silence"),
    Row("N6", "rogue:echo+accecn-refused", "PATH", seen="RST"),
    Row("N6", "rogue:echo+ecn-reflected", "WARN", seen="111"),
    Row("N6", "rogue:echo+accecn", "PASS", seen="AccECN", differs=True),
    Row("N6", "kernel:tcp_ecn=0;peer:echo", "PASS", seen="no ECN"),
    Row("N6", "peer:echo", "PASS", seen="classic ECN"),

    Row("N7", "rogue:echo+tfo,cookie=7", "FAIL", seen="7 octets"),
    Row("N7", "rogue:echo+tfo-refused,silent=1", "FAIL", seen="silence"),
    Row("N7", "path:fastopen-dropped", "FAIL"),
    Row("N7", "path:unknown-options-nowhere", "PATH", seen="so does the closed port"),
    Row("N7", "rogue:echo+tfo,any=1", "WARN", seen="not good"),
    Row("N7", "rogue:echo+tfo,none=1", "PASS-MAY"),
    Row("N7", "rogue:echo+tfo", "PASS", seen="cookie of 8 octets"),
    Row("N7", "kernel:tcp_fastopen=3;peer:echo,fastopen=64", "PASS", seen="taken with it"),
    Row("N7", "peer:echo", "PASS", seen="no cookie"),

    Row("N8", "rogue:echo+iss-cookie,again=1", "INCONCLUSIVE", seen="sent again"),
    Row("N8", "rogue:echo+iss-cookie", "PASS", seen="open-cookie", differs=True),
    Row("N8", "kernel:tcp_syncookies=2;peer:echo", "PASS", seen="open-cookie"),
    Row("N8", "path:synproxy", "PASS", seen="open-cookie"),
    Row("N8", "rogue:echo", "PASS", seen="no cookie"),

    Row("N8-pressure", "rogue:echo+backlog,size=16", "WARN", seen="silence"),
    Row("N8-pressure", "kernel:tcp_syncookies=0;peer:never,backlog=8", "WARN", seen="silence"),
    Row("N8-pressure", "kernel:tcp_syncookies=1;peer:echo,backlog=8", "PASS",
        seen="open-cookie: a second SYN under pressure"),
    Row("N8-pressure", "rogue:echo+iss-cookie", "PASS", seen="open-cookie"),
    Row("N8-pressure", "rogue:echo", "PASS", seen="no cookie under pressure"),
    Row("N8-pressure", "closed", "ERROR"),

    Row("N9", "rogue:echo+unknown-refused,silent=1", "FAIL", seen="silence"),
    Row("N9", "path:odd-options-dropped", "FAIL"),
    Row("N9", "path:unknown-options-nowhere", "PATH", seen="so does the closed port"),
    Row("N9", "rogue:echo+unknown-refused", "WARN", seen="RST"),
    Row("N9", "rogue:echo+malformed-refused,silent=1", "WARN", seen="length 0"),
    Row("N9", "rogue:echo+malformed-refused", "PASS", seen="RST for length 0"),
    Row("N9", "peer:echo", "PASS", seen="always a SYN-ACK; MD5 signature: silence"),
    Row("N9", "peer:close", "PASS", family=6),

    Row("N10", "rogue:echo+reserved-dropped", "FAIL", seen="silence"),
    Row("N10", "rogue:echo+reserved-refused", "FAIL", seen="RST"),
    Row("N10", "rogue:echo+reserved-dropped-later", "FAIL", seen="no ACK"),
    Row("N10", "path:reserved-dropped", "FAIL"),
    Row("N10", "path:reserved-nowhere", "PATH", seen="so does the closed port"),
    Row("N10", "rogue:echo+reserved-echoed", "WARN", seen="7 in the SYN-ACK"),
    Row("N10", "rogue:echo+reserved-echoed,later=1", "WARN", seen="7 in an ACK"),
    Row("N10", "peer:echo", "PASS"),
    Row("N10", "peer:echo", "PASS", family=6),

    Row("N11", "rogue:echo+iss-constant", "FAIL", seen="same step, 0"),
    Row("N11", "rogue:echo+iss-step", "FAIL", seen="same step, 64000"),
    Row("N11", "rogue:echo+iss-clock", "FAIL", seen="can be guessed"),
    Row("N11", "rogue:echo+iss-random", "WARN", seen="goes back"),
    Row("N11", "rogue:echo+iss-coarse", "WARN", seen="29 steps 256"),
    Row("N11", "rogue:echo+iss-cookie", "PASS", seen="as cookies do"),
    Row("N11", "peer:echo", "PASS", seen="15.6"),
    Row("N11", "peer:echo", "PASS", family=6),

    Row("N12", "path:ttl-of-fin", "PATH", seen="FIN TTL 200"),
    Row("N12", "rogue:echo+ttl-later,on=data", "PATH", seen="data TTL 57"),
    Row("N12", "peer:echo", "PASS", seen="SYN-ACK TTL 64 ID 0 DF"),
    Row("N12", "peer:never", "PASS", family=6),
]
