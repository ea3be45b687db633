"""A finished run hardened: which tasks, what came of each, and what is written. Prints nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.attempts.run import DOCUMENT as ATTEMPTS
from harness.attempts.run import right_ones
from harness.attempts.running import Way
from harness.engine.choose import make_engine
from harness.engine.contract import EngineOptions
from harness.engine.leftovers import scratch
from harness.errors import OUT_OF_FILES, FoolsgoldError, UsageError
from harness.findings.internal import trace_of
from harness.harden.document import document
from harness.harden.hardening import harden_task
from harness.harden.model import Survivor
from harness.harden.page import write_page
from harness.harden.proof_trials import names_of_versions
from harness.harden.remembering import forget, remembering, what_trials_hang_on
from harness.harden.results import Hardened, Wanted
from harness.harden.trials import Right
from harness.harden.writing import patch_of
from harness.judging.controls import ControlSettings
from harness.lab.lab import Doing, Lab, Place, run_with
from harness.lab.together import side_by_side
from harness.lab.workers import Threads
from harness.mutants import solution_files
from harness.report.read import task_folder
from harness.runs import audit_tasks, check_tasks
from harness.settings.in_force import InForce, Key, Level, Value, Values, one, table
from harness.settings.meaning import as_set
from harness.task.discover import discover
from harness.task.model import Task, Unusable
from harness.task.runners import runner_of
from harness.trial.plan import Replacement
from harness.untrusted import visible
from mutator.model import ByteEdit, apply_bytes

AUDIT, DOCUMENT = "audit", "harden.json"
LEAST_TRIALS = 60


class After(StrEnum):
    """What is done with the hardened tasks at the end."""

    AUDIT = "audit"
    CHECK = "check"
    """Their controls alone: the reference must be paid, doing nothing must not."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class HardenWish:
    """What the user asks for."""

    output: Path
    tasks: tuple[str, ...] = ()
    rights: tuple[Path, ...] = ()
    times: int = 5
    budget: int | None = None
    unstated: bool = False
    after: After = After.AUDIT
    dry_run: bool = False
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A task of the run, as it is now, with what was paid wrongly."""

    task: Task
    entry: Mapping[str, Any]
    wanted: Wanted


def settings_of(report: Mapping[str, Any], flags: Values) -> InForce:
    """The run's own settings, and the flags over them."""
    options = report["options"]
    values: dict[Key, Value] = {}
    for name, option in _OPTIONS.items():
        found = options.get(option)
        if found is not None:
            values[(name,)] = Value(tuple(found) if isinstance(found, list) else found, Level.FILE, "the run")
    for each in options.get("images", ()):
        image, _, base = each.partition("=")
        values[("image", image)] = Value(base, Level.FILE, "the run")
    if options.get("reuse") is False:
        values[("no-reuse",)] = Value(True, Level.FILE, "the run")
    return InForce(None, {**values, **flags})


_OPTIONS = {
    "engine": "engine",
    "repeat": "repeat",
    "network": "network",
    "runner": "runner",
    "timeout-factor": "timeout_factor",
    "depth": "depth",
    "budget": "budget",
    "seed": "seed",
    "operator": "operators",
    "skip-operator": "skipped_operators",
    "fault": "faults",
    "skip-fault": "skipped_faults",
    "source": "sources",
    "probe": "probes",
}


def targets(report: Mapping[str, Any], asked: HardenWish, values: Values) -> list[Target]:
    """Every task of the run that has a mutant which was paid, read again. One that has changed since is refused."""
    wanted = set(asked.tasks)
    entries = [entry for entry in report["tasks"] if not wanted or entry["name"] in wanted]
    missing = wanted - {entry["name"] for entry in entries}
    if missing:
        raise UsageError(
            f"No task {visible(', '.join(sorted(missing)))} in this run.", hint="`foolsgold show RUN` lists its tasks."
        )
    return [_target(entry, asked, values) for entry in entries]


def _target(entry: Mapping[str, Any], asked: HardenWish, values: Values) -> Target:
    task = _read_again(entry)
    survivors = tuple(_survivor(task, each) for each in entry["mutants"] if each["outcome"] == "survived")
    runs = sum(len(each["runs"]) for each in entry["mutants"])
    probes = sum(len(each["runs"]) for each in entry["probes"] or ())
    wanted = Wanted(
        survivors,
        ControlSettings(2, one(values, "network"), one(values, "timeout-factor")),
        tuple(right for each in asked.rights for right in _rights(task, each, entry["name"])),
        asked.times,
        asked.budget if asked.budget is not None else max(LEAST_TRIALS, runs + probes),
        asked.unstated,
        one(values, "seed"),
    )
    task = task.on_images(table(values, "image")).run_by(runner_of(one(values, "runner")))
    return Target(task, entry, wanted)


def _read_again(entry: Mapping[str, Any]) -> Task:
    folder = task_folder(entry)
    name = visible(entry["name"])
    if not folder.is_dir():
        raise UsageError(
            f"The task {name} is not in {folder}, where it was audited.",
            hint="Give this command where you have it, in a folder above it as in a checkout, or put it back there.",
        )
    [task] = discover([folder])
    if isinstance(task, Unusable):
        raise UsageError(f"{folder} is no usable task any more: {task.problems[0].message}")
    if task.digest != entry["digest"]:
        raise UsageError(
            f"The task {name} has changed since the run, so what was paid then says nothing of it now.",
            hint="Audit it again.",
        )
    return task


def _survivor(task: Task, found: Mapping[str, Any]) -> Survivor:
    step = next(step for step in task.steps if step.name == found["step"])
    assert step.solution is not None
    data = solution_files(step.solution)[found["file"]]
    edits = tuple(ByteEdit(edit["start"], edit["end"], bytes.fromhex(edit["new"])) for edit in found["edits"])
    requirement = found["requirement"]["text"] if found["requirement"] else ""
    label = "/".join(part for part in (found["step"], found["id"]) if part)
    files = {found["file"]: apply_bytes(data, edits)}
    in_step = found["step"] if len(task.steps) > 1 else ""
    return Survivor(label, found["ref"], found["sentence"], found["diff"], requirement, files, in_step)


def _rights(task: Task, folder: Path, name: str) -> list[Right]:
    """Of a run of attempts those that are labelled right and were paid; else what is in the folder."""
    if (folder / ATTEMPTS).is_file():
        where = visible(folder.name)
        return [Right(f"{where}/{visible(own)}", way) for own, way in right_ones(folder, task, name)]
    found = _right(task, folder, name)
    return [found] if found is not None else []


def _right(task: Task, folder: Path, name: str) -> Right | None:
    """DIR/TASK where DIR has a folder for each task, else DIR/solution, else DIR itself. It lies over the reference's
    own files. None where DIR has folders for other tasks."""
    if not folder.is_dir():
        raise UsageError(f"There is no folder {visible(str(folder))}.", hint="--right names a folder with a solution.")
    if len(task.steps) > 1:
        raise UsageError(
            f"The task {visible(name)} has several steps, and {visible(str(folder))} has one solution.",
            hint="Give --right what `foolsgold attempts -o` wrote of solutions with a folder for each step.",
        )
    script = task.steps[0].solution.script.name if task.steps[0].solution is not None else "solve.sh"
    places = [folder / name, folder / "solution", folder]
    place = next((each for each in places if (each / script).is_file()), None)
    if place is None and any((each / script).is_file() for each in folder.rglob("*") if each.is_dir()):
        return None
    if place is None:
        raise UsageError(
            f"{visible(str(folder))} has no {script}, with which the task's solution begins.",
            hint="--right names a folder with a whole solution, such as a copy of the task's solution/.",
        )
    files = {
        path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()
    }
    return Right(visible(str(folder)), Way(Replacement(files)))


def harden_targets(
    found: Sequence[Target], asked: HardenWish, in_force: InForce, doing: Doing
) -> tuple[dict[str, Hardened], bool]:
    """What came of each task by name; False where Ctrl-C ended it."""
    values = in_force.run()
    folders = tuple({target.task.path.parent for target in found})
    done: dict[str, Hardened] = {}
    by_name = {target.task.name: target for target in found}
    options = EngineOptions(images=table(values, "image"), hidden=folders)
    output = None if asked.dry_run else asked.output
    names = [name for each in found for name in names_of_versions(each.task)]
    with (
        make_engine(one(values, "engine"), options) as engine,
        scratch() as folder,
        remembering(output, _what_trials_hang_on(found, values), names) as memory,
    ):

        def work(lab: Lab) -> AsyncIterator[tuple[str, Hardened]]:
            async def each(target: Target) -> tuple[str, Hardened]:
                return target.task.name, await _one(lab, target, folder / f"task-{_number(by_name, target)}")

            return side_by_side(each, found, lab.most_tasks)

        def keep(result: tuple[str, Hardened]) -> None:
            name, hardened = result
            done[name] = hardened
            if not asked.dry_run:
                write(by_name[name], hardened, asked)

        jobs = one(values, "jobs") or os.cpu_count() or 1
        whole = run_with(work, keep, workers=Threads.here(engine, jobs), memory=memory, doing=doing)
    return done, whole


def _what_trials_hang_on(found: Sequence[Target], values: Values) -> dict[str, Any]:
    words = [repr(sorted((key, value.value) for key, value in values.items()))]
    for each in found:
        wanted = each.wanted
        words += [each.task.digest, str(wanted.times), str(wanted.budget), str(wanted.unstated), str(wanted.seed)]
        words += [one.label for one in wanted.survivors]

    def contents() -> Iterator[bytes]:
        for each in found:
            for right in each.wanted.rights:
                yield repr(right).encode()

    return what_trials_hang_on(words, contents)


def _number(by_name: Mapping[str, Target], target: Target) -> int:
    return list(by_name).index(target.task.name)


async def _one(lab: Lab, target: Target, folder: Path) -> Hardened:
    place = lab.place(target.task)
    try:
        taken = await place.take()
        if isinstance(taken, Unusable):
            return Hardened(target.task, f"it cannot be used: {taken.problems[0].message}")
        return await harden_task(place, target.wanted, lambda task: Place(lab, task, place.urgent), folder)
    except FoolsgoldError as error:
        return Hardened(target.task, error.message)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
            raise  # the run cannot go on
        return Hardened(target.task, "an error of foolsgold's own ended it", internal=trace_of(error))
    finally:
        place.leave()


# --- what is written


def write(target: Target, hardened: Hardened, asked: HardenWish) -> None:
    """The whole task with its new tests, and the patch."""
    name = target.task.name
    if hardened.script:
        path = asked.output / f"{name}.witnesses.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(hardened.script, encoding="utf-8")
    if not hardened.changed:
        return
    own = target.task.origin or target.task.path
    for changed, (before, _) in hardened.changed.items():
        if (own / changed).read_bytes().decode("utf-8", "replace") != before:
            hardened.changed, hardened.why = {}, "its tests were changed meanwhile"
            return
    folder = asked.output / name
    shutil.rmtree(folder, ignore_errors=True)  # of a hardening that was interrupted
    shutil.copytree(own, folder, symlinks=True)
    _write_tests(folder, hardened)
    patch = patch_of(hardened.changed, hardened.data)
    (asked.output / f"{name}.patch").write_text(patch, encoding="utf-8")
    if asked.in_place:
        _write_tests(own, hardened)


def _write_tests(folder: Path, hardened: Hardened) -> None:
    for path, (_, text) in hardened.changed.items():
        (folder / path).write_text(text, encoding="utf-8")
    for path, content in hardened.data.items():
        (folder / path).write_bytes(content)


def after(
    found: Sequence[Target], done: Mapping[str, Hardened], asked: HardenWish, in_force: InForce
) -> dict[str, Any]:
    """Task -> its part of the report of the hardened tasks' own audit, or whether its controls are good."""
    names = [target.task.name for target in found if done[target.task.name].changed]
    if not names or asked.after is After.NOTHING:
        return {}
    named = [as_set(replace(task, name=name), in_force) for name in names for task in discover([asked.output / name])]
    if asked.after is After.CHECK:
        run = check_tasks(named, in_force)
        return {one.task.name: {"checked": one.standing.value} for one in run.checked}
    report = audit_tasks(asked.output / AUDIT, named, in_force)
    return {entry["name"]: entry for entry in report["tasks"]}


def write_document(
    report: Mapping[str, Any],
    found: Sequence[Target],
    done: Mapping[str, Hardened],
    again: Mapping[str, Any],
    output: Path | None,
) -> dict[str, Any]:
    made = document(report, [(target.entry, target.wanted, done[target.task.name]) for target in found], again)
    if output is not None:
        (output / DOCUMENT).write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
        write_page(made, output)
        forget(output)
    return made
