"""`foolsgold check`: the controls of many tasks side by side, and what they found, as text and as JSON."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from harness.engine.choose import call_off
from harness.engine.contract import Engine
from harness.errors import ExitCode
from harness.findings.controls import Standing, control_findings, standing
from harness.findings.files import file_findings
from harness.findings.model import Finding, Severity
from harness.judging.controls import Controls, ControlSettings, Prepared
from harness.lab.workers import Pool
from harness.stages.controls import finish, prepare, remaining
from harness.task.model import Task, Unusable
from harness.trial.plan import Plan
from harness.trial.record import TrialRecord
from harness.trial.runner import run_trial


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
    unfinished: tuple[Task, ...] = ()
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


class Watcher(Protocol):
    """Whatever shows progress; called from several threads."""

    def doing(self, task: str, what: str) -> None: ...

    def done(self, checked: Checked) -> None: ...


@dataclass
class _UnderWay:
    """One task's trials, as they come in from several threads."""

    order: int
    task: Task
    prepared: Prepared | None = None
    left: int = 0
    records: list[TrialRecord] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def check(
    engine: Engine,
    tasks: Sequence[Task | Unusable],
    settings: ControlSettings,
    *,
    jobs: int,
    watcher: Watcher,
    command: Callable[[Task | Unusable], str],
    options: Mapping[str, Any],
    settings_of: Callable[[Task], ControlSettings] | None = None,
) -> CheckRun:
    """Check every task, with `settings` or its own.

    Ctrl-C ends it within a moment: what was finished is in the result, the rest is named.
    """
    start = time.monotonic()
    done: dict[int, Checked] = {}

    def keep(order: int, checked: Checked) -> None:
        done[order] = checked
        watcher.done(checked)

    pool = Pool(jobs)
    for order, task in enumerate(tasks):
        if isinstance(task, Unusable):
            keep(order, Checked(task, None, file_findings(task, command(task))))
        else:
            own = settings_of(task) if settings_of else settings
            _start(pool, engine, _UnderWay(order, task), own, watcher, command, keep)
    interrupted = False
    try:
        pool.wait()
    except KeyboardInterrupt:
        interrupted = True
        pool.cancel.set()
        # Killing the boxes and the builds ends whatever a thread is waiting for.
        engine.close()
        call_off(0.0)
    finally:
        pool.stop(1.0)
    finished = dict(done)
    return CheckRun(
        engine.name,
        settings,
        options,
        tuple(finished[order] for order in sorted(finished)),
        tuple(
            task
            for order, task in enumerate(tasks)
            if interrupted and order not in finished and not isinstance(task, Unusable)
        ),
        round(time.monotonic() - start, 3),
    )


def _start(
    pool: Pool,
    engine: Engine,
    under_way: _UnderWay,
    settings: ControlSettings,
    watcher: Watcher,
    command: Callable[[Task | Unusable], str],
    keep: Callable[[int, Checked], None],
) -> None:
    """Submit the task's first job; it submits the others, and the last of them reports."""
    task = under_way.task

    def first() -> None:
        prepared = prepare(
            engine,
            task,
            settings,
            cancel=pool.cancel,
            turn=pool.turn,
            progress=lambda line: watcher.doing(task.name, line),
        )
        under_way.prepared = prepared
        plans = remaining(prepared, settings)
        under_way.left = len(plans)
        if not plans:
            report()
        for plan in plans:
            pool.submit(under_way.order, guarded(partial(one, prepared, plan)))

    def one(prepared: Prepared, plan: Plan) -> None:
        assert prepared.built is not None
        watcher.doing(task.name, f"{plan.kind} {plan.label}".strip())
        record = run_trial(engine, task, prepared.built, plan, cancel=pool.cancel, turn=pool.turn)
        with under_way.lock:
            under_way.records.append(record)
            under_way.left -= 1
            last = under_way.left == 0
        if last:
            report()

    def report() -> None:
        # Trials that an interrupt cut short are not results.
        if pool.cancel.is_set() or under_way.prepared is None:
            return
        controls = finish(under_way.prepared, under_way.records)
        keep(under_way.order, Checked(task, controls, control_findings(controls, command(task))))

    def guarded(job: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                job()
            except Exception as error:
                if pool.cancel.is_set():
                    return
                finding = Finding(
                    "internal-error",
                    task.name,
                    Severity.UNMEASURED,
                    f"foolsgold itself failed: {type(error).__name__}: {error}",
                    advice="Please report it with the traceback that is printed below.",
                    command=command(task),
                )
                keep(under_way.order, Checked(task, None, (finding,), traceback.format_exc()))

        return run

    pool.submit(under_way.order, guarded(first))
