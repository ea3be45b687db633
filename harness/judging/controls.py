"""What a task's controls are to be, and what they showed."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.errors import FoolsgoldError
from harness.task.model import Task
from harness.task.network import NetworkPlan, Networks
from harness.trial.plan import Built, TimeLimits
from harness.trial.record import TrialRecord


@dataclass(frozen=True, slots=True)
class ControlSettings:
    repeat: int = 3
    """How often the reference runs."""
    network: str = "auto"
    timeout_factor: float = 1.0
    """Times the task's own time limits."""
    longest_hang: float = 300.0
    """What does not end is waited for once more, alone and as long as the task allows, where that is no more than
    this many seconds."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task that was built, or the reason why it was not, and its first reference run."""

    task: Task
    built: Built | None
    build_error: FoolsgoldError | None
    build_seconds: float
    network_plan: NetworkPlan
    networks: Networks
    """What the other trials of this task get."""
    offline: TrialRecord | None = None
    """The reference run without a network, where it had to be repeated with one."""
    reference: TrialRecord | None = None
    """With the network that the others get."""
    earlier: tuple[TrialRecord, ...] = ()
    """Reference runs before it that count with it: they differ for no reason that the network gives."""
    limits: TimeLimits = field(default_factory=TimeLimits)


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything the controls of one task showed."""

    prepared: Prepared
    references: tuple[TrialRecord, ...] = ()
    nop: TrialRecord | None = None
    hollow: TrialRecord | None = None
    seconds: float = 0.0
    """Of all its trials and its build, added up."""

    @property
    def task(self) -> Task:
        return self.prepared.task
