"""`foolsgold check`: the audit without its mutants."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.dataset.model import AnyTask, Packed
from harness.errors import OUT_OF_FILES, ExitCode, FoolsgoldError
from harness.findings.controls import Standing, control_findings, standing
from harness.findings.files import changed_finding, file_findings
from harness.findings.internal import internal_finding, trace_of
from harness.findings.model import Finding
from harness.judging.controls import Controls, ControlSettings
from harness.lab.lab import Forgetful, Lab, Place, run_with
from harness.lab.together import side_by_side
from harness.lab.workers import Workers
from harness.stages.controls import run_controls
from harness.task.model import Task, Unusable


@dataclass(frozen=True, slots=True)
class Checked:
    """One task, checked or found unusable."""

    task: Task | Unusable
    controls: Controls | None
    findings: tuple[Finding, ...]
    internal: str = ""
    """The traceback, where foolsgold itself failed on this task."""

    @property
    def standing(self) -> Standing:
        return standing(self.findings)


@dataclass(frozen=True, slots=True)
class CheckRun:
    """Everything one `check` did."""

    engine: str
    settings: ControlSettings
    options: Mapping[str, Any]
    checked: tuple[Checked, ...]
    """In the order of the tasks; without those that were not finished."""
    unfinished: tuple[Task | Packed, ...] = ()
    """Not checked to the end because the run was interrupted."""
    seconds: float = 0.0

    @property
    def exit_code(self) -> ExitCode:
        """The first that applies of: interrupted, internal error, below the bar, unmeasured, good."""
        if self.unfinished:
            return ExitCode.INTERRUPTED
        if any(one.internal for one in self.checked):
            return ExitCode.INTERNAL
        standings = {one.standing for one in self.checked}
        if Standing.BELOW_BAR in standings:
            return ExitCode.BELOW_BAR
        return ExitCode.UNMEASURED if Standing.UNMEASURED in standings else ExitCode.OK


class CheckWatcher(Protocol):
    """Whatever shows progress; called from several threads."""

    def doing(self, task: str, what: str) -> None: ...

    def done(self, checked: Checked) -> None: ...


async def check(
    tasks: Iterable[AnyTask],
    settings_of: Callable[[Task], ControlSettings],
    lab: Lab,
    command: Callable[[AnyTask], str],
) -> AsyncIterator[Checked]:
    """Each task's result as it ends. `command` is what checks the task again."""

    async def one(given: AnyTask) -> Checked:
        known: Task | Unusable = given.unread() if isinstance(given, Packed) else given
        place: Place | None = None
        try:
            async with lab.in_order:
                task = known = await lab.unpacked(given) if isinstance(given, Packed) else given
            if isinstance(task, Unusable):
                return Checked(task, None, file_findings(task, command(task)))
            place = lab.place(task)
            taken = await place.take()
            if isinstance(taken, Unusable):
                return Checked(taken, None, file_findings(taken, command(task)))
            controls = await run_controls(place, settings_of(task))
            said = control_findings(controls, command(task))
            changed = [replace(each, task=task.name) for each in changed_finding(await place.changes())]
            return Checked(taken, controls, (*said, *changed))
        except FoolsgoldError:
            raise  # the run cannot go on
        except Exception as error:
            if isinstance(error, OSError) and error.errno in OUT_OF_FILES:
                raise  # nor then
            return Checked(known, None, (internal_finding(known.name, error, command(known)),), trace_of(error))
        finally:
            if place is not None:
                place.leave()

    async for checked in side_by_side(one, tasks, lab.most_tasks):
        yield checked


def run_check(
    workers: Workers,
    tasks: Sequence[AnyTask],
    settings: ControlSettings,
    *,
    watcher: CheckWatcher,
    command: Callable[[AnyTask], str],
    options: Mapping[str, Any],
    settings_of: Callable[[Task], ControlSettings] | None = None,
) -> CheckRun:
    """Check every task, with `settings` or its own.

    Ctrl-C ends it within a moment: what was finished is in the result, the rest is named.
    """
    start = time.monotonic()
    done: dict[str, Checked] = {}

    def keep(checked: Checked) -> None:
        done[checked.task.name] = checked
        watcher.done(checked)

    def work(lab: Lab) -> AsyncIterator[Checked]:
        return check(tasks, settings_of or (lambda _task: settings), lab, command)

    whole = run_with(work, keep, workers=workers, memory=Forgetful(), doing=watcher.doing)
    return CheckRun(
        workers.engine,
        settings,
        options,
        tuple(done[task.name] for task in tasks if task.name in done),
        tuple(task for task in tasks if not whole and task.name not in done and not isinstance(task, Unusable)),
        round(time.monotonic() - start, 3),
    )
