"""What Python can ask of foolsgold, as `foolsgold` gives it to users: plain arguments in, values out. docs/api.md.

Nothing here prints or ends the process. What cannot be done is a FoolsgoldError with a message and a hint.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness.check
import harness.stages.events
from harness.attempts.variants import read_variants
from harness.check import CheckRun
from harness.dataset.model import AnyTask, looked_at
from harness.dataset.select import Chosen, Shard, TasksAsked, choose
from harness.errors import UsageError
from harness.mutants import StepMutants, Wish, diff, task_mutants
from harness.report.formats import FORMATS, HTML
from harness.report.formats import write as write_report
from harness.report.gate import Gate
from harness.report.read import read_report
from harness.report.whole import whole
from harness.runs import audit_tasks, check_tasks
from harness.settings.catalogue import BY_NAME, Setting, Unfit, fitting, suggestion
from harness.settings.file import read_config
from harness.settings.in_force import InForce, Key, Level, Value, one
from harness.settings.meaning import as_set, wish
from harness.settings.terms import gate_terms
from harness.task.model import Unusable
from mutator.model import Mutant

AnyPath = str | os.PathLike[str]
Tasks = AnyPath | AnyTask | Iterable[AnyPath | AnyTask]
"""A path or several, to tasks or to whatever holds tasks; or tasks that `discover` found."""
CALL = "this call"
"""Where a setting comes from that an argument gives."""


def discover(
    *paths: AnyPath,
    sample: int | None = None,
    by: str | None = None,
    seed: int = 0,
    shard: str | None = None,
    changed_since: str | None = None,
    column: str = "",
) -> Chosen:
    """The tasks in what the paths name, as a list: all of them, or those that are chosen as by the command line's flags
    of the same names. One that cannot be read is an Unusable, with its problems; one in an archive or a parquet file is
    a Packed, which is read when its turn comes."""
    part = Shard.read(shard) if shard is not None else None
    return choose([Path(path) for path in paths], TasksAsked(sample, by, seed, part, changed_since, column))


@dataclass(frozen=True, slots=True)
class TaskMutants:
    """A task and the broken variants of its reference solution, in the order in which an audit would run them."""

    task: AnyTask
    steps: tuple[StepMutants, ...] = ()
    """A step that has a solution: its sources, what was left out and why, and the requirements that mutants break."""

    @property
    def mutants(self) -> tuple[Mutant, ...]:
        return tuple(entry.mutant for step in self.steps for entry in step.selection.chosen)

    def diff(self, mutant: Mutant) -> str:
        """The least change that makes this mutant of the solution."""
        step = next(step for step in self.steps if any(entry.mutant is mutant for entry in step.selection.chosen))
        return diff(step.files, mutant)


def mutants(
    tasks: Tasks,
    *,
    depth: str | None = None,
    budget: int | None = None,
    seed: int | None = None,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[TaskMutants, ...]:
    """Which broken variants there would be. Runs nothing."""
    given = {"depth": depth, "budget": budget, "seed": seed, **(settings or {})}
    in_force = _in_force("mutants", config, given)
    return tuple(_task_mutants(task, wish(in_force.task(task.name, task.path))) for task in _tasks(tasks, in_force))


def _task_mutants(given: AnyTask, wanted: Wish) -> TaskMutants:
    with looked_at(given, Path(tempfile.gettempdir())) as task:
        if isinstance(task, Unusable):
            return TaskMutants(task)
        return TaskMutants(given, tuple(task_mutants(task, wanted)))


def check(
    tasks: Tasks,
    *,
    engine: str | None = None,
    jobs: int | None = None,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
    watcher: harness.check.CheckWatcher | None = None,
) -> CheckRun:
    """Run the controls of every task: the reference must be paid, doing nothing must not be."""
    in_force = _in_force("check", config, {"engine": engine, "jobs": jobs, **(settings or {})})
    return check_tasks(_with_images(tasks, in_force), in_force, watcher=watcher)


def audit(
    tasks: Tasks,
    output: AnyPath = "foolsgold-run",
    *,
    engine: str | None = None,
    depth: str | None = None,
    budget: int | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    mutate_with: AnyPath | None = None,
    config: AnyPath | None = None,
    settings: Mapping[str, Any] | None = None,
    watcher: harness.stages.events.Watcher | None = None,
) -> Report:
    """Audit every task into the run folder `output`, and give the report.

    What the folder holds of the same tasks and settings is not run again, unless the run is to be `fresh`. Ctrl-C, or
    an interrupted notebook cell, ends it within a moment: the report has what was finished, and the same call goes on.
    `mutate_with`: a folder or file with wrong variants that somebody else wrote, which are run besides.
    """
    given = {"engine": engine, "depth": depth, "budget": budget, "seed": seed, "jobs": jobs, **(settings or {})}
    in_force = _in_force("audit", config, given)
    found = _with_images(tasks, in_force)
    proposed = read_variants([task.name for task in found], [Path(mutate_with)]) if mutate_with is not None else None
    audit_tasks(Path(output), found, in_force, fresh=fresh, watcher=watcher, proposed=proposed)
    return report(output)


def report(run: AnyPath) -> Report:
    """The report of a run folder, as far as the run came; a report.json by itself will do."""
    with whole(Path(run)):
        found = read_report(Path(run))
        return Report(Path(run), {**found, "tasks": list(found["tasks"])})


@dataclass(frozen=True, slots=True)
class Report:
    """An audit's report. It can be pickled: a worker on another machine can send it back."""

    run: Path
    document: dict[str, Any] = field(repr=False)
    """report.json; docs/reports.md and its JSON Schema describe every field."""

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """The document's tasks by name."""
        return {task["name"]: task for task in self.document["tasks"]}

    def text(self, form: str = "terminal", *, root: AnyPath = ".") -> str:
        """In one of the formats of `foolsgold report`; `root` is what SARIF's paths are relative to."""
        _known(form, FORMATS)
        with whole(self.run):
            return "".join(FORMATS[form](self.document, Path(root).resolve()))

    def write(self, output: AnyPath, form: str = HTML, *, root: AnyPath = ".") -> None:
        """As a file, HTML among the formats."""
        _known(form, (*FORMATS, HTML))
        with whole(self.run):
            write_report(self.document, form, Path(output), Path(root).resolve())

    def gate(
        self,
        *,
        fail_under: float | None = None,
        fail_on: Sequence[str] | None = None,
        baseline: AnyPath | None = None,
        config: AnyPath | None = None,
    ) -> Gate:
        """Every task against the bar; the gate's `exit_code` is that of `foolsgold gate`."""
        accepted = os.fspath(baseline) if baseline is not None else None
        given = {"fail-under": fail_under, "fail-on": fail_on, "baseline": accepted}
        return gate_terms(_in_force("gate", config, given)).judge(self.document)

    def _repr_markdown_(self) -> str:
        """What a notebook shows."""
        return self.text("markdown")


# --- from plain arguments to what the program runs on


def _tasks(given: Tasks, in_force: InForce) -> list[AnyTask]:
    several = [given] if isinstance(given, str | os.PathLike | AnyTask) else list(given)
    found = [each for each in several if isinstance(each, AnyTask)]
    paths = [Path(each) for each in several if not isinstance(each, AnyTask)]
    if paths or (not found and not isinstance(given, Chosen)):
        found += choose(paths, TasksAsked(column=one(in_force.run(), "column") or ""))
    for name, count in Counter(task.name for task in found).items():
        if count > 1:
            raise UsageError(f"{count} tasks have the name {name}.", hint="Let one `discover` find them all.")
    return found


def _with_images(tasks: Tasks, in_force: InForce) -> Chosen:
    selection = tasks.selection if isinstance(tasks, Chosen) else None
    return Chosen(_tasks(tasks, in_force), selection).each(lambda task: as_set(task, in_force))


def _known(form: str, forms: Iterable[str]) -> None:
    every = list(forms)
    if form not in every:
        raise UsageError(f"There is no format {form!r}.", hint=suggestion(form, every))


def _in_force(command: str, config: AnyPath | None, given: Mapping[str, Any]) -> InForce:
    """The config file, if one is named, and the arguments over it. None is an argument that was not given."""
    known = {name: setting for name, setting in BY_NAME.items() if _for(setting, command)}
    values: dict[Key, Value] = {}
    for name, value in given.items():
        setting = known.get(name)
        if setting is None:
            raise UsageError(f"{command} has no setting {name!r}.", hint=suggestion(name.replace("_", "-"), known))
        if value is not None:
            values.update(_values(setting, value))
    return InForce(read_config(Path(config)) if config is not None else None, values)


def _for(setting: Setting, command: str) -> bool:
    """An audit's call does not judge: the gate's settings are those of the report's `gate`."""
    return command in setting.commands and (command == "gate" or "gate" not in setting.commands)


def _values(setting: Setting, value: Any) -> Mapping[Key, Value]:
    if not setting.table:
        return {(setting.name,): Value(_fitting(setting, value), Level.FLAG, CALL)}
    if not isinstance(value, Mapping):
        raise UsageError(f"{setting.name} is {value!r} and must be {setting.kind}.")
    return {(setting.name, key): Value(_fitting(setting, each, key), Level.FLAG, CALL) for key, each in value.items()}


def _fitting(setting: Setting, value: Any, key: str = "") -> Any:
    try:
        return fitting(setting, value, key)
    except Unfit as error:
        raise UsageError(f"{setting.name}{f' {key}' if key else ''} {error}.", hint=error.hint) from error
