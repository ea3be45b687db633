"""The document of `foolsgold check --json`; docs/check.md describes every field."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness import __version__
from harness.check import Checked, CheckRun
from harness.findings.controls import Standing
from harness.findings.files import place_of
from harness.findings.model import Finding
from harness.judging.controls import Controls
from harness.judging.outcome import showing
from harness.task.model import Task
from harness.task.network import Extent
from harness.trial.record import TrialRecord

SCHEMA = "foolsgold.check/1"


def check_json(run: CheckRun) -> dict[str, Any]:
    standings = [one.standing for one in run.checked]
    return {
        "schema": SCHEMA,
        "foolsgold": __version__,
        "engine": run.engine,
        "options": dict(run.options),
        "interrupted": bool(run.unfinished),
        "exit_code": int(run.exit_code),
        "seconds": run.seconds,
        "summary": {
            "tasks": len(run.checked) + len(run.unfinished),
            "good": standings.count(Standing.GOOD),
            "below_bar": standings.count(Standing.BELOW_BAR),
            "unmeasured": standings.count(Standing.UNMEASURED),
            "unfinished": len(run.unfinished),
        },
        "tasks": [_task_json(one) for one in run.checked],
        "unfinished": [{"name": task.name, "path": str(task.path)} for task in run.unfinished],
    }


def _task_json(one: Checked) -> dict[str, Any]:
    task, controls = one.task, one.controls
    return {
        "name": task.name,
        "path": str(task.shown_path),
        "format": task.format.name if isinstance(task, Task) else None,
        "runner": str(task.runner) if isinstance(task, Task) else None,
        "digest": task.digest if isinstance(task, Task) else None,
        "standing": one.standing,
        "build": _build_json(controls),
        "network": _network_json(controls),
        "controls": _controls_json(controls),
        "findings": [_finding_json(finding) for finding in one.findings],
        "problems": [
            {
                "code": problem.code,
                "severity": problem.severity,
                "message": problem.message,
                "file": place_of(task, problem).file,
                "line": problem.line,
            }
            for problem in task.problems
        ],
        "seconds": controls.seconds if controls is not None else 0.0,
        "internal_error": one.internal or None,
    }


def _build_json(controls: Controls | None) -> dict[str, Any] | None:
    if controls is None:
        return None
    prepared = controls.prepared
    image = prepared.built.main if prepared.built is not None else None
    return {
        "ok": image is not None,
        "seconds": round(prepared.build_seconds, 3),
        "image": image.id if image else None,
        "fidelity": image.fidelity if image else None,
        "base": image.base if image else None,
        "notes": list(prepared.built.notes) if prepared.built else [],
        "error": prepared.build_error.message if prepared.build_error else None,
    }


def _network_json(controls: Controls | None) -> dict[str, Any] | None:
    if controls is None:
        return None
    prepared = controls.prepared
    return {
        "main": prepared.networks.main,
        "verifier": prepared.networks.verifier,
        **({"extent": prepared.networks.extent} if prepared.networks.extent is not Extent.WHOLE else {}),
        "tried_without": prepared.offline is not None,
        "notes": list(prepared.network_plan.notes),
    }


def _controls_json(controls: Controls | None) -> dict[str, Any] | None:
    if controls is None:
        return None
    return {
        "reference": [trial_json(record) for record in controls.references],
        "reference_without_network": trial_json(controls.prepared.offline) if controls.prepared.offline else None,
        "nop": trial_json(controls.nop) if controls.nop else None,
        "hollow": trial_json(controls.hollow) if controls.hollow else None,
    }


def trial_json(record: TrialRecord) -> dict[str, Any]:
    found, told = showing(record), record.to_json()
    if not record.host:
        del told["host"]
    for name in ("asked", "observed_before"):
        if not told[name]:
            del told[name]
    return {
        "shown": found.shown,
        "why": found.why or None,
        "cause": found.cause,
        "evidence": found.evidence,
        **told,
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "place": str(finding.place) if finding.place else None}
