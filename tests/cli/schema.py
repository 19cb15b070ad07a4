# SPDX-License-Identifier: BSD-2-Clause
"""Records -> what is wrong with them by doc/shakedown.schema.json. Part of test_records.py."""
import json
import os

SRCDIR = os.path.abspath(os.environ.get("SRCDIR", os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..")))


def kind_of(record):
    """Which definition of the schema a record is to fit."""
    kind = record["type"]
    if kind == "segment":
        kind = "icmp_segment" if "icmp_type" in record else "tcp_segment"
        return "scenario_" + kind if "scenario" in record else kind
    if kind == "run" and record["command"] == "scan" or kind == "summary" and "probed" in record:
        return "scan_" + kind
    if kind == "run" and record["command"] == "test" or kind == "summary" and "results" in record:
        return "test_" + kind
    return kind


def schema_check():
    """A function from a record to what is wrong with it; None without python3-jsonschema."""
    try:
        import jsonschema
    except ImportError:
        return None
    with open(os.path.join(SRCDIR, "doc/shakedown.schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    kinds = {each["$ref"].rsplit("/", 1)[1]: jsonschema.Draft202012Validator(
        {"$ref": each["$ref"], "$defs": schema["$defs"]}) for each in schema["oneOf"]}

    def check(record):
        return [f"{'/'.join(map(str, error.path))}: {error.message}"
                for error in kinds[kind_of(record)].iter_errors(record)]
    return check
