# SPDX-License-Identifier: BSD-2-Clause
"""Bad input of scan and merge, and how they end: without it, a wide scan might start unasked, or
results that are not whole pass for whole. Part of test_usage.py, which says what LIST and the other
files have in them.
"""
from children import binary
from lab import ok

AS_ASKED, NOT_AS_ASKED, USAGE, CANNOT = 0, 1, 2, 3

# words of the command line; what the line says (a regular expression)
USAGE_ERRORS = [
    ("scan", r"scan: no target: write hosts, networks or ranges"),
    ("scan --nonsense 127.0.0.1", r"--nonsense: no such option"),
    ("scan -p 0 127.0.0.1", r"'0' is no port: write 1 to 65535"),
    ("scan -p 65536 127.0.0.1", r"'65536' is no port"),
    ("scan -p 90-80 127.0.0.1", r"'90-80': the first port is above the last"),
    ("scan -p 80,,90 127.0.0.1", r"'80,,90': a port is missing there"),
    ("scan -p nonsense 127.0.0.1", r"'nonsense' is no port: neither a number nor"),
    ("scan --ports= 127.0.0.1", r"--ports: needs a value"),
    ("scan -p 9 --top-ports 5 127.0.0.1", r"--ports, --top-ports: only one of them"),
    ("scan --top-ports 0 127.0.0.1", r"--top-ports: '0' is no number from 1 to 65535"),
    ("scan --top-ports 65536 127.0.0.1", r"--top-ports: '65536' is no number from 1 to 65535"),
    ("scan -p T:80 127.0.0.1", r"'T:80': no protocols, all is TCP"),
    ("scan -p 80 -p 90 127.0.0.1", r"--ports: given twice: write one list"),
    ("scan -p 9 --exclude-file LIST --exclude-file LIST 127.0.0.1", r"--exclude-file: given twice"),
    ("scan -sS 127.0.0.1", r"-sS: no such option: here it is --syn"),
    ("scan -T4 -p- 127.0.0.1", r"-T4: no such option: here it is --rate"),
    ("scan -qn 127.0.0.1", r"-n: no such option: addresses are never looked up"),
    ("scan --bogus h -n", r"--bogus: no such option, or an ambiguous one"),
    ("scan -Z -sS 127.0.0.1", r"-Z: no such option, or an ambiguous one"),
    ("scan --max-rate=5 -n 127.0.0.1", r"--max-rate=5: no such option: here it is --rate"),
    ("scan -p 9 -oN OUT 127.0.0.1", r"--output: nmap's -oN FILE is -o FILE here"),
    ("scan -p 9 --seed -1 127.0.0.1", r"--seed: '-1' is no number from 0 to 2\^64-1"),
    ("scan -p 9 --seed x 127.0.0.1", r"--seed: 'x' is no number"),
    ("scan -p 9 --seed 18446744073709551616 127.0.0.1", r"--seed: .* no number from 0 to"),
    ("scan -p 9 --shard 0/3 127.0.0.1", r"--shard: '0/3' is no shard: I/N, I from 1 to N, N up to"),
    ("scan -p 9 --shard 1/1000001 127.0.0.1", r"--shard: .* N up to 1000000"),
    ("scan -p 9 --shard 4/3 127.0.0.1", r"--shard: '4/3' is no shard"),
    ("scan -p 9 --shard 1 127.0.0.1", r"--shard: '1' is no shard"),
    ("scan -p 9 --shard 1/3x 127.0.0.1", r"--shard: '1/3x' is no shard"),
    ("scan -p 9 --shard auto 127.0.0.1", r"--shard: auto: neither SLURM_ARRAY_TASK_ID "),
    ("scan -p 9 --retries 8 127.0.0.1", r"--retries: '8' is no number from 0 to 7"),
    ("scan -p 9 --retries -1 127.0.0.1", r"--retries: '-1' is no number from 0 to 7"),
    ("scan -p 9 -W 0 127.0.0.1", r"--timeout: '0' is not from 1ms to 1h"),
    ("scan -p 9 -W 0ms 127.0.0.1", r"--timeout: '0ms' is not from 1ms to 1h"),
    ("scan -p 9 -W 61m 127.0.0.1", r"--timeout: '61m' is not from 1ms to 1h"),
    ("scan -p 9 -W soon 127.0.0.1", r"--timeout: 'soon' is no duration"),
    ("scan -p 9 --close-wait-limit x 127.0.0.1", r"--close-wait-limit: 'x' is no duration"),
    ("scan -p 9 --send fast 127.0.0.1", r"--send: 'fast' is none of auto, xdp, packet, raw"),
    ("scan -p 9 --close-wait-limit 0 127.0.0.1", r"--close-wait-limit: '0' is not from 1ms to 24h"),
    ("scan -p 9 --rate 0 127.0.0.1", r"--rate: '0' is no number of SYNs a second, from 1 to 100M"),
    ("scan -p 9 --rate 0.1 127.0.0.1", r"--rate: '0\.1' is no number of SYNs a second, from 1"),
    ("scan -p 9 --rate -5 127.0.0.1", r"--rate: '-5' is no number of SYNs"),
    ("scan -p 9 --rate 10x 127.0.0.1", r"--rate: '10x' is no number of SYNs"),
    ("scan -p 9 --rate 10kk 127.0.0.1", r"--rate: '10kk' is no number of SYNs"),
    ("scan -p 9 --rate 1G 127.0.0.1", r"--rate: '1G' is no number of SYNs"),
    ("scan -p 9 --rate nan 127.0.0.1", r"--rate: 'nan' is no number of SYNs"),
    ("scan -p 9 --rate 0x10 127.0.0.1", r"--rate: '0x10' is no number of SYNs"),
    ("scan -p 9 --bandwidth none 127.0.0.1", r"--bandwidth: 'none' is no number of bits a second"),
    ("scan -p 9 --bandwidth 1 127.0.0.1", r"--bandwidth: .1. is no number of bits.* from 784"),
    ("scan -p 9 --bandwidth 783 127.0.0.1", r"--bandwidth: '783' is no number of bits"),
    ("scan -p 9 --bandwidth 1001G 127.0.0.1", r"--bandwidth: '1001G' is no number of bits.*1000G"),
    ("scan -p 9 --max-per-host -1 127.0.0.1", r"--max-per-host: '-1' is no number from 0"),
    ("scan -p 9 --max-per-host 70000 127.0.0.1", r"--max-per-host: .* number from 0 to 65535"),
    ("scan -p 9 --connections 0 127.0.0.1", r"--connections: '0' is no number from 1 to 1000000"),
    ("scan -p 9 --connections 1000001 127.0.0.1", r"--connections: .* from 1 to 1000000"),
    ("scan -p 9 --max-runtime x 127.0.0.1", r"--max-runtime: 'x' is no duration"),
    ("scan -p 9 --max-runtime 0 127.0.0.1", r"--max-runtime: '0' is not from 1ms to a year"),
    ("scan -p 9 --max-results 0 127.0.0.1", r"--max-results: '0' is no number from 1"),
    ("scan -p 9 --json --csv 127.0.0.1", r"--csv: only one of --json, --csv, --list"),
    ("scan -p 9 -6 127.0.0.1", r"'127\.0\.0\.1' is IPv4: leave out -6"),
    ("scan -p 9 127.0.0.1:80", r"'127\.0\.0\.1:80': ports go to -p"),
    ("scan -p 9 10.0.0.0/33", r"'10\.0\.0\.0/33': a prefix of IPv4 has 0 to 32 bits"),
    ("scan -p 9 10.0.0.256", r"'10\.0\.0\.256': no IPv4 address and no range of them"),
    ("scan -p 9 10.0.0.9-10.0.0.1", r"'10\.0\.0\.9-10\.0\.0\.1': the first address is above"),
    ("scan -p 9 224.0.0.1", r"'224\.0\.0\.1': Multicast: TCP has no connections to it"),
    ("scan -p 9 fd00::/64", r"'fd00::/64': more than 2\^32 addresses"),
    ("scan -p 9 240.0.0.0/3", r"targets: nothing is left: all of them are special-purpose"),
    ("scan -p 9 --exclude 127.0.0.0/8 127.0.0.1", r"targets: nothing is left of them"),
    ("scan -p 9 --exclude 1.2.3 127.0.0.1", r"'1\.2\.3': no IPv4 address"),
    ("scan -p 9 " + "--exclude ::2 " * 257 + "127.0.0.1", r"--exclude: .*see --exclude-file"),
    ("scan -p 9 --exclude-file /nonexistent 127.0.0.1", r"/nonexistent: No such file"),
    ("scan -p 9 -f /nonexistent", r"/nonexistent: No such file"),
    ("scan -p 9 -f /", r"/: .*Is a directory"),
    ("scan -p 9 -f EMPTY", r"targets: none: name hosts"),
    ("scan -p 9 -f LIST", r"LIST:2: '127\.0\.0\.1:80': ports go to -p"),
    ("scan -p 9 10.0.0.0/16", r"scan: 65536 targets at 1000 a second: .* add --yes"),
    ("scan -p - 127.0.0.1", r"scan: 65535 targets at 1000 a second: .* add --yes"),
    ("scan -p 9 --rate 20k 127.0.0.1", r"scan: 1 targets? at 20000 a second: .* add --yes"),
    ("scan -p 9 --resume STATE -J 127.0.0.1", r"--resume: needs -o FILE"),
    ("scan -p 9 --resume STATE -o OUT 127.0.0.1", r"--resume: not with a table"),
    ("scan -p 9 --resume STATE -J -o STATE 127.0.0.1", r"--resume, -o: .* name two"),
    ("scan -p 9 --resume LIST -J -o OUT 127.0.0.1", r"--resume: LIST: no checkpoint of a scan"),
    ("merge", r"merge: no files: name those that the shards of a scan wrote"),
    ("merge --nonsense SHARD", r"--nonsense: no such option"),
    ("merge /nonexistent", r"/nonexistent: No such file"),
    ("merge /", r"/: no regular file"),
    ("merge OTHER", r"OTHER:1: "),
    ("merge LIST", r"LIST:1: no JSON: "),
    ("merge -o LIST LIST", r"-o LIST: it is one of the files to be merged"),
]

# the same, where the command line is right and the host does not play along
HOST_ERRORS = [
    ("scan -p 9 -I 192.0.2.1 127.0.0.1", r"192\.0\.2\.1.*address of this host"),
    ("scan -p 9 -I nonsense0 127.0.0.1", r"nonsense0.*(interface|device)"),
    ("scan -p 9 -o /nonexistent/file 127.0.0.1", r"/nonexistent/file: cannot write it: No such"),
    ("scan -p 9 nowhere.invalid", r"nowhere\.invalid: cannot resolve: "),
    ("scan -p 9 192.0.2.1", r"192\.0\.2\.1.*no route"),
]


def check_ends(net):
    """The exit statuses of scan, and shards that merge can put together, or cannot."""
    peer = net.here.peer("7000:close")
    shards = [f"scan -p 6990-7009 --seed 7 -J --shard {i}/2 -o SHARD{i} 127.0.0.1" for i in (1, 2)]
    for words, status, text in (
            ("scan -p 9 127.0.0.1", AS_ASKED, "0 open, 1 closed"),
            ("scan -p 9,7000 --handshake 127.0.0.1", AS_ASKED, "1 open, 1 closed"),
            ("scan -p 6990-7009 --max-results 3 127.0.0.1", NOT_AS_ASKED, "not all was probed"),
            ("scan -p 1-9000 --max-runtime 100ms 127.0.0.1", NOT_AS_ASKED, "not all was probed"),
            ("scan -p 9 -6 --yes --rate 20k ::1", AS_ASKED, "0 open, 1 closed"),
            ("scan -p 9 --dry-run 10.0.0.0/8", AS_ASKED, "16777216 targets"),
            ("scan -p 9 --dry-run 8.0.0.0/5", AS_ASKED, "10.0.0.0/8 Private-Use"),
            (shards[0], AS_ASKED, "shard 1 of 2: 10 probed"),
            ("merge SHARD1", NOT_AS_ASKED, "shard 2 of 2 is missing"),
            (shards[1], AS_ASKED, "shard 2 of 2: 10 probed"),
            ("merge SHARD1 SHARD2", AS_ASKED, "2 shards merged: 20 probed"),
            ("merge SHARD2 SHARD2", USAGE, "shard 2 of 2 once more"),
            (shards[1].replace("--seed 7", "--seed 8"), AS_ASKED, "10 probed"),
            ("merge SHARD1 SHARD2", USAGE, "a shard of another scan: another seed"),
            ("merge -o /dev/full SHARD1", CANNOT, "No space left on device"),
            ("merge -o /nonexistent/file SHARD1", CANNOT, "cannot write it: No such file")):
        run = net.here.shakedown(words)
        ok(run.rc == status and text in run.out + run.err, f"{words}: {status}",
           lambda: f"wanted {status}, {text}\n{run}")
    peer.stop()
    check_dry(net)


def check_dry(net):
    """What --dry-run says is what the scan would do."""
    host, far = net.ns("dry"), net.ns("far")
    net.link(host, far)
    net.link(host, far)
    one, two = host.addr4
    mixed = "--bandwidth 7840 127.0.0.1"
    for words, status, there, not_there in (
            (f"{one[:-1]}0-3", AS_ASKED, f"  {one}:9  not sent to: an address of this host itself",
             "by lo"),
            (f"{one} {two}", AS_ASKED, f"  {one}:9  S win", "not sent"),
            (f"{one[:-1]}2 {two[:-1]}2", CANNOT, "leaves by v2, other", f"{two[:-1]}2:9  S win"),
            (f"-I v1 {one[:-1]}2", AS_ASKED, "by v1", "not "),
            (f"{one[:-1]}255 {one[:-1]}2", AS_ASKED, "cannot be sent: ", f"{one[:-1]}255:9  S win"),
            (mixed, AS_ASKED, " 13 SYNs a second", "not "),
            (f"{mixed} ::1", AS_ASKED, " 10 SYNs a second", "not ")):
        run = host.shakedown(f"scan -p 9 --dry-run {words}")
        ok(run.rc == status and there in run.out + run.err and not_there not in run.out,
           f"--dry-run {words}: {there}", lambda result=run: str(result))
    run = host.run(["sh", "-c", 'exec "$@" >/dev/full', "sh",
                    *binary("SHAKEDOWN", "./src/shakedown"), "scan", "-p9", "--dry-run", one])
    ok(run.returncode == CANNOT and "stdout: cannot write: No space left" in run.stderr,
       "--dry-run: a full disk", lambda: str(run))
