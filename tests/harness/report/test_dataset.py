from __future__ import annotations

from typing import Any

import pytest

from harness.findings.catalogue import FINDINGS
from harness.judging.strength import Verdict, wilson
from harness.report.dataset import ROWS, dataset
from harness.report.words import dataset_cells
from tests.harness.report.conftest import Report

EVERYTHING = [row.name for row in ROWS]


def task(
    name: str,
    verdict: str,
    *findings: str,
    measured: list[str] | None = None,
    severity: str = "error",
    training: Any = None,
) -> Any:
    told = [{"id": ident, "severity": severity} for ident in findings]
    return {
        "name": name,
        "verdict": verdict,
        "findings": told,
        "measured": EVERYTHING if measured is None else measured,
        "training": training,
    }


def trivial(*because: str) -> Any:
    return task("t", "strong", training={"value": "trivial", "because": list(because)})


def row(name: str, *tasks: Any) -> dict[str, Any]:
    [found] = [each for each in dataset(tasks) if each["row"] == name]
    return found


@pytest.mark.parametrize(
    ("made", "rows"),
    [
        (task("t", "broken", "build-failed"), ["broken environment"]),
        (task("t", "broken", "environment-not-ready"), ["broken environment"]),
        (task("t", "broken", "reference-unpaid"), ["wrong reference"]),
        (task("t", "flaky", "reference-flaky"), ["wrong reference"]),
        (task("t", "broken", "reference-unpaid", "unlisted-host"), ["broken environment", "wrong reference"]),
        (task("t", "strong", "unlisted-host", severity="note"), ["usable"]),
        (task("t", "weak"), ["weak reward"]),
        (task("t", "unsound", "nop-paid"), ["weak reward"]),
        (task("t", "adequate", "permissive-assertion", severity="warning"), ["weak reward"]),
        (task("t", "strong", "stated-requirement-untested", severity="warning"), ["untested requirement"]),
        (task("t", "strong", "hidden-requirement"), ["mismatch"]),
        (task("t", "strong", "answer-given-away", severity="warning"), ["given-away answer"]),
        (
            task("t", "weak", "hidden-requirement", "answer-given-away"),
            ["weak reward", "mismatch", "given-away answer"],
        ),
        (task("t", "strong"), ["usable"]),
        (task("t", "adequate", "stated-requirement-undertested", severity="warning"), ["usable"]),
        (task("t", "unmeasured", "build-failed", severity="unmeasured"), []),
        (task("t", "strong", "nop-paid", severity="note"), ["usable"]),
        (task("t", "strong", "paid-for-less", severity="warning"), ["untested requirement"]),
        (trivial("few statements are enough"), ["little training value", "usable"]),
        (task("t", "strong", training={"value": "small", "because": []}), ["usable"]),
    ],
)
def test_a_task_stands_in_the_rows_that_its_findings_and_its_verdict_feed(made: Any, rows: list[str]) -> None:
    assert [each["row"] for each in dataset([made]) if each["tasks"]] == rows


def test_a_share_is_of_the_tasks_that_were_measured_and_has_their_interval() -> None:
    found = row(
        "wrong reference",
        task("a", "broken", "reference-unpaid"),
        task("b", "strong"),
        task("c", "unmeasured", measured=[]),
    )
    low, high = wilson(1, 2)
    assert (found["tasks"], found["not_measured"], found["measured"]) == (["a"], ["c"], 2)
    assert (found["share"], found["low"], found["high"]) == (0.5, round(low, 4), round(high, 4))
    assert found["because"] == {"reference-unpaid": ["a"]}


def test_what_nobody_measured_has_no_share() -> None:
    found = row("mismatch", task("a", "strong", measured=[]), task("b", "weak", measured=[]))
    assert (found["share"], found["low"], found["high"], found["measured"]) == (None, None, None, 0)
    assert dataset_cells(found) == ("mismatch", "-", "not measured", "", "2")


def test_every_row_names_why_each_of_its_tasks_is_there(report: Report) -> None:
    for kind in ("survivors", "broken", "unpaid", "paid_for_nothing", "unmeasured"):
        for found in report(kind)["summary"]["dataset"]:
            because = {name for names in found["because"].values() for name in names}
            assert because == set(found["tasks"])
            assert not set(found["tasks"]) & set(found["not_measured"])


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (
            "healthy",
            [
                "broken environment",
                "wrong reference",
                "weak reward",
                "untested requirement",
                "mismatch",
                "little training value",
                "usable",
            ],
        ),
        ("broken", ["broken environment", "usable"]),
        ("unpaid", ["broken environment", "wrong reference", "usable"]),
        ("paid_for_nothing", ["broken environment", "wrong reference", "weak reward", "usable"]),
        ("engine_gone", []),
    ],
)
def test_a_run_says_what_it_measured(report: Report, kind: str, known: list[str]) -> None:
    rows = report(kind)["summary"]["dataset"]
    assert [found["row"] for found in rows if found["measured"] and found["row"] != "given-away answer"] == known


def test_every_row_that_a_finding_feeds_is_in_the_table_and_every_row_is_fed() -> None:
    of_training = {row.name for row in ROWS if row.training}
    assert of_training
    assert ({entry.row for entry in FINDINGS.values()} - {""}) | of_training == {row.name for row in ROWS}


def test_every_verdict_feeds_a_row_or_is_told_by_its_findings() -> None:
    fed = {word for each in ROWS for word in each.verdicts}
    assert fed | {"strong", "adequate", "broken", "flaky", "unmeasured"} == {verdict.value for verdict in Verdict}


def test_every_finding_has_words_for_readers_of_its_id() -> None:
    assert [ident for ident, entry in FINDINGS.items() if not (entry.says.endswith(".") and entry.advice)] == []


def test_why_a_task_has_little_training_value_is_counted_with_its_tasks() -> None:
    found = row("little training value", trivial("few statements are enough"), task("b", "strong"))
    assert found["because"] == {"few statements are enough": ["t"]}
    assert found["share"] == 0.5
