"""A check or an audit with the settings in force: what the command line and the Python API both run. Prints nothing."""

from __future__ import annotations

import os
import shlex
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import harness.check
from harness.audit import audit
from harness.check import Checked, CheckRun, run_check
from harness.dataset.duplicates import Duplicates, SeenTasks, TaskCopy
from harness.dataset.model import AnyTask, Packed, looked_at
from harness.dataset.select import Chosen, Selection
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.engine.recipe.standin import must_be_there
from harness.errors import FULL
from harness.judging.outcome import Outcome
from harness.lab.lab import Lab, run_with
from harness.lab.merging import merge
from harness.lab.nodes.driver import NodeShown, Shown
from harness.lab.store import Planned, Store, StoreError
from harness.lab.workers import Threads, Workers
from harness.mutants import must_name_sources
from harness.report.document import brief_of, entry_of, run_facts
from harness.report.formats import write_whole
from harness.report.html import render
from harness.report.json_stream import report_json
from harness.report.read import REPORT, read_report
from harness.settings.catalogue import THREADS
from harness.settings.in_force import InForce, Values, one, table
from harness.settings.meaning import audit_settings, control_settings, overrides_json, wish
from harness.stages.events import Watcher
from harness.stages.result import Audited, AuditSettings, ProposedFor
from harness.task.model import Task

PAGE = "report.html"


class Silent:
    """Shows no progress."""

    def doing(self, task: str, what: str) -> None:
        pass

    def planned(self, task: str, mutants: int) -> None:
        pass

    def tried(self, task: str, outcome: Outcome) -> None:
        pass

    def done(self, done: Checked | Audited | TaskCopy) -> None:
        pass

    def nodes(self, nodes: Sequence[NodeShown]) -> None:
        pass

    def close(self) -> None:
        pass


def check_tasks(
    tasks: Sequence[AnyTask],
    in_force: InForce,
    *,
    flags: Sequence[str] = (),
    watcher: harness.check.CheckWatcher | None = None,
    nodes: Shown = lambda _nodes: None,
) -> CheckRun:
    """The controls of every task. `flags` are those that a command to check one of them again needs."""
    values = in_force.run()
    settings = control_settings(values)
    options = {
        **_engine_json(values),
        "repeat": settings.repeat,
        "network": settings.network,
        "runner": one(values, "runner"),
        "timeout_factor": settings.timeout_factor,
        **overrides_json(in_force, tasks, "check"),
    }
    with _workers(values, _folders(tasks), nodes) as workers:
        return run_check(
            workers,
            tasks,
            settings,
            watcher=watcher or Silent(),
            command=lambda task: shlex.join(["foolsgold", "check", str(task.shown_path), *flags]),
            options=options,
            settings_of=lambda task: control_settings(in_force.task(task.name, task.shown_path)),
        )


def audit_tasks(
    folder: Path,
    tasks: Sequence[AnyTask],
    in_force: InForce,
    *,
    flags: Sequence[str] = (),
    fresh: bool = False,
    watcher: Watcher | None = None,
    nodes: Shown = lambda _nodes: None,
    tell: Callable[[str], None] = lambda _said: None,
    proposed: ProposedFor | None = None,
) -> dict[str, Any]:
    """Audit the tasks into a run folder, with report.json and report.html, and give the report. A run that is there
    goes on, unless it is to be `fresh`. `flags` are those that a command to audit one of the tasks again needs.
    `tell` is told in a sentence what has become of the folder, where it is not what was asked for. `proposed`:
    variants that somebody else wrote, to be run besides."""
    values = in_force.run()
    selection = tasks.selection if isinstance(tasks, Chosen) else None
    # A shard of a large dataset is audited as the whole of it is.
    of = selection.of_all_shards if selection is not None else len(tasks)
    settings = audit_settings(values, of)
    if one(values, "workers") == THREADS:
        must_be_there(table(values, "image"))
    must_name_sources(wanted_sources(tasks, in_force))
    each = {task.name: audit_settings(in_force.task(task.name, task.path), of) for task in tasks if in_force.overridden}
    options = {**_options(values, settings), **overrides_json(in_force, tasks, "audit")}
    if proposed is not None:
        options["proposed"] = proposed.digest

    def settings_of(task: Task) -> AuditSettings:
        found = each.get(task.name, settings)
        return found if proposed is None else replace(found, proposed=proposed.by_task.get(task.name, ()))

    hidden = (folder, *_folders(tasks))
    with Store(folder, fresh=fresh) as store, _workers(values, hidden, nodes) as workers:
        if store.aside is not None:
            tell(f"What was in {folder} could not be used. It is set aside as {store.aside.name}.")
        audit_and_keep(
            workers,
            tasks,
            settings,
            store,
            watcher=watcher or Silent(),
            command=lambda task: shlex.join(["foolsgold", "audit", str(task.shown_path), *flags]),
            options=options,
            settings_of=settings_of,
            duplicates=Duplicates(one(values, "duplicates")),
            selection=selection,
        )
        rescued = store.rescued()
    if rescued is not None:
        tell(f"The run folder {folder} was removed while it was written to. What was found is in {rescued}.")
        folder = rescued
    return _written(folder)


def _options(values: Values, settings: AuditSettings) -> dict[str, Any]:
    return {
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
        "least_trials": settings.least_trials,
        "repeat": settings.controls.repeat,
        "network": settings.controls.network,
        "runner": one(values, "runner"),
        "timeout_factor": settings.controls.timeout_factor,
        "reuse": settings.reuse,
        "until_sure": settings.until_sure,
        "duplicates": one(values, "duplicates"),
    }


def merge_runs(
    runs: Sequence[Path], output: Path, *, partial: bool = False, fresh: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Put runs together in a run folder, with report.json and report.html; the report, and what to say about it."""
    said = merge(runs, output, partial=partial, fresh=fresh)
    return _written(output), said


def _written(folder: Path) -> dict[str, Any]:
    """The run's report, which is in its folder from now on."""
    report = read_report(folder)
    try:
        write_whole(report_json(report), folder / REPORT)
        render(report, folder / PAGE)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise StoreError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            hint="What was found is kept: `foolsgold report` shows it, and writes it elsewhere with -o.",
        ) from error
    return report


def audit_and_keep(
    workers: Workers,
    tasks: Sequence[AnyTask],
    settings: AuditSettings,
    store: Store,
    *,
    watcher: Watcher,
    command: Callable[[AnyTask], str],
    options: Mapping[str, Any],
    settings_of: Callable[[Task], AuditSettings] | None = None,
    duplicates: Duplicates = Duplicates.EACH,
    selection: Selection | None = None,
) -> bool:
    """Audit every task, with `settings` or its own. False where Ctrl-C ended it, within a moment; what
    was done is in the store."""
    start = time.monotonic()
    planned = (Planned(task.name, str(task.shown_path), _digest(task)) for task in tasks)
    store.begin_run(planned, options, selection.to_json() if selection is not None else None)
    store.set_meta({"facts": run_facts(workers.engine, workers.version, settings)})

    seen = SeenTasks(duplicates) if duplicates is not Duplicates.EACH else None

    def work(lab: Lab) -> AsyncIterator[Audited | TaskCopy]:
        return audit(tasks, settings_of or (lambda _task: settings), lab, watcher, command, seen)

    def keep(audited: Audited | TaskCopy) -> None:
        if isinstance(audited, TaskCopy):
            store.put_copy(audited.task.name, audited.of, audited.how)
            watcher.done(audited)
            return
        entry = entry_of(audited)
        store.put_result(audited.task.name, entry, brief_of(audited, entry))
        watcher.done(audited)

    whole = run_with(work, keep, workers=workers, memory=store, doing=watcher.doing)
    store.set_meta({"seconds": round(time.monotonic() - start, 3)})
    return whole


@contextmanager
def _workers(values: Values, hidden: tuple[Path, ...], nodes: Shown) -> Iterator[Workers]:
    """Who runs the trials. `nodes` is told of the machines, where there are several."""
    options = EngineOptions(images=table(values, "image"), hidden=hidden)
    engine, where = one(values, "engine"), one(values, "workers")
    if where == THREADS:
        with make_engine(engine, options) as made:
            yield Threads.here(made, _jobs(values))
        return
    from harness.lab.nodes.over_ray import ray_nodes

    workers = ray_nodes(where, engine, options, one(values, "jobs"), nodes)
    try:
        yield workers
    finally:
        workers.close()


def _folders(tasks: Sequence[AnyTask]) -> tuple[Path, ...]:
    """Where the tasks lie: no box may find its own or another's solution and tests there."""
    places = {task.container.file if isinstance(task, Packed) else task.path: None for task in tasks}
    return tuple({place.parent if len(place.parts) > 3 else place: None for place in places})


def wanted_sources(tasks: Iterable[AnyTask], in_force: InForce) -> Iterator[tuple[Task, Set[str]]]:
    """Each task with the sources that it is asked for, where it is asked for any. A packed one is unpacked for it."""
    for each in tasks:
        sources = wish(in_force.task(each.name, each.path)).sources if in_force.names_sources else frozenset()
        if sources:
            with looked_at(each, Path(tempfile.gettempdir())) as task:
                if isinstance(task, Task):
                    yield task, sources


def _digest(task: AnyTask) -> str:
    """A packed task's is known when it is unpacked: until then its result of an earlier run does not count."""
    return task.digest if isinstance(task, Task) else ""


def _engine_json(values: Values) -> dict[str, Any]:
    images = [f"{name}={base}" for name, base in table(values, "image").items()]
    return {"engine": one(values, "engine"), "images": images}


def _jobs(values: Values) -> int:
    return one(values, "jobs") or os.cpu_count() or 1
