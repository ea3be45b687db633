"""An audit whose results are in the store as each task ends, ready for every report."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from harness.audit import audit
from harness.engine.contract import Engine
from harness.lab.lab import Lab, run_here
from harness.lab.store import Planned, Store
from harness.report.document import brief_of, entry_of, run_facts
from harness.stages.events import Watcher
from harness.stages.result import Audited, AuditSettings
from harness.task.model import Task, Unusable


def audit_and_keep(
    engine: Engine,
    tasks: Sequence[Task | Unusable],
    settings: AuditSettings,
    store: Store,
    *,
    jobs: int,
    watcher: Watcher,
    command: Callable[[Task | Unusable], str],
    options: Mapping[str, Any],
    settings_of: Callable[[Task], AuditSettings] | None = None,
) -> bool:
    """Audit every task on this machine, with `settings` or its own. False where Ctrl-C ended it, within a moment; what
    was done is in the store."""
    start = time.monotonic()
    store.begin_run([Planned(task.name, str(task.path), _digest(task)) for task in tasks], options)
    store.set_meta({"facts": run_facts(engine.name, engine.report().version, settings)})

    def work(lab: Lab) -> AsyncIterator[Audited]:
        return audit(tasks, settings_of or (lambda _task: settings), lab, watcher, command)

    def keep(audited: Audited) -> None:
        entry = entry_of(audited)
        store.put_result(audited.task.name, entry, brief_of(audited, entry))
        watcher.done(audited)

    whole = run_here(work, keep, engine=engine, jobs=jobs, memory=store, doing=watcher.doing)
    store.set_meta({"seconds": round(time.monotonic() - start, 3)})
    return whole


def _digest(task: Task | Unusable) -> str:
    return task.digest if isinstance(task, Task) else ""
