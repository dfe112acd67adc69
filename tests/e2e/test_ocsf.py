"""Every finding is a valid OCSF Detection Finding: checked against the published schema by a validator of its own.

The schema is that of the package `ocsf-json-schema`, version 1.8.0, with the profile `cloud`. Findings come from the bundled
flow logs and from simulated logs of every source.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from wiring import ROOT

# What is simulated, and how it is read.
SOURCES = {
    "flows": (["--days", "2", "--hosts", "40"], ["--baseline", "24h"], ""),
    "logins": (["--users", "600", "--days", "20"], ["--source", "login", "--baseline", "12d"], "logins.jsonl"),
    "activity": (["--users", "100", "--days", "30"], ["--source", "activity", "--schema", "{folder}/schema.toml"], "activity.csv"),
    "usage": (["--weeks", "5"], ["--source", "usage"], ""),
}


@pytest.fixture(scope="session")
def validator() -> Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))
    return Draft202012Validator(schema.get_class_schema(class_name="detection_finding", profiles=["cloud"]))


def findings(weir: Path, *arguments: str) -> list[dict]:
    command = [weir, "detect", "--format", "ocsf", *arguments]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


def check(validator: Draft202012Validator, events: list[dict]) -> None:
    """Holds every event against the schema; reports each kind of fault once, with its count."""
    faults = Counter()
    for event in events:
        for fault in validator.iter_errors(event):
            place = "/".join("*" if isinstance(part, int) else str(part) for part in fault.absolute_path)
            faults[f"{place}: {fault.message[:200]}"] += 1
    assert not faults, faults
    assert {event["activity_id"] for event in events} <= {1}, "a first emission is a creation"


def test_the_bundled_logs(weir, validator):
    events = findings(weir, str(ROOT / "tests/fixtures/iot23-34-1"))
    assert events
    check(validator, events)
    attacks = [attack for event in events for attack in event["finding_info"].get("attacks", [])]
    assert all("." not in attack["technique"]["uid"] for attack in attacks), "a sub-technique has a field of its own"
    assert any(attack["sub_technique"]["uid"] == "T1498.001" for attack in attacks), attacks


@pytest.mark.parametrize("source", SOURCES)
def test_simulated_logs(weir, validator, source, tmp_path):
    simulate, detect, file = SOURCES[source]
    folder = tmp_path / source
    subprocess.run([weir, "simulate", source, folder, *simulate], check=True, capture_output=True)
    events = findings(weir, str(folder / file), *(argument.format(folder=folder) for argument in detect))
    assert events, "nothing to check"
    check(validator, events)
    assert all(event["finding_info"]["analytic"]["uid"] == event["finding_info"]["types"][0] for event in events)


def test_a_fault_would_be_reported(weir, validator):
    event = findings(weir, str(ROOT / "tests/fixtures/iot23-34-1"))[0]
    del event["evidences"][0]["connection_info"]["direction_id"]
    with pytest.raises(AssertionError, match="direction_id"):
        check(validator, [event])
