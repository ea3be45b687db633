"""Whatever a task wrote, in any field of a report: no format breaks."""

from __future__ import annotations

import csv
import io
import json
import re
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.report.compare import compare, compared
from harness.report.formats import FORMATS
from harness.report.markdown import markdown
from harness.report.read import schema
from harness.report.rows import FORMULA, MUTANT_COLUMNS, TASK_COLUMNS, TRIAL_COLUMNS
from tests.harness.report.conftest import whole
from tests.harness.report.test_schemas import sarif_schema, stryker_schema, violations
from tests.harness.report.test_snapshots import small

FREE = {
    "advice", "base", "code", "command", "diff", "evidence", "expected", "file", "got", "input", "internal_error",
    "line_text", "log", "message",
    "notes", "path", "repro", "requirement", "scope", "sentence", "test", "text", "title", "why",
}  # fmt: skip
"""Keys whose text a task, its tests or a tool chose."""

anything = st.text(st.characters(exclude_categories=()), max_size=40)
NASTY = [
    "]]>", "a]]>b\x00\x1b[31m", "\ud800", "\udcff/\udc80", "|", "a | b", "`x`", "@everyone", "#12", "=1+1", "-1", "+1",
    "\t=cmd|' /C calc'!A0", "'=1", "<script>alert(1)</script>", "[a](javascript:x)", "![](http://a.b/c.png)", "\r\n\n",
    "\u202egpj.exe", "\u2028", "{{x}}", "https://a.b", "www.a.b", "\\|", "$$x$$", "---", "\x85", "\ufeff", "\uffff", "",
]  # fmt: skip


def poisoned(text: str) -> dict[str, Any]:
    """The small report with the text in every free field, and in the names of tasks and tests."""
    made: dict[str, Any] = _poisoned(small(), "", text)
    for number, task in enumerate(made["tasks"]):
        task["name"] = f"{text}{number}" if number else text
        task["internal_error"] = text
        for finding in task["findings"]:
            finding["task"] = task["name"]
        for key in ("tests", "survivors"):
            task[key] = [f"{name}{text}" for name in task[key]]
        for mutant in task["mutants"]:
            mutant["ref"] += text
            mutant["killed_by"] = [f"{name}{text}" for name in mutant["killed_by"]]
        if task["matrix"]:
            task["matrix"]["tests"] = [f"{name}{text}" for name in task["matrix"]["tests"]]
    for row in made["summary"]["dataset"]:
        row["tasks"] = [text for _ in row["tasks"]]
    made["unfinished"][0]["name"] = text
    return made


def _poisoned(value: Any, key: str, text: str) -> Any:
    if isinstance(value, dict):
        # A solution's own text stays: the places of the mutants are in it.
        whole = key == "files"
        return {name: each if whole and name == "text" else _poisoned(each, name, text) for name, each in value.items()}
    if isinstance(value, list):
        return [_poisoned(each, key, text) for each in value]
    return text if isinstance(value, str) and key in FREE else value


def made(form: str, report: dict[str, Any]) -> str:
    return whole(FORMATS[form](report, Path("/work")))


def check(form: str, report: dict[str, Any]) -> str:
    """The format's text, once a strict reader of it is content."""
    text = made(form, report)
    match form:
        case "sarif":
            assert violations(json.loads(text), sarif_schema()) == []
            [run] = json.loads(text)["runs"]
            assert not [one for one in run["results"] if "](" in one["message"]["text"]]
        case "stryker":
            assert violations(json.loads(text), stryker_schema()) == []
        case "json":
            assert violations(json.loads(text), json.loads(schema())) == []
        case "junit":
            root = ET.fromstring(text)
            assert len(root) == len(report["tasks"]) + len(report["unfinished"])
        case "markdown":
            check_markdown(text)
        case "terminal":
            assert all(character.isprintable() or character in "\n\t" for character in text)
        case _:
            check_csv(form, text, report)
    return text


def check_markdown(text: str) -> None:
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    words = "\n".join(line for line in text.splitlines() if not re.fullmatch(r"\|( --- \|)+", line))
    assert not re.search(r"[<>`\[\]\\$]", words)
    assert not re.search(r"@(?!&#8203;)|://(?!&#8203;)", words)
    assert all(character.isprintable() or character == "\n" for character in text)


def check_csv(form: str, text: str, report: dict[str, Any]) -> None:
    columns = {"csv": MUTANT_COLUMNS, "csv-tasks": TASK_COLUMNS, "csv-trials": TRIAL_COLUMNS}[form]
    head, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert tuple(head) == columns
    assert all(len(row) == len(columns) for row in rows)
    numbers = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
    assert not [
        cell for row in rows for cell in row if cell.lstrip().startswith(FORMULA[:-1]) and not numbers.fullmatch(cell)
    ]
    if form == "csv-tasks":
        assert len(rows) == len(report["tasks"])
    if form == "csv":
        assert len(rows) == sum(len(task["mutants"]) for task in report["tasks"])


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_nasty_text_breaks_no_format(form: str, text: str) -> None:
    check(form, poisoned(text))


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=anything)
@example(text="\ud83d\ude00")
def test_any_text_breaks_no_format(form: str, text: str) -> None:
    check(form, poisoned(text))


@settings(max_examples=25, deadline=None)
@given(text=anything)
def test_any_text_breaks_no_comparison(text: str) -> None:
    after = poisoned(text)
    after["tasks"][0]["mutants"][0]["outcome"] = "survived"
    found = compare(poisoned(text), after)
    json.dumps(found, allow_nan=False)
    assert all(character.isprintable() or character == "\n" for character in compared(found))


@pytest.mark.parametrize("form", FORMATS)
def test_lines_of_two_megabytes_are_cut_where_people_read_and_take_no_time(form: str) -> None:
    report = small()
    line = "| <b> @you " * ((2 << 20) // 11)
    mutant, finding = report["tasks"][0]["mutants"][1], report["tasks"][0]["findings"][0]
    mutant |= {"sentence": line, "diff": line, "why": line, "log": line}
    finding |= {"title": line, "evidence": [line]}
    start = time.monotonic()
    text = check(form, report)
    assert time.monotonic() - start < 20
    longest = {"markdown": 60_000, "sarif": 200_000, "junit": 100_000}
    assert len(text) < longest.get(form, 1 << 30)


def test_a_summary_of_many_tasks_fits_in_a_comment() -> None:
    report = small()
    worst = "|<`[]$@" * 40
    [task, *_] = report["tasks"]
    tasks = []
    for number in range(500):
        one = json.loads(json.dumps(task))
        one |= {"name": f"{number}{worst}", "why": worst}
        for mutant in one["mutants"]:
            mutant |= {
                "sentence": worst,
                "path": worst,
                "ref": f"{number}/{mutant['id']}{worst}",
                "outcome": "survived",
            }
            mutant["requirement"] = {"text": worst, "line": 1, "file": worst}
        one["survivors"] = [mutant["ref"] for mutant in one["mutants"]]
        one["findings"] = [{**one["findings"][0], "title": worst, "place": {"file": worst, "line": 1}}]
        tasks.append(one)
    report |= {"tasks": tasks, "unfinished": [{**report["unfinished"][0], "name": worst}] * 500}
    assert len(markdown(report)) < 65_536
