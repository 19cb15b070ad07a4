# SPDX-License-Identifier: BSD-2-Clause
"""Records of `test` and `list`, TAP and JUnit's XML: against the schema and against each other.
Part of test_records.py."""
import re
import xml.etree.ElementTree as xml
from collections import Counter

from lab import ok

# The RST of a closed port, an ICMP error, a connection whose FIN the server does not answer.
SCRIPT = """
scenario { id = "T1", title = "title & <more>", rfc = "RFC 9293", level = "INFO", sends = "SYN",
  takes = 9, profile = "quick", run = function()
    local c = fresh { syn = false, dport = REJECTED }
    c:send { flags = "S" }
    c:expect { within = 1 }
    open()
    note("number", 1.5)
    note("text", "a \\"word\\"")
    note("truth", true)
    pass_may("an ICMP error, perhaps")
  end }
scenario { id = "T2", title = "fails", rfc = "RFC 9293", level = "MUST", sends = "FIN",
  takes = 9, profile = "quick", run = function() open() fail("ill") end }
scenario { id = "T3", title = "skips", rfc = "", level = "MAY", sends = "",
  takes = 9, profile = "quick", needs = "greeting", run = function() pass("") end }
scenario { id = "T4", title = "unclear", rfc = "", level = "MAY", sends = "",
  takes = 9, profile = "quick", run = function() inconclusive("no") end }
scenario { id = "T5", title = "errs", rfc = "", level = "MAY", sends = "",
  takes = 9, profile = "full", run = function() return nothing.at_all end }
"""
WANTED = {"T1": "PASS-MAY", "T2": "FAIL", "T3": "SKIP", "T4": "INCONCLUSIVE", "T5": "ERROR"}


def odd_scenario(record, segments):
    """What a scenario's record says that its segments do not, or that makes no sense."""
    wrong = []
    connections = sorted({seg["connection"] for seg in segments})
    if connections != list(range(1, record["connections"] + 1)):
        wrong.append(f"connections: {connections}")
    if any(seg["scenario"] != record["scenario"] or seg["target"] != record["target"]
           for seg in segments):
        wrong.append("segments of another")
    for number in connections:
        mine = [seg for seg in segments if seg["connection"] == number]
        first = mine[0]["time_ns"]
        if len({seg["source_port"] for seg in mine}) != 1 or any(
                seg["time_ns"] - first != seg["since_first_ns"] for seg in mine):
            wrong.append(f"connection {number}")
    if not record["agreeing"] <= record["attempts"] <= 5 or (
            record["judgement"] == "FAIL" and record["agreeing"] < 2):
        wrong.append("attempts, agreeing")
    if record["accepted"] is None and record["as_asked"] == (
            record["judgement"] in ("FAIL", "ERROR")):
        wrong.append("as_asked")
    return wrong


def check_sums(name, records):
    """Targets and the summary against the records of scenarios."""
    wrong, summary = [], records[-1]
    scenarios = [record for record in records if record["type"] == "scenario"]
    targets = [record for record in records if record["type"] == "target"]
    for target in targets:
        mine = [record for record in scenarios if record["target"] == target["target"]]
        if target["judgements"] != dict(Counter(record["judgement"] for record in mine)):
            wrong.append((target["target"], "judgements"))
        if target["changed"] != sum(record["accepted"] == "changed" for record in mine):
            wrong.append((target["target"], "changed"))
        if target["error"] and target["service"] or target["connections"] < 1:
            wrong.append((target["target"], "error, service, connections"))
    totals = {"targets": len(targets), "untestable": sum(bool(one["error"]) for one in targets),
              "results": len(scenarios), "left_open": 0,
              "not_as_asked": sum(not record["as_asked"] for record in scenarios),
              "changed": sum(one["changed"] for one in targets),
              "connections": sum(one["connections"] for one in targets),
              "judgements": dict(Counter(record["judgement"] for record in scenarios))}
    wrong += [(key, summary[key]) for key, value in totals.items() if summary[key] != value]
    ok(not wrong, f"{name}: targets and summary add up", wrong)


def check_run(name, run, check):
    """All records of one run; those of its scenarios are returned."""
    records, segments, wrong = run.records, [], []
    if check:
        odd = [(record["type"], check(record)) for record in records if check(record)]
        ok(not odd, f"{name}: records fit the schema", odd[:3])
    ok(len(records) == len(run.out.splitlines()) and records[0]["type"] == "run" and
       records[-1]["type"] == "summary", f"{name}: JSON throughout", run.out[-300:])
    for record in records:
        if record["type"] == "segment":
            segments.append(record)
        elif record["type"] == "scenario":
            wrong += [(record["scenario"], what) for what in odd_scenario(record, segments)]
            segments = []
    ok(not wrong, f"{name}: scenarios agree with their segments", wrong)
    check_sums(name, records)
    return [record for record in records if record["type"] == "scenario"]


def check_list(client, check):
    run = client.shakedown("list --script script scenarios --json")
    infos = run.records
    if check:
        odd = [check(info) for info in infos if check(info)]
        ok(not odd, "list: records fit the schema", odd[:3])
    ok(run.rc == 0 and len(infos) > 80 and infos[-1]["id"] == "T5" and
       infos[-1]["family"] == "script", "list: all scenarios, and a script's", run.out[-300:])
    return {info["id"]: info for info in infos}


def check_tap(name, run, scenarios):
    """A test for each scenario, with the directive that its judgement asks for."""
    lines = run.out.splitlines()
    points = [re.match(r"(not ok|ok) (\d+) - (\S+) (\w+) .*? # (SKIP|TODO)?", line)
              for line in lines if re.match("(not )?ok ", line)]
    told = {(point[3], point[4]): (point[1], point[5]) for point in points if point}
    asked = {"FAIL": ("not ok", None), "ERROR": ("not ok", None), "SKIP": ("ok", "SKIP"),
             "INCONCLUSIVE": ("ok", "SKIP")}
    wanted = {(one["target"], one["scenario"]): asked.get(one["judgement"], ("ok", None))
              for one in scenarios}
    ok(told == wanted, f"{name}: a test for each scenario", run.out[:2000])
    ok(lines[0] == "TAP version 13" and lines[-1] == f"1..{len(scenarios)}" and
       [int(point[2]) for point in points] == list(range(1, len(points) + 1)) and
       lines.count("  ---") == lines.count("  ..."), f"{name}: the plan and the numbers", run.out)


def check_junit(name, run, scenarios):
    """An element for each scenario; the counts of each suite are those of its elements."""
    asked = {"FAIL": ["failure"], "ERROR": ["error"], "SKIP": ["skipped"],
             "INCONCLUSIVE": ["skipped"]}
    told, wrong = {}, []
    for suite in xml.fromstring(run.out):
        cases = suite.findall("testcase")
        for case in cases:
            told[suite.get("name"), case.get("name").split()[0]] = [
                child.tag for child in case if child.tag != "system-out"]
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if int(suite.get(count)) != len(suite.findall(f"testcase/{tag}")):
                wrong.append((suite.get("name"), count))
        if int(suite.get("tests")) != len(cases):
            wrong.append((suite.get("name"), "tests"))
    ok(told == {(one["target"], one["scenario"]): asked.get(one["judgement"], [])
                for one in scenarios} and not wrong, f"{name}: a case for each scenario, counted",
       lambda: f"{wrong}\n{run.out[:2000]}")


def check_test(client, server, check, rejected):
    """Records of test and list, and what the other formats make of the same results."""
    with open("script", "w", encoding="ascii") as file:
        file.write(SCRIPT.replace("REJECTED", str(rejected)))
    two = [f"{server.ip4}:7000", f"[{server.ip6}]:7003"]
    infos = check_list(client, check)
    run = client.shakedown(["test", "-J", "--segments", "--quick", f"{server.ip4}:7007"])
    scenarios = check_run("test --quick", run, check)
    odd = [one["scenario"] for one in scenarios
           for key, its in (("group", "family"), ("title", "title"), ("rfc", "rfc"),
                            ("level", "level"), ("sends", "sends"), ("profile", "profile"))
           if one[key] != infos[one["scenario"]][its]]
    ok(not odd and {one["scenario"] for one in scenarios} ==
       {key for key, info in infos.items() if info["profile"] == "quick" and key not in WANTED} and
       run.rc == 0, "test --quick: the scenarios of that profile, as list has them", odd)
    words = ["--script", "script", "--app", "none", *two]
    run = client.shakedown(["test", "-J", "--segments", *words])
    scenarios = check_run("test --script", run, check)
    ok([(one["target"], one["scenario"], one["judgement"]) for one in
        sorted(scenarios, key=lambda one: (one["target"], one["scenario"]))] ==
       sorted((target, *one) for target in two for one in WANTED.items()) and run.rc == 1,
       "test --script: the judgements that the script gives", run.out[-500:])
    ok(any("icmp_type" in record for record in run.records) and all(
        one["findings"] == {"number": 1.5, "text": 'a "word"', "truth": True}
        for one in scenarios if one["scenario"] == "T1"), "with an ICMP error, and findings", run)
    check_tap("test --tap", client.shakedown(["test", "--tap", *words]), scenarios)
    check_junit("test --junit", client.shakedown(["test", "--junit", *words]), scenarios)
    check_expected(client, server, check, words)


def check_expected(client, server, check, words):
    """The same against a file of accepted deviations; and a target that cannot be tested."""
    with open("accepted", "w", encoding="ascii") as file:
        file.write(f"{server.ip4}:* T2 FAIL\n* T5 ERROR\n* T1 PASS\n")
    run = client.shakedown(["test", "-J", "--segments", "--expect", "accepted", *words,
                            f"{server.ip4}:1"])
    scenarios = check_run("test --expect", run, None)
    told = {(one["target"], one["scenario"]): (one["accepted"], one["listed"], one["as_asked"])
            for one in scenarios}
    four, six = words[-2:]
    ok(told[four, "T2"] == ("as-listed", "FAIL", True) and
       told[six, "T2"] == ("changed", None, False) and
       told[four, "T5"] == ("as-listed", "ERROR", True) and
       told[four, "T1"] == ("changed", "PASS", False) and
       told[four, "T3"] == (None, None, True) and run.rc == 1, "as listed, and what is not", told)
    if check:
        odd = [check(record) for record in run.records if check(record)]
        ok(not odd and run.records[-1]["untestable"] == 1, "and the records fit the schema", odd)
