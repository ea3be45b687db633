"""What an audit tells of itself while it goes on."""

from __future__ import annotations

from typing import Protocol

from harness.dataset.duplicates import TaskCopy
from harness.judging.outcome import Outcome
from harness.stages.result import Audited


class Watcher(Protocol):
    """Whatever shows progress; called from several threads."""

    def doing(self, task: str, what: str) -> None: ...

    def planned(self, task: str, mutants: int) -> None: ...

    def tried(self, task: str, outcome: Outcome) -> None: ...

    def done(self, audited: Audited | TaskCopy) -> None: ...
