from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.findings.mutants import mutant_findings
from harness.findings.requirements import Coverage, Seen, how_tested, stated
from harness.judging.outcome import OutcomeKind
from harness.task.discover import discover
from harness.task.model import Task
from mutator.relevance import requirements
from tests.harness.report.conftest import Report
from tests.harness.tasks import HARBOR, write

SAYS = "- With `--dry-run` nothing is removed.\n"
K, S, P, E = OutcomeKind.KILLED, OutcomeKind.SURVIVED, OutcomeKind.PARTIAL, OutcomeKind.EQUIVALENT


def seen(*kinds: OutcomeKind) -> list[Seen]:
    [requirement] = requirements(SAYS)
    return [
        Seen(str(at), "", f"variant {at}", "run.sh:1", kind, requirement, ("--dry-run",), 3.0)
        for at, kind in enumerate(kinds)
    ]


@pytest.mark.parametrize(
    ("kinds", "tests", "state"),
    [
        ((K, K), "", Coverage.TESTED),
        ((K, S), "run --dry-run", Coverage.IN_PART),
        ((K, K, S), "run", Coverage.UNTESTED),
        ((S, S), "run --dry-run", Coverage.UNTESTED),
        ((P, S), "run --dry-run", Coverage.IN_PART),
        ((E, E), "", Coverage.NOT_PROBED),
        ((), "", Coverage.NOT_PROBED),
    ],
)
def test_a_requirement_has_one_state(kinds: tuple[OutcomeKind, ...], tests: str, state: Coverage) -> None:
    assert how_tested(seen(*kinds), tests).state is state


@pytest.mark.parametrize(("tests", "kinds"), [("run", (K, K, S)), ("run --dry-run", (K, S, S)), ("run", (S, S))])
def test_the_finding_and_the_page_say_the_same_of_a_requirement(
    tmp_path: Path, tests: str, kinds: tuple[OutcomeKind, ...]
) -> None:
    write(tmp_path / "t", {**HARBOR, "instruction.md": SAYS})
    [task] = discover([tmp_path / "t"])
    assert isinstance(task, Task)
    [finding] = mutant_findings(task, seen(*kinds), None, tests, "")
    never = "never tested" in finding.title
    assert never is (finding.id == "stated-requirement-untested")
    assert never is (how_tested(seen(*kinds), tests).state is Coverage.UNTESTED)
    if never and K in kinds:
        assert any(
            "2 of 3 variants that break this sentence were caught for another reason" in x for x in finding.evidence
        )


@pytest.mark.parametrize("kind", ["survivors", "healthy", "two_keys"])
def test_in_a_report_the_page_and_the_findings_agree(report: Report, kind: str) -> None:
    for task in report(kind)["tasks"]:
        said: dict[str, set[int]] = {"untested": set(), "in-part": set()}
        for step in task["steps"]:
            for one in step["requirements"]:
                by = {mutant["id"]: mutant["outcome"] for mutant in task["mutants"]}
                if any(by[ident] == "survived" for ident in one["mutants"]):
                    said[one["state"]].add(one["line"])
        found: dict[str, Any] = {"untested": set(), "in-part": set()}
        for finding in task["findings"]:
            if finding["id"].startswith("stated-requirement"):
                found["untested" if finding["id"].endswith("-untested") else "in-part"].add(finding["place"]["line"])
        assert found == said


def test_a_piece_of_a_line_is_read_in_its_line() -> None:
    text = "Write it:\n\n    tidy.py FOLDER [--dry-run]\n"
    assert stated(text, "[--dry-run]", 3) == "tidy.py FOLDER [--dry-run]"
    assert stated(text, "It removes the old files.", 3) == "It removes the old files."
    assert stated(text, "[--dry-run]", 99) == "[--dry-run]"
