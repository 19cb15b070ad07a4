#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the words against the program: without it the manual, the schema, the completions and the
README would drift away from what shakedown does.

In: $SRCDIR, $SHAKEDOWN. Nothing is sent: the program only prints its tables.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
from tap import done, note, ok  # noqa: E402

SRCDIR = os.environ.get("SRCDIR", os.path.join(HERE, "..", ".."))
SHAKEDOWN = shlex.split(os.environ.get("SHAKEDOWN", "./src/shakedown"))
README_LINES_MAX = 149


def source(path):
    with open(os.path.join(SRCDIR, path), encoding="utf-8") as file:
        return file.read()


def shakedown(*words):
    return subprocess.run([*SHAKEDOWN, *words], capture_output=True, text=True, check=False,
                          timeout=20, stdin=subprocess.DEVNULL)


def same(name, here, there):
    """Two sets, named in the diagnostics as the program's and the document's."""
    here, there = set(here), set(there)
    return ok(here == there, name, lambda: f"only in the program: {sorted(here - there)}\n"
                                           f"only in the document: {sorted(there - here)}")


def option_tables():
    """{subcommand: [(name, letter, value, help)]} of those that have options."""
    tables = {}
    for line in shakedown("help", "--subcommands").stdout.splitlines():
        rows = shakedown("help", "--options", line.split("\t")[0]).stdout.splitlines()
        if rows:
            tables[line.split("\t")[0]] = [tuple(row.split("\t")) for row in rows]
    return tables


def tokens():
    """{"handshake": [...], "close": [...]} as help lists them."""
    return {kind: [line.split("\t")[0]
                   for line in shakedown("help", "--tokens", kind).stdout.splitlines()]
            for kind in ("handshake", "close")}


def section(manual, heading):
    """The text of one .Sh."""
    return re.search(rf"^\.Sh {heading}\n(.*?)(?=^\.Sh |\Z)", manual, re.S | re.M)[1]


def check_options(manual):
    for name, rows in option_tables().items():
        found = re.findall(r"^\.It (?:Fl (\w) , )?Fl -([\w-]+)(.*)$",
                           section(manual, f"OPTIONS OF {name.upper()}"), re.M)
        same(f"the manual has all options of {name}, long and short",
             [(row[0], row[1]) for row in rows],
             [("--" + long, "-" + short if short else "") for short, long, _ in found])
        same(f"and tells which of them have a value ({name})",
             [row[0] for row in rows if row[2]],
             ["--" + long for _, long, rest in found if rest.strip()])
        lines = shakedown(name, "--help").stdout.splitlines()
        ok(lines and max(map(len, lines)) <= 80, f"{name} --help keeps to 80 columns",
           [line for line in lines if len(line) > 80])


def check_tokens(manual, schema):
    words = tokens()
    ok(len(words["handshake"]) > 10 and len(words["close"]) > 10, "help lists the tokens")
    lines = shakedown("help", "tokens").stdout.splitlines()
    same("help tokens, for people, has them all", words["handshake"] + words["close"],
         [found[1] for line in lines if (found := re.match(r"  ([\w-]+)", line))])
    ok(max(map(len, lines)) <= 80, "and keeps to 80 columns", [x for x in lines if len(x) > 80])
    text = section(manual, "VERDICT TOKENS")
    same("the manual explains each token", words["handshake"] + words["close"],
         re.findall(r"^\.It Li ([\w-]+)(?: \*)?$", text, re.M))
    graceful = re.findall(r'\{\s*"([\w-]+)",\s*\w+,\s*true', source("src/probe/verdict_tokens.c"))
    same("and marks those that are graceful", graceful,
         re.findall(r"^\.It Li ([\w-]+) \*$", text, re.M))
    defs = schema["$defs"]
    same("the schema has all handshake tokens, icmp as a pattern",
         [word for word in words["handshake"] if word != "icmp"],
         defs["handshake_token"]["anyOf"][0]["enum"])
    pattern = defs["handshake_token"]["anyOf"][1]["pattern"]
    ok(re.search(pattern, "icmp-3-13") and not re.search(pattern, "icmp"), "a pattern that fits")
    same("the schema has all close tokens", words["close"], defs["close_token"]["enum"])
    for kind, key in (("handshake", "handshakes"), ("close", "closes")):
        same(f"so has the summary's {key}", words[kind],
             defs["summary"]["properties"][key]["propertyNames"]["enum"])


def names(path, prefix):
    """The strings of a table with designated initialisers."""
    return re.findall(rf'\[{prefix}\w+\]\s*=\s*"([^"]+)"', source(path))


def columns(path):
    """The heading of CSV that is written in a source: what stands before its first function's
    end, in order."""
    return re.findall(r"\w+", "".join(re.findall(
        r'"([^"\\]*)"', source(path).split("fputs(", 1)[1].split("static void", 1)[0])))


def check_scan_schema(defs, formats):
    """Of scan and merge: words, columns and counters that are written down several times."""
    scan = source("src/scan/scan_words.c")
    port = defs["port"]["properties"]
    same("the schema has the states of ports", names("src/scan/scan_words.c", "SCAN_"),
         port["state"]["enum"])
    for kind in ("found", "states"):
        same(f"so has the summary's {kind}", port["state"]["enum"],
             defs["scan_summary"]["properties"][kind]["properties"])
    reasons = names("src/scan/scan_words.c", "REASON_") + [
        re.search(r'"(icmp-%u-%u)"', scan)[1].replace("%u", "3")]
    gone = [reason for reason in reasons if not re.search(port["reason"]["pattern"], reason)]
    ok(len(reasons) == 5 and not gone, "the schema has the reasons", gone)
    same("the schema has the modes of scan", names("src/report/scan.c", "MODE_"),
         defs["scan_run"]["properties"]["mode"]["enum"])
    same("and the phases", names("src/report/scan.c", "SCAN_"),
         defs["scan_summary"]["properties"]["phases"]["properties"])
    heading = columns("src/report/scan_csv.c")
    same("scan's CSV has the fields of its records", heading,
         set(port) - {"type", "schema", "family"})
    said = " ".join(" ".join(line for line in formats.splitlines() if line[:1] != ".").split())
    # of every mode, --handshake's, --close-census's
    ok(all(", ".join(part) in said for part in (heading[:10], heading[10:13], heading[13:])),
       "the manual has scan's columns in their order", heading)
    counters = re.findall(r'COUNTER\("(\w+)"', source("src/cmd/merge_records.c"))
    ok(len(counters) > 10 and set(counters) <= set(defs["scan_summary"]["properties"]),
       "merge sums up counters that there are", counters)


def check_schema(manual, schema):
    defs = schema["$defs"]
    states = [name for name in names("src/tcp/names.c", "TCB_") if name.isupper()]
    same("the schema has all states", states, defs["state"]["enum"])
    same("the schema has all notes of the machine", names("src/tcp/names.c", "NOTE_"),
         defs["tcp_segment"]["properties"]["note"]["enum"])
    records = [name for name, value in defs.items() if value.get("type") == "object"]
    ok(all(defs[name].get("additionalProperties") is False and
           set(defs[name]["required"]) | set(defs[name].get("dependentRequired", ())) ==
           set(defs[name]["properties"]) for name in records),
       "the schema allows no other member and demands each", records)
    formats = section(manual, "OUTPUT FORMATS")
    heading = re.search(r"(target,addr,[\w,]+)", "".join(
        re.findall(r'"([^"]*)"', source("src/report/rtt_csv.c").split("static void put_text")[0])))
    ok(heading[1].replace(",", ", ") + "." in " ".join(formats.split()),
       "the manual has the columns of CSV in their order", heading[1])
    check_scan_schema(defs, formats)
    told = set(re.findall(r"[\w.]+", " ".join(re.findall(r"^\.(?:It )?Li (.*)$", formats, re.M))))
    fields = {field for name in records for field in defs[name]["properties"]}
    ok(fields <= told, "the manual tells each field", lambda: sorted(fields - told))
    version = re.search(r'REPORT_SCHEMA "([^"]+)"', source("src/report/report.h"))[1]
    ok(names("src/stats/compare.c", "COMPARE_") ==
       [word for word in defs["rtt_summary"]["properties"]["baseline"]["enum"] if word],
       "the schema has the verdicts of a comparison")
    same("the schema has the answers", names("src/probe/rtt.c", "RTT_ANSWER_"),
         [word for word in defs["rtt"]["properties"]["answer"]["anyOf"][0]["enum"] if word] +
         ["icmp"])
    ok(all(defs[name]["properties"]["schema"]["const"] == version for name in records
           if "schema" in defs[name]["properties"]) and schema["title"] == version,
       f"the schema's version is {version}")


def check_judgements(manual, schema):
    rows = re.findall(r'\[JUDGE_\w+\] = \{"([\w-]+)", \w+, "([^"]*)"',
                      source("src/script/result.c"))
    words = [word for word, _ in rows]
    ok(len(words) == 10, "the table of judgements is read", rows)
    text = section(manual, "SCENARIOS AND JUDGEMENTS")
    same("the manual explains each judgement", words, re.findall(r"^\.It Li (.+)$", text, re.M))
    same("the schema has all judgements", words, schema["$defs"]["judgement"]["enum"])
    said = " ".join(text.split())
    services = re.search(r"apps\[\] = \{([^}]*)\}", source("src/cmd/test_options.c"))[1]
    item = re.search(r"^\.It Fl -app .*?(?=^\.It )", section(manual, "OPTIONS OF TEST"),
                     re.S | re.M)
    same("the manual has the services that --app knows", re.findall(r'"(\w+)"', services),
         re.findall(r"\w+", " ".join(re.findall(r"^\.Cm (.*)$", item[0], re.M))))
    listed = [json.loads(line)
              for line in shakedown("list", "scenarios", "--json").stdout.splitlines()]
    families = re.search(r"in families: ([\w, ]+)\.", said)[1].split(", ")
    same("the manual has the families of scenarios", {info["family"] for info in listed}, families)
    ids = {info["id"] for info in listed}
    ok(set(re.findall(r"\b[A-Z]\d+\b", said)) <= ids, "the manual names scenarios that there are",
       said)
    lines = shakedown("list", "scenarios").stdout.splitlines()
    same("list scenarios has them all, for people", ids,
         [found[1] for line in lines if (found := re.match(r"  ([A-Z][\w-]*) ", line))])


def lua_table(text, name):
    """The keys, or strings, of a table of common.lua."""
    return re.findall(r'(\w+) =|"([^"]+)"', re.search(rf"{name} = \{{(.*?)\}}", text, re.S)[1])


def check_language():
    """doc/SCENARIOS against what scripts can really say."""
    common, text = source("scenarios/common.lua"), source("doc/SCENARIOS")
    words = set(re.findall(r"^function (?:Conn\.)?(\w+)\(", common, re.M))
    words |= {one or other for table in ("FIELDS", "OPEN_OPTIONS")
              for one, other in lua_table(common, f"local {table}")}
    words |= set(re.findall(r'"(\w+)"', re.search(r"for _, name in ipairs \{(.*?)\}", common,
                                                  re.S)[1]))
    words |= set(re.findall(r'\{"(\w+)", push_', source("src/script/words_state.c")))
    words |= set(re.findall(r'set_\w+\(lua, "(\w+)"', source("src/script/words_segment.c")))
    words |= set(re.findall(r'(?:get_integer|get_truth|getfield)\(lua, (?:table|2), "(\w+)"',
                            source("src/script/words_segment.c")))
    words -= {"hidden", "service_known"}  # shakedown's own
    told = set(re.findall(r"\w+", text))
    ok(len(words) > 90 and words <= told, "doc/SCENARIOS has each word of the language",
       lambda: sorted(words - told))
    limits = {name: int(number) for name, number in re.findall(
        r"#define (RUN_\w+|CONN_\w+)\s+(\d+)", source("src/script/run.h") +
        source("src/script/conn.h"))}
    gone = [name for name, number in limits.items() if not re.search(rf"\b{number}\b", text)]
    ok(len(limits) == 4 and not gone, "and each limit", gone)


def check_exit(manual):
    same("the manual has all exit statuses",
         re.findall(r"EXIT_\w+ = (\d+)", source("src/cmd/exit.h")),
         re.findall(r"^\.It (\d+)$", section(manual, "EXIT STATUS"), re.M))


def check_manual(manual):
    subcommands = [line.split("\t")[0]
                   for line in shakedown("help", "--subcommands").stdout.splitlines()]
    same("the manual's synopsis has all subcommands", subcommands,
         re.findall(r"^\.Nm\n\.Cm (\w+)$", section(manual, "SYNOPSIS"), re.M))
    examples = re.findall(r"^\.Dl \$ (.*)\n(.*)$", section(manual, "EXAMPLES"), re.M)
    ok(len(examples) > 10 and all(after.startswith('.\\" check: ') for _, after in examples),
       "each example says what its test expects", examples)
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning",
                               os.path.join(SRCDIR, "doc/shakedown.1")],
                              capture_output=True, text=True, check=False, timeout=20)
        ok(lint.returncode == 0 and not lint.stdout, "mandoc finds nothing wrong",
           lint.stdout + lint.stderr)
    else:
        note("not applicable: no mandoc, so the manual's form is not checked")


def check_texts():
    readme = source("README")
    ok(len(readme.splitlines()) <= README_LINES_MAX, f"README has {README_LINES_MAX} lines at most")
    wide = [line for name in ("README", "HACKING", "SECURITY", "CHANGES", "doc/SCENARIOS")
            for line in source(name).splitlines() if len(line) > 80]
    ok(not wide, "the texts keep to 80 columns", wide)
    version = shakedown("version").stdout.split()[-1]
    ok(f"\n{version}\n-" in source("CHANGES"), f"CHANGES tells of {version}")
    paths = set(re.findall(r"\b((?:src|tests|doc|scenarios)/[\w./-]*\w)", source("HACKING")))
    paths = {path for path in paths if "NAME" not in path and not path.endswith(".log")}
    gone = sorted(path for path in paths if not any(
        os.path.exists(os.path.join(SRCDIR, path + end)) for end in ("", ".c", ".h")))
    ok(not gone, "each path that HACKING names is there", gone)


def complete_in_bash(path, words):
    """What bash would offer for the last of these words."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1));'
              '_shakedown shakedown "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}";'
              'printf "%s\\n" "${COMPREPLY[@]}"')
    run = subprocess.run(["bash", "--norc", "-c", script, "x", path, "shakedown", *words],
                         capture_output=True, text=True, check=False, timeout=20, cwd=SRCDIR)
    if run.stderr:
        note(run.stderr)
    return run.stdout.split()


def check_subcommands(path):
    """Options of any subcommand, by any of its names."""
    for name, rows in option_tables().items():
        same(f"bash: {name} --<TAB>", [row[0] for row in rows], complete_in_bash(path, [name, "--"]))
    rows = [row[0] for row in option_tables()["rtt"]]
    same("bash: ping --<TAB>, another name of rtt", rows, complete_in_bash(path, ["ping", "--"]))
    offered = complete_in_bash(path, ["rtt", "--baseline", "READ"])
    ok("README" in offered, "bash: rtt --baseline READ<TAB> completes a file", offered)
    offered = complete_in_bash(path, ["merge", "READ"])
    ok("README" in offered, "bash: merge READ<TAB> completes a file", offered)
    for typed, wanted in ((["test", "--ladder", ""], ["failed", "all", "none"]),
                          (["test", "--ladder", "a"], ["all"]),
                          (["test", "--app", "s"], ["ssh", "smtp"]),
                          (["test", "--only", "R1,C10"], ["R1,C10"]),
                          (["test", "--skip", "H14"], ["H14"]),
                          (["scan", "--send", ""], ["auto", "xdp", "packet", "raw"]),
                          (["scan", "--shard", "a"], ["auto"]),
                          (["scan", "--close-"], ["--close-census", "--close-wait-limit"]),
                          (["list", ""], ["scenarios"])):
        same(f"bash: {' '.join(typed)}<TAB>", wanted, complete_in_bash(path, typed))


def check_bash():
    path = os.path.abspath(os.path.join(SRCDIR, "doc/completions/shakedown.bash"))
    rows = option_tables()["probe"]
    words = tokens()
    interfaces = os.listdir("/sys/class/net")
    takes_file = [row[0] for row in rows if row[2] == "FILE"]
    for typed, wanted in (
            ([""], ["probe", "rtt", "ping", "test", "scan", "merge", "list", "doctor", "help",
                   "version"]),
            (["pi"], ["ping"]),
            (["pro"], ["probe"]),
            (["help", "to"], ["tokens"]),
            (["probe", "--close-"], ["--close-wait-limit"]),
            (["probe", "--close", ""], ["fin", "rst", "server"]),
            (["probe", "--close", "=", "s"], ["server"]),
            (["probe", "-I", ""], interfaces),
            (["probe", "--expect-close", ""], words["close"]),
            (["probe", "--expect-handshake", "fil"], ["filtered"]),
            (["probe", "--expect-close", "four-segment,th"], ["four-segment,three-segment"]),
            (["probe", "-W", ""], None)):
        offered = complete_in_bash(path, typed)
        if wanted is not None:
            same(f"bash: {' '.join(typed)}<TAB>", wanted, offered)
    for option in takes_file:
        offered = complete_in_bash(path, ["probe", option, "READ"])
        ok("README" in offered, f"bash: {option} READ<TAB> completes a file", offered)


def check_fish(directory):
    path = os.path.abspath(os.path.join(SRCDIR, "doc/completions/shakedown.fish"))
    env = dict(os.environ, PATH=directory + ":" + os.environ["PATH"], HOME=directory,
               XDG_CONFIG_HOME=directory)
    for typed, wanted in (("shakedown pr", ["probe"]),
                          ("shakedown probe --close-", ["--close-wait-limit"]),
                          ("shakedown probe --close ", ["fin", "rst", "server"]),
                          ("shakedown probe --expect-close silent,thr", ["silent,three-segment"]),
                          ("shakedown probe --expect-close thr", ["three-segment"]),
                          ("shakedown test --ladder a", ["all"]),
                          ("shakedown test --app sm", ["smtp"]),
                          ("shakedown test --only R1,C10", ["R1,C10"]),
                          ("shakedown test --skip H14", ["H14"]),
                          ("shakedown list ", ["scenarios"]),
                          ("shakedown scan --send x", ["xdp"]),
                          ("shakedown scan --top", ["--top-ports"]),
                          ("shakedown rtt --half", ["--half-open"]),
                          ("shakedown ping --max-reg", ["--max-regression"])):
        run = subprocess.run(["fish", "--no-config", "-c", f"source {path}; complete -C '{typed}'"],
                             capture_output=True, text=True, check=False, timeout=60, env=env)
        same(f"fish: {typed}<TAB>", wanted,
             [line.split("\t")[0] for line in run.stdout.splitlines()])


def check_completions():
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(shutil.which(SHAKEDOWN[-1]) or os.path.abspath(SHAKEDOWN[-1]),
                   os.path.join(directory, "shakedown"))
        os.environ["PATH"] = directory + ":" + os.environ["PATH"]
        for shell, name in (("bash", "shakedown.bash"), ("zsh", "_shakedown"),
                            ("fish", "shakedown.fish")):
            path = os.path.join(SRCDIR, "doc/completions", name)
            if not shutil.which(shell):
                note(f"not applicable: no {shell} here, so {name} is not checked")
                continue
            run = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False,
                                 timeout=20)
            ok(run.returncode == 0 and not run.stderr, f"{shell} reads {name}", run.stderr)
        check_bash()
        check_subcommands(os.path.abspath(os.path.join(SRCDIR,
                                                       "doc/completions/shakedown.bash")))
        if shutil.which("fish"):
            check_fish(directory)


def main():
    manual, schema = source("doc/shakedown.1"), json.loads(source("doc/shakedown.schema.json"))
    check_options(manual)
    check_tokens(manual, schema)
    check_schema(manual, schema)
    check_judgements(manual, schema)
    check_language()
    check_exit(manual)
    check_manual(manual)
    check_texts()
    check_completions()
    done()


main()
