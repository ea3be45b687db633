"""From what trials showed to findings and numbers. Pure: nothing runs here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from harness.findings.files import file_findings
from harness.findings.model import Finding, Severity
from harness.findings.mutants import Seen
from harness.findings.permissive import Paid, permissive_findings, unread_finding
from harness.judging.controls import Controls
from harness.judging.kill_matrix import Matrix, matrix, results
from harness.judging.outcome import DETECTED, OutcomeKind
from harness.judging.strength import Judged, Verdict
from harness.stages.result import Audited, MutantResult
from harness.task.model import Task, Unusable
from harness.task.texts import verifier_texts
from harness.testcode.assertions import read_test_files
from harness.testcode.assertions.lead import Lead
from harness.trial.record import TrialRecord
from harness.verifier.test_report import TestStatus
from mutator.relevance import Requirement


def control_verdict(findings: Sequence[Finding]) -> tuple[Verdict, str]:
    """The word for a task whose controls are not sound: the gravest finding decides."""
    if not findings:
        return Verdict.UNMEASURED, "the reference has no reward to compare with"
    worst = findings[0]
    if worst.severity is not Severity.ERROR:
        return Verdict.UNMEASURED, worst.title
    if "flaky" in worst.id:
        return Verdict.FLAKY, worst.title
    if worst.id.startswith(("build", "reference", "healthcheck", "environment")):
        return Verdict.BROKEN, worst.title
    return Verdict.UNSOUND, worst.title


def unusable(task: Unusable, command: str) -> Audited:
    findings = file_findings(task, command)
    why = findings[0].title if findings else "it cannot be read"
    return Audited(task, Verdict.UNMEASURED, why, findings=findings)


def judged(result: MutantResult) -> Judged:
    return Judged(result.mutant.id, result.mutant.fault, result.outcome, result.requirement is not None)


def seen(result: MutantResult) -> Seen:
    mutant, links = result.mutant, result.links
    return Seen(
        mutant.id,
        result.step,
        mutant.sentence,
        mutant.place,
        result.outcome.kind,
        result.requirement,
        links[0].evidence if links else (),
        links[0].score if links else 0.0,
    )


def noticed_paths(tried: Sequence[MutantResult]) -> frozenset[str]:
    """Files of the box whose text was broken in the solution, to a test's notice; a sibling is known by its name."""
    caught = [one for one in tried if one.outcome.kind in DETECTED]
    return frozenset(one.mutant.target or PurePosixPath(one.mutant.file).name for one in caught)


def kill_matrix(controls: Controls, tried: Sequence[MutantResult]) -> Matrix | None:
    killed = {result.mutant.id: result.records[0] for result in tried if result.outcome.kind is OutcomeKind.KILLED}
    untouched = [record for record in (controls.nop, controls.hollow) if record is not None]
    return matrix(controls.references, untouched, killed)


def test_findings(task: Task, tried: Sequence[MutantResult], command: str) -> tuple[list[Finding], list[Lead]]:
    """What the tests' texts let suspect: with a survivor for a witness a finding, else a lead."""
    found: list[Finding] = []
    leads: list[Lead] = []
    unread: dict[str, None] = {}
    for step in task.steps:
        tests, unreadable = read_test_files(verifier_texts(task, step))
        unread |= dict.fromkeys(unreadable)
        paid = [
            Paid(result.mutant, result.requirement, _passed(result.records[0]))
            for result in tried
            if result.survived and result.step == step.name
        ]
        more, suspected = permissive_findings(tests, paid)
        found += [replace(one, task=task.name, command=command) for one in more]
        leads += suspected
    found += [replace(one, task=task.name, command=command) for one in unread_finding(list(unread))]
    return found, list(dict.fromkeys(leads))


def _passed(record: TrialRecord) -> frozenset[str]:
    return frozenset(name for name, status in results(record).items() if status is TestStatus.PASSED)


def mutant_json(result: MutantResult) -> dict[str, Any]:
    """A mutant as stores and reports have it."""
    mutant = result.mutant
    return {
        "id": mutant.id,
        "step": result.step,
        "operator": mutant.operator,
        "fault": mutant.fault,
        "tier": mutant.tier,
        "file": mutant.file,
        "line": mutant.line,
        "source": mutant.source,
        "target": mutant.target,
        "scope": mutant.scope,
        "sentence": mutant.sentence,
        "edits": [{"start": edit.start, "end": edit.end, "new": edit.new.hex()} for edit in mutant.edits],
        "diff": result.diff,
        "requirement": _requirement_json(result.requirement),
        "relevance": result.links[0].score if result.links else 0.0,
        "evidence": list(result.links[0].evidence) if result.links else [],
    }


def _requirement_json(requirement: Requirement | None) -> dict[str, Any] | None:
    return {"text": requirement.text, "line": requirement.line} if requirement is not None else None
