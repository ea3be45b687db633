"""A run over solutions from elsewhere, and the same again under other tests. Prints nothing."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.attempts.difficulty import least_paid
from harness.attempts.document import SCHEMA, document, regraded
from harness.attempts.folders import read_submissions
from harness.attempts.matching import matched
from harness.attempts.model import RecordedEnd, Submission, Truth, line_json
from harness.attempts.running import JUDGED, Fate, NotToBeRun, TaskAttempts, Way, attempts_of_task, broken, way_of
from harness.dataset.model import AnyTask, Packed
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.errors import OUT_OF_FILES, UsageError
from harness.judging.controls import ControlSettings
from harness.lab.lab import Doing, Forgetful, Lab, Memory, Place, run_with
from harness.lab.store import Planned, Store, is_run
from harness.lab.together import side_by_side
from harness.lab.workers import Threads
from harness.report.read import read_report
from harness.report.whole import whole
from harness.settings.in_force import InForce, one, table
from harness.settings.meaning import as_set, control_settings
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.untrusted import visible

DOCUMENT, SUBMISSIONS = "attempts.json", "solutions.jsonl"
TRIALS = "trials"
"""The folder within a run's that remembers every trial, so that what was interrupted goes on."""


@dataclass(frozen=True, slots=True)
class AttemptTarget:
    """A task with the solutions that are for it."""

    task: AnyTask
    submissions: tuple[Submission, ...]


def targets_of(tasks: Sequence[AnyTask], places: Sequence[Path]) -> tuple[list[AttemptTarget], int]:
    """The tasks that any solution is for, and how many solutions are for none of them."""
    found = read_submissions(places)
    mine, others = matched([task.name for task in tasks], found)
    if not mine:
        raise UsageError(
            f"No solution of {len(found)} is for one of these tasks.",
            hint=f"The first says {visible(found[0].task) or 'no task'}, and the first task is "
            f"{visible(tasks[0].name)}: a solution's folder, or its line, names its task."
            if tasks
            else "There are no tasks.",
        )
    return [AttemptTarget(task, tuple(mine[task.name])) for task in tasks if task.name in mine], others


def run_attempts(
    found: Sequence[AttemptTarget],
    in_force: InForce,
    doing: Doing,
    *,
    places: Sequence[Path] = (),
    other_tasks: int = 0,
    memory: Memory | None = None,
    audit: Path | None = None,
    observes: bool = True,
) -> dict[str, Any]:
    """The document. `places`: where solutions lie, which no box may look at. `memory` knows the trials that ran
    before. `audit`: a run that says how little of each task's reference is paid. `observes`: see what they
    do otherwise, too."""
    least = {}
    if audit is not None:
        with whole(audit):
            least = least_paid(read_report(audit)["tasks"])
    values = in_force.run()
    controls = control_settings(values)
    hidden = tuple({*(target.task.path.parent for target in found), *(_folder(place) for place in places)})
    options = EngineOptions(images=table(values, "image"), hidden=hidden)
    done: dict[str, TaskAttempts] = {}
    with make_engine(one(values, "engine"), options) as engine:

        def work(lab: Lab) -> AsyncIterator[TaskAttempts]:
            async def each(target: AttemptTarget) -> TaskAttempts:
                return await _one(lab, target, controls, observes=observes)

            return side_by_side(each, found, lab.most_tasks)

        def keep(result: TaskAttempts) -> None:
            done[result.task.name] = result

        jobs = one(values, "jobs") or os.cpu_count() or 1
        run_with(work, keep, workers=Threads.here(engine, jobs), memory=memory or Forgetful(), doing=doing)
        name = engine.name
    return document(
        [done[target.task.name] for target in found if target.task.name in done],
        engine=name,
        options={
            "repeat": controls.repeat,
            "network": controls.network,
            "runner": one(values, "runner"),
            "timeout_factor": controls.timeout_factor,
            "images": [f"{base}={other}" for base, other in table(values, "image").items()],
        },
        other_tasks=other_tasks,
        unfinished=[target.task.name for target in found if target.task.name not in done],
        least=least,
    )


def _folder(place: Path) -> Path:
    place = place.resolve()
    return place if place.is_dir() or len(place.parts) <= 3 else place.parent


async def _one(lab: Lab, target: AttemptTarget, controls: ControlSettings, *, observes: bool) -> TaskAttempts:
    given = target.task
    known: Task | Unusable = given.unread() if isinstance(given, Packed) else given
    place: Place | None = None
    try:
        async with lab.in_order:
            task = known = await lab.unpacked(given) if isinstance(given, Packed) else given
        if isinstance(task, Unusable):
            return _unusable(task, target)
        place = lab.place(task)
        taken = await place.take()
        if isinstance(taken, Unusable):
            return _unusable(taken, target)
        found = await attempts_of_task(place, target.submissions, controls, observes=observes)
        return replace(found, task=task)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
            raise  # the run cannot go on
        return broken(known, target.submissions, error)
    finally:
        if place is not None:
            place.leave()


def _unusable(task: Unusable, target: AttemptTarget) -> TaskAttempts:
    return broken(task, target.submissions, UsageError(f"it is no usable task: {task.problems[0].message}"))


# --- a run's folder


def must_fit(folder: Path | None, *, resume: bool) -> None:
    """A run is begun in a new folder, and goes on in its own. Raises UsageError."""
    if resume and folder is None:
        raise UsageError("No run to continue is named.", hint="Name its folder with -o.")
    if folder is None:
        return
    shown = visible(str(folder))
    if resume and not is_run(folder / TRIALS):
        raise UsageError(f"There is no run in {shown} to continue.", hint="Leave --resume out to start one.")
    if not resume and folder.exists():
        raise UsageError(f"{shown} is there already.", hint="Name a new folder; or, to go on with its run, --resume.")


@contextmanager
def run_folder(folder: Path, found: Sequence[AttemptTarget]) -> Iterator[Memory]:
    """Every solution as a line, so that it can be run again, and the memory of its trials."""
    with Store(folder / TRIALS) as store:
        lines = (json.dumps(line_json(each)) for target in found for each in target.submissions)
        (folder / SUBMISSIONS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        tasks = (target.task for target in found)
        store.begin_run(
            (Planned(task.name, str(task.shown_path), task.digest if isinstance(task, Task) else "") for task in tasks),
            {},
        )
        yield store


def write_run(folder: Path, made: Mapping[str, Any]) -> None:
    (folder / DOCUMENT).write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


# --- regrading


def read_run(folder: Path) -> dict[str, Any]:
    path = folder / DOCUMENT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"There are no attempts in {visible(str(folder))}: {visible(str(error))}.",
            hint="Give the folder that `foolsgold attempts -o` wrote.",
        ) from error
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise UsageError(f"{visible(str(path))} is no {SCHEMA}.", hint="Run `foolsgold attempts` again.")
    return found


def regrade_targets(run: Path, before: Mapping[str, Any], tests: Path) -> tuple[list[AttemptTarget], list[str]]:
    """The run's tasks as they are with their new tests, with what was judged; and the tasks that are not there. How a
    recording ended then says nothing under other tests."""
    judged = {(task["name"], each["id"]) for task in before["tasks"] for each in task["attempts"] if _judged(each)}
    mine: dict[str, list[Submission]] = {}
    for each in read_submissions([run / SUBMISSIONS]):
        if (each.task, each.id) in judged:
            mine.setdefault(each.task, []).append(replace(each, recorded=RecordedEnd()))
    found, left = [], []
    for name, submissions in mine.items():
        task = _with_new_tests(tests, name, alone=len(mine) == 1)
        if task is None:
            left.append(name)
        else:
            found.append(AttemptTarget(task, tuple(submissions)))
    if not found:
        raise UsageError(
            f"{visible(str(tests))} has none of the run's tasks that were judged.",
            hint="Give the folder that `foolsgold harden -o` wrote, or a folder with the tasks by their names.",
        )
    return found, left


def right_ones(run: Path, task: Task, name: str) -> list[tuple[str, Way]]:
    """Those of a run's attempts at a task that somebody who knows called right, and that were paid: how each is run."""
    paid = {
        each["id"]
        for entry in read_run(run)["tasks"]
        for each in entry["attempts"]
        if entry["name"] == name and each["fate"] == Fate.PAID and each["label"] == Truth.RIGHT
    }
    mine = [each for each in read_submissions([run / SUBMISSIONS]) if each.task == name and each.id in paid]
    try:
        return [(each.id, way_of(task, each)) for each in mine]
    except NotToBeRun as error:
        raise UsageError(f"A right attempt of {visible(str(run))} does not fit {visible(name)}: {error}.") from error


def _judged(each: Mapping[str, Any]) -> bool:
    return each["fate"] in JUDGED


def _with_new_tests(tests: Path, name: str, *, alone: bool) -> Task | None:
    places = [tests / name, tests / name.rpartition("/")[2], *([tests] if alone else [])]
    for place in places:
        if not place.is_dir():
            continue
        tasks = discover([place])
        if len(tasks) == 1 and isinstance(tasks[0], Task):
            return replace(tasks[0], name=name)
    return None


def run_regrade(run: Path, tests: Path, before: Mapping[str, Any], in_force: InForce, doing: Doing) -> dict[str, Any]:
    read, left = regrade_targets(run, before, tests)
    found = [replace(target, task=as_set(target.task, in_force)) for target in read]
    made = run_attempts(found, in_force, doing, places=(run, tests), observes=False)
    return regraded(before, made, str(tests), left)
