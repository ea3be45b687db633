"""A check or an audit with the settings in force: what the command line and the Python API both run. Prints nothing."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness.check
import harness.stages.events
from harness.check import Checked, CheckRun, run_check
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.judging.outcome import Outcome
from harness.lab.store import Store
from harness.report.formats import write_whole
from harness.report.html import render
from harness.report.json_stream import report_json
from harness.report.kept import audit_and_keep
from harness.report.read import REPORT, read_report
from harness.settings.in_force import InForce, Values, one, table
from harness.settings.meaning import audit_settings, control_settings, overrides_json
from harness.stages.result import Audited
from harness.task.model import Task, Unusable

PAGE = "report.html"


class Silent:
    """Shows no progress."""

    def doing(self, task: str, what: str) -> None:
        pass

    def planned(self, task: str, mutants: int) -> None:
        pass

    def tried(self, task: str, outcome: Outcome) -> None:
        pass

    def done(self, done: Checked | Audited) -> None:
        pass

    def close(self) -> None:
        pass


def check_tasks(
    tasks: Sequence[Task | Unusable],
    in_force: InForce,
    *,
    flags: Sequence[str] = (),
    watcher: harness.check.Watcher | None = None,
) -> CheckRun:
    """The controls of every task. `flags` are those that a command to check one of them again needs."""
    values = in_force.run()
    settings = control_settings(values)
    options = {
        **_engine_json(values),
        "repeat": settings.repeat,
        "network": settings.network,
        "timeout_factor": settings.timeout_factor,
        **overrides_json(in_force, tasks, "check"),
    }
    with make_engine(one(values, "engine"), EngineOptions(images=table(values, "image"))) as engine:
        return run_check(
            engine,
            tasks,
            settings,
            jobs=_jobs(values),
            watcher=watcher or Silent(),
            command=lambda task: shlex.join(["foolsgold", "check", str(task.path), *flags]),
            options=options,
            settings_of=lambda task: control_settings(in_force.task(task.name, task.path)),
        )


def audit_tasks(
    folder: Path,
    tasks: Sequence[Task | Unusable],
    in_force: InForce,
    *,
    flags: Sequence[str] = (),
    fresh: bool = False,
    watcher: harness.stages.events.Watcher | None = None,
) -> dict[str, Any]:
    """Audit the tasks into a run folder, with report.json and report.html, and give the report. A run that is there
    goes on, unless it is to be `fresh`. `flags` are those that a command to audit one of the tasks again needs."""
    values = in_force.run()
    settings = audit_settings(values)
    each = {task.name: audit_settings(in_force.task(task.name, task.path)) for task in tasks}
    options = {
        **_engine_json(values),
        "depth": one(values, "depth"),
        "budget": settings.wish.budget,
        "seed": settings.wish.seed,
        "operators": sorted(settings.wish.operators),
        "skipped_operators": sorted(settings.wish.skipped_operators),
        "faults": sorted(settings.wish.faults),
        "skipped_faults": sorted(settings.wish.skipped_faults),
        "sources": sorted(settings.wish.sources),
        "probes": sorted(settings.probes),
        "repeat": settings.controls.repeat,
        "network": settings.controls.network,
        "timeout_factor": settings.controls.timeout_factor,
        **overrides_json(in_force, tasks, "audit"),
    }
    engine_options = EngineOptions(images=table(values, "image"), hidden=(folder,))
    with Store(folder) as store, make_engine(one(values, "engine"), engine_options) as engine:
        if fresh:
            store.forget()
        audit_and_keep(
            engine,
            tasks,
            settings,
            store,
            jobs=_jobs(values),
            watcher=watcher or Silent(),
            command=lambda task: shlex.join(["foolsgold", "audit", str(task.path), *flags]),
            options=options,
            settings_of=lambda task: each[task.name],
        )
    report = read_report(folder)
    write_whole(report_json(report), folder / REPORT)
    render(report, folder / PAGE)
    return report


def _engine_json(values: Values) -> dict[str, Any]:
    images = [f"{name}={base}" for name, base in table(values, "image").items()]
    return {"engine": one(values, "engine"), "images": images}


def _jobs(values: Values) -> int:
    return one(values, "jobs") or os.cpu_count() or 1
