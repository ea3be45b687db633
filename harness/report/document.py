"""report.json: the one document that every other format is made of."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from harness import __version__
from harness.audit import Audited, AuditRun, MutantResult, kill_matrix, mutant_json
from harness.check import trial_json
from harness.findings.model import Finding
from harness.outcome import OutcomeKind
from harness.strength import Verdict, wilson
from harness.task.model import Task

SCHEMA = "foolsgold.report/1"


def document(run: AuditRun, folder: str) -> dict[str, Any]:
    """`folder` is the run folder, which the commands of the report name."""
    settings = run.settings
    return {
        "schema": SCHEMA,
        "foolsgold": __version__,
        "run": folder,
        "engine": run.engine,
        "seed": settings.wish.seed,
        "options": dict(run.options),
        "thresholds": asdict(settings.thresholds),
        "interrupted": bool(run.unfinished),
        "seconds": run.seconds,
        "summary": _summary(run),
        "tasks": [_task(one, folder) for one in run.audited],
        "unfinished": [{"name": task.name, "path": str(task.path)} for task in run.unfinished],
    }


def _summary(run: AuditRun) -> dict[str, Any]:
    verdicts = [one.verdict for one in run.audited]
    results = [result for one in run.audited for result in one.mutants]
    return {
        "tasks": len(run.audited) + len(run.unfinished),
        "verdicts": {verdict.value: verdicts.count(verdict) for verdict in Verdict},
        "mutants": len(results),
        "outcomes": {kind.value: sum(one.outcome.kind is kind for one in results) for kind in OutcomeKind},
        "dataset": dataset(run),
    }


_ROWS: tuple[tuple[str, str], ...] = (
    ("broken environment", "The environment does not build, or never gets healthy."),
    ("wrong reference", "The reference is not paid in full, every time."),
    ("weak reward", "Wrong work is paid: for nothing at all, or for too many broken variants."),
    ("usable", "Strong or adequate."),
    ("not measured", "Too little is known to say."),
)


def dataset(run: AuditRun) -> list[dict[str, Any]]:
    """The shares of tasks by their main fault, each with its interval and the tasks behind it."""
    members: dict[str, list[str]] = {name: [] for name, _ in _ROWS}
    for one in run.audited:
        members[_row(one)].append(one.task.name)
    total = len(run.audited)
    rows = []
    for name, meaning in _ROWS:
        low, high = wilson(len(members[name]), total)
        share = round(len(members[name]) / total, 4) if total else None
        rows.append(
            {
                "row": name,
                "meaning": meaning,
                "tasks": members[name],
                "share": share,
                "low": round(low, 4),
                "high": round(high, 4),
            }
        )
    return rows


def _row(one: Audited) -> str:
    if one.verdict in (Verdict.STRONG, Verdict.ADEQUATE):
        return "usable"
    if one.verdict in (Verdict.WEAK, Verdict.UNSOUND):
        return "weak reward"
    if one.verdict is Verdict.UNMEASURED:
        return "not measured"
    ids = {finding.id for finding in one.findings}
    built = one.controls is not None and one.controls.prepared.built is not None
    return "wrong reference" if built and "healthcheck-failed" not in ids else "broken environment"


def _task(one: Audited, folder: str) -> dict[str, Any]:
    task, controls = one.task, one.controls
    prepared = controls.prepared if controls else None
    image = prepared.built.main if prepared and prepared.built else None
    found = kill_matrix(controls, one.mutants) if controls and one.mutants else None
    return {
        "name": task.name,
        "path": str(task.path),
        "format": task.format if isinstance(task, Task) else None,
        "digest": task.digest if isinstance(task, Task) else None,
        "verdict": one.verdict,
        "why": one.why,
        "engine": {
            "fidelity": image.fidelity if image else None,
            "base": image.base if image else None,
            "image": image.id if image else None,
            "notes": list(prepared.built.notes) if prepared and prepared.built else [],
        },
        "strength": one.strength.to_json() if one.strength else None,
        "findings": [finding_json(finding) for finding in one.findings],
        "mutants": [result_json(result, folder) for result in one.mutants],
        "survivors": [result.mutant.id for result in one.survivors],
        "not_run": [
            {
                "step": step.step.name,
                "generated": step.generated,
                "duplicates": len(step.selection.duplicates),
                "invalid": step.tally.invalid,
                "beyond_budget": step.selection.left,
                "skipped": [{"file": skipped.file, "reason": skipped.reason} for skipped in step.skipped],
            }
            for step in one.steps
        ],
        "matrix": {
            "tests": list(found.tests),
            "kills": {ident: sorted(names) for ident, names in found.kills.items()},
            "vacuous": list(found.vacuous),
            "decorative": list(found.decorative),
            "enough": list(found.enough),
        }
        if found
        else None,
        "controls": {
            "reference": [trial_json(record) for record in controls.references],
            "nop": trial_json(controls.nop) if controls.nop else None,
            "hollow": trial_json(controls.hollow) if controls.hollow else None,
            "reference_at_the_end": trial_json(one.last) if one.last else None,
        }
        if controls
        else None,
        "seconds": one.seconds,
        "internal_error": one.internal or None,
    }


def result_json(result: MutantResult, folder: str) -> dict[str, Any]:
    outcome = result.outcome
    return {
        **mutant_json(result),
        "outcome": outcome.kind,
        "why": outcome.why or None,
        "gap": round(outcome.gap, 4),
        "killed_by": list(outcome.killed_by),
        "crashed": outcome.crashed,
        "cause": outcome.cause,
        "runs": [
            {
                "rewards": dict(record.rewards) if record.rewards is not None else None,
                "problem": record.problem.message if record.problem else None,
                "seconds": record.seconds,
                "network": record.network,
            }
            for record in result.records
        ],
        "repro": f"foolsgold repro {folder} {result.mutant.id} -o {PurePath(f'repro-{result.mutant.id}')}",
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "place": str(finding.place) if finding.place else None}
